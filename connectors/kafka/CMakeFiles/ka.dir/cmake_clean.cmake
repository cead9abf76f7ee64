file(REMOVE_RECURSE
  "CMakeFiles/ka.dir/client.cc.o"
  "CMakeFiles/ka.dir/client.cc.o.d"
  "CMakeFiles/ka.dir/kafka_source.cc.o"
  "CMakeFiles/ka.dir/kafka_source.cc.o.d"
  "CMakeFiles/ka.dir/watch.cc.o"
  "CMakeFiles/ka.dir/watch.cc.o.d"
  "libka.a"
  "libka.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/ka.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
