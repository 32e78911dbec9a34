// SPDX-License-Identifier: Apache-2.0

// One object per thread, made at its first use. It can be used for as long as the thread runs, even
// by destructors of thread_local and static objects that run after the object's own. Such late uses
// get an object of their own, which lives as long as the PerThread does.
//
//   PerThread<std::vector<int>> scratch;
//   scratch->clear();
//
// What the object holds stays from one use to the next while the thread lives, and not beyond.
//
// Thread rule: a PerThread belongs to the thread that made it. Two of one type in one thread are
// the same object, except when its thread_local objects are gone. Under the schedule explorer each
// has an object of its own: fibers share a thread, and one can be stopped while it uses the object.
#ifndef VERALITH_CORE_BASE_PER_THREAD_H_
#define VERALITH_CORE_BASE_PER_THREAD_H_

#include <optional>

#include "core/base/sync.h"

namespace veralith {

template <typename T>
class PerThread {
 public:
  PerThread() : object_(OfThisThread()) {
    if (object_ == nullptr) [[unlikely]] {
      object_ = &own_.emplace();
    }
  }
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;

  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }

 private:
  // Null once the thread's object has been destroyed.
  static T* OfThisThread() {
#ifdef VERALITH_EXPLORE
    if (explored::active != nullptr) {
      return nullptr;
    }
#endif
    static thread_local bool is_gone = false;  // has no destructor: readable to the thread's end
    struct Owner {
      T object;
      ~Owner() { is_gone = true; }
    };
    if (is_gone) [[unlikely]] {
      return nullptr;
    }
    static thread_local Owner owner;
    return &owner.object;
  }

  std::optional<T> own_;
  T* object_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_PER_THREAD_H_
