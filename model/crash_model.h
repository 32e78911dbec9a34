// SPDX-License-Identifier: Apache-2.0

// What a database may be after it stopped without being closed (DESIGN 1, promises 3, 4, 6): a set
// of legal states, not one state.
//
// The commits of a database are a list in commit order. Each was acknowledged, or returned an error
// and may or may not have happened. A legal state after a crash is some prefix of the list, with
// whole batches, that contains every commit up to the last one known to be synced. Within the
// prefix each failed commit is present or not. Timestamps are never used again, not even those of
// lost commits.
//
// After recovery the caller shows what it sees, and the set narrows to the states that agree. If
// none is left, a promise is broken.
#ifndef VERALITH_MODEL_CRASH_MODEL_H_
#define VERALITH_MODEL_CRASH_MODEL_H_

#include <optional>
#include <string>
#include <vector>

#include "model/difference.h"
#include "model/kv_model.h"
#include "veralith/types.h"

namespace veralith::model {

class CrashModel {
 public:
  // A commit that was acknowledged at `timestamp`; `synced`: durable with everything before it.
  void Acknowledged(Timestamp timestamp, std::vector<Write> batch, bool synced);
  // A commit that returned an error.
  void Failed(std::vector<Write> batch);
  // Everything acknowledged so far is durable; or only the first `count` commits.
  void Synced() { SyncedThrough(size()); }
  void SyncedThrough(size_t count);
  // Number of commits, including failed ones.
  size_t size() const { return commits_.size(); }

  // The state if no crash happens: the acknowledged commits, and no failed one.
  const KvModel& current() const { return current_; }

  // What recovery shows.
  struct Recovered {
    KvModel::Contents contents;
    Timestamp last_timestamp = 0;
  };
  // After a crash: takes the legal state that agrees with what recovery shows as the current one,
  // with everything in it durable (recovery makes it so). If no legal state agrees,
  // says so, with the nearest legal states' differences, and changes nothing. Learns the timestamps
  // of failed commits that did happen.
  Difference Crash(const Recovered& recovered);
  // Does the same after the process died and the machine did not: everything acknowledged is there,
  // and only failed commits are open.
  Difference Kill(const Recovered& recovered);

  // The largest timestamp ever seen in use, even by commits that were lost: the next commit's must
  // be larger.
  Timestamp used_timestamp() const { return used_timestamp_; }
  // How many commits at the end the last Crash lost, and how many failed ones turned out to have
  // happened. For marks.
  size_t lost() const { return lost_; }
  size_t resurfaced() const { return resurfaced_; }
  // Failed commits that are still open. The number of legal states doubles with each.
  size_t open_failures() const;

 private:
  struct Commit {
    std::optional<Timestamp> timestamp;  // nullopt: failed
    std::vector<Write> batch;
  };
  // Takes one legal state: these commits, failed ones with the timestamps that recovery shows.
  Difference Choose(const Recovered& recovered, size_t must);
  static std::optional<std::vector<Commit>> Agreeing(std::vector<Commit> candidate,
                                                     const Recovered& recovered, std::string* why);
  std::vector<Commit> Candidate(size_t prefix, size_t subset) const;
  void Become(std::vector<Commit> commits);

  std::vector<Commit> commits_;
  size_t synced_ = 0;  // commits_[0, synced_) are durable if acknowledged
  KvModel current_;
  Timestamp used_timestamp_ = 0;
  size_t lost_ = 0;
  size_t resurfaced_ = 0;
};

// Compares two states: says the first difference.
Difference DifferenceOf(const KvModel::Contents& expected, const KvModel::Contents& actual);
// Does the same for two lists of rows.
Difference DifferenceOf(const std::vector<Row>& expected, const std::vector<Row>& actual);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CRASH_MODEL_H_
