// What a run does that its parts alone do not. (It shows the same as a concatenating iterator.)
#include "core/iterator/concatenating_cursor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/iterator/range_tombstones.h"
#include "core/iterator/vector_iterator.h"
#include "core/iterator/version_cursor.h"
#include "core/iterator/visible_iterator.h"

namespace veralith {
namespace {

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
    kind_ = of_->kind();
    value_ = of_->value();
    return true;
  }
  bool ReadTimestamp() override {
    timestamp_ = of_->timestamp();
    return true;
  }

 private:
  template <typename How>
  void Move(How how) {
    ++*moves_;
    how();
    of_->Valid() ? Stand(of_->key()) : End();
  }

  const std::unique_ptr<KeyCursor> of_;
  int* const moves_;
};

class VectorParts final : public CursorParts {
 public:
  VectorParts(std::vector<Entries> parts, int* moves) : parts_(std::move(parts)), moves_(moves) {}
  size_t size() const override { return parts_.size(); }
  bool EndsBefore(size_t i, std::string_view key) const override {
    return parts_[i].back().key < key;
  }
  bool BeginsAfter(size_t i, std::string_view key) const override {
    return parts_[i].front().key > key;
  }
  std::unique_ptr<KeyCursor> Open(size_t i) override {
    return std::make_unique<CountedCursor>(
        NewVersionCursor(std::make_unique<VectorIterator>(parts_[i]), 0, kMaxTimestamp), moves_);
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
  source.merged = NewConcatenatingCursor(std::make_unique<VectorParts>(parts, &moves));
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
