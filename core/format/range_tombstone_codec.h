// SPDX-License-Identifier: Apache-2.0

// A list of range tombstones as bytes: a section of the segment block. FORMAT.md, "Range
// tombstones", has the bytes.
//
// Invariants
//   1. Decode(Append(list)) is the list, in its order; an accepted input is Append of its decoding.
//   2. Every tombstone in it is legal: namespace, timestamp and keys within their limits, and
//      begin < end or open-ended.
//   3. Decode allocates at most 8 bytes of memory per byte of input.
#ifndef VERALITH_CORE_FORMAT_RANGE_TOMBSTONE_CODEC_H_
#define VERALITH_CORE_FORMAT_RANGE_TOMBSTONE_CODEC_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/entry.h"

namespace veralith {

// InvalidArgument for a list that Decode would refuse; `out` is then unchanged.
absl::Status AppendRangeTombstones(std::string* out, std::span<const RangeTombstoneView> list);

// Returns the list; its keys point into `bytes`, all of which must be the list.
absl::StatusOr<std::vector<RangeTombstoneView>> DecodeRangeTombstones(std::string_view bytes);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_RANGE_TOMBSTONE_CODEC_H_
