// SPDX-License-Identifier: Apache-2.0

#include "core/segment/foreign/foreign_segment.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/base/text.h"
#include "core/format/segment_footer.h"
#include "core/segment/foreign/foreign_chunk.h"
#include "core/segment/read/segment_file.h"

namespace veralith {
namespace {

constexpr std::string_view kNames[kSegmentColumns] = {"ns", "key", "ts", "value"};
constexpr parquet::Type kTypes[kSegmentColumns] = {parquet::Type::kInt64, parquet::Type::kByteArray,
                                                   parquet::Type::kInt64,
                                                   parquet::Type::kByteArray};

using Columns = std::array<ForeignColumn, kSegmentColumns>;

// A decoded row group, whose rows were checked to be entries in order.
struct Rows {
  Columns columns;

  size_t size() const { return columns[0].integers.size(); }
  EntryView entry(size_t row) const {
    EntryView entry;
    entry.ns = static_cast<NamespaceId>(columns[0].integers[row]);
    entry.key = columns[1].value(row);
    entry.ts = static_cast<Timestamp>(columns[2].integers[row]);
    entry.kind = columns[3].IsNull(row) ? EntryKind::kDelete : EntryKind::kPut;
    entry.value = columns[3].value(row);
    return entry;
  }
  // Returns the first row at or after the target.
  size_t LowerBound(const EntryView& target) const {
    size_t low = 0;
    size_t high = size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (CompareEntries(entry(middle), target) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};
using SharedRows = std::shared_ptr<const Rows>;

// The place of an entry in the order.
struct Position {
  NamespaceId ns = 0;
  std::string key;
  Timestamp ts = 0;

  void Set(const EntryView& entry) {
    ns = entry.ns;
    key.assign(entry.key);
    ts = entry.ts;
  }
  EntryView view() const { return {ns, key, ts, EntryKind::kPut, {}}; }
};

struct Group {
  uint64_t first_row = 0;
  uint64_t rows = 0;
  std::array<ForeignChunkPlace, kSegmentColumns> chunks;  // by SegmentColumn
  Position first;
  Position last;
};

// Where each of our columns stands in the file.
struct ColumnOrder {
  std::array<size_t, kSegmentColumns> place;
  std::array<bool, kSegmentColumns> optional;
};

absl::Status CheckElement(const parquet::SchemaElement& element, size_t column) {
  using Kind = parquet::LogicalType::Kind;
  const Kind kind = element.logical_type.has_value() ? element.logical_type->kind : Kind::kNone;
  if (element.type != kTypes[column]) {
    return Unimplemented(StrCat("column ", kNames[column], " of type ",
                                element.type.has_value() ? Name(*element.type) : "group", ", not ",
                                Name(kTypes[column])));
  }
  const bool plain =
      kind == Kind::kNone ||
      (kTypes[column] == parquet::Type::kByteArray
           ? kind == Kind::kString
           : element.logical_type == parquet::LogicalType::Integer(64, /*is_signed=*/true));
  if (!plain) {
    return Unimplemented(StrCat("column ", kNames[column], " with a logical type (number ",
                                static_cast<int>(kind), ")"));
  }
  if (element.repetition != parquet::Repetition::kRequired &&
      element.repetition != parquet::Repetition::kOptional) {
    return Unimplemented(StrCat("column ", kNames[column], " is repeated"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ColumnOrder> ReadSchema(const parquet::FileMetaData& metadata) {
  ColumnOrder order;
  std::array<bool, kSegmentColumns> found = {};
  for (size_t i = 1; i < metadata.schema.size(); ++i) {
    const parquet::SchemaElement& element = metadata.schema[i];
    const auto* name = std::find(std::begin(kNames), std::end(kNames), element.name);
    const auto column = static_cast<size_t>(name - std::begin(kNames));
    if (column == kSegmentColumns) {
      return Unimplemented(StrCat("column ", QuoteKey(element.name)));
    }
    if (found[column]) {
      return Unimplemented(StrCat("two columns ", kNames[column]));
    }
    VERALITH_RETURN_IF_ERROR(CheckElement(element, column));
    found[column] = true;
    order.place[column] = i - 1;
    order.optional[column] = element.repetition == parquet::Repetition::kOptional;
  }
  for (size_t column = 0; column < kSegmentColumns; ++column) {
    if (!found[column]) {
      return Unimplemented(StrCat("a schema without column ", kNames[column]));
    }
  }
  return order;
}

absl::Status CheckFooterEntries(const parquet::FileMetaData& metadata) {
  for (const parquet::KeyValue& entry : metadata.key_value_metadata) {
    if (entry.key == kRangeTombstonesKey) {
      return Unimplemented(StrCat("a file rewritten from a segment with range tombstones, which "
                                  "it lacks (",
                                  kRangeTombstonesKey, " = ", entry.value.value_or(""), ")"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ForeignChunkPlace> PlaceChunk(const parquet::ColumnChunk& chunk,
                                             const parquet::RowGroup& group, uint64_t data_limit) {
  const parquet::ColumnMetaData& meta = chunk.meta_data;
  if (chunk.file_path.has_value()) {
    return Unimplemented("a column chunk in another file");
  }
  ForeignChunkPlace place;
  VERALITH_ASSIGN_OR_RETURN(place.codec, parquet::CodecFromParquetId(meta.codec));
  int64_t start = meta.data_page_offset;
  if (meta.dictionary_page_offset.value_or(0) > 0) {
    start = std::min(start, *meta.dictionary_page_offset);
  }
  const auto limit = static_cast<int64_t>(data_limit);
  if (start < static_cast<int64_t>(parquet::kMagic.size()) || start > limit ||
      meta.total_compressed_size < 0 || meta.total_compressed_size > limit - start) {
    return DataLoss("a column chunk outside the file");
  }
  if (meta.num_values != group.num_rows) {
    return DataLoss("a column chunk with another number of values than its row group has rows");
  }
  place.offset = static_cast<uint64_t>(start);
  place.bytes = static_cast<uint64_t>(meta.total_compressed_size);
  place.rows = static_cast<uint64_t>(group.num_rows);
  return place;
}

// Returns why a row is no entry; null if it is one.
const char* NotAnEntry(const Rows& rows, size_t row) {
  for (size_t column = 0; column < 3; ++column) {
    if (rows.columns[column].IsNull(row)) {
      return "a null where only values may be null";
    }
  }
  const EntryView entry = rows.entry(row);
  if (entry.ns > kMaxNamespace) {
    return "a namespace below 0";
  }
  if (entry.ts < kMinTimestamp || entry.ts > kMaxTimestamp) {
    return "a timestamp below 1";
  }
  if (entry.key.size() > kMaxKeyBytes) {
    return "a key longer than 32000 bytes";
  }
  return entry.value.size() > kMaxValueBytes ? "a value longer than 256 MiB" : nullptr;
}

class ForeignSegmentImpl final : public ForeignSegment {
 public:
  ForeignSegmentImpl(std::unique_ptr<File> file, uint64_t memory_limit)
      : file_(std::move(file)), memory_limit_(memory_limit) {}

  absl::Status Open(const SegmentFooter& footer, uint64_t file_bytes) {
    summary_.file_bytes = file_bytes;
    return InFile(Prepare(footer));
  }

  std::unique_ptr<VersionStream> NewStream() const override;
  const SegmentSummary& summary() const override { return summary_; }
  // Decodes every row group again, bypassing the one that is kept.
  absl::Status Check() const override {
    for (size_t g = 0; g < groups_.size(); ++g) {
      VERALITH_RETURN_IF_ERROR(InFile(DecodeKnown(g).status()));
    }
    return absl::OkStatus();
  }

  size_t groups() const { return groups_.size(); }

  // Returns the first row group whose last row is at or after the target; groups() if there is
  // none.
  size_t FindGroup(const EntryView& target) const {
    const auto at = std::partition_point(groups_.begin(), groups_.end(), [&](const Group& group) {
      return CompareEntries(group.last.view(), target) < 0;
    });
    return static_cast<size_t>(at - groups_.begin());
  }

  absl::StatusOr<SharedRows> Load(size_t g) const {
    {
      MutexLock lock(mutex_);
      if (kept_ != nullptr && kept_group_ == g) {
        return kept_;
      }
    }
    absl::StatusOr<SharedRows> rows = DecodeKnown(g);
    if (!rows.ok()) {
      return InFile(rows.status());
    }
    MutexLock lock(mutex_);
    kept_ = *rows;
    kept_group_ = g;
    return rows;
  }

 private:
  absl::Status InFile(const absl::Status& status) const { return Annotate(status, file_->path()); }

  absl::Status Prepare(const SegmentFooter& footer) {
    VERALITH_RETURN_IF_ERROR(CheckFooterEntries(footer.metadata));
    VERALITH_ASSIGN_OR_RETURN(const ColumnOrder order, ReadSchema(footer.metadata));
    for (size_t g = 0; g < footer.metadata.row_groups.size(); ++g) {
      VERALITH_RETURN_IF_ERROR(
          Annotate(PlaceGroup(footer.metadata.row_groups[g], order, footer.offset),
                   StrCat("row group ", g)));
    }
    if (static_cast<uint64_t>(footer.metadata.num_rows) != summary_.entries) {
      return DataLoss("the footer counts other rows than its row groups");
    }
    for (size_t g = 0; g < groups_.size(); ++g) {
      VERALITH_RETURN_IF_ERROR(Visit(g));
    }
    Summarize();
    return absl::OkStatus();
  }

  absl::Status PlaceGroup(const parquet::RowGroup& described, const ColumnOrder& order,
                          uint64_t data_limit) {
    if (described.num_rows < 0 || described.columns.size() != kSegmentColumns) {
      return DataLoss("another number of columns than the schema, or of rows");
    }
    if (described.num_rows == 0) {
      return absl::OkStatus();  // pyarrow writes such, with offsets of 0
    }
    Group group;
    group.first_row = summary_.entries;
    group.rows = static_cast<uint64_t>(described.num_rows);
    for (size_t column = 0; column < kSegmentColumns; ++column) {
      const parquet::ColumnChunk& chunk = described.columns[order.place[column]];
      absl::StatusOr<ForeignChunkPlace> place = PlaceChunk(chunk, described, data_limit);
      if (!place.ok()) {
        return Annotate(place.status(), StrCat("column ", kNames[column]));
      }
      place->type = kTypes[column];
      place->optional = order.optional[column];
      group.chunks[column] = *place;
    }
    if (group.rows > memory_limit_) {
      return ResourceExhausted("a row group larger than the memory limit allows");
    }
    summary_.entries += group.rows;
    groups_.push_back(std::move(group));
    return absl::OkStatus();
  }

  // Decodes a row group from the file, and checks its rows among themselves.
  absl::StatusOr<SharedRows> Decode(const Group& group) const {
    auto rows = std::make_shared<Rows>();
    MemoryBudget budget(memory_limit_);
    for (size_t column = 0; column < kSegmentColumns; ++column) {
      const ForeignChunkPlace& place = group.chunks[column];
      VERALITH_RETURN_IF_ERROR(budget.Charge(place.bytes));
      std::string bytes(place.bytes, '\0');
      VERALITH_RETURN_IF_ERROR(ReadFully(*file_, place.offset, bytes));
      absl::StatusOr<ForeignColumn> decoded = DecodeForeignChunk(bytes, place, &budget);
      if (!decoded.ok()) {
        return Annotate(decoded.status(), StrCat("column ", kNames[column]));
      }
      rows->columns[column] = *std::move(decoded);
    }
    for (size_t row = 0; row < rows->size(); ++row) {
      if (const char* fault = NotAnEntry(*rows, row)) {
        return InvalidArgument(StrCat("row ", group.first_row + row, ": ", fault));
      }
      if (row > 0 && CompareEntries(rows->entry(row - 1), rows->entry(row)) >= 0) {
        return Unsorted(group.first_row + row);
      }
    }
    return rows;
  }

  static absl::Status Unsorted(uint64_t row) {
    return InvalidArgument(
        StrCat("row ", row,
               " does not come after the one before it: rows must ascend by ns and key and "
               "descend by ts"));
  }

  // Does the same, and checks that the rows are those that opening saw.
  absl::StatusOr<SharedRows> DecodeKnown(size_t g) const {
    const Group& group = groups_[g];
    VERALITH_ASSIGN_OR_RETURN(SharedRows rows, Decode(group));
    if (CompareEntries(rows->entry(0), group.first.view()) != 0 ||
        CompareEntries(rows->entry(rows->size() - 1), group.last.view()) != 0) {
      return DataLoss(StrCat("row group ", g, " has changed since the file was opened"));
    }
    return rows;
  }

  // Reads the row group for the first time: bounds, counts, and the order across row groups.
  absl::Status Visit(size_t g) {
    Group& group = groups_[g];
    VERALITH_ASSIGN_OR_RETURN(const SharedRows rows, Decode(group));
    group.first.Set(rows->entry(0));
    group.last.Set(rows->entry(rows->size() - 1));
    if (g > 0 && CompareEntries(groups_[g - 1].last.view(), group.first.view()) >= 0) {
      return Unsorted(group.first_row);
    }
    for (size_t row = 0; row < rows->size(); ++row) {
      const EntryView entry = rows->entry(row);
      summary_.tombstones += entry.kind == EntryKind::kDelete;
      summary_.raw_key_bytes += entry.key.size();
      summary_.raw_value_bytes += entry.value.size();
      summary_.min_ts = summary_.min_ts == 0 ? entry.ts : std::min(summary_.min_ts, entry.ts);
      summary_.max_ts = std::max(summary_.max_ts, entry.ts);
    }
    return absl::OkStatus();
  }

  void Summarize() {
    if (groups_.empty()) {
      return;
    }
    const Position& last = groups_.back().last;
    bool any = false;
    WidenBounds(groups_.front().first.ns, groups_.front().first.key,
                {last.ns, last.key, KeyBound::Kind::kInclusive}, &any, &summary_);
  }

  const std::unique_ptr<File> file_;
  const uint64_t memory_limit_;
  std::vector<Group> groups_;  // without empty ones
  SegmentSummary summary_;

  mutable Mutex mutex_;
  mutable SharedRows kept_ ABSL_GUARDED_BY(mutex_);
  mutable size_t kept_group_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Holds the row group that it is in.
class ForeignStream : public VersionStream {
 public:
  explicit ForeignStream(const ForeignSegmentImpl& segment) : segment_(segment) {}

  absl::Status status() const override { return status_; }
  void SeekToFirst() override { EnterGroup(0); }

  void Seek(NamespaceId ns, std::string_view key) override {
    const EntryView target{ns, key, kMaxTimestamp, EntryKind::kPut, {}};
    if (Hold(segment_.FindGroup(target))) {
      SetRow(rows_->LowerBound(target));
    }
  }
  void Next() override {
    VERALITH_DCHECK(valid_);
    if (row_ + 1 < rows_->size()) {
      SetRow(row_ + 1);
    } else {
      EnterGroup(group_ + 1);
    }
  }

 private:
  void SetRow(size_t row) {
    row_ = row;
    entry_ = rows_->entry(row);
    valid_ = true;
  }
  // Returns false, and becomes invalid, beyond the end and after an error.
  bool Hold(size_t group) {
    valid_ = false;
    status_ = absl::OkStatus();
    if (group >= segment_.groups()) {
      return false;
    }
    if (rows_ == nullptr || group != group_) {
      absl::StatusOr<SharedRows> rows = segment_.Load(group);
      if (!rows.ok()) {
        status_ = rows.status();
        return false;
      }
      rows_ = *std::move(rows);
      group_ = group;
    }
    return true;
  }
  void EnterGroup(size_t group) {
    if (Hold(group)) {
      SetRow(0);
    }
  }

  const ForeignSegmentImpl& segment_;
  absl::Status status_;
  SharedRows rows_;
  size_t group_ = 0;
  size_t row_ = 0;
};

std::unique_ptr<VersionStream> ForeignSegmentImpl::NewStream() const {
  return std::make_unique<ForeignStream>(*this);
}

}  // namespace

absl::StatusOr<AnySegment> OpenAnySegment(std::unique_ptr<File> file,
                                          const SegmentReaderOptions& options) {
  VERALITH_ASSIGN_OR_RETURN(const uint64_t file_bytes, file->Size());
  const absl::StatusOr<SegmentFooter> footer =
      ReadParquetFooter(*file, file_bytes, options.memory_limit_bytes);
  VERALITH_RETURN_IF_ERROR(Annotate(footer.status(), file->path()));
  AnySegment segment;
  if (IsForeign(*footer)) {
    auto foreign =
        std::make_unique<ForeignSegmentImpl>(std::move(file), options.memory_limit_bytes);
    VERALITH_RETURN_IF_ERROR(foreign->Open(*footer, file_bytes));
    segment.foreign = std::move(foreign);
  } else {
    VERALITH_ASSIGN_OR_RETURN(segment.ours, SegmentReader::Open(std::move(file), options));
  }
  return segment;
}

}  // namespace veralith
