// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/range_tombstones.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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
using testing::Views;

using Tombstones = std::vector<OwnedRangeTombstone>;

Tombstones AnyTombstones() {
  return *rc::gen::container<Tombstones>(rc::gen::exec(AnyRangeTombstone));
}

std::shared_ptr<const FragmentedRangeTombstones> Build(const Tombstones& tombstones) {
  return FragmentedRangeTombstones::Build(Views(tombstones));
}

// Adds tombstones one by one, in order of age.
std::shared_ptr<const FragmentedRangeTombstones> Grow(
    const std::vector<RangeTombstoneView>& tombstones) {
  auto list = FragmentedRangeTombstones::Build({});
  for (const RangeTombstoneView& tombstone : tombstones) {
    list = list->With(tombstone);
  }
  return list;
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

// Places 0 to `places` as keys.
std::string Place(uint64_t place) {
  std::string key = std::to_string(place);
  return std::string(8 - key.size(), '0') + key;
}

// Ways in which range deletes can overlap each other, i-th of n.
struct Shape {
  const char* name;
  std::pair<uint64_t, uint64_t> (*range)(uint64_t i, uint64_t n);
};
constexpr Shape kShapes[] = {
    {"grow", [](uint64_t i, uint64_t) { return std::pair<uint64_t, uint64_t>(0, i + 1); }},
    {"nest", [](uint64_t i, uint64_t n) { return std::pair(i, 2 * n - i); }},
    {"shrink", [](uint64_t i, uint64_t n) { return std::pair(n - i - 1, n + i); }},
    {"overlap", [](uint64_t i, uint64_t n) { return std::pair(i, i + n / 4); }},
    {"apart", [](uint64_t i, uint64_t) { return std::pair(2 * i, 2 * i + 1); }},
    {"mixed",
     [](uint64_t i, uint64_t n) {
       const uint64_t begin = i * 7919 % n;
       return std::pair(begin, begin + 1 + i * 104729 % (n / 8));
     }},
};

Tombstones ShapeOf(const Shape& shape, uint64_t n) {
  Tombstones tombstones;
  for (uint64_t i = 0; i < n; ++i) {
    const auto [begin, end] = shape.range(i, n);
    tombstones.push_back({0, Place(begin), Place(end), false, i + 1});
  }
  return tombstones;
}

// Hazard E12.
TEST(RangeTombstones, InsideEachOtherTakeMemoryOfOrderNLogN) {
  for (const Shape& shape : kShapes) {
    for (const uint64_t n : {500, 5'000, 20'000}) {
      const Tombstones tombstones = ShapeOf(shape, n);
      const double bytes = static_cast<double>(Grow(Views(tombstones))->MemoryBytes());
      const double bound = 40 * static_cast<double>(n) * std::log2(static_cast<double>(n));
      EXPECT_LE(bytes, bound) << shape.name << " " << n;
    }
  }
}

TEST(RangeTombstones, InsideEachOtherCoverAsTheyDoOneByOneAtEverySnapshot) {
  constexpr uint64_t kTombstones = 300;
  for (const Shape& shape : kShapes) {
    const Tombstones tombstones = ShapeOf(shape, kTombstones);
    const auto list = Grow(Views(tombstones));
    for (uint64_t place = 0; place < 2 * kTombstones; place += 13) {
      for (Timestamp snapshot = 0; snapshot <= kTombstones + 1; snapshot += 7) {
        const Timestamp expected = BruteForceCovering(tombstones, 0, Place(place), snapshot);
        ASSERT_EQ(list->MaxCovering(0, Place(place), snapshot), expected) << shape.name;
        const RangeTombstoneView stretch = list->Find(0, Place(place), snapshot);
        ASSERT_EQ(stretch.ts, expected) << shape.name;
        ASSERT_EQ(BruteForceCovering(tombstones, 0, stretch.begin, snapshot), expected);
      }
    }
  }
}

RC_GTEST_PROP(RangeTombstones, SayTheSameAddedOneByOneBuiltAtOnceAndBuiltAgain, ()) {
  Tombstones tombstones;
  for (int i = *rc::gen::inRange(0, 100); i > 0; --i) {
    tombstones.push_back(AnyRangeTombstone());
  }
  const auto grown = Grow(Views(tombstones));
  const auto again = FragmentedRangeTombstones::Build(grown->ToTombstones());
  for (int i = 0; i < 30; ++i) {
    const NamespaceId ns = AnyNamespace();
    const std::string key = AnyKey();
    const Timestamp snapshot = *rc::gen::inRange<Timestamp>(0, 14);
    const Timestamp expected = BruteForceCovering(tombstones, ns, key, snapshot);
    RC_ASSERT(Build(tombstones)->MaxCovering(ns, key, snapshot) == expected);
    RC_ASSERT(grown->MaxCovering(ns, key, snapshot) == expected);
    RC_ASSERT(again->MaxCovering(ns, key, snapshot) == expected);
    const RangeTombstoneView stretch = grown->Find(ns, key, snapshot);
    RC_ASSERT(stretch.ts == expected && stretch.begin <= key);
    RC_ASSERT(stretch.open_end || key < stretch.end);
    for (const std::string& other : {AnyKey(), AnyKey(), AnyKey()}) {
      if (stretch.begin <= other && (stretch.open_end || other < stretch.end)) {
        RC_ASSERT(BruteForceCovering(tombstones, ns, other, snapshot) == expected);
      }
    }
  }
}

TEST(RangeTombstones, ThatDoNotOverlapAreKeptOnce) {
  constexpr uint64_t kTombstones = 1024;
  const auto list = Grow(Views(ShapeOf(kShapes[4], kTombstones)));
  EXPECT_EQ(list->ToTombstones().size(), kTombstones);
  EXPECT_LE(list->MemoryBytes(), 120 * kTombstones);
}

TEST(RangeTombstones, OfAListStayWhenItHasBeenAddedTo) {
  const auto first = FragmentedRangeTombstones::Build({})->With({0, "a", "c", false, 3});
  const auto second = first->With({0, "b", "d", false, 5});
  EXPECT_EQ(first->MaxCovering(0, "b", 9), 3u);
  EXPECT_EQ(second->MaxCovering(0, "b", 9), 5u);
  EXPECT_EQ(second->MaxCovering(0, "b", 4), 3u);
  EXPECT_EQ(first->count(), 1u);
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
