file(REMOVE_RECURSE
  "CMakeFiles/fi.dir/work/main/connectors/file/byte_stream.cc.o"
  "CMakeFiles/fi.dir/work/main/connectors/file/byte_stream.cc.o.d"
  "CMakeFiles/fi.dir/work/main/connectors/file/embedded_source.cc.o"
  "CMakeFiles/fi.dir/work/main/connectors/file/embedded_source.cc.o.d"
  "CMakeFiles/fi.dir/work/main/connectors/file/file_sink.cc.o"
  "CMakeFiles/fi.dir/work/main/connectors/file/file_sink.cc.o.d"
  "CMakeFiles/fi.dir/work/main/connectors/file/file_source.cc.o"
  "CMakeFiles/fi.dir/work/main/connectors/file/file_source.cc.o.d"
  "CMakeFiles/fi.dir/work/main/connectors/file/line_counter.cc.o"
  "CMakeFiles/fi.dir/work/main/connectors/file/line_counter.cc.o.d"
  "CMakeFiles/fi.dir/work/main/connectors/file/record_reader.cc.o"
  "CMakeFiles/fi.dir/work/main/connectors/file/record_reader.cc.o.d"
  "libfi.a"
  "libfi.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/fi.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
