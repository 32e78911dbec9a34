// SPDX-License-Identifier: Apache-2.0

#include "core/segment/check/segment_salvage.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/parquet_metadata.h"
#include "core/format/range_tombstone_codec.h"
#include "core/segment/check/salvage_plan.h"
#include "core/segment/foreign/foreign_chunk.h"
#include "core/segment/read/segment_file.h"

namespace veralith {
namespace {

constexpr parquet::Codec kCodecs[] = {parquet::Codec::kLz4Raw, parquet::Codec::kSnappy,
                                      parquet::Codec::kZstd};
constexpr size_t kNs = 0;
constexpr size_t kKey = 1;
constexpr size_t kTs = 2;
constexpr size_t kValue = 3;

// Reads and decodes single pages.
class PageReader {
 public:
  PageReader(const File& file, uint64_t memory_limit) : file_(file), memory_limit_(memory_limit) {}

  absl::StatusOr<ForeignColumn> Read(size_t column, const SalvagePage& page,
                                     std::optional<parquet::Codec> codec) const {
    if (!page.damage.empty()) {
      return DataLoss(page.damage);
    }
    if (page.bytes > memory_limit_ / 4) {
      return ResourceExhausted("a page larger than the memory limit allows");
    }
    std::string bytes(page.bytes, '\0');
    VERALITH_RETURN_IF_ERROR(ReadFully(file_, page.offset, bytes));
    if (page.crc32c.has_value() && Crc32c(bytes) != *page.crc32c) {
      return DataLoss("page checksum mismatch");
    }
    size_t header_bytes = 0;
    VERALITH_ASSIGN_OR_RETURN(const parquet::PageHeader header,
                              parquet::DecodePageHeader(bytes, &header_bytes));
    if (header.type != parquet::PageType::kDataPageV2 || !header.crc.has_value()) {
      return DataLoss("not a page of ours");
    }
    if (column != kValue || !header.data_v2.is_compressed) {
      codec = parquet::Codec::kNone;
    }
    absl::StatusOr<ForeignColumn> decoded =
        codec.has_value() ? Decode(column, page, bytes, *codec) : DecodeByTrial(page, bytes);
    VERALITH_RETURN_IF_ERROR(decoded.status());
    if (NullsIn(*decoded) != header.data_v2.num_nulls) {
      return DataLoss("the page header counts nulls differently");
    }
    return decoded;
  }

 private:
  absl::StatusOr<ForeignColumn> Decode(size_t column, const SalvagePage& page,
                                       std::string_view bytes, parquet::Codec codec) const {
    ForeignChunkPlace place;
    place.offset = page.offset;
    place.bytes = page.bytes;
    place.rows = page.rows;
    place.type = column == kNs || column == kTs ? parquet::Type::kInt64 : parquet::Type::kByteArray;
    place.optional = column == kValue;
    place.codec = codec;
    MemoryBudget budget(memory_limit_);
    return DecodeForeignChunk(bytes, place, &budget);
  }

  // Decodes with the codec that the page was written with. If no other codec fits, that is the one.
  absl::StatusOr<ForeignColumn> DecodeByTrial(const SalvagePage& page,
                                              std::string_view bytes) const {
    absl::StatusOr<ForeignColumn> found = DataLoss("no codec fits a value page");
    for (const parquet::Codec codec : kCodecs) {
      absl::StatusOr<ForeignColumn> decoded = Decode(kValue, page, bytes, codec);
      if (decoded.ok() && found.ok()) {
        return DataLoss("several codecs fit a value page");
      }
      if (decoded.ok()) {
        found = std::move(decoded);
      }
    }
    return found;
  }

  static int64_t NullsIn(const ForeignColumn& column) {
    return std::count(column.present.begin(), column.present.end(), uint8_t{0});
  }

  const File& file_;
  const uint64_t memory_limit_;
};

// The current page of one column.
struct Cursor {
  size_t next = 0;  // page of the group
  uint64_t first_row = 0;
  uint64_t end_row = 0;
  uint64_t offset = 0;
  absl::StatusOr<ForeignColumn> page = DataLoss("");
};

class Salvager {
 public:
  Salvager(const File& file, uint64_t memory_limit, const SegmentReceiver& receiver)
      : plan_(file, memory_limit), reader_(file, memory_limit), receiver_(receiver) {}

  absl::StatusOr<SegmentSalvage> Run() {
    result_.basis = plan_.basis();
    result_.metadata_damage = plan_.damage();
    VERALITH_RETURN_IF_ERROR(ReadRangeTombstones());
    for (SalvageGroup group; plan_.Next(&group);) {
      VERALITH_RETURN_IF_ERROR(ReadGroup(group));
    }
    if (plan_.may_have_more()) {
      Lose(next_row_, 0, plan_.end_offset(),
           StrCat("no page follows here; more may have followed",
                  plan_.end_why().empty() ? "" : ": ", plan_.end_why()));
    }
    return std::move(result_);
  }

 private:
  bool has_block() const { return result_.basis == SegmentSalvage::Basis::kBlock; }

  absl::Status ReadRangeTombstones() {
    if (!has_block()) {
      result_.lost_range_tombstones = plan_.range_tombstones_by_footer();
      return absl::OkStatus();
    }
    result_.counts = plan_.block().counts();
    const std::string_view bytes = plan_.block().range_tombstones();
    if (bytes.empty()) {
      return absl::OkStatus();
    }
    const auto tombstones = DecodeRangeTombstones(bytes);
    if (!tombstones.ok()) {
      result_.lost_range_tombstones = plan_.block().counts().range_tombstones;
      StrAppend(&result_.metadata_damage, result_.metadata_damage.empty() ? "" : "; ",
                ToString(tombstones.status()));
      return absl::OkStatus();
    }
    for (const RangeTombstoneView& tombstone : *tombstones) {
      VERALITH_RETURN_IF_ERROR(receiver_.range_tombstone(tombstone));
      ++result_.range_tombstones;
    }
    return absl::OkStatus();
  }

  absl::Status ReadGroup(const SalvageGroup& group) {
    std::array<Cursor, kSegmentColumns> cursors;
    const uint64_t end = group.first_row + group.rows;
    for (uint64_t row = group.first_row; row < end;) {
      const Cursor* lost = nullptr;
      for (size_t c = has_block() ? kKey : kNs; c < kSegmentColumns; ++c) {
        Enter(c, row, group, &cursors[c]);
        if (lost == nullptr && !cursors[c].page.ok()) {
          lost = &cursors[c];
        }
      }
      if (lost != nullptr) {
        const uint64_t until = std::min(end, lost->end_row);
        Lose(row, until - row, lost->offset, Message(lost->page.status()));
        row = until;
        continue;
      }
      VERALITH_RETURN_IF_ERROR(Hand(row, cursors));
      ++row;
    }
    next_row_ = end;
    return absl::OkStatus();
  }

  void Enter(size_t column, uint64_t row, const SalvageGroup& group, Cursor* cursor) const {
    const std::vector<SalvagePage>& pages = group.pages[column];
    while (row >= cursor->end_row) {
      if (cursor->next == pages.size()) {
        cursor->page = DataLoss("no page holds the row");
        cursor->end_row = group.first_row + group.rows;
        return;
      }
      const SalvagePage& page = pages[cursor->next++];
      cursor->first_row = page.first_row;
      cursor->end_row = page.first_row + page.rows;
      cursor->offset = page.offset;
      if (row < cursor->end_row) {
        cursor->page = reader_.Read(column, page, group.value_codec);
      }
    }
  }

  absl::Status Hand(uint64_t row, const std::array<Cursor, kSegmentColumns>& cursors) {
    const auto at = [&](size_t c) { return row - cursors[c].first_row; };
    EntryView entry;
    entry.ns = has_block() ? plan_.block().NamespaceOfRow(row)
                           : static_cast<NamespaceId>(cursors[kNs].page->integers[at(kNs)]);
    entry.key = cursors[kKey].page->value(at(kKey));
    entry.ts = static_cast<Timestamp>(cursors[kTs].page->integers[at(kTs)]);
    const bool is_null = cursors[kValue].page->IsNull(at(kValue));
    entry.kind = is_null ? EntryKind::kDelete : EntryKind::kPut;
    entry.value = is_null ? std::string_view() : cursors[kValue].page->value(at(kValue));
    if (const char* fault = FaultOf(entry)) {
      Lose(row, 1, cursors[kKey].offset, fault);
      return absl::OkStatus();
    }
    VERALITH_RETURN_IF_ERROR(receiver_.entry(entry));
    ++result_.rows;
    last_ns_ = entry.ns;
    last_key_.assign(entry.key);
    last_ts_ = entry.ts;
    EndLoss(KeyText(entry.ns, entry.key));
    return absl::OkStatus();
  }

  // Returns null if the entry may be handed over.
  const char* FaultOf(const EntryView& entry) const {
    if (entry.ns > kMaxNamespace || entry.key.size() > kMaxKeyBytes || entry.ts < kMinTimestamp ||
        entry.ts > kMaxTimestamp || entry.value.size() > kMaxValueBytes) {
      return "a row that is no entry";
    }
    const EntryView last{last_ns_, last_key_, last_ts_, EntryKind::kPut, {}};
    return last_ts_ != 0 && CompareEntries(last, entry) >= 0 ? "a row out of order" : nullptr;
  }

  static std::string KeyText(NamespaceId ns, std::string_view key) {
    return StrCat(ns, ":", QuoteKey(key));
  }

  void Lose(uint64_t row, uint64_t rows, uint64_t offset, std::string_view why) {
    if (open_loss_ && result_.lost.back().rows != 0 && rows != 0) {
      result_.lost.back().rows += rows;  // one stretch, named by its first place
      return;
    }
    LostRows loss;
    loss.first_row = row;
    loss.rows = rows;
    loss.offset = offset;
    loss.why = why;
    loss.after = last_ts_ == 0 ? "the first key" : KeyText(last_ns_, last_key_);
    loss.before = "the last key";
    result_.lost.push_back(std::move(loss));
    open_loss_ = true;
  }
  void EndLoss(std::string before) {
    if (std::exchange(open_loss_, false)) {
      result_.lost.back().before = std::move(before);
    }
  }

  SalvagePlan plan_;
  const PageReader reader_;
  const SegmentReceiver& receiver_;
  SegmentSalvage result_;
  bool open_loss_ = false;  // no row was read after the last loss
  uint64_t next_row_ = 0;
  NamespaceId last_ns_ = 0;  // the last row handed over; last_ts_ is 0 before the first
  std::string last_key_;
  Timestamp last_ts_ = 0;
};

}  // namespace

absl::StatusOr<SegmentSalvage> SalvageSegment(const File& file, uint64_t memory_limit_bytes,
                                              const SegmentReceiver& receiver) {
  return Salvager(file, memory_limit_bytes, receiver).Run();
}

}  // namespace veralith
