// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/concatenating_cursor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/iterator/range_tombstones.h"
#include "core/iterator/testing/cursor_walk.h"
#include "core/iterator/testing/vector_cursor.h"
#include "core/iterator/testing/visible_model.h"
#include "core/iterator/visible_iterator.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using testing::AnyEntry;
using testing::AnyTimestamp;
using testing::CheckCursorWalks;
using testing::CheckCursorYields;
using testing::NewestPerKey;
using testing::SortedUnique;
using testing::VectorCursor;

using Entries = std::vector<OwnedEntry>;

// Counts the moves of the cursors it opened.
class CountedCursor final : public KeyCursor {
 public:
  CountedCursor(std::unique_ptr<KeyCursor> of, int* moves) : of_(std::move(of)), moves_(moves) {}
  void SeekToFirst() override {
    Move([&] { of_->SeekToFirst(); });
  }
  void SeekToLast() override {
    Move([&] { of_->SeekToLast(); });
  }
  void Seek(std::string_view key) override {
    Move([&] { of_->Seek(key); });
  }
  void SeekForPrev(std::string_view key) override {
    Move([&] { of_->SeekForPrev(key); });
  }
  void Next() override {
    Move([&] { of_->Next(); });
  }
  void Prev() override {
    Move([&] { of_->Prev(); });
  }
  Timestamp max_timestamp() const override { return of_->max_timestamp(); }

 protected:
  bool LoadEntry() override {
    if (!of_->Load()) {
      return Fail(of_->status());
    }
    kind_ = of_->kind();
    value_ = of_->value();
    return true;
  }
  bool ReadTimestamp() override {
    if (!of_->LoadTimestamp()) {
      return Fail(of_->status());
    }
    timestamp_ = of_->timestamp();
    return true;
  }

 private:
  template <typename How>
  void Move(How how) {
    ++*moves_;
    how();
    of_->Valid() ? SetKey(of_->key()) : End();
  }

  const std::unique_ptr<KeyCursor> of_;
  int* const moves_;
};

class CountedParts final : public CursorParts {
 public:
  CountedParts(std::vector<Entries> parts, int* moves) : parts_(std::move(parts)), moves_(moves) {}
  size_t size() const override { return parts_.size(); }
  bool EndsBefore(size_t i, std::string_view key) const override {
    return parts_[i].back().key < key;
  }
  bool BeginsAfter(size_t i, std::string_view key) const override {
    return parts_[i].front().key > key;
  }
  std::unique_ptr<KeyCursor> Open(size_t i) override {
    return std::make_unique<CountedCursor>(
        std::make_unique<VectorCursor>(parts_[i], 0, kMaxTimestamp), moves_);
  }
  Timestamp max_timestamp() const override {
    Timestamp newest = 0;
    for (const Entries& part : parts_) {
      for (const OwnedEntry& entry : part) {
        newest = std::max(newest, entry.ts);
      }
    }
    return newest;
  }

 private:
  const std::vector<Entries> parts_;
  int* const moves_;
};

// Parts of namespace 0 cut between keys; some are empty. Counts how often one is opened.
class VectorParts final : public CursorParts {
 public:
  VectorParts(std::vector<Entries> parts, Timestamp snapshot)
      : parts_(std::move(parts)), snapshot_(snapshot) {}

  // Part i opens, but its entry at `place` cannot be read.
  void FailToRead(size_t i, size_t place) {
    unreadable_ = i;
    unreadable_place_ = place;
  }
  size_t opened() const { return opened_; }

  size_t size() const override { return parts_.size(); }
  bool EndsBefore(size_t i, std::string_view key) const override {
    // The bounds of an empty part are those of the nearest part before it with entries.
    while (i > 0 && parts_[i].empty()) {
      --i;
    }
    return parts_[i].empty() || CompareBytes(parts_[i].back().key, key) < 0;
  }
  bool BeginsAfter(size_t i, std::string_view key) const override {
    while (i + 1 < parts_.size() && parts_[i].empty()) {
      ++i;
    }
    return parts_[i].empty() || CompareBytes(parts_[i].front().key, key) > 0;
  }
  std::unique_ptr<KeyCursor> Open(size_t i) override {
    ++opened_;
    auto part = std::make_unique<VectorCursor>(parts_[i], 0, snapshot_);
    if (i == unreadable_) {
      part->FailAt(unreadable_place_, DataLoss("bad page"));
    }
    return part;
  }
  Timestamp max_timestamp() const override { return kMaxTimestamp; }

 private:
  const std::vector<Entries> parts_;
  const Timestamp snapshot_;
  size_t unreadable_ = ~size_t{0};
  size_t unreadable_place_ = 0;
  size_t opened_ = 0;
};

Entries AnySortedEntries() {
  Entries entries = *rc::gen::container<Entries>(rc::gen::exec(AnyEntry));
  for (OwnedEntry& entry : entries) {
    entry.ns = 0;
  }
  return SortedUnique(std::move(entries));
}

std::vector<Entries> CutAtKeys(const Entries& entries) {
  std::vector<Entries> parts(1);
  for (const OwnedEntry& entry : entries) {
    const bool new_key = parts.back().empty() || parts.back().back().key != entry.key;
    for (int cuts = new_key ? *rc::gen::element(0, 0, 0, 1, 2) : 0; cuts > 0; --cuts) {
      parts.emplace_back();
    }
    parts.back().push_back(entry);
  }
  return parts;
}

RC_GTEST_PROP(ConcatenatingCursor, EqualsItsPartsOneAfterAnotherUnderRandomMoves, ()) {
  const Entries entries = AnySortedEntries();
  const Timestamp snapshot = AnyTimestamp();
  const auto cursor =
      NewConcatenatingCursor(std::make_unique<VectorParts>(CutAtKeys(entries), snapshot));
  const auto shown = NewestPerKey(entries, 0, snapshot);
  CheckCursorYields(cursor.get(), shown);
  CheckCursorWalks(cursor.get(), shown, 60);
}

RC_GTEST_PROP(ConcatenatingCursor, StopsAtAnUnreadableKeyFromEitherSide, ()) {
  const Entries entries = AnySortedEntries();
  RC_PRE(!entries.empty());
  const std::vector<Entries> parts = CutAtKeys(entries);
  const size_t at = *rc::gen::inRange<size_t>(0, entries.size());
  size_t part = 0;
  size_t place = at;
  for (; place >= parts[part].size(); ++part) {
    place -= parts[part].size();
  }
  auto vector_parts = std::make_unique<VectorParts>(parts, kMaxTimestamp);
  vector_parts->FailToRead(part, place);
  const auto cursor = NewConcatenatingCursor(std::move(vector_parts));
  const auto shown = NewestPerKey(entries, 0, kMaxTimestamp);
  size_t yielded = 0;
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    RC_ASSERT(std::string(cursor->key()) == shown[yielded++].key);
  }
  RC_ASSERT(cursor->status() == DataLoss("bad page"));
  RC_ASSERT(shown[yielded].key == entries[at].key);
  yielded = shown.size();
  for (cursor->SeekToLast(); cursor->Valid(); cursor->Prev()) {
    RC_ASSERT(std::string(cursor->key()) == shown[--yielded].key);
  }
  RC_ASSERT(cursor->status() == DataLoss("bad page"));
  RC_ASSERT(shown[yielded - 1].key == entries[at].key);
  cursor->Seek(shown.back().key + '\xff');
  RC_ASSERT(!cursor->Valid() && cursor->status().ok());  // a seek forgets the error before
}

TEST(ConcatenatingCursor, ASeekOpensOnlyThePartThatCanHoldTheKey) {
  std::vector<Entries> parts(100);
  for (int i = 0; i < 100; ++i) {
    parts[i] = {{0, std::string(1, static_cast<char>(i)), 1, EntryKind::kPut, ""}};
  }
  for (const bool forward : {true, false}) {
    auto owned = std::make_unique<VectorParts>(parts, kMaxTimestamp);
    const VectorParts* const counted = owned.get();
    const auto cursor = NewConcatenatingCursor(std::move(owned));
    const std::string key(1, 40);
    forward ? cursor->Seek(key) : cursor->SeekForPrev(key);
    ASSERT_TRUE(cursor->Valid());
    EXPECT_EQ(cursor->key(), key);
    EXPECT_EQ(counted->opened(), 1u);
  }
}

TEST(ConcatenatingCursor, OfNoPartsIsEmpty) {
  const auto cursor =
      NewConcatenatingCursor(std::make_unique<VectorParts>(std::vector<Entries>(), kMaxTimestamp));
  cursor->SeekToLast();
  EXPECT_FALSE(cursor->Valid());
  cursor->Seek("a");
  EXPECT_FALSE(cursor->Valid());
  EXPECT_TRUE(cursor->status().ok());
}

// The last part was written after the range delete; the others are skipped nevertheless.
TEST(ConcatenatingCursor, LeavesTheDeletedPartsOfARunThatIsNewerElsewhere) {
  std::vector<Entries> parts;
  for (const char* part : {"a", "b", "c"}) {
    parts.emplace_back();
    for (int i = 10'000; i < 11'000; ++i) {
      parts.back().push_back({0, part + std::to_string(i), 1, EntryKind::kPut, "old"});
    }
  }
  parts.front().front().ts = 3;
  parts.push_back({{0, "z", 3, EntryKind::kPut, "new"}});
  int moves = 0;
  VisibleIterator::Source source;
  source.merged = NewConcatenatingCursor(std::make_unique<CountedParts>(parts, &moves));
  const std::vector<RangeTombstoneView> deleted = {{0, "a", "y", false, 2}};
  source.range_tombstones.push_back(FragmentedRangeTombstones::Build(deleted));
  VisibleIterator iterator(std::move(source));

  iterator.Seek("b");
  ASSERT_TRUE(iterator.Valid());
  EXPECT_EQ(iterator.key(), "z");
  iterator.SeekForPrev("b99999");
  EXPECT_LT(moves, 1200);  // of which the part that is newer takes 1,000
  ASSERT_TRUE(iterator.Valid());
  EXPECT_EQ(iterator.key(), "a10000");
}

}  // namespace
}  // namespace veralith
