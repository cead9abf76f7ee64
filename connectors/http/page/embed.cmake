# Turns the page's files into one C++ source of tocsin_http, so that the program carries its page with it.
# Included beside the target; run again with -P at build time, with FILES, OUT and DIR set.
if(CMAKE_SCRIPT_MODE_FILE)
  set(text "// Made by connectors/http/page/embed.cmake from the files beside it.\n#include \"connectors/http/page_parts.h\"\n\nnamespace tocsin::http::page_parts {\n")
  foreach(part index.html:kIndex page.js:kScript page.css:kStyle icon.svg:kIcon)
    string(REPLACE ":" ";" part ${part})
    list(GET part 0 file)
    list(GET part 1 name)
    file(READ ${DIR}/${file} content)
    string(APPEND text "const std::string_view ${name} = R\"~page~(${content})~page~\";\n")
  endforeach()
  string(APPEND text "}  // namespace tocsin::http::page_parts\n")
  file(WRITE ${OUT} "${text}")
  return()
endif()

set(page_dir ${CMAKE_CURRENT_LIST_DIR})
set(page_source ${CMAKE_CURRENT_BINARY_DIR}/page_parts.cc)
add_custom_command(OUTPUT ${page_source}
  COMMAND ${CMAKE_COMMAND} -DOUT=${page_source} -DDIR=${page_dir} -P ${page_dir}/embed.cmake
  DEPENDS ${page_dir}/index.html ${page_dir}/page.js ${page_dir}/page.css ${page_dir}/icon.svg ${page_dir}/embed.cmake
  COMMENT "Embedding the page")
target_sources(tocsin_http PRIVATE ${page_source})
