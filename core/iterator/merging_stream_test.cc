// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/merging_stream.h"

#include <gtest/gtest.h>

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

Entries AnyEntries() { return *rc::gen::container<Entries>(rc::gen::exec(AnyEntry)); }

// Deals the entries out to children; with `again`, some go to a second child too.
std::vector<Entries> DealOut(const Entries& entries, size_t children, bool again) {
  std::vector<Entries> dealt(children);
  for (const OwnedEntry& entry : entries) {
    const size_t child = *rc::gen::inRange<size_t>(0, children);
    dealt[child].push_back(entry);
    if (again && child + 1 < children && *rc::gen::inRange(0, 4) == 0) {
      dealt.back().push_back(entry);
    }
  }
  for (Entries& its : dealt) {
    std::sort(its.begin(), its.end(), EntryLess);
  }
  return dealt;
}

std::unique_ptr<VersionStream> Merge(const std::vector<Entries>& dealt) {
  std::vector<std::unique_ptr<VersionStream>> children;
  for (const Entries& its : dealt) {
    children.push_back(std::make_unique<VectorStream>(its));
  }
  return NewMergingStream(std::move(children));
}

RC_GTEST_PROP(MergingStream, EqualsASortedVectorOfAllEntriesUnderRandomMoves, ()) {
  const Entries entries = SortedUnique(AnyEntries());
  const size_t children = *rc::gen::inRange<size_t>(1, 9);
  const auto merged = Merge(DealOut(entries, children, false));
  CheckYields(merged.get(), entries);
  CheckWalks(merged.get(), entries, 60);
}

RC_GTEST_PROP(MergingStream, YieldsEqualEntriesOfTwoChildrenBothTimes, ()) {
  const size_t children = *rc::gen::inRange<size_t>(2, 5);
  const std::vector<Entries> dealt = DealOut(SortedUnique(AnyEntries()), children, true);
  Entries all;
  for (const Entries& its : dealt) {
    all.insert(all.end(), its.begin(), its.end());
  }
  std::sort(all.begin(), all.end(), EntryLess);
  const auto merged = Merge(dealt);
  CheckYields(merged.get(), all);
}

RC_GTEST_PROP(MergingStream, StopsBeforeWhatAChildCannotReadAndSaysSo, ()) {
  const Entries entries = SortedUnique(AnyEntries());
  RC_PRE(!entries.empty());
  const std::vector<Entries> dealt = DealOut(entries, 3, false);
  const size_t broken = *rc::gen::inRange<size_t>(0, 3);
  RC_PRE(!dealt[broken].empty());
  const size_t place = *rc::gen::inRange<size_t>(0, dealt[broken].size());
  std::vector<std::unique_ptr<VersionStream>> children;
  for (const Entries& its : dealt) {
    children.push_back(std::make_unique<VectorStream>(its));
  }
  static_cast<VectorStream*>(children[broken].get())->FailAt(place, DataLoss("bad page"));
  const auto merged = NewMergingStream(std::move(children));
  size_t yielded = 0;
  for (merged->SeekToFirst(); merged->Valid(); merged->Next()) {
    RC_ASSERT(OwnedEntry(merged->entry()) == entries[yielded++]);
    RC_ASSERT(EntryLess(OwnedEntry(merged->entry()), dealt[broken][place]));
  }
  RC_ASSERT(merged->status() == DataLoss("bad page"));
  merged->Seek(kMaxNamespace, "\xff\xff\xff\xff");
  RC_ASSERT(!merged->Valid() && merged->status().ok());  // a seek forgets the error before
}

TEST(MergingStream, OfNothingIsEmpty) {
  const auto merged = NewMergingStream({});
  merged->SeekToFirst();
  EXPECT_FALSE(merged->Valid());
  EXPECT_TRUE(merged->status().ok());
}

}  // namespace
}  // namespace veralith
