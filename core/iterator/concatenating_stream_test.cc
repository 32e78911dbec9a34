// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/concatenating_stream.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/base/status.h"
#include "core/iterator/testing/stream_walk.h"
#include "core/iterator/testing/vector_stream.h"
#include "core/iterator/testing/visible_model.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using testing::AnyEntry;
using testing::CheckWalks;
using testing::CheckYields;
using testing::SortedUnique;

using Entries = std::vector<OwnedEntry>;

// Parts cut at user keys; some are empty. Counts how often one is opened.
class VectorParts final : public StreamParts {
 public:
  explicit VectorParts(std::vector<Entries> parts) : parts_(std::move(parts)) {}

  void FailToOpen(size_t i) { broken_ = i; }
  // Part i opens, but its entry at `place` cannot be read.
  void FailToRead(size_t i, size_t place) {
    unreadable_ = i;
    unreadable_place_ = place;
  }
  size_t opened() const { return opened_; }

  size_t size() const override { return parts_.size(); }
  bool EndsBefore(size_t i, NamespaceId ns, std::string_view key) const override {
    // The bounds of an empty part are those of the nearest earlier part with entries.
    while (i > 0 && parts_[i].empty()) {
      --i;
    }
    return parts_[i].empty() ||
           CompareUserKeys(parts_[i].back().ns, parts_[i].back().key, ns, key) < 0;
  }
  absl::StatusOr<std::unique_ptr<VersionStream>> Open(size_t i) override {
    ++opened_;
    if (i == broken_) {
      return DataLoss("no such part");
    }
    auto part = std::make_unique<VectorStream>(parts_[i]);
    if (i == unreadable_) {
      part->FailAt(unreadable_place_, DataLoss("bad page"));
    }
    return std::unique_ptr<VersionStream>(std::move(part));
  }

 private:
  const std::vector<Entries> parts_;
  size_t broken_ = ~size_t{0};
  size_t unreadable_ = ~size_t{0};
  size_t unreadable_place_ = 0;
  size_t opened_ = 0;
};

std::vector<Entries> CutAtUserKeys(const Entries& entries) {
  std::vector<Entries> parts(1);
  for (const OwnedEntry& entry : entries) {
    const bool new_key = parts.back().empty() || parts.back().back().key != entry.key ||
                         parts.back().back().ns != entry.ns;
    for (int cuts = new_key ? *rc::gen::element(0, 0, 0, 1, 2) : 0; cuts > 0; --cuts) {
      parts.emplace_back();
    }
    parts.back().push_back(entry);
  }
  return parts;
}

Entries AnySortedEntries() {
  return SortedUnique(*rc::gen::container<Entries>(rc::gen::exec(AnyEntry)));
}

RC_GTEST_PROP(ConcatenatingStream, EqualsItsPartsOneAfterAnotherUnderRandomMoves, ()) {
  const Entries entries = AnySortedEntries();
  const auto iterator =
      NewConcatenatingStream(std::make_unique<VectorParts>(CutAtUserKeys(entries)));
  CheckYields(iterator.get(), entries);
  CheckWalks(iterator.get(), entries, 60);
}

RC_GTEST_PROP(ConcatenatingStream, DoesNotSkipAPartThatDoesNotOpen, ()) {
  const std::vector<Entries> parts = CutAtUserKeys(AnySortedEntries());
  const size_t broken = *rc::gen::inRange<size_t>(0, parts.size());
  size_t before = 0;
  for (size_t i = 0; i < broken; ++i) {
    before += parts[i].size();
  }
  auto vector_parts = std::make_unique<VectorParts>(parts);
  vector_parts->FailToOpen(broken);
  const auto iterator = NewConcatenatingStream(std::move(vector_parts));
  size_t yielded = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ++yielded;
  }
  RC_ASSERT(yielded == before);
  RC_ASSERT(iterator->status() == DataLoss("no such part"));
}

RC_GTEST_PROP(ConcatenatingStream, StopsAtAnUnreadableEntry, ()) {
  const Entries entries = AnySortedEntries();
  RC_PRE(!entries.empty());
  const std::vector<Entries> parts = CutAtUserKeys(entries);
  const size_t at = *rc::gen::inRange<size_t>(0, entries.size());
  size_t part = 0;
  size_t place = at;
  for (; place >= parts[part].size(); ++part) {
    place -= parts[part].size();
  }
  auto vector_parts = std::make_unique<VectorParts>(parts);
  vector_parts->FailToRead(part, place);
  const auto iterator = NewConcatenatingStream(std::move(vector_parts));
  size_t yielded = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ++yielded;
  }
  RC_ASSERT(yielded == at);
  RC_ASSERT(iterator->status() == DataLoss("bad page"));
}

TEST(ConcatenatingStream, ASeekOpensOnlyThePartThatCanHoldTheKey) {
  std::vector<Entries> parts(100);
  for (int i = 0; i < 100; ++i) {
    parts[i] = {{0, std::string(1, static_cast<char>(i)), 1, EntryKind::kPut, ""}};
  }
  auto owned = std::make_unique<VectorParts>(parts);
  const VectorParts* const counted = owned.get();
  const auto iterator = NewConcatenatingStream(std::move(owned));
  iterator->Seek(0, std::string(1, 40));
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->entry().key, std::string(1, 40));
  EXPECT_EQ(counted->opened(), 1u);
}

TEST(ConcatenatingStream, OfNoPartsIsEmpty) {
  const auto iterator =
      NewConcatenatingStream(std::make_unique<VectorParts>(std::vector<Entries>()));
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  iterator->Seek(1, "a");
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
}

}  // namespace
}  // namespace veralith
