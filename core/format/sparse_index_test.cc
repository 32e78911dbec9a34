// SPDX-License-Identifier: Apache-2.0

#include "core/format/sparse_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/coding.h"
#include "core/format/testing/allocation_count.h"
#include "core/format/testing/generators.h"

namespace veralith {
namespace {

using Oracle = std::map<std::string, PageLocation>;

constexpr char kGolden[] =
    "0100000002000000100000004a0000000100000000000000"
    "000010008000000000000001fffffffffffffe010400000000000000e80300000000000000000000"
    "06000a000401fffffffffffbfe01ec03000000000000e80300000004000000000000"
    "00000000";

std::string Build(const Oracle& oracle, uint32_t interval) {
  SparseIndexBuilder builder(interval);
  for (const auto& [key, page] : oracle) {
    EXPECT_TRUE(builder.Add(key, page).ok());
  }
  const size_t estimated = builder.EstimatedBytes();
  std::string bytes = builder.Finish();
  EXPECT_EQ(bytes.size(), estimated);
  return bytes;
}

Oracle EntriesOf(const SparseIndexView& index) {
  Oracle entries;
  for (SparseIndexCursor cursor(index); cursor.Valid(); cursor.Next()) {
    entries.emplace_hint(entries.end(), cursor.key(), cursor.page());
  }
  return entries;
}

std::optional<SparseIndexView::Found> FindIn(const Oracle& oracle, const std::string& target) {
  const auto after = oracle.upper_bound(target);
  if (after == oracle.begin()) {
    return std::nullopt;
  }
  const auto at = std::prev(after);
  SparseIndexView::Found found;
  found.entry = static_cast<uint32_t>(std::distance(oracle.begin(), at));
  found.page = at->second;
  if (after != oracle.end()) {
    found.next_first_row = after->second.first_row;
  }
  return found;
}

// Every key, its neighbours and its prefixes.
std::vector<std::string> TargetsFor(const Oracle& oracle) {
  std::vector<std::string> targets = {"", std::string(1, '\xff')};
  for (const auto& [key, page] : oracle) {
    targets.push_back(key);
    targets.push_back(key + '\0');
    targets.push_back(key + "\xff");
    if (!key.empty()) {
      for (const int step : {-1, 1}) {
        std::string neighbour = key;
        neighbour.back() = static_cast<char>(neighbour.back() + step);
        targets.push_back(neighbour);
      }
      targets.push_back(key.substr(0, key.size() / 2));
      targets.push_back(key.substr(0, key.size() - 1));
    }
  }
  return targets;
}

void ExpectAgreement(const Oracle& oracle, uint32_t interval,
                     const std::vector<std::string>& targets) {
  const std::string bytes = Build(oracle, interval);
  const auto index = SparseIndexView::Parse(bytes);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(EntriesOf(*index), oracle);
  EXPECT_EQ(Build(EntriesOf(*index), index->restart_interval()), bytes);
  for (const std::string& target : targets) {
    ASSERT_EQ(index->Find(target), FindIn(oracle, target)) << QuoteKey(target);
  }
}

Oracle Numbered(const std::vector<std::string>& keys) {
  Oracle oracle;
  for (const std::string& key : keys) {
    oracle.emplace(key, PageLocation{});
  }
  uint64_t i = 0;
  for (auto& [key, page] : oracle) {
    page = {4 + 1000 * i, static_cast<uint32_t>(900 + i), 100 * i};
    ++i;
  }
  return oracle;
}

std::string FaultOf(std::string_view bytes) {
  return std::string(Message(SparseIndexView::Parse(bytes).status()));
}

// An entry with a location of zeros.
std::string Entry(uint16_t shared, std::string_view suffix) {
  std::string out;
  AppendFixed16(&out, shared);
  AppendFixed16(&out, static_cast<uint16_t>(suffix.size()));
  out.append(suffix);
  out.append(20, '\0');
  return out;
}

std::string Index(uint32_t interval, const std::vector<std::string>& entries,
                  const std::vector<uint32_t>& restarts) {
  std::string body;
  for (const std::string& entry : entries) {
    body += entry;
  }
  std::string out;
  for (const uint64_t field : {uint64_t{1}, entries.size(), uint64_t{interval}, body.size(),
                               restarts.size(), uint64_t{0}}) {
    AppendFixed32(&out, static_cast<uint32_t>(field));
  }
  out += body;
  for (const uint32_t restart : restarts) {
    AppendFixed32(&out, restart);
  }
  return out;
}

TEST(SparseIndex, BuildsTheGoldenBytes) {
  SparseIndexBuilder builder;
  ASSERT_TRUE(builder.Add(*HexDecode("8000000000000001fffffffffffffe01"), {4, 1000, 0}).ok());
  ASSERT_TRUE(builder.Add(*HexDecode("8000000000000401fffffffffffbfe01"), {1004, 1000, 1024}).ok());
  EXPECT_EQ(HexEncode(builder.Finish()), kGolden);
}

TEST(SparseIndex, ReadsTheGoldenBytes) {
  const std::string bytes = *HexDecode(kGolden);
  const auto index = SparseIndexView::Parse(bytes);
  ASSERT_TRUE(index.ok());
  const auto found = index->Find(*HexDecode("8000000000000001fffffffffffffe02"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->page, (PageLocation{4, 1000, 0}));
  EXPECT_EQ(found->next_first_row, 1024u);
  EXPECT_FALSE(index->Find(*HexDecode("80")).has_value());
  EXPECT_EQ(index->Find("\xff")->next_first_row, std::nullopt);
}

TEST(SparseIndex, OfNothingFindsNothing) {
  const std::string bytes = SparseIndexBuilder().Finish();
  EXPECT_EQ(bytes.size(), 24u);
  const auto index = SparseIndexView::Parse(bytes);
  ASSERT_TRUE(index.ok());
  EXPECT_FALSE(index->Find("").has_value());
  EXPECT_FALSE(SparseIndexCursor(*index).Valid());
  EXPECT_FALSE(SparseIndexView().Find("a").has_value());
}

TEST(SparseIndex, AgreesWithAnOrderedMapOnAdversarialKeySets) {
  std::vector<std::vector<std::string>> sets = {{""}, {"", std::string(1, '\0')}, {}, {}, {}, {}};
  for (int i = 0; i < 100; ++i) {
    sets[2].push_back(std::string(i, 'a'));  // each a prefix
    // Long shared prefix.
    sets[3].push_back(std::string(60, 'p') + StrCat(1000 + i));
    sets[4].push_back(std::string(1, static_cast<char>(i * 2)) + "tail");  // nothing shared
    sets[5].push_back(std::string(i % 7, '\xff') + std::string(i % 5, '\0') + StrCat(i % 3));
  }
  for (const auto& keys : sets) {
    for (const uint32_t interval : {1u, 2u, 3u, 16u, 1000u, UINT32_MAX}) {
      const Oracle oracle = Numbered(keys);
      ExpectAgreement(oracle, interval, TargetsFor(oracle));
    }
  }
}

TEST(SparseIndex, AgreesWithAnOrderedMapOnTheLongestKeys) {
  const std::string longest(kMaxSparseIndexKeyBytes, 'x');
  std::vector<std::string> keys = {"", longest};
  for (const size_t place : {size_t{0}, size_t{1}, size_t{30'000}, longest.size() - 1}) {
    for (const char c : {'\0', 'w', 'y', '\xff'}) {
      keys.push_back(longest);
      keys.back()[place] = c;
    }
  }
  const Oracle oracle = Numbered(keys);
  for (const uint32_t interval : {1u, 4u, 16u}) {
    ExpectAgreement(oracle, interval, TargetsFor(oracle));
  }
}

TEST(SparseIndex, AgreesWithAnOrderedMapOnThousandsOfRandomKeys) {
  Random random(7);
  std::vector<std::string> keys;
  std::vector<std::string> targets;
  for (int i = 0; i < 4000; ++i) {
    std::string key;
    for (uint64_t length = random.Below(12); length > 0; --length) {
      key.push_back("\x00\x01\xff"
                    "ab"[random.Below(5)]);
    }
    (i % 2 == 0 ? keys : targets).push_back(key);
  }
  ExpectAgreement(Numbered(keys), 16, targets);
}

RC_GTEST_PROP(SparseIndex, AgreesWithAnOrderedMap, ()) {
  const Oracle oracle = Numbered(*rc::gen::container<std::vector<std::string>>(testing::AnyKey()));
  const uint32_t interval = *rc::gen::inRange<uint32_t>(0, 20);
  auto targets = TargetsFor(oracle);
  targets.push_back(*testing::AnyKey());
  ExpectAgreement(oracle, interval, targets);
}

TEST(SparseIndex, LookupsAllocateNothing) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    keys.push_back(std::string(50, 'k') + StrCat(1000 + i));
  }
  const std::string bytes = Build(Numbered(keys), 16);
  const auto index = SparseIndexView::Parse(bytes);
  ASSERT_TRUE(index.ok());
  const uint64_t before = AllocationCount();
  uint64_t rows = 0;
  for (const std::string& key : keys) {
    rows += index->Find(key)->page.first_row;
  }
  EXPECT_EQ(AllocationCount(), before);
  EXPECT_EQ(rows, 100u * 999 * 1000 / 2);
}

TEST(SparseIndexBuilder, RefusesKeysOutOfOrderEqualOrTooLongAndGoesOn) {
  SparseIndexBuilder builder(0);
  ASSERT_TRUE(builder.Add("b", {}).ok());
  for (const std::string& key : {std::string("b"), std::string("a"), std::string(""),
                                 std::string(kMaxSparseIndexKeyBytes + 1, 'c')}) {
    EXPECT_EQ(builder.Add(key, {}).code(), absl::StatusCode::kInvalidArgument);
  }
  ASSERT_TRUE(builder.Add("ba", {}).ok());
  EXPECT_EQ(builder.num_entries(), 2u);
  const std::string bytes = builder.Finish();
  EXPECT_EQ(bytes, Index(1, {Entry(0, "b"), Entry(0, "ba")}, {0, 25}));
  EXPECT_EQ(builder.num_entries(), 0u);
  ASSERT_TRUE(builder.Add("a", {}).ok());
}

TEST(SparseIndexBuilder, RefusesEntriesBeyondTheLimitOfBytesAndGoesOn) {
  SparseIndexBuilder builder(16, 50);  // two entries of 24 bytes and one of suffix
  ASSERT_TRUE(builder.Add("a", {}).ok());
  EXPECT_EQ(builder.Add("bb", {}).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(builder.Add("b", {}).ok());
  EXPECT_EQ(builder.Finish(), Index(16, {Entry(0, "a"), Entry(0, "b")}, {0}));
}

TEST(SparseIndexParse, TakesASharedLengthBelowTheLongest) {
  const std::string bytes = Index(16, {Entry(0, "abc"), Entry(1, "bd"), Entry(0, "abe")}, {0});
  const auto index = SparseIndexView::Parse(bytes);
  ASSERT_TRUE(index.ok()) << index.status();
  const Oracle entries = EntriesOf(*index);
  EXPECT_EQ(entries.size(), 3u);
  for (const std::string& target : TargetsFor(entries)) {
    EXPECT_EQ(index->Find(target), FindIn(entries, target)) << target;
  }
  // Re-encoding gives other bytes, but the same entries.
  const std::string again = Build(entries, 16);
  EXPECT_NE(again, bytes);
  EXPECT_EQ(EntriesOf(*SparseIndexView::Parse(again)), entries);
}

TEST(SparseIndexParse, RejectsEveryHeaderThatDoesNotFit) {
  EXPECT_EQ(FaultOf(""), "sparse index: expected a header of 24 bytes, found 0");
  EXPECT_EQ(FaultOf(std::string(23, '\1')),
            "sparse index: expected a header of 24 bytes, found 23");
  std::string bytes = Index(16, {Entry(0, "a")}, {0});
  ASSERT_TRUE(SparseIndexView::Parse(bytes).ok());
  const auto with = [&](size_t place, char value) {
    std::string changed = bytes;
    changed[place] = value;
    return changed;
  };
  EXPECT_EQ(SparseIndexView::Parse(with(0, 2)).status().code(), absl::StatusCode::kUnimplemented);
  for (const size_t reserved : {1, 2, 3, 20, 21, 22, 23}) {
    EXPECT_EQ(FaultOf(with(reserved, 1)), "sparse index: reserved bytes of the header are not 0");
  }
  EXPECT_EQ(FaultOf(with(8, 0)), "sparse index: restart interval 0");
  EXPECT_EQ(FaultOf(with(16, 2)),
            "sparse index: expected 1 restarts for 1 entries at interval 16, found 2");
  EXPECT_EQ(FaultOf(with(12, 24)), "sparse index: expected 52 bytes, found 53");
  EXPECT_EQ(FaultOf(with(15, '\xff')), "sparse index: expected 4278190133 bytes, found 53");
  EXPECT_EQ(FaultOf(bytes + 'x'), "sparse index: expected 53 bytes, found 54");
  EXPECT_EQ(FaultOf(bytes.substr(0, 52)), "sparse index: expected 53 bytes, found 52");
}

TEST(SparseIndexParse, DoesNotOverflowOnTheLargestCounts) {
  std::string bytes = Index(1, {}, {});
  StoreLe32(bytes.data() + 4, UINT32_MAX);
  StoreLe32(bytes.data() + 12, UINT32_MAX);
  StoreLe32(bytes.data() + 16, UINT32_MAX);
  EXPECT_EQ(FaultOf(bytes), "sparse index: expected 21474836499 bytes, found 24");
  StoreLe32(bytes.data() + 8, UINT32_MAX);
  StoreLe32(bytes.data() + 12, 0);
  EXPECT_EQ(FaultOf(bytes),
            "sparse index: expected 1 restarts for 4294967295 entries at interval 4294967295, "
            "found 4294967295");
}

TEST(SparseIndexParse, RejectsEveryEntryThatDoesNotFit) {
  std::string cut = Entry(0, "b");
  EXPECT_EQ(FaultOf(Index(16, {Entry(0, "a"), cut.substr(0, 3)}, {0})),
            "sparse index: offset 49: entry 1: its header overruns the entries");
  EXPECT_EQ(FaultOf(Index(16, {Entry(0, "a"), cut.substr(0, 24)}, {0})),
            "sparse index: offset 49: entry 1: its body overruns the entries");
  EXPECT_EQ(FaultOf(Index(16, {Entry(0, "a"), Entry(2, "b")}, {0})),
            "sparse index: offset 49: entry 1: shares more than the previous key has");
  EXPECT_EQ(FaultOf(Index(1, {Entry(0, "a"), Entry(1, "b")}, {0, 25})),
            "sparse index: offset 49: entry 1: a restart shares a prefix");
  EXPECT_EQ(FaultOf(Index(16, {Entry(1, "a")}, {0})),
            "sparse index: offset 24: entry 0: a restart shares a prefix");
  EXPECT_EQ(FaultOf(Index(1, {Entry(0, "a"), Entry(0, "b")}, {0, 24})),
            "sparse index: offset 49: entry 1: its restart offset is 24, not 25");
  EXPECT_EQ(FaultOf(Index(1, {Entry(0, "a"), Entry(0, "b")}, {25, 0})),
            "sparse index: offset 24: entry 0: its restart offset is 25, not 0");
  std::string left_over = Index(16, {Entry(0, "a"), "xyz"}, {0});
  StoreLe32(left_over.data() + 4, 1);
  EXPECT_EQ(FaultOf(left_over), "sparse index: offset 49: 3 bytes left over after the last entry");
}

TEST(SparseIndexParse, RejectsKeysThatDoNotAscendAndKeysTooLong) {
  EXPECT_EQ(FaultOf(Index(16, {Entry(0, "b"), Entry(0, "a")}, {0})),
            "sparse index: offset 49: entry 1: its key is not above the previous one");
  EXPECT_EQ(FaultOf(Index(16, {Entry(0, "b"), Entry(1, "")}, {0})),
            "sparse index: offset 49: entry 1: its key is not above the previous one");
  EXPECT_EQ(FaultOf(Index(16, {Entry(0, "bc"), Entry(1, "")}, {0})),
            "sparse index: offset 50: entry 1: its key is not above the previous one");
  EXPECT_EQ(FaultOf(Index(1, {Entry(0, "b"), Entry(0, "b")}, {0, 25})),
            "sparse index: offset 49: entry 1: its key is not above the previous one");
  const std::string longest(65'535, 'k');
  EXPECT_EQ(FaultOf(Index(16, {Entry(0, longest), Entry(65'535, "x")}, {0})),
            "sparse index: offset 65583: entry 1: its key is longer than 65535 bytes");
}

TEST(SparseIndexParse, EveryChangeOfEveryByteIsRefusedOrReadsConsistently) {
  for (const std::string& bytes : {*HexDecode(kGolden), Build(Numbered({"", "a", "ab", "b"}), 2)}) {
    for (size_t place = 0; place < bytes.size(); ++place) {
      for (int change = 1; change < 256; ++change) {
        std::string changed = bytes;
        changed[place] = static_cast<char>(changed[place] ^ change);
        const auto index = SparseIndexView::Parse(changed);
        if (index.ok()) {
          const Oracle entries = EntriesOf(*index);
          ASSERT_EQ(entries.size(), index->num_entries());
          for (const auto& [key, page] : entries) {
            ASSERT_EQ(index->Find(key)->page, page);
          }
        }
      }
    }
  }
}

TEST(SparseIndexParse, EveryTruncationAndExtensionIsRefused) {
  const std::string bytes = *HexDecode(kGolden);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(SparseIndexView::Parse(std::string_view(bytes).substr(0, n)).ok()) << n;
  }
  EXPECT_FALSE(SparseIndexView::Parse(bytes + std::string(4, '\0')).ok());
}

}  // namespace
}  // namespace veralith
