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
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TOCSIN_CCACHE})
endif()
find_program(TOCSIN_MOLD mold)
if(TOCSIN_MOLD)
  target_link_options(tocsin_options INTERFACE -fuse-ld=mold)
endif()

# tocsin_library(NAME DIRECTORY [dependency…]): a static library of every .cc in DIRECTORY. Warnings are errors in
# our code; dependencies' headers are system headers.
function(tocsin_library name directory)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${directory}/*.cc)
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC tocsin_options ${ARGN})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE tocsin_options ${ARGN})
  endif()
endfunction()
