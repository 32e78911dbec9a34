# SPDX-License-Identifier: Apache-2.0

# What `cmake --install` puts where: libraries, public headers, the command, and what find_package
# and pkg-config read. Paths in them are relative to where they stand, so the tree can be moved.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/veralith)

# A set of targets for each kind: whoever takes the shared library needs no codec.
foreach(kind IN ITEMS static shared)
  string(TOUPPER ${kind} option)
  if(VERALITH_${option})
    install(TARGETS veralith_${kind} veralith_testing_${kind}
      EXPORT veralith-${kind}
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(EXPORT veralith-${kind}
      NAMESPACE veralith::
      FILE veralith-${kind}-targets.cmake
      DESTINATION ${package_dir})
  endif()
endforeach()

foreach(header IN LISTS VERALITH_PUBLIC_HEADERS VERALITH_TESTING_PUBLIC_HEADERS)
  cmake_path(GET header PARENT_PATH directory)
  string(REGEX REPLACE "^include" ${CMAKE_INSTALL_INCLUDEDIR} directory ${directory})
  install(FILES ${header} DESTINATION ${directory})
endforeach()

if(VERALITH_BUILD_TOOLS)
  install(TARGETS veralith_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/veralith-config.cmake.in veralith-config.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(veralith-config-version.cmake
  VERSION ${VERALITH_VERSION}
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/veralith-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/veralith-config-version.cmake
  cmake/codecs.cmake
  DESTINATION ${package_dir})

include(cmake/pkg_config.cmake)
