// SPDX-License-Identifier: Apache-2.0

#include "core/format/parquet_bloom.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/parquet_metadata.h"

namespace veralith::parquet {
namespace {

constexpr size_t kBlockBytes = 32;
constexpr size_t kWords = 8;  // in a block

// BloomFilter.md of apache/parquet-format.
constexpr uint32_t kSalt[kWords] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                    0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

size_t BlockOffset(uint64_t hash, size_t bytes) {
  const uint64_t blocks = bytes / kBlockBytes;
  return static_cast<size_t>((hash >> 32) * blocks >> 32) * kBlockBytes;
}

uint32_t MaskOfWord(uint64_t hash, size_t word) {
  return uint32_t{1} << (static_cast<uint32_t>(hash) * kSalt[word] >> 27);
}

bool IsFilterSize(size_t bytes) {
  return bytes >= kMinBloomBytes && bytes <= kMaxBloomBytes && bytes % kBlockBytes == 0;
}

}  // namespace

uint64_t BloomHash(std::string_view value) { return XXH64(value.data(), value.size(), 0); }

size_t BloomBytes(uint64_t distinct_values, double false_positive_rate) {
  VERALITH_CHECK(false_positive_rate > 0 && false_positive_rate < 1);
  const double bits = -8.0 * static_cast<double>(distinct_values) /
                      std::log(1 - std::pow(false_positive_rate, 1.0 / 8));
  const double bytes = std::min(bits / 8, static_cast<double>(kMaxBloomBytes));
  return std::bit_ceil(std::max(static_cast<size_t>(std::ceil(bytes)), kMinBloomBytes));
}

BloomBuilder::BloomBuilder(size_t bytes) : bits_(bytes, '\0') {
  VERALITH_CHECK(IsFilterSize(bytes));
}

void BloomBuilder::Insert(uint64_t hash) {
  char* const block = bits_.data() + BlockOffset(hash, bits_.size());
  uint32_t words[kWords];
  std::memcpy(words, block, kBlockBytes);
  for (size_t i = 0; i < kWords; ++i) {
    words[i] |= MaskOfWord(hash, i);
  }
  std::memcpy(block, words, kBlockBytes);
}

void BloomBuilder::Clear() { std::fill(bits_.begin(), bits_.end(), '\0'); }

void BloomBuilder::AppendTo(std::string* out) const {
  AppendBloomFilterHeader({.num_bytes = static_cast<int32_t>(bits_.size())}, out);
  out->append(bits_);
}

absl::StatusOr<BloomView> BloomView::Parse(std::string_view bytes) {
  size_t header_bytes = 0;
  VERALITH_ASSIGN_OR_RETURN(const BloomFilterHeader header,
                            DecodeBloomFilterHeader(bytes, &header_bytes));
  const std::string_view bits = bytes.substr(header_bytes);
  if (header.num_bytes < 0 || bits.size() != static_cast<size_t>(header.num_bytes) ||
      !IsFilterSize(bits.size())) {
    return DataLoss("bloom filter of " + std::to_string(header.num_bytes) + " bytes in " +
                    std::to_string(bits.size()));
  }
  return BloomView(bits);
}

bool BloomView::MayContain(uint64_t hash) const {
  const char* const block = bits_.data() + BlockOffset(hash, bits_.size());
  uint32_t words[kWords];
  std::memcpy(words, block, kBlockBytes);
  uint32_t missing = 0;
  for (size_t i = 0; i < kWords; ++i) {
    missing |= ~words[i] & MaskOfWord(hash, i);
  }
  return missing == 0;
}

}  // namespace veralith::parquet
