// SPDX-License-Identifier: Apache-2.0

#include "core/format/rle_encoding.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/bit_packing.h"
#include "core/format/byte_cursor.h"

namespace veralith::parquet {
namespace {

constexpr size_t kGroup = 8;  // bit-packed runs are whole groups of 8 values

template <typename T>
void AppendRun(T value, size_t count, int bit_width, std::string* out) {
  AppendVarint(static_cast<uint64_t>(count) << 1, out);
  const uint32_t wide = value;
  out->append(reinterpret_cast<const char*>(&wide), static_cast<size_t>(bit_width + 7) / 8);
}

template <typename T>
void AppendBitPacked(std::span<const T> values, int bit_width, std::string* out) {
  if (values.empty()) {
    return;
  }
  const size_t groups = (values.size() + kGroup - 1) / kGroup;
  AppendVarint(static_cast<uint64_t>(groups) << 1 | 1, out);
  size_t left = groups * static_cast<size_t>(bit_width);  // bytes
  char packed[4 * 32];
  for (size_t start = 0; start < values.size(); start += kPackGroup) {
    uint32_t group[kPackGroup] = {};
    const size_t count = std::min(kPackGroup, values.size() - start);
    std::copy_n(values.begin() + static_cast<ptrdiff_t>(start), count, group);
    Pack32(group, bit_width, packed);
    const size_t bytes = std::min<size_t>(left, 4 * static_cast<size_t>(bit_width));
    out->append(packed, bytes);
    left -= bytes;
  }
}

template <typename T>
size_t RunLength(std::span<const T> values, size_t start) {
  size_t end = start + 1;
  while (end < values.size() && values[end] == values[start]) {
    ++end;
  }
  return end - start;
}

// Makes RLE of runs of at least 8 that start where a group could start, and bit-packed groups of
// the rest.
template <typename T>
void AppendHybrid(std::span<const T> values, int bit_width, std::string* out) {
  size_t literals = 0;  // values[literals, i) wait to be bit-packed, in whole groups
  size_t i = 0;
  while (i < values.size()) {
    const size_t run = RunLength(values, i);
    if (run < kGroup) {
      i = std::min(i + kGroup, values.size());
      continue;
    }
    AppendBitPacked(values.subspan(literals, i - literals), bit_width, out);
    AppendRun(values[i], run, bit_width, out);
    i += run;
    literals = i;
  }
  AppendBitPacked(values.subspan(literals), bit_width, out);
}

void UnpackValues(const char* in, int bit_width, std::span<uint32_t> out) {
  const size_t step = 4 * static_cast<size_t>(bit_width);
  size_t done = 0;
  for (; done + kPackGroup <= out.size(); done += kPackGroup, in += step) {
    Unpack32(in, bit_width, out.data() + done);
  }
  if (const size_t left = out.size() - done; left > 0) {
    char padded[4 * 32] = {};
    uint32_t values[kPackGroup];
    const size_t groups = (left + kGroup - 1) / kGroup;
    std::memcpy(padded, in, groups * static_cast<size_t>(bit_width));
    Unpack32(padded, bit_width, values);
    std::copy_n(values, left, out.data() + done);
  }
}

void UnpackLevels(const char* in, std::span<uint8_t> out) {
  size_t i = 0;
  for (; i + 8 <= out.size(); i += 8) {
    const unsigned byte = static_cast<uint8_t>(in[i / 8]);
    for (size_t bit = 0; bit < 8; ++bit) {
      out[i + bit] = static_cast<uint8_t>(byte >> bit & 1);
    }
  }
  for (; i < out.size(); ++i) {
    out[i] = static_cast<uint8_t>(static_cast<uint8_t>(in[i / 8]) >> (i % 8) & 1);
  }
}

void Unpack(const char* in, int bit_width, std::span<uint32_t> out) {
  UnpackValues(in, bit_width, out);
}
void Unpack(const char* in, int, std::span<uint8_t> out) { UnpackLevels(in, out); }

// Reads one run of `count` equal values from the cursor.
template <typename T>
absl::Status ReadRun(ByteCursor* cursor, int bit_width, uint64_t count, std::span<T> out) {
  const size_t bytes = static_cast<size_t>(bit_width + 7) / 8;
  if (count == 0 || count > out.size()) {
    return cursor->Error("run of " + std::to_string(count) + " values where at most " +
                         std::to_string(out.size()) + " are expected");
  }
  if (cursor->remaining() < bytes) {
    return cursor->Error("run without its value");
  }
  uint32_t value = 0;
  std::memcpy(&value, cursor->data(), bytes);
  if (static_cast<uint64_t>(value) >> bit_width != 0) {
    return cursor->Error("run of a value wider than its bit width");
  }
  cursor->Advance(bytes);
  std::fill_n(out.begin(), count, static_cast<T>(value));
  return absl::OkStatus();
}

// Reads `groups` bit-packed groups of 8, and sets *count to how many of their values are expected.
// The rest is padding: some writers (DuckDB) always pack 256 values.
template <typename T>
absl::Status ReadBitPacked(ByteCursor* cursor, int bit_width, uint64_t groups, std::span<T> out,
                           size_t* count) {
  if (groups == 0) {
    return cursor->Error("empty bit-packed run");
  }
  const auto width = static_cast<uint64_t>(bit_width);
  if (width > 0 && groups > cursor->remaining() / width) {
    return cursor->Error("bit-packed run longer than the page data");
  }
  const uint64_t bytes = groups * width;
  *count = groups >= out.size() / kGroup + 1 ? out.size() : groups * kGroup;
  Unpack(cursor->data(), bit_width, out.first(*count));
  cursor->Advance(bytes);
  return absl::OkStatus();
}

template <typename T>
absl::StatusOr<size_t> DecodeHybrid(std::string_view bytes, int bit_width, std::span<T> out) {
  ByteCursor cursor(bytes);
  while (!out.empty()) {
    uint64_t header = 0;
    if (!cursor.ReadVarint(&header)) {
      return cursor.Error("RLE run header malformed");
    }
    size_t count = header >> 1;
    if ((header & 1) == 0) {
      VERALITH_RETURN_IF_ERROR(ReadRun(&cursor, bit_width, header >> 1, out));
    } else {
      VERALITH_RETURN_IF_ERROR(ReadBitPacked(&cursor, bit_width, header >> 1, out, &count));
    }
    out = out.subspan(count);
  }
  return cursor.offset();
}

}  // namespace

void AppendRle(std::span<const uint32_t> values, int bit_width, std::string* out) {
  VERALITH_CHECK(bit_width >= 0 && bit_width <= 32);
  AppendHybrid(values, bit_width, out);
}

void AppendRleLevels(std::span<const uint8_t> levels, std::string* out) {
  AppendHybrid(levels, 1, out);
}

absl::StatusOr<size_t> DecodeRle(std::string_view bytes, int bit_width, std::span<uint32_t> out) {
  if (bit_width < 0 || bit_width > 32) {
    return DataLoss("RLE bit width " + std::to_string(bit_width));
  }
  return DecodeHybrid(bytes, bit_width, out);
}

absl::StatusOr<size_t> DecodeRleLevels(std::string_view bytes, std::span<uint8_t> out,
                                       size_t* ones) {
  VERALITH_ASSIGN_OR_RETURN(const size_t used, DecodeHybrid(bytes, 1, out));
  if (ones != nullptr) {
    size_t sum = 0;
    for (const uint8_t level : out) {
      sum += level;
    }
    *ones = sum;
  }
  return used;
}

absl::StatusOr<LevelsV1> SplitLevelsV1(std::string_view body) {
  uint32_t length = 0;
  if (body.size() < sizeof(length)) {
    return DataLoss("page of an optional column without the length of its levels");
  }
  std::memcpy(&length, body.data(), sizeof(length));
  body.remove_prefix(sizeof(length));
  if (length > body.size()) {
    return DataLoss("levels of " + std::to_string(length) + " bytes in page data of " +
                    std::to_string(body.size()));
  }
  return LevelsV1{body.substr(0, length), body.substr(length)};
}

absl::StatusOr<size_t> DecodeDictionaryIndices(std::string_view bytes, uint32_t dictionary_size,
                                               std::span<uint32_t> out) {
  if (out.empty()) {
    return std::min<size_t>(bytes.size(), 1);
  }
  if (bytes.empty()) {
    return DataLoss("dictionary indices without their bit width");
  }
  VERALITH_ASSIGN_OR_RETURN(const size_t used,
                            DecodeRle(bytes.substr(1), static_cast<uint8_t>(bytes[0]), out));
  const uint32_t largest = *std::max_element(out.begin(), out.end());
  if (largest >= dictionary_size) {
    return DataLoss("dictionary index " + std::to_string(largest) + " of " +
                    std::to_string(dictionary_size));
  }
  return used + 1;
}

}  // namespace veralith::parquet
