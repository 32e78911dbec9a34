// SPDX-License-Identifier: Apache-2.0

// The path of a read: pin the super-version, load the visible timestamp, then ask sources from the
// newest to the oldest. The first that says anything about the key decides.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/fork.h"
#include "core/base/no_memory.h"
#include "core/base/status.h"
#include "core/db/db_impl.h"
#include "core/db/error_iterator.h"
#include "core/db/pinned_value_filler.h"
#include "core/db/version_cursors.h"
#include "core/format/key_hash.h"
#include "core/iterator/merging_cursor.h"
#include "core/iterator/visible_iterator.h"
#include "core/segment/read/segment_reader.h"

namespace veralith {
namespace {

absl::Status CheckNamespace(NamespaceId ns) {
  return ns <= kMaxNamespace
             ? absl::OkStatus()
             : InvalidArgument("namespace " + std::to_string(ns) + " is over the limit of 2^63-1");
}

// One lookup, source by source. A source is asked only if no newer one has decided. Sources are
// ordered by age, so what it says is newer than anything that older ones could say.
class Lookup {
 public:
  Lookup(NamespaceId ns, std::string_view key, Timestamp snapshot, bool latest, bool fill_cache,
         bool want_timestamp)
      : ns_(ns),
        key_(key),
        snapshot_(snapshot),
        latest_(latest),
        fill_cache_(fill_cache),
        want_timestamp_(want_timestamp) {}

  // Returns true if this decides; see found() and the result.
  bool Ask(const Memtable& memtable) {
    const Timestamp covered = memtable.MaxCoveringTombstone(ns_, key_, snapshot_);
    EntryView entry;
    if (memtable.Get(ns_, key_, snapshot_, &entry)) {
      found_ = entry.kind == EntryKind::kPut && entry.ts >= covered;
      if (found_) {
        timestamp_ = entry.ts;
        value_ = entry.value;
        in_memtable_ = &memtable;
      }
      return true;
    }
    return covered != 0;
  }

  absl::StatusOr<bool> Ask(const SegmentReader& segment) {
    const auto& tombstones = segment.fragmented_range_tombstones();
    const Timestamp covered =
        tombstones == nullptr ? 0 : tombstones->MaxCovering(ns_, key_, snapshot_);
    LookupOptions options;
    options.fill_cache = fill_cache_;
    options.want_timestamp = want_timestamp_ || covered != 0;
    options.unpinned_bytes = PinnedValueFiller::kCopiedBytes;
    // At the newest state every version in a segment is visible: their timestamps need not be read.
    const Timestamp snapshot = latest_ ? kMaxTimestamp : snapshot_;
    VERALITH_RETURN_IF_ERROR(segment.Get(ns_, key_, hash(), snapshot, options, &result_));
    if (result_.kind == LookupResult::Kind::kAbsent) {
      return covered != 0;
    }
    found_ = result_.kind == LookupResult::Kind::kPut && (covered == 0 || result_.ts >= covered);
    if (found_) {
      timestamp_ = result_.ts;
      value_ = result_.value;
      pin_ = std::move(result_.pin);
    }
    return true;
  }

  // Hash of the key; computed once, and only if a segment is asked.
  uint64_t hash() {
    if (hash_ == 0) {
      hash_ = HashUserKey(ns_, key_);
    }
    return hash_;
  }
  // Counts what it pays for the runs of level 0 that had to be asked about the key, one of `runs`
  // after the other (seek_debt.h). The key decides whether it pays: so no lookup needs a counter.
  void Visit(size_t runs) {
    constexpr uint64_t kPaysOnceIn = 16;
    if (runs > 1 && hash() % kPaysOnceIn == 0) {
      paid_visits_ = runs - 1;
    }
  }
  uint64_t paid_visits() const { return paid_visits_; }

  NamespaceId ns() const { return ns_; }
  std::string_view key() const { return key_; }
  bool found() const { return found_; }
  Timestamp timestamp() const { return timestamp_; }
  // All readers of a memtable or a page share its reference count. So a small value is copied
  // instead, unless its page was read for this lookup alone.
  void MoveTo(PinnedValue* value) {
    if (pin_) {
      PinnedValueFiller::Assign(value_, std::move(pin_), value);
    } else if (value_.size() <= PinnedValueFiller::kCopiedBytes) {
      PinnedValueFiller::Copy(value_, value);
    } else {
      PinnedValueFiller::Assign(value_, in_memtable_->MakePin(), value);
    }
  }

 private:
  const NamespaceId ns_;
  const std::string_view key_;
  const Timestamp snapshot_;
  const bool latest_;
  const bool fill_cache_;
  const bool want_timestamp_;
  uint64_t hash_ = 0;
  uint64_t paid_visits_ = 0;

  bool found_ = false;
  Timestamp timestamp_ = 0;
  std::string_view value_;
  const Memtable* in_memtable_ = nullptr;
  Pin pin_;
  LookupResult result_;
};

// Finds the segments that may hold the key first, so that the cache misses of their filters
// overlap. Runs after the first kAhead are looked at only if those do not decide.
absl::Status AskSegments(const SegmentSet& segments, Lookup& lookup) {
  constexpr size_t kAhead = 16;
  const SegmentReader* ahead[kAhead];
  size_t found = 0;
  const auto ask = [&]() -> absl::StatusOr<bool> {
    for (size_t i = 0; i < found; ++i) {
      VERALITH_ASSIGN_OR_RETURN(const bool decided, lookup.Ask(*ahead[i]));
      if (decided) {
        return true;
      }
    }
    found = 0;
    return false;
  };
  size_t visited = 0;
  for (int level = 0; level < kLevels; ++level) {
    if (level == 1) {
      lookup.Visit(visited);
    }
    for (const SegmentRun& run : segments.runs(level)) {
      const std::shared_ptr<const Segment>* segment = run.Find(lookup.ns(), lookup.key());
      if (segment == nullptr) {
        continue;
      }
      ++visited;
      ahead[found] = (*segment)->reader.get();
      ahead[found]->PrefetchFilter(lookup.hash());
      if (++found == kAhead) {
        VERALITH_ASSIGN_OR_RETURN(const bool decided, ask());
        if (decided) {
          return absl::OkStatus();
        }
      }
    }
  }
  return ask().status();
}

// Asks memtables, then segments, newest first. True: the key has a value, which is in `value`.
absl::StatusOr<bool> GetFrom(const SuperVersion& pinned, Lookup& lookup, PinnedValue* value,
                             Timestamp* entry_timestamp) {
  bool decided = false;
  for (const Memtable* memtable : pinned.memtables()) {
    if (lookup.Ask(*memtable)) {
      decided = true;
      break;
    }
  }
  if (!decided) {
    VERALITH_RETURN_IF_ERROR(AskSegments(pinned.segments(), lookup));
  }
  if (!lookup.found()) {
    return false;
  }
  lookup.MoveTo(value);
  if (entry_timestamp != nullptr) {
    *entry_timestamp = lookup.timestamp();
  }
  return true;
}

// The public iterator: over a VisibleIterator, or over nothing with an error.
class DbIteratorImpl final : public DbIterator {
 public:
  // `extra_runs`: the number of runs in level 0 after the first.
  DbIteratorImpl(VisibleIterator::Source source, uint64_t extra_runs, const Atomic<bool>* closed,
                 DbImpl* db)
      : visible_(std::make_unique<VisibleIterator>(std::move(source))),
        extra_runs_(extra_runs),
        closed_(closed),
        db_(db) {}
  ~DbIteratorImpl() override {
    if (db_->is_inherited()) {
      // It shares what it would release with the parent's threads.
      KeepForEver(visible_.release());
    } else {
      db_->RecordSeekVisits(seeks_ * extra_runs_);
      db_->CountHiddenKeys(visible_->hidden_keys());
    }
  }

  bool Valid() const override {
    return visible_->Valid() && lacks_memory_.ok() && !closed_->LoadAcquire();
  }
  absl::Status status() const override {
    return closed_->LoadAcquire() ? db_->Closed()
           : lacks_memory_.ok()   ? visible_->status()
                                  : lacks_memory_;
  }
  void SeekToFirst() override {
    if (BeginSeek()) {
      Move([this] { visible_->SeekToFirst(); });
    }
  }
  void SeekToLast() override {
    if (BeginSeek()) {
      Move([this] { visible_->SeekToLast(); });
    }
  }
  void Seek(std::string_view key) override {
    if (BeginSeek()) {
      Move([this, key] { visible_->Seek(key); });
    }
  }
  void SeekForPrev(std::string_view key) override {
    if (BeginSeek()) {
      Move([this, key] { visible_->SeekForPrev(key); });
    }
  }
  void Next() override {
    if (Valid()) {
      Move([this] { visible_->Next(); });
    }
  }
  void Prev() override {
    if (Valid()) {
      Move([this] { visible_->Prev(); });
    }
  }
  std::string_view key() const override { return visible_->key(); }
  std::string_view value() const override { return visible_->value(); }
  Timestamp timestamp() const override {
    Timestamp timestamp = 0;
    Move([this, &timestamp] { timestamp = visible_->timestamp(); });
    return timestamp;
  }

 private:
  bool BeginSeek() {
    ++seeks_;
    lacks_memory_ = absl::OkStatus();
    return !closed_->LoadAcquire();
  }
  // After an exception nobody knows where sources are: there is an error until the next seek.
  template <typename Action>
  void Move(Action action) const {
    try {
      action();
    } catch (const std::bad_alloc&) {
      lacks_memory_ = NoMemory("an iterator");
    }
  }

  std::unique_ptr<VisibleIterator> visible_;
  const uint64_t extra_runs_;
  const Atomic<bool>* const closed_;  // in the database, which outlives its iterators
  DbImpl* const db_;
  uint64_t seeks_ = 0;
  mutable absl::Status lacks_memory_;
};

// One object for every caller without memory for its own: never destroyed, and it never changes.
class NoMemoryIterator final : public ErrorIterator {
 public:
  static std::unique_ptr<DbIterator> TheOne() {
    static NoMemoryIterator iterator;
    return std::unique_ptr<DbIterator>(&iterator);
  }
  void operator delete(NoMemoryIterator*, std::destroying_delete_t) {}

 private:
  NoMemoryIterator() : ErrorIterator(absl::Status(absl::StatusCode::kResourceExhausted, "")) {}
};

// One object for every caller without memory for its own: no read is possible at it (db.h).
const Snapshot* SnapshotWithoutMemory() {
  static const HeldSnapshot snapshot(/*list=*/nullptr, 0);
  return &snapshot;
}

}  // namespace

// The super-version is pinned already: its history floor and its data belong together.
absl::StatusOr<Timestamp> DbImpl::ReadTimestamp(const ReadOptions& options,
                                                const SuperVersion& pinned) const {
  if (options.snapshot != nullptr) {
    if (options.timestamp.has_value()) {
      return InvalidArgument("ReadOptions names both a snapshot and a timestamp");
    }
    if (options.snapshot == SnapshotWithoutMemory()) {
      return ResourceExhausted("there was no memory for the snapshot");
    }
    if (static_cast<const HeldSnapshot*>(options.snapshot)->list() != &state_.snapshots) {
      return InvalidArgument("ReadOptions::snapshot is a snapshot of another database");
    }
    return options.snapshot->timestamp();
  }
  const Timestamp visible = state_.visible.Load();
  if (!options.timestamp.has_value()) {
    return visible;
  }
  const Timestamp wanted = *options.timestamp;
  if (wanted > visible) {
    return OutOfRange("timestamp " + std::to_string(wanted) + " is after the newest commit, " +
                      std::to_string(visible));
  }
  if (wanted < pinned.history_floor()) {
    MutexLock lock(state_.mutex());
    if (!state_.snapshots.Holds(wanted)) {
      return OutOfRange("history before timestamp " + std::to_string(pinned.history_floor()) +
                        " is gone; asked for " + std::to_string(wanted));
    }
  }
  return wanted;
}

absl::StatusOr<bool> DbImpl::Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                                 PinnedValue* value, Timestamp* entry_timestamp) {
  value->Reset();
  if (state_.closed.LoadAcquire()) {
    return state_.Closed();
  }
  VERALITH_RETURN_IF_ERROR(CheckNamespace(ns));
  std::optional<EpochGuard> guard(std::in_place);
  const SuperVersion& pinned = *state_.current.Peek();
  VERALITH_ASSIGN_OR_RETURN(const Timestamp snapshot, ReadTimestamp(options, pinned));
  const bool latest = options.snapshot == nullptr && !options.timestamp.has_value();
  Lookup lookup(ns, key, snapshot, latest, options.fill_cache, entry_timestamp != nullptr);
  absl::StatusOr<bool> found = GetFrom(pinned, lookup, value, entry_timestamp);
  if (lookup.paid_visits() > 0) [[unlikely]] {
    guard.reset();
    RecordSeekVisits(lookup.paid_visits());
  }
  return found;
}

absl::StatusOr<std::vector<std::optional<std::string>>> DbImpl::MultiGet(
    const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) {
  if (state_.closed.LoadAcquire()) {
    return state_.Closed();
  }
  VERALITH_RETURN_IF_ERROR(CheckNamespace(ns));
  const SuperVersionRef pinned = state_.current.Acquire();
  VERALITH_ASSIGN_OR_RETURN(const Timestamp snapshot, ReadTimestamp(options, *pinned));
  std::vector<std::optional<std::string>> results(keys.size());
  PinnedValue value;
  uint64_t paid_visits = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    EpochGuard guard;
    Lookup lookup(ns, keys[i], snapshot, /*latest=*/false, options.fill_cache,
                  /*want_timestamp=*/false);
    VERALITH_ASSIGN_OR_RETURN(const bool found, GetFrom(*pinned, lookup, &value, nullptr));
    if (found) {
      results[i] = value.ToString();
    }
    paid_visits += lookup.paid_visits();
  }
  if (paid_visits > 0) {
    RecordSeekVisits(paid_visits);
  }
  return results;
}

std::unique_ptr<DbIterator> DbImpl::NewIterator(const ScanOptions& options) {
  try {
    return TryNewIterator(options);
  } catch (const std::bad_alloc&) {
    return NoMemoryIterator::TheOne();
  }
}

std::unique_ptr<DbIterator> DbImpl::TryNewIterator(const ScanOptions& options) {
  if (state_.closed.LoadAcquire()) {
    return std::make_unique<ErrorIterator>(state_.Closed());
  }
  if (absl::Status status = CheckNamespace(options.ns); !status.ok()) {
    return std::make_unique<ErrorIterator>(std::move(status));
  }
  auto pinned = std::make_shared<SuperVersionRef>(state_.current.Acquire());
  const absl::StatusOr<Timestamp> snapshot = ReadTimestamp(options, **pinned);
  if (!snapshot.ok()) {
    return std::make_unique<ErrorIterator>(snapshot.status());
  }
  return IteratorAt(std::move(pinned), *snapshot, options);
}

std::unique_ptr<DbIterator> DbImpl::IteratorAt(std::shared_ptr<const SuperVersionRef> pinned,
                                               Timestamp snapshot, const ScanOptions& options) {
  VisibleIterator::Source source;
  source.merged = NewMergingCursor(
      VersionCursors(**pinned, options.ns, snapshot, options.fill_cache, &source.range_tombstones));
  const size_t runs = Level0Runs(**pinned, options.ns);
  source.keep_alive = std::move(pinned);
  source.ns = options.ns;
  source.lower = options.lower;
  source.upper = options.upper;
  source.snapshot = snapshot;
  source.gaps = &pipeline_.gaps();
  return std::make_unique<DbIteratorImpl>(std::move(source), runs == 0 ? 0 : runs - 1,
                                          &state_.closed, this);
}

// Asks the sources which namespaces there may be, and an iterator whether each holds a key.
absl::StatusOr<std::vector<NamespaceId>> DbImpl::ListNamespaces(const ReadOptions& options) {
  if (state_.closed.LoadAcquire()) {
    return state_.Closed();
  }
  const auto pinned = std::make_shared<const SuperVersionRef>(state_.current.Acquire());
  VERALITH_ASSIGN_OR_RETURN(const Timestamp snapshot, ReadTimestamp(options, **pinned));
  ScanOptions scan;
  static_cast<ReadOptions&>(scan) = options;
  std::vector<NamespaceId> found;
  for (std::optional<NamespaceId> ns = NextNamespace(**pinned, 0); ns.has_value();
       ns = *ns == kMaxNamespace ? std::nullopt : NextNamespace(**pinned, *ns + 1)) {
    scan.ns = *ns;
    const std::unique_ptr<DbIterator> keys = IteratorAt(pinned, snapshot, scan);
    keys->SeekToFirst();
    if (keys->Valid()) {
      found.push_back(*ns);
    }
    VERALITH_RETURN_IF_ERROR(keys->status());
  }
  return found;
}

void DbImpl::RecordSeekVisits(uint64_t visits) {
  if (!state_.is_inherited() && state_.seek_debt.Charge(visits)) {
    MutexLock lock(state_.mutex());
    state_.seek_debt.Look();
    jobs_.Schedule();
  }
}

const Snapshot* DbImpl::GetSnapshot() {
  if (state_.is_inherited()) {
    return &*inherited_snapshot_;
  }
  MutexLock lock(state_.mutex());
  try {
    return state_.snapshots.Hold(state_.visible.Load());
  } catch (const std::bad_alloc&) {
    return SnapshotWithoutMemory();
  }
}

// A running job does not know a snapshot that is taken now. It may be dropping versions that only
// readers below its start could see.
absl::StatusOr<const Snapshot*> DbImpl::GetSnapshotAt(Timestamp timestamp) {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  MutexLock lock(state_.mutex());
  if (state_.closing) {
    return state_.Closed();
  }
  if (timestamp > state_.visible.Load()) {
    return OutOfRange("timestamp " + std::to_string(timestamp) + " is after the newest commit, " +
                      std::to_string(state_.visible.Load()));
  }
  Timestamp floor = state_.versions->state().history_floor;
  if (!state_.job_starts.empty()) {
    floor = std::max(floor, *state_.job_starts.rbegin());
  }
  if (timestamp < floor && !state_.snapshots.Holds(timestamp)) {
    return OutOfRange("history before timestamp " + std::to_string(floor) +
                      " is gone or being dropped; asked for " + std::to_string(timestamp));
  }
  return state_.snapshots.Hold(timestamp);
}

void DbImpl::ReleaseSnapshot(const Snapshot* snapshot) {
  if (snapshot == nullptr || state_.is_inherited() || snapshot == SnapshotWithoutMemory()) {
    return;
  }
  MutexLock lock(state_.mutex());
  const Timestamp at = snapshot->timestamp();
  const std::optional<Timestamp> next = state_.snapshots.Release(snapshot);
  if (!next.has_value() || state_.closing) {
    return;
  }
  // Compaction may now drop what this snapshot kept.
  TryWithMemory([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { jobs_.PointIsGone(at, *next); });
}

}  // namespace veralith
