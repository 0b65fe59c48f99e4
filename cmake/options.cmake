# How everything is compiled: warnings are errors, sanitizers by preset, ccache and mold when they are there.
set(CICLO_SANITIZE "" CACHE STRING "Sanitizers, comma separated (address,undefined or thread)")
option(CICLO_FUZZ "Build the fuzz targets (clang with libFuzzer)" OFF)
option(CICLO_PCH "Use precompiled headers" ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Werror $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local> -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
  -Wno-missing-field-initializers)  # designated initializers name what matters; the rest has defaults
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside inlined std::variant, std::string and std::expected code that is correct.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-dangling-pointer -Wno-stringop-overflow -Wno-array-bounds)
  if(CICLO_PCH)  # through a precompiled header it also reports inside the standard library itself
    add_compile_options(-Wno-stringop-overread)
  endif()
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # libstdc++ 12 offers std::expected only to compilers that announce this level of concepts; clang 16 has what it needs.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-D__cpp_concepts=202002L> -Wno-builtin-macro-redefined -Wno-macro-redefined)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

if(CICLO_SANITIZE)
  add_compile_options(-fsanitize=${CICLO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CICLO_SANITIZE})
endif()
if(CICLO_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
