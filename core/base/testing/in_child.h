// SPDX-License-Identifier: Apache-2.0

// Runs a piece of a test in a child of fork.
#ifndef VERALITH_CORE_BASE_TESTING_IN_CHILD_H_
#define VERALITH_CORE_BASE_TESTING_IN_CHILD_H_

#include <functional>
#include <string>

namespace veralith {

// Returns what `body` returns in a child, which then ends without running destructors of statics.
// Or tells how the child ended instead: by a signal, which is SIGALRM if `seconds` passed.
std::string InChild(const std::function<std::string()>& body, unsigned seconds = 120);

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_TESTING_IN_CHILD_H_
