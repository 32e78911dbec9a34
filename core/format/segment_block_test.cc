// SPDX-License-Identifier: Apache-2.0

#include "core/format/segment_block.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

constexpr uint64_t kDataLimit = uint64_t{1} << 50;

// Two row groups of 3 and 2 rows in namespaces 1 (rows 0 to 3) and 5 (row 4).
SegmentBlockContents SmallContents() {
  SegmentBlockContents contents;
  contents.counts = {.rows = 5,
                     .tombstones = 1,
                     .range_tombstones = 2,
                     .raw_key_bytes = 10,
                     .raw_value_bytes = 40,
                     .min_ts = 100,
                     .max_ts = 900,
                     .single_version = false};
  contents.first_ns = 1;
  contents.last_ns = 5;
  contents.first_key = "a";
  contents.last_key = "zebra";
  contents.row_groups.resize(2);
  contents.row_groups[0].rows = 3;
  contents.row_groups[1].rows = 2;
  uint64_t offset = 4;
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    for (uint64_t first_row : {uint64_t{0}, uint64_t{2}}) {
      contents.pages[c].push_back({.offset = offset,
                                   .bytes = static_cast<uint32_t>(10 + c),
                                   .crc32c = static_cast<uint32_t>(offset * 7),
                                   .first_row = first_row,
                                   .rows = first_row == 0 ? uint64_t{2} : uint64_t{1}});
      offset += 10 + c;
    }
    contents.row_groups[0].chunks[c].pages = 2;
  }
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    contents.pages[c].push_back(
        {.offset = offset, .bytes = 20, .crc32c = 1, .first_row = 3, .rows = 2});
    offset += 20;
    contents.row_groups[1].chunks[c].pages = 1;
  }
  contents.key_page_multi_version = {0, 1, 0};
  contents.namespaces = {{1, 0}, {5, 4}};
  contents.sparse_index = "index";
  contents.filter = "filter";
  contents.range_tombstones = "tombs";
  return contents;
}

std::string Encoded(const SegmentBlockContents& contents, uint64_t data_limit = kDataLimit) {
  std::string out = "before";
  const absl::Status status = AppendSegmentBlock(contents, data_limit, &out);
  EXPECT_TRUE(status.ok()) << status;
  return out.substr(6);
}

// FORMAT.md, "Segment block", Example.
constexpr std::string_view kExampleHex = "56524c4201000000d401000000000000"
                                         "09000000000000000100000001000000"
                                         "5a000000000000000200000001000000"
                                         "68000000000000000300000001000000"
                                         "0c000000000000000400000001000000"
                                         "0c000000000000000500000001000000"
                                         "0c000000000000000600000001000000"
                                         "0c000000000000000700000001000000"
                                         "01000000000000000800000001000000"
                                         "10000000000000000900000001000000"
                                         "01000000000000000100000000000000"
                                         "00000000000000000000000000000000"
                                         "01000000000000000200000000000000"
                                         "07000000000000000700000000000000"
                                         "00000000000000000000000000000000"
                                         "01000000010000000100000000000000"
                                         "6b6b0000000000000100000000000000"
                                         "04000000000000002000000000000000"
                                         "01000000000000002400000000000000"
                                         "20000000000000000100000000000000"
                                         "44000000000000002000000000000000"
                                         "01000000000000006400000000000000"
                                         "20000000000000000100000000000000"
                                         "0000000000000000c000000000000000"
                                         "0000000000000000c100000000000000"
                                         "0000000000000000c200000000000000"
                                         "0000000000000000c300000000000000"
                                         "00000000000000000000000000000000"
                                         "00000000000000004900000000000000"
                                         "b7db070d";

// Returns the block with a corrected checksum.
std::string Resealed(std::string block) {
  block.resize(block.size() - 4);
  AppendFixed32(&block, Crc32c(block));
  return block;
}

// Returns the offset at which the body of section `id` begins.
size_t SectionOffset(const std::string& block, uint32_t id) {
  const size_t sections = LoadLe32(block.data() + 16);
  size_t offset = 24 + 16 * sections;
  for (size_t i = 0; i < sections && LoadLe32(block.data() + 24 + 16 * i) != id; ++i) {
    offset += (LoadLe64(block.data() + 24 + 16 * i + 8) + 7) / 8 * 8;
  }
  return offset;
}

// --- Reading ------------------------------------------------------------------------------------

TEST(SegmentBlock, TellsWhatTheWriterGathered) {
  const SegmentBlockContents contents = SmallContents();
  const std::string block = Encoded(contents);
  const SegmentBlockView view = SegmentBlockView::Parse(block, kDataLimit).value();
  EXPECT_EQ(view.counts(), contents.counts);
  EXPECT_EQ(view.first_key(), "a");
  EXPECT_EQ(view.last_key(), "zebra");
  EXPECT_EQ(view.first_ns(), 1u);
  EXPECT_EQ(view.last_ns(), 5u);
  EXPECT_EQ(view.sparse_index(), "index");
  EXPECT_EQ(view.filter(), "filter");
  EXPECT_EQ(view.range_tombstones(), "tombs");
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    const SegmentColumn column = static_cast<SegmentColumn>(c);
    ASSERT_EQ(view.page_count(column), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(view.Page(column, i), contents.pages[c][i]) << "column " << c << " page " << i;
    }
  }
}

TEST(SegmentBlock, FindsRowGroupsPagesAndNamespacesOfRows) {
  const std::string block = Encoded(SmallContents());
  const SegmentBlockView view = SegmentBlockView::Parse(block, kDataLimit).value();
  const size_t groups[] = {0, 0, 0, 1, 1};
  const size_t pages[] = {0, 0, 1, 2, 2};
  const NamespaceId namespaces[] = {1, 1, 1, 1, 5};
  for (uint64_t row = 0; row < 5; ++row) {
    EXPECT_EQ(view.RowGroupOfRow(row), groups[row]) << row;
    EXPECT_EQ(view.PageOfRow(SegmentColumn::kValue, row), pages[row]) << row;
    EXPECT_EQ(view.NamespaceOfRow(row), namespaces[row]) << row;
  }
  using Rows = std::pair<uint64_t, uint64_t>;
  EXPECT_EQ(view.RowsOfNamespace(0), Rows(0, 0));
  EXPECT_EQ(view.RowsOfNamespace(1), Rows(0, 4));
  EXPECT_EQ(view.RowsOfNamespace(2), Rows(4, 4));
  EXPECT_EQ(view.RowsOfNamespace(5), Rows(4, 5));
  EXPECT_EQ(view.RowsOfNamespace(6), Rows(5, 5));
}

// 100 pages a column, of which half hold one row and half hold 99: the first ones, the last ones,
// every second one; or all hold 50.
TEST(SegmentBlock, FindsPagesOfRowsHoweverUnevenTheyAre) {
  SegmentBlockContents contents = SmallContents();
  contents.counts.rows = 5000;
  contents.row_groups.resize(1);
  contents.row_groups[0].rows = 5000;
  contents.key_page_multi_version.assign(100, 1);
  uint64_t offset = 4;
  std::array<std::vector<size_t>, kSegmentColumns> page_of_row;
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    contents.row_groups[0].chunks[c].pages = 100;
    contents.pages[c].clear();
    for (size_t i = 0; i < 100; ++i) {
      const std::array<bool, kSegmentColumns> is_small = {i < 50, i >= 50, i % 2 == 0, false};
      const uint64_t rows = c == 3 ? 50 : is_small[c] ? 1 : 99;
      contents.pages[c].push_back(
          {.offset = offset, .bytes = 1, .first_row = page_of_row[c].size(), .rows = rows});
      page_of_row[c].insert(page_of_row[c].end(), rows, i);
      offset += 1;
    }
  }
  const std::string block = Encoded(contents);
  const SegmentBlockView view = SegmentBlockView::Parse(block, kDataLimit).value();
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    for (uint64_t row = 0; row < 5000; ++row) {
      ASSERT_EQ(view.PageOfRow(static_cast<SegmentColumn>(c), row), page_of_row[c][row]) << row;
    }
  }
}

TEST(SegmentBlock, KnowsWhichKeyPagesHoldSeveralVersions) {
  const std::string block = Encoded(SmallContents());
  const SegmentBlockView view = SegmentBlockView::Parse(block, kDataLimit).value();
  EXPECT_TRUE(view.KeyPageIsSingleVersion(0));
  EXPECT_FALSE(view.KeyPageIsSingleVersion(1));
  EXPECT_FALSE(view.counts().single_version);
}

TEST(SegmentBlock, ComparesTheSparseIndexWithTheKeyPages) {
  const std::string block = Encoded(SmallContents());
  const SegmentBlockView view = SegmentBlockView::Parse(block, kDataLimit).value();
  const SegmentPage page = view.Page(SegmentColumn::kKey, 1);
  EXPECT_TRUE(view.CheckIndexEntry(1, page.offset, page.bytes, page.first_row).ok());
  EXPECT_FALSE(view.CheckIndexEntry(0, page.offset, page.bytes, page.first_row).ok());
  EXPECT_FALSE(view.CheckIndexEntry(1, page.offset + 1, page.bytes, page.first_row).ok());
  EXPECT_FALSE(view.CheckIndexEntry(1, page.offset, page.bytes + 1, page.first_row).ok());
  EXPECT_FALSE(view.CheckIndexEntry(1, page.offset, page.bytes, page.first_row + 1).ok());
  EXPECT_FALSE(view.CheckIndexEntry(3, page.offset, page.bytes, page.first_row).ok());
}

TEST(SegmentBlock, MayHoldNoRowsAndOnlyRangeTombstones) {
  SegmentBlockContents contents;
  contents.counts = {.range_tombstones = 1, .min_ts = 3, .max_ts = 3, .single_version = true};
  contents.range_tombstones = "tomb";
  const std::string block = Encoded(contents);
  const SegmentBlockView view = SegmentBlockView::Parse(block, kDataLimit).value();
  EXPECT_EQ(view.rows(), 0u);
  EXPECT_EQ(view.page_count(SegmentColumn::kKey), 0u);
  EXPECT_EQ(view.RowsOfNamespace(0), (std::pair<uint64_t, uint64_t>(0, 0)));
}

TEST(SegmentBlock, ReencodesToItself) {
  const std::string block = Encoded(SmallContents());
  EXPECT_EQ(Encoded(SegmentBlockView::Parse(block, kDataLimit)->ToContents()), block);
}

TEST(SegmentBlock, HasTheBytesOfFormatMd) {
  SegmentBlockContents contents;
  contents.counts = {.rows = 1,
                     .raw_key_bytes = 1,
                     .raw_value_bytes = 2,
                     .min_ts = 7,
                     .max_ts = 7,
                     .single_version = true};
  contents.first_key = contents.last_key = "k";
  contents.row_groups.resize(1);
  contents.row_groups[0].rows = 1;
  for (size_t c = 0; c < kSegmentColumns; ++c) {
    contents.row_groups[0].chunks[c].pages = 1;
    contents.pages[c] = {{.offset = 4 + 32 * c, .bytes = 32, .crc32c = 0xc0 + uint32_t(c)}};
  }
  contents.key_page_multi_version = {0};
  contents.namespaces = {{0, 0}};
  contents.sparse_index = "I";
  EXPECT_EQ(HexEncode(Encoded(contents)), kExampleHex);
}

// --- Refusals -----------------------------------------------------------------------------------

TEST(SegmentBlock, EveryFlippedBitAndEveryTruncationIsFound) {
  const std::string block = Encoded(SmallContents());
  for (size_t i = 0; i < block.size() * 8; ++i) {
    std::string damaged = block;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    const auto view = SegmentBlockView::Parse(damaged, kDataLimit);
    EXPECT_EQ(view.status().code(), absl::StatusCode::kDataLoss) << "bit " << i;
  }
  for (size_t length = 0; length < block.size(); ++length) {
    EXPECT_FALSE(SegmentBlockView::Parse(block.substr(0, length), kDataLimit).ok()) << length;
  }
  EXPECT_FALSE(SegmentBlockView::Parse(block + '\0', kDataLimit).ok());
}

// With the checksum corrected: any changed byte gives another block that still agrees with itself,
// or an error; never a block that re-encodes to other bytes.
TEST(SegmentBlock, EveryChangedByteBehindTheChecksumIsConsistentOrRefused) {
  const std::string block = Encoded(SmallContents());
  for (size_t i = 0; i + 4 < block.size(); ++i) {
    for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string changed = block;
      changed[i] = static_cast<char>(changed[i] ^ change);
      changed = Resealed(changed);
      const auto view = SegmentBlockView::Parse(changed, kDataLimit);
      if (view.ok()) {
        EXPECT_EQ(Encoded(view->ToContents()), changed) << "byte " << i << " change " << change;
      }
    }
  }
}

TEST(SegmentBlock, RefusesPagesOutsideTheFile) {
  const SegmentBlockContents contents = SmallContents();
  const SegmentPage last = contents.pages[3][2];
  const std::string block = Encoded(contents);
  EXPECT_TRUE(SegmentBlockView::Parse(block, last.offset + last.bytes).ok());
  EXPECT_FALSE(SegmentBlockView::Parse(block, last.offset + last.bytes - 1).ok());
  EXPECT_FALSE(SegmentBlockView::Parse(block, 0).ok());
}

TEST(SegmentBlock, RefusesAnotherVersionAndUnknownFlagsAsUnimplemented) {
  const std::string block = Encoded(SmallContents());
  std::string version = block;
  version[4] = 2;
  EXPECT_EQ(SegmentBlockView::Parse(Resealed(version), kDataLimit).status().code(),
            absl::StatusCode::kUnimplemented);
  std::string page_flag = block;
  page_flag[SectionOffset(block, 7) + 1] = 2;
  EXPECT_EQ(SegmentBlockView::Parse(Resealed(page_flag), kDataLimit).status().code(),
            absl::StatusCode::kUnimplemented);
  std::string counts_flag = block;
  counts_flag[SectionOffset(block, 1) + 72] = 4;
  EXPECT_EQ(SegmentBlockView::Parse(Resealed(counts_flag), kDataLimit).status().code(),
            absl::StatusCode::kUnimplemented);
}

// Returns the block with one more section, empty, whose number this version does not know.
std::string WithUnknownSection(uint32_t flags) {
  std::string block = Encoded(SmallContents());
  const uint32_t sections = LoadLe32(block.data() + 16);
  std::string entry;
  AppendFixed32(&entry, uint32_t{77});
  AppendFixed32(&entry, flags);
  AppendFixed64(&entry, uint64_t{0});
  block.insert(24 + 16 * size_t{sections}, entry);
  StoreLe32(block.data() + 16, sections + 1);
  StoreLe64(block.data() + 8, block.size());
  return Resealed(block);
}

TEST(SegmentBlock, SkipsUnknownSectionsUnlessTheyMustBeUnderstood) {
  EXPECT_TRUE(SegmentBlockView::Parse(WithUnknownSection(0), kDataLimit).ok());
  EXPECT_EQ(SegmentBlockView::Parse(WithUnknownSection(1), kDataLimit).status().code(),
            absl::StatusCode::kUnimplemented);
}

// The block with section `id` given another body, or none.
std::string WithBody(uint32_t id, std::optional<std::string> body) {
  const std::string block = Encoded(SmallContents());
  std::string table;
  std::string bodies;
  uint32_t sections = 0;
  for (uint32_t i = 1; i <= 11; ++i) {
    const size_t entry = 24 + 16 * size_t{i - 1};
    const uint64_t length = LoadLe64(block.data() + entry + 8);
    const std::string old = block.substr(SectionOffset(block, i), length);
    if (i == id && !body) {
      continue;
    }
    const std::string& used = i == id ? *body : old;
    ++sections;
    table.append(block, entry, 8);
    AppendFixed64(&table, uint64_t{used.size()});
    bodies += used;
    bodies.resize((bodies.size() + 7) / 8 * 8, '\0');
  }
  std::string out = block.substr(0, 24) + table + bodies + "crc-";
  StoreLe64(out.data() + 8, out.size());
  StoreLe32(out.data() + 16, sections);
  return Resealed(out);
}

TEST(SegmentBlock, RefusesMissingEmptyAndOddSections) {
  EXPECT_TRUE(SegmentBlockView::Parse(WithBody(10, "other"), kDataLimit).ok());
  EXPECT_TRUE(SegmentBlockView::Parse(WithBody(10, std::nullopt), kDataLimit).ok());
  EXPECT_FALSE(SegmentBlockView::Parse(WithBody(10, ""), kDataLimit).ok());
  for (uint32_t id = 1; id <= 9; ++id) {
    EXPECT_FALSE(SegmentBlockView::Parse(WithBody(id, std::nullopt), kDataLimit).ok()) << id;
  }
  for (uint32_t id = 1; id <= 8; ++id) {
    EXPECT_FALSE(SegmentBlockView::Parse(WithBody(id, ""), kDataLimit).ok()) << id;
    EXPECT_FALSE(SegmentBlockView::Parse(WithBody(id, "odd"), kDataLimit).ok()) << id;
    EXPECT_FALSE(SegmentBlockView::Parse(WithBody(id, std::string(1200, 1)), kDataLimit).ok());
  }
}

// Each change breaks one rule; a writer that made it must be told.
TEST(SegmentBlock, RefusesToEncodeContentsThatContradictThemselves) {
  const std::vector<void (*)(SegmentBlockContents&)> changes = {
      [](SegmentBlockContents& c) { c.counts.rows = 6; },
      [](SegmentBlockContents& c) { c.counts.tombstones = 6; },
      [](SegmentBlockContents& c) { c.counts.range_tombstones = 0; },
      [](SegmentBlockContents& c) { c.range_tombstones.clear(); },
      [](SegmentBlockContents& c) { c.counts.min_ts = 0; },
      [](SegmentBlockContents& c) { c.counts.min_ts = 901; },
      [](SegmentBlockContents& c) { c.counts.max_ts = kMaxTimestamp + 1; },
      [](SegmentBlockContents& c) { c.counts.raw_key_bytes = ~uint64_t{0}; },
      [](SegmentBlockContents& c) { c.counts.single_version = true; },
      [](SegmentBlockContents& c) { c.first_ns = 6; },
      [](SegmentBlockContents& c) { c.last_ns = 4; },
      [](SegmentBlockContents& c) { c.first_key.assign(kMaxKeyBytes + 1, 'k'); },
      [](SegmentBlockContents& c) { c.row_groups[0].rows = 0; },
      [](SegmentBlockContents& c) { c.row_groups[0].chunks[1].pages = 0; },
      [](SegmentBlockContents& c) { c.row_groups[0].chunks[1].pages = 4; },
      [](SegmentBlockContents& c) { c.row_groups.pop_back(); },
      [](SegmentBlockContents& c) { c.pages[0][0].offset = 3; },
      [](SegmentBlockContents& c) { c.pages[0][1].offset += 1; },
      [](SegmentBlockContents& c) { c.pages[1][0].bytes = 0; },
      [](SegmentBlockContents& c) { c.pages[2][1].first_row = 0; },
      [](SegmentBlockContents& c) { c.pages[2][1].first_row = 3; },
      [](SegmentBlockContents& c) { c.pages[2][2].first_row = 2; },
      [](SegmentBlockContents& c) { c.pages[3][2].offset = 4; },
      [](SegmentBlockContents& c) { c.key_page_multi_version.pop_back(); },
      [](SegmentBlockContents& c) { c.key_page_multi_version[1] = 2; },
      [](SegmentBlockContents& c) { c.namespaces.clear(); },
      [](SegmentBlockContents& c) { c.namespaces[0].first_row = 1; },
      [](SegmentBlockContents& c) { c.namespaces[1].first_row = 5; },
      [](SegmentBlockContents& c) { c.namespaces[1].ns = 1; },
      [](SegmentBlockContents& c) { c.namespaces.push_back({9, 4}); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    SegmentBlockContents contents = SmallContents();
    changes[i](contents);
    std::string out = "kept";
    EXPECT_EQ(AppendSegmentBlock(contents, kDataLimit, &out).code(),
              absl::StatusCode::kInvalidArgument)
        << "change " << i;
    EXPECT_EQ(out, "kept") << "change " << i;
  }
}

// --- Properties ---------------------------------------------------------------------------------

// Any legal contents: random row groups, each column cut into pages on its own.
SegmentBlockContents AnyContents() {
  SegmentBlockContents contents;
  uint64_t offset = 4;
  uint64_t row = 0;
  const int groups = *rc::gen::inRange(1, 4);
  for (int g = 0; g < groups; ++g) {
    SegmentRowGroup group;
    group.rows = *rc::gen::inRange<uint64_t>(1, 40);
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      for (uint64_t r = 0; r < group.rows; r += *rc::gen::inRange<uint64_t>(1, 20)) {
        const uint32_t bytes = *rc::gen::inRange<uint32_t>(1, 5000);
        contents.pages[c].push_back({.offset = offset,
                                     .bytes = bytes,
                                     .crc32c = *rc::gen::arbitrary<uint32_t>(),
                                     .first_row = row + r});
        offset += bytes;
        ++group.chunks[c].pages;
      }
    }
    row += group.rows;
    contents.row_groups.push_back(group);
  }
  contents.counts.rows = row;
  contents.counts.min_ts = 1;
  contents.counts.max_ts = kMaxTimestamp;
  for (size_t i = 0; i < contents.pages[1].size(); ++i) {
    contents.key_page_multi_version.push_back(*rc::gen::inRange<uint8_t>(0, 2));
  }
  contents.counts.single_version = std::count(contents.key_page_multi_version.begin(),
                                              contents.key_page_multi_version.end(), 1) == 0;
  uint64_t ns = *rc::gen::inRange<uint64_t>(0, 3);
  for (uint64_t r = 0; r < row; r += *rc::gen::inRange<uint64_t>(1, 30)) {
    contents.namespaces.push_back({ns, r});
    ns += *rc::gen::inRange<uint64_t>(1, 9);
  }
  contents.first_ns = contents.namespaces.front().ns;
  contents.last_ns = contents.namespaces.back().ns;
  contents.first_key = "a";
  contents.last_key = row == 1 ? "a" : "b";
  contents.sparse_index = *rc::gen::arbitrary<std::string>();
  contents.filter = *rc::gen::arbitrary<std::string>();
  return contents;
}

RC_GTEST_PROP(SegmentBlock, AnswersAsAScanOfItsContentsWould, ()) {
  const SegmentBlockContents contents = AnyContents();
  const std::string block = Encoded(contents);
  const SegmentBlockView view = SegmentBlockView::Parse(block, kDataLimit).value();
  for (uint64_t row = 0; row < view.rows(); ++row) {
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      size_t page = 0;
      while (page + 1 < contents.pages[c].size() && contents.pages[c][page + 1].first_row <= row) {
        ++page;
      }
      RC_ASSERT(view.PageOfRow(static_cast<SegmentColumn>(c), row) == page);
      const SegmentPage got = view.Page(static_cast<SegmentColumn>(c), page);
      RC_ASSERT(got.offset == contents.pages[c][page].offset);
      RC_ASSERT(got.bytes == contents.pages[c][page].bytes);
      RC_ASSERT(got.crc32c == contents.pages[c][page].crc32c);
      RC_ASSERT(got.first_row <= row && row < got.first_row + got.rows);
    }
    NamespaceId ns = 0;
    for (const SegmentNamespace& each : contents.namespaces) {
      ns = each.first_row <= row ? each.ns : ns;
    }
    RC_ASSERT(view.NamespaceOfRow(row) == ns);
    const auto [first, end] = view.RowsOfNamespace(ns);
    RC_ASSERT(first <= row && row < end);
  }
  RC_ASSERT(Encoded(view.ToContents()) == block);
}

// --- The block's place --------------------------------------------------------------------------

TEST(BlockPlace, IsThirtyTwoHexDigits) {
  EXPECT_EQ(EncodeBlockPlace(0x12ab, 400), "00000000000012ab0000000000000190");
  EXPECT_EQ(DecodeBlockPlace("00000000000012ab0000000000000190").value(),
            (std::pair<uint64_t, uint64_t>(0x12ab, 400)));
  EXPECT_FALSE(DecodeBlockPlace("").ok());
  EXPECT_FALSE(DecodeBlockPlace("00000000000012AB0000000000000190").ok());
  EXPECT_FALSE(DecodeBlockPlace("00000000000012ab000000000000019").ok());
}

}  // namespace
}  // namespace veralith
