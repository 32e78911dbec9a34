// SPDX-License-Identifier: Apache-2.0

// DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY as Parquet's Encodings.md
// defines them.
//
// Encoders append to a reused string, in blocks of 128 values and miniblocks of 32 (as every known
// writer does), and are deterministic. Decoders are total and take any legal block size. The caller
// gives them the number of values to expect. It has bounded that number against the memory it
// allows, because a run of equal deltas costs almost no bytes. They allocate nothing, and return
// how many input bytes they used. A count in the bytes that differs from the expected one is
// DataLoss.
#ifndef VERALITH_CORE_FORMAT_DELTA_ENCODING_H_
#define VERALITH_CORE_FORMAT_DELTA_ENCODING_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace veralith::parquet {

// --- DELTA_BINARY_PACKED ------------------------------------------------------------------------

// Differences wrap around, so every value is representable.
void AppendDeltaBinaryPacked(std::span<const int32_t> values, std::string* out);
void AppendDeltaBinaryPacked(std::span<const int64_t> values, std::string* out);

// Fill all of `out`.
absl::StatusOr<size_t> DecodeDeltaBinaryPacked(std::string_view bytes, std::span<int32_t> out);
absl::StatusOr<size_t> DecodeDeltaBinaryPacked(std::string_view bytes, std::span<int64_t> out);

// --- DELTA_LENGTH_BYTE_ARRAY --------------------------------------------------------------------

// Collects the values of one page. Steady state allocates nothing.
class DeltaLengthByteArrayEncoder {
 public:
  void Add(std::string_view value) {
    lengths_.push_back(static_cast<int32_t>(value.size()));
    data_.append(value);
  }
  size_t count() const { return lengths_.size(); }
  // Appends the encoded page body and forgets the values.
  void Finish(std::string* out);

 private:
  std::vector<int32_t> lengths_;
  std::string data_;
};

// offsets.size() == values + 1. Value i is data.substr(offsets[i], offsets[i + 1] - offsets[i]),
// where `data` is set to a view into `bytes` (the last part of what is consumed). offsets[0] == 0.
absl::StatusOr<size_t> DecodeDeltaLengthByteArray(std::string_view bytes,
                                                  std::span<uint32_t> offsets,
                                                  std::string_view* data);

// --- DELTA_BYTE_ARRAY ---------------------------------------------------------------------------

// Collects the values of one page, always with the longest common prefix.
class DeltaByteArrayEncoder {
 public:
  void Add(std::string_view value);
  size_t raw_bytes() const { return raw_bytes_; }  // sum of the values' lengths
  // Appends the encoded page body and forgets the values.
  void Finish(std::string* out);

 private:
  std::vector<int32_t> prefix_lengths_;
  std::vector<int32_t> suffix_lengths_;
  std::string suffixes_;
  std::string last_;
  size_t raw_bytes_ = 0;
};

// A decoded DELTA_BYTE_ARRAY page. Value i is the first prefix_lengths[i] bytes of value i - 1
// followed by suffixes.substr(suffix_offsets[i], suffix_offsets[i+1] - suffix_offsets[i]).
// Guaranteed: prefix_lengths[0] == 0, and no prefix is longer than the value before it.
struct DeltaByteArrayView {
  std::span<const uint32_t> prefix_lengths;  // the caller's array
  std::span<const uint32_t> suffix_offsets;  // the caller's array, one more than values
  std::string_view suffixes;                 // in the input
  uint64_t total_bytes = 0;  // of all values, rebuilt: bound it before materializing them
  uint32_t max_bytes = 0;    // length of the longest value
  uint32_t min_bytes = 0;    // length of the shortest value; 0 if there is none
  // The longest common prefix of all values is at least this long. It is the true one if the writer
  // used maximal prefixes and values ascend. Computed as the smallest of the prefix lengths of
  // values 1.. and the length of value 0.
  uint32_t common_prefix = 0;
  size_t consumed = 0;
};

// prefix_lengths.size() == values, suffix_offsets.size() == values + 1. Values longer than
// `max_value_bytes` are DataLoss.
absl::StatusOr<DeltaByteArrayView> DecodeDeltaByteArray(std::string_view bytes,
                                                        std::span<uint32_t> prefix_lengths,
                                                        std::span<uint32_t> suffix_offsets,
                                                        uint32_t max_value_bytes);

// Writes the values one after the other to out (view.total_bytes bytes), and their offsets
// (values + 1 of them).
void MaterializeDeltaByteArray(const DeltaByteArrayView& view, char* out, uint64_t* offsets);

}  // namespace veralith::parquet

#endif  // VERALITH_CORE_FORMAT_DELTA_ENCODING_H_
