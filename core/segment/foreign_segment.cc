#include "core/segment/foreign_segment.h"

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
#include "core/iterator/version_cursor.h"
#include "core/segment/foreign_chunk.h"

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

class ForeignSegment : public SegmentReader {
 public:
  ForeignSegment(std::unique_ptr<File> file, uint64_t memory_limit)
      : file_(std::move(file)), memory_limit_(memory_limit) {}

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

  absl::Status Get(NamespaceId ns, std::string_view key, uint64_t, Timestamp snapshot,
                   const LookupOptions&, LookupResult* result) const override {
    result->kind = LookupResult::Kind::kAbsent;
    result->ts = 0;
    const EntryView target{ns, key, snapshot, EntryKind::kPut, {}};
    const size_t g = FindGroup(target);
    if (g == groups_.size() ||
        CompareUserKeys(groups_[g].first.ns, groups_[g].first.key, ns, key) > 0) {
      return absl::OkStatus();
    }
    VERALITH_ASSIGN_OR_RETURN(SharedRows rows, Load(g));
    const EntryView found = rows->entry(rows->LowerBound(target));
    if (CompareUserKeys(found.ns, found.key, ns, key) != 0) {
      return absl::OkStatus();
    }
    result->ts = found.ts;
    result->kind = LookupResult::Kind::kDelete;
    if (found.kind == EntryKind::kPut) {
      result->kind = LookupResult::Kind::kPut;
      result->value = found.value;
      result->pin = Pin(new SharedRows(std::move(rows)),
                        [](void* held) { delete static_cast<SharedRows*>(held); });
    }
    return absl::OkStatus();
  }

  void PrefetchFilter(uint64_t) const override {}
  bool MayContain(uint64_t) const override { return summary_.entries > 0; }
  std::unique_ptr<Iterator> NewIterator(bool) const override;
  std::unique_ptr<Iterator> NewJobIterator(std::shared_ptr<const SegmentReader> keep,
                                           ValuePageOffers::Place*) const override;
  std::unique_ptr<KeyCursor> NewCursor(NamespaceId ns, Timestamp snapshot,
                                       bool fill_cache) const override;
  const SegmentSummary& summary() const override { return summary_; }
  const std::shared_ptr<const FragmentedRangeTombstones>& fragmented_range_tombstones()
      const override {
    return no_fragments_;
  }
  const std::vector<RangeTombstoneView>& range_tombstones() const override {
    return no_tombstones_;
  }
  const std::string& path() const override { return file_->path(); }

  uint64_t ApproximateOffset(NamespaceId ns, std::string_view key) const override {
    const size_t g = FindGroup({ns, key, kMaxTimestamp, EntryKind::kPut, {}});
    return g == groups_.size() ? summary_.file_bytes : groups_[g].chunks[0].offset;
  }

  std::vector<UserKey> SampleKeys(size_t limit) const override {
    const size_t count = std::min(limit, groups_.size());
    std::vector<UserKey> keys;
    for (size_t i = 0; i < count; ++i) {
      const Position& first = groups_[i * groups_.size() / count].first;
      keys.push_back({first.ns, first.key});
    }
    return keys;
  }

  uint64_t memory_bytes() const override {
    uint64_t bytes = sizeof(*this) + groups_.size() * sizeof(Group);
    for (const Group& group : groups_) {
      bytes += group.first.key.size() + group.last.key.size();
    }
    return bytes;
  }

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
  absl::Status InFile(const absl::Status& status) const { return Annotate(status, path()); }

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

  friend absl::StatusOr<std::unique_ptr<SegmentReader>> veralith::OpenForeignSegment(
      std::unique_ptr<File> file, const SegmentFooter& footer, const SegmentReaderOptions& options);

  const std::unique_ptr<File> file_;
  const uint64_t memory_limit_;
  std::vector<Group> groups_;  // without empty ones
  SegmentSummary summary_;
  const std::shared_ptr<const FragmentedRangeTombstones> no_fragments_;
  const std::vector<RangeTombstoneView> no_tombstones_;

  mutable Mutex mutex_;
  mutable SharedRows kept_ ABSL_GUARDED_BY(mutex_);
  mutable size_t kept_group_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Holds the row group that it is in.
class ForeignIterator : public Iterator {
 public:
  explicit ForeignIterator(const ForeignSegment& segment,
                           std::shared_ptr<const SegmentReader> keep = nullptr)
      : keep_(std::move(keep)), segment_(segment) {}

  absl::Status status() const override { return status_; }
  void SeekToFirst() override { EnterGroup(0, /*at_end=*/false); }
  void SeekToLast() override { EnterGroup(segment_.groups() - 1, /*at_end=*/true); }

  void Seek(NamespaceId ns, std::string_view key, Timestamp ts) override {
    const EntryView target{ns, key, ts, EntryKind::kPut, {}};
    if (Hold(segment_.FindGroup(target))) {
      Stand(rows_->LowerBound(target));
    }
  }
  void SeekForPrev(NamespaceId ns, std::string_view key, Timestamp ts) override {
    const EntryView target{ns, key, ts, EntryKind::kPut, {}};
    Seek(ns, key, ts);
    if (!status_.ok() || (valid_ && CompareEntries(entry_, target) == 0)) {
      return;
    }
    if (valid_) {
      Prev();
    } else {
      SeekToLast();
    }
  }
  void Next() override {
    VERALITH_DCHECK(valid_);
    if (row_ + 1 < rows_->size()) {
      Stand(row_ + 1);
    } else {
      EnterGroup(group_ + 1, /*at_end=*/false);
    }
  }
  void Prev() override {
    VERALITH_DCHECK(valid_);
    if (row_ > 0) {
      Stand(row_ - 1);
    } else {
      EnterGroup(group_ - 1, /*at_end=*/true);
    }
  }
  Timestamp max_timestamp() const override { return segment_.summary().max_ts; }

 private:
  void Stand(size_t row) {
    row_ = row;
    entry_ = rows_->entry(row);
    valid_ = true;
  }
  // Returns false, and becomes invalid, beyond either end (group numbers wrap below 0) and after an
  // error.
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
  void EnterGroup(size_t group, bool at_end) {
    if (Hold(group)) {
      Stand(at_end ? rows_->size() - 1 : 0);
    }
  }

  const std::shared_ptr<const SegmentReader> keep_;  // destroyed last
  const ForeignSegment& segment_;
  absl::Status status_;
  SharedRows rows_;
  size_t group_ = 0;
  size_t row_ = 0;
};

std::unique_ptr<Iterator> ForeignSegment::NewIterator(bool) const {
  return std::make_unique<ForeignIterator>(*this);
}

std::unique_ptr<Iterator> ForeignSegment::NewJobIterator(std::shared_ptr<const SegmentReader> keep,
                                                         ValuePageOffers::Place*) const {
  return std::make_unique<ForeignIterator>(*this, std::move(keep));
}

std::unique_ptr<KeyCursor> ForeignSegment::NewCursor(NamespaceId ns, Timestamp snapshot,
                                                     bool fill_cache) const {
  return NewVersionCursor(NewIterator(fill_cache), ns, snapshot);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentReader>> OpenForeignSegment(
    std::unique_ptr<File> file, const SegmentFooter& footer, const SegmentReaderOptions& options) {
  auto segment = std::make_unique<ForeignSegment>(std::move(file), options.memory_limit_bytes);
  VERALITH_ASSIGN_OR_RETURN(segment->summary_.file_bytes, segment->file_->Size());
  if (absl::Status status = segment->Prepare(footer); !status.ok()) {
    return segment->InFile(status);
  }
  return segment;
}

}  // namespace veralith
