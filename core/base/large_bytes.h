// SPDX-License-Identifier: Apache-2.0

// Bytes that are appended to, may become megabytes, and go back to the machine whole.
//
// Why not a std::string: a heap keeps what is freed, in an arena for each thread. So a flush in
// the background left up to 20 MB behind, for nobody. And a string that grows holds its bytes
// twice meanwhile.
//
// Invariants
//   1. Up to kHeapBytes they are on the heap. Beyond that they are pages of the machine, which
//      grow without a copy (on Linux), and are given back by Release and the destructor.
//   2. Append throws std::bad_alloc if there is no memory, and has then changed nothing.
//   3. data() is divisible by 16, and good until the next Append or Release.
//
// Thread rule: one thread at a time.
#ifndef VERALITH_CORE_BASE_LARGE_BYTES_H_
#define VERALITH_CORE_BASE_LARGE_BYTES_H_

#include <cstddef>
#include <cstring>
#include <string_view>

namespace veralith {

class LargeBytes {
 public:
  static constexpr size_t kHeapBytes = size_t{64} << 10;

  LargeBytes() = default;
  ~LargeBytes() { Release(); }
  LargeBytes(const LargeBytes&) = delete;
  LargeBytes& operator=(const LargeBytes&) = delete;

  size_t size() const { return size_; }
  const char* data() const { return data_; }
  std::string_view view() const { return {data_, size_}; }

  void Append(std::string_view bytes) {
    if (bytes.size() > capacity_ - size_) [[unlikely]] {
      Grow(size_ + bytes.size());
    }
    if (!bytes.empty()) {
      std::memcpy(data_ + size_, bytes.data(), bytes.size());
    }
    size_ += bytes.size();
  }
  // Forgets the bytes, and keeps the memory for as many.
  void Clear() { size_ = 0; }
  // Forgets the bytes, and gives the memory back.
  void Release();

 private:
  void Grow(size_t least);
  bool IsMapped() const { return capacity_ > kHeapBytes; }

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_LARGE_BYTES_H_
