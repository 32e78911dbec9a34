// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/merging_cursor.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/base/status.h"
#include "core/iterator/testing/cursor_walk.h"
#include "core/iterator/testing/vector_cursor.h"
#include "core/iterator/testing/visible_model.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using testing::AnyEntry;
using testing::AnyTimestamp;
using testing::CheckCursorWalks;
using testing::CheckCursorYields;
using testing::DealByAge;
using testing::NewestPerKey;
using testing::ShownKey;
using testing::SortedUnique;
using testing::VectorCursor;

using Entries = std::vector<OwnedEntry>;

struct World {
  Entries entries;
  std::vector<Entries> sources;  // newest first
  Timestamp snapshot = kMaxTimestamp;

  std::unique_ptr<KeyCursor> Cursor(size_t i) const {
    return std::make_unique<VectorCursor>(sources[i], 0, snapshot);
  }
  std::unique_ptr<KeyCursor> Merged() const {
    std::vector<std::unique_ptr<KeyCursor>> children;
    for (size_t i = 0; i < sources.size(); ++i) {
      children.push_back(Cursor(i));
    }
    return NewMergingCursor(std::move(children));
  }
  std::vector<ShownKey> Shown() const { return NewestPerKey(entries, 0, snapshot); }
};

World AnyWorld() {
  World world;
  world.entries = *rc::gen::container<Entries>(rc::gen::exec(AnyEntry));
  const bool one_namespace = *rc::gen::arbitrary<bool>();
  for (OwnedEntry& entry : world.entries) {
    entry.ns = one_namespace ? 0 : entry.ns;
  }
  world.entries = SortedUnique(std::move(world.entries));
  world.sources = DealByAge(world.entries, *rc::gen::inRange<size_t>(1, 14));
  world.snapshot = AnyTimestamp();
  return world;
}

RC_GTEST_PROP(MergingCursor, ShowsEachKeyOnceAsItsNewestSourceSays, ()) {
  const World world = AnyWorld();
  const auto merged = world.Merged();
  CheckCursorYields(merged.get(), world.Shown());
  CheckCursorWalks(merged.get(), world.Shown(), 60);
}

RC_GTEST_PROP(MergingCursor, YieldsNothingPastWhatASourceCannotRead, ()) {
  const World world = AnyWorld();
  const size_t broken = *rc::gen::inRange<size_t>(0, world.sources.size());
  RC_PRE(!world.sources[broken].empty());
  std::vector<std::unique_ptr<KeyCursor>> children;
  for (size_t i = 0; i < world.sources.size(); ++i) {
    auto source = std::make_unique<VectorCursor>(world.sources[i], 0, world.snapshot);
    if (i == broken) {
      source->FailAt(*rc::gen::inRange<size_t>(0, world.sources[i].size()), DataLoss("bad page"));
    }
    children.push_back(std::move(source));
  }
  const auto merged = NewMergingCursor(std::move(children));
  const std::vector<ShownKey> shown = world.Shown();
  size_t at = 0;
  for (merged->SeekToFirst(); merged->Valid(); merged->Next()) {
    RC_ASSERT(at < shown.size());
    RC_ASSERT(std::string(merged->key()) == shown[at++].key);
  }
  RC_ASSERT(at == shown.size() || merged->status() == DataLoss("bad page"));
  at = shown.size();
  for (merged->SeekToLast(); merged->Valid(); merged->Prev()) {
    RC_ASSERT(at > 0);
    RC_ASSERT(std::string(merged->key()) == shown[--at].key);
  }
  RC_ASSERT(at == 0u || merged->status() == DataLoss("bad page"));
}

// A cursor whose versions cannot be loaded.
class Unloadable final : public KeyCursor {
 public:
  explicit Unloadable(std::string key) : only_(std::move(key)) {}
  void SeekToFirst() override { SetKey(only_); }
  void SeekToLast() override { SetKey(only_); }
  void Seek(std::string_view key) override { key <= only_ ? SetKey(only_) : End(); }
  void SeekForPrev(std::string_view key) override { only_ <= key ? SetKey(only_) : End(); }
  void Next() override { End(); }
  void Prev() override { End(); }
  Timestamp max_timestamp() const override { return 1; }

 protected:
  bool LoadEntry() override { return Fail(DataLoss("bad value page")); }
  bool ReadTimestamp() override { return Fail(DataLoss("bad timestamp page")); }

 private:
  const std::string only_;
};

std::unique_ptr<KeyCursor> OfOne(std::string key) {
  return std::make_unique<VectorCursor>(Entries{{0, std::move(key), 7, EntryKind::kPut, "v"}}, 0,
                                        kMaxTimestamp);
}

TEST(MergingCursor, NeverLoadsAVersionThatANewerSourceHides) {
  std::vector<std::unique_ptr<KeyCursor>> children;
  children.push_back(OfOne("k"));
  children.push_back(std::make_unique<Unloadable>("k"));
  const auto merged = NewMergingCursor(std::move(children));
  merged->SeekToFirst();
  ASSERT_TRUE(merged->Valid() && merged->Load() && merged->LoadTimestamp());
  EXPECT_EQ(merged->value(), "v");
  EXPECT_EQ(merged->timestamp(), 7u);
  merged->Next();
  EXPECT_FALSE(merged->Valid());
  EXPECT_TRUE(merged->status().ok());
}

TEST(MergingCursor, WhatCannotBeLoadedEndsItWithTheError) {
  for (const bool value : {true, false}) {
    std::vector<std::unique_ptr<KeyCursor>> children;
    children.push_back(std::make_unique<Unloadable>("k"));
    children.push_back(OfOne("k"));
    const auto merged = NewMergingCursor(std::move(children));
    merged->SeekToFirst();
    ASSERT_TRUE(merged->Valid());
    EXPECT_FALSE(value ? merged->Load() : merged->LoadTimestamp());
    EXPECT_FALSE(merged->Valid());
    EXPECT_EQ(merged->status(), DataLoss(value ? "bad value page" : "bad timestamp page"));
  }
}

TEST(MergingCursor, OfNothingIsEmpty) {
  const auto merged = NewMergingCursor({});
  merged->SeekToFirst();
  EXPECT_FALSE(merged->Valid());
  merged->SeekForPrev("a");
  EXPECT_FALSE(merged->Valid());
  EXPECT_TRUE(merged->status().ok());
}

}  // namespace
}  // namespace veralith
