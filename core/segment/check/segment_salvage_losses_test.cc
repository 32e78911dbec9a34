// SPDX-License-Identifier: Apache-2.0

// What is lost of a damaged segment, one kind of damage at a time: which rows, why, and where. All
// other rows are read. (Any damage at all: segment_salvage_test.)
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/delta_encoding.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_block.h"
#include "core/format/segment_footer.h"
#include "core/segment/check/segment_salvage.h"
#include "core/segment/testing/segment_model.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

using Basis = SegmentSalvage::Basis;
using Entries = std::vector<OwnedEntry>;

constexpr uint64_t kNoLimit = uint64_t{1} << 30;

// --- Segments and what is read of them --------------------------------------------------------

std::string Key(size_t row) {
  std::string text = std::to_string(row);
  return "key" + std::string(3 - text.size(), '0') + text;
}

// Namespace 0: three row groups of 20 rows, each with several pages per column.
Entries SixtyRows() {
  Entries entries;
  for (size_t row = 0; row < 60; ++row) {
    entries.push_back({0, Key(row), 100, EntryKind::kPut, std::string(row, 'v')});
  }
  return entries;
}

SegmentOptions SmallPages(parquet::Codec codec = parquet::Codec::kLz4Raw) {
  SegmentOptions options;
  options.key_page_bytes = 100;
  options.value_page_bytes = 200;
  options.timestamp_page_rows = 10;
  options.row_group_rows = 20;
  options.value_codec = codec;
  return options;
}

std::shared_ptr<MemoryFileState> FileOf(std::string bytes) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = std::move(bytes);
  return state;
}

struct Salvaged {
  SegmentSalvage result;
  Entries entries;
  size_t range_tombstones = 0;
};

Salvaged Salvage(const std::shared_ptr<MemoryFileState>& state, uint64_t memory_limit = kNoLimit) {
  Salvaged salvaged;
  SegmentReceiver receiver;
  receiver.entry = [&](const EntryView& entry) {
    salvaged.entries.push_back(OwnedEntry(entry));
    return absl::OkStatus();
  };
  receiver.range_tombstone = [&](const RangeTombstoneView&) {
    ++salvaged.range_tombstones;
    return absl::OkStatus();
  };
  salvaged.result = *SalvageSegment(*OpenMemoryFile(state), memory_limit, receiver);
  EXPECT_EQ(salvaged.result.rows, salvaged.entries.size());
  return salvaged;
}
Salvaged Salvage(std::string bytes, uint64_t memory_limit = kNoLimit) {
  return Salvage(FileOf(std::move(bytes)), memory_limit);
}

Entries Without(Entries entries, size_t first, size_t count) {
  const auto begin = entries.begin() + static_cast<ptrdiff_t>(first);
  entries.erase(begin, begin + static_cast<ptrdiff_t>(count));
  return entries;
}

// Expects exactly one loss.
void ExpectLost(const SegmentSalvage& result, uint64_t first_row, uint64_t rows, uint64_t offset,
                std::string_view why) {
  ASSERT_EQ(result.lost.size(), 1u);
  const LostRows& loss = result.lost.front();
  EXPECT_EQ(loss.first_row, first_row);
  EXPECT_EQ(loss.rows, rows);
  EXPECT_EQ(loss.offset, offset);
  EXPECT_EQ(loss.why, why);
}

constexpr std::string_view kNoPage = "no page follows here; more may have followed";

// --- Damages -----------------------------------------------------------------------------------

struct Block {
  size_t offset = 0;
  size_t size = 0;
  SegmentBlockView view;  // of the bytes from which it was parsed

  size_t end() const { return offset + size; }
};

Block BlockOf(const std::string& bytes) {
  Block block;
  block.offset = bytes.rfind("VRLB");
  block.size = LoadLe64(bytes.data() + block.offset + 8);
  block.view = *SegmentBlockView::Parse(std::string_view(bytes).substr(block.offset, block.size),
                                        block.offset);
  return block;
}

// Changes the block to one of the same size, and seals it again.
void EditBlock(const std::function<void(SegmentBlockContents*)>& edit, std::string* bytes) {
  const Block block = BlockOf(*bytes);
  SegmentBlockContents contents = block.view.ToContents();
  edit(&contents);
  std::string edited;
  const absl::Status status = AppendSegmentBlock(contents, block.offset, &edited);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(edited.size(), block.size);
  bytes->replace(block.offset, block.size, edited);
}

void EditFooter(const std::function<void(parquet::FileMetaData*)>& edit, std::string* bytes) {
  const size_t tail = bytes->size() - 8;
  const size_t start = tail - LoadLe32(bytes->data() + tail);
  auto footer = parquet::DecodeFileMetaData(std::string_view(*bytes).substr(start, tail - start));
  ASSERT_TRUE(footer.ok()) << footer.status();
  footer->key_value_metadata.pop_back();  // its checksum
  edit(&*footer);
  bytes->resize(start);
  AppendSealedFooter(*footer, bytes);
  AppendFixed32(bytes, static_cast<uint32_t>(bytes->size() - start));
  bytes->append(parquet::kMagic);
}

void DamageBlock(std::string* bytes) { (*bytes)[BlockOf(*bytes).offset + 20] ^= 1; }

std::string CutBehindBlock(const std::string& bytes) {
  return bytes.substr(0, BlockOf(bytes).end());
}
std::string CutBeforeBlock(const std::string& bytes) {
  return bytes.substr(0, BlockOf(bytes).offset);
}

std::string WrittenBytes(const Entries& entries, const SegmentOptions& options = SmallPages()) {
  return WriteSegment(entries, options).value().bytes;
}

// --- The file ------------------------------------------------------------------------------------

TEST(SegmentSalvageLosses, OfAFileWithoutASizeEverythingIsLost) {
  const auto state = FileOf(WrittenBytes(SixtyRows()));
  state->size_error = Unavailable("memory/file: size: EIO");
  const Salvaged salvaged = Salvage(state);
  EXPECT_TRUE(salvaged.entries.empty());
  EXPECT_EQ(salvaged.result.basis, Basis::kPages);
  EXPECT_EQ(salvaged.result.metadata_damage, "UNAVAILABLE: memory/file: size: EIO");
  EXPECT_EQ(salvaged.result.lost_range_tombstones, std::nullopt);
  ExpectLost(salvaged.result, 0, 0, 4, kNoPage);
}

TEST(SegmentSalvageLosses, OfAFileThatCannotBeReadEverythingIsLost) {
  const auto state = FileOf(WrittenBytes(SixtyRows()));
  state->fail_reads_from.Store(0);
  const Salvaged salvaged = Salvage(state);
  EXPECT_TRUE(salvaged.entries.empty());
  EXPECT_EQ(salvaged.result.basis, Basis::kPages);
  EXPECT_EQ(salvaged.result.metadata_damage,
            "UNAVAILABLE: memory/file: read: EIO; "
            "UNAVAILABLE: no segment block was found: memory/file: read: EIO");
  ExpectLost(salvaged.result, 0, 0, 4, StrCat(kNoPage, ": UNAVAILABLE: memory/file: read: EIO"));
}

// --- The segment block ---------------------------------------------------------------------------

TEST(SegmentSalvageLosses, WithoutABlockThatCannotBeReadTheFooterLeadsToEveryRow) {
  const auto state = FileOf(WrittenBytes(SixtyRows()));
  const size_t block_at = BlockOf(state->bytes).offset;
  state->fail_reads_from.Store(block_at);
  state->fail_reads_to.Store(block_at + 1);
  const Salvaged salvaged = Salvage(state);
  EXPECT_EQ(salvaged.result.basis, Basis::kFooter);
  EXPECT_EQ(salvaged.result.metadata_damage, "UNAVAILABLE: memory/file: read: EIO");
  EXPECT_EQ(salvaged.entries, SixtyRows());
  EXPECT_TRUE(salvaged.result.lost.empty());
}

// The block is searched for from the end, 256 KiB at a time, even if its magic lies across the
// border of two such windows.
TEST(SegmentSalvageLosses, AFooterThatNamesNoBlockLeadsToEveryRow) {
  std::string bytes = WrittenBytes(SixtyRows());
  EditFooter(
      [](parquet::FileMetaData* footer) {
        std::erase_if(footer->key_value_metadata,
                      [](const parquet::KeyValue& entry) { return entry.key == kSegmentBlockKey; });
      },
      &bytes);
  const Salvaged salvaged = Salvage(bytes);
  EXPECT_EQ(salvaged.result.basis, Basis::kFooter);
  EXPECT_EQ(salvaged.entries, SixtyRows());
  EXPECT_EQ(salvaged.result.metadata_damage, "DATA_LOSS: the footer names no segment block");
}

TEST(SegmentSalvageLosses, ABlockLargerThanAQuarterOfTheMemoryLimitIsNotRead) {
  Entries entries;
  for (size_t row = 0; row < 900; ++row) {
    entries.push_back({0, Key(row), 100, EntryKind::kPut, "value"});
  }
  SegmentOptions options = SmallPages();
  options.row_group_rows = entries.size();                 // a small footer
  options.key_page_bytes = options.value_page_bytes = 16;  // and a large block: of many pages
  const std::string bytes = WrittenBytes(entries, options);
  const uint64_t enough = 4 * BlockOf(bytes).size;
  EXPECT_EQ(Salvage(bytes, enough).result.basis, Basis::kBlock);
  const Salvaged salvaged = Salvage(bytes, enough - 4);
  EXPECT_EQ(salvaged.result.basis, Basis::kFooter);
  EXPECT_EQ(salvaged.entries, entries);
  EXPECT_EQ(salvaged.result.metadata_damage,
            "RESOURCE_EXHAUSTED: a segment block larger than the memory limit allows");
}

TEST(SegmentSalvageLosses, TheBlockIsFoundWhateverFollowsIt) {
  const std::string segment = CutBehindBlock(WrittenBytes(SixtyRows()));
  const Block block = BlockOf(segment);
  for (int ahead = -5; ahead <= 5; ++ahead) {
    SCOPED_TRACE(StrCat("the block begins ", ahead, " bytes behind the border"));
    const size_t size = block.offset + (size_t{256} << 10) - static_cast<size_t>(ahead);
    const Salvaged salvaged = Salvage(segment + std::string(size - segment.size(), '\0'));
    EXPECT_EQ(salvaged.result.basis, Basis::kBlock);
    EXPECT_EQ(salvaged.entries, SixtyRows());
    EXPECT_TRUE(salvaged.result.lost.empty());
  }
}

TEST(SegmentSalvageLosses, ABlockInsideAValueIsNotTheFiles) {
  Entries entries = SixtyRows();
  entries[7].value = WrittenBytes({{0, "another", 5, EntryKind::kPut, "segment"}});
  const std::string bytes = WrittenBytes(entries, SmallPages(parquet::Codec::kNone));
  const Salvaged salvaged = Salvage(CutBeforeBlock(bytes));
  EXPECT_EQ(salvaged.result.basis, Basis::kPages);
  EXPECT_EQ(salvaged.entries, entries);
  ASSERT_EQ(salvaged.result.lost.size(), 1u);
  EXPECT_EQ(salvaged.result.lost[0].why, kNoPage);
}

TEST(SegmentSalvageLosses, RangeTombstonesThatAreNoneAreCounted) {
  std::string bytes =
      WriteSegment(SixtyRows(), SmallPages(),
                   {{0, "key1", "key2", false, 150}, {0, "key3", "key4", false, 160}})
          ->bytes;
  EXPECT_EQ(Salvage(bytes).range_tombstones, 2u);
  EditBlock(
      [](SegmentBlockContents* block) {
        block->range_tombstones.assign(block->range_tombstones.size(), '\xff');
      },
      &bytes);
  const Salvaged salvaged = Salvage(bytes);
  EXPECT_EQ(salvaged.result.basis, Basis::kBlock);
  EXPECT_EQ(salvaged.range_tombstones, 0u);
  EXPECT_EQ(salvaged.result.lost_range_tombstones, uint64_t{2});
  EXPECT_EQ(salvaged.entries, SixtyRows());
}

// --- Pages ---------------------------------------------------------------------------------------

TEST(SegmentSalvageLosses, APageHeaderThatCannotBeReadCostsTheRestOfItsChunk) {
  std::string bytes = WrittenBytes(SixtyRows());
  const SegmentPage page = BlockOf(bytes).view.Page(SegmentColumn::kTimestamp, 3);
  ASSERT_EQ(page.first_row, 30u);  // the second of the second row group
  DamageBlock(&bytes);
  const auto state = FileOf(bytes);
  state->fail_reads_from.Store(page.offset);
  state->fail_reads_to.Store(page.offset + 1);
  const Salvaged salvaged = Salvage(state);
  EXPECT_EQ(salvaged.result.basis, Basis::kFooter);
  EXPECT_EQ(salvaged.entries, Without(SixtyRows(), 30, 10));
  ExpectLost(salvaged.result, 30, 10, page.offset, "memory/file: read: EIO");
  EXPECT_EQ(salvaged.result.lost[0].after, "0:\"key029\"");
  EXPECT_EQ(salvaged.result.lost[0].before, "0:\"key040\"");
}

TEST(SegmentSalvageLosses, WithoutMetadataNothingIsFoundBehindABloomFilterThatCannotBeRead) {
  const std::string bytes = WrittenBytes(SixtyRows());
  const SegmentRowGroup group = BlockOf(bytes).view.row_groups()[0];
  const SegmentChunk values = group.chunks[3];
  const auto state = FileOf(CutBeforeBlock(bytes));
  EXPECT_EQ(Salvage(state).entries, SixtyRows());
  state->fail_reads_from.Store(values.offset + values.bytes);
  const Salvaged salvaged = Salvage(state);
  EXPECT_EQ(salvaged.result.basis, Basis::kPages);
  EXPECT_EQ(salvaged.entries, Without(SixtyRows(), 20, 40));
  ExpectLost(salvaged.result, 20, 0, values.offset + values.bytes,
             StrCat(kNoPage, ": UNAVAILABLE: memory/file: read: EIO"));
}

TEST(SegmentSalvageLosses, APageLargerThanTheMemoryLimitIsLost) {
  Entries entries = SixtyRows();
  entries[25].value.assign(600'000, 'v');
  const std::string bytes = WrittenBytes(entries, SmallPages(parquet::Codec::kNone));
  const SegmentBlockView& block = BlockOf(bytes).view;
  const SegmentPage page =
      block.Page(SegmentColumn::kValue, block.PageOfRow(SegmentColumn::kValue, 25));
  const Salvaged salvaged = Salvage(bytes, 2'000'000);
  EXPECT_EQ(salvaged.result.basis, Basis::kBlock);
  EXPECT_EQ(salvaged.entries, Without(entries, page.first_row, page.rows));
  ExpectLost(salvaged.result, page.first_row, page.rows, page.offset,
             "a page larger than the memory limit allows");
}

TEST(SegmentSalvageLosses, APageOfAnotherTypeIsLost) {
  std::string bytes = WrittenBytes(SixtyRows());
  const SegmentPage page = BlockOf(bytes).view.Page(SegmentColumn::kTimestamp, 2);
  ASSERT_EQ(bytes.substr(page.offset, 2), "\x15\x06");  // a data page, version 2
  bytes[page.offset + 1] = 2;                           // an index page
  EditBlock(
      [&](SegmentBlockContents* block) {
        block->pages[2][2].crc32c = Crc32c(std::string_view(bytes).substr(page.offset, page.bytes));
      },
      &bytes);
  const Salvaged salvaged = Salvage(bytes);
  EXPECT_EQ(salvaged.result.basis, Basis::kBlock);
  EXPECT_EQ(salvaged.entries, Without(SixtyRows(), 20, 10));
  ExpectLost(salvaged.result, 20, 10, page.offset, "not a page of ours");
}

TEST(SegmentSalvageLosses, RowsOfAColumnThatTheFooterDoesNotPlaceAreLost) {
  std::string bytes = WrittenBytes(SixtyRows());
  DamageBlock(&bytes);
  EditFooter([](parquet::FileMetaData* footer) { footer->row_groups[1].columns.pop_back(); },
             &bytes);
  const Salvaged salvaged = Salvage(bytes);
  EXPECT_EQ(salvaged.result.basis, Basis::kFooter);
  EXPECT_EQ(salvaged.entries, Without(SixtyRows(), 20, 20));
  ExpectLost(salvaged.result, 20, 20, 0, "no page holds the row");
}

TEST(SegmentSalvageLosses, RowsOfAFooterThatCountsMoreThanThereCanBeAreReadAllTheSame) {
  std::string bytes = WrittenBytes(SixtyRows());
  DamageBlock(&bytes);
  EditFooter(
      [](parquet::FileMetaData* footer) {
        footer->row_groups[0].num_rows = footer->row_groups[1].num_rows =
            std::numeric_limits<int64_t>::max();
      },
      &bytes);
  const Salvaged salvaged = Salvage(bytes);
  EXPECT_EQ(salvaged.result.basis, Basis::kFooter);
  EXPECT_EQ(salvaged.entries, SixtyRows());
  EXPECT_EQ(salvaged.result.lost.size(), 2u);
}

TEST(SegmentSalvageLosses, APageOfMoreRowsThanItsGroupHasIsNotTheGroups) {
  std::string bytes = WrittenBytes(SixtyRows());
  const uint64_t offset = BlockOf(bytes).view.Page(SegmentColumn::kNamespace, 0).offset;
  DamageBlock(&bytes);
  EditFooter([](parquet::FileMetaData* footer) { footer->row_groups[0].num_rows = 15; }, &bytes);
  const Salvaged salvaged = Salvage(bytes);
  EXPECT_EQ(salvaged.result.basis, Basis::kFooter);
  EXPECT_EQ(salvaged.entries, Without(SixtyRows(), 0, 20));
  ExpectLost(salvaged.result, 0, 15, offset, "no page header of the column");
}

// --- Pages made by hand --------------------------------------------------------------------------

// Returns the page with its header changed to fit another body.
std::string PageWithBody(std::string_view page, std::string_view body,
                         const std::function<void(parquet::PageHeader*)>& edit) {
  size_t header_bytes = 0;
  parquet::PageHeader header = *parquet::DecodePageHeader(page, &header_bytes);
  header.compressed_page_size = header.uncompressed_page_size = static_cast<int32_t>(body.size());
  header.crc = Crc32(body);
  edit(&header);
  std::string made;
  parquet::AppendPageHeader(header, &made);
  return made.append(body);
}

// A segment without metadata, with one page of the column replaced.
std::string WithPage(const std::string& bytes, SegmentColumn column,
                     const std::function<std::string(std::string_view page)>& make) {
  const SegmentPage page = BlockOf(bytes).view.Page(column, 0);
  std::string changed = CutBeforeBlock(bytes);
  changed.replace(page.offset, page.bytes,
                  make(std::string_view(bytes).substr(page.offset, page.bytes)));
  return changed;
}

std::string WithTimestamps(const std::string& bytes, const std::vector<int64_t>& timestamps) {
  return WithPage(bytes, SegmentColumn::kTimestamp, [&](std::string_view page) {
    std::string body;
    parquet::AppendDeltaBinaryPacked(timestamps, &body);
    return PageWithBody(page, body, [](parquet::PageHeader*) {});
  });
}

TEST(SegmentSalvageLosses, ARowThatIsNoEntryIsLostAlone) {
  const std::string bytes = WrittenBytes(Without(SixtyRows(), 3, 57));
  const SegmentPage keys = BlockOf(bytes).view.Page(SegmentColumn::kKey, 0);
  for (const int64_t timestamp : {int64_t{0}, int64_t{-1}, INT64_MIN}) {
    const Salvaged salvaged = Salvage(WithTimestamps(bytes, {100, timestamp, 100}));
    EXPECT_EQ(salvaged.result.basis, Basis::kPages);
    EXPECT_EQ(salvaged.entries, Without(Without(SixtyRows(), 3, 57), 1, 1));
    ASSERT_EQ(salvaged.result.lost.size(), 2u);  // and what may have followed
    EXPECT_EQ(salvaged.result.lost[0].first_row, 1u);
    EXPECT_EQ(salvaged.result.lost[0].rows, 1u);
    EXPECT_EQ(salvaged.result.lost[0].offset, keys.offset);
    EXPECT_EQ(salvaged.result.lost[0].why, "a row that is no entry");
    EXPECT_EQ(salvaged.result.lost[0].before, "0:\"key002\"");
  }
}

TEST(SegmentSalvageLosses, ARowOutOfOrderIsLostAlone) {
  const Entries entries = {{0, "a", 9, EntryKind::kPut, "1"},
                           {0, "a", 8, EntryKind::kPut, "2"},
                           {0, "a", 7, EntryKind::kPut, "3"}};
  const std::string bytes = WrittenBytes(entries);
  const SegmentPage keys = BlockOf(bytes).view.Page(SegmentColumn::kKey, 0);
  for (const int64_t timestamp : {9, 10}) {
    const Salvaged salvaged = Salvage(WithTimestamps(bytes, {9, timestamp, 7}));
    EXPECT_EQ(salvaged.entries, Without(entries, 1, 1));
    ASSERT_EQ(salvaged.result.lost.size(), 2u);
    EXPECT_EQ(salvaged.result.lost[0].rows, 1u);
    EXPECT_EQ(salvaged.result.lost[0].offset, keys.offset);
    EXPECT_EQ(salvaged.result.lost[0].why, "a row out of order");
  }
}

// A compressed page of nulls with no bytes in it: every codec accepts it.
TEST(SegmentSalvageLosses, AValuePageThatSeveralCodecsFitIsLost) {
  const std::string bytes = WrittenBytes({{0, "a", 9, EntryKind::kDelete, ""}});
  const SegmentPage values = BlockOf(bytes).view.Page(SegmentColumn::kValue, 0);
  const auto with_values = [&](bool is_compressed) {
    return WithPage(bytes, SegmentColumn::kValue, [&](std::string_view page) {
      size_t header_bytes = 0;
      const parquet::PageHeader header = *parquet::DecodePageHeader(page, &header_bytes);
      const auto levels = static_cast<size_t>(header.data_v2.definition_levels_byte_length);
      std::string body(page.substr(header_bytes, levels));
      body.append(is_compressed ? 1 : 0, '\0');
      return PageWithBody(page, body, [&](parquet::PageHeader* made) {
        made->data_v2.is_compressed = is_compressed;
        made->uncompressed_page_size = static_cast<int32_t>(levels);
      });
    });
  };
  EXPECT_EQ(Salvage(with_values(false)).entries.size(), 1u);
  const Salvaged salvaged = Salvage(with_values(true));
  EXPECT_TRUE(salvaged.entries.empty());
  ASSERT_EQ(salvaged.result.lost.size(), 2u);
  EXPECT_EQ(salvaged.result.lost[0].rows, 1u);
  EXPECT_EQ(salvaged.result.lost[0].offset, values.offset);
  EXPECT_EQ(salvaged.result.lost[0].why, "several codecs fit a value page");
}

}  // namespace
}  // namespace veralith
