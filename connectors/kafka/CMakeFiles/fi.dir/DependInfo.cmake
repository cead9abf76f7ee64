
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/connectors/file/byte_stream.cc" "CMakeFiles/fi.dir/work/main/connectors/file/byte_stream.cc.o" "gcc" "CMakeFiles/fi.dir/work/main/connectors/file/byte_stream.cc.o.d"
  "/work/main/connectors/file/embedded_source.cc" "CMakeFiles/fi.dir/work/main/connectors/file/embedded_source.cc.o" "gcc" "CMakeFiles/fi.dir/work/main/connectors/file/embedded_source.cc.o.d"
  "/work/main/connectors/file/file_sink.cc" "CMakeFiles/fi.dir/work/main/connectors/file/file_sink.cc.o" "gcc" "CMakeFiles/fi.dir/work/main/connectors/file/file_sink.cc.o.d"
  "/work/main/connectors/file/file_source.cc" "CMakeFiles/fi.dir/work/main/connectors/file/file_source.cc.o" "gcc" "CMakeFiles/fi.dir/work/main/connectors/file/file_source.cc.o.d"
  "/work/main/connectors/file/line_counter.cc" "CMakeFiles/fi.dir/work/main/connectors/file/line_counter.cc.o" "gcc" "CMakeFiles/fi.dir/work/main/connectors/file/line_counter.cc.o.d"
  "/work/main/connectors/file/record_reader.cc" "CMakeFiles/fi.dir/work/main/connectors/file/record_reader.cc.o" "gcc" "CMakeFiles/fi.dir/work/main/connectors/file/record_reader.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/connectors/kafka/CMakeFiles/st.dir/DependInfo.cmake"
  "/work/main/connectors/kafka/CMakeFiles/b.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
