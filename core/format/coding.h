// SPDX-License-Identifier: Apache-2.0

// Numbers as bytes: fixed-width little-endian and base-128 varints. ByteReader is the cursor
// through which every codec reads bytes it does not trust.
//
// Invariants
//   1. A value has exactly one encoding: a varint with superfluous groups is refused.
//   2. ByteReader never reads outside its input; after its first failure every read fails, and
//      status() tells the offset (from the input's start) and what was expected there.
//   3. Nothing here allocates except std::string appends and the message of a failed status().
//
// Ownership: ByteReader and the views it hands out point into the caller's bytes.
#ifndef VERALITH_CORE_FORMAT_CODING_H_
#define VERALITH_CORE_FORMAT_CODING_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace veralith {

static_assert(std::endian::native == std::endian::little, "loads and stores below assume it");

inline uint16_t LoadLe16(const char* from) {
  uint16_t v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}
inline uint32_t LoadLe32(const char* from) {
  uint32_t v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}
inline uint64_t LoadLe64(const char* from) {
  uint64_t v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}
inline uint64_t LoadBe64(const char* from) { return __builtin_bswap64(LoadLe64(from)); }
inline void StoreLe32(char* to, uint32_t v) { std::memcpy(to, &v, sizeof(v)); }
inline void StoreLe64(char* to, uint64_t v) { std::memcpy(to, &v, sizeof(v)); }
inline void StoreBe64(char* to, uint64_t v) { StoreLe64(to, __builtin_bswap64(v)); }

template <typename Unsigned>
void AppendFixed(std::string* out, Unsigned v) {
  char bytes[sizeof(v)];
  std::memcpy(bytes, &v, sizeof(v));
  out->append(bytes, sizeof(v));
}
inline void AppendFixed16(std::string* out, uint16_t v) { AppendFixed(out, v); }
inline void AppendFixed32(std::string* out, uint32_t v) { AppendFixed(out, v); }
inline void AppendFixed64(std::string* out, uint64_t v) { AppendFixed(out, v); }

// Varint: seven bits per byte, least significant first, the top bit set on all but the last byte.
inline constexpr size_t kMaxVarint64Bytes = 10;

inline size_t VarintBytes(uint64_t v) {
  return (static_cast<size_t>(std::bit_width(v | 1)) + 6) / 7;
}
// Writes at most kMaxVarint64Bytes; returns the end of what it wrote.
inline char* StoreVarint64(char* to, uint64_t v) {
  while (v >= 0x80) {
    *to++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *to++ = static_cast<char>(v);
  return to;
}
inline void AppendVarint64(std::string* out, uint64_t v) {
  char bytes[kMaxVarint64Bytes];
  out->append(bytes, static_cast<size_t>(StoreVarint64(bytes, v) - bytes));
}
// Appends the length as a varint, then the bytes.
inline void AppendLengthPrefixed(std::string* out, std::string_view bytes) {
  AppendVarint64(out, bytes.size());
  out->append(bytes);
}

// Reads return false at the first fault, and always after it. `what` names the field for the
// message ("entry count"); it must be a string literal or live as long.
class ByteReader {
 public:
  ByteReader() = default;
  explicit ByteReader(std::string_view input) : input_(input) {}

  size_t offset() const { return offset_; }
  size_t remaining() const { return input_.size() - offset_; }
  bool AtEnd() const { return remaining() == 0; }
  bool ok() const { return fault_ == Fault::kNone; }
  // What is left, without reading it.
  std::string_view Rest() const { return input_.substr(offset_); }

  bool ReadFixed8(uint8_t* v, std::string_view what) { return ReadFixed(v, what); }
  bool ReadFixed16(uint16_t* v, std::string_view what) { return ReadFixed(v, what); }
  bool ReadFixed32(uint32_t* v, std::string_view what) { return ReadFixed(v, what); }
  bool ReadFixed64(uint64_t* v, std::string_view what) { return ReadFixed(v, what); }

  bool ReadVarint64(uint64_t* v, std::string_view what) {
    if (ok() && !AtEnd() && static_cast<uint8_t>(input_[offset_]) < 0x80) [[likely]] {
      *v = static_cast<uint8_t>(input_[offset_++]);
      return true;
    }
    return ReadLongVarint64(v, what);
  }
  // Reads a varint that is at most `limit`.
  bool ReadVarintUpTo(uint64_t limit, uint64_t* v, std::string_view what) {
    const size_t start = offset_;
    if (!ReadVarint64(v, what)) {
      return false;
    }
    return *v <= limit || FailAt(start, Fault::kTooLarge, what, limit);
  }
  bool ReadBytes(uint64_t n, std::string_view* bytes, std::string_view what) {
    if (!ok() || n > remaining()) [[unlikely]] {
      return FailAt(offset_, Fault::kShort, what, n);
    }
    *bytes = input_.substr(offset_, n);
    offset_ += n;
    return true;
  }
  // Reads a varint length, at most `limit`, and that many bytes.
  bool ReadLengthPrefixed(uint64_t limit, std::string_view* bytes, std::string_view what) {
    uint64_t n;
    return ReadVarintUpTo(limit, &n, what) && ReadBytes(n, bytes, what);
  }
  bool Skip(uint64_t n, std::string_view what) {
    std::string_view ignored;
    return ReadBytes(n, &ignored, what);
  }
  // Fails unless everything was read.
  bool ExpectEnd(std::string_view what) {
    return ok() && (AtEnd() || FailAt(offset_, Fault::kTrailing, what, remaining()));
  }
  // Makes the reader fail at its position because of `what` (a sentence: "level out of range").
  bool Fail(std::string_view what) { return FailAt(offset_, Fault::kWrong, what, 0); }
  bool FailAtOffset(size_t offset, std::string_view what) {
    return FailAt(offset, Fault::kWrong, what, 0);
  }

  // Returns DataLoss "offset 12: expected 8 bytes of timestamp, 3 remain" after a failure, else OK.
  absl::Status status() const;

 private:
  enum class Fault : uint8_t { kNone, kShort, kOverlong, kTooLarge, kTrailing, kWrong };

  template <typename Unsigned>
  bool ReadFixed(Unsigned* v, std::string_view what) {
    if (!ok() || remaining() < sizeof(*v)) [[unlikely]] {
      return FailAt(offset_, Fault::kShort, what, sizeof(*v));
    }
    std::memcpy(v, input_.data() + offset_, sizeof(*v));
    offset_ += sizeof(*v);
    return true;
  }
  bool ReadLongVarint64(uint64_t* v, std::string_view what);
  bool FailAt(size_t offset, Fault fault, std::string_view what, uint64_t number);

  std::string_view input_;
  size_t offset_ = 0;
  Fault fault_ = Fault::kNone;
  // Details of the first failure.
  size_t fault_offset_ = 0;
  uint64_t fault_number_ = 0;
  std::string_view fault_what_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_CODING_H_
