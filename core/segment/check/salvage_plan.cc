// SPDX-License-Identifier: Apache-2.0

#include "core/segment/check/salvage_plan.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/column_encoding.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_footer.h"

namespace veralith {
namespace {

constexpr std::string_view kBlockMagic = "VRLB";
constexpr size_t kBlockHeadBytes = 16;  // magic, version, size
constexpr int kMostBlockCandidates = 64;
constexpr size_t kScanWindowBytes = size_t{256} << 10;
constexpr size_t kHeaderWindowBytes = 4096;  // ours have some 40 bytes
// As in the segment block: so row numbers do not overflow, whatever a footer says.
constexpr int64_t kMostGroupRows = std::numeric_limits<uint32_t>::max();
constexpr SegmentColumn kColumns[kSegmentColumns] = {SegmentColumn::kNamespace, SegmentColumn::kKey,
                                                     SegmentColumn::kTimestamp,
                                                     SegmentColumn::kValue};

absl::Status NoHeader() { return DataLoss("no page header of the column"); }

uint64_t RowsOf(const std::vector<SalvagePage>& pages) {
  return pages.empty() ? 0 : pages.back().first_row + pages.back().rows - pages.front().first_row;
}

}  // namespace

SalvagePlan::SalvagePlan(const File& file, uint64_t memory_limit_bytes)
    : file_(file), memory_limit_(memory_limit_bytes), at_(parquet::kMagic.size()) {
  absl::StatusOr<uint64_t> size = file_.Size();
  if (!size.ok()) {
    damage_ = ToString(size.status());
    ended_ = true;
    return;
  }
  file_bytes_ = *size;
  ReadFooter();
  const absl::Status block = footer_.has_value() ? ReadNamedBlock() : FindBlock();
  basis_ = block.ok()            ? SegmentSalvage::Basis::kBlock
           : footer_.has_value() ? SegmentSalvage::Basis::kFooter
                                 : SegmentSalvage::Basis::kPages;
  if (!block.ok()) {
    StrAppend(&damage_, damage_.empty() ? "" : "; ", ToString(block));
  }
}

void SalvagePlan::ReadFooter() {
  absl::StatusOr<SegmentFooter> footer =
      ReadSegmentFooter(file_, file_bytes_, memory_limit_, /*known=*/true);
  if (footer.ok()) {
    footer_ = *std::move(footer);
  } else {
    damage_ = ToString(footer.status());
  }
}

absl::Status SalvagePlan::ReadNamedBlock() {
  for (const parquet::KeyValue& entry : footer_->metadata.key_value_metadata) {
    if (entry.key == kSegmentBlockKey) {
      VERALITH_ASSIGN_OR_RETURN(const auto place, DecodeBlockPlace(entry.value.value_or("")));
      return ReadBlock(place.first, place.second);
    }
  }
  return DataLoss("the footer names no segment block");
}

absl::Status SalvagePlan::ReadBlock(uint64_t offset, uint64_t size) {
  if (offset > file_bytes_ || size > file_bytes_ - offset) {
    return DataLoss("the segment block would be outside the file");
  }
  if (size > memory_limit_ / 4) {
    return ResourceExhausted("a segment block larger than the memory limit allows");
  }
  std::string bytes(size, '\0');
  VERALITH_RETURN_IF_ERROR(ReadFully(file_, offset, bytes));
  VERALITH_RETURN_IF_ERROR(SegmentBlockView::Parse(bytes, offset).status());
  block_bytes_ = std::move(bytes);
  VERALITH_ASSIGN_OR_RETURN(block_, SegmentBlockView::Parse(block_bytes_, offset));  // views of it
  return absl::OkStatus();
}

// Searches from the end, where the block should be: the last place with its magic that is this
// file's block.
absl::Status SalvagePlan::FindBlock() {
  int candidates = 0;
  for (uint64_t end = file_bytes_; end >= kBlockHeadBytes && candidates < kMostBlockCandidates;) {
    const uint64_t start = end > kScanWindowBytes ? end - kScanWindowBytes : 0;
    std::string window(end - start, '\0');
    VERALITH_RETURN_IF_ERROR(
        Annotate(ReadFully(file_, start, window), "no segment block was found"));
    for (size_t place = window.rfind(kBlockMagic);
         place != std::string::npos && candidates < kMostBlockCandidates;
         place = place == 0 ? std::string::npos : window.rfind(kBlockMagic, place - 1)) {
      char head[kBlockHeadBytes];
      ++candidates;
      if (ReadFully(file_, start + place, head).ok() &&
          ReadBlock(start + place, LoadLe64(head + 8)).ok() && IsBlockOfThisFile(start + place)) {
        return absl::OkStatus();
      }
    }
    if (start == 0) {
      break;
    }
    end = start + kBlockMagic.size() - 1;
  }
  return DataLoss("no segment block was found");
}

// A value can hold a whole segment with a block of its own: the pages of that block are not here.
bool SalvagePlan::IsBlockOfThisFile(uint64_t offset) {
  if (block_.rows() == 0) {
    return offset == parquet::kMagic.size();
  }
  for (const SegmentColumn column : kColumns) {
    for (size_t i = 0; i < block_.page_count(column); ++i) {
      const SegmentPage page = block_.Page(column, i);
      std::string bytes(page.bytes, '\0');
      if (ReadFully(file_, page.offset, bytes).ok() && Crc32c(bytes) == page.crc32c) {
        return true;
      }
    }
  }
  return false;
}

std::optional<uint64_t> SalvagePlan::range_tombstones_by_footer() const {
  if (!footer_.has_value()) {
    return std::nullopt;
  }
  for (const parquet::KeyValue& entry : footer_->metadata.key_value_metadata) {
    if (entry.key == kRangeTombstonesKey) {
      uint64_t count = 0;
      for (const char c : entry.value.value_or("")) {
        count = count * 10 + static_cast<uint64_t>(c - '0');
      }
      return count;
    }
  }
  return 0;
}

bool SalvagePlan::Next(SalvageGroup* group) {
  *group = {};
  if (ended_) {
    return false;
  }
  switch (basis_) {
    case SegmentSalvage::Basis::kBlock:
      ended_ = next_group_ == block_.row_groups().size();
      if (!ended_) {
        NextByBlock(next_group_++, group);
      }
      return !ended_;
    case SegmentSalvage::Basis::kFooter:
      ended_ = next_group_ == footer_->metadata.row_groups.size();
      if (!ended_) {
        NextByFooter(next_group_++, group);
      }
      return !ended_;
    case SegmentSalvage::Basis::kPages:
      break;
  }
  return NextByPages(group);
}

void SalvagePlan::NextByBlock(size_t number, SalvageGroup* group) const {
  const SegmentRowGroup& described = block_.row_groups()[number];
  group->first_row = described.first_row;
  group->rows = described.rows;
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    const SegmentChunk& chunk = described.chunks[c];
    for (size_t i = 0; i < chunk.pages; ++i) {
      const SegmentPage page = block_.Page(kColumns[c], chunk.first_page + i);
      group->pages[c].push_back(
          {page.offset, page.bytes, page.first_row, page.rows, page.crc32c, ""});
    }
  }
  if (footer_.has_value() && number < footer_->metadata.row_groups.size() &&
      footer_->metadata.row_groups[number].columns.size() == kSegmentColumns) {
    const auto codec = parquet::CodecFromParquetId(
        footer_->metadata.row_groups[number].columns[3].meta_data.codec);
    if (codec.ok()) {
      group->value_codec = *codec;
    }
  }
}

void SalvagePlan::NextByFooter(size_t number, SalvageGroup* group) {
  const parquet::RowGroup& described = footer_->metadata.row_groups[number];
  group->first_row = next_row_;
  group->rows = static_cast<uint64_t>(std::clamp<int64_t>(described.num_rows, 0, kMostGroupRows));
  next_row_ += group->rows;
  for (size_t c = 0; c < kSegmentColumns && c < described.columns.size(); ++c) {
    const parquet::ColumnMetaData& meta = described.columns[c].meta_data;
    const auto offset = static_cast<uint64_t>(std::max<int64_t>(0, meta.data_page_offset));
    const auto bytes = static_cast<uint64_t>(std::max<int64_t>(0, meta.total_compressed_size));
    const uint64_t end =
        offset > file_bytes_ ? offset : offset + std::min(bytes, file_bytes_ - offset);
    WalkChunk(kColumns[c], offset, end, *group, &group->pages[c]);
    if (const auto codec = parquet::CodecFromParquetId(meta.codec); c == 3 && codec.ok()) {
      group->value_codec = *codec;
    }
  }
}

void SalvagePlan::WalkChunk(SegmentColumn column, uint64_t offset, uint64_t end,
                            const SalvageGroup& group, std::vector<SalvagePage>* pages) const {
  uint64_t row = group.first_row;
  const uint64_t end_row = group.first_row + group.rows;
  while (row < end_row) {
    absl::StatusOr<Header> header = HeaderAt(column, offset, end);
    if (header.ok() && header->rows > end_row - row) {
      header = NoHeader();
    }
    if (!header.ok()) {
      pages->push_back(
          {offset, 0, row, end_row - row, std::nullopt, std::string(Message(header.status()))});
      return;
    }
    pages->push_back({offset, header->page_bytes, row, header->rows, std::nullopt, ""});
    offset += header->page_bytes;
    row += header->rows;
  }
}

absl::StatusOr<SalvagePlan::Header> SalvagePlan::HeaderAt(SegmentColumn column, uint64_t offset,
                                                          uint64_t end) const {
  if (offset >= end) {
    return NoHeader();
  }
  std::string bytes(std::min<uint64_t>(kHeaderWindowBytes, end - offset), '\0');
  VERALITH_RETURN_IF_ERROR(ReadFully(file_, offset, bytes));
  size_t header_bytes = 0;
  const absl::StatusOr<parquet::PageHeader> header =
      parquet::DecodePageHeader(bytes, &header_bytes);
  if (!header.ok() || header->type != parquet::PageType::kDataPageV2 || !header->crc.has_value() ||
      !IsEncodingOf(column, header->data_v2.encoding) || header->data_v2.num_rows < 1 ||
      header->data_v2.num_rows != header->data_v2.num_values || header->compressed_page_size < 0) {
    return NoHeader();
  }
  const uint64_t page_bytes = header_bytes + static_cast<uint64_t>(header->compressed_page_size);
  if (page_bytes > end - offset) {
    return NoHeader();
  }
  return Header{page_bytes, static_cast<uint64_t>(header->data_v2.num_rows)};
}

// Takes pages in the order in which chunks follow each other. A whole row group has the same number
// of rows in each column; the last one counts only the rows that all columns have.
bool SalvagePlan::NextByPages(SalvageGroup* group) {
  group->first_row = next_row_;
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    uint64_t row = next_row_;
    while (true) {
      const absl::StatusOr<Header> header = HeaderAt(kColumns[c], at_, file_bytes_);
      if (!header.ok()) {
        end_why_ = absl::IsDataLoss(header.status()) ? "" : ToString(header.status());
        break;
      }
      group->pages[c].push_back({at_, header->page_bytes, row, header->rows, std::nullopt, ""});
      at_ += header->page_bytes;
      row += header->rows;
      if (c == 3 && row - next_row_ >= RowsOf(group->pages[0])) {
        break;
      }
    }
  }
  uint64_t fewest = RowsOf(group->pages[0]);
  bool whole = fewest > 0;
  for (const std::vector<SalvagePage>& pages : group->pages) {
    whole = whole && RowsOf(pages) == RowsOf(group->pages[0]);
    fewest = std::min(fewest, RowsOf(pages));
  }
  group->rows = fewest;
  next_row_ += fewest;
  ended_ = !whole;
  if (whole) {
    SkipBloomFilter();
  }
  return fewest > 0;
}

void SalvagePlan::SkipBloomFilter() {
  if (at_ >= file_bytes_ || HeaderAt(SegmentColumn::kNamespace, at_, file_bytes_).ok()) {
    return;
  }
  std::string bytes(std::min<uint64_t>(kHeaderWindowBytes, file_bytes_ - at_), '\0');
  size_t header_bytes = 0;
  if (!ReadFully(file_, at_, bytes).ok()) {
    return;
  }
  const auto header = parquet::DecodeBloomFilterHeader(bytes, &header_bytes);
  if (header.ok() && header->num_bytes >= 0 &&
      header_bytes + static_cast<uint64_t>(header->num_bytes) <= file_bytes_ - at_) {
    at_ += header_bytes + static_cast<uint64_t>(header->num_bytes);
  }
}

}  // namespace veralith
