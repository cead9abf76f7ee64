
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/connectors/kafka/client.cc" "CMakeFiles/ka.dir/client.cc.o" "gcc" "CMakeFiles/ka.dir/client.cc.o.d"
  "/work/main/connectors/kafka/kafka_source.cc" "CMakeFiles/ka.dir/kafka_source.cc.o" "gcc" "CMakeFiles/ka.dir/kafka_source.cc.o.d"
  "/work/main/connectors/kafka/watch.cc" "CMakeFiles/ka.dir/watch.cc.o" "gcc" "CMakeFiles/ka.dir/watch.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/connectors/kafka/CMakeFiles/st.dir/DependInfo.cmake"
  "/work/main/connectors/kafka/CMakeFiles/b.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
