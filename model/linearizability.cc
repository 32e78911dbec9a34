// SPDX-License-Identifier: Apache-2.0

#include "model/linearizability.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace veralith::model {
namespace {

using UserKey = std::pair<NamespaceId, std::string>;

struct Version {
  Timestamp timestamp;
  std::optional<std::string> value;  // nullopt: deleted
};

// All versions of one key, ascending.
class Timeline {
 public:
  void Add(Timestamp timestamp, std::optional<std::string> value) {
    if (!versions_.empty() && versions_.back().timestamp == timestamp) {
      versions_.back().value = std::move(value);  // a put after a range delete in one batch
    } else {
      versions_.push_back({timestamp, std::move(value)});
    }
  }

  // Returns the smallest moment >= `floor` at which the key is what `row` says; nullopt if there is
  // none.
  std::optional<Timestamp> FirstMatch(const Row* row, Timestamp floor) const {
    size_t i = IndexAt(floor);  // one past the version visible at floor
    if (row == nullptr) {
      if (i == 0 || !versions_[i - 1].value.has_value()) {
        return floor;
      }
      while (i < versions_.size() && versions_[i].value.has_value()) {
        ++i;
      }
      return i < versions_.size() ? std::optional(versions_[i].timestamp) : std::nullopt;
    }
    const size_t past = IndexAt(row->timestamp);
    if (past == 0 || versions_[past - 1].timestamp != row->timestamp ||
        versions_[past - 1].value != row->value || i > past) {
      return std::nullopt;
    }
    return std::max(floor, row->timestamp);
  }

 private:
  size_t IndexAt(Timestamp at) const {
    return static_cast<size_t>(
        std::upper_bound(versions_.begin(), versions_.end(), at,
                         [](Timestamp t, const Version& v) { return t < v.timestamp; }) -
        versions_.begin());
  }

  std::vector<Version> versions_;
};

std::string Name(const Call& call, size_t index) {
  std::string name = "call " + std::to_string(index);
  switch (call.kind) {
    case Call::Kind::kWrite:
      return name + " (commit " + std::to_string(call.timestamp) + ")";
    case Call::Kind::kSnapshot:
      return name + " (snapshot " + std::to_string(call.timestamp) + ")";
    case Call::Kind::kGet:
      name += " (get of '" + call.key + "'";
      break;
    case Call::Kind::kScan:
      name += " (scan";
      break;
  }
  return name + (call.timestamp == 0 ? "" : " at " + std::to_string(call.timestamp)) + ")";
}

bool Below(const Bound& lower, const std::string& key) {
  return lower.kind == Bound::Kind::kInclusive
             ? key < lower.key
             : lower.kind == Bound::Kind::kExclusive && key <= lower.key;
}
bool Above(const Bound& upper, const std::string& key) {
  return upper.kind == Bound::Kind::kInclusive
             ? key > upper.key
             : upper.kind == Bound::Kind::kExclusive && key >= upper.key;
}

class Checker {
 public:
  explicit Checker(const std::vector<Call>& history) : history_(history) {}

  std::optional<std::string> Run() {
    AdoptWritesThatWereSeen();
    CollectCommits();
    BuildTimelines();
    if (!error_.has_value()) {
      Sweep();
    }
    return error_;
  }

 private:
  void Fail(size_t index, const std::string& what) {
    if (!error_.has_value()) {
      error_ = Name(history_[index], index) + ": " + what;
    }
  }

  // Gives unacknowledged writes the timestamp of a row that only they can have written.
  void AdoptWritesThatWereSeen() {
    std::map<std::pair<UserKey, std::string>, size_t> pending;
    for (size_t i = 0; i < history_.size(); ++i) {
      const Call& call = history_[i];
      if (call.kind != Call::Kind::kWrite || call.timestamp != 0) {
        continue;
      }
      for (const Write& write : Reduce(call.batch)) {
        switch (write.kind) {
          case Write::Kind::kPut:
            pending[{{write.ns, write.key}, write.value}] = i;
            break;
          case Write::Kind::kDelete:
            perhaps_deleted_.insert({write.ns, write.key});
            break;
          case Write::Kind::kDeleteRange:
            perhaps_emptied_.insert(write.ns);
            break;
        }
      }
    }
    for (const Call& call : history_) {
      for (const Row& row : call.rows) {
        const auto it = pending.find({{call.ns, row.key}, row.value});
        if (it != pending.end()) {
          adopted_[it->second] = row.timestamp;
        }
      }
    }
  }

  Timestamp CommitTimestamp(size_t index) const {
    const auto it = adopted_.find(index);
    return it != adopted_.end() ? it->second : history_[index].timestamp;
  }

  void CollectCommits() {
    for (size_t i = 0; i < history_.size(); ++i) {
      if (history_[i].kind == Call::Kind::kWrite && CommitTimestamp(i) != 0) {
        const auto [it, fresh] = commits_.emplace(CommitTimestamp(i), i);
        if (!fresh) {
          Fail(i, "shares its timestamp with call " + std::to_string(it->second));
        }
      }
    }
  }

  void BuildTimelines() {
    std::vector<std::pair<Timestamp, std::vector<Write>>> batches;
    for (const auto& [timestamp, index] : commits_) {
      batches.emplace_back(timestamp, Reduce(history_[index].batch));
      for (const Write& write : batches.back().second) {
        if (write.kind != Write::Kind::kDeleteRange) {
          timelines_[{write.ns, write.key}];
        }
      }
    }
    for (const auto& [timestamp, writes] : batches) {
      for (const Write& write : writes) {
        if (write.kind == Write::Kind::kDeleteRange) {
          DeleteRange(timestamp, write);
        }
      }
      for (const Write& write : writes) {
        if (write.kind != Write::Kind::kDeleteRange) {
          timelines_[{write.ns, write.key}].Add(timestamp, write.kind == Write::Kind::kPut
                                                               ? std::optional(write.value)
                                                               : std::nullopt);
        }
      }
    }
  }

  void DeleteRange(Timestamp timestamp, const Write& write) {
    for (auto it = timelines_.lower_bound({write.ns, write.key});
         it != timelines_.end() && it->first.first == write.ns &&
         (!write.end.has_value() || it->first.second < *write.end);
         ++it) {
      it->second.Add(timestamp, std::nullopt);
    }
  }

  // Goes through begins and ends in the order of time. `reached_` is the largest moment made or
  // seen by a call that has ended.
  void Sweep() {
    struct Event {
      uint64_t time;
      bool end;
      size_t index;
      auto operator<=>(const Event&) const = default;
    };
    std::vector<Event> events;
    for (size_t i = 0; i < history_.size(); ++i) {
      events.push_back({history_[i].begin, false, i});
      if (history_[i].end != Call::kNever) {
        events.push_back({history_[i].end, true, i});
      }
    }
    std::sort(events.begin(), events.end());
    std::vector<Timestamp> moments(history_.size(), 0);
    for (const Event& event : events) {
      if (!event.end) {
        moments[event.index] = Moment(event.index);
      } else if (moments[event.index] > reached_ && !Unacknowledged(event.index)) {
        reached_ = moments[event.index];
        reached_by_ = event.index;
      }
      if (error_.has_value()) {
        return;
      }
    }
  }

  bool Unacknowledged(size_t index) const {
    return history_[index].kind == Call::Kind::kWrite && history_[index].timestamp == 0;
  }

  // Returns when the call takes effect, given what had ended when it began.
  Timestamp Moment(size_t index) {
    const Call& call = history_[index];
    switch (call.kind) {
      case Call::Kind::kWrite: {
        const Timestamp timestamp = CommitTimestamp(index);
        if (timestamp != 0 && timestamp <= reached_) {
          Fail(index, "committed at " + std::to_string(timestamp) + ", not after " + Reached() +
                          ", which had ended before it began");
        }
        return timestamp;
      }
      case Call::Kind::kSnapshot:
        if (call.timestamp < reached_) {
          Fail(index, "is before " + Reached() + ", which had ended before it began");
        }
        return call.timestamp;
      case Call::Kind::kGet:
        return ReadMoment(index,
                          {{{call.ns, call.key}, call.rows.empty() ? nullptr : &call.rows[0]}});
      case Call::Kind::kScan:
        return ReadMoment(index, ExpectationsOfScan(index));
    }
    return 0;
  }

  std::string Reached() const {
    return Name(history_[reached_by_], reached_by_) + " at " + std::to_string(reached_);
  }

  using Expectations = std::vector<std::pair<UserKey, const Row*>>;

  // Returns every key that was ever written inside the bounds, with the row that was returned for
  // it.
  Expectations ExpectationsOfScan(size_t index) {
    const Call& call = history_[index];
    Expectations expectations;
    size_t next = 0;
    const std::string from = call.lower.kind == Bound::Kind::kOpen ? std::string() : call.lower.key;
    for (auto it = timelines_.lower_bound({call.ns, from});
         it != timelines_.end() && it->first.first == call.ns; ++it) {
      const std::string& key = it->first.second;
      if (Below(call.lower, key)) {
        continue;
      }
      if (Above(call.upper, key)) {
        break;
      }
      const bool returned = next < call.rows.size() && call.rows[next].key == key;
      expectations.emplace_back(it->first, returned ? &call.rows[next] : nullptr);
      next += returned ? 1 : 0;
    }
    if (next < call.rows.size()) {
      Fail(index, "returned '" + call.rows[next].key +
                      "' out of order, twice, out of bounds, or though it was never written");
    }
    return expectations;
  }

  Timestamp ReadMoment(size_t index, const Expectations& expectations) {
    const Call& call = history_[index];
    Timestamp moment = call.timestamp != 0 ? call.timestamp : reached_;
    bool settled = false;
    while (!settled && !error_.has_value()) {
      settled = true;
      for (const auto& [key, row] : expectations) {
        const std::optional<Timestamp> match = FirstMatch(key, row, moment);
        if (!match.has_value() || (call.timestamp != 0 && *match != moment)) {
          Fail(index,
               "key '" + key.second + "' " + Describe(row) + " fits no moment from " +
                   std::to_string(moment) +
                   (call.timestamp != 0 ? " (its snapshot)" : " on (see " + Reached() + ")"));
          break;
        }
        settled = settled && *match == moment;
        moment = *match;
      }
    }
    return call.timestamp != 0 ? 0 : moment;  // a snapshot's age tells nothing about now
  }

  std::optional<Timestamp> FirstMatch(const UserKey& key, const Row* row, Timestamp floor) const {
    if (row == nullptr &&
        (perhaps_deleted_.contains(key) || perhaps_emptied_.contains(key.first))) {
      return floor;
    }
    const auto it = timelines_.find(key);
    if (it == timelines_.end()) {
      return row == nullptr ? std::optional(floor) : std::nullopt;
    }
    return it->second.FirstMatch(row, floor);
  }

  static std::string Describe(const Row* row) {
    return row == nullptr ? "(absent)"
                          : "(= '" + row->value + "' of " + std::to_string(row->timestamp) + ")";
  }

  const std::vector<Call>& history_;
  std::map<Timestamp, size_t> commits_;
  std::map<size_t, Timestamp> adopted_;
  std::set<UserKey> perhaps_deleted_;
  std::set<NamespaceId> perhaps_emptied_;
  std::map<UserKey, Timeline> timelines_;
  Timestamp reached_ = 0;
  size_t reached_by_ = 0;
  std::optional<std::string> error_;
};

}  // namespace

std::optional<std::string> CheckLinearizable(const std::vector<Call>& history) {
  return Checker(history).Run();
}

}  // namespace veralith::model
