// SPDX-License-Identifier: Apache-2.0

#include "core/base/parallel.h"

#include <memory>

#include "core/base/no_memory.h"
#include "core/base/sync.h"

namespace veralith {
namespace {

// Shared with the tasks, which may outlive the call. `part` is used only while a part is left.
struct Parts {
  size_t count = 0;
  const std::function<void(size_t)>* part = nullptr;

  Mutex mutex;
  CondVar ended;
  size_t next ABSL_GUARDED_BY(mutex) = 0;
  size_t running ABSL_GUARDED_BY(mutex) = 0;
};

void TakeParts(Parts& parts) {
  MutexLock lock(parts.mutex);
  while (parts.next < parts.count) {
    const size_t mine = parts.next++;
    ++parts.running;
    {
      MutexUnlock unlock(parts.mutex);
      (*parts.part)(mine);
    }
    if (--parts.running == 0) {
      parts.ended.NotifyAll();
    }
  }
}

}  // namespace

void RunInParallel(Executor* executor, TaskPriority priority, size_t count,
                   const std::function<void(size_t)>& part) {
  const auto parts = std::make_shared<Parts>();
  parts->count = count;
  parts->part = &part;
  const bool has_help = TryWithMemory([&] {
    for (size_t i = 1; executor != nullptr && i < count; ++i) {
      executor->Schedule(priority, [parts] { TakeParts(*parts); });
    }
  });
  static_cast<void>(has_help);  // without help the caller does more
  TakeParts(*parts);
  MutexLock lock(parts->mutex);
  while (parts->running > 0) {
    executor->Await(parts->mutex, parts->ended);
  }
}

}  // namespace veralith
