// SPDX-License-Identifier: Apache-2.0

// Where the pages of a damaged segment stand, a row group at a time: the part of segment_salvage.h
// that reads metadata. Thread rule: one thread. Borrows the file.
#ifndef VERALITH_CORE_SEGMENT_CHECK_SALVAGE_PLAN_H_
#define VERALITH_CORE_SEGMENT_CHECK_SALVAGE_PLAN_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/compression.h"
#include "core/format/segment_block.h"
#include "core/segment/check/segment_salvage.h"
#include "core/segment/read/segment_file.h"
#include "veralith/file_system.h"

namespace veralith {

struct SalvagePage {
  uint64_t offset = 0;
  uint64_t bytes = 0;  // header included
  uint64_t first_row = 0;
  uint64_t rows = 0;
  std::optional<uint32_t> crc32c;  // of all its bytes; nothing: the CRC-32 in its header counts
  std::string damage;              // not "": it cannot be read, and why
};

struct SalvageGroup {
  uint64_t first_row = 0;
  uint64_t rows = 0;
  std::array<std::vector<SalvagePage>, kSegmentColumns> pages;  // by SegmentColumn
  std::optional<parquet::Codec> value_codec;                    // nothing: not known
};

class SalvagePlan {
 public:
  SalvagePlan(const File& file, uint64_t memory_limit_bytes);

  SegmentSalvage::Basis basis() const { return basis_; }
  // What is wrong with the footer, and why there is no block; "" when nothing is.
  const std::string& damage() const { return damage_; }
  // Valid with kBlock.
  const SegmentBlockView& block() const { return block_; }
  // What the footer says there were; nothing when it cannot be read.
  std::optional<uint64_t> range_tombstones_by_footer() const;

  // The next row group; false at the end.
  bool Next(SalvageGroup* group);
  // Without metadata, rows may follow after what was found: why they were not found, and where.
  bool may_have_more() const { return basis_ == SegmentSalvage::Basis::kPages; }
  uint64_t end_offset() const { return at_; }
  const std::string& end_why() const { return end_why_; }

 private:
  // A page header that was read from the file and makes sense for the column.
  struct Header {
    uint64_t page_bytes;
    uint64_t rows;
  };

  void ReadFooter();
  absl::Status ReadNamedBlock();
  absl::Status ReadBlock(uint64_t offset, uint64_t size);
  absl::Status FindBlock();
  bool IsBlockOfThisFile(uint64_t offset);
  void NextByBlock(size_t number, SalvageGroup* group) const;
  void NextByFooter(size_t number, SalvageGroup* group);
  bool NextByPages(SalvageGroup* group);
  void WalkChunk(SegmentColumn column, uint64_t offset, uint64_t end, const SalvageGroup& group,
                 std::vector<SalvagePage>* pages) const;
  void SkipBloomFilter();
  // DataLoss: no page header that makes sense; other errors are those of reading.
  absl::StatusOr<Header> HeaderAt(SegmentColumn column, uint64_t offset, uint64_t end) const;

  const File& file_;
  const uint64_t memory_limit_;
  uint64_t file_bytes_ = 0;
  SegmentSalvage::Basis basis_ = SegmentSalvage::Basis::kPages;
  std::string damage_;
  std::optional<SegmentFooter> footer_;
  std::string block_bytes_;
  SegmentBlockView block_;
  size_t next_group_ = 0;
  uint64_t next_row_ = 0;  // kFooter and kPages
  uint64_t at_ = 0;        // kPages: end of the last page found
  std::string end_why_;    // kPages
  bool ended_ = false;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_CHECK_SALVAGE_PLAN_H_
