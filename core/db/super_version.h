// SPDX-License-Identifier: Apache-2.0

// Everything a read looks at, pinned as one: the memtables and the segments that belong together.
//
// Invariants
//   1. Immutable once published: a flush or a compaction publishes a new super-version, so no read
//      ever sees a memtable gone and its segment not yet there (hazard P5).
//   2. A reader pins the super-version first and loads the visible timestamp after (hazard P6):
//      jobs whose results it pins kept everything visible at a point before that load.
//   3. A lookup whose pages are cached takes no lock and writes nothing that threads share. (That
//      is held by core/db/hot_path_test.cc, which counts what each kind of read writes.) What is
//      left:
//        - a value larger than PinnedValueFiller::kCopiedBytes: one reference on its page or
//          memtable, given back with the PinnedValue;
//        - a page that the cache's clock took the bit from: one relaxed store of the bit;
//        - one key in sixteen, where several runs of level 0 are asked: one relaxed addition
//          (seek_debt.h), and the mutex each time a quarter more has been paid;
//        - MultiGet: one reference on the super-version per call; an iterator: one in its life,
//          and, where level 0 has several runs, one relaxed addition at its end;
//        - an iterator that comes to another page of a segment: one reference on it, none per row;
//        - a page that is not cached: the count of misses, and the cache's mutex to keep the page;
//        - ReadOptions::timestamp before the history floor, and taking or releasing a snapshot: the
//          database's mutex. Reads at a snapshot need it no more.
//
// Thread rule: readers find the current one under an EpochGuard; holders that outlive the guard
// (iterators) take a reference. Owns references to its memtables.
#ifndef VERALITH_CORE_DB_SUPER_VERSION_H_
#define VERALITH_CORE_DB_SUPER_VERSION_H_

#include <memory>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/sync.h"
#include "core/memtable/memtable.h"
#include "core/version_set/segment_set.h"
#include "veralith/types.h"

namespace veralith {

class SuperVersion {
 public:
  // Takes a reference to each memtable; newest first.
  SuperVersion(std::vector<Memtable*> memtables, std::shared_ptr<const SegmentSet> segments,
               Timestamp history_floor);
  SuperVersion(const SuperVersion&) = delete;
  SuperVersion& operator=(const SuperVersion&) = delete;

  const std::vector<Memtable*>& memtables() const { return memtables_; }
  const SegmentSet& segments() const { return *segments_; }
  Timestamp history_floor() const { return history_floor_; }

  void Ref() { references_.FetchAdd(1); }
  void Unref();
  // For whoever replaces it, once.
  Retirement TakeRetirement() { return std::move(retirement_); }

 private:
  ~SuperVersion();

  const std::vector<Memtable*> memtables_;
  const std::shared_ptr<const SegmentSet> segments_;
  const Timestamp history_floor_;
  Atomic<int> references_{1};
  Retirement retirement_;
};

// A reference that an iterator or a job holds.
class SuperVersionRef {
 public:
  SuperVersionRef() = default;
  // Adopts one reference.
  explicit SuperVersionRef(SuperVersion* held) : held_(held) {}
  SuperVersionRef(SuperVersionRef&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  SuperVersionRef& operator=(SuperVersionRef&& other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~SuperVersionRef() {
    if (held_ != nullptr) {
      held_->Unref();
    }
  }
  const SuperVersion* operator->() const { return held_; }
  const SuperVersion& operator*() const { return *held_; }

 private:
  SuperVersion* held_ = nullptr;
};

// The slot that holds the current super-version.
class CurrentSuperVersion {
 public:
  ~CurrentSuperVersion();
  // Under an EpochGuard of the caller, which must live as long as the result is used.
  const SuperVersion* Peek() const { return current_.Load(); }
  // A reference that needs no guard.
  SuperVersionRef Acquire() const;
  // Replaces the current one; its reference is dropped once no guard can still see it.
  // Calls are serialized by the database's mutex.
  void Publish(SuperVersion* fresh) noexcept;

 private:
  Atomic<SuperVersion*> current_{nullptr};
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_SUPER_VERSION_H_
