# SPDX-License-Identifier: Apache-2.0

# veralith::testing, the kit for tests of programs: a simulated file system, clock and executor. Like
# the library: an archive, a shared object, or both. As a part of another project it is built if
# something links it.
function(veralith_testing_objects target)
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${ARGN})
  target_link_libraries(${target} PRIVATE veralith_build)
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
endfunction()

veralith_testing_objects(veralith_testing_own_objects ${VERALITH_TESTING_SOURCES})

add_library(veralith_testing_static STATIC $<TARGET_OBJECTS:veralith_testing_own_objects>)
veralith_interface(veralith_testing_static veralith_testing)
target_link_libraries(veralith_testing_static PUBLIC veralith_static)
if(NOT VERALITH_STATIC OR NOT VERALITH_INSTALL)
  set_target_properties(veralith_testing_static PROPERTIES EXCLUDE_FROM_ALL ON)
endif()

if(VERALITH_SHARED)
  veralith_testing_objects(veralith_testing_hidden_objects ${VERALITH_TESTING_HIDDEN_SOURCES})
  add_library(veralith_testing_shared SHARED
    $<TARGET_OBJECTS:veralith_testing_own_objects>
    $<TARGET_OBJECTS:veralith_testing_hidden_objects>)
  veralith_interface(veralith_testing_shared veralith_testing)
  target_link_libraries(veralith_testing_shared PUBLIC veralith_shared PRIVATE veralith::xxhash)
  # It finds the library beside it, for programs that link the kit alone.
  set_target_properties(veralith_testing_shared PROPERTIES INSTALL_RPATH "$ORIGIN")
  if(NOT VERALITH_INSTALL)
    set_target_properties(veralith_testing_shared PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  add_library(veralith::testing ALIAS veralith_testing_shared)
else()
  add_library(veralith::testing ALIAS veralith_testing_static)
endif()
