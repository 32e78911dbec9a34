// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/picker.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/compaction/picker_support.h"

namespace veralith {

KeyRange Pick::Hull() const {
  VERALITH_CHECK(!inputs.empty());
  KeyRange hull = HullOf(inputs.front().files);
  for (size_t i = 1; i < inputs.size(); ++i) {
    hull = UnionOf(hull, HullOf(inputs[i].files));
  }
  return hull;
}

uint64_t Pick::InputBytes() const {
  uint64_t bytes = 0;
  for (const Input& input : inputs) {
    bytes += BytesOf(input.files);
  }
  return bytes;
}

bool Pick::Has(uint64_t file_number) const {
  return std::any_of(inputs.begin(), inputs.end(), [&](const Input& input) {
    return std::any_of(input.files.begin(), input.files.end(),
                       [&](const FileRef& file) { return file->number == file_number; });
  });
}

std::string_view ReasonName(Pick::Reason reason) {
  switch (reason) {
    case Pick::Reason::kLevel0Runs:
      return "level 0 runs";
    case Pick::Reason::kLevelBytes:
      return "level bytes";
    case Pick::Reason::kTierRuns:
      return "tier runs";
    case Pick::Reason::kTierSizes:
      return "tier sizes";
    case Pick::Reason::kTierSpace:
      return "tier space";
    case Pick::Reason::kPolicyChanged:
      return "policy changed";
    case Pick::Reason::kSeeks:
      return "seeks";
    case Pick::Reason::kOverwrites:
      return "overwrites";
    case Pick::Reason::kIdle:
      return "idle";
    case Pick::Reason::kGarbage:
      return "garbage";
    case Pick::Reason::kCovered:
      return "covered by range deletes";
    case Pick::Reason::kSmallFiles:
      return "small files";
    case Pick::Reason::kManual:
      return "manual";
  }
  return "unknown";
}

std::string Describe(const Pick& pick) {
  size_t files = 0;
  for (const Pick::Input& input : pick.inputs) {
    files += input.files.size();
  }
  std::string text(ReasonName(pick.reason));
  text += ": " + std::to_string(files) + " files of " + std::to_string(pick.InputBytes()) +
          " bytes, level " + std::to_string(pick.input_level());
  if (pick.output_level != pick.input_level()) {
    text += " to " + std::to_string(pick.output_level);
  }
  return text + (pick.drop ? ", dropped unread" : pick.trivial_move ? ", moved" : "");
}

std::unique_ptr<CompactionPolicy> NewCompactionPolicy(CompactionPolicyKind kind,
                                                      const CompactionOptions& options) {
  switch (kind) {
    case CompactionPolicyKind::kLeveled:
      return NewLeveledPolicy(options);
    case CompactionPolicyKind::kHybrid:
      return NewHybridPolicy(options);
    case CompactionPolicyKind::kTiered:
      return NewTieredPolicy(options);
  }
  return NewLeveledPolicy(options);
}

std::optional<Pick> CompactionPolicy::PickIdle(const PickerState& /*state*/,
                                               uint64_t /*budget_bytes*/) const {
  return std::nullopt;
}

VersionEdit DropEdit(const Pick& pick, std::span<const Timestamp> points) {
  VERALITH_CHECK(pick.drop && !points.empty());
  VersionEdit edit;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      edit.removed_files.push_back({input.level, file->number});
    }
  }
  edit.history_floor = points.back();
  return edit;
}

VersionEdit TrivialMoveEdit(const Pick& pick) {
  VERALITH_CHECK(pick.trivial_move);
  VersionEdit edit;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      edit.removed_files.push_back({input.level, file->number});
      edit.added_files.push_back({pick.output_level, pick.output_run_id, *file});
    }
  }
  if (pick.cursor.has_value()) {
    edit.cursors.push_back(*pick.cursor);
  }
  return edit;
}

}  // namespace veralith
