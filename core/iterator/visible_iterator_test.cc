// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/visible_iterator.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/base/status.h"
#include "core/iterator/merging_cursor.h"
#include "core/iterator/testing/vector_cursor.h"
#include "core/iterator/testing/visible_model.h"
#include "core/iterator/testing/visible_walk.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using testing::AnyBound;
using testing::AnyEntry;
using testing::AnyNamespace;
using testing::AnyRangeTombstone;
using testing::AnyTimestamp;
using testing::BruteForceVisible;
using testing::CheckShows;
using testing::CheckVisibleWalks;
using testing::DealByAge;
using testing::SortedUnique;
using testing::VectorCursor;
using testing::Views;

using Entries = std::vector<OwnedEntry>;
using Tombstones = std::vector<OwnedRangeTombstone>;

// Entries and range tombstones dealt out to sources, and one scan over them.
struct World {
  std::vector<Entries> entries;  // newest source first
  std::vector<Tombstones> tombstones;
  NamespaceId ns = 0;
  Bound lower;
  Bound upper;
  Timestamp snapshot = kMaxTimestamp;

  Entries Visible() const {
    Entries all_entries;
    Tombstones all_tombstones;
    for (size_t i = 0; i < entries.size(); ++i) {
      all_entries.insert(all_entries.end(), entries[i].begin(), entries[i].end());
      all_tombstones.insert(all_tombstones.end(), tombstones[i].begin(), tombstones[i].end());
    }
    return BruteForceVisible(all_entries, all_tombstones, ns, lower, upper, snapshot);
  }

  VisibleIterator::Source Source() const {
    VisibleIterator::Source source;
    std::vector<std::unique_ptr<KeyCursor>> children;
    for (size_t i = 0; i < entries.size(); ++i) {
      children.push_back(std::make_unique<VectorCursor>(entries[i], ns, snapshot));
      source.range_tombstones.push_back(FragmentedRangeTombstones::Build(Views(tombstones[i])));
    }
    source.range_tombstones.push_back(nullptr);
    source.merged = NewMergingCursor(std::move(children));
    source.ns = ns;
    source.lower = lower;
    source.upper = upper;
    source.snapshot = snapshot;
    return source;
  }
};

World AnyWorld() {
  World world;
  const size_t sources = *rc::gen::inRange<size_t>(1, 5);
  world.tombstones.resize(sources);
  // Few namespaces and keys per world, so that one key has many versions.
  const auto namespaces =
      *rc::gen::container<std::vector<NamespaceId>>(2, rc::gen::exec(AnyNamespace));
  const bool few_keys = *rc::gen::arbitrary<bool>();
  const auto any_namespace = [&] { return namespaces[*rc::gen::inRange<size_t>(0, 2)]; };
  const auto any_source = [&] { return *rc::gen::inRange<size_t>(0, sources); };
  Entries entries = *rc::gen::container<Entries>(rc::gen::exec(AnyEntry));
  for (OwnedEntry& entry : entries) {
    entry.ns = any_namespace();
    if (few_keys) {
      entry.key.resize(std::min<size_t>(entry.key.size(), 1));
    }
  }
  world.entries = DealByAge(SortedUnique(entries), sources);
  const bool with_tombstones = *rc::gen::arbitrary<bool>();
  if (with_tombstones) {
    for (OwnedRangeTombstone t :
         *rc::gen::container<Tombstones>(rc::gen::exec(AnyRangeTombstone))) {
      t.ns = any_namespace();
      world.tombstones[any_source()].push_back(t);
    }
  }
  world.ns = namespaces[0];
  world.lower = AnyBound();
  world.upper = AnyBound();
  world.snapshot = AnyTimestamp();
  return world;
}

RC_GTEST_PROP(VisibleIterator, EqualsBruteForceUnderRandomMovesInAnyBoundsAtAnySnapshot, ()) {
  const World world = AnyWorld();
  VisibleIterator iterator(world.Source());
  CheckVisibleWalks(&iterator, world.Visible(), 60);
}

RC_GTEST_PROP(VisibleIterator, YieldsEveryVisibleKeyOnceInBothDirections, ()) {
  const World world = AnyWorld();
  const Entries visible = world.Visible();
  VisibleIterator iterator(world.Source());
  size_t at = 0;
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
    CheckShows(iterator, visible, at++);
  }
  CheckShows(iterator, visible, at);
  RC_ASSERT(at == visible.size());
  for (iterator.SeekToLast(); iterator.Valid(); iterator.Prev()) {
    CheckShows(iterator, visible, --at);
  }
  RC_ASSERT(at == 0u);
  RC_ASSERT(iterator.status().ok());
}

RC_GTEST_PROP(VisibleIterator, NeverAnswersPastWhatItCouldNotRead, ()) {
  const World world = AnyWorld();
  const Entries visible = world.Visible();
  const size_t broken = *rc::gen::inRange<size_t>(0, world.entries.size());
  RC_PRE(!world.entries[broken].empty());
  const size_t place = *rc::gen::inRange<size_t>(0, world.entries[broken].size());
  auto source = world.Source();
  std::vector<std::unique_ptr<KeyCursor>> children;
  for (size_t i = 0; i < world.entries.size(); ++i) {
    auto child = std::make_unique<VectorCursor>(world.entries[i], world.ns, world.snapshot);
    if (i == broken) {
      child->FailAt(place, DataLoss("bad page"));
    }
    children.push_back(std::move(child));
  }
  source.merged = NewMergingCursor(std::move(children));
  VisibleIterator iterator(std::move(source));
  size_t at = 0;
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
    CheckShows(iterator, visible, at++);
  }
  RC_ASSERT(at == visible.size() || !iterator.status().ok());
  at = visible.size();
  for (iterator.SeekToLast(); iterator.Valid(); iterator.Prev()) {
    CheckShows(iterator, visible, --at);
  }
  RC_ASSERT(at == 0u || !iterator.status().ok());
}

// One source whose moves are counted.
struct Counted {
  VectorCursor* vector;
  std::unique_ptr<VisibleIterator> iterator;
};

Counted CountMoves(const Entries& entries, const Tombstones& tombstones, Timestamp snapshot) {
  VisibleIterator::Source source;
  auto vector = std::make_unique<VectorCursor>(entries, 0, snapshot);
  Counted counted{vector.get(), nullptr};
  source.merged = std::move(vector);
  source.range_tombstones.push_back(FragmentedRangeTombstones::Build(Views(tombstones)));
  source.snapshot = snapshot;
  counted.iterator = std::make_unique<VisibleIterator>(std::move(source));
  return counted;
}

TEST(VisibleIterator, DoesNotStepOverALongRangeThatWasDeleted) {
  Entries entries = {{0, "a", 1, EntryKind::kPut, ""}, {0, "z", 1, EntryKind::kPut, ""}};
  for (int i = 0; i < 10'000; ++i) {
    entries.push_back({0, "m" + std::to_string(i), 1, EntryKind::kPut, ""});
  }
  const Counted counted =
      CountMoves(SortedUnique(entries), {{0, "b", "y", false, 2}}, kMaxTimestamp);
  counted.iterator->Seek("b");
  ASSERT_TRUE(counted.iterator->Valid());
  EXPECT_EQ(counted.iterator->key(), "z");
  counted.iterator->Prev();
  ASSERT_TRUE(counted.iterator->Valid());
  EXPECT_EQ(counted.iterator->key(), "a");
  EXPECT_LT(counted.vector->moves(), 50u);
}

TEST(VisibleIterator, ARangeTombstoneLeavesEntriesOfItsOwnBatch) {
  const Counted counted =
      CountMoves({{0, "k", 5, EntryKind::kPut, "v"}}, {{0, "a", "z", false, 5}}, kMaxTimestamp);
  counted.iterator->SeekToFirst();
  EXPECT_TRUE(counted.iterator->Valid());
}

// One key, whose timestamp cannot be read.
class Undatable final : public KeyCursor {
 public:
  void SeekToFirst() override { SetKey("k"); }
  void SeekToLast() override { SetKey("k"); }
  void Seek(std::string_view key) override { key <= "k" ? SetKey("k") : End(); }
  void SeekForPrev(std::string_view key) override { key >= "k" ? SetKey("k") : End(); }
  void Next() override { End(); }
  void Prev() override { End(); }
  Timestamp max_timestamp() const override { return 1; }

 protected:
  bool LoadEntry() override {
    value_ = "v";
    return true;
  }
  bool ReadTimestamp() override { return Fail(DataLoss("bad timestamp page")); }
};

TEST(VisibleIterator, ATimestampThatCannotBeReadEndsItWhenItIsAskedFor) {
  VisibleIterator::Source source;
  source.merged = std::make_unique<Undatable>();
  VisibleIterator iterator(std::move(source));
  iterator.SeekToFirst();
  ASSERT_TRUE(iterator.Valid());
  EXPECT_EQ(iterator.value(), "v");
  EXPECT_EQ(iterator.timestamp(), 0u);
  EXPECT_FALSE(iterator.Valid());
  EXPECT_EQ(iterator.status(), DataLoss("bad timestamp page"));
  iterator.Seek("a");
  EXPECT_TRUE(iterator.Valid());
}

TEST(VisibleIterator, ATimestampThatCannotBeReadAndDecidesEndsItAtOnce) {
  const Tombstones tombstones = {{0, "a", "z", false, 5}};
  for (const bool forward : {true, false}) {
    VisibleIterator::Source source;
    source.merged = std::make_unique<Undatable>();
    source.range_tombstones.push_back(FragmentedRangeTombstones::Build(Views(tombstones)));
    VisibleIterator iterator(std::move(source));
    forward ? iterator.SeekToFirst() : iterator.SeekToLast();
    EXPECT_FALSE(iterator.Valid());
    EXPECT_EQ(iterator.status(), DataLoss("bad timestamp page"));
  }
}

TEST(VisibleIterator, HoldsWhatItReadsUntilItDies) {
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watch = held;
  VisibleIterator::Source source;
  source.merged = NewMergingCursor({});
  source.keep_alive = std::move(held);
  {
    VisibleIterator iterator(std::move(source));
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace veralith
