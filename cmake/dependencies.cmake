# Everything from outside, each as one target. Debian packages first; what Debian lacks comes from npm by lock file
# (third_party/package-lock.json, installed by scripts/setup into build/npm).
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(GTest REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
# Not by pkg-config, whose -pthread does not go with the precompiled header.
find_library(RE2_LIBRARY re2 REQUIRED)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)

# Its pkg-config file asks for the headers of libjansson, which only its own sources use.
find_library(CJOSE_LIBRARY cjose REQUIRED)
find_path(CJOSE_INCLUDE cjose/cjose.h REQUIRED)
add_library(ciclo_cjose INTERFACE)
target_include_directories(ciclo_cjose SYSTEM INTERFACE ${CJOSE_INCLUDE})
target_link_libraries(ciclo_cjose INTERFACE ${CJOSE_LIBRARY})

set(CICLO_NPM ${CMAKE_SOURCE_DIR}/build/npm/node_modules)

# DuckDB: a system's own is preferred.
find_library(DUCKDB_LIBRARY duckdb HINTS ${CICLO_NPM}/@duckdb/node-bindings-linux-x64)
find_path(DUCKDB_INCLUDE duckdb.h HINTS ${CICLO_NPM}/duckdb/src/duckdb/src/include)
# ONNX Runtime: a system's own is preferred.
find_library(ONNXRUNTIME_LIBRARY onnxruntime HINTS ${CICLO_NPM}/com.github.asus4.onnxruntime/Plugins/Linux/x64)
find_path(ONNXRUNTIME_INCLUDE onnxruntime_c_api.h PATH_SUFFIXES onnxruntime onnxruntime/core/session
  HINTS ${CICLO_NPM}/com.github.asus4.onnxruntime/Plugins/iOS~/onnxruntime.xcframework/ios-arm64/onnxruntime.framework/Headers)
foreach(name DUCKDB_LIBRARY DUCKDB_INCLUDE ONNXRUNTIME_LIBRARY ONNXRUNTIME_INCLUDE)
  if(NOT ${name})
    message(FATAL_ERROR "${name} was not found. Run scripts/setup first (make build does).")
  endif()
endforeach()

# The programs find both beside themselves (bin/../lib), so a build folder can be moved or copied as it is.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
file(CREATE_LINK ${DUCKDB_LIBRARY} ${CMAKE_BINARY_DIR}/lib/libduckdb.so COPY_ON_ERROR SYMBOLIC)
file(CREATE_LINK ${ONNXRUNTIME_LIBRARY} ${CMAKE_BINARY_DIR}/lib/libonnxruntime.so.1 COPY_ON_ERROR SYMBOLIC)
set(CMAKE_BUILD_RPATH "$ORIGIN/../lib")
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")

add_library(ciclo_onnxruntime SHARED IMPORTED)
set_target_properties(ciclo_onnxruntime PROPERTIES IMPORTED_LOCATION ${CMAKE_BINARY_DIR}/lib/libonnxruntime.so.1
  IMPORTED_SONAME libonnxruntime.so.1)
target_include_directories(ciclo_onnxruntime SYSTEM INTERFACE ${ONNXRUNTIME_INCLUDE})

# DuckDB is opened on first use (platform/duckdb), so that a server at rest does not carry it: header only here.
add_library(ciclo_duckdb_header INTERFACE)
target_include_directories(ciclo_duckdb_header SYSTEM INTERFACE ${DUCKDB_INCLUDE})
target_link_libraries(ciclo_duckdb_header INTERFACE ${CMAKE_DL_LIBS})
