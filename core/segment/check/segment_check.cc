// SPDX-License-Identifier: Apache-2.0

#include "core/segment/check/segment_check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/column_encoding.h"
#include "core/format/entry.h"
#include "core/format/internal_key.h"
#include "core/format/key_hash.h"
#include "core/format/parquet_bloom.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_footer.h"
#include "core/format/sparse_index.h"
#include "core/segment/read/page_run.h"
#include "core/segment/read/row_key.h"
#include "core/segment/read/segment_file.h"
#include "core/segment/read/segment_pages.h"
#include "core/segment/write/column_builders.h"

namespace veralith {
namespace {

constexpr SegmentColumn kColumns[kSegmentColumns] = {SegmentColumn::kNamespace, SegmentColumn::kKey,
                                                     SegmentColumn::kTimestamp,
                                                     SegmentColumn::kValue};
constexpr std::string_view kNames[kSegmentColumns] = {"ns", "key", "ts", "value"};

int64_t PlainInt64(std::string_view bytes) { return static_cast<int64_t>(LoadLe64(bytes.data())); }

// What Parquet's structures say about the chunk that is being read.
struct ChunkClaims {
  parquet::OffsetIndex offsets;
  std::optional<parquet::ColumnIndex> bounds;
  parquet::Statistics statistics;
  int64_t nulls = 0;  // found
  // The bounds found in each page of an integer column.
  std::vector<std::pair<int64_t, int64_t>> integers;
};

class Checker {
 public:
  Checker(const SegmentFile& segment, size_t readahead_bytes)
      : segment_(segment),
        block_(segment.block),
        pages_(segment, nullptr),
        runs_{PageRun(segment, SegmentColumn::kNamespace, readahead_bytes, true),
              PageRun(segment, SegmentColumn::kKey, readahead_bytes, true),
              PageRun(segment, SegmentColumn::kTimestamp, readahead_bytes, true),
              PageRun(segment, SegmentColumn::kValue, readahead_bytes, true)} {}

  absl::Status Run() {
    VERALITH_ASSIGN_OR_RETURN(
        footer_, ReadSegmentFooter(*segment_.file, segment_.file_bytes, segment_.memory_limit,
                                   /*known=*/true));
    VERALITH_RETURN_IF_ERROR(CheckHexIndex());
    VERALITH_RETURN_IF_ERROR(CheckRangeTombstoneCount());
    VERALITH_RETURN_IF_ERROR(ReadIndexKeys());
    for (size_t group = 0; group < block_.row_groups().size(); ++group) {
      VERALITH_RETURN_IF_ERROR(CheckRowGroup(group));
    }
    return CheckCounts();
  }

 private:
  static absl::Status Wrong(uint64_t offset, std::string_view what) {
    return DataLoss(StrCat("offset ", offset, ": ", what));
  }

  absl::Status CheckHexIndex() const {
    for (const parquet::KeyValue& entry : footer_.metadata.key_value_metadata) {
      if (entry.key == kHexIndexKey && entry.value != HexEncode(block_.sparse_index())) {
        return Wrong(footer_.offset, "the hex index differs from the sparse index");
      }
    }
    return absl::OkStatus();
  }

  // Checks what a tool copies that rewrites the file and loses the block. (The first files of
  // format 1 lack it.)
  absl::Status CheckRangeTombstoneCount() const {
    std::optional<std::string> said;
    for (const parquet::KeyValue& entry : footer_.metadata.key_value_metadata) {
      if (entry.key == kRangeTombstonesKey) {
        said = entry.value.value_or("");
      }
    }
    const std::string count = std::to_string(segment_.range_tombstones.size());
    return said.value_or(count) == count
               ? absl::OkStatus()
               : Wrong(footer_.offset, StrCat("the footer says ", *said,
                                              " range tombstones, the segment block ", count));
  }

  // Reads the encoded first key of every key page from the sparse index.
  absl::Status ReadIndexKeys() {
    VERALITH_ASSIGN_OR_RETURN(const SparseIndexView index,
                              SparseIndexView::Parse(block_.sparse_index()));
    for (SparseIndexCursor cursor(index); cursor.Valid(); cursor.Next()) {
      index_keys_.emplace_back(cursor.key());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadPiece(std::optional<int64_t> offset,
                                        std::optional<int32_t> length) const {
    if (!offset.has_value() || !length.has_value() || *offset < 0 || *length < 0 ||
        static_cast<uint64_t>(*offset) > segment_.file_bytes ||
        static_cast<uint64_t>(*length) > segment_.file_bytes - static_cast<uint64_t>(*offset)) {
      return Wrong(footer_.offset, "an index or filter is missing or lies outside the file");
    }
    std::string bytes(static_cast<size_t>(*length), '\0');
    VERALITH_RETURN_IF_ERROR(ReadFully(*segment_.file, static_cast<uint64_t>(*offset), bytes));
    return bytes;
  }

  absl::Status ReadClaims(size_t column, const parquet::ColumnChunk& chunk) {
    ChunkClaims& claims = claims_[column];
    claims = {};
    VERALITH_ASSIGN_OR_RETURN(const std::string offsets,
                              ReadPiece(chunk.offset_index_offset, chunk.offset_index_length));
    VERALITH_ASSIGN_OR_RETURN(claims.offsets, parquet::DecodeOffsetIndex(offsets));
    std::string again;
    AppendOffsetIndex(claims.offsets, &again);
    if (again != offsets) {
      return Wrong(footer_.offset, "an offset index that is not encoded as ours");
    }
    if (chunk.column_index_offset.has_value()) {
      VERALITH_ASSIGN_OR_RETURN(const std::string bounds,
                                ReadPiece(chunk.column_index_offset, chunk.column_index_length));
      VERALITH_ASSIGN_OR_RETURN(claims.bounds, parquet::DecodeColumnIndex(bounds));
      again.clear();
      AppendColumnIndex(*claims.bounds, &again);
      if (again != bounds) {
        return Wrong(footer_.offset, "a column index that is not encoded as ours");
      }
    }
    if (!chunk.meta_data.statistics.has_value()) {
      return Wrong(footer_.offset, "a column chunk without statistics");
    }
    claims.statistics = *chunk.meta_data.statistics;
    return absl::OkStatus();
  }

  absl::Status CheckOffsets(size_t column, const SegmentRowGroup& group) const {
    const SegmentChunk& chunk = group.chunks[column];
    const std::vector<parquet::PageLocation>& locations = claims_[column].offsets.page_locations;
    if (locations.size() != chunk.pages) {
      return Wrong(chunk.offset, "the offset index has another number of pages");
    }
    for (size_t i = 0; i < locations.size(); ++i) {
      const SegmentPage page = block_.Page(kColumns[column], chunk.first_page + i);
      const parquet::PageLocation expected{static_cast<int64_t>(page.offset),
                                           static_cast<int32_t>(page.bytes),
                                           static_cast<int64_t>(page.first_row - group.first_row)};
      if (locations[i] != expected) {
        return Wrong(page.offset, "the offset index places a page differently");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckBoundsShape(size_t column, const SegmentRowGroup& group) const {
    const std::optional<parquet::ColumnIndex>& bounds = claims_[column].bounds;
    const SegmentChunk& chunk = group.chunks[column];
    if (!bounds.has_value()) {
      return column == static_cast<size_t>(SegmentColumn::kValue)
                 ? absl::OkStatus()
                 : Wrong(chunk.offset, "a column without a column index");
    }
    const bool integers = kColumns[column] != SegmentColumn::kKey;
    const auto is_int64 = [](const std::string& bound) { return bound.size() == 8; };
    if (bounds->min_values.size() != chunk.pages || bounds->max_values.size() != chunk.pages ||
        (integers &&
         !(std::all_of(bounds->min_values.begin(), bounds->min_values.end(), is_int64) &&
           std::all_of(bounds->max_values.begin(), bounds->max_values.end(), is_int64)))) {
      return Wrong(chunk.offset, "a column index of another shape than its chunk");
    }
    // Readers skip pages that claim to be all null.
    if (bounds->null_pages != std::vector<bool>(chunk.pages, false) ||
        bounds->null_counts != std::vector<int64_t>(chunk.pages, 0) ||
        !bounds->repetition_level_histograms.empty() ||
        !bounds->definition_level_histograms.empty()) {
      return Wrong(chunk.offset, "a column index with nulls where none can be");
    }
    if (bounds->boundary_order != ComputeBoundaryOrder(*bounds, integers)) {
      return Wrong(chunk.offset, "a column index whose bounds are not in the order it says");
    }
    return absl::OkStatus();
  }

  absl::Status OpenBloomFilter(const parquet::ColumnMetaData& meta) {
    bloom_.reset();
    if (!meta.bloom_filter_offset.has_value()) {
      return absl::OkStatus();
    }
    VERALITH_ASSIGN_OR_RETURN(bloom_bytes_,
                              ReadPiece(meta.bloom_filter_offset, meta.bloom_filter_length));
    VERALITH_ASSIGN_OR_RETURN(bloom_, parquet::BloomView::Parse(bloom_bytes_));
    bloom_of_rows_.emplace(bloom_->bits().size());
    return absl::OkStatus();
  }

  // Called after all rows. No other check finds an extra bit, because it denies no key.
  absl::Status CheckBloomFilter(const parquet::ColumnMetaData& meta) const {
    if (!bloom_.has_value()) {
      return absl::OkStatus();
    }
    std::string expected;
    bloom_of_rows_->AppendTo(&expected);
    return expected == bloom_bytes_ ? absl::OkStatus()
                                    : Wrong(static_cast<uint64_t>(*meta.bloom_filter_offset),
                                            "Parquet's bloom filter is not that of the keys");
  }

  absl::Status CheckRowGroup(size_t number) {
    const SegmentRowGroup& group = block_.row_groups()[number];
    const parquet::RowGroup& described = footer_.metadata.row_groups[number];
    for (size_t column = 0; column < kSegmentColumns; ++column) {
      VERALITH_RETURN_IF_ERROR(ReadClaims(column, described.columns[column]));
      VERALITH_RETURN_IF_ERROR(CheckOffsets(column, group));
      VERALITH_RETURN_IF_ERROR(CheckBoundsShape(column, group));
    }
    VERALITH_RETURN_IF_ERROR(OpenBloomFilter(described.columns[1].meta_data));
    for (uint64_t row = group.first_row; row < group.first_row + group.rows; ++row) {
      VERALITH_RETURN_IF_ERROR(CheckRow(row, group));
    }
    VERALITH_RETURN_IF_ERROR(CheckBloomFilter(described.columns[1].meta_data));
    VERALITH_RETURN_IF_ERROR(CheckKeyPageBounds(group));
    VERALITH_RETURN_IF_ERROR(CheckIntegerPageBounds(0, group));
    VERALITH_RETURN_IF_ERROR(CheckIntegerPageBounds(2, group));
    for (size_t column = 0; column < kSegmentColumns; ++column) {
      if (claims_[column].statistics.null_count != claims_[column].nulls) {
        return Wrong(group.chunks[column].offset, "statistics count nulls differently");
      }
    }
    return absl::OkStatus();
  }

  // Reads page `number` of the column and verifies the CRC-32 in its header. (Whoever decodes it
  // verifies the CRC-32C.)
  absl::StatusOr<std::string_view> ReadPage(size_t column, size_t number) {
    VERALITH_ASSIGN_OR_RETURN(const std::string_view bytes, runs_[column].Get(number));
    const SegmentPage place = block_.Page(kColumns[column], number);
    const absl::Status sound = pages_.Split(kColumns[column], place, bytes).status();
    if (!sound.ok()) {
      return segment_.InFile(sound, place.offset);
    }
    size_t header_bytes = 0;
    VERALITH_ASSIGN_OR_RETURN(const parquet::PageHeader header,
                              parquet::DecodePageHeader(bytes, &header_bytes));
    if (header.crc != Crc32(bytes.substr(header_bytes))) {
      return Wrong(place.offset, "the CRC-32 in a page header does not match");
    }
    return bytes;
  }

  // Makes page_[column] the page of the row.
  absl::Status Advance(size_t column, uint64_t row) {
    if (row != next_row_[column]) {
      return absl::OkStatus();
    }
    const size_t number = next_page_[column]++;
    const SegmentPage place = block_.Page(kColumns[column], number);
    next_row_[column] = place.first_row + place.rows;
    VERALITH_ASSIGN_OR_RETURN(const std::string_view bytes, ReadPage(column, number));
    switch (kColumns[column]) {
      case SegmentColumn::kNamespace: {
        VERALITH_ASSIGN_OR_RETURN(const SegmentPages::Parts parts,
                                  pages_.Split(SegmentColumn::kNamespace, place, bytes));
        if (place.rows * sizeof(int64_t) > segment_.memory_limit) {
          return ResourceExhausted("a namespace page larger than the memory limit");
        }
        namespaces_.resize(place.rows);
        namespaces_first_row_ = place.first_row;
        VERALITH_ASSIGN_OR_RETURN(
            const size_t used,
            FindIntegerEncoding(parts.encoding)->decode(parts.values, namespaces_));
        return used == parts.values.size()
                   ? absl::OkStatus()
                   : Wrong(place.offset, "bytes after the last namespace of a page");
      }
      case SegmentColumn::kKey:
        row_key_.ChangePage();
        VERALITH_RETURN_IF_ERROR(pages_.Load(number, bytes, CacheUse::kNone, &key_page_));
        return absl::OkStatus();
      case SegmentColumn::kTimestamp:
        return pages_.Load(number, bytes, CacheUse::kNone, &timestamp_page_);
      case SegmentColumn::kValue:
        break;
    }
    return pages_.Load(number, bytes, CacheUse::kNone, &value_page_);
  }

  absl::Status CheckRow(uint64_t row, const SegmentRowGroup& group) {
    for (size_t column = 0; column < kSegmentColumns; ++column) {
      VERALITH_RETURN_IF_ERROR(Advance(column, row));
    }
    const uint64_t place = block_.Page(SegmentColumn::kKey, next_page_[1] - 1).offset;
    const auto key_row = static_cast<uint32_t>(row - key_page_->first_row());
    key_.assign(row_key_.Of(*key_page_, key_row));
    EntryView entry;
    entry.ns = static_cast<NamespaceId>(namespaces_[row - namespaces_first_row_]);
    entry.key = key_;
    entry.ts =
        timestamp_page_->timestamp(static_cast<uint32_t>(row - timestamp_page_->first_row()));
    const auto value_row = static_cast<uint32_t>(row - value_page_->first_row());
    if (value_page_->IsNull(value_row)) {
      entry.kind = EntryKind::kDelete;
      ++claims_[static_cast<size_t>(SegmentColumn::kValue)].nulls;
      ++tombstones_;
    } else {
      raw_value_bytes_ += value_page_->value(value_row).size();
    }
    raw_key_bytes_ += key_.size();
    VERALITH_RETURN_IF_ERROR(CheckEntry(row, entry, place));
    VERALITH_RETURN_IF_ERROR(CheckFilters(entry, place));
    VERALITH_RETURN_IF_ERROR(CheckBounds(entry, group, place));
    if (key_row == 0) {
      VERALITH_RETURN_IF_ERROR(CheckKeyPageBounds(group));
    }
    WidenBounds(entry, group);
    if (key_row == 0) {
      std::string encoded;
      AppendInternalKey(&encoded, entry.ns, entry.key, entry.ts);
      if (encoded != index_keys_[next_page_[1] - 1]) {
        return Wrong(place, "the sparse index has another first key for a key page");
      }
    }
    last_ns_ = entry.ns;
    last_ts_ = entry.ts;
    last_key_.swap(key_);
    return absl::OkStatus();
  }

  absl::Status CheckEntry(uint64_t row, const EntryView& entry, uint64_t place) {
    if (entry.ns != block_.NamespaceOfRow(row)) {
      return Wrong(place, "the namespace table and the namespace column disagree");
    }
    const SegmentCounts& counts = block_.counts();
    if (entry.ts < counts.min_ts || entry.ts > counts.max_ts) {
      return Wrong(place, "a timestamp outside the range that the segment block says");
    }
    if (row == 0) {
      return entry.ns == block_.first_ns() && entry.key == block_.first_key()
                 ? absl::OkStatus()
                 : Wrong(place, "the segment block has another first key");
    }
    const EntryView last{last_ns_, last_key_, last_ts_, EntryKind::kPut, {}};
    if (CompareEntries(last, entry) >= 0) {
      return Wrong(place, StrCat("row ", row, " is not after the row before it"));
    }
    if (CompareUserKeys(last_ns_, last_key_, entry.ns, entry.key) == 0) {
      const size_t page = next_page_[1] - 1;
      const size_t last_page = row == key_page_->first_row() ? page - 1 : page;
      if (counts.single_version || block_.KeyPageIsSingleVersion(page) ||
          block_.KeyPageIsSingleVersion(last_page)) {
        return Wrong(place, "several versions of a key where the segment block says one");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckFilters(const EntryView& entry, uint64_t place) {
    if (segment_.filter.has_value() &&
        !segment_.filter->MayContain(HashUserKey(entry.ns, entry.key))) {
      return Wrong(place, "a key that the filter denies");
    }
    if (!bloom_.has_value()) {
      return absl::OkStatus();
    }
    bloom_of_rows_->Insert(parquet::BloomHash(entry.key));
    if (!bloom_->MayContain(parquet::BloomHash(entry.key))) {
      return Wrong(place, "a key that Parquet's bloom filter denies");
    }
    return absl::OkStatus();
  }

  absl::Status CheckBounds(const EntryView& entry, const SegmentRowGroup& group,
                           uint64_t place) const {
    VERALITH_RETURN_IF_ERROR(CheckIntegerBounds(0, static_cast<int64_t>(entry.ns), group));
    VERALITH_RETURN_IF_ERROR(CheckIntegerBounds(2, static_cast<int64_t>(entry.ts), group));
    const ChunkClaims& claims = claims_[1];
    const size_t page = next_page_[1] - 1 - group.chunks[1].first_page;
    const parquet::Statistics& statistics = claims.statistics;
    const bool inside = CompareBytes(claims.bounds->min_values[page], entry.key) <= 0 &&
                        CompareBytes(entry.key, claims.bounds->max_values[page]) <= 0 &&
                        statistics.min_value.has_value() && statistics.max_value.has_value() &&
                        CompareBytes(*statistics.min_value, entry.key) <= 0 &&
                        CompareBytes(entry.key, *statistics.max_value) <= 0;
    return inside ? absl::OkStatus()
                  : Wrong(place, "a key outside the bounds of its column index or statistics");
  }

  // Collects what the rows say about the pages that hold them. Only these bounds are right: no
  // checksum covers the column index, and wider bounds would contradict nothing.
  void WidenBounds(const EntryView& entry, const SegmentRowGroup& group) {
    WidenInteger(0, static_cast<int64_t>(entry.ns), group);
    WidenInteger(2, static_cast<int64_t>(entry.ts), group);
    if (!key_bounds_.has_value()) {
      key_bounds_.emplace(entry.key, entry.key);
    } else if (CompareBytes(entry.key, key_bounds_->first) < 0) {
      key_bounds_->first.assign(entry.key);
    } else if (CompareBytes(entry.key, key_bounds_->second) > 0) {
      key_bounds_->second.assign(entry.key);
    }
  }

  void WidenInteger(size_t column, int64_t value, const SegmentRowGroup& group) {
    std::vector<std::pair<int64_t, int64_t>>& pages = claims_[column].integers;
    if (pages.size() < next_page_[column] - group.chunks[column].first_page) {
      pages.emplace_back(value, value);
    }
    pages.back().first = std::min(pages.back().first, value);
    pages.back().second = std::max(pages.back().second, value);
  }

  absl::Status CheckIntegerPageBounds(size_t column, const SegmentRowGroup& group) const {
    const ChunkClaims& claims = claims_[column];
    for (size_t i = 0; i < claims.integers.size(); ++i) {
      if (claims.integers[i] != std::pair(PlainInt64(claims.bounds->min_values[i]),
                                          PlainInt64(claims.bounds->max_values[i]))) {
        return Wrong(group.chunks[column].offset, StrCat("the column index has other bounds of ",
                                                         kNames[column], " in page ", i));
      }
    }
    return absl::OkStatus();
  }

  // Checks the key page that has just ended, if one has.
  absl::Status CheckKeyPageBounds(const SegmentRowGroup& group) {
    if (!key_bounds_.has_value()) {
      return absl::OkStatus();
    }
    const size_t page = key_bounds_page_++ - group.chunks[1].first_page;
    const parquet::ColumnIndex& index = *claims_[1].bounds;
    const bool exact =
        index.min_values[page] == CutLowerBound(key_bounds_->first, kPageBoundBytes) &&
        index.max_values[page] == CutUpperBound(key_bounds_->second, kPageBoundBytes);
    key_bounds_.reset();
    return exact ? absl::OkStatus()
                 : Wrong(group.chunks[1].offset,
                         StrCat("the column index has other bounds of key in page ", page));
  }

  absl::Status CheckIntegerBounds(size_t column, int64_t value,
                                  const SegmentRowGroup& group) const {
    const ChunkClaims& claims = claims_[column];
    const size_t page = next_page_[column] - 1 - group.chunks[column].first_page;
    const parquet::Statistics& statistics = claims.statistics;
    const bool shaped = statistics.min_value.has_value() && statistics.min_value->size() == 8 &&
                        statistics.max_value.has_value() && statistics.max_value->size() == 8;
    const bool inside = shaped && PlainInt64(claims.bounds->min_values[page]) <= value &&
                        value <= PlainInt64(claims.bounds->max_values[page]) &&
                        PlainInt64(*statistics.min_value) <= value &&
                        value <= PlainInt64(*statistics.max_value);
    return inside ? absl::OkStatus()
                  : Wrong(group.chunks[column].offset,
                          StrCat(kNames[column],
                                 " outside the bounds of its column index or statistics"));
  }

  absl::Status CheckCounts() const {
    const SegmentCounts& counts = block_.counts();
    if (tombstones_ != counts.tombstones || raw_key_bytes_ != counts.raw_key_bytes ||
        raw_value_bytes_ != counts.raw_value_bytes) {
      return Wrong(segment_.block_at, "the segment block counts rows or bytes wrongly");
    }
    if (counts.rows > 0 && (last_ns_ != block_.last_ns() || last_key_ != block_.last_key())) {
      return Wrong(segment_.block_at, "the segment block has another last key");
    }
    for (size_t i = 1; i < segment_.range_tombstones.size(); ++i) {
      const RangeTombstoneView& a = segment_.range_tombstones[i - 1];
      const RangeTombstoneView& b = segment_.range_tombstones[i];
      const int order = CompareUserKeys(a.ns, a.begin, b.ns, b.begin);
      if (order > 0 || (order == 0 && a.ts < b.ts)) {
        return Wrong(segment_.block_at, "range tombstones out of order");
      }
    }
    return absl::OkStatus();
  }

  const SegmentFile& segment_;
  const SegmentBlockView& block_;
  SegmentFooter footer_;
  SegmentPages pages_;
  std::array<PageRun, kSegmentColumns> runs_;
  std::vector<std::string> index_keys_;

  // State of the current row group.
  std::array<ChunkClaims, kSegmentColumns> claims_;
  std::string bloom_bytes_;
  std::optional<parquet::BloomView> bloom_;
  std::optional<parquet::BloomBuilder> bloom_of_rows_;
  std::optional<std::pair<std::string, std::string>> key_bounds_;  // of the open key page
  size_t key_bounds_page_ = 0;                                     // its ordinal

  // For each column: the page after the current one, and the row at which it begins.
  std::array<size_t, kSegmentColumns> next_page_{};
  std::array<uint64_t, kSegmentColumns> next_row_{};
  std::vector<int64_t> namespaces_;
  uint64_t namespaces_first_row_ = 0;
  PageRef<KeyPage> key_page_;
  RowKey row_key_;
  PageRef<TimestampPage> timestamp_page_;
  PageRef<ValuePage> value_page_;

  // The last row, and sums.
  NamespaceId last_ns_ = 0;
  std::string last_key_;
  Timestamp last_ts_ = 0;
  std::string key_;
  uint64_t tombstones_ = 0;
  uint64_t raw_key_bytes_ = 0;
  uint64_t raw_value_bytes_ = 0;
};

}  // namespace

absl::Status CheckSegment(const SegmentReader& reader) {
  const SegmentFile& segment = reader.file();
  const absl::Status status = Checker(segment, SegmentReaderOptions().readahead_bytes).Run();
  const bool named = Message(status).find(segment.path()) != std::string_view::npos;
  return named ? status : segment.InFile(status);
}

}  // namespace veralith
