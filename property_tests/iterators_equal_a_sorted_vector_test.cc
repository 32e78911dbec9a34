// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 8: "Bounds are exact. Scans take any inclusive, exclusive or open bound, forward
// and backward, and return exactly the keys inside, of exactly that namespace."
//
// And promise 2, as far as iterators keep it: "What a reader at snapshot T sees for a key is the
// entry with the largest timestamp <= T. A tombstone means absent. A range tombstone at t hides
// older entries in its range."
//
// Real memtables (each key's versions spread over several) and below them a sorted run of parts,
// merged and made visible, compared with a look at every entry.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "core/iterator/concatenating_cursor.h"
#include "core/iterator/concatenating_stream.h"
#include "core/iterator/merging_cursor.h"
#include "core/iterator/merging_stream.h"
#include "core/iterator/testing/cursor_walk.h"
#include "core/iterator/testing/stream_walk.h"
#include "core/iterator/testing/vector_cursor.h"
#include "core/iterator/testing/vector_stream.h"
#include "core/iterator/testing/visible_model.h"
#include "core/iterator/testing/visible_walk.h"
#include "core/iterator/visible_iterator.h"
#include "core/memtable/memtable.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using testing::AnyBound;
using testing::AnyEntry;
using testing::AnyNamespace;
using testing::AnyRangeTombstone;
using testing::BruteForceVisible;
using testing::CheckCursorWalks;
using testing::CheckCursorYields;
using testing::CheckVisibleWalks;
using testing::CheckWalks;
using testing::CheckYields;
using testing::NewestPerKey;
using testing::SortedUnique;
using testing::VectorCursor;
using testing::Views;

using Entries = std::vector<OwnedEntry>;
using Tombstones = std::vector<OwnedRangeTombstone>;

// A sorted run, one part per user key.
class Run final : public StreamParts {
 public:
  explicit Run(const Entries& sorted) {
    for (const OwnedEntry& entry : sorted) {
      if (parts_.empty() || parts_.back()[0].ns != entry.ns || parts_.back()[0].key != entry.key) {
        parts_.emplace_back();
      }
      parts_.back().push_back(entry);
    }
  }
  size_t size() const override { return parts_.size(); }
  bool EndsBefore(size_t i, NamespaceId ns, std::string_view key) const override {
    return CompareUserKeys(parts_[i][0].ns, parts_[i][0].key, ns, key) < 0;
  }
  absl::StatusOr<std::unique_ptr<VersionStream>> Open(size_t i) override {
    return std::unique_ptr<VersionStream>(new VectorStream(parts_[i]));
  }

 private:
  std::vector<Entries> parts_;
};

// Does the same for one namespace, for cursors.
class RunKeys final : public CursorParts {
 public:
  RunKeys(const Entries& sorted, NamespaceId ns, Timestamp snapshot)
      : ns_(ns), snapshot_(snapshot) {
    for (const OwnedEntry& entry : sorted) {
      if (entry.ns != ns) {
        continue;
      }
      if (parts_.empty() || parts_.back()[0].key != entry.key) {
        parts_.emplace_back();
      }
      parts_.back().push_back(entry);
    }
  }
  size_t size() const override { return parts_.size(); }
  bool EndsBefore(size_t i, std::string_view key) const override { return parts_[i][0].key < key; }
  bool BeginsAfter(size_t i, std::string_view key) const override { return parts_[i][0].key > key; }
  std::unique_ptr<KeyCursor> Open(size_t i) override {
    return std::make_unique<VectorCursor>(parts_[i], ns_, snapshot_);
  }
  Timestamp max_timestamp() const override {
    Timestamp newest = 0;
    for (const Entries& part : parts_) {
      newest = std::max(newest, VectorCursor(part, ns_, snapshot_).max_timestamp());
    }
    return newest;
  }

 private:
  const NamespaceId ns_;
  const Timestamp snapshot_;
  std::vector<Entries> parts_;
};

// A history of commits, one operation each, at timestamps 1, 2, 3... The oldest are in a run, the
// others in memtables; a new memtable begins now and then.
struct History {
  Entries entries;
  Tombstones tombstones;
  Entries run;
  Tombstones run_tombstones;
  std::vector<MemtableRef> memtables;  // oldest first
  Timestamp last = 0;

  std::unique_ptr<VersionStream> Merged() const {
    std::vector<std::unique_ptr<VersionStream>> children;
    for (size_t i = memtables.size(); i-- > 0;) {
      children.push_back(memtables[i]->NewStream());
    }
    children.push_back(NewConcatenatingStream(std::make_unique<Run>(SortedUnique(run))));
    return NewMergingStream(std::move(children));
  }

  std::unique_ptr<KeyCursor> MergedKeys(NamespaceId ns, Timestamp snapshot) const {
    std::vector<std::unique_ptr<KeyCursor>> children;
    for (size_t i = memtables.size(); i-- > 0;) {
      children.push_back(memtables[i]->NewCursor(ns, snapshot));
    }
    children.push_back(
        NewConcatenatingCursor(std::make_unique<RunKeys>(SortedUnique(run), ns, snapshot)));
    return NewMergingCursor(std::move(children));
  }

  RangeTombstoneLists RangeTombstones() const {
    RangeTombstoneLists lists;
    for (const MemtableRef& memtable : memtables) {
      lists.push_back(memtable->range_tombstones());
    }
    lists.push_back(FragmentedRangeTombstones::Build(Views(run_tombstones)));
    return lists;
  }
};

void CommitPoint(History* history, OwnedEntry entry, NamespaceId ns) {
  entry.ns = ns;
  entry.ts = history->last;
  history->entries.push_back(entry);
  if (history->memtables.empty()) {
    history->run.push_back(entry);
  } else {
    history->memtables.back()->Add(entry.view());
  }
}

void CommitRange(History* history, OwnedRangeTombstone tombstone, NamespaceId ns) {
  tombstone.ns = ns;
  tombstone.ts = history->last;
  history->tombstones.push_back(tombstone);
  if (history->memtables.empty()) {
    history->run_tombstones.push_back(tombstone);
  } else {
    history->memtables.back()->AddRangeTombstone(tombstone.view());
  }
}

// Uses two namespaces, so that versions of one key meet.
History AnyHistory(NamespaceId ns, NamespaceId other) {
  History history;
  const Entries entries = *rc::gen::container<Entries>(rc::gen::exec(AnyEntry));
  const int range_deletes = *rc::gen::element(0, 3, 10);  // one in this many
  for (const OwnedEntry& entry : entries) {
    ++history.last;
    const NamespaceId its = *rc::gen::inRange(0, 4) == 0 ? other : ns;
    if (range_deletes > 0 && *rc::gen::inRange(0, range_deletes) == 0) {
      CommitRange(&history, AnyRangeTombstone(), its);
    } else {
      CommitPoint(&history, entry, its);
    }
    if (*rc::gen::inRange(0, 15) == 0) {
      history.memtables.push_back(MemtableRef::Make(history.last));
    }
  }
  return history;
}

RC_GTEST_PROP(Iterators, YieldEveryVersionOnceInOrderUnderRandomMoves, ()) {
  const History history = AnyHistory(AnyNamespace(), AnyNamespace());
  const auto merged = history.Merged();
  CheckYields(merged.get(), SortedUnique(history.entries));
  CheckWalks(merged.get(), SortedUnique(history.entries), 40);
}

RC_GTEST_PROP(Iterators, ShowEachKeyOnceWithItsNewestVersionAtTheSnapshot, ()) {
  const NamespaceId ns = AnyNamespace();
  const History history = AnyHistory(ns, AnyNamespace());
  const auto snapshot = *rc::gen::inRange<Timestamp>(0, history.last + 2);
  const auto shown = NewestPerKey(history.entries, ns, snapshot);
  const auto merged = history.MergedKeys(ns, snapshot);
  CheckCursorYields(merged.get(), shown);
  CheckCursorWalks(merged.get(), shown, 40);
}

RC_GTEST_PROP(Iterators, ShowExactlyTheVisibleKeysInsideTheBoundsOfTheNamespace, ()) {
  const NamespaceId ns = AnyNamespace();
  const History history = AnyHistory(ns, AnyNamespace());
  for (int scan = 0; scan < 4; ++scan) {
    VisibleIterator::Source source;
    source.range_tombstones = history.RangeTombstones();
    source.ns = ns;
    source.lower = AnyBound();
    source.upper = AnyBound();
    source.snapshot = *rc::gen::inRange<Timestamp>(0, history.last + 2);
    source.merged = history.MergedKeys(ns, source.snapshot);
    const Entries visible = BruteForceVisible(history.entries, history.tombstones, ns, source.lower,
                                              source.upper, source.snapshot);
    VisibleIterator iterator(std::move(source));
    CheckVisibleWalks(&iterator, visible, 30);
  }
}

}  // namespace
}  // namespace veralith
