file(REMOVE_RECURSE
  "CMakeFiles/file_test.dir/work/main/tests/connectors/file/embedded_source_test.cc.o"
  "CMakeFiles/file_test.dir/work/main/tests/connectors/file/embedded_source_test.cc.o.d"
  "CMakeFiles/file_test.dir/work/main/tests/connectors/file/file_sink_test.cc.o"
  "CMakeFiles/file_test.dir/work/main/tests/connectors/file/file_sink_test.cc.o.d"
  "CMakeFiles/file_test.dir/work/main/tests/connectors/file/file_source_test.cc.o"
  "CMakeFiles/file_test.dir/work/main/tests/connectors/file/file_source_test.cc.o.d"
  "file_test"
  "file_test.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/file_test.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
