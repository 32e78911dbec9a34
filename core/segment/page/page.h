// SPDX-License-Identifier: Apache-2.0

// A decoded page of a segment: one contiguous allocation, this header and then whatever form of
// the page searches fastest (key_page.h, value_page.h, timestamp_page.h).
//
// Invariants
//   1. A page never changes after it was published to another thread.
//   2. It is freed with its last reference, wherever that is dropped: a page knows nothing of its
//      segment or cache and outlives both while someone holds it.
//   3. bytes() is the whole allocation: what a cache charges.
//
// Thread rule: references from any thread; contents are read-only.
#ifndef VERALITH_CORE_SEGMENT_PAGE_PAGE_H_
#define VERALITH_CORE_SEGMENT_PAGE_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/pin.h"
#include "core/base/status.h"
#include "core/base/sync.h"

namespace veralith {

class PageCache;
class PageSlots;
template <typename T>
class PageRef;

class Page {
 public:
  // A page with one reference. `bytes` >= sizeof(T) is the size of the whole allocation, which
  // starts with a T (trivial apart from its Page part). Null when memory runs out.
  template <typename T>
  static T* New(size_t bytes) {
    void* memory = Allocate(bytes);
    return memory == nullptr ? nullptr : new (memory) T(bytes);
  }
  // The same for a size that a file asks for: ResourceExhausted when it is above the limit or
  // memory runs out. `what` kind of page, for the message.
  template <typename T>
  static absl::StatusOr<PageRef<T>> NewWithin(uint64_t memory_limit, uint64_t bytes,
                                              std::string_view what);

  size_t bytes() const { return bytes_; }

  void Ref() { references_.FetchAdd(1); }
  void Unref() {
    if (references_.FetchSub(1) == 1) {
      Free(this);
    }
  }

 protected:
  // `worth`: how much longer than others the cache keeps the page after its last use. A page that
  // answers for many rows per byte is worth more than one that holds a few values.
  explicit Page(size_t bytes, uint8_t worth = 1) : used_(worth > 1), worth_(worth), bytes_(bytes) {}

 private:
  friend class PageCache;
  friend class PageSlots;

  static void* Allocate(size_t bytes);
  static absl::StatusOr<void*> AllocateWithin(uint64_t memory_limit, uint64_t bytes,
                                              std::string_view what);
  static void Free(Page* page);

  Atomic<uint32_t> references_{1};
  Atomic<bool> used_;             // since the clock's hand passed it by
  const uint8_t worth_;           // at least 1
  uint32_t ring_index_ = 0;       // guarded by the cache's mutex
  Page* next_retired_ = nullptr;  // of those that left the cache together
  const size_t bytes_;
};

// A counted reference to a T, which derives from Page. Move-only.
template <typename T>
class PageRef {
 public:
  PageRef() = default;
  // Takes over one reference that exists already.
  static PageRef Adopt(T* page) { return PageRef(page); }
  // Adds a reference. The page must be held by someone, or by an EpochGuard, meanwhile.
  static PageRef Share(T* page) {
    page->Ref();
    return PageRef(page);
  }
  PageRef(PageRef&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
  PageRef& operator=(PageRef&& other) noexcept {
    if (this != &other) {
      Reset();
      page_ = std::exchange(other.page_, nullptr);
    }
    return *this;
  }
  ~PageRef() { Reset(); }

  void Reset() {
    if (page_ != nullptr) {
      std::exchange(page_, nullptr)->Unref();
    }
  }
  T* get() const { return page_; }
  T* operator->() const { return page_; }
  T& operator*() const { return *page_; }
  explicit operator bool() const { return page_ != nullptr; }
  T* Release() { return std::exchange(page_, nullptr); }

  // Hands the reference to a Pin.
  Pin ToPin() && {
    return Pin(static_cast<Page*>(Release()),
               [](void* page) { static_cast<Page*>(page)->Unref(); });
  }

 private:
  explicit PageRef(T* page) : page_(page) {}
  T* page_ = nullptr;
};

template <typename T>
absl::StatusOr<PageRef<T>> Page::NewWithin(uint64_t memory_limit, uint64_t bytes,
                                           std::string_view what) {
  VERALITH_ASSIGN_OR_RETURN(void* const memory, AllocateWithin(memory_limit, bytes, what));
  return PageRef<T>::Adopt(new (memory) T(bytes));
}

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_PAGE_PAGE_H_
