// SPDX-License-Identifier: Apache-2.0

// The drop rules of flush and compaction (DESIGN 4), as a pull stream: which versions of which keys
// a job writes again.
//
// The points of a job are the timestamps of the live snapshots and the visible timestamp at the
// job's start (the largest: snapshots are never ahead of it). A point sees, of each key, the newest
// version at or below it, unless a range tombstone at or below it, and above the version, covers
// the key.
//
// Invariants
//   1. A version survives if some point sees it, that is, if a point lies in [version, next).
//      `next` is the timestamp of the key's next newer version, or of the oldest covering range
//      tombstone above the version, whichever is less. (A range tombstone hides only older
//      versions: the version with its own timestamp is of the same commit and came after it.)
//   2. Then, from a key's oldest survivor upwards, tombstones are dropped while nothing older
//      outside the job can hold the key.
//   3. A range tombstone survives, wherever it is the newest at or below some point. There it is
//      dropped when nothing older outside the job can lie beneath and no older version of the job
//      survived beneath.
//   4. Every version is at or below the largest point: a memtable is flushed only when all of it is
//      visible, and what is in segments was in memtables. A version above it is DataLoss (bytes
//      that no writer made), never a guess.
//   5. An error of the input, or input out of order, stops the stream with that error: nothing is
//      skipped (hazards C2, P4). Valid() and a non-OK status() never hold together.
//   6. Values are not copied: entry() points into the input while the stream stays where it is.
//
// Memory: one key, and one timestamp per point. Thread rule: one thread. Ownership: each class
// says. It does not read files, cut outputs or know levels: `OlderData` answers for the rest of the
// tree.
#ifndef VERALITH_CORE_COMPACTION_SURVIVORS_H_
#define VERALITH_CORE_COMPACTION_SURVIVORS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/compaction/point_tombstones.h"
#include "core/format/entry.h"
#include "core/format/owned_entry.h"
#include "core/iterator/version_stream.h"
#include "veralith/types.h"

namespace veralith {

// Whether older runs or deeper files outside the job can hold anything that a tombstone of the job
// would hide. "True" is always safe.
class OlderData {
 public:
  virtual ~OlderData() = default;
  // Asked in ascending key order.
  virtual bool MayHold(NamespaceId ns, std::string_view key) = 0;
  // Anything in [begin, end), or to the end of the namespace; `tombstone.ts` is ignored.
  virtual bool MayHoldIn(const RangeTombstoneView& range) = 0;
};

class Survivors {
 public:
  struct Counts {
    uint64_t read = 0;
    uint64_t kept = 0;
    uint64_t hidden = 0;              // dropped by rule 1
    uint64_t dropped_tombstones = 0;  // dropped by rule 2
  };

  // `merged`: all versions of the job's keys, in the order of entries; the stream positions it.
  // `points`: ascending, not empty, the visible timestamp last (CHECKed). `tombstones`: the job's
  // range tombstones as those points see them. It may be null. It is borrowed, as is `older`. One
  // above the last point is DataLoss, as a version is.
  Survivors(std::unique_ptr<VersionStream> merged, const PointTombstones* tombstones,
            std::span<const Timestamp> points, OlderData* older);

  bool Valid() const { return valid_; }
  // The key's bytes live until the next call to Next; so do the value's.
  const EntryView& entry() const { return entry_; }
  // True when this entry is the first of its user key in the output.
  bool first_of_key() const { return first_of_key_; }
  void Next();
  const absl::Status& status() const { return status_; }
  const Counts& counts() const { return counts_; }

 private:
  void Advance();
  void Step();
  void HandOut(const EntryView& entry);
  void StartKey(const EntryView& entry);
  void FinishKey();
  void Judge(const EntryView& entry);
  absl::Status CheckInput(const EntryView& entry, int order) const;
  bool IsSeen(const EntryView& entry);

  const std::unique_ptr<VersionStream> input_;
  const std::vector<Timestamp> points_;
  OlderData* const older_;
  PointTombstoneCursor tombstones_;

  bool valid_ = false;
  bool first_of_key_ = false;
  EntryView entry_;
  absl::Status status_;
  Counts counts_;
  bool judged_ = false;  // the input's present entry
  bool ended_ = false;

  // The key being judged.
  bool any_key_ = false;
  bool in_key_ = false;
  NamespaceId ns_ = 0;
  std::string key_;
  std::optional<Timestamp> newer_;  // timestamp of the last version judged
  bool handed_out_ = false;         // some entry of the key
  std::vector<Timestamp> pending_;  // surviving tombstones that no put has followed yet
  size_t next_pending_ = 0;
  bool draining_ = false;   // pending_ is being handed out
  bool put_waits_ = false;  // the input stands at a put that follows pending_
};

// The least of the timestamps added since a mark, for marks that are asked for in any order.
// Memory: at most one timestamp per mark.
class SuffixMinimum {
 public:
  uint64_t Mark() { return ++mark_; }
  void Add(Timestamp ts);
  std::optional<Timestamp> Since(uint64_t mark) const;
  // Lets go of every mark there is.
  void Forget() { minima_.clear(); }

 private:
  struct Minimum {
    uint64_t mark;
    Timestamp ts;
  };
  uint64_t mark_ = 0;
  std::vector<Minimum> minima_;  // ascending in both; each is the least since its mark
};

// Rule 3, beside the stream: told which entries were written, it says which range tombstones belong
// to the output that ends at a cut. A tombstone that spans a cut is clipped on both sides of it.
// At a cut the tombstones that span it are walked over: at most one of each group of points.
class RangeTombstoneSurvivors {
 public:
  // `tombstones` may be null; it and `older` are borrowed.
  RangeTombstoneSurvivors(const PointTombstones* tombstones, OlderData* older);

  // `entry` is written to the current output.
  void Kept(const EntryView& entry);
  // The tombstones of the current output, which ends before (ns, key); the next one starts there.
  // Sorted by (ns, begin), then timestamp descending.
  std::vector<OwnedRangeTombstone> CutAt(NamespaceId ns, std::string_view key);
  // The tombstones of the last output.
  std::vector<OwnedRangeTombstone> Finish();
  // Parts of tombstones that did not survive; 0 only if all survived whole.
  uint64_t dropped() const { return dropped_; }

 private:
  // A stretch that holds the current key.
  struct Open {
    RangeTombstoneView stretch;
    uint64_t since;  // mark in kept_: where it began, or was cut
  };

  static bool EndsLater(const Open& a, const Open& b);
  void MoveTo(NamespaceId ns, std::string_view key);
  void Close(const Open& open);
  std::vector<OwnedRangeTombstone> Take();

  OlderData* const older_;
  const std::vector<RangeTombstoneView> stretches_;
  size_t next_ = 0;         // the first stretch that begins after the current key
  std::vector<Open> open_;  // a heap: the first one ends first
  std::string cuts_[2];     // the newest is where open stretches begin that were cut, one is free
  size_t cut_ = 0;
  SuffixMinimum kept_;  // timestamps of entries written
  std::vector<OwnedRangeTombstone> output_;
  uint64_t dropped_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_SURVIVORS_H_
