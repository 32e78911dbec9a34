# SPDX-License-Identifier: Apache-2.0

# The tests of core, of the golden files and of the kit, as cmake/tests.cmake lists them: ctest runs them, and
# `ctest -L format` those of one package. They read their files below the source tree, where they
# run. When cross-compiling, CMAKE_CROSSCOMPILING_EMULATOR runs them.
enable_testing()
enable_language(C)  # a test of the interface for C is in C

# Bazel builds the same copy of GoogleTest; it serves every compiler and target.
set(VERALITH_GOOGLETEST /usr/src/googletest CACHE PATH "Sources of GoogleTest, if not installed")
if(NOT TARGET GTest::gmock_main AND EXISTS ${VERALITH_GOOGLETEST}/CMakeLists.txt)
  set(INSTALL_GTEST OFF)
  add_subdirectory(${VERALITH_GOOGLETEST} googletest EXCLUDE_FROM_ALL)
elseif(NOT TARGET GTest::gmock_main)
  find_package(GTest CONFIG REQUIRED)
endif()
find_package(rapidcheck CONFIG REQUIRED)

function(veralith_test_support)
  add_library(veralith_test_support STATIC ${VERALITH_TEST_SUPPORT_SOURCES})
  target_link_libraries(veralith_test_support
    PUBLIC veralith_testing_static veralith_build
    PRIVATE rapidcheck)
  set_target_properties(veralith_test_support PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# veralith_test(PATH PACKAGE LABEL [NEEDS LIBRARY...] SOURCES FILE...)
function(veralith_test path)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "PACKAGE" "NEEDS;SOURCES")
  string(REPLACE / . name ${path})
  add_executable(${name} ${test_SOURCES})
  target_link_libraries(${name} PRIVATE
    veralith_test_support ${test_NEEDS} GTest::gmock_main ${CMAKE_DL_LIBS})
  set_target_properties(${name} PROPERTIES
    CXX_EXTENSIONS OFF
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/tests)
  set_property(GLOBAL APPEND PROPERTY VERALITH_TEST_NAMES ${name})
  add_test(NAME ${path} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${path} PROPERTIES
    LABELS ${test_PACKAGE}
    FIXTURES_REQUIRED scratch
    ENVIRONMENT TEST_TMPDIR=${CMAKE_CURRENT_BINARY_DIR}/tests/scratch/${name})
  if(NOT TARGET veralith_tests_${test_PACKAGE})
    add_custom_target(veralith_tests_${test_PACKAGE})
  endif()
  add_dependencies(veralith_tests_${test_PACKAGE} ${name})
endfunction()

include(${CMAKE_CURRENT_LIST_DIR}/tests.cmake)

get_property(names GLOBAL PROPERTY VERALITH_TEST_NAMES)
list(JOIN names "," names)
add_test(NAME empty_scratch
  COMMAND ${CMAKE_COMMAND} -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/tests/scratch -DNAMES=${names}
    -P ${CMAKE_CURRENT_LIST_DIR}/empty_scratch.cmake)
set_tests_properties(empty_scratch PROPERTIES FIXTURES_SETUP scratch)
