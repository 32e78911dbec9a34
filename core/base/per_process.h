// SPDX-License-Identifier: Apache-2.0

// One object per process. A child of fork that goes on without exec gets another one, made at its
// first use there. The parent's is abandoned in whatever state it was (core/base/fork.h).
//
// Thread rule: Get from any thread. Ownership: owns the object of this process; the caller keeps
// the PerProcess alive while the object is used.
#ifndef VERALITH_CORE_BASE_PER_PROCESS_H_
#define VERALITH_CORE_BASE_PER_PROCESS_H_

#include <functional>
#include <memory>
#include <utility>

#include "core/base/fork.h"
#include "core/base/sync.h"

namespace veralith {

template <typename T>
class PerProcess final : public ForkObserver {
 public:
  explicit PerProcess(std::function<std::unique_ptr<T>()> make =
                          [] { return std::make_unique<T>(); })
      : make_(std::move(make)) {
    AddForkObserver(this);
  }
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;
  ~PerProcess() {
    RemoveForkObserver(this);
    KeepAbandoned();
    delete object_.Load();
  }

  T& Get() {
    T* const object = object_.LoadAcquire();  // acquire: after it was made
    return object != nullptr ? *object : Make();
  }

  void AfterForkInChild() override {
    if (T* object = object_.Exchange(nullptr); object != nullptr) {
      abandoned_.Store(object);
    }
  }

 private:
  T& Make() {
    KeepAbandoned();
    std::unique_ptr<T> made = make_();
    T* found = nullptr;
    return object_.CompareExchange(found, made.get()) ? *made.release() : *found;
  }
  void KeepAbandoned() {
    if (const T* abandoned = abandoned_.Exchange(nullptr); abandoned != nullptr) {
      KeepForEver(abandoned);
    }
  }

  const std::function<std::unique_ptr<T>()> make_;
  Atomic<T*> object_{nullptr};
  Atomic<T*> abandoned_{nullptr};  // by the last fork, not kept yet
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_PER_PROCESS_H_
