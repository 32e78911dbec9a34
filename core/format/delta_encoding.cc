// SPDX-License-Identifier: Apache-2.0

#include "core/format/delta_encoding.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/bit_packing.h"
#include "core/format/byte_cursor.h"
#include "core/format/common_prefix.h"

namespace veralith::parquet {
namespace {

constexpr size_t kBlockValues = 128;
constexpr size_t kMiniblocks = 4;
static_assert(kBlockValues / kMiniblocks == kPackGroup);

// --- DELTA_BINARY_PACKED: encoding --------------------------------------------------------------

// Appends one block: `count` (1 to 128) differences, in deltas[0..128), which it overwrites.
template <typename U>
void AppendBlock(U* deltas, size_t count, std::string* out) {
  using T = std::make_signed_t<U>;
  T least = std::numeric_limits<T>::max();
  for (size_t i = 0; i < count; ++i) {
    least = std::min(least, static_cast<T>(deltas[i]));
  }
  for (size_t i = 0; i < count; ++i) {
    deltas[i] -= static_cast<U>(least);
  }
  std::fill(deltas + count, deltas + kBlockValues, U{0});
  AppendZigzag(least, out);
  int widths[kMiniblocks];
  size_t bytes = 0;
  for (size_t m = 0; m < kMiniblocks; ++m) {
    U all = 0;
    for (size_t i = 0; i < kPackGroup; ++i) {
      all |= deltas[m * kPackGroup + i];
    }
    widths[m] = BitWidth(all);
    out->push_back(static_cast<char>(widths[m]));
    bytes += 4 * static_cast<size_t>(widths[m]);
  }
  size_t position = out->size();
  out->resize(position + bytes);
  for (size_t m = 0; m < kMiniblocks; ++m) {
    Pack32(deltas + m * kPackGroup, widths[m], out->data() + position);
    position += 4 * static_cast<size_t>(widths[m]);
  }
}

template <typename T>
void AppendPacked(std::span<const T> values, std::string* out) {
  using U = std::make_unsigned_t<T>;
  AppendVarint(kBlockValues, out);
  AppendVarint(kMiniblocks, out);
  AppendVarint(values.size(), out);
  AppendZigzag(values.empty() ? 0 : values[0], out);
  U deltas[kBlockValues];
  for (size_t start = 1; start < values.size(); start += kBlockValues) {
    const size_t count = std::min(kBlockValues, values.size() - start);
    for (size_t i = 0; i < count; ++i) {
      deltas[i] = static_cast<U>(values[start + i]) - static_cast<U>(values[start + i - 1]);
    }
    AppendBlock(deltas, count, out);
  }
}

// --- DELTA_BINARY_PACKED: decoding --------------------------------------------------------------

// Decodes into out; DecodePacked describes the whole. `miniblock` is the number of values in one.
template <typename T>
class PackedDecoder {
 public:
  using U = std::make_unsigned_t<T>;

  PackedDecoder(std::string_view bytes, std::span<T> out) : cursor_(bytes), out_(out) {}

  absl::StatusOr<size_t> Decode() {
    VERALITH_RETURN_IF_ERROR(ReadHeader());
    while (done_ < out_.size()) {
      VERALITH_RETURN_IF_ERROR(ReadBlock());
    }
    return cursor_.offset();
  }

 private:
  absl::Status ReadHeader() {
    uint64_t block = 0;
    uint64_t count = 0;
    int64_t first = 0;
    if (!cursor_.ReadVarint(&block) || !cursor_.ReadVarint(&miniblocks_) ||
        !cursor_.ReadVarint(&count) || !cursor_.ReadZigzag(&first)) {
      return cursor_.Error("DELTA_BINARY_PACKED header malformed");
    }
    if (block == 0 || block % 128 != 0 || block > INT32_MAX || miniblocks_ == 0 ||
        block % miniblocks_ != 0 || block / miniblocks_ % kPackGroup != 0) {
      return cursor_.Error("DELTA_BINARY_PACKED block sizes are not legal");
    }
    if (count != out_.size()) {
      return cursor_.Error("DELTA_BINARY_PACKED of " + std::to_string(count) + " values where " +
                           std::to_string(out_.size()) + " are expected");
    }
    miniblock_ = block / miniblocks_;
    last_ = static_cast<U>(first);
    if (!out_.empty()) {
      out_[done_++] = static_cast<T>(last_);
    }
    return absl::OkStatus();
  }

  absl::Status ReadBlock() {
    int64_t least = 0;
    if (!cursor_.ReadZigzag(&least) || cursor_.remaining() < miniblocks_) {
      return cursor_.Error("DELTA_BINARY_PACKED block header malformed");
    }
    const char* widths = cursor_.data();
    cursor_.Advance(miniblocks_);
    for (uint64_t m = 0; m < miniblocks_ && done_ < out_.size(); ++m) {
      VERALITH_RETURN_IF_ERROR(
          ReadMiniblock(static_cast<uint8_t>(widths[m]), static_cast<U>(least)));
    }
    return absl::OkStatus();
  }

  absl::Status ReadMiniblock(size_t width, U least) {
    if (width > 8 * sizeof(T)) {
      return cursor_.Error("DELTA_BINARY_PACKED bit width " + std::to_string(width));
    }
    const uint64_t bytes = miniblock_ * width / 8;
    if (cursor_.remaining() < bytes) {
      return cursor_.Error("DELTA_BINARY_PACKED miniblock longer than the page data");
    }
    const size_t count = std::min<uint64_t>(miniblock_, out_.size() - done_);
    if (width == 0) {
      AddConstant(least, count);
    } else {
      Add(cursor_.data(), static_cast<int>(width), least, count);
    }
    cursor_.Advance(bytes);
    return absl::OkStatus();
  }

  void AddConstant(U least, size_t count) {
    T* out = out_.data() + done_;
    U last = last_;
    for (size_t i = 0; i < count; ++i) {  // no product: SSE2 has none of this width
      last += least;
      out[i] = static_cast<T>(last);
    }
    last_ = last;
    done_ += count;
  }

  void Add(const char* in, int width, U least, size_t count) {
    U deltas[kPackGroup];
    T* out = out_.data() + done_;
    U last = last_;
    for (size_t start = 0; start < count; start += kPackGroup) {
      Unpack32(in, width, deltas);
      in += 4 * width;
      const size_t group = std::min(kPackGroup, count - start);
      for (size_t i = 0; i < group; ++i) {
        last += least + deltas[i];
        out[start + i] = static_cast<T>(last);
      }
    }
    last_ = last;
    done_ += count;
  }

  ByteCursor cursor_;
  std::span<T> out_;
  uint64_t miniblocks_ = 0;
  uint64_t miniblock_ = 0;
  size_t done_ = 0;
  U last_ = 0;
};

// Turns the lengths in offsets[1..] into running sums. Returns false if one is negative or the sum
// is above `limit`.
bool LengthsToOffsets(std::span<uint32_t> offsets, uint64_t limit) {
  uint64_t sum = 0;
  uint32_t signs = 0;
  offsets[0] = 0;
  for (size_t i = 1; i < offsets.size(); ++i) {
    signs |= offsets[i];
    sum += offsets[i];
    offsets[i] = static_cast<uint32_t>(sum);
  }
  return (signs >> 31) == 0 && sum <= limit;
}

std::span<int32_t> AsSigned(std::span<uint32_t> values) {
  return {reinterpret_cast<int32_t*>(values.data()), values.size()};
}

}  // namespace

void AppendDeltaBinaryPacked(std::span<const int32_t> values, std::string* out) {
  AppendPacked(values, out);
}
void AppendDeltaBinaryPacked(std::span<const int64_t> values, std::string* out) {
  AppendPacked(values, out);
}

absl::StatusOr<size_t> DecodeDeltaBinaryPacked(std::string_view bytes, std::span<int32_t> out) {
  return PackedDecoder<int32_t>(bytes, out).Decode();
}
absl::StatusOr<size_t> DecodeDeltaBinaryPacked(std::string_view bytes, std::span<int64_t> out) {
  return PackedDecoder<int64_t>(bytes, out).Decode();
}

// --- DELTA_LENGTH_BYTE_ARRAY --------------------------------------------------------------------

void DeltaLengthByteArrayEncoder::Finish(std::string* out) {
  AppendDeltaBinaryPacked(std::span<const int32_t>(lengths_), out);
  out->append(data_);
  lengths_.clear();
  data_.clear();
}

absl::StatusOr<size_t> DecodeDeltaLengthByteArray(std::string_view bytes,
                                                  std::span<uint32_t> offsets,
                                                  std::string_view* data) {
  VERALITH_CHECK(!offsets.empty());
  if (bytes.size() > UINT32_MAX) {
    return InvalidArgument("page data of 4 GiB or more");
  }
  VERALITH_ASSIGN_OR_RETURN(const size_t used,
                            DecodeDeltaBinaryPacked(bytes, AsSigned(offsets.subspan(1))));
  if (!LengthsToOffsets(offsets, bytes.size() - used)) {
    return DataLoss("byte array lengths beyond the page data, from offset " + std::to_string(used) +
                    " of the page data");
  }
  *data = bytes.substr(used, offsets.back());
  return used + offsets.back();
}

// --- DELTA_BYTE_ARRAY ---------------------------------------------------------------------------

void DeltaByteArrayEncoder::Add(std::string_view value) {
  VERALITH_CHECK(value.size() <= INT32_MAX);
  const size_t prefix = CommonPrefix(last_, value);
  prefix_lengths_.push_back(static_cast<int32_t>(prefix));
  suffix_lengths_.push_back(static_cast<int32_t>(value.size() - prefix));
  suffixes_.append(value.substr(prefix));
  last_.resize(prefix);
  last_.append(value.substr(prefix));
  raw_bytes_ += value.size();
}

void DeltaByteArrayEncoder::Finish(std::string* out) {
  AppendDeltaBinaryPacked(std::span<const int32_t>(prefix_lengths_), out);
  AppendDeltaBinaryPacked(std::span<const int32_t>(suffix_lengths_), out);
  out->append(suffixes_);
  prefix_lengths_.clear();
  suffix_lengths_.clear();
  suffixes_.clear();
  last_.clear();
  raw_bytes_ = 0;
}

namespace {

// Checks the prefix lengths against the values that they are prefixes of, and adds up the sizes.
absl::Status Summarize(uint32_t max_value_bytes, DeltaByteArrayView* view) {
  uint64_t last = 0;
  uint64_t longest = 0;
  uint64_t shortest = UINT64_MAX;
  uint64_t least_prefix = UINT64_MAX;
  for (size_t i = 0; i < view->prefix_lengths.size(); ++i) {
    const uint64_t prefix = view->prefix_lengths[i];
    if (prefix > last) {
      return DataLoss("prefix of value " + std::to_string(i) + " longer than the value before");
    }
    last = prefix + view->suffix_offsets[i + 1] - view->suffix_offsets[i];
    view->total_bytes += last;
    longest = std::max(longest, last);
    shortest = std::min(shortest, last);
    least_prefix = std::min(least_prefix, i == 0 ? last : prefix);
  }
  if (longest > max_value_bytes) {
    return DataLoss("byte array of " + std::to_string(longest) + " bytes");
  }
  if (!view->prefix_lengths.empty()) {
    view->max_bytes = static_cast<uint32_t>(longest);
    view->min_bytes = static_cast<uint32_t>(shortest);
    view->common_prefix = static_cast<uint32_t>(least_prefix);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DeltaByteArrayView> DecodeDeltaByteArray(std::string_view bytes,
                                                        std::span<uint32_t> prefix_lengths,
                                                        std::span<uint32_t> suffix_offsets,
                                                        uint32_t max_value_bytes) {
  VERALITH_CHECK(suffix_offsets.size() == prefix_lengths.size() + 1);
  VERALITH_ASSIGN_OR_RETURN(const size_t used,
                            DecodeDeltaBinaryPacked(bytes, AsSigned(prefix_lengths)));
  DeltaByteArrayView view;
  VERALITH_ASSIGN_OR_RETURN(
      const size_t rest,
      DecodeDeltaLengthByteArray(bytes.substr(used), suffix_offsets, &view.suffixes));
  view.prefix_lengths = prefix_lengths;
  view.suffix_offsets = suffix_offsets;
  view.consumed = used + rest;
  VERALITH_RETURN_IF_ERROR(Summarize(max_value_bytes, &view));
  return view;
}

void MaterializeDeltaByteArray(const DeltaByteArrayView& view, char* out, uint64_t* offsets) {
  const char* last = out;
  char* const start = out;
  const char* suffix = view.suffixes.data();
  for (size_t i = 0; i < view.prefix_lengths.size(); ++i) {
    offsets[i] = static_cast<uint64_t>(out - start);
    const size_t prefix = view.prefix_lengths[i];
    const size_t length = view.suffix_offsets[i + 1] - view.suffix_offsets[i];
    if (prefix != 0) {
      std::memcpy(out, last, prefix);
    }
    if (length != 0) {
      std::memcpy(out + prefix, suffix, length);
    }
    last = out;
    suffix += length;
    out += prefix + length;
  }
  offsets[view.prefix_lengths.size()] = static_cast<uint64_t>(out - start);
}

}  // namespace veralith::parquet
