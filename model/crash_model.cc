// SPDX-License-Identifier: Apache-2.0

#include "model/crash_model.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "model/operation_text.h"

namespace veralith::model {
namespace {

std::string Shorten(const std::string& bytes) {
  constexpr size_t kShown = 24;
  return bytes.size() <= kShown
             ? Quote(bytes)
             : Quote(bytes.substr(0, kShown)) + "... (" + std::to_string(bytes.size()) + " bytes)";
}

std::string Describe(const Row& row) {
  return Shorten(row.key) + " = " + Shorten(row.value) + " @" + std::to_string(row.timestamp);
}

KvModel Build(const std::vector<std::pair<Timestamp, const std::vector<Write>*>>& commits) {
  KvModel model;
  for (const auto& [timestamp, batch] : commits) {
    model.Commit(timestamp, *batch);
  }
  return model;
}

}  // namespace

Difference DifferenceOf(const std::vector<Row>& expected, const std::vector<Row>& actual) {
  for (size_t i = 0; i < std::max(expected.size(), actual.size()); ++i) {
    if (i < expected.size() && i < actual.size() && expected[i] == actual[i]) {
      continue;
    }
    return "row " + std::to_string(i) + ": expected " +
           (i < expected.size() ? Describe(expected[i]) : "the end") + ", found " +
           (i < actual.size() ? Describe(actual[i]) : "the end") + " (" +
           std::to_string(expected.size()) + " rows expected, " + std::to_string(actual.size()) +
           " found)";
  }
  return Agree();
}

Difference DifferenceOf(const KvModel::Contents& expected, const KvModel::Contents& actual) {
  KvModel::Contents both = expected;
  both.insert(actual.begin(), actual.end());  // for its namespaces
  const auto rows = [](const KvModel::Contents& contents, NamespaceId ns) {
    const auto found = contents.find(ns);
    return found == contents.end() ? std::vector<Row>() : found->second;
  };
  for (const auto& [ns, unused] : both) {
    VERALITH_RETURN_IF_DIFFERENT(DifferenceOf(rows(expected, ns), rows(actual, ns))
                                     .In("namespace " + std::to_string(ns) + ", "));
  }
  return Agree();
}

void CrashModel::Acknowledged(Timestamp timestamp, std::vector<Write> batch, bool synced) {
  current_.Commit(timestamp, batch);
  used_timestamp_ = std::max(used_timestamp_, timestamp);
  commits_.push_back({timestamp, std::move(batch)});
  if (synced) {
    Synced();
  }
}

void CrashModel::Failed(std::vector<Write> batch) {
  commits_.push_back({std::nullopt, std::move(batch)});
}

void CrashModel::SyncedThrough(size_t count) {
  synced_ = std::max(synced_, std::min(count, commits_.size()));
}

size_t CrashModel::open_failures() const {
  return static_cast<size_t>(std::count_if(commits_.begin(), commits_.end(),
                                           [](const Commit& c) { return !c.timestamp; }));
}

Difference CrashModel::Crash(const Recovered& recovered) { return Choose(recovered, synced_); }

Difference CrashModel::Kill(const Recovered& recovered) {
  return Choose(recovered, commits_.size());
}

// Returns the first `prefix` commits; of the failed ones, only those whose bit is set in `subset`.
std::vector<CrashModel::Commit> CrashModel::Candidate(size_t prefix, size_t subset) const {
  std::vector<Commit> candidate;
  size_t failed = 0;
  for (size_t i = 0; i < prefix; ++i) {
    if (commits_[i].timestamp.has_value() || (subset >> failed++ & 1) != 0) {
      candidate.push_back(commits_[i]);
    }
  }
  return candidate;
}

Difference CrashModel::Choose(const Recovered& recovered, size_t must) {
  std::string nearest;
  for (size_t prefix = commits_.size() + 1; prefix-- > must;) {
    const auto failed =
        std::count_if(commits_.begin(), commits_.begin() + static_cast<ptrdiff_t>(prefix),
                      [](const Commit& c) { return !c.timestamp; });
    for (size_t subset = 0; subset < size_t{1} << failed; ++subset) {
      std::string why;
      std::optional<std::vector<Commit>> agreeing =
          Agreeing(Candidate(prefix, subset), recovered, &why);
      if (agreeing.has_value()) {
        Become(*std::move(agreeing));
        return Agree();
      }
      nearest = nearest.empty() || why.size() > nearest.size() ? why : nearest;
    }
  }
  return "no legal state (" + std::to_string(must) + " to " + std::to_string(commits_.size()) +
         " first commits, " + std::to_string(open_failures()) +
         " of them failed) agrees with what is there; nearest: " + nearest;
}

// Failed commits have no timestamp yet. The last commit's is the newest in the database; the others
// get those of their visible rows. `why` is longer the nearer the candidate was.
std::optional<std::vector<CrashModel::Commit>> CrashModel::Agreeing(std::vector<Commit> candidate,
                                                                    const Recovered& recovered,
                                                                    std::string* why) {
  const Timestamp newest =
      candidate.empty() ? 0 : candidate.back().timestamp.value_or(recovered.last_timestamp);
  if (newest != recovered.last_timestamp) {
    *why = "last timestamp: expected " + std::to_string(newest) + ", found " +
           std::to_string(recovered.last_timestamp);
    return std::nullopt;
  }
  std::vector<Timestamp> shown;
  for (const auto& [ns, rows] : recovered.contents) {
    for (const Row& row : rows) {
      shown.push_back(row.timestamp);
    }
  }
  std::sort(shown.begin(), shown.end());
  Timestamp previous = 0;
  for (size_t i = 0; i < candidate.size(); ++i) {
    if (!candidate[i].timestamp.has_value()) {
      // Takes the first timestamp shown after the previous commit, if it lies before the next
      // commit's.
      const auto after = std::upper_bound(shown.begin(), shown.end(), previous);
      const bool last = i + 1 == candidate.size();
      const Timestamp bound =
          last ? newest : candidate[i + 1].timestamp.value_or(recovered.last_timestamp);
      candidate[i].timestamp = last                                     ? newest
                               : after != shown.end() && *after < bound ? *after
                                                                        : previous + 1;
    }
    if (*candidate[i].timestamp <= previous) {
      *why = "timestamps that do not increase";
      return std::nullopt;
    }
    previous = *candidate[i].timestamp;
  }
  std::vector<std::pair<Timestamp, const std::vector<Write>*>> commits;
  for (const Commit& commit : candidate) {
    commits.emplace_back(*commit.timestamp, &commit.batch);
  }
  const Difference difference = DifferenceOf(Build(commits).All(kMaxTimestamp), recovered.contents);
  if (difference.differs()) {
    *why =
        "the state after " + std::to_string(candidate.size()) + " commits: " + difference.words();
    return std::nullopt;
  }
  return candidate;
}

void CrashModel::Become(std::vector<Commit> commits) {
  const size_t acknowledged = commits_.size() - open_failures();
  const size_t kept_acknowledged =
      static_cast<size_t>(std::count_if(commits.begin(), commits.end(), [this](const Commit& kept) {
        return std::any_of(commits_.begin(), commits_.end(), [&](const Commit& before) {
          return before.timestamp == kept.timestamp;
        });
      }));
  lost_ = acknowledged - kept_acknowledged;
  resurfaced_ = commits.size() - kept_acknowledged;
  commits_ = std::move(commits);
  synced_ = commits_.size();
  current_ = {};
  for (const Commit& commit : commits_) {
    current_.Commit(*commit.timestamp, commit.batch);
    used_timestamp_ = std::max(used_timestamp_, *commit.timestamp);
  }
}

}  // namespace veralith::model
