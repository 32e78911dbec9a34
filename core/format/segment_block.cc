// SPDX-License-Identifier: Apache-2.0

#include "core/format/segment_block.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/entry.h"

// The layout is FORMAT.md's, "Segment block". All integers are little-endian.
namespace veralith {
namespace {

constexpr uint32_t kBlockMagic = 0x424c5256;  // "VRLB"
constexpr uint32_t kBlockVersion = 1;
constexpr size_t kHeaderBytes = 24;
constexpr size_t kTableEntryBytes = 16;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kCountsBytes = 88;  // without the keys
constexpr size_t kChunkBytes = 24;
constexpr size_t kRowGroupBytes = 8 + kSegmentColumns * kChunkBytes;
constexpr size_t kPageBytes = 12;
constexpr size_t kNamespaceBytes = 16;

constexpr uint32_t kMustUnderstand = 1;   // flag of a section
constexpr uint32_t kSingleVersion = 1;    // flag of the counts
constexpr uint64_t kFirstPageOffset = 4;  // after the file's magic

enum Section : uint32_t {
  kCounts = 1,
  kRowGroups = 2,
  kPages = 3,  // 3 to 6: one per column
  kKeyPageFlags = 7,
  kNamespaces = 8,
  kSparseIndex = 9,
  kFilter = 10,
  kRangeTombstones = 11,
};
constexpr uint32_t kLastSection = kRangeTombstones;

// A reader that ignored the filter would still answer right; ignoring another section would not.
uint32_t SectionFlags(uint32_t id) { return id == kFilter ? 0 : kMustUnderstand; }

bool SectionIsOptional(uint32_t id) { return id == kFilter || id == kRangeTombstones; }

uint64_t AlignUp(uint64_t n) { return (n + 7) & ~uint64_t{7}; }

size_t Index(SegmentColumn column) { return static_cast<size_t>(column); }

// --- One page record: offset in the chunk, first row in the row group, CRC-32C -------------------

struct PageRecord {
  uint32_t offset;
  uint32_t first_row;
  uint32_t crc32c;
};

PageRecord LoadPage(std::string_view table, size_t i) {
  const char* const at = table.data() + i * kPageBytes;
  return {LoadLe32(at), LoadLe32(at + 4), LoadLe32(at + 8)};
}

}  // namespace

// --- Encoding -----------------------------------------------------------------------------------

namespace {

class BlockEncoder {
 public:
  BlockEncoder(const SegmentBlockContents& contents, std::string* out)
      : contents_(contents), out_(out), start_(out->size()) {}

  absl::Status Encode() {
    VERALITH_RETURN_IF_ERROR(PlacePages());
    for (uint32_t id = kCounts; id <= kLastSection; ++id) {
      bodies_[id] = Body(id);
    }
    AppendHeader();
    for (uint32_t id = kCounts; id <= kLastSection; ++id) {
      if (IsPresent(id)) {
        out_->append(bodies_[id]);
        out_->resize(start_ + AlignUp(out_->size() - start_), '\0');
      }
    }
    AppendFixed32(out_, Crc32c(std::string_view(*out_).substr(start_)));
    return absl::OkStatus();
  }

 private:
  bool IsPresent(uint32_t id) const { return !SectionIsOptional(id) || !bodies_[id].empty(); }

  void AppendHeader() {
    uint32_t sections = 0;
    uint64_t bytes = kHeaderBytes;
    for (uint32_t id = kCounts; id <= kLastSection; ++id) {
      if (IsPresent(id)) {
        ++sections;
        bytes += kTableEntryBytes + AlignUp(bodies_[id].size());
      }
    }
    AppendFixed32(out_, kBlockMagic);
    AppendFixed32(out_, kBlockVersion);
    AppendFixed64(out_, bytes + kChecksumBytes);
    AppendFixed32(out_, sections);
    AppendFixed32(out_, uint32_t{0});
    for (uint32_t id = kCounts; id <= kLastSection; ++id) {
      if (IsPresent(id)) {
        AppendFixed32(out_, id);
        AppendFixed32(out_, SectionFlags(id));
        AppendFixed64(out_, uint64_t{bodies_[id].size()});
      }
    }
  }

  // Checks what the page records cannot express (pages must adjoin) while computing them.
  absl::Status PlacePages() {
    uint64_t first_row = 0;
    std::array<size_t, kSegmentColumns> next = {};
    for (const SegmentRowGroup& group : contents_.row_groups) {
      AppendFixed64(&row_groups_, group.rows);
      for (size_t c = 0; c < kSegmentColumns; ++c) {
        VERALITH_RETURN_IF_ERROR(PlaceChunk(c, group.chunks[c].pages, first_row, &next[c]));
      }
      first_row += group.rows;
    }
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      if (next[c] != contents_.pages[c].size()) {
        return InvalidArgument(StrCat("segment block: pages of column ", c, " in no row group"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status PlaceChunk(size_t column, uint32_t count, uint64_t first_row, size_t* next) {
    const std::vector<SegmentPage>& pages = contents_.pages[column];
    if (count == 0 || count > pages.size() - *next) {
      return InvalidArgument(StrCat("segment block: column ", column, " lacks pages"));
    }
    const uint64_t start = pages[*next].offset;
    uint64_t end = start;
    for (size_t i = *next; i < *next + count; ++i) {
      const SegmentPage& page = pages[i];
      constexpr uint64_t kMax = std::numeric_limits<uint32_t>::max();
      if (page.offset != end || end - start > kMax || page.first_row < first_row ||
          page.first_row - first_row > kMax) {
        return InvalidArgument(StrCat("segment block: page ", i, " of column ", column,
                                      " does not follow the one before"));
      }
      AppendFixed32(&pages_[column], static_cast<uint32_t>(page.offset - start));
      AppendFixed32(&pages_[column], static_cast<uint32_t>(page.first_row - first_row));
      AppendFixed32(&pages_[column], page.crc32c);
      end += page.bytes;
    }
    *next += count;
    AppendFixed64(&row_groups_, start);
    AppendFixed64(&row_groups_, end - start);
    AppendFixed32(&row_groups_, count);
    AppendFixed32(&row_groups_, uint32_t{0});
    return absl::OkStatus();
  }

  std::string Counts() const {
    const SegmentCounts& counts = contents_.counts;
    std::string body;
    AppendFixed64(&body, counts.rows);
    AppendFixed64(&body, counts.tombstones);
    AppendFixed64(&body, counts.range_tombstones);
    AppendFixed64(&body, counts.raw_key_bytes);
    AppendFixed64(&body, counts.raw_value_bytes);
    AppendFixed64(&body, counts.min_ts);
    AppendFixed64(&body, counts.max_ts);
    AppendFixed64(&body, contents_.first_ns);
    AppendFixed64(&body, contents_.last_ns);
    AppendFixed32(&body, counts.single_version ? kSingleVersion : 0);
    AppendFixed32(&body, static_cast<uint32_t>(contents_.first_key.size()));
    AppendFixed32(&body, static_cast<uint32_t>(contents_.last_key.size()));
    AppendFixed32(&body, uint32_t{0});
    return body + contents_.first_key + contents_.last_key;
  }

  std::string Namespaces() const {
    std::string body;
    for (const SegmentNamespace& each : contents_.namespaces) {
      AppendFixed64(&body, each.ns);
      AppendFixed64(&body, each.first_row);
    }
    return body;
  }

  std::string Body(uint32_t id) {
    switch (id) {
      case kCounts:
        return Counts();
      case kRowGroups:
        return std::move(row_groups_);
      case kKeyPageFlags:
        return std::string(contents_.key_page_multi_version.begin(),
                           contents_.key_page_multi_version.end());
      case kNamespaces:
        return Namespaces();
      case kSparseIndex:
        return contents_.sparse_index;
      case kFilter:
        return contents_.filter;
      case kRangeTombstones:
        return contents_.range_tombstones;
      default:
        return std::move(pages_[id - kPages]);
    }
  }

  const SegmentBlockContents& contents_;
  std::string* const out_;
  const size_t start_;
  std::string row_groups_;
  std::array<std::string, kSegmentColumns> pages_;
  std::array<std::string, kLastSection + 1> bodies_;
};

}  // namespace

absl::Status AppendSegmentBlock(const SegmentBlockContents& contents, uint64_t data_limit,
                                std::string* out) {
  const size_t start = out->size();
  if (const absl::Status status = BlockEncoder(contents, out).Encode(); !status.ok()) {
    out->resize(start);
    return status;
  }
  // A block that a reader would refuse is never written.
  const absl::StatusOr<SegmentBlockView> view =
      SegmentBlockView::Parse(std::string_view(*out).substr(start), data_limit);
  if (!view.ok()) {
    out->resize(start);
    return InvalidArgument(Message(view.status()));
  }
  return absl::OkStatus();
}

// --- Parsing ------------------------------------------------------------------------------------

// Fills a view step by step; each step checks what it reads against what is already there.
class SegmentBlockParser {
 public:
  SegmentBlockParser(std::string_view block, uint64_t data_limit, SegmentBlockView* view)
      : block_(block), data_limit_(data_limit), view_(*view) {}

  absl::Status Parse() {
    VERALITH_RETURN_IF_ERROR(ParseFrame());
    VERALITH_RETURN_IF_ERROR(ParseSections());
    VERALITH_RETURN_IF_ERROR(ParseCounts());
    VERALITH_RETURN_IF_ERROR(ParseRowGroups());
    VERALITH_RETURN_IF_ERROR(ParsePages());
    VERALITH_RETURN_IF_ERROR(ParseKeyPageFlags());
    VERALITH_RETURN_IF_ERROR(ParseNamespaces());
    view_.sparse_index_ = Body(kSparseIndex);
    view_.filter_ = Body(kFilter);
    view_.range_tombstones_ = Body(kRangeTombstones);
    return absl::OkStatus();
  }

 private:
  static absl::Status Bad(std::string_view what, size_t offset) {
    return DataLoss(StrCat("segment block: ", what, " at offset ", offset));
  }

  // Returns an error inside section `id`, `at` bytes into it.
  absl::Status Bad(uint32_t id, std::string_view what, size_t at) const {
    return Bad(what, static_cast<size_t>(Body(id).data() - block_.data()) + at);
  }

  std::string_view Body(uint32_t id) const { return bodies_[id]; }

  absl::Status ParseFrame() {
    if (block_.size() < kHeaderBytes + kChecksumBytes) {
      return Bad("too short", block_.size());
    }
    const char* const at = block_.data();
    if (LoadLe32(at) != kBlockMagic) {
      return Bad("wrong magic", 0);
    }
    const size_t crc_at = block_.size() - kChecksumBytes;
    if (LoadLe64(at + 8) != block_.size()) {
      return Bad("its size is not what it says", 8);
    }
    if (LoadLe32(at + crc_at) != Crc32c(block_.substr(0, crc_at))) {
      return Bad("checksum mismatch", crc_at);
    }
    if (const uint32_t version = LoadLe32(at + 4); version != kBlockVersion) {
      return Unimplemented(StrCat("segment block version ", version));
    }
    return LoadLe32(at + 20) == 0 ? absl::OkStatus() : Bad("reserved bytes set", 20);
  }

  absl::Status ParseSections() {
    const uint64_t count = LoadLe32(block_.data() + 16);
    const uint64_t end = block_.size() - kChecksumBytes;
    uint64_t body = kHeaderBytes + count * kTableEntryBytes;
    if (body > end) {
      return Bad("section table too long", 16);
    }
    uint32_t last_id = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const size_t at = kHeaderBytes + i * kTableEntryBytes;
      const uint32_t id = LoadLe32(block_.data() + at);
      const uint32_t flags = LoadLe32(block_.data() + at + 4);
      const uint64_t length = LoadLe64(block_.data() + at + 8);
      if (id <= last_id) {
        return Bad("sections out of order", at);
      }
      if (length > end - body || AlignUp(length) > end - body) {
        return Bad("section longer than the block", at + 8);
      }
      VERALITH_RETURN_IF_ERROR(NoteSection(id, flags, at, block_.substr(body, length)));
      body += AlignUp(length);
      last_id = id;
    }
    if (body != end) {
      return Bad("bytes left over", body);
    }
    for (uint32_t id = kCounts; id <= kLastSection; ++id) {
      if (!SectionIsOptional(id) && bodies_[id].data() == nullptr) {
        return Bad(StrCat("section ", id, " is missing"), kHeaderBytes);
      }
    }
    return absl::OkStatus();
  }

  absl::Status NoteSection(uint32_t id, uint32_t flags, size_t at, std::string_view body) {
    if (id > kLastSection || (flags & ~kMustUnderstand) != 0) {
      return (flags & kMustUnderstand) == 0 && flags == 0
                 ? absl::OkStatus()
                 : Unimplemented(StrCat("segment block section ", id, " with flags ", flags));
    }
    if (flags != SectionFlags(id)) {
      return Bad(StrCat("flags of section ", id), at + 4);
    }
    if (SectionIsOptional(id) && body.empty()) {
      return Bad(StrCat("empty section ", id), at + 8);
    }
    const size_t start = static_cast<size_t>(body.data() - block_.data());
    for (size_t i = start + body.size(); i < AlignUp(start + body.size()); ++i) {
      if (block_[i] != 0) {
        return Bad("padding set", i);
      }
    }
    bodies_[id] = body;
    return absl::OkStatus();
  }

  absl::Status ParseCounts() {
    const std::string_view body = Body(kCounts);
    if (body.size() < kCountsBytes) {
      return Bad(kCounts, "counts too short", body.size());
    }
    const char* const at = body.data();
    SegmentCounts& counts = view_.counts_;
    counts.rows = LoadLe64(at);
    counts.tombstones = LoadLe64(at + 8);
    counts.range_tombstones = LoadLe64(at + 16);
    counts.raw_key_bytes = LoadLe64(at + 24);
    counts.raw_value_bytes = LoadLe64(at + 32);
    counts.min_ts = LoadLe64(at + 40);
    counts.max_ts = LoadLe64(at + 48);
    view_.first_ns_ = LoadLe64(at + 56);
    view_.last_ns_ = LoadLe64(at + 64);
    const uint32_t flags = LoadLe32(at + 72);
    if ((flags & ~kSingleVersion) != 0) {
      return Unimplemented(StrCat("segment block flags ", flags));
    }
    counts.single_version = (flags & kSingleVersion) != 0;
    const uint64_t first_bytes = LoadLe32(at + 76);
    const uint64_t last_bytes = LoadLe32(at + 80);
    if (LoadLe32(at + 84) != 0 || body.size() != kCountsBytes + first_bytes + last_bytes ||
        first_bytes > kMaxKeyBytes || last_bytes > kMaxKeyBytes) {
      return Bad(kCounts, "length of the first or last key", 76);
    }
    view_.first_key_ = body.substr(kCountsBytes, first_bytes);
    view_.last_key_ = body.substr(kCountsBytes + first_bytes);
    return CheckCounts();
  }

  absl::Status CheckCounts() const {
    const SegmentCounts& counts = view_.counts_;
    if (counts.tombstones > counts.rows) {
      return Bad(kCounts, "more tombstones than rows", 8);
    }
    if ((counts.range_tombstones == 0) != Body(kRangeTombstones).empty()) {
      return Bad(kCounts, "range tombstones counted but not there, or there and not counted", 16);
    }
    const bool has_ts = counts.rows != 0 || counts.range_tombstones != 0;
    const bool ts_right = has_ts
                              ? kMinTimestamp <= counts.min_ts && counts.min_ts <= counts.max_ts &&
                                    counts.max_ts <= kMaxTimestamp
                              : counts.min_ts == 0 && counts.max_ts == 0;
    if (!ts_right) {
      return Bad(kCounts, "timestamp range", 40);
    }
    return CheckBounds();
  }

  absl::Status CheckBounds() const {
    const SegmentCounts& counts = view_.counts_;
    if (counts.rows == 0) {
      const bool none = counts.raw_key_bytes == 0 && counts.raw_value_bytes == 0 &&
                        view_.first_ns_ == 0 && view_.last_ns_ == 0 && view_.first_key_.empty() &&
                        view_.last_key_.empty() && counts.single_version;
      return none ? absl::OkStatus() : Bad(kCounts, "first or last key without rows", 56);
    }
    if (counts.raw_key_bytes / counts.rows > kMaxKeyBytes ||
        counts.raw_value_bytes / counts.rows > kMaxValueBytes) {
      return Bad(kCounts, "raw bytes", 24);
    }
    const int order =
        CompareUserKeys(view_.first_ns_, view_.first_key_, view_.last_ns_, view_.last_key_);
    const bool in_order = counts.rows == 1 || !counts.single_version ? order <= 0 : order < 0;
    if (!in_order || view_.last_ns_ > kMaxNamespace || (counts.rows == 1 && order != 0)) {
      return Bad(kCounts, "first and last key", 56);
    }
    return absl::OkStatus();
  }

  absl::Status ParseRowGroups() {
    const std::string_view body = Body(kRowGroups);
    if (body.size() % kRowGroupBytes != 0) {
      return Bad(kRowGroups, "row group table of odd size", body.size());
    }
    view_.row_groups_.resize(body.size() / kRowGroupBytes);
    uint64_t rows = 0;
    uint64_t end = kFirstPageOffset;
    for (size_t g = 0; g < view_.row_groups_.size(); ++g) {
      SegmentRowGroup& group = view_.row_groups_[g];
      const size_t at = g * kRowGroupBytes;
      group.first_row = rows;
      group.rows = LoadLe64(body.data() + at);
      if (group.rows == 0 || group.rows > std::numeric_limits<uint32_t>::max()) {
        return Bad(kRowGroups, "rows of a row group", at);
      }
      rows += group.rows;
      for (size_t c = 0; c < kSegmentColumns; ++c) {
        VERALITH_RETURN_IF_ERROR(ParseChunk(c, at + 8 + c * kChunkBytes, &end, &group.chunks[c]));
      }
    }
    return rows == view_.rows() ? absl::OkStatus()
                                : Bad(kRowGroups, "rows do not sum up to the count", 0);
  }

  // Parses the chunk whose record is `at` bytes into the section; `end`: end of the chunk before
  // it.
  absl::Status ParseChunk(size_t column, size_t at, uint64_t* end, SegmentChunk* chunk) {
    const char* const record = Body(kRowGroups).data() + at;
    chunk->offset = LoadLe64(record);
    chunk->bytes = LoadLe64(record + 8);
    chunk->pages = LoadLe32(record + 16);
    if (chunk->offset < *end || chunk->offset > data_limit_ ||
        chunk->bytes > data_limit_ - chunk->offset) {
      return Bad(kRowGroups, "column chunk outside its place in the file", at);
    }
    if (chunk->bytes > std::numeric_limits<uint32_t>::max() || chunk->pages == 0 ||
        chunk->pages > chunk->bytes || LoadLe32(record + 20) != 0) {
      return Bad(kRowGroups, "size or pages of a column chunk", at + 8);
    }
    // Ordinals fit 32 bits because every page has a record in the block.
    size_t& pages = view_.page_counts_[column];
    if (chunk->pages > Body(kPages + static_cast<uint32_t>(column)).size() / kPageBytes - pages) {
      return Bad(kRowGroups, "more pages than the page table has", at + 16);
    }
    chunk->first_page = static_cast<uint32_t>(pages);
    pages += chunk->pages;
    *end = chunk->offset + chunk->bytes;
    return absl::OkStatus();
  }

  absl::Status ParsePages() {
    for (uint32_t c = 0; c < kSegmentColumns; ++c) {
      const std::string_view body = Body(kPages + c);
      if (body.size() != view_.page_counts_[c] * kPageBytes) {
        return Bad(kPages + c, "page table of another size than the row groups need", 0);
      }
      view_.pages_[c] = body;
      for (const SegmentRowGroup& group : view_.row_groups_) {
        VERALITH_RETURN_IF_ERROR(CheckChunk(kPages + c, group, group.chunks[c]));
      }
    }
    return absl::OkStatus();
  }

  // Checks that the chunk's pages tile its bytes and its rows, each with at least one of both.
  absl::Status CheckChunk(uint32_t id, const SegmentRowGroup& group,
                          const SegmentChunk& chunk) const {
    const std::string_view body = Body(id);
    PageRecord last = LoadPage(body, chunk.first_page);
    if (last.offset != 0 || last.first_row != 0) {
      return Bad(id, "first page of a chunk not at its start", chunk.first_page * kPageBytes);
    }
    for (size_t i = chunk.first_page + 1; i < size_t{chunk.first_page} + chunk.pages; ++i) {
      const PageRecord page = LoadPage(body, i);
      if (page.offset <= last.offset || page.first_row <= last.first_row) {
        return Bad(id, "pages out of order", i * kPageBytes);
      }
      last = page;
    }
    if (last.offset >= chunk.bytes || last.first_row >= group.rows) {
      return Bad(id, "page beyond the end of its chunk",
                 (size_t{chunk.first_page} + chunk.pages - 1) * kPageBytes);
    }
    return absl::OkStatus();
  }

  absl::Status ParseKeyPageFlags() {
    const std::string_view body = Body(kKeyPageFlags);
    if (body.size() != view_.page_count(SegmentColumn::kKey)) {
      return Bad(kKeyPageFlags, "not one flag per key page", 0);
    }
    unsigned all = 0;
    for (size_t i = 0; i < body.size(); ++i) {
      all |= static_cast<uint8_t>(body[i]);
    }
    if (all > 1) {
      return Unimplemented(StrCat("segment block with key page flags ", all));
    }
    view_.key_page_flags_ = body;
    return view_.counts_.single_version == (all == 0)
               ? absl::OkStatus()
               : Bad(kKeyPageFlags, "key page flags contradict the counts", 0);
  }

  absl::Status ParseNamespaces() {
    const std::string_view body = Body(kNamespaces);
    if (body.size() % kNamespaceBytes != 0 || body.empty() != (view_.rows() == 0)) {
      return Bad(kNamespaces, "size of the namespace table", body.size());
    }
    view_.namespaces_ = body;
    std::optional<SegmentNamespace> last;
    for (size_t i = 0; i < view_.namespace_count(); ++i) {
      const SegmentNamespace each = view_.Namespace(i);
      const bool right = last ? each.ns > last->ns && each.first_row > last->first_row
                              : each.ns == view_.first_ns_ && each.first_row == 0;
      if (!right || each.first_row >= view_.rows()) {
        return Bad(kNamespaces, "namespaces out of order", i * kNamespaceBytes);
      }
      last = each;
    }
    return !last || last->ns == view_.last_ns_
               ? absl::OkStatus()
               : Bad(kNamespaces, "last namespace is not the last key's", 0);
  }

  const std::string_view block_;
  const uint64_t data_limit_;
  SegmentBlockView& view_;
  std::array<std::string_view, kLastSection + 1> bodies_;
};

absl::StatusOr<SegmentBlockView> SegmentBlockView::Parse(std::string_view block,
                                                         uint64_t data_limit) {
  SegmentBlockView view;
  VERALITH_RETURN_IF_ERROR(SegmentBlockParser(block, data_limit, &view).Parse());
  return view;
}

// --- Reading a parsed block ---------------------------------------------------------------------

size_t SegmentBlockView::RowGroupOfRow(uint64_t row) const {
  VERALITH_DCHECK(row < rows());
  const auto after = std::upper_bound(
      row_groups_.begin(), row_groups_.end(), row,
      [](uint64_t r, const SegmentRowGroup& group) { return r < group.first_row; });
  return static_cast<size_t>(after - row_groups_.begin()) - 1;
}

SegmentPage SegmentBlockView::Page(SegmentColumn column, size_t i) const {
  const size_t c = Index(column);
  VERALITH_DCHECK(i < page_counts_[c]);
  const auto after = std::upper_bound(row_groups_.begin(), row_groups_.end(), i,
                                      [c](size_t ordinal, const SegmentRowGroup& group) {
                                        return ordinal < group.chunks[c].first_page;
                                      });
  const SegmentRowGroup& group = *(after - 1);
  const SegmentChunk& chunk = group.chunks[c];
  const PageRecord record = LoadPage(pages_[c], i);
  const bool is_last = i + 1 == size_t{chunk.first_page} + chunk.pages;
  const PageRecord next =
      is_last ? PageRecord{static_cast<uint32_t>(chunk.bytes), static_cast<uint32_t>(group.rows), 0}
              : LoadPage(pages_[c], i + 1);
  SegmentPage page;
  page.offset = chunk.offset + record.offset;
  page.bytes = next.offset - record.offset;
  page.crc32c = record.crc32c;
  page.first_row = group.first_row + record.first_row;
  page.rows = next.first_row - record.first_row;
  return page;
}

size_t SegmentBlockView::PageOfRow(SegmentColumn column, uint64_t row) const {
  const size_t c = Index(column);
  const SegmentRowGroup& group = row_groups_[RowGroupOfRow(row)];
  const SegmentChunk& chunk = group.chunks[c];
  const uint64_t row_in_group = row - group.first_row;
  const auto begins_after = [&](size_t page) {
    return LoadPage(pages_[c], chunk.first_page + page).first_row > row_in_group;
  };
  // Usually pages have about as many rows each: then the page is near the guess.
  constexpr size_t kNear = 16;
  const auto guess = static_cast<size_t>(row_in_group * chunk.pages / group.rows);
  const size_t near_begin = guess - std::min(guess, kNear);
  const size_t near_end = std::min<size_t>(chunk.pages, guess + kNear);
  const size_t begin = begins_after(near_begin) ? 0 : near_begin;
  const size_t end = near_end < chunk.pages && !begins_after(near_end) ? chunk.pages : near_end;
  size_t low = chunk.first_page + begin;  // its first row is <= row
  for (size_t count = end - begin; count > 1;) {
    const size_t half = count / 2;
    low += LoadPage(pages_[c], low + half).first_row <= row_in_group ? half : 0;
    count -= half;
  }
  return low;
}

SegmentNamespace SegmentBlockView::Namespace(size_t i) const {
  VERALITH_DCHECK(i < namespace_count());
  const char* const at = namespaces_.data() + i * kNamespaceBytes;
  return {LoadLe64(at), LoadLe64(at + 8)};
}

size_t SegmentBlockView::FindNamespace(NamespaceId ns) const {
  size_t low = 0;  // namespaces before it are < ns
  for (size_t high = namespace_count(); low < high;) {
    const size_t middle = low + (high - low) / 2;
    (Namespace(middle).ns < ns ? low = middle + 1 : high = middle);
  }
  return low;
}

std::pair<uint64_t, uint64_t> SegmentBlockView::RowsOfNamespace(NamespaceId ns) const {
  const size_t low = FindNamespace(ns);
  const auto first_row = [this](size_t i) {
    return i < namespace_count() ? Namespace(i).first_row : rows();
  };
  const bool found = low < namespace_count() && Namespace(low).ns == ns;
  return {first_row(low), first_row(found ? low + 1 : low)};
}

NamespaceId SegmentBlockView::NamespaceOfRow(uint64_t row) const {
  VERALITH_DCHECK(row < rows());
  size_t low = 0;  // its first row is <= row
  for (size_t count = namespace_count(); count > 1;) {
    const size_t half = count / 2;
    low += Namespace(low + half).first_row <= row ? half : 0;
    count -= half;
  }
  return Namespace(low).ns;
}

SegmentBlockContents SegmentBlockView::ToContents() const {
  SegmentBlockContents contents;
  contents.counts = counts_;
  contents.first_ns = first_ns_;
  contents.last_ns = last_ns_;
  contents.first_key = first_key_;
  contents.last_key = last_key_;
  contents.row_groups = row_groups_;
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    for (size_t i = 0; i < page_counts_[c]; ++i) {
      contents.pages[c].push_back(Page(static_cast<SegmentColumn>(c), i));
    }
  }
  contents.key_page_multi_version.assign(key_page_flags_.begin(), key_page_flags_.end());
  for (size_t i = 0; i < namespace_count(); ++i) {
    contents.namespaces.push_back(Namespace(i));
  }
  contents.sparse_index = sparse_index_;
  contents.filter = filter_;
  contents.range_tombstones = range_tombstones_;
  return contents;
}

absl::Status SegmentBlockView::CheckIndexEntry(size_t i, uint64_t page_offset, uint32_t page_size,
                                               uint64_t first_row) const {
  if (i < page_count(SegmentColumn::kKey)) {
    const SegmentPage page = Page(SegmentColumn::kKey, i);
    if (page.offset == page_offset && page.bytes == page_size && page.first_row == first_row) {
      return absl::OkStatus();
    }
  }
  return DataLoss(StrCat("segment block: entry ", i, " of the sparse index is no key page"));
}

// --- The block's place --------------------------------------------------------------------------

namespace {

void AppendHex64(uint64_t value, std::string* out) {
  for (int shift = 60; shift >= 0; shift -= 4) {
    out->push_back("0123456789abcdef"[value >> shift & 15]);
  }
}

bool ParseHex64(std::string_view digits, uint64_t* value) {
  *value = 0;
  for (const char digit : digits) {
    const bool decimal = digit >= '0' && digit <= '9';
    if (!decimal && (digit < 'a' || digit > 'f')) {
      return false;
    }
    *value = *value << 4 | static_cast<uint64_t>(decimal ? digit - '0' : digit - 'a' + 10);
  }
  return true;
}

}  // namespace

std::string EncodeBlockPlace(uint64_t offset, uint64_t length) {
  std::string text;
  AppendHex64(offset, &text);
  AppendHex64(length, &text);
  return text;
}

absl::StatusOr<std::pair<uint64_t, uint64_t>> DecodeBlockPlace(std::string_view text) {
  std::pair<uint64_t, uint64_t> place;
  if (text.size() != 32 || !ParseHex64(text.substr(0, 16), &place.first) ||
      !ParseHex64(text.substr(16), &place.second)) {
    return DataLoss(StrCat("footer entry ", kSegmentBlockKey, " malformed"));
  }
  return place;
}

}  // namespace veralith
