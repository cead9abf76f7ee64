# How every target of the project is compiled: warnings, architecture, sanitizers, fast link and compile cache.
include(CheckCXXCompilerFlag)

add_library(tocsin_options INTERFACE)
target_include_directories(tocsin_options INTERFACE ${CMAKE_SOURCE_DIR}/engine ${CMAKE_SOURCE_DIR})
target_compile_options(tocsin_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion -Wno-sign-conversion
  -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these in inlined library code under -O2 (GCC bugs 105562, 105329); clang builds keep them.
  target_compile_options(tocsin_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow
    -Wno-array-bounds -Wno-stringop-overread)
endif()
if(TOCSIN_ARCH AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # simdjson takes its AVX2 kernel only where carry-less multiplication is there too, which no x86-64 level implies but
  # every processor since 2010 has.
  target_compile_options(tocsin_options INTERFACE -march=${TOCSIN_ARCH} -mpclmul)
endif()
if(TOCSIN_SANITIZE)
  target_compile_options(tocsin_options INTERFACE -fsanitize=${TOCSIN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(tocsin_options INTERFACE -fsanitize=${TOCSIN_SANITIZE})
endif()
if(TOCSIN_SANITIZE MATCHES "thread")
  # GCC's thread sanitizer does not model fences; Asio's loop does not rely on them (it has a mutex).
  target_compile_definitions(tocsin_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  # What it must be told of librdkafka's threads and of libraries that it did not build.
  target_sources(tocsin_options INTERFACE
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${CMAKE_SOURCE_DIR}/deploy/cmake/tsan.cc>)
endif()
if(TOCSIN_FUZZ)
  target_compile_options(tocsin_options INTERFACE -fsanitize=fuzzer-no-link)
  target_compile_definitions(tocsin_options INTERFACE FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
endif()

find_program(TOCSIN_CCACHE ccache)
if(TOCSIN_CCACHE)
  # What ccache wants of who precompiles headers (its manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${TOCSIN_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tocsin_options INTERFACE -fpch-preprocess)
  endif()
endif()
find_program(TOCSIN_MOLD mold)
if(TOCSIN_MOLD)
  target_link_options(tocsin_options INTERFACE -fuse-ld=mold)
endif()

# The standard library's and the heaviest dependencies' headers are compiled once for all; files
# include what they use all the same, which the builds without show: presets fuzz and tidy.
option(TOCSIN_PRECOMPILE "precompile headers" ON)
set(TOCSIN_HEADERS <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <condition_variable> <cstdint> <cstring> <deque>
  <functional> <iostream> <limits> <map> <memory> <mutex> <optional> <set> <shared_mutex> <span> <sstream>
  <string> <string_view> <thread> <tuple> <unordered_map> <utility> <variant> <vector>
  <absl/container/flat_hash_map.h> <absl/container/inlined_vector.h> <simdjson.h>)
target_compile_options(tocsin_options INTERFACE -pthread)  # everywhere or nowhere: it changes what the headers say
if(TOCSIN_PRECOMPILE)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cc "int main() {}\n")
  # Of libraries, and of programs, whose code lies elsewhere (-fPIC, -fPIE).
  add_library(tocsin_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(tocsin_precompiled PRIVATE tocsin_options simdjson::simdjson absl::flat_hash_map absl::inlined_vector)
  target_precompile_headers(tocsin_precompiled PRIVATE ${TOCSIN_HEADERS})
endif()

# tocsin_precompile(TARGET FROM): the target's files use FROM's headers. Precondition: the same options and definitions.
function(tocsin_precompile target from)
  if(TOCSIN_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

# Several files of a library are compiled as one: half the time of a cold build (659 to 331 processor seconds in a bare
# root: each object parses and instantiates the same templates anew), for a longer one after an edit. Presets release, asan and tsan; off where one edits (dev)
# and where files are looked at one by one (fuzz, tidy).
option(TOCSIN_UNITY "compile several files of a library as one" OFF)
if(TOCSIN_UNITY)
  target_compile_options(tocsin_options INTERFACE -Wno-subobject-linkage)  # of a class in a .cc with a member of its unnamed namespace
endif()

# tocsin_library(NAME DIRECTORY [dependency…]): a static library of every .cc in DIRECTORY. Warnings are errors in
# our code; dependencies' headers are system headers.
function(tocsin_library name directory)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${directory}/*.cc)
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC tocsin_options ${ARGN})
    if(NOT directory MATCHES "^(base|time)$")  # they know nothing of simdjson
      tocsin_precompile(${name} tocsin_precompiled)
    endif()
    set_target_properties(${name} PROPERTIES UNITY_BUILD ${TOCSIN_UNITY})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE tocsin_options ${ARGN})
  endif()
endfunction()
