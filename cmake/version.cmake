# SPDX-License-Identifier: Apache-2.0

# VERALITH_VERSION is the one in include/veralith/version.h, and the only place where it stands.
set(version_header ${CMAKE_CURRENT_LIST_DIR}/../include/veralith/version.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${version_header})
file(STRINGS ${version_header} version_line REGEX "kVersion = \"")
if(NOT version_line MATCHES "\"(([0-9]+)\\.([0-9]+)\\.[0-9]+)\"")
  message(FATAL_ERROR "include/veralith/version.h has no version")
endif()
set(VERALITH_VERSION ${CMAKE_MATCH_1})
# A program runs with every library of this number: before 1.0 a second number may break it.
if(CMAKE_MATCH_2 EQUAL 0)
  set(VERALITH_SOVERSION ${CMAKE_MATCH_2}.${CMAKE_MATCH_3})
else()
  set(VERALITH_SOVERSION ${CMAKE_MATCH_2})
endif()
