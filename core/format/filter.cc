// SPDX-License-Identifier: Apache-2.0

#include "core/format/filter.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/coding.h"

namespace veralith {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kBlockBytes = 64;
constexpr size_t kHeaderBytes = kBlockBytes;  // so that blocks keep the alignment of the whole
constexpr int kMaxProbes = 16;
constexpr double kMaxBitsPerKey = 64;
constexpr uint32_t kProbeMultiplier = 0x9e3779b9;

// The upper half of the hash chooses the block.
size_t BlockOffset(uint64_t hash, uint32_t num_blocks) {
  return kBlockBytes * static_cast<size_t>(((hash >> 32) * num_blocks) >> 32);
}

// The lower half chooses a sequence of bits in the block: the top nine bits of a running product.
class Probes {
 public:
  explicit Probes(uint64_t hash) : state_(static_cast<uint32_t>(hash) * kProbeMultiplier) {}
  uint32_t NextBit() {
    const uint32_t bit = state_ >> (32 - 9);
    state_ *= kProbeMultiplier;
    return bit;
  }

 private:
  uint32_t state_;
};

// Less than the 0.69 per bit of an unblocked filter: blocks fill unevenly, and each probe costs
// time.
int NumProbes(double bits_per_key) {
  return std::clamp(static_cast<int>(std::lround(bits_per_key * 0.6)), 1, kMaxProbes);
}

absl::Status Bad(std::string_view what) { return DataLoss(StrCat("filter: ", what)); }

}  // namespace

FilterBuilder::FilterBuilder(double bits_per_key)
    : bits_per_key_(std::clamp(bits_per_key, 0.0, kMaxBitsPerKey)) {}

void FilterBuilder::Add(uint64_t hash) {
  if (bits_per_key_ > 0 && (hashes_.size() == 0 || last_ != hash)) {
    hashes_.Append({reinterpret_cast<const char*>(&hash), sizeof(hash)});
    last_ = hash;
  }
}

uint32_t FilterBuilder::NumBlocks() const {
  const double exact = static_cast<double>(num_hashes()) * bits_per_key_;
  const auto whole = static_cast<uint64_t>(exact);
  const uint64_t bits = whole + (static_cast<double>(whole) < exact ? 1 : 0);
  constexpr uint64_t kBlockBits = 8 * kBlockBytes;
  return static_cast<uint32_t>(
      std::min<uint64_t>((bits + kBlockBits - 1) / kBlockBits, UINT32_MAX));
}

size_t FilterBuilder::EstimatedBytes() const {
  return bits_per_key_ > 0 ? kHeaderBytes + kBlockBytes * size_t{NumBlocks()} : 0;
}

std::string FilterBuilder::Finish() {
  std::string out(EstimatedBytes(), '\0');
  if (out.empty()) {
    return out;
  }
  const uint32_t num_blocks = NumBlocks();
  const int num_probes = NumProbes(bits_per_key_);
  out[0] = static_cast<char>(kVersion);
  out[1] = static_cast<char>(num_probes);
  StoreLe32(out.data() + 4, num_blocks);
  const std::span hashes(reinterpret_cast<const uint64_t*>(hashes_.data()), num_hashes());
  for (const uint64_t hash : hashes) {
    char* const block = out.data() + kHeaderBytes + BlockOffset(hash, num_blocks);
    Probes probes(hash);
    for (int i = 0; i < num_probes; ++i) {
      const uint32_t bit = probes.NextBit();
      block[bit / 8] = static_cast<char>(block[bit / 8] | (1 << (bit % 8)));
    }
  }
  hashes_.Release();
  return out;
}

absl::StatusOr<FilterView> FilterView::Parse(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) {
    return Bad(StrCat("expected a header of ", kHeaderBytes, " bytes, found ", bytes.size()));
  }
  const auto version = static_cast<uint8_t>(bytes[0]);
  const auto num_probes = static_cast<uint8_t>(bytes[1]);
  const uint32_t num_blocks = LoadLe32(bytes.data() + 4);
  if (version != kVersion) {
    return Unimplemented(StrCat("filter: version ", version));
  }
  if (num_probes < 1 || num_probes > kMaxProbes) {
    return Bad(StrCat("offset 1: ", num_probes, " probes"));
  }
  const auto is_zero = [](char c) { return c == 0; };
  if (bytes[2] != 0 || bytes[3] != 0 ||
      !std::all_of(bytes.begin() + 8, bytes.begin() + kHeaderBytes, is_zero)) {
    return Bad("reserved bytes of the header are not 0");
  }
  const uint64_t expected_bytes = kHeaderBytes + kBlockBytes * uint64_t{num_blocks};
  if (bytes.size() != expected_bytes) {
    return Bad(StrCat("expected ", expected_bytes, " bytes, found ", bytes.size()));
  }
  FilterView view;
  view.blocks_ = bytes.data() + kHeaderBytes;
  view.num_blocks_ = num_blocks;
  view.num_probes_ = num_probes;
  return view;
}

bool FilterView::MayContain(uint64_t hash) const {
  if (num_blocks_ == 0) {
    return false;
  }
  const char* const block = blocks_ + BlockOffset(hash, num_blocks_);
  Probes probes(hash);
  for (int i = 0; i < num_probes_; ++i) {
    const uint32_t bit = probes.NextBit();
    if (((block[bit / 8] >> (bit % 8)) & 1) == 0) {
      return false;
    }
  }
  return true;
}

void FilterView::Prefetch(uint64_t hash) const {
  if (num_blocks_ != 0) {
    __builtin_prefetch(blocks_ + BlockOffset(hash, num_blocks_));
  }
}

}  // namespace veralith
