// SPDX-License-Identifier: Apache-2.0

// The version of this library. It stands in segments (`created_by`), `veralith version` and docs.
#ifndef VERALITH_VERSION_H_
#define VERALITH_VERSION_H_

#include <string_view>

namespace veralith {

// Three numbers, "MAJOR.MINOR.PATCH".
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace veralith

#endif  // VERALITH_VERSION_H_
