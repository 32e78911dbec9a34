// SPDX-License-Identifier: Apache-2.0

// Events on their way to the listeners: noted under the database's mutex where they happen, told
// without it as soon as the thread that noted them can let go of it.
//
// Invariants
//   1. One thread tells events at a time, in the order of Add (listener.h, 1). A thread that finds
//      another at it leaves its own events to that one.
//   2. Without listeners nothing is kept, and Deliver does not release the mutex.
//
// Thread rule: every call under the mutex given, except OnThisThread. Shares its listeners.
#ifndef VERALITH_CORE_DB_EVENT_QUEUE_H_
#define VERALITH_CORE_DB_EVENT_QUEUE_H_

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/sync.h"
#include "veralith/listener.h"

namespace veralith {

class EventQueue {
 public:
  using Event = std::function<void(Listener&)>;

  explicit EventQueue(std::vector<std::shared_ptr<Listener>> listeners)
      : listeners_(std::move(listeners)) {}

  bool has_listeners() const { return !listeners_.empty(); }
  void Add(Event event) {
    if (has_listeners()) {
      events_.push_back(std::move(event));
    }
  }
  // Tells what is noted, releasing `mutex` meanwhile.
  void Deliver(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Nothing is noted or being told.
  bool idle() const { return events_.empty() && !delivering_; }

  // The caller is a listener of this database. Any thread, without the mutex.
  bool OnThisThread() const {
    // Relaxed: only a thread itself stores its own identity.
    const void* deliverer = deliverer_.LoadRelaxed();
    return deliverer != nullptr && deliverer == ThisThread();
  }

 private:
  const std::vector<std::shared_ptr<Listener>> listeners_;
  std::deque<Event> events_;
  bool delivering_ = false;
  Atomic<const void*> deliverer_{nullptr};
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_EVENT_QUEUE_H_
