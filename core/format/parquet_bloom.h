// SPDX-License-Identifier: Apache-2.0

// Parquet's own bloom filter (split block, XXH64 with seed 0), written so that other readers can
// skip row groups. Our lookups use core/format/filter.h instead.
//
// A filter consists of 32-byte blocks: at least 32 bytes, at most 128 MiB. We write a power of two
// of blocks and read any number. A value's hash is XXH64 of its PLAIN bytes, for a BYTE_ARRAY
// without the length.
#ifndef VERALITH_CORE_FORMAT_PARQUET_BLOOM_H_
#define VERALITH_CORE_FORMAT_PARQUET_BLOOM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace veralith::parquet {

inline constexpr size_t kMinBloomBytes = 32;
inline constexpr size_t kMaxBloomBytes = size_t{128} << 20;

uint64_t BloomHash(std::string_view value);

// The size of a filter for `distinct_values` with at most `false_positive_rate` (0 < rate < 1): a
// power of two in [kMinBloomBytes, kMaxBloomBytes].
size_t BloomBytes(uint64_t distinct_values, double false_positive_rate);

class BloomBuilder {
 public:
  // `bytes` as BloomBytes gives it.
  explicit BloomBuilder(size_t bytes);

  void Insert(uint64_t hash);
  void Clear();  // an empty filter of the same size

  // Appends header and filter as they stand in the file (bloom_filter_offset / _length span both).
  void AppendTo(std::string* out) const;

 private:
  std::string bits_;
};

// A view of a filter in a file; `bytes` must outlive it.
class BloomView {
 public:
  // `bytes`: header and filter. DataLoss if the size is not that of a filter, if bytes are missing,
  // or if bytes follow the filter. Unimplemented for algorithms other than the specified ones.
  static absl::StatusOr<BloomView> Parse(std::string_view bytes);

  // False means that the value was certainly not inserted. Allocates nothing.
  bool MayContain(uint64_t hash) const;

  std::string_view bits() const { return bits_; }

 private:
  explicit BloomView(std::string_view bits) : bits_(bits) {}
  std::string_view bits_;
};

}  // namespace veralith::parquet

#endif  // VERALITH_CORE_FORMAT_PARQUET_BLOOM_H_
