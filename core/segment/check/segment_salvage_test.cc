// SPDX-License-Identifier: Apache-2.0

// Small segments with every bit flipped, every cut, and pairs of damages: salvage gives entries of
// the segment and no others, in order. After one flipped bit it gives all rows except those of the
// page that holds the bit.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/text.h"
#include "core/format/coding.h"
#include "core/format/segment_block.h"
#include "core/segment/check/segment_salvage.h"
#include "core/segment/testing/segment_model.h"
#include "core/segment/testing/small_segments.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

struct Outcome {
  SegmentSalvage salvage;
  std::vector<OwnedEntry> entries;
  size_t tombstones = 0;
};

class SegmentSalvageTest : public ::testing::TestWithParam<int> {
 protected:
  Outcome Salvage(std::string bytes) const {
    Outcome outcome;
    SegmentReceiver receiver;
    receiver.entry = [&](const EntryView& entry) {
      outcome.entries.push_back(OwnedEntry(entry));
      return absl::OkStatus();
    };
    receiver.range_tombstone = [&](const RangeTombstoneView& tombstone) {
      const auto& written = segment_.tombstones;
      EXPECT_TRUE(std::find(written.begin(), written.end(), tombstone) != written.end());
      ++outcome.tombstones;
      return absl::OkStatus();
    };
    const auto file = OpenMemoryFile(std::move(bytes));
    auto salvage = SalvageSegment(*file, kSmallSegmentMemoryLimit, receiver);
    EXPECT_TRUE(salvage.ok()) << salvage.status();
    outcome.salvage = *std::move(salvage);
    EXPECT_EQ(outcome.salvage.rows, outcome.entries.size());
    return outcome;
  }

  // Expects entries in the order of the segment, each at most once.
  void ExpectNothingInvented(const Outcome& outcome) const {
    size_t at = 0;
    for (const OwnedEntry& entry : outcome.entries) {
      while (at < segment_.entries.size() && !(segment_.entries[at] == entry)) {
        ++at;
      }
      ASSERT_LT(at, segment_.entries.size()) << entry;
      ++at;
    }
    // And what is missing is listed.
    if (outcome.entries.size() < segment_.entries.size()) {
      EXPECT_FALSE(outcome.salvage.lost.empty());
    }
    if (outcome.tombstones < segment_.tombstones.size()) {
      EXPECT_NE(outcome.salvage.lost_range_tombstones, uint64_t{0});
    }
  }

  const SmallSegment segment_ = MakeSmallSegment(GetParam());
};

TEST_P(SegmentSalvageTest, AWholeSegmentIsReadWhole) {
  const Outcome outcome = Salvage(segment_.bytes);
  EXPECT_EQ(outcome.entries, segment_.entries);
  EXPECT_EQ(outcome.tombstones, segment_.tombstones.size());
  EXPECT_TRUE(outcome.salvage.lost.empty());
  EXPECT_EQ(outcome.salvage.metadata_damage, "");
}

TEST_P(SegmentSalvageTest, AFlippedBitCostsTheRowsOfItsPageAtMost) {
  const std::string& bytes = segment_.bytes;
  const size_t block_at = bytes.find("VRLB");
  const size_t block_size = LoadLe64(bytes.data() + block_at + 8);
  const auto block =
      SegmentBlockView::Parse(std::string_view(bytes).substr(block_at, block_size), block_at);
  ASSERT_TRUE(block.ok());
  for (size_t bit = 0; bit < bytes.size() * 8; bit += 1 + bit % 3) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    SCOPED_TRACE(StrCat("bit ", bit % 8, " of byte ", bit / 8));
    const Outcome outcome = Salvage(damaged);
    ExpectNothingInvented(outcome);
    uint64_t may_miss = 0;
    for (const SegmentColumn column :
         {SegmentColumn::kKey, SegmentColumn::kTimestamp, SegmentColumn::kValue}) {
      for (size_t i = 0; i < block->page_count(column); ++i) {
        const SegmentPage page = block->Page(column, i);
        if (bit / 8 >= page.offset && bit / 8 < page.offset + page.bytes) {
          may_miss = page.rows;
        }
      }
    }
    EXPECT_EQ(outcome.entries.size() + may_miss, segment_.entries.size());
    EXPECT_EQ(outcome.salvage.lost_rows(), may_miss);
    const bool in_block = bit / 8 >= block_at && bit / 8 < block_at + block_size;
    EXPECT_EQ(outcome.tombstones, in_block ? 0 : segment_.tombstones.size());
    if (HasFailure()) {
      return;
    }
  }
}

TEST_P(SegmentSalvageTest, ACutFileKeepsTheRowsBeforeTheCut) {
  size_t most = 0;
  for (size_t size = 0; size < segment_.bytes.size(); ++size) {
    SCOPED_TRACE(StrCat("cut to ", size));
    const Outcome outcome = Salvage(segment_.bytes.substr(0, size));
    ExpectNothingInvented(outcome);
    EXPECT_GE(outcome.entries.size(), most) << "a longer file gives fewer rows";
    most = outcome.entries.size();
    if (HasFailure()) {
      return;
    }
  }
  EXPECT_EQ(most, segment_.entries.size());
}

TEST_P(SegmentSalvageTest, NothingIsInventedFromManyDamages) {
  Random random(static_cast<uint64_t>(GetParam()));
  for (int round = 0; round < 1500; ++round) {
    std::string damaged = segment_.bytes;
    for (uint64_t i = 2 + random.Below(4); i > 0; --i) {
      const size_t at = random.Below(damaged.size());
      damaged[at] = static_cast<char>(damaged[at] ^ (1 + random.Below(255)));
    }
    if (random.OneIn(8)) {
      damaged.resize(random.Below(damaged.size()));
    }
    SCOPED_TRACE(StrCat("round ", round));
    ExpectNothingInvented(Salvage(damaged));
    if (HasFailure()) {
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, SegmentSalvageTest, ::testing::Range(0, kSmallSegments));

}  // namespace
}  // namespace veralith
