// SPDX-License-Identifier: Apache-2.0

// One piece of work, done in parts by whoever has time: the caller, and threads of an executor.
//
// Contract
//   1. part(i) runs exactly once for each i below `count`, on some thread; when RunInParallel
//      returns, all of them have. They are begun in ascending order.
//   2. The caller takes parts like everybody else, and at the end waits only for parts that others
//      have begun. So it ends even if the executor never has a free thread. In a simulation, where
//      nobody else runs, it runs all of them itself.
//   3. part throws nothing. Before the first part, std::bad_alloc may be thrown.
//   4. A task that the executor starts later finds nothing to do, and touches nothing of the
//      caller's.
//
// `executor` may be null: then the caller does everything. Thread rule: any thread, no lock held.
#ifndef VERALITH_CORE_BASE_PARALLEL_H_
#define VERALITH_CORE_BASE_PARALLEL_H_

#include <cstddef>
#include <functional>

#include "veralith/executor.h"

namespace veralith {

void RunInParallel(Executor* executor, TaskPriority priority, size_t count,
                   const std::function<void(size_t)>& part);

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_PARALLEL_H_
