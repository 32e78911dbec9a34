// SPDX-License-Identifier: Apache-2.0

#include "core/base/fork.h"

#include <pthread.h>

#include "core/base/check.h"

namespace veralith {

#ifdef VERALITH_EXPLORE
// Fibers do not fork. A run that is abandoned leaves observers registered.
uint64_t ForkGeneration() { return 0; }
void AddForkObserver(ForkObserver*) {}
void RemoveForkObserver(ForkObserver*) {}
void KeepForEver(const void*) {}
#else
namespace {

// A place in a list that only grows, so it is whole at every moment. Places are used again.
struct Place {
  Atomic<const void*> object{nullptr};
  Place* next = nullptr;  // immutable once the place is in the list
};

class PlaceList {
 public:
  void Add(const void* object) {
    for (Place* place = first_.Load(); place != nullptr; place = place->next) {
      const void* empty = nullptr;
      if (place->object.CompareExchange(empty, object)) {
        return;
      }
    }
    Place* const place = new Place;
    place->object.Store(object);
    place->next = first_.Load();
    while (!first_.CompareExchange(place->next, place)) {
    }
  }
  void Remove(const void* object) {
    for (Place* place = first_.Load(); place != nullptr; place = place->next) {
      const void* expected = object;
      if (place->object.CompareExchange(expected, nullptr)) {
        return;
      }
    }
    VERALITH_CHECK(false);  // it was never added
  }
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const Place* place = first_.Load(); place != nullptr; place = place->next) {
      if (const void* object = place->object.Load(); object != nullptr) {
        visit(object);
      }
    }
  }

 private:
  Atomic<Place*> first_{nullptr};
};

constinit PlaceList observers;
constinit PlaceList kept;

void InChild() {
  forks::generation.FetchAdd(1);
  observers.ForEach([](const void* observer) {
    static_cast<ForkObserver*>(const_cast<void*>(observer))->AfterForkInChild();
  });
}

}  // namespace

uint64_t ForkGeneration() {
  static const bool seen = [] {
    VERALITH_CHECK(pthread_atfork(nullptr, nullptr, &InChild) == 0);
    return true;
  }();
  static_cast<void>(seen);
  return forks::generation.LoadRelaxed();
}

void AddForkObserver(ForkObserver* observer) {
  ForkGeneration();
  observers.Add(observer);
}

void RemoveForkObserver(ForkObserver* observer) { observers.Remove(observer); }

void KeepForEver(const void* abandoned) { kept.Add(abandoned); }
#endif

}  // namespace veralith
