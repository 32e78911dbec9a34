// SPDX-License-Identifier: Apache-2.0

// What files of this package name as their writer: `application version x.y.z (build hash)`, the
// form that readers match against their lists of bugs.
#ifndef VERALITH_CORE_ICEBERG_CREATED_BY_H_
#define VERALITH_CORE_ICEBERG_CREATED_BY_H_

#include <string>

#include "veralith/version.h"

namespace veralith::iceberg {

inline std::string CreatedBy() {
  return "veralith version " + std::string(kVersion) + " (build 1)";
}

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_CREATED_BY_H_
