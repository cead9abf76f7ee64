
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/tests/engine/state/crash_test.cc" "CMakeFiles/state_test.dir/work/main/tests/engine/state/crash_test.cc.o" "gcc" "CMakeFiles/state_test.dir/work/main/tests/engine/state/crash_test.cc.o.d"
  "/work/main/tests/engine/state/log_test.cc" "CMakeFiles/state_test.dir/work/main/tests/engine/state/log_test.cc.o" "gcc" "CMakeFiles/state_test.dir/work/main/tests/engine/state/log_test.cc.o.d"
  "/work/main/tests/engine/state/rocksdb_store_test.cc" "CMakeFiles/state_test.dir/work/main/tests/engine/state/rocksdb_store_test.cc.o" "gcc" "CMakeFiles/state_test.dir/work/main/tests/engine/state/rocksdb_store_test.cc.o.d"
  "/work/main/tests/engine/state/store_test.cc" "CMakeFiles/state_test.dir/work/main/tests/engine/state/store_test.cc.o" "gcc" "CMakeFiles/state_test.dir/work/main/tests/engine/state/store_test.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/connectors/kafka/CMakeFiles/st.dir/DependInfo.cmake"
  "/work/main/connectors/kafka/CMakeFiles/b.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
