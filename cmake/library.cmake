# SPDX-License-Identifier: Apache-2.0

# The library: compiled once, linked as an archive, as a shared object, or both.

# How everything of Veralith is compiled. Nothing of this reaches those who link it.
add_library(veralith_build INTERFACE)
target_compile_features(veralith_build INTERFACE cxx_std_20)
target_include_directories(veralith_build INTERFACE
  ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
target_include_directories(veralith_build SYSTEM INTERFACE ${VERALITH_JSON_INCLUDE_DIR})
target_link_libraries(veralith_build INTERFACE ${VERALITH_PUBLIC_LINKS} ${VERALITH_PRIVATE_LINKS})
if(VERALITH_WARNINGS)
  target_compile_options(veralith_build INTERFACE -Wall -Wextra -Wno-unused-parameter)
endif()
# Compiler options of one source (cmake/sources.cmake).
function(veralith_source_options source)
  set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS ${ARGN})
endfunction()

if(VERALITH_WITH_ISAL)
  set_property(SOURCE core/format/checksum.cc APPEND PROPERTY
    COMPILE_DEFINITIONS VERALITH_WITH_ISAL)
endif()
add_library(veralith_objects OBJECT ${VERALITH_SOURCES})
target_link_libraries(veralith_objects PRIVATE veralith_build)
set_target_properties(veralith_objects PROPERTIES
  POSITION_INDEPENDENT_CODE ON
  CXX_EXTENSIONS OFF
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)

# What a program gets from the target: the public headers alone, and Abseil. The library's file is
# lib`name`; of a shared one, only what exports.map lists is seen.
function(veralith_interface target name)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC ${VERALITH_PUBLIC_LINKS})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name}
    LINKER_LANGUAGE CXX)
  add_library(veralith::${target} ALIAS ${target})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL SHARED_LIBRARY)
    set(exports ${PROJECT_SOURCE_DIR}/cmake/exports.map)
    target_link_options(${target} PRIVATE
      LINKER:--version-script=${exports} LINKER:--no-undefined)
    set_target_properties(${target} PROPERTIES
      VERSION ${VERALITH_VERSION}
      SOVERSION ${VERALITH_SOVERSION}
      LINK_DEPENDS ${exports})
  endif()
endfunction()

# The archive; the command and the tests link it, whether it is asked for or not.
add_library(veralith_static STATIC $<TARGET_OBJECTS:veralith_objects>)
veralith_interface(veralith_static veralith)
target_link_libraries(veralith_static PRIVATE ${VERALITH_PRIVATE_LINKS})
if(NOT VERALITH_STATIC)
  set_target_properties(veralith_static PROPERTIES EXCLUDE_FROM_ALL ON)
endif()

if(VERALITH_SHARED)
  add_library(veralith_shared SHARED $<TARGET_OBJECTS:veralith_objects>)
  veralith_interface(veralith_shared veralith)
  target_link_libraries(veralith_shared PRIVATE ${VERALITH_PRIVATE_LINKS})
  add_library(veralith::veralith ALIAS veralith_shared)
else()
  add_library(veralith::veralith ALIAS veralith_static)
endif()
