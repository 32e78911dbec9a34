// SPDX-License-Identifier: Apache-2.0

#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace veralith {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace veralith
