# SPDX-License-Identifier: Apache-2.0

# What the library links: from VERALITH_DEPENDS, the names in third_party/BUILD, to targets.
#
#   VERALITH_PUBLIC_LINKS    what a program needs to compile and link, too (the headers name it)
#   VERALITH_PRIVATE_LINKS   what only the library needs
#   VERALITH_CODECS          those of them that cmake/codecs.cmake finds
#   VERALITH_JSON_INCLUDE_DIR   headers that only compiling the library needs
include(${CMAKE_CURRENT_LIST_DIR}/sources.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/codecs.cmake)

if(NOT VERALITH_WITH_ISAL)
  list(REMOVE_ITEM VERALITH_DEPENDS isal)
endif()

# The Abseil that tests are run with; FETCHCONTENT_SOURCE_DIR_ABSL names a copy on this machine.
function(veralith_fetch_absl)
  include(FetchContent)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  set(ABSL_PROPAGATE_CXX_STD ON)
  set(ABSL_ENABLE_INSTALL ${VERALITH_INSTALL})
  set(CMAKE_CXX_STANDARD 20)
  FetchContent_Declare(absl
    GIT_REPOSITORY https://github.com/abseil/abseil-cpp.git
    GIT_TAG 20240722.0
    GIT_SHALLOW ON)
  FetchContent_MakeAvailable(absl)
endfunction()

# Targets that are found are seen by the projects that this one is a part of.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

if(NOT TARGET absl::status)
  if(VERALITH_FETCH_ABSL)
    veralith_fetch_absl()
  else()
    find_package(absl CONFIG)
    if(NOT absl_FOUND)
      message(FATAL_ERROR "Abseil is missing: install libabsl-dev, or set VERALITH_FETCH_ABSL")
    endif()
  endif()
endif()

set(VERALITH_PUBLIC_LINKS)
set(VERALITH_PRIVATE_LINKS)
set(VERALITH_CODECS)
foreach(name IN LISTS VERALITH_DEPENDS)
  if(name STREQUAL "absl_status")
    list(APPEND VERALITH_PUBLIC_LINKS absl::status absl::statusor)
  elseif(name STREQUAL "absl_strings")
    list(APPEND VERALITH_PUBLIC_LINKS absl::strings)
  elseif(name STREQUAL "pthread")
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_package(Threads REQUIRED)
    list(APPEND VERALITH_PRIVATE_LINKS Threads::Threads)
  elseif(name STREQUAL "json")
    find_path(VERALITH_JSON_INCLUDE_DIR nlohmann/json.hpp)
    mark_as_advanced(VERALITH_JSON_INCLUDE_DIR)
    if(NOT VERALITH_JSON_INCLUDE_DIR)
      message(FATAL_ERROR "nlohmann/json.hpp is missing: install nlohmann-json3-dev")
    endif()
  else()
    veralith_find_codec(${name} missing)
    if(missing)
      message(FATAL_ERROR "${missing}")
    endif()
    list(APPEND VERALITH_CODECS ${name})
    list(APPEND VERALITH_PRIVATE_LINKS veralith::${name})
  endif()
endforeach()

unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
