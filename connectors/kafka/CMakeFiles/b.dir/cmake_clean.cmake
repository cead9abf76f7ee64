file(REMOVE_RECURSE
  "CMakeFiles/b.dir/work/main/engine/base/hash.cc.o"
  "CMakeFiles/b.dir/work/main/engine/base/hash.cc.o.d"
  "CMakeFiles/b.dir/work/main/engine/base/json_writer.cc.o"
  "CMakeFiles/b.dir/work/main/engine/base/json_writer.cc.o.d"
  "CMakeFiles/b.dir/work/main/engine/base/nearest.cc.o"
  "CMakeFiles/b.dir/work/main/engine/base/nearest.cc.o.d"
  "libb.a"
  "libb.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/b.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
