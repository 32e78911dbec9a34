# SPDX-License-Identifier: Apache-2.0

# Finds the libraries that a static Veralith needs besides Abseil and threads. Each becomes an
# imported target, veralith::NAME. A target of that name that exists already is taken: so a project
# brings a library of its own. Installed with Veralith, for those who find it.

# Header, library, module of pkg-config, package of Debian.
set(veralith_lz4 lz4.h lz4 liblz4 liblz4-dev)
set(veralith_zstd zstd.h zstd libzstd libzstd-dev)
set(veralith_snappy snappy.h snappy snappy libsnappy-dev)
set(veralith_xxhash xxhash.h xxhash libxxhash libxxhash-dev)
set(veralith_isal isa-l/crc.h isal libisal libisal-dev)

# Makes veralith::NAME, or sets `missing` to what has to be installed.
function(veralith_find_codec name missing)
  set(${missing} "" PARENT_SCOPE)
  if(TARGET veralith::${name})
    return()
  endif()
  list(POP_FRONT veralith_${name} header library module package)
  find_path(VERALITH_${name}_INCLUDE_DIR ${header})
  find_library(VERALITH_${name}_LIBRARY ${library})
  mark_as_advanced(VERALITH_${name}_INCLUDE_DIR VERALITH_${name}_LIBRARY)
  if(NOT VERALITH_${name}_INCLUDE_DIR OR NOT VERALITH_${name}_LIBRARY)
    set(${missing} "${header} or lib${library} is missing: install ${package}" PARENT_SCOPE)
    return()
  endif()
  add_library(veralith::${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(veralith::${name} PROPERTIES
    IMPORTED_LOCATION ${VERALITH_${name}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${VERALITH_${name}_INCLUDE_DIR})
endfunction()
