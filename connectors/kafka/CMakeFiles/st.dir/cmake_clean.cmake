file(REMOVE_RECURSE
  "CMakeFiles/st.dir/work/main/engine/state/log.cc.o"
  "CMakeFiles/st.dir/work/main/engine/state/log.cc.o.d"
  "CMakeFiles/st.dir/work/main/engine/state/memory_store.cc.o"
  "CMakeFiles/st.dir/work/main/engine/state/memory_store.cc.o.d"
  "CMakeFiles/st.dir/work/main/engine/state/rocksdb_options.cc.o"
  "CMakeFiles/st.dir/work/main/engine/state/rocksdb_options.cc.o.d"
  "CMakeFiles/st.dir/work/main/engine/state/rocksdb_store.cc.o"
  "CMakeFiles/st.dir/work/main/engine/state/rocksdb_store.cc.o.d"
  "CMakeFiles/st.dir/work/main/engine/state/store.cc.o"
  "CMakeFiles/st.dir/work/main/engine/state/store.cc.o.d"
  "libst.a"
  "libst.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/st.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
