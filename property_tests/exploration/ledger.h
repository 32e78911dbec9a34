// SPDX-License-Identifier: Apache-2.0

// What a database was told, and therefore may be after a crash: a CrashModel that can be copied and
// compared. Two ledgers with equal signatures allow the same states, so an image that was checked
// against one need not be checked against the other.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_LEDGER_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_LEDGER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/conformance/environment.h"
#include "model/crash_model.h"
#include "veralith/types.h"

namespace veralith::model {

class Ledger {
 public:
  void Acknowledged(Timestamp timestamp, std::vector<Write> batch, bool synced) {
    Note("acknowledged " + std::to_string(timestamp), batch);
    model_.Acknowledged(timestamp, std::move(batch), synced);
    if (synced) {
      Synced();
    }
  }
  void Failed(std::vector<Write> batch) {
    Note("failed", batch);
    model_.Failed(std::move(batch));
  }
  void Synced() {
    synced_ = model_.size();
    model_.Synced();
  }
  // As CrashModel's.
  Difference Crash(const CrashModel::Recovered& recovered) {
    Difference difference = model_.Crash(recovered);
    commits_ = Fingerprint(commits_, "crash");
    for (const Timestamp timestamp : model_.current().commits()) {
      commits_ = Fingerprint(commits_, std::to_string(timestamp));
    }
    synced_ = model_.size();
    return difference;
  }

  // Notes that a checkpoint is being made in this directory: if it exists, it is the state of now.
  void Copying(const std::string& directory) {
    copies_[directory] = {model_.current().All(kMaxTimestamp), false};
    commits_ = Fingerprint(commits_, "copying " + directory);
  }
  // Notes that it was made, or has been seen: it must exist from now on.
  void Copied(const std::string& directory) {
    if (!std::exchange(copies_[directory].must_be_there, true)) {
      commits_ = Fingerprint(commits_, "copied " + directory);
    }
  }
  struct Copy {
    KvModel::Contents contents;
    bool must_be_there = false;
  };
  const std::map<std::string, Copy>& copies() const { return copies_; }

  const CrashModel& model() const { return model_; }
  uint64_t signature() const { return Fingerprint(commits_, std::to_string(synced_)); }

 private:
  void Note(const std::string& what, const std::vector<Write>& batch) {
    commits_ = Fingerprint(commits_, what);
    for (const Write& write : batch) {
      commits_ = Fingerprint(commits_, write.key);
      commits_ = Fingerprint(commits_, write.value);
      commits_ = Fingerprint(commits_, write.end.value_or("open"));
      commits_ = Fingerprint(commits_, std::to_string(static_cast<int>(write.kind)));
    }
  }

  CrashModel model_;
  std::map<std::string, Copy> copies_;  // by directory
  uint64_t commits_ = 0;
  size_t synced_ = 0;
};

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_LEDGER_H_
