file(REMOVE_RECURSE
  "CMakeFiles/state_test.dir/work/main/tests/engine/state/crash_test.cc.o"
  "CMakeFiles/state_test.dir/work/main/tests/engine/state/crash_test.cc.o.d"
  "CMakeFiles/state_test.dir/work/main/tests/engine/state/log_test.cc.o"
  "CMakeFiles/state_test.dir/work/main/tests/engine/state/log_test.cc.o.d"
  "CMakeFiles/state_test.dir/work/main/tests/engine/state/rocksdb_store_test.cc.o"
  "CMakeFiles/state_test.dir/work/main/tests/engine/state/rocksdb_store_test.cc.o.d"
  "CMakeFiles/state_test.dir/work/main/tests/engine/state/store_test.cc.o"
  "CMakeFiles/state_test.dir/work/main/tests/engine/state/store_test.cc.o.d"
  "state_test"
  "state_test.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/state_test.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
