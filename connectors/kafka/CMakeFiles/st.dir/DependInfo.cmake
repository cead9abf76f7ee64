
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/engine/state/log.cc" "CMakeFiles/st.dir/work/main/engine/state/log.cc.o" "gcc" "CMakeFiles/st.dir/work/main/engine/state/log.cc.o.d"
  "/work/main/engine/state/memory_store.cc" "CMakeFiles/st.dir/work/main/engine/state/memory_store.cc.o" "gcc" "CMakeFiles/st.dir/work/main/engine/state/memory_store.cc.o.d"
  "/work/main/engine/state/rocksdb_options.cc" "CMakeFiles/st.dir/work/main/engine/state/rocksdb_options.cc.o" "gcc" "CMakeFiles/st.dir/work/main/engine/state/rocksdb_options.cc.o.d"
  "/work/main/engine/state/rocksdb_store.cc" "CMakeFiles/st.dir/work/main/engine/state/rocksdb_store.cc.o" "gcc" "CMakeFiles/st.dir/work/main/engine/state/rocksdb_store.cc.o.d"
  "/work/main/engine/state/store.cc" "CMakeFiles/st.dir/work/main/engine/state/store.cc.o" "gcc" "CMakeFiles/st.dir/work/main/engine/state/store.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/connectors/kafka/CMakeFiles/b.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
