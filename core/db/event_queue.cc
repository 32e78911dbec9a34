// SPDX-License-Identifier: Apache-2.0

#include "core/db/event_queue.h"

#include "core/base/no_memory.h"

namespace veralith {

void EventQueue::Deliver(Mutex& mutex) {
  if (delivering_ || events_.empty()) {
    return;
  }
  delivering_ = true;
  while (!events_.empty()) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    MutexUnlock unlock(mutex);
    deliverer_.StoreRelaxed(ThisThread());
    for (const std::shared_ptr<Listener>& listener : listeners_) {
      TryWithMemory([&] { event(*listener); });  // the listener's own bad_alloc is dropped
    }
    deliverer_.StoreRelaxed(nullptr);
  }
  delivering_ = false;
}

}  // namespace veralith
