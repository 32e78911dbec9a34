// SPDX-License-Identifier: Apache-2.0

// The door to fork: what the library must know in a child process that was made by fork and goes on
// without exec.
//
// In such a child the calling thread is the only one. A mutex that another thread held at that
// moment is never unlocked, what that thread was changing stays half changed, and files are shared
// with the parent. Nothing takes locks before a fork to prevent this: the sanitizers could not bear
// that. Nothing of the parent is repaired in the child either. It is abandoned where it is, and
// what the process shares (the default executor, the epochs, the pool of blocks) begins anew.
//
// Invariants
//   1. In a child every registered observer is told before fork returns.
//   2. What the child abandons stays reachable for leak checkers (KeepForEver), and is never
//      destroyed.
//   3. vfork, posix_spawn and system tell nobody: their children do not come back to the library.
//
// Thread rule: every call from any thread, without locks.
#ifndef VERALITH_CORE_BASE_FORK_H_
#define VERALITH_CORE_BASE_FORK_H_

#include <cstdint>

#include "core/base/sync.h"

namespace veralith {

namespace forks {
// The number of forks between the process that first used the library and this one.
inline Atomic<uint64_t> generation{0};
}  // namespace forks

// A number for this process, to compare with later. Forks are noticed from the first call on.
uint64_t ForkGeneration();
// Whether this process is a child of the one in which ForkGeneration() returned `generation`. The
// load is relaxed: only a fork changes the number, and a child has one thread at that time.
inline bool IsForkedSince(uint64_t generation) {
  return forks::generation.LoadRelaxed() != generation;
}

// Is told of forks while it is registered.
class ForkObserver {
 public:
  // Called in the child, on its only thread: allocates nothing, locks nothing.
  virtual void AfterForkInChild() = 0;

 protected:
  ~ForkObserver() = default;
};
void AddForkObserver(ForkObserver* observer);
// After it returns, the observer is not told of forks that begin later.
void RemoveForkObserver(ForkObserver* observer);

// Keeps a pointer to what a child has abandoned.
void KeepForEver(const void* abandoned);

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_FORK_H_
