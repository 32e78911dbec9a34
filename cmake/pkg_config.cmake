# SPDX-License-Identifier: Apache-2.0

# veralith.pc, and veralith-testing.pc, which needs it. With a shared library, what only the archive
# needs is private: `--static` names it. Without one there is no other way to link, so nothing is
# private.
find_package(PkgConfig QUIET)

set(public_modules absl_status absl_statusor absl_strings)
set(archive_modules)
set(archive_libraries -pthread)
foreach(name IN LISTS VERALITH_CODECS)
  list(GET veralith_${name} 1 library)
  list(GET veralith_${name} 2 module)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(veralith_${name} QUIET ${module})
  endif()
  if(veralith_${name}_FOUND)
    list(APPEND archive_modules ${module})
  else()
    list(APPEND archive_libraries -l${library})
  endif()
endforeach()
# What g++ links by itself, for programs in C: the standard library of C++, and that of numbers.
foreach(library IN ITEMS stdc++ c++ m)
  if(library IN_LIST CMAKE_CXX_IMPLICIT_LINK_LIBRARIES)
    list(APPEND archive_libraries -l${library})
  endif()
endforeach()

list(JOIN archive_libraries " " archive_libraries)
if(VERALITH_SHARED)
  list(JOIN public_modules ", " pc_requires)
  list(JOIN archive_modules ", " pc_requires_private)
  set(pc_libs)
  set(pc_libs_private ${archive_libraries})
else()
  list(JOIN public_modules ", " pc_requires)
  list(JOIN archive_modules ", " more)
  string(APPEND pc_requires ", ${more}")
  set(pc_requires_private)
  set(pc_libs ${archive_libraries})
  set(pc_libs_private)
endif()

# The prefix, seen from the folder of veralith.pc.
cmake_path(SET pc_dir /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH pc_dir BASE_DIRECTORY /prefix OUTPUT_VARIABLE below)
string(REGEX REPLACE "[^/]+" ".." pc_prefix ${below})
configure_file(cmake/veralith.pc.in veralith.pc @ONLY)
configure_file(cmake/veralith-testing.pc.in veralith-testing.pc @ONLY)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/veralith.pc
  ${CMAKE_CURRENT_BINARY_DIR}/veralith-testing.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
