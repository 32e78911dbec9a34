// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/testing/large_tree.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"

namespace veralith {
namespace {

// The key space is [0, kEnd); a key is a position, eight bytes, big-endian.
constexpr uint64_t kEnd = ~uint64_t{0};
constexpr double kWidth = static_cast<double>(kEnd);

constexpr double kHotKeys = 0.1;
constexpr double kHotWrites = 0.9;

std::string KeyAt(uint64_t position) {
  std::string key(8, '\0');
  for (size_t i = 8; i-- > 0; position >>= 8) {
    key[i] = static_cast<char>(position & 0xff);
  }
  return key;
}

uint64_t PositionOf(const std::string& key) {
  uint64_t position = 0;
  for (const char c : key) {
    position = position << 8 | static_cast<unsigned char>(c);
  }
  return position;
}

double WidthOf(uint64_t begin, uint64_t end) { return static_cast<double>(end - begin); }

}  // namespace

// --- Outputs -------------------------------------------------------------------------------------

// Cuts pieces, in order, into files.
class LargeTree::OutputCutter {
 public:
  OutputCutter(LargeTree* tree, bool one, bool counts_grandparents)
      : tree_(tree),
        target_(one ? std::numeric_limits<double>::infinity()
                    : static_cast<double>(tree->settings_.options.target_file_bytes)),
        counts_grandparents_(counts_grandparents && !one) {}

  void Add(Piece piece) {
    while (tree_->Bytes(current_) + tree_->Bytes(piece.entries) >= target_) {
      const double room = target_ - tree_->Bytes(current_);
      const double share = std::max(0.0, room) / tree_->Bytes(piece.entries);
      const auto width =
          static_cast<uint64_t>(share * WidthOf(piece.interval.begin, piece.interval.end));
      if (share >= 1 || piece.interval.begin + width + 1 >= piece.interval.end) {
        break;
      }
      Piece head = piece;
      head.interval.end = piece.interval.begin + width + 1;
      for (size_t i = 0; i < kClasses; ++i) {
        head.entries[i] *= share;
        piece.entries[i] -= head.entries[i];
      }
      piece.interval.begin = head.interval.end;
      Append(head);
      Close();
    }
    Append(piece);
    passed_bytes_ += piece.passed_bytes;
    const uint64_t most = tree_->settings_.options.max_grandparent_overlap_bytes;
    if (tree_->Bytes(current_) >= target_ || (counts_grandparents_ && passed_bytes_ > most)) {
      Close();
    }
  }
  std::vector<FileMeta> Finish() {
    Close();
    return std::move(files_);
  }

 private:
  void Append(const Piece& piece) {
    if (tree_->Bytes(piece.entries) <= 0) {
      return;
    }
    if (tree_->Bytes(current_) <= 0) {
      interval_.begin = piece.interval.begin;
      passed_bytes_ = 0;
    }
    interval_.end = piece.interval.end;
    for (size_t i = 0; i < kClasses; ++i) {
      current_[i] += piece.entries[i];
    }
  }
  void Close() {
    if (tree_->Bytes(current_) > 0) {
      files_.push_back(tree_->NewFile(interval_, current_));
      current_ = {};
    }
  }

  LargeTree* const tree_;
  const double target_;
  const bool counts_grandparents_;
  Interval interval_;
  Counts current_ = {};
  uint64_t passed_bytes_ = 0;
  std::vector<FileMeta> files_;
};

FileMeta LargeTree::NewFile(const Interval& interval, const Counts& entries) {
  FileMeta file;
  file.number = next_number_++;
  file.bytes = static_cast<uint64_t>(std::llround(std::max(1.0, Bytes(entries))));
  file.entries = std::max<uint64_t>(1, file.bytes / settings_.entry_bytes);
  file.smallest_key = KeyAt(interval.begin);
  file.largest = {0, KeyAt(interval.end), KeyBound::Kind::kExclusive};
  entries_[file.number] = entries;
  return file;
}

void LargeTree::AddFiles(const std::vector<Piece>& pieces, int level, uint64_t run_id, bool one,
                         Timestamp min_ts, Timestamp max_ts, VersionEdit* edit) {
  OutputCutter cutter(this, one, run_id == kLeveledRunId);
  for (const Piece& piece : pieces) {
    cutter.Add(piece);
  }
  for (FileMeta& file : cutter.Finish()) {
    file.min_ts = min_ts;
    file.max_ts = max_ts;
    edit->added_files.push_back({level, run_id, std::move(file)});
  }
}

// --- The tree ------------------------------------------------------------------------------------

LargeTree::LargeTree(const LargeTreeSettings& settings)
    : settings_(settings), policy_(NewCompactionPolicy(settings.policy, settings.options)) {
  const double all =
      static_cast<double>(settings.data_bytes) / static_cast<double>(settings.entry_bytes);
  const bool skewed = settings.load == LargeLoad::kSkewed;
  keys_ = {skewed ? all * kHotKeys : all, skewed ? all * (1 - kHotKeys) : 0};
  write_shares_ = {skewed ? kHotWrites : 1, skewed ? 1 - kHotWrites : 0};
}

double LargeTree::Bytes(const Counts& entries) const {
  double sum = 0;
  for (const double count : entries) {
    sum += count;
  }
  return sum * static_cast<double>(settings_.entry_bytes);
}

LargeTree::Interval LargeTree::IntervalOf(const FileMeta& file) const {
  return {PositionOf(file.smallest_key), PositionOf(file.largest.key)};
}

double LargeTree::LookupFiles() const {
  double width = 0;
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : version_.runs(level)) {
      for (const FileRef& file : run.files) {
        const Interval interval = IntervalOf(*file);
        width += WidthOf(interval.begin, interval.end);
      }
    }
  }
  return width / kWidth;
}

// Asks the policy itself whether it would be content with that much in a level.
int LargeTree::LevelWithRoom() const {
  if (settings_.policy == CompactionPolicyKind::kTiered) {
    return 0;
  }
  for (int level = policy_->TieredLevels(); level < kLevels; ++level) {
    VersionEdit edit;
    FileMeta file;
    file.number = 1;
    file.bytes = settings_.data_bytes;
    file.entries = 1;
    file.min_ts = file.max_ts = 1;
    edit.added_files.push_back({level, kLeveledRunId, file});
    const absl::StatusOr<Version> version = Version().Apply(edit);
    VERALITH_CHECK(version.ok());
    if (policy_->Scores(*version)[static_cast<size_t>(level)] <= 1) {
      return level;
    }
  }
  return kLevels - 1;
}

void LargeTree::Prefill() {
  VERALITH_CHECK(version_.FileCount() == 0);
  ++now_;
  VersionEdit edit;
  const int level = LevelWithRoom();
  const uint64_t run_id = level < policy_->TieredLevels() ? next_run_++ : kLeveledRunId;
  AddFiles({{{0, kEnd}, keys_, 0}}, level, run_id, false, now_, now_, &edit);
  Apply(edit);
}

void LargeTree::Flush() {
  ++now_;
  const double writes =
      static_cast<double>(settings_.memtable_bytes) / static_cast<double>(settings_.entry_bytes);
  std::vector<Piece> pieces;
  if (settings_.load == LargeLoad::kSequential) {
    const double share = std::min(1.0, writes / keys_[0]);
    const auto width = static_cast<uint64_t>(share * kWidth);
    const uint64_t begin = sequential_at_;
    const uint64_t end = kEnd - begin < width ? kEnd : begin + width;
    sequential_at_ = end == kEnd ? 0 : end;
    pieces.push_back({{begin, end}, {keys_[0] * WidthOf(begin, end) / kWidth}, 0});
    totals_.user_bytes += static_cast<uint64_t>(Bytes(pieces[0].entries));
  } else {
    Piece piece{{0, kEnd}, {}, 0};
    for (size_t i = 0; i < kClasses; ++i) {
      piece.entries[i] =
          keys_[i] > 0 ? keys_[i] * -std::expm1(-writes * write_shares_[i] / keys_[i]) : 0;
    }
    pieces.push_back(piece);
    totals_.user_bytes += settings_.memtable_bytes;
  }
  VersionEdit edit;
  AddFiles(pieces, 0, next_run_++, false, now_, now_, &edit);
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    totals_.flushed_bytes += added.file.bytes;
  }
  Apply(edit);
}

std::optional<uint64_t> LargeTree::RunJob() {
  const Timestamp points[] = {now_};
  const std::vector<RunRepeats> repeats = Repeats();
  PickerState state;
  state.version = &version_;
  state.points = points;
  state.repeats = repeats;
  const std::optional<Pick> pick = policy_->PickCompaction(state);
  if (!pick.has_value() || !problem_.empty()) {
    return std::nullopt;
  }
  if (const absl::Status legal = CheckPick(state, *pick); !legal.ok()) {
    problem_ = ToString(legal);
    return std::nullopt;
  }
  uint64_t bytes = 0;
  size_t inputs = 0;
  for (const Pick::Input& input : pick->inputs) {
    inputs += input.files.size();
  }
  totals_.merges_of_everything += inputs == version_.FileCount() && !pick->trivial_move ? 1 : 0;
  Apply(pick->trivial_move ? TrivialMoveEdit(*pick) : EditOf(*pick, &bytes));
  ++totals_.jobs;
  totals_.compacted_bytes += bytes;
  totals_.largest_job_bytes = std::max(totals_.largest_job_bytes, bytes);
  return bytes;
}

void LargeTree::Apply(const VersionEdit& edit) {
  absl::StatusOr<Version> next = std::move(version_).Apply(edit);
  if (next.ok()) {
    version_ = *std::move(next);
  } else {
    version_ = Version();
    problem_ = ToString(next.status());
  }
}

// --- Merging -------------------------------------------------------------------------------------

LargeTree::Counts LargeTree::MergedEntries(const Interval& interval,
                                           std::span<const FileRef> covering) const {
  const double width = WidthOf(interval.begin, interval.end);
  Counts merged = {};
  for (size_t i = 0; i < kClasses; ++i) {
    double absent = 1;
    for (const FileRef& file : covering) {
      const Interval whole = IntervalOf(*file);
      const double share = entries_.at(file->number)[i] / WidthOf(whole.begin, whole.end) * kWidth /
                           std::max(keys_[i], 1.0);
      absent *= 1 - std::min(1.0, share);
    }
    merged[i] = keys_[i] * width / kWidth * (1 - absent);
  }
  return merged;
}

std::vector<LargeTree::Piece> LargeTree::MergedPieces(const Pick& pick) const {
  std::vector<uint64_t> bounds;
  std::vector<FileRef> grandparents;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      const Interval interval = IntervalOf(*file);
      bounds.push_back(interval.begin);
      bounds.push_back(interval.end);
    }
  }
  if (pick.output_run_id == kLeveledRunId && pick.output_level + 1 < kLevels) {
    grandparents = version_.Overlapping(pick.output_level + 1, pick.Hull());
    for (const FileRef& file : grandparents) {
      bounds.push_back(IntervalOf(*file).end);
    }
  }
  std::sort(bounds.begin(), bounds.end());
  bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());

  std::vector<Piece> pieces;
  std::vector<size_t> at(pick.inputs.size(), 0);  // the first file of each input not passed yet
  std::vector<FileRef> covering;
  size_t grandparent = 0;
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    Piece piece{{bounds[i], bounds[i + 1]}, {}, 0};
    covering.clear();
    for (size_t run = 0; run < at.size(); ++run) {
      const std::vector<FileRef>& files = pick.inputs[run].files;
      while (at[run] < files.size() && IntervalOf(*files[at[run]]).end <= piece.interval.begin) {
        ++at[run];
      }
      if (at[run] < files.size() && IntervalOf(*files[at[run]]).begin <= piece.interval.begin) {
        covering.push_back(files[at[run]]);
      }
    }
    piece.entries = MergedEntries(piece.interval, covering);
    while (grandparent < grandparents.size() &&
           IntervalOf(*grandparents[grandparent]).end <= piece.interval.end) {
      piece.passed_bytes += grandparents[grandparent++]->bytes;
    }
    pieces.push_back(piece);
  }
  return pieces;
}

uint64_t LargeTree::Distinct(const Pick& inputs) const {
  double entries = 0;
  for (const Piece& piece : MergedPieces(inputs)) {
    entries += Bytes(piece.entries) / static_cast<double>(settings_.entry_bytes);
  }
  return static_cast<uint64_t>(std::llround(entries));
}

// A run repeats as many entries as it adds to those of the older runs without adding a key.
std::vector<RunRepeats> LargeTree::Repeats() const {
  std::vector<RunRepeats> repeats;
  if (settings_.policy != CompactionPolicyKind::kLeveled ||
      settings_.options.level0_garbage_percent == 0) {
    return repeats;
  }
  const std::vector<Run>& runs = version_.runs(0);
  Pick older;  // the output only says which grandparents there are
  older.output_run_id = kLeveledRunId + 1;
  Pick below = older;
  for (const Run& run : version_.runs(1)) {
    below.inputs.push_back({1, run.id, run.files});
  }
  uint64_t distinct = 0;
  uint64_t distinct_in_all = Distinct(below);
  for (size_t i = runs.size(); i-- > 0;) {
    uint64_t entries = 0;
    for (const FileRef& file : runs[i].files) {
      entries += file->entries;
    }
    older.inputs.insert(older.inputs.begin(), {0, runs[i].id, runs[i].files});
    below.inputs.insert(below.inputs.begin(), older.inputs.front());
    const uint64_t now = Distinct(older);
    const uint64_t now_in_all = Distinct(below);
    repeats.push_back(
        {runs[i].id, distinct + entries - std::min(distinct + entries, now),
         distinct_in_all + entries - std::min(distinct_in_all + entries, now_in_all)});
    distinct = now;
    distinct_in_all = now_in_all;
  }
  return repeats;
}

VersionEdit LargeTree::EditOf(const Pick& pick, uint64_t* bytes) {
  VersionEdit edit;
  Timestamp min_ts = kMaxTimestamp;
  Timestamp max_ts = 0;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      min_ts = std::min(min_ts, file->min_ts);
      max_ts = std::max(max_ts, file->max_ts);
    }
  }
  AddFiles(MergedPieces(pick), pick.output_level, pick.output_run_id, pick.into_one_file, min_ts,
           max_ts, &edit);
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    *bytes += added.file.bytes;
  }
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      edit.removed_files.push_back({input.level, file->number});
      entries_.erase(file->number);
    }
  }
  if (pick.cursor.has_value()) {
    edit.cursors.push_back(*pick.cursor);
  }
  return edit;
}

}  // namespace veralith
