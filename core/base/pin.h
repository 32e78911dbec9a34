// SPDX-License-Identifier: Apache-2.0

// A reference that keeps some bytes of the engine alive: a decoded page, a memtable's arena, a heap
// copy. Move-only; releasing it may free what it holds.
//
// Thread rule: one thread at a time. It may be released on another thread than it was made on, and
// after the database that it came from is closed.
#ifndef VERALITH_CORE_BASE_PIN_H_
#define VERALITH_CORE_BASE_PIN_H_

#include <utility>

namespace veralith {

class Pin {
 public:
  using Release = void (*)(void* object);

  Pin() = default;
  Pin(void* object, Release release) : object_(object), release_(release) {}
  Pin(Pin&& other) noexcept
      : object_(std::exchange(other.object_, nullptr)), release_(other.release_) {}
  Pin& operator=(Pin&& other) noexcept {
    if (this != &other) {
      Reset();
      object_ = std::exchange(other.object_, nullptr);
      release_ = other.release_;
    }
    return *this;
  }
  ~Pin() { Reset(); }

  void Reset() {
    if (object_ != nullptr) {
      release_(std::exchange(object_, nullptr));
    }
  }
  // The object and how to release it; this pin then holds nothing. Null: it held nothing.
  std::pair<void*, Release> Take() { return {std::exchange(object_, nullptr), release_}; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  void* object_ = nullptr;
  Release release_ = nullptr;
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_PIN_H_
