// SPDX-License-Identifier: Apache-2.0

#include "fuzz/segment_mutator.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_block.h"
#include "core/format/segment_footer.h"
#include "core/format/sparse_index.h"
#include "fuzz/parquet_edit.h"

namespace veralith {
namespace {

constexpr size_t kBlockHeaderBytes = 24;
constexpr size_t kTableEntryBytes = 16;
constexpr size_t kRowGroupBytes = 104;
constexpr size_t kPageEntryBytes = 12;

// Section ids of the segment block (FORMAT.md).
constexpr uint32_t kRowGroupsId = 2;
constexpr uint32_t kFirstPagesId = 3;
constexpr uint32_t kSparseIndexId = 9;

struct Section {
  uint32_t id = 0;
  uint32_t flags = 0;
  std::string body;
};

std::optional<std::vector<Section>> SplitBlock(std::string_view block) {
  if (block.size() < kBlockHeaderBytes + 4) {
    return std::nullopt;
  }
  const size_t count = LoadLe32(block.data() + 16);
  if (count > (block.size() - kBlockHeaderBytes) / kTableEntryBytes) {
    return std::nullopt;
  }
  std::vector<Section> sections;
  size_t at = kBlockHeaderBytes + count * kTableEntryBytes;
  for (size_t i = 0; i < count; ++i) {
    const char* const entry = block.data() + kBlockHeaderBytes + i * kTableEntryBytes;
    const uint64_t length = LoadLe64(entry + 8);
    if (at > block.size() || length > block.size() - at) {
      return std::nullopt;
    }
    sections.push_back(
        {LoadLe32(entry), LoadLe32(entry + 4), std::string(block.substr(at, length))});
    at += (length + 7) / 8 * 8;
  }
  return sections;
}

std::string JoinBlock(const std::vector<Section>& sections) {
  std::string table;
  std::string bodies;
  for (const Section& section : sections) {
    AppendFixed32(&table, section.id);
    AppendFixed32(&table, section.flags);
    AppendFixed64(&table, section.body.size());
    bodies += section.body;
    bodies.append((8 - bodies.size() % 8) % 8, '\0');
  }
  std::string block = "VRLB";
  AppendFixed32(&block, 1);
  AppendFixed64(&block, kBlockHeaderBytes + table.size() + bodies.size() + 4);
  AppendFixed32(&block, static_cast<uint32_t>(sections.size()));
  AppendFixed32(&block, 0);
  block += table + bodies;
  AppendFixed32(&block, Crc32c(block));
  return block;
}

// The parts of a segment file, which can be joined again with correct lengths and checksums.
struct Parts {
  std::string data;  // before the block
  std::vector<Section> sections;
  parquet::FileMetaData footer;  // without veralith.crc

  Section* Find(uint32_t id) {
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [&](const Section& section) { return section.id == id; });
    return found == sections.end() ? nullptr : &*found;
  }
};

std::optional<Parts> TakeApart(std::string_view file) {
  const std::optional<size_t> start = FooterStart(file);
  if (!start.has_value()) {
    return std::nullopt;
  }
  const size_t footer_at = *start;
  auto footer = parquet::DecodeFileMetaData(
      file.substr(footer_at, file.size() - kParquetTailBytes - footer_at));
  if (!footer.ok()) {
    return std::nullopt;
  }
  Parts parts;
  parts.footer = *std::move(footer);
  std::vector<parquet::KeyValue>& entries = parts.footer.key_value_metadata;
  std::erase_if(entries, [](const auto& entry) { return entry.key == kFooterChecksumKey; });
  for (const parquet::KeyValue& entry : entries) {
    const auto place = DecodeBlockPlace(entry.value.value_or(""));
    if (entry.key != kSegmentBlockKey || !place.ok() || place->first > footer_at) {
      continue;
    }
    auto sections = SplitBlock(file.substr(place->first, footer_at - place->first));
    if (sections.has_value()) {
      parts.sections = *std::move(sections);
      parts.data = file.substr(0, place->first);
      return parts;
    }
  }
  return std::nullopt;
}

std::string FileOf(std::string_view data, std::string_view block, parquet::FileMetaData footer) {
  for (parquet::KeyValue& entry : footer.key_value_metadata) {
    if (entry.key == kSegmentBlockKey) {
      entry.value = EncodeBlockPlace(data.size(), block.size());
    }
  }
  std::string sealed;
  AppendSealedFooter(std::move(footer), &sealed);
  return WithFooter(std::string(data) + std::string(block), sealed);
}

std::string PutTogether(const Parts& parts) {
  return FileOf(parts.data, JoinBlock(parts.sections), parts.footer);
}

// --- Footer --------------------------------------------------------------------------------------

// Writes the checksum of a footer whose bytes changed, if its digits can still be found.
void SealFooter(std::string* footer) {
  const size_t found = footer->rfind(kFooterChecksumKey);
  const size_t digits = found + kFooterChecksumKey.size() + 2;
  if (found == std::string::npos || digits + 8 > footer->size()) {
    return;
  }
  footer->replace(digits, 8, "00000000");
  const uint32_t crc = Crc32c(*footer);
  for (size_t i = 0; i < 8; ++i) {
    (*footer)[digits + i] = "0123456789abcdef"[crc >> (28 - 4 * i) & 15];
  }
}

// `file` is whole; only its footer changes.
bool MutateFooter(bool keep_size, const PieceMutation& mutate, std::string* file) {
  const size_t footer_at = FooterStart(*file).value_or(0);
  std::string footer = file->substr(footer_at, file->size() - kParquetTailBytes - footer_at);
  // The checksum entry stays: without it everything is refused at once.
  const size_t tail_at = footer.rfind(kFooterChecksumKey);
  if (tail_at == std::string::npos) {
    return false;
  }
  std::string piece = footer.substr(0, tail_at);
  ChangePiece(mutate, keep_size, &piece);
  footer = piece + footer.substr(tail_at);
  SealFooter(&footer);
  *file = WithFooter(file->substr(0, footer_at), footer);
  return true;
}

// --- Pages ---------------------------------------------------------------------------------------

// The place of a page, and of its entries in the block's tables.
struct PagePlace {
  size_t group = 0;
  size_t column = 0;
  size_t entry = 0;        // in the column's page table
  size_t chunk_begin = 0;  // entries of its chunk
  size_t chunk_end = 0;
  size_t chunk_offset = 0;
  size_t offset = 0;
  size_t bytes = 0;
};

char* ChunkField(Section* row_groups, size_t group, size_t column) {
  return row_groups->body.data() + group * kRowGroupBytes + 8 + column * 24;
}

// All pages of the file that its tables place inside it.
std::vector<PagePlace> PagesOf(Parts* parts) {
  std::vector<PagePlace> places;
  Section* const groups = parts->Find(kRowGroupsId);
  if (groups == nullptr) {
    return places;
  }
  size_t next_entry[kSegmentColumns] = {};
  for (size_t g = 0; (g + 1) * kRowGroupBytes <= groups->body.size(); ++g) {
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      const char* const field = ChunkField(groups, g, c);
      const uint64_t chunk_offset = LoadLe64(field);
      const uint64_t chunk_bytes = LoadLe64(field + 8);
      const size_t pages = LoadLe32(field + 16);
      Section* const table = parts->Find(kFirstPagesId + static_cast<uint32_t>(c));
      const size_t begin = next_entry[c];
      if (table == nullptr || chunk_offset > parts->data.size() ||
          chunk_bytes > parts->data.size() - chunk_offset ||
          pages > table->body.size() / kPageEntryBytes - begin) {
        return places;
      }
      for (size_t i = begin; i < begin + pages; ++i) {
        const uint64_t at = LoadLe32(table->body.data() + i * kPageEntryBytes);
        const uint64_t end = i + 1 == begin + pages
                                 ? chunk_bytes
                                 : LoadLe32(table->body.data() + (i + 1) * kPageEntryBytes);
        if (at < end && end <= chunk_bytes) {
          places.push_back(
              {g, c, i, begin, begin + pages, chunk_offset, chunk_offset + at, end - at});
        }
      }
      next_entry[c] = begin + pages;
    }
  }
  return places;
}

void MoveInSparseIndex(const PagePlace& place, size_t new_bytes, Section* section) {
  const auto index = SparseIndexView::Parse(section->body);
  if (!index.ok()) {
    return;
  }
  SparseIndexBuilder builder(index->restart_interval());
  for (SparseIndexCursor cursor(*index); cursor.Valid(); cursor.Next()) {
    PageLocation page = cursor.page();
    if (page.offset == place.offset) {
      page.size = static_cast<uint32_t>(new_bytes);
    } else if (page.offset > place.offset) {
      page.offset += new_bytes - place.bytes;
    }
    (void)builder.Add(cursor.key(), page);
  }
  section->body = builder.Finish();
}

void MoveInRowGroups(const PagePlace& place, int64_t delta, Section* groups) {
  for (size_t g = 0; (g + 1) * kRowGroupBytes <= groups->body.size(); ++g) {
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      char* const field = ChunkField(groups, g, c);
      if (LoadLe64(field) > place.offset) {
        StoreLe64(field, LoadLe64(field) + static_cast<uint64_t>(delta));
      } else if (g == place.group && c == place.column) {
        StoreLe64(field + 8, LoadLe64(field + 8) + static_cast<uint64_t>(delta));
      }
    }
  }
}

// Puts `page` in the place of another one, and moves everything after it.
void ReplacePage(const PagePlace& place, const std::string& page, Parts* parts) {
  const auto delta = static_cast<int64_t>(page.size()) - static_cast<int64_t>(place.bytes);
  parts->data.replace(place.offset, place.bytes, page);
  std::string& table = parts->Find(kFirstPagesId + static_cast<uint32_t>(place.column))->body;
  StoreLe32(table.data() + place.entry * kPageEntryBytes + 8, Crc32c(page));
  if (delta == 0) {
    return;
  }
  for (size_t i = place.entry + 1; i < place.chunk_end; ++i) {
    char* const at = table.data() + i * kPageEntryBytes;
    StoreLe32(at, LoadLe32(at) + static_cast<uint32_t>(delta));
  }
  MoveInRowGroups(place, delta, parts->Find(kRowGroupsId));
  if (Section* const index = parts->Find(kSparseIndexId); index != nullptr) {
    MoveInSparseIndex(place, page.size(), index);
  }
  MoveInFooter(place.offset, place.group, place.column, delta, &parts->footer);
}

bool MutatePage(std::optional<size_t> column, uint32_t choice, const PieceMutation& mutate,
                Parts* parts) {
  std::vector<PagePlace> places = PagesOf(parts);
  std::erase_if(places, [&](const PagePlace& place) {
    return column.has_value() && place.column != *column;
  });
  if (places.empty()) {
    return false;
  }
  const bool keep_size = choice % 2 == 0;
  choice /= 2;
  const PagePlace& place = places[choice % places.size()];
  choice /= static_cast<uint32_t>(places.size());
  std::string page = parts->data.substr(place.offset, place.bytes);
  int32_t codec = 0;
  if (place.group < parts->footer.row_groups.size() &&
      place.column < parts->footer.row_groups[place.group].columns.size()) {
    codec = parts->footer.row_groups[place.group].columns[place.column].meta_data.codec;
  }
  std::optional<PageParts> split = SplitPage(page, codec);
  if (!column.has_value()) {
    size_t header_bytes = page.size();
    (void)parquet::DecodePageHeader(page, &header_bytes);
    std::string header = page.substr(0, header_bytes);
    ChangePiece(mutate, keep_size, &header);
    page.replace(0, std::min(header_bytes, page.size()), header);
  } else if (!split.has_value()) {
    ChangePiece(mutate, keep_size, &page);
  } else {
    const bool levels = !split->levels.empty() && choice % 4 == 0;
    ChangePiece(mutate, keep_size || levels, levels ? &split->levels : &split->values);
    page = JoinPage(*split, /*with_crc=*/true);
  }
  if (page.empty()) {
    return false;
  }
  ReplacePage(place, page, parts);
  return true;
}

// --- The rest ------------------------------------------------------------------------------------

bool MutateSection(uint32_t id, bool keep_size, const PieceMutation& mutate, Parts* parts) {
  Section* const section = parts->Find(id);
  if (section == nullptr) {
    return false;
  }
  ChangePiece(mutate, keep_size, &section->body);
  return true;
}

// Changes header and table of the block in place, and then seals it.
std::string WithChangedTable(const PieceMutation& mutate, const Parts& parts) {
  std::string block = JoinBlock(parts.sections);
  const size_t bytes = kBlockHeaderBytes + parts.sections.size() * kTableEntryBytes;
  std::string piece = block.substr(0, bytes);
  ChangePiece(mutate, /*keep_size=*/true, &piece);
  block.replace(0, bytes, piece);
  block.resize(block.size() - 4);
  AppendFixed32(&block, Crc32c(block));
  return FileOf(parts.data, block, parts.footer);
}

bool MutateParquetIndex(uint32_t choice, const PieceMutation& mutate, Parts* parts) {
  std::vector<std::pair<size_t, size_t>> pieces;
  const auto add = [&](std::optional<int64_t> offset, std::optional<int32_t> length) {
    const auto at = static_cast<uint64_t>(offset.value_or(-1));
    const auto bytes = static_cast<uint64_t>(length.value_or(0));
    if (bytes > 0 && at < parts->data.size() && bytes <= parts->data.size() - at) {
      pieces.emplace_back(at, bytes);
    }
  };
  for (const parquet::RowGroup& group : parts->footer.row_groups) {
    for (const parquet::ColumnChunk& column : group.columns) {
      add(column.offset_index_offset, column.offset_index_length);
      add(column.column_index_offset, column.column_index_length);
      add(column.meta_data.bloom_filter_offset, column.meta_data.bloom_filter_length);
    }
  }
  if (pieces.empty()) {
    return false;
  }
  const auto [at, bytes] = pieces[choice % pieces.size()];
  std::string piece = parts->data.substr(at, bytes);
  ChangePiece(mutate, /*keep_size=*/true, &piece);
  parts->data.replace(at, bytes, piece);
  return true;
}

bool MutateParts(SegmentRegion region, uint32_t choice, const PieceMutation& mutate, Parts* parts) {
  const bool keep_size = choice % 2 == 0;
  const auto section = [&](uint32_t id) { return MutateSection(id, keep_size, mutate, parts); };
  switch (region) {
    case SegmentRegion::kPageHeader:
      return MutatePage(std::nullopt, choice, mutate, parts);
    case SegmentRegion::kNamespacePage:
      return MutatePage(0, choice, mutate, parts);
    case SegmentRegion::kKeyPage:
      return MutatePage(1, choice, mutate, parts);
    case SegmentRegion::kTimestampPage:
      return MutatePage(2, choice, mutate, parts);
    case SegmentRegion::kValuePage:
      return MutatePage(3, choice, mutate, parts);
    case SegmentRegion::kCounts:
      return section(1);
    case SegmentRegion::kRowGroups:
      return section(kRowGroupsId);
    case SegmentRegion::kPageTables:
      return section(kFirstPagesId + choice / 2 % 4);
    case SegmentRegion::kKeyPageFlags:
      return section(7);
    case SegmentRegion::kNamespaces:
      return section(8);
    case SegmentRegion::kSparseIndex:
      return section(kSparseIndexId);
    case SegmentRegion::kFilter:
      return section(10);
    case SegmentRegion::kRangeTombstones:
      return section(11);
    case SegmentRegion::kParquetIndexes:
      return MutateParquetIndex(choice, mutate, parts);
    case SegmentRegion::kFooter:
    case SegmentRegion::kBlockTable:
      break;
  }
  return false;
}

}  // namespace

const char* RegionName(SegmentRegion region) {
  constexpr const char* kNames[kSegmentRegions] = {"footer",
                                                   "page headers",
                                                   "ns pages",
                                                   "key pages",
                                                   "ts pages",
                                                   "value pages",
                                                   "block header and table",
                                                   "counts",
                                                   "row groups",
                                                   "page tables",
                                                   "key page flags",
                                                   "namespaces",
                                                   "sparse index",
                                                   "filter",
                                                   "range tombstones",
                                                   "Parquet's indexes and filter"};
  return kNames[static_cast<size_t>(region)];
}

bool MutateSegment(SegmentRegion region, uint32_t choice, const PieceMutation& mutate,
                   std::string* file) {
  std::optional<Parts> parts = TakeApart(*file);
  if (!parts.has_value()) {
    return false;
  }
  if (region == SegmentRegion::kFooter) {
    std::string whole = PutTogether(*parts);
    if (!MutateFooter(choice % 2 == 0, mutate, &whole)) {
      return false;
    }
    *file = std::move(whole);
    return true;
  }
  if (region == SegmentRegion::kBlockTable) {
    *file = WithChangedTable(mutate, *parts);
    return true;
  }
  if (!MutateParts(region, choice, mutate, &*parts)) {
    return false;
  }
  *file = PutTogether(*parts);
  return true;
}

bool EditFooter(const std::function<void(parquet::FileMetaData*)>& edit, std::string* file) {
  std::optional<Parts> parts = TakeApart(*file);
  if (!parts.has_value()) {
    return false;
  }
  edit(&parts->footer);
  *file = PutTogether(*parts);
  return true;
}

}  // namespace veralith
