#include "core/iterator/range_tombstones.h"

#include <gtest/gtest.h>

#include "core/iterator/testing/visible_model.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using testing::AnyKey;
using testing::AnyNamespace;
using testing::AnyRangeTombstone;
using testing::AnyTimestamp;
using testing::BruteForceCovering;
using testing::OwnedRangeTombstone;
using testing::Views;

using Tombstones = std::vector<OwnedRangeTombstone>;

Tombstones AnyTombstones() {
  return *rc::gen::container<Tombstones>(rc::gen::exec(AnyRangeTombstone));
}

Tombstones Owned(const std::vector<RangeTombstoneView>& views) {
  Tombstones owned;
  for (const RangeTombstoneView& v : views) {
    owned.push_back({v.ns, std::string(v.begin), std::string(v.end), v.open_end, v.ts});
  }
  return owned;
}

std::shared_ptr<const FragmentedRangeTombstones> Build(const Tombstones& tombstones) {
  return FragmentedRangeTombstones::Build(Views(tombstones));
}

bool SameFragments(const FragmentedRangeTombstones& a, const FragmentedRangeTombstones& b) {
  return a.ToTombstones() == b.ToTombstones();
}

RC_GTEST_PROP(RangeTombstones, CoverWhatTheTombstonesTheyWereBuiltFromCover, ()) {
  const Tombstones tombstones = AnyTombstones();
  const auto fragmented = Build(tombstones);
  for (int i = 0; i < 30; ++i) {
    const NamespaceId ns = AnyNamespace();
    const std::string key = AnyKey();
    const Timestamp snapshot = *rc::gen::inRange<Timestamp>(0, 14);
    RC_ASSERT(fragmented->MaxCovering(ns, key, snapshot) ==
              BruteForceCovering(tombstones, ns, key, snapshot));
  }
}

RC_GTEST_PROP(RangeTombstones, FragmentsAscendAndDoNotOverlapAndNeighboursDiffer, ()) {
  const auto fragmented = Build(AnyTombstones());
  for (size_t i = 0; i < fragmented->size(); ++i) {
    const RangeFragment f = fragmented->fragment(i);
    RC_ASSERT(f.open_end || f.begin < f.end);
    RC_ASSERT(!f.timestamps.empty());
    for (size_t t = 1; t < f.timestamps.size(); ++t) {
      RC_ASSERT(f.timestamps[t - 1] > f.timestamps[t]);
    }
    if (i == 0) {
      continue;
    }
    const RangeFragment before = fragmented->fragment(i - 1);
    if (before.ns == f.ns) {
      RC_ASSERT(!before.open_end && before.end <= f.begin);
      const bool same = std::equal(before.timestamps.begin(), before.timestamps.end(),
                                   f.timestamps.begin(), f.timestamps.end());
      RC_ASSERT(before.end < f.begin || !same);
    } else {
      RC_ASSERT(before.ns < f.ns);
    }
  }
}

RC_GTEST_PROP(RangeTombstones, CuttingAndJoiningAgainChangesNothing, ()) {
  const auto fragmented = Build(AnyTombstones());
  const std::string key = AnyKey();
  const UserKeyView cut{AnyNamespace(), key};
  std::vector<RangeTombstoneView> pieces = fragmented->Clip(std::nullopt, cut);
  for (const RangeTombstoneView& t : fragmented->Clip(cut, std::nullopt)) {
    pieces.push_back(t);
  }
  RC_ASSERT(SameFragments(*FragmentedRangeTombstones::Build(pieces), *fragmented));
}

RC_GTEST_PROP(RangeTombstones, ClippedOnesCoverExactlyWhatLiesBetweenTheBounds, ()) {
  const Tombstones tombstones = AnyTombstones();
  const auto fragmented = Build(tombstones);
  const std::string low = AnyKey();
  const std::string high = AnyKey();
  const UserKeyView lower{AnyNamespace(), low};
  const UserKeyView upper{AnyNamespace(), high};
  const auto clipped = FragmentedRangeTombstones::Build(fragmented->Clip(lower, upper));
  for (int i = 0; i < 30; ++i) {
    const NamespaceId ns = AnyNamespace();
    const std::string key = AnyKey();
    const bool inside = CompareUserKeys(ns, key, lower.ns, lower.key) >= 0 &&
                        CompareUserKeys(ns, key, upper.ns, upper.key) < 0;
    RC_ASSERT(clipped->MaxCovering(ns, key, kMaxTimestamp) ==
              (inside ? BruteForceCovering(tombstones, ns, key, kMaxTimestamp) : 0));
  }
}

RC_GTEST_PROP(RangeTombstones, MergedListsAreOneListOfAll, ()) {
  Tombstones all = AnyTombstones();
  const Tombstones more = AnyTombstones();
  const std::vector<std::shared_ptr<const FragmentedRangeTombstones>> parts = {Build(all), nullptr,
                                                                               Build(more)};
  all.insert(all.end(), more.begin(), more.end());
  RC_ASSERT(SameFragments(*FragmentedRangeTombstones::Merge(parts), *Build(all)));
}

RC_GTEST_PROP(RangeTombstones, TheOnesOfAListBuildTheListAgain, ()) {
  const auto fragmented = Build(AnyTombstones());
  RC_ASSERT(SameFragments(*Build(Owned(fragmented->ToTombstones())), *fragmented));
}

RC_GTEST_PROP(RangeTombstoneCursor, AnswersAsBruteForceOverAllListsDoes, ()) {
  const Tombstones first = AnyTombstones();
  const Tombstones second = AnyTombstones();
  Tombstones all = first;
  all.insert(all.end(), second.begin(), second.end());
  const NamespaceId ns = AnyNamespace();
  const Timestamp snapshot = AnyTimestamp();
  RangeTombstoneCursor cursor({Build(first), Build(second), Build({})}, ns, snapshot);
  for (int i = 0; i < 30; ++i) {
    const std::string key = AnyKey();
    const Timestamp covering = cursor.MaxCovering(key);
    RC_ASSERT(covering == BruteForceCovering(all, ns, key, snapshot));
    const RangeTombstoneView stretch = cursor.stretch();
    if (!cursor.empty()) {
      RC_ASSERT(stretch.ts == covering);
      RC_ASSERT(stretch.begin <= key && (stretch.open_end || key < stretch.end));
    }
  }
}

TEST(RangeTombstones, AnEmptyRangeVanishes) {
  const Tombstones tombstones = {{0, "b", "b", false, 3}, {0, "c", "a", false, 4}};
  EXPECT_TRUE(Build(tombstones)->empty());
}

TEST(RangeTombstones, AnOpenEndStopsAtTheEndOfItsNamespace) {
  const auto fragmented = Build({{7, "m", "", true, 5}});
  EXPECT_EQ(fragmented->MaxCovering(7, std::string(100, '\xff'), 9), 5u);
  EXPECT_EQ(fragmented->MaxCovering(8, "", 9), 0u);
  EXPECT_EQ(fragmented->MaxCovering(7, "l", 9), 0u);
  EXPECT_EQ(fragmented->MaxCovering(7, "m", 4), 0u);
}

}  // namespace
}  // namespace veralith
