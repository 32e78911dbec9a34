// SPDX-License-Identifier: Apache-2.0

// Reads what can still be read of a damaged segment, row by row.
//
// A row is read when the pages that hold its parts are found and pass their checksums; all others
// are listed. Where pages stand is taken from the best that is left:
//   the segment block (by the footer, or found by its magic where the footer is damaged): every
//     page with its CRC-32C; namespaces from the block, so that the ns pages are not needed;
//   the footer: chunks as it places them, pages as their headers follow each other, each with the
//     CRC-32 of its body; after a damaged header the rest of the chunk's rows are lost;
//   neither (a file that was cut): pages as they follow each other from the beginning, up to the
//     first one whose header is damaged.
// Without the block, range tombstones are lost.
//
// Invariants
//   1. Entries are handed over strictly ascending in the order of core/format/entry.h, within the
//      limits of veralith/types.h.
//   2. Nothing is made up: a page counts only after its checksum matched. Without the footer the
//      codec of value pages is found by trying; it is believed only when one codec alone fits.
//   3. An error of reading is a loss like others; only the receiver's errors end the reading.
//
// Memory: the metadata, the places of one row group's pages, and a page per column. Time: linear;
// the file is read once (twice to look for the block). Thread rule: one thread.
#ifndef VERALITH_CORE_SEGMENT_CHECK_SEGMENT_SALVAGE_H_
#define VERALITH_CORE_SEGMENT_CHECK_SEGMENT_SALVAGE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/entry.h"
#include "core/format/segment_block.h"
#include "veralith/file_system.h"

namespace veralith {

// Rows that could not be read, adjacent in the file.
struct LostRows {
  uint64_t first_row = 0;
  uint64_t rows = 0;    // 0: how many is not known
  uint64_t offset = 0;  // first place that could not be read
  std::string why;
  // Keys read before and after the lost ones, for people; "the first key" and "the last key" at the
  // ends.
  std::string after;
  std::string before;
};

struct SegmentSalvage {
  enum class Basis : uint8_t { kBlock, kFooter, kPages };
  Basis basis = Basis::kBlock;
  // What is wrong with the footer, the block and its range tombstones, each with its code, and so
  // why `basis` is not the block; "" when nothing is.
  std::string metadata_damage;
  std::optional<SegmentCounts> counts;  // as the segment block says; nothing without it
  uint64_t rows = 0;                    // read
  std::vector<LostRows> lost;
  uint64_t range_tombstones = 0;  // read
  // Nothing: there may have been some, or not.
  std::optional<uint64_t> lost_range_tombstones = 0;

  uint64_t lost_rows() const {
    uint64_t sum = 0;
    for (const LostRows& loss : lost) {
      sum += loss.rows;
    }
    return sum;
  }
};

struct SegmentReceiver {
  std::function<absl::Status(const EntryView& entry)> entry;
  std::function<absl::Status(const RangeTombstoneView& tombstone)> range_tombstone;
};

// `memory_limit_bytes`: a page or block that needs more is lost.
absl::StatusOr<SegmentSalvage> SalvageSegment(const File& file, uint64_t memory_limit_bytes,
                                              const SegmentReceiver& receiver);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_CHECK_SEGMENT_SALVAGE_H_
