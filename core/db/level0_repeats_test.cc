// SPDX-License-Identifier: Apache-2.0

#include "core/db/level0_repeats.h"

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/format/version_edit.h"
#include "core/manifest/version.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "core/version_set/segment_set.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

struct RunSpec {
  int level;
  std::vector<std::vector<int>> segments;  // keys of each
};

std::string KeyOf(int number) {
  char text[16];
  std::snprintf(text, sizeof text, "key%08d", number);
  return text;
}

// Every `step`th number of [begin, end).
std::vector<int> Keys(int begin, int end, int step = 1) {
  std::vector<int> keys;
  for (int key = begin; key < end; key += step) {
    keys.push_back(key);
  }
  return keys;
}

class Level0RepeatsTest : public ::testing::Test {
 protected:
  Level0RepeatsTest() { options_.key_page_bytes = 256; }

  // Runs newest first; the ids of those in level 0 are 9, 8 and so on.
  std::vector<RunRepeats> Estimate(const std::vector<RunSpec>& runs) {
    VersionEdit edit;
    SegmentSet::Levels levels;
    uint64_t number = 0;
    Timestamp ts = 1000;
    for (const RunSpec& spec : runs) {
      const uint64_t id = spec.level == 0 ? 9 - levels[0].size() : 0;
      SegmentRun& run = levels[static_cast<size_t>(spec.level)].emplace_back();
      run.id = id;
      --ts;
      for (const std::vector<int>& keys : spec.segments) {
        FileMeta meta;
        meta.number = ++number;
        meta.bytes = 1;
        meta.entries = keys.size();
        meta.smallest_key = KeyOf(keys.front());
        meta.largest = {0, KeyOf(keys.back()), KeyBound::Kind::kInclusive};
        meta.min_ts = meta.max_ts = ts;
        edit.added_files.push_back({spec.level, id, meta});
        run.segments.push_back(
            std::make_shared<Segment>(Segment{std::make_shared<FileMeta>(meta), Write(keys, ts)}));
      }
    }
    absl::StatusOr<Version> version = Version().Apply(edit);
    EXPECT_TRUE(version.ok()) << version.status();
    return EstimateRepeats(
        SegmentSet(std::make_shared<Version>(*std::move(version)), std::move(levels)));
  }

  SegmentOptions options_;

 private:
  std::shared_ptr<SegmentReader> Write(const std::vector<int>& keys, Timestamp ts) {
    std::vector<OwnedEntry> entries;
    for (const int key : keys) {
      entries.push_back({0, KeyOf(key), ts, EntryKind::kPut, "value"});
    }
    const auto written = WriteSegment(entries, options_);
    EXPECT_TRUE(written.ok()) << written.status();
    auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), {});
    EXPECT_TRUE(reader.ok()) << reader.status();
    return *std::move(reader);
  }
};

constexpr double kTolerance = 0.08;  // of the run's entries

TEST_F(Level0RepeatsTest, OfARunThatHoldsSomeKeysOfAnOlderOneAreCounted) {
  for (const double bits : {5.0, 10.0}) {
    options_.filter_bits_per_key = bits;
    // 4000 keys, of which those in [2000, 4000) are there.
    const auto repeats = Estimate({{0, {Keys(0, 4000)}}, {0, {Keys(2000, 6000)}}});
    ASSERT_EQ(repeats.size(), 1u) << bits;
    EXPECT_EQ(repeats[0].run_id, 9u);
    EXPECT_NEAR(static_cast<double>(repeats[0].in_level0), 2000, 4000 * kTolerance) << bits;
    EXPECT_EQ(repeats[0].in_all, repeats[0].in_level0);
  }
}

TEST_F(Level0RepeatsTest, OfRunsWithoutACommonKeyAreNone) {
  for (const double bits : {0.0, 1.0, 2.0, 10.0}) {
    options_.filter_bits_per_key = bits;
    const auto repeats = Estimate({{0, {Keys(0, 8000, 4)}},
                                   {0, {Keys(1, 8000, 4)}},
                                   {0, {Keys(2, 8000, 4)}},
                                   {1, {Keys(3, 4000, 4), Keys(4003, 8000, 4)}}});
    for (const RunRepeats& run : repeats) {
      EXPECT_LE(static_cast<double>(run.in_all), 2000 * 3 * kTolerance) << bits;
    }
  }
}

TEST_F(Level0RepeatsTest, WithoutFiltersAreNotKnown) {
  options_.filter_bits_per_key = 0;
  EXPECT_TRUE(Estimate({{0, {Keys(0, 4000)}}, {0, {Keys(0, 4000)}}}).empty());
}

TEST_F(Level0RepeatsTest, OfLevel1AndOfOlderRunsAreCountedOnce) {
  const auto repeats = Estimate({{0, {Keys(0, 4000)}},
                                 {0, {Keys(0, 1000)}},
                                 {1, {Keys(0, 1500), Keys(1500, 2000), Keys(9000, 9900)}},
                                 {2, {Keys(0, 9900)}}});
  ASSERT_EQ(repeats.size(), 2u);
  EXPECT_NEAR(static_cast<double>(repeats[0].in_level0), 1000, 4000 * kTolerance);
  EXPECT_NEAR(static_cast<double>(repeats[0].in_all), 2000, 4000 * kTolerance);
  EXPECT_EQ(repeats[1].run_id, 8u);
  EXPECT_EQ(repeats[1].in_level0, 0u);
  EXPECT_NEAR(static_cast<double>(repeats[1].in_all), 1000, 1000 * kTolerance);
}

TEST_F(Level0RepeatsTest, OfARunOfSegmentsOfManySizesAreCountedByTheirEntries) {
  // The small segments hold every repeated key.
  RunSpec newer{0, {Keys(0, 8000)}};
  for (int i = 0; i < 40; ++i) {
    newer.segments.push_back(Keys(8000 + i * 50, 8050 + i * 50));
  }
  const auto repeats = Estimate({newer, {0, {Keys(8000, 20000)}}});
  ASSERT_EQ(repeats.size(), 1u);
  EXPECT_NEAR(static_cast<double>(repeats[0].in_level0), 2000, 10000 * kTolerance);
}

TEST_F(Level0RepeatsTest, OfAFewKeysAreNotJudged) {
  EXPECT_TRUE(Estimate({{0, {Keys(0, 30)}}, {0, {Keys(0, 4000)}}}).empty());
}

}  // namespace
}  // namespace veralith
