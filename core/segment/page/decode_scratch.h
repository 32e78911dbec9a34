// SPDX-License-Identifier: Apache-2.0

// Buffers that decoding a page needs for a moment, reused: PerThread<DecodeScratch>. After a page
// that needed much they shrink again.
#ifndef VERALITH_CORE_SEGMENT_PAGE_DECODE_SCRATCH_H_
#define VERALITH_CORE_SEGMENT_PAGE_DECODE_SCRATCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace veralith {

// Of neighbouring rows of a key page (key_page.h), before they have a place.
struct KeyGroupShape {
  uint32_t prefix_bytes;
  uint32_t stride;
  uint32_t bytes;  // all that it takes
};

class DecodeScratch {
 public:
  // Each call invalidates what the same call returned before. Contents are not initialized.
  std::span<uint32_t> First(size_t n) { return Sized(first_, n); }
  std::span<uint32_t> Second(size_t n) { return Sized(second_, n); }
  std::span<KeyGroupShape> Groups(size_t n) { return Sized(groups_, n); }
  std::span<char> Raw(size_t n) { return Sized(raw_, n); }  // a page as it is in the file
  std::span<char> Row(size_t n) { return Sized(row_, n); }  // one of its rows

 private:
  static constexpr size_t kKeptBytes = size_t{1} << 20;

  template <typename T>
  struct Buffer {
    std::unique_ptr<T[]> data;
    size_t size = 0;
  };
  template <typename T>
  static std::span<T> Sized(Buffer<T>& buffer, size_t n) {
    const bool oversized = buffer.size * sizeof(T) > kKeptBytes && n * sizeof(T) <= kKeptBytes;
    if (buffer.size < n || oversized) {
      buffer = {};  // before the request, which can fail
      buffer.data.reset(new T[n + n / 2]);
      buffer.size = n + n / 2;
    }
    return {buffer.data.get(), n};
  }

  Buffer<uint32_t> first_;
  Buffer<uint32_t> second_;
  Buffer<KeyGroupShape> groups_;
  Buffer<char> raw_;
  Buffer<char> row_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_PAGE_DECODE_SCRATCH_H_
