// SPDX-License-Identifier: Apache-2.0

// A filter over user keys: a Bloom filter in blocks of one cache line (Putze, Sanders, Singler:
// "Cache-, hash- and space-efficient Bloom filters", 2007) over HashUserKey(ns, key). FORMAT.md,
// "Filter", has the bytes.
//
// Invariants
//   1. No false negatives: MayContain is true for every hash added.
//   2. At 10 bits per key a hash that was not added passes in about 1 of 100 cases (< 1.5 %).
//   3. Parse is total; a view that parsed can be asked anything without further checks.
// A filter decides nothing but speed: a true answer must be followed by a real lookup.
//
// Ownership: a FilterView points into the parsed bytes. Thread rule: a view from any thread.
#ifndef VERALITH_CORE_FORMAT_FILTER_H_
#define VERALITH_CORE_FORMAT_FILTER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/large_bytes.h"

namespace veralith {

class FilterBuilder {
 public:
  // Bits per key: 0 or less makes no filter at all (Finish returns ""); more than 64 counts as 64.
  explicit FilterBuilder(double bits_per_key);

  // Equal hashes in a row (versions of one key) count once.
  void Add(uint64_t hash);
  size_t num_hashes() const { return hashes_.size() / sizeof(uint64_t); }
  // Bytes that Finish would return now.
  size_t EstimatedBytes() const;
  // Returns the filter; the builder is then empty. Until then the builder holds 8 bytes per hash.
  std::string Finish();

 private:
  uint32_t NumBlocks() const;

  const double bits_per_key_;
  uint64_t last_ = 0;  // of the hashes, if there is one
  LargeBytes hashes_;  // of uint64_t
};

class FilterView {
 public:
  // Contains nothing.
  FilterView() = default;

  // DataLoss names the fault; another version is Unimplemented. "" is no filter and does not parse.
  static absl::StatusOr<FilterView> Parse(std::string_view bytes);

  // Costs one cache miss; exactly one if the parsed bytes begin at an address divisible by 64.
  bool MayContain(uint64_t hash) const;
  // Starts that cache miss.
  void Prefetch(uint64_t hash) const;

  uint32_t num_blocks() const { return num_blocks_; }

 private:
  const char* blocks_ = nullptr;
  uint32_t num_blocks_ = 0;
  int num_probes_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_FILTER_H_
