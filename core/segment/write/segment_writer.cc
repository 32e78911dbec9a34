// SPDX-License-Identifier: Apache-2.0

#include "core/segment/write/segment_writer.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/common_prefix.h"
#include "core/format/filter.h"
#include "core/format/internal_key.h"
#include "core/format/key_hash.h"
#include "core/format/owned_entry.h"
#include "core/format/parquet_bloom.h"
#include "core/format/parquet_metadata.h"
#include "core/format/range_tombstone_codec.h"
#include "core/format/segment_block.h"
#include "core/format/segment_footer.h"
#include "core/format/sparse_index.h"
#include "core/segment/write/row_group_builder.h"
#include "veralith/version.h"

namespace veralith {
namespace {

// Readers match this against their lists of writer bugs: `application version x.y.z (build hash)`.
std::string CreatedBy() { return "veralith version " + std::string(kVersion) + " (build 1)"; }
constexpr double kParquetBloomFalsePositives = 0.03;

absl::Status CheckOptions(const SegmentOptions& options) {
  if (options.key_page_bytes == 0 || options.value_page_bytes == 0 ||
      options.timestamp_page_rows == 0 || options.namespace_page_rows == 0 ||
      options.row_group_rows == 0 || options.row_group_bytes == 0) {
    return InvalidArgument("segment options: pages and row groups must hold something");
  }
  if (options.key_page_bytes > kMaxSegmentPageBytes ||
      options.value_page_bytes > kMaxSegmentPageBytes) {
    return InvalidArgument("segment options: pages of more than 64 MiB");
  }
  if (options.timestamp_page_rows > (1 << 20) || options.namespace_page_rows > (1 << 20)) {
    return InvalidArgument("segment options: pages of more than 2^20 rows");
  }
  if (options.row_group_rows > (uint64_t{1} << 30) ||
      options.row_group_bytes > (uint64_t{1} << 30)) {
    return InvalidArgument("segment options: row groups beyond 2^30 rows or bytes");
  }
  if (!(options.filter_bits_per_key >= 0 && options.filter_bits_per_key <= 100)) {
    return InvalidArgument("segment options: filter bits per key outside 0..100");
  }
  return absl::OkStatus();
}

absl::Status CheckEntry(const EntryView& entry) {
  if (entry.ns > kMaxNamespace) {
    return InvalidArgument("namespace beyond 2^63-1");
  }
  if (entry.ts < kMinTimestamp || entry.ts > kMaxTimestamp) {
    return InvalidArgument("timestamp outside 1..2^63-1");
  }
  if (entry.key.size() > kMaxKeyBytes || entry.value.size() > kMaxValueBytes) {
    return InvalidArgument("key or value too long");
  }
  if (entry.kind != EntryKind::kPut && entry.kind != EntryKind::kDelete) {
    return InvalidArgument("unknown kind of entry");
  }
  if (entry.kind == EntryKind::kDelete && !entry.value.empty()) {
    return InvalidArgument("a tombstone with a value");
  }
  return absl::OkStatus();
}

absl::Status CheckTombstone(const RangeTombstoneView& tombstone) {
  if (tombstone.ns > kMaxNamespace) {
    return InvalidArgument("range tombstone: namespace beyond 2^63-1");
  }
  if (tombstone.ts < kMinTimestamp || tombstone.ts > kMaxTimestamp) {
    return InvalidArgument("range tombstone: timestamp outside 1..2^63-1");
  }
  if (tombstone.begin.size() > kMaxKeyBytes ||
      (!tombstone.open_end && tombstone.end.size() > kMaxKeyBytes)) {
    return InvalidArgument("range tombstone: key too long");
  }
  if (!tombstone.open_end && CompareBytes(tombstone.begin, tombstone.end) >= 0) {
    return InvalidArgument("range tombstone: empty range");
  }
  return absl::OkStatus();
}

bool Before(const OwnedRangeTombstone& a, const OwnedRangeTombstone& b) {
  if (const int order = CompareUserKeys(a.ns, a.begin, b.ns, b.begin); order != 0) {
    return order < 0;
  }
  if (a.ts != b.ts) {
    return a.ts > b.ts;
  }
  return a.open_end != b.open_end ? b.open_end : CompareBytes(a.end, b.end) < 0;
}

parquet::SchemaElement Column(std::string_view name, parquet::Type type,
                              parquet::Repetition repetition, int32_t field_id) {
  parquet::SchemaElement element;
  element.name = name;
  element.type = type;
  element.repetition = repetition;
  element.field_id = field_id;
  return element;
}

std::vector<parquet::SchemaElement> Schema() {
  using parquet::Repetition;
  using parquet::Type;
  parquet::SchemaElement root;
  root.name = "schema";
  root.num_children = static_cast<int32_t>(kSegmentColumns);
  return {root, Column("ns", Type::kInt64, Repetition::kRequired, 1),
          Column("key", Type::kByteArray, Repetition::kRequired, 2),
          Column("ts", Type::kInt64, Repetition::kRequired, 3),
          Column("value", Type::kByteArray, Repetition::kOptional, 4)};
}

class SegmentWriterImpl : public SegmentWriter {
 public:
  SegmentWriterImpl(std::unique_ptr<File> file, const SegmentOptions& options)
      : options_(options),
        file_(std::move(file)),
        group_(options),
        sparse_index_(options.sparse_index_interval),
        filter_(options.filter_bits_per_key) {
    contents_.counts.single_version = true;
    metadata_.schema = Schema();
    metadata_.created_by = CreatedBy();
    metadata_.column_orders.assign(kSegmentColumns, parquet::ColumnOrder::kTypeOrder);
  }

  absl::Status Start() { return Write(parquet::kMagic); }

  absl::Status Add(const EntryView& entry, StoredValuePage* stored_page) override {
    if (!status_.ok()) [[unlikely]] {
      return status_;
    }
    status_ = AddChecked(entry, stored_page);
    return status_;
  }

  absl::Status AddRangeTombstone(const RangeTombstoneView& tombstone) override {
    VERALITH_RETURN_IF_ERROR(status_);
    status_ = CheckTombstone(tombstone);
    VERALITH_RETURN_IF_ERROR(status_);
    tombstones_.push_back({tombstone.ns, std::string(tombstone.begin),
                           tombstone.open_end ? std::string() : std::string(tombstone.end),
                           tombstone.open_end, tombstone.ts});
    CountTimestamp(tombstone.ts);
    tombstone_bytes_ += tombstone.begin.size() + tombstone.end.size() + 20;
    return absl::OkStatus();
  }

  uint64_t EstimatedBytes() const override {
    constexpr uint64_t kFooterBytes = 600;
    constexpr uint64_t kPageBytes = 40;  // in the block and the page index
    return offset_ + group_.BufferedBytes() + column_indexes_.size() + offset_indexes_.size() +
           sparse_index_.EstimatedBytes() + filter_.EstimatedBytes() + tombstone_bytes_ +
           kFooterBytes * (1 + metadata_.row_groups.size()) + kPageBytes * pages_ +
           pending_first_keys_.size();
  }

  uint64_t entries() const override { return contents_.counts.rows; }
  CopiedPages copied_value_pages() const override { return group_.copied_value_pages(); }

  absl::StatusOr<SegmentSummary> Finish() override {
    VERALITH_RETURN_IF_ERROR(status_);
    absl::Status finished = FinishFile();
    status_ = finished.ok() ? FailedPrecondition("the segment is finished") : finished;
    VERALITH_RETURN_IF_ERROR(finished);
    return MakeSummary();
  }

 private:
  absl::Status AddChecked(const EntryView& entry, StoredValuePage* stored_page) {
    VERALITH_RETURN_IF_ERROR(CheckEntry(entry));
    RowGroupBuilder::Relation relation;
    VERALITH_RETURN_IF_ERROR(Relate(entry, &relation));
    if (group_.IsFull(relation.new_user_key)) {
      VERALITH_RETURN_IF_ERROR(FlushRowGroup());
    }
    NoteKeyPage(entry, relation);
    VERALITH_RETURN_IF_ERROR(group_.Add(entry, relation, stored_page));
    Count(entry, relation);
    return absl::OkStatus();
  }

  // Sets how the entry relates to the last one; InvalidArgument unless it comes after it.
  absl::Status Relate(const EntryView& entry, RowGroupBuilder::Relation* relation) const {
    if (contents_.counts.rows == 0) {
      return absl::OkStatus();
    }
    const size_t shared = CommonPrefix(last_key_, entry.key);
    relation->shared_key_bytes = shared;
    relation->new_namespace = entry.ns != last_ns_;
    const bool same_bytes = shared == last_key_.size() && shared == entry.key.size();
    relation->new_user_key = relation->new_namespace || !same_bytes;
    bool ascends;
    if (relation->new_namespace) {
      ascends = entry.ns > last_ns_;
    } else if (same_bytes) {
      ascends = entry.ts < last_ts_;
    } else {
      ascends = shared == last_key_.size() ||
                (shared < entry.key.size() &&
                 static_cast<uint8_t>(last_key_[shared]) < static_cast<uint8_t>(entry.key[shared]));
    }
    return ascends ? absl::OkStatus()
                   : InvalidArgument(StrCat("entry ", contents_.counts.rows,
                                            " is not after the one before it"));
  }

  // Keeps the first internal key of each key page for the sparse index, and the page's flag.
  void NoteKeyPage(const EntryView& entry, const RowGroupBuilder::Relation& relation) {
    std::vector<uint8_t>& flags = contents_.key_page_multi_version;
    if (group_.WillBeginKeyPage(relation)) {
      AppendInternalKey(&pending_first_keys_, entry.ns, entry.key, entry.ts);
      pending_ends_.push_back(pending_first_keys_.size());
      flags.push_back(0);
      ++pages_;
      if (!relation.new_user_key) {
        flags[flags.size() - 2] = 1;
      }
    }
    if (!relation.new_user_key) {
      flags.back() = 1;
    }
  }

  void Count(const EntryView& entry, const RowGroupBuilder::Relation& relation) {
    SegmentCounts& counts = contents_.counts;
    if (relation.new_namespace) {
      contents_.namespaces.push_back({entry.ns, counts.rows});
    }
    if (counts.rows == 0) {
      contents_.first_ns = entry.ns;
      contents_.first_key = entry.key;
    }
    if (relation.new_user_key) {
      filter_.Add(HashUserKey(entry.ns, entry.key));
    } else {
      counts.single_version = false;
    }
    ++counts.rows;
    counts.tombstones += entry.kind == EntryKind::kDelete;
    counts.raw_key_bytes += entry.key.size();
    counts.raw_value_bytes += entry.value.size();
    CountTimestamp(entry.ts);
    last_ns_ = entry.ns;
    last_key_.assign(entry.key);
    last_ts_ = entry.ts;
  }

  void CountTimestamp(Timestamp ts) {
    SegmentCounts& counts = contents_.counts;
    counts.min_ts = counts.min_ts == 0 ? ts : std::min(counts.min_ts, ts);
    counts.max_ts = std::max(counts.max_ts, ts);
  }

  absl::Status Write(std::string_view bytes) {
    offset_ += bytes.size();
    return file_->Append(bytes);
  }

  absl::Status FlushRowGroup() {
    VERALITH_RETURN_IF_ERROR(group_.FinishPages());
    const uint64_t start = offset_;
    parquet::RowGroup described = group_.Describe(start);
    described.ordinal = static_cast<int16_t>(metadata_.row_groups.size());
    if (metadata_.row_groups.size() > INT16_MAX) {
      described.ordinal.reset();
    }
    SegmentRowGroup& block_group = contents_.row_groups.emplace_back();
    block_group.rows = group_.rows();
    for (size_t i = 0; i < kSegmentColumns; ++i) {
      const EncodedChunk& chunk = group_.chunk(static_cast<SegmentColumn>(i));
      block_group.chunks[i].pages = static_cast<uint32_t>(chunk.pages().size());
      NotePages(static_cast<SegmentColumn>(i), chunk);
      NoteIndexes(static_cast<SegmentColumn>(i), chunk, &described.columns[i]);
      VERALITH_RETURN_IF_ERROR(Write(chunk.bytes()));
    }
    VERALITH_RETURN_IF_ERROR(IndexKeyPages());
    VERALITH_RETURN_IF_ERROR(WriteBloomFilter(&described.columns[1].meta_data));
    metadata_.row_groups.push_back(std::move(described));
    first_row_ += group_.rows();
    group_.Clear();
    return absl::OkStatus();
  }

  // Adds the pages to the block's table; the chunk is about to be written at offset_.
  void NotePages(SegmentColumn column, const EncodedChunk& chunk) {
    std::vector<SegmentPage>& pages = contents_.pages[static_cast<size_t>(column)];
    uint64_t offset = offset_;
    uint64_t row = first_row_;
    for (const EncodedPage& page : chunk.pages()) {
      pages.push_back({offset, page.bytes, page.crc32c, row, page.rows});
      offset += page.bytes;
      row += page.rows;
    }
    if (column != SegmentColumn::kKey) {
      pages_ += chunk.pages().size();
    }
  }

  // Encodes the chunk's page index; places are made absolute in WriteIndexes.
  void NoteIndexes(SegmentColumn column, const EncodedChunk& chunk, parquet::ColumnChunk* meta) {
    if (column != SegmentColumn::kValue) {
      const size_t start = column_indexes_.size();
      parquet::AppendColumnIndex(group_.MakeColumnIndex(column), &column_indexes_);
      meta->column_index_offset = static_cast<int64_t>(start);
      meta->column_index_length = static_cast<int32_t>(column_indexes_.size() - start);
    }
    const size_t start = offset_indexes_.size();
    parquet::AppendOffsetIndex(chunk.MakeOffsetIndex(offset_), &offset_indexes_);
    meta->offset_index_offset = static_cast<int64_t>(start);
    meta->offset_index_length = static_cast<int32_t>(offset_indexes_.size() - start);
  }

  absl::Status IndexKeyPages() {
    const std::vector<SegmentPage>& pages =
        contents_.pages[static_cast<size_t>(SegmentColumn::kKey)];
    const size_t first = pages.size() - pending_ends_.size();
    size_t begin = 0;
    for (size_t i = 0; i < pending_ends_.size(); ++i) {
      const std::string_view key =
          std::string_view(pending_first_keys_).substr(begin, pending_ends_[i] - begin);
      const SegmentPage& page = pages[first + i];
      VERALITH_RETURN_IF_ERROR(sparse_index_.Add(key, {page.offset, page.bytes, page.first_row}));
      begin = pending_ends_[i];
    }
    pending_first_keys_.clear();
    pending_ends_.clear();
    return absl::OkStatus();
  }

  absl::Status WriteBloomFilter(parquet::ColumnMetaData* meta) {
    if (!options_.write_parquet_bloom_filter) {
      return absl::OkStatus();
    }
    const std::vector<uint64_t>& hashes = group_.bloom_hashes();
    parquet::BloomBuilder builder(parquet::BloomBytes(hashes.size(), kParquetBloomFalsePositives));
    for (const uint64_t hash : hashes) {
      builder.Insert(hash);
    }
    std::string bytes;
    builder.AppendTo(&bytes);
    meta->bloom_filter_offset = static_cast<int64_t>(offset_);
    meta->bloom_filter_length = static_cast<int32_t>(bytes.size());
    return Write(bytes);
  }

  absl::Status FinishFile() {
    if (!group_.empty()) {
      VERALITH_RETURN_IF_ERROR(FlushRowGroup());
    }
    VERALITH_RETURN_IF_ERROR(WriteIndexes());
    VERALITH_RETURN_IF_ERROR(WriteBlock());
    VERALITH_RETURN_IF_ERROR(WriteFooter());
    VERALITH_RETURN_IF_ERROR(file_->Sync());
    return file_->Close();
  }

  absl::Status WriteIndexes() {
    const auto columns_at = static_cast<int64_t>(offset_);
    const auto offsets_at = columns_at + static_cast<int64_t>(column_indexes_.size());
    for (parquet::RowGroup& group : metadata_.row_groups) {
      for (parquet::ColumnChunk& column : group.columns) {
        if (column.column_index_offset.has_value()) {
          *column.column_index_offset += columns_at;
        }
        *column.offset_index_offset += offsets_at;
      }
    }
    VERALITH_RETURN_IF_ERROR(Write(column_indexes_));
    return Write(offset_indexes_);
  }

  // The block is directly before the footer: nothing can be put between them unnoticed.
  absl::Status WriteBlock() {
    std::sort(tombstones_.begin(), tombstones_.end(), Before);
    std::vector<RangeTombstoneView> views;
    for (const OwnedRangeTombstone& tombstone : tombstones_) {
      views.push_back(tombstone.view());
    }
    if (!views.empty()) {
      VERALITH_RETURN_IF_ERROR(AppendRangeTombstones(&contents_.range_tombstones, views));
    }
    contents_.counts.range_tombstones = views.size();
    contents_.last_ns = last_ns_;
    contents_.last_key = last_key_;
    contents_.sparse_index = sparse_index_.Finish();
    contents_.filter = contents_.counts.rows == 0 ? std::string() : filter_.Finish();
    std::string block;
    VERALITH_RETURN_IF_ERROR(AppendSegmentBlock(contents_, offset_, &block));
    metadata_.key_value_metadata.push_back(
        {std::string(kSegmentBlockKey), EncodeBlockPlace(offset_, block.size())});
    if (!views.empty()) {
      metadata_.key_value_metadata.push_back(
          {std::string(kRangeTombstonesKey), std::to_string(views.size())});
    }
    return Write(block);
  }

  absl::Status WriteFooter() {
    if (options_.write_hex_index) {
      metadata_.key_value_metadata.push_back(
          {std::string(kHexIndexKey), HexEncode(contents_.sparse_index)});
    }
    metadata_.num_rows = static_cast<int64_t>(contents_.counts.rows);
    std::string footer;
    AppendSealedFooter(std::move(metadata_), &footer);
    const auto length = static_cast<uint32_t>(footer.size());
    footer.append(reinterpret_cast<const char*>(&length), sizeof(length));
    footer.append(parquet::kMagic);
    return Write(footer);
  }

  SegmentSummary MakeSummary() const {
    const SegmentCounts& counts = contents_.counts;
    SegmentSummary summary;
    summary.file_bytes = offset_;
    summary.entries = counts.rows;
    summary.tombstones = counts.tombstones;
    summary.range_tombstones = counts.range_tombstones;
    summary.raw_key_bytes = counts.raw_key_bytes;
    summary.raw_value_bytes = counts.raw_value_bytes;
    summary.min_ts = counts.min_ts;
    summary.max_ts = counts.max_ts;
    bool any = false;
    if (counts.rows > 0) {
      WidenBounds(contents_.first_ns, contents_.first_key,
                  {last_ns_, last_key_, KeyBound::Kind::kInclusive}, &any, &summary);
    }
    for (const OwnedRangeTombstone& tombstone : tombstones_) {
      WidenBounds(tombstone.view(), &any, &summary);
    }
    return summary;
  }

  const SegmentOptions options_;
  std::unique_ptr<File> file_;
  absl::Status status_;  // the first error; or the segment is finished
  uint64_t offset_ = 0;  // bytes written
  uint64_t pages_ = 0;
  uint64_t first_row_ = 0;  // of the open row group

  RowGroupBuilder group_;
  // The first internal keys of the open row group's key pages, contiguous, and their ends.
  std::string pending_first_keys_;
  std::vector<size_t> pending_ends_;

  // The last entry.
  NamespaceId last_ns_ = 0;
  std::string last_key_;
  Timestamp last_ts_ = 0;

  // What follows the row groups.
  parquet::FileMetaData metadata_;
  std::string column_indexes_;
  std::string offset_indexes_;
  SegmentBlockContents contents_;
  SparseIndexBuilder sparse_index_;
  FilterBuilder filter_;
  std::vector<OwnedRangeTombstone> tombstones_;
  uint64_t tombstone_bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(
    std::unique_ptr<File> file, const SegmentOptions& options) {
  VERALITH_RETURN_IF_ERROR(CheckOptions(options));
  auto writer = std::make_unique<SegmentWriterImpl>(std::move(file), options);
  VERALITH_RETURN_IF_ERROR(writer->Start());
  return writer;
}

}  // namespace veralith
