// SPDX-License-Identifier: Apache-2.0

// The snapshots that are held: the timestamps at which versions must survive.
//
// Thread rule: guarded by the database's mutex, under which background jobs copy Timestamps() too.
// A snapshot registered before that copy is a point of the job. One registered after it is at or
// above the job's visible timestamp. Ownership: owns the snapshots it hands out.
#ifndef VERALITH_CORE_DB_SNAPSHOT_LIST_H_
#define VERALITH_CORE_DB_SNAPSHOT_LIST_H_

#include <map>
#include <memory>
#include <new>
#include <optional>
#include <vector>

#include "core/base/check.h"
#include "veralith/db.h"
#include "veralith/types.h"

namespace veralith {

class HeldSnapshot final : public Snapshot {
 public:
  HeldSnapshot(const void* list, Timestamp timestamp) : list_(list), timestamp_(timestamp) {}
  Timestamp timestamp() const override { return timestamp_; }
  // The list that made it.
  const void* list() const { return list_; }

 private:
  const void* const list_;
  const Timestamp timestamp_;
};

class SnapshotList {
 public:
  const Snapshot* Hold(Timestamp timestamp) {
    auto held = std::make_unique<HeldSnapshot>(this, timestamp);
    const Snapshot* handle = held.get();
    const auto count = counts_.try_emplace(timestamp, 0).first;
    try {
      snapshots_.emplace(handle, std::move(held));
    } catch (const std::bad_alloc&) {
      if (count->second == 0) {
        counts_.erase(count);  // nothing is held
      }
      throw;
    }
    ++count->second;
    return handle;
  }

  // When that was the last snapshot at its timestamp: the next one's timestamp, or kMaxTimestamp
  // where there is none. O(log snapshots). Releasing what is not held is a caller's mistake.
  std::optional<Timestamp> Release(const Snapshot* snapshot) {
    const auto it = snapshots_.find(snapshot);
    VERALITH_CHECK(it != snapshots_.end());
    const auto count = counts_.find(it->second->timestamp());
    snapshots_.erase(it);
    if (--count->second > 0) {
      return std::nullopt;
    }
    const auto next = counts_.erase(count);
    return next == counts_.end() ? kMaxTimestamp : next->first;
  }

  bool Holds(Timestamp timestamp) const { return counts_.contains(timestamp); }
  size_t size() const { return snapshots_.size(); }

  // Ascending, each once.
  std::vector<Timestamp> Timestamps() const {
    std::vector<Timestamp> timestamps;
    timestamps.reserve(counts_.size() + 1);  // a job adds one
    for (const auto& [timestamp, count] : counts_) {
      timestamps.push_back(timestamp);
    }
    return timestamps;
  }

 private:
  std::map<const Snapshot*, std::unique_ptr<HeldSnapshot>> snapshots_;  // looked up, never iterated
  std::map<Timestamp, int> counts_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_SNAPSHOT_LIST_H_
