# A room is a folder in src/ and a static library with its tests beside the code.

add_library(coseno_flags INTERFACE)
target_compile_options(coseno_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 takes "text" + std::string for an overlapping copy (GCC bug 105651).
  target_compile_options(coseno_flags INTERFACE -Wno-restrict)
endif()
target_include_directories(coseno_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)

# -Og: with -O1 the address and undefined-behaviour sanitizers double the time to compile what is long
# already, and with -O0 the tests take as much longer. Tests themselves are run once and do little: they
# are compiled quickly.
set(COSENO_INSTRUMENTED -Og -g1 -fno-omit-frame-pointer -fno-sanitize-recover=all)
# A library of their own, linked after coseno_flags, because the last of two options holds.
add_library(coseno_test_flags INTERFACE)
target_compile_options(coseno_test_flags INTERFACE $<$<CONFIG:Release>:-O1>)
if(COSENO_SANITIZE)
  target_compile_options(coseno_test_flags INTERFACE -O0)
  target_compile_options(coseno_flags INTERFACE ${COSENO_INSTRUMENTED} -fsanitize=${COSENO_SANITIZE})
  target_link_options(coseno_flags INTERFACE -fsanitize=${COSENO_SANITIZE})
elseif(COSENO_FUZZ)
  target_compile_options(coseno_test_flags INTERFACE -O0 -fno-sanitize=fuzzer-no-link)
  target_compile_options(coseno_flags INTERFACE ${COSENO_INSTRUMENTED}
                         -fsanitize=fuzzer-no-link,address,undefined
                         -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignorelist.txt)
  target_link_options(coseno_flags INTERFACE -fsanitize=address,undefined)
  add_custom_target(fuzzers)
  # What starts a program that is not ours and loads what is: the sanitizer must be there first. What
  # such a program does not free at its end is its own.
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libclang_rt.asan-${CMAKE_SYSTEM_PROCESSOR}.so
                  OUTPUT_VARIABLE SANITIZER OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(COSENO_PRELOADED env LD_PRELOAD=${SANITIZER} ASAN_OPTIONS=detect_leaks=0)
else()
  # Only here: instrumented code makes GCC 12 warn of paths that cannot be taken.
  target_compile_options(coseno_flags INTERFACE -Werror)
endif()

# What most files include, read once: a fifth to a half of the time that instrumented code takes to
# compile. Not in the Release build, so that every file shows there that it includes what it uses. One for
# libraries and one for tests, whose code is position-independent in another way.
if(COSENO_SANITIZE OR COSENO_FUZZ)
  # A header is read once for all only where all see the same macros.
  foreach(LIBRARY Boost::json fmt::fmt GTest::gtest PkgConfig::Hwy)
    target_compile_definitions(coseno_flags INTERFACE
                               $<TARGET_PROPERTY:${LIBRARY},INTERFACE_COMPILE_DEFINITIONS>)
  endforeach()
  target_compile_options(coseno_flags INTERFACE
                         $<TARGET_PROPERTY:GTest::gtest,INTERFACE_COMPILE_OPTIONS>)
  set(COSENO_PRECOMPILED <gtest/gtest.h> <fmt/format.h> <boost/json.hpp> <boost/unordered/unordered_flat_map.hpp>
      <algorithm> <chrono> <expected> <filesystem> <fstream> <functional> <map> <memory> <mutex> <optional>
      <random> <span> <string> <thread> <vector>)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cc "")
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled_main.cc "int main() {}\n")
  add_library(coseno_precompiled STATIC ${CMAKE_BINARY_DIR}/precompiled.cc)
  add_executable(coseno_precompiled_test ${CMAKE_BINARY_DIR}/precompiled_main.cc)
  foreach(TARGET coseno_precompiled coseno_precompiled_test)
    target_link_libraries(${TARGET} PRIVATE coseno_flags)
    target_precompile_headers(${TARGET} PRIVATE ${COSENO_PRECOMPILED})
  endforeach()
  target_link_libraries(coseno_precompiled_test PRIVATE coseno_test_flags)
endif()

# Several sources as one, so that what all of them include is read once. Names in the anonymous
# namespaces of a room are then its own to share, and the compiler tells of two of one name.
if(COSENO_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 20)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC takes an included source for a header, where a base out of an anonymous namespace is a fault.
    target_compile_options(coseno_flags INTERFACE -Wno-subobject-linkage)
  endif()
endif()

# coseno_alone(SOURCE...) has sources of the folder compiled by themselves even so.
function(coseno_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# coseno_precompile(TARGET FROM) has TARGET use what FROM has precompiled, where there is any.
function(coseno_precompile TARGET FROM)
  if(TARGET ${FROM})
    target_precompile_headers(${TARGET} REUSE_FROM ${FROM})
  endif()
endfunction()

# coseno_room(NAME SOURCES ... TESTS ... LINKS ...) makes coseno_NAME, and NAME_test where there are
# tests.
function(coseno_room NAME)
  cmake_parse_arguments(ROOM "" "" "SOURCES;TESTS;LINKS" ${ARGN})
  add_library(coseno_${NAME} STATIC ${ROOM_SOURCES})
  target_link_libraries(coseno_${NAME} PUBLIC coseno_flags ${ROOM_LINKS})
  coseno_precompile(coseno_${NAME} coseno_precompiled)
  if(ROOM_TESTS)
    add_executable(${NAME}_test ${ROOM_TESTS})
    target_link_libraries(${NAME}_test PRIVATE coseno_${NAME} GTest::gtest_main coseno_test_flags)
    coseno_precompile(${NAME}_test coseno_precompiled_test)
    add_test(NAME ${NAME}_test COMMAND ${NAME}_test)
  endif()
endfunction()

# coseno_fuzzer(NAME LINKS ...) makes fuzzers/NAME_fuzzer from NAME_fuzzer.cc where fuzzers are built;
# the target `fuzzers` makes them all.
function(coseno_fuzzer NAME)
  if(NOT COSENO_FUZZ)
    return()
  endif()
  cmake_parse_arguments(FUZZER "" "" "LINKS" ${ARGN})
  add_executable(${NAME}_fuzzer ${NAME}_fuzzer.cc)
  target_link_libraries(${NAME}_fuzzer PRIVATE ${FUZZER_LINKS})
  target_link_options(${NAME}_fuzzer PRIVATE -fsanitize=fuzzer)
  set_target_properties(${NAME}_fuzzer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzzers)
  add_dependencies(fuzzers ${NAME}_fuzzer)
endfunction()
