# Builds the console with Node and embeds it in tocsin_http; where Node, npm or its packages cannot be had, the program
# carries the plain page alone and says so here. Never fails the build.
set(console_dir ${CMAKE_CURRENT_LIST_DIR})
set(console_modules ${CMAKE_SOURCE_DIR}/build/console)  # one for all presets
set(console_source ${CMAKE_CURRENT_BINARY_DIR}/console_files.cc)
option(TOCSIN_CONSOLE "build the console (needs Node 18 and npm); otherwise the plain page" ON)

# Puts the packages of the lock into console_modules, once for each lock; why not goes to `reason`.
function(tocsin_console_packages reason)
  set(${reason} "" PARENT_SCOPE)
  find_program(TOCSIN_NODE node)
  find_program(TOCSIN_NPM npm)
  if(NOT TOCSIN_NODE OR NOT TOCSIN_NPM)
    set(${reason} "node or npm is not installed" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${TOCSIN_NODE} -p "parseInt(process.versions.node)" OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT version GREATER_EQUAL 18)
    set(${reason} "Node ${version} is older than 18" PARENT_SCOPE)
    return()
  endif()
  file(SHA256 ${console_dir}/package-lock.json lock)
  file(MAKE_DIRECTORY ${console_modules})
  file(LOCK ${console_modules}/lock GUARD FUNCTION TIMEOUT 300)
  if(EXISTS ${console_modules}/node_modules/${lock})
    return()
  endif()
  file(COPY ${console_dir}/package.json ${console_dir}/package-lock.json ${console_dir}/.npmrc DESTINATION ${console_modules})
  execute_process(
    COMMAND ${TOCSIN_NPM} ci --omit=dev --ignore-scripts --prefer-offline --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=20000
    WORKING_DIRECTORY ${console_modules} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_FILE ${console_modules}/npm.log TIMEOUT 180)
  if(NOT failed EQUAL 0)
    set(${reason} "npm could not get its packages, see ${console_modules}/npm.log" PARENT_SCOPE)
    return()
  endif()
  file(TOUCH ${console_modules}/node_modules/${lock})
endfunction()

if(TOCSIN_CONSOLE)
  tocsin_console_packages(console_missing)
else()
  set(console_missing "TOCSIN_CONSOLE is OFF")
endif()
if(console_missing STREQUAL "")
  message(STATUS "The console is built and embedded (Node: ${TOCSIN_NODE})")
  file(GLOB_RECURSE console_inputs CONFIGURE_DEPENDS ${console_dir}/src/*)
  add_custom_command(OUTPUT ${console_source}
    COMMAND ${TOCSIN_NODE} ${console_dir}/build.mjs --modules ${console_modules} --out ${CMAKE_CURRENT_BINARY_DIR}/console --cpp ${console_source}
    DEPENDS ${console_inputs} ${console_dir}/build.mjs ${console_dir}/index.html ${console_dir}/package-lock.json ${console_dir}/../page/icon.svg
    COMMENT "Building the console")
else()
  message(STATUS "The console is NOT built, the plain page stands in: ${console_missing}")
  file(CONFIGURE OUTPUT ${console_source} CONTENT
    "// Built without the console.\n#include \"connectors/http/console_assets.h\"\n\nnamespace tocsin::http {\nconst std::span<const Asset> kConsole;\n}  // namespace tocsin::http\n")
endif()
target_sources(tocsin_http PRIVATE ${console_source})
