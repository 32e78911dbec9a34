// Runs a piece of a test in a child of fork.
#ifndef VERALITH_CORE_BASE_TESTING_IN_CHILD_H_
#define VERALITH_CORE_BASE_TESTING_IN_CHILD_H_

#include <functional>
#include <string>

namespace veralith {

// What `body` returns in a child, which then ends without destructors of statics; or how the child
// ended instead: by a signal, which is SIGALRM when it was not done in so many seconds.
std::string InChild(const std::function<std::string()>& body, unsigned seconds = 120);

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_TESTING_IN_CHILD_H_
