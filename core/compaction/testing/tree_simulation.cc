// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/testing/tree_simulation.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "core/base/status.h"

namespace veralith {
namespace {

std::string KeyText(int key) {
  char text[16];
  std::snprintf(text, sizeof text, "%06d", key);
  return text;
}

}  // namespace

void TreeSimulation::Flush(const std::set<int>& keys) {
  Content content;
  for (const int key : keys) {
    ++now_;
    content[key] = {now_, now_};
  }
  VersionEdit edit;
  AddFiles(content, 0, next_run_++, target_keys_, &edit);
  Apply(edit);
}

bool TreeSimulation::StartAutomatic() {
  std::optional<Pick> pick = policy_->PickCompaction(State());
  if (pick.has_value()) {
    Start(*std::move(pick));
    return true;
  }
  return false;
}

ManualDecision::Kind TreeSimulation::StartManual(ManualCompaction* manual) {
  ManualDecision decision = policy_->PickManual(State(), manual);
  if (decision.kind == ManualDecision::Kind::kPick) {
    Start(*std::move(decision.pick));
  }
  return decision.kind;
}

void TreeSimulation::Finish(size_t index) {
  if (!running_.empty()) {
    const VersionEdit edit = running_[index % running_.size()]->edit;
    Fail(index);
    Apply(edit);
  }
}

void TreeSimulation::Fail(size_t index) {
  if (!running_.empty()) {
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index % running_.size()));
  }
}

PickerState TreeSimulation::State() {
  running_picks_.clear();
  for (const auto& job : running_) {
    running_picks_.push_back(&job->pick);
  }
  return {&version_, running_picks_, {}, {}};
}

void TreeSimulation::Start(Pick pick) {
  if (const absl::Status legal = CheckPick(State(), pick); !legal.ok()) {
    problem_ = ToString(legal);
    return;
  }
  auto job = std::make_unique<Job>();
  job->edit = pick.trivial_move ? TrivialMoveEdit(pick) : EditOf(pick);
  job->pick = std::move(pick);
  running_.push_back(std::move(job));
}

VersionEdit TreeSimulation::EditOf(const Pick& pick) {
  Content merged;
  VersionEdit edit;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      edit.removed_files.push_back({input.level, file->number});
      for (const auto& [key, ages] : contents_[file->number]) {
        const auto [place, is_new] = merged.try_emplace(key, ages);
        place->second.oldest = std::min(place->second.oldest, ages.oldest);
        place->second.newest = std::max(place->second.newest, ages.newest);
      }
    }
  }
  AddFiles(merged, pick.output_level, pick.output_run_id,
           pick.into_one_file ? merged.size() : target_keys_, &edit);
  if (pick.cursor.has_value()) {
    edit.cursors.push_back(*pick.cursor);
  }
  return edit;
}

FileMeta TreeSimulation::NewFile(const Content& content) {
  FileMeta file;
  file.number = next_number_++;
  file.bytes = content.size() * bytes_per_key_;
  file.entries = content.size();
  file.tombstones = content.size() / 5;
  file.smallest_key = KeyText(content.begin()->first);
  file.largest = {0, KeyText(content.rbegin()->first), KeyBound::Kind::kInclusive};
  file.min_ts = file.max_ts = content.begin()->second.newest;
  for (const auto& [key, ages] : content) {
    file.min_ts = std::min(file.min_ts, ages.oldest);
    file.max_ts = std::max(file.max_ts, ages.newest);
  }
  contents_[file.number] = content;
  return file;
}

void TreeSimulation::AddFiles(const Content& content, int level, uint64_t run_id,
                              size_t target_keys, VersionEdit* edit) {
  Content part;
  for (const auto& item : content) {
    part.insert(item);
    if (part.size() == target_keys) {
      edit->added_files.push_back({level, run_id, NewFile(part)});
      part.clear();
    }
  }
  if (!part.empty()) {
    edit->added_files.push_back({level, run_id, NewFile(part)});
  }
}

void TreeSimulation::Apply(const VersionEdit& edit) {
  absl::StatusOr<Version> next = version_.Apply(edit);
  if (next.ok()) {
    version_ = *std::move(next);
  } else {
    problem_ = ToString(next.status());
  }
}

std::string TreeSimulation::Problem() const {
  if (!problem_.empty()) {
    return problem_;
  }
  if (const absl::Status status = version_.CheckInvariants(tiered_levels_); !status.ok()) {
    return ToString(status);
  }
  std::map<int, Timestamp> oldest_above;
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : version_.runs(level)) {
      for (const FileRef& file : run.files) {
        for (const auto& [key, ages] : contents_.at(file->number)) {
          const auto [place, is_new] = oldest_above.try_emplace(key, ages.oldest);
          if (!is_new && ages.newest >= place->second) {
            return "key " + std::to_string(key) + " is newer in level " + std::to_string(level) +
                   " than above it";
          }
          place->second = ages.oldest;
        }
      }
    }
  }
  return "";
}

}  // namespace veralith
