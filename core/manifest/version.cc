// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/version.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/entry.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

// True if every key that `upper` admits is below (ns, key).
bool EndsBefore(const KeyBound& upper, NamespaceId ns, std::string_view key) {
  return !IsWithin(ns, key, upper);
}

bool StartsBefore(const FileMeta& a, const FileMeta& b) {
  return CompareUserKeys(a.smallest_ns, a.smallest_key, b.smallest_ns, b.smallest_key) < 0;
}

bool Disjoint(const FileMeta& first, const FileMeta& second) {
  return EndsBefore(first.largest, second.smallest_ns, second.smallest_key);
}

std::string PlaceText(int level, uint64_t run_id) {
  return "level " + std::to_string(level) + " run " + std::to_string(run_id);
}

// Keys as people read them: printable ASCII in quotes, the rest as \xNN.
std::string Quoted(std::string_view key) {
  constexpr size_t kShown = 40;
  std::string text = "\"";
  for (const char c : key.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text.append(1, '\\').append(1, c);
    } else if (byte >= 0x20 && byte < 0x7f) {
      text.append(1, c);
    } else {
      constexpr char kHex[] = "0123456789abcdef";
      text.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    }
  }
  text.append("\"");
  if (key.size() > kShown) {
    text.append("... (").append(std::to_string(key.size())).append(" bytes)");
  }
  return text;
}

// Invariant 4: returns what is wrong with a file's own numbers; nothing if all is well.
std::string FileFault(const FileMeta& file) {
  if (file.number == 0) {
    return "has number 0";
  }
  if (EndsBefore(file.largest, file.smallest_ns, file.smallest_key)) {
    return "ends before it begins";
  }
  if (file.smallest_ns > kMaxNamespace || file.largest.ns > kMaxNamespace) {
    return "has a namespace beyond the limit";
  }
  if (file.largest.kind == KeyBound::Kind::kNamespaceEnd && !file.largest.key.empty()) {
    return "has a key in an open bound";
  }
  if (file.min_ts > file.max_ts) {
    return "has timestamps that end before they begin";
  }
  if (file.tombstones > file.entries || file.superseded > file.entries) {
    return "counts more tombstones or superseded entries than entries";
  }
  return "";
}

absl::Status CheckFile(const FileMeta& file) {
  const std::string fault = FileFault(file);
  return fault.empty() ? absl::OkStatus() : DataLoss(DebugString(file) + " " + fault);
}

// The first file of the run that does not end before (ns, key).
std::vector<FileRef>::const_iterator FirstNotBefore(const std::vector<FileRef>& files,
                                                    NamespaceId ns, std::string_view key) {
  return std::partition_point(files.begin(), files.end(), [&](const FileRef& file) {
    return EndsBefore(file->largest, ns, key);
  });
}

// Returns where `file` is in a sorted run, or where it belongs.
std::vector<FileRef>::const_iterator PositionOf(const std::vector<FileRef>& files,
                                                const FileMeta& file) {
  return std::partition_point(files.begin(), files.end(),
                              [&](const FileRef& other) { return StartsBefore(*other, file); });
}

bool RunOverlaps(const std::vector<FileRef>& files, const KeyRange& range) {
  const auto it = FirstNotBefore(files, range.smallest_ns, range.smallest_key);
  return it != files.end() && Overlaps(**it, range);
}

}  // namespace

// --- Bounds ------------------------------------------------------------------------------------

KeyRange RangeOf(const FileMeta& file) {
  return {file.smallest_ns, file.smallest_key, file.largest};
}

bool Contains(const FileMeta& file, NamespaceId ns, std::string_view key) {
  return CompareUserKeys(file.smallest_ns, file.smallest_key, ns, key) <= 0 &&
         IsWithin(ns, key, file.largest);
}

bool Overlaps(const FileMeta& file, const KeyRange& range) {
  return !IsEmpty(range) && !EndsBefore(file.largest, range.smallest_ns, range.smallest_key) &&
         !EndsBefore(range.largest, file.smallest_ns, file.smallest_key);
}

KeyRange HullOf(std::span<const FileRef> files) {
  VERALITH_CHECK(!files.empty());
  KeyRange hull = RangeOf(*files.front());
  for (const FileRef& file : files.subspan(1)) {
    hull = UnionOf(hull, RangeOf(*file));
  }
  return hull;
}

std::span<const FileRef> OverlappingFiles(std::span<const FileRef> run, const KeyRange& range) {
  const auto first = std::partition_point(run.begin(), run.end(), [&](const FileRef& file) {
    return EndsBefore(file->largest, range.smallest_ns, range.smallest_key);
  });
  const auto last = std::partition_point(first, run.end(), [&](const FileRef& file) {
    return IsWithin(file->smallest_ns, file->smallest_key, range.largest);
  });
  return {first, last};
}

// --- Sums ----------------------------------------------------------------------------------------

namespace {

bool HasGarbage(const FileMeta& file) {
  return file.superseded > 0 || file.tombstones > 0 || file.range_tombstones > 0;
}

}  // namespace

void Version::Sums::Add(const FileMeta& file) {
  ++files;
  bytes += file.bytes;
  with_garbage += HasGarbage(file) ? 1 : 0;
}

void Version::Sums::Subtract(const FileMeta& file) {
  --files;
  bytes -= file.bytes;
  with_garbage -= HasGarbage(file) ? 1 : 0;
}

// --- Apply -------------------------------------------------------------------------------------

absl::StatusOr<Version> Version::Apply(const VersionEdit& edit) const& {
  return Version(*this).Apply(edit);
}

absl::StatusOr<Version> Version::Apply(const VersionEdit& edit) && {
  VERALITH_RETURN_IF_ERROR(ApplyInPlace(edit));
  return std::move(*this);
}

absl::Status Version::ApplyInPlace(const VersionEdit& edit) {
  for (const VersionEdit::RemovedFile& removed : edit.removed_files) {
    VERALITH_RETURN_IF_ERROR(RemoveFile(removed));
  }
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    VERALITH_RETURN_IF_ERROR(AddFile(added));
  }
  for (const VersionEdit::Cursor& cursor : edit.cursors) {
    if (cursor.level < 0 || cursor.level >= kLevels) {
      return DataLoss("a cursor for level " + std::to_string(cursor.level));
    }
    levels_[cursor.level].cursor = Cursor{cursor.ns, cursor.key};
  }
  return absl::OkStatus();
}

absl::Status Version::RemoveFile(const VersionEdit::RemovedFile& removed) {
  const Place* place = Find(removed.number);
  if (place == nullptr || place->level != removed.level) {
    return DataLoss("removes " + SegmentFileName(removed.number) + " from level " +
                    std::to_string(removed.level) + ", which does not hold it");
  }
  std::vector<Run>& runs = levels_[place->level].runs;
  const auto run =
      std::find_if(runs.begin(), runs.end(), [&](const Run& r) { return r.id == place->run_id; });
  VERALITH_CHECK(run != runs.end());
  const auto file = PositionOf(run->files, *place->file);
  VERALITH_CHECK(file != run->files.end() && *file == place->file);
  levels_[place->level].sums.Subtract(*place->file);
  run->files.erase(file);
  if (run->files.empty()) {
    runs.erase(run);
  }
  places_.erase(places_.begin() + (place - places_.data()));
  return absl::OkStatus();
}

absl::Status Version::AddFile(const VersionEdit::AddedFile& added) {
  if (added.level < 0 || added.level >= kLevels) {
    return DataLoss("adds a file to level " + std::to_string(added.level));
  }
  VERALITH_RETURN_IF_ERROR(CheckFile(added.file));
  const auto place =
      std::lower_bound(places_.begin(), places_.end(), added.file.number,
                       [](const Place& p, uint64_t number) { return p.number < number; });
  if (place != places_.end() && place->number == added.file.number) {
    return DataLoss("adds " + SegmentFileName(added.file.number) + ", which " +
                    PlaceText(place->level, place->run_id) + " holds already");
  }
  std::vector<Run>& runs = levels_[added.level].runs;
  auto run = std::partition_point(runs.begin(), runs.end(),
                                  [&](const Run& r) { return r.id > added.run_id; });
  if (run == runs.end() || run->id != added.run_id) {
    run = runs.insert(run, Run{added.run_id, {}});
  }
  std::vector<FileRef>& files = run->files;
  const auto next = PositionOf(files, added.file);
  const FileRef* neighbour = nullptr;
  if (next != files.end() && !Disjoint(added.file, **next)) {
    neighbour = &*next;
  } else if (next != files.begin() && !Disjoint(**std::prev(next), added.file)) {
    neighbour = &*std::prev(next);
  }
  if (neighbour != nullptr) {
    return DataLoss("adds " + veralith::DebugString(added.file) + " to " +
                    PlaceText(added.level, added.run_id) + ", where it overlaps " +
                    veralith::DebugString(**neighbour));
  }
  const auto file = std::make_shared<const FileMeta>(added.file);
  files.insert(next, file);
  levels_[added.level].sums.Add(*file);
  places_.insert(place, Place{added.file.number, added.level, added.run_id, file});
  return absl::OkStatus();
}

// --- Invariants ----------------------------------------------------------------------------------

namespace {

absl::Status CheckRun(const Run& run, const std::string& where) {
  if (run.files.empty()) {
    return DataLoss(where + " has no files");
  }
  for (size_t i = 0; i < run.files.size(); ++i) {
    VERALITH_RETURN_IF_ERROR(Annotate(CheckFile(*run.files[i]), where));
    if (i > 0 && !Disjoint(*run.files[i - 1], *run.files[i])) {
      return DataLoss(where + ": " + DebugString(*run.files[i - 1]) + " and " +
                      DebugString(*run.files[i]) + " overlap or are out of order");
    }
  }
  return absl::OkStatus();
}

std::pair<Timestamp, Timestamp> TimestampsOf(const Run& run) {
  std::pair<Timestamp, Timestamp> range{kMaxTimestamp, 0};
  for (const FileRef& file : run.files) {
    range.first = std::min(range.first, file->min_ts);
    range.second = std::max(range.second, file->max_ts);
  }
  return range;
}

absl::Status CheckRunOrder(int level, const Run& newer, const Run& older) {
  if (newer.id <= older.id) {
    return DataLoss(PlaceText(level, newer.id) + " comes before run " + std::to_string(older.id));
  }
  if (level == 0 && TimestampsOf(newer).first <= TimestampsOf(older).second) {
    return DataLoss(PlaceText(level, newer.id) + " holds timestamps from " +
                    std::to_string(TimestampsOf(newer).first) + ", but the older run " +
                    std::to_string(older.id) + " goes up to " +
                    std::to_string(TimestampsOf(older).second));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Version::CheckInvariants(int tiered_levels) const {
  std::map<uint64_t, Place> seen;
  for (int level = 0; level < kLevels; ++level) {
    const std::vector<Run>& runs = levels_[level].runs;
    Sums sums;
    if (level >= tiered_levels && runs.size() > 1) {
      return DataLoss("level " + std::to_string(level) + " has " + std::to_string(runs.size()) +
                      " runs, and holds one");
    }
    for (size_t i = 0; i < runs.size(); ++i) {
      if (i > 0) {
        VERALITH_RETURN_IF_ERROR(CheckRunOrder(level, runs[i - 1], runs[i]));
      }
      VERALITH_RETURN_IF_ERROR(CheckRun(runs[i], PlaceText(level, runs[i].id)));
      for (const FileRef& file : runs[i].files) {
        sums.Add(*file);
        if (!seen.emplace(file->number, Place{file->number, level, runs[i].id, file}).second) {
          return DataLoss(SegmentFileName(file->number) + " occurs twice");
        }
      }
    }
    VERALITH_CHECK(sums == levels_[level].sums);
  }
  const bool index_agrees = std::equal(
      places_.begin(), places_.end(), seen.begin(), seen.end(), [](const Place& a, const auto& b) {
        return a.number == b.first && a.level == b.second.level && a.run_id == b.second.run_id &&
               a.file == b.second.file;
      });
  VERALITH_CHECK(index_agrees);
  return absl::OkStatus();
}

// --- Queries -------------------------------------------------------------------------------------

const Version::Place* Version::Find(uint64_t number) const {
  const auto it = std::lower_bound(places_.begin(), places_.end(), number,
                                   [](const Place& place, uint64_t n) { return place.number < n; });
  return it != places_.end() && it->number == number ? &*it : nullptr;
}

FileRef Version::FindFile(uint64_t number) const {
  const Place* place = Find(number);
  return place == nullptr ? nullptr : place->file;
}

std::vector<FileRef> Version::Overlapping(int level, const KeyRange& range) const {
  std::vector<FileRef> found;
  for (const Run& run : levels_[level].runs) {
    for (auto it = FirstNotBefore(run.files, range.smallest_ns, range.smallest_key);
         it != run.files.end() && Overlaps(**it, range); ++it) {
      found.push_back(*it);
    }
  }
  return found;
}

const FileRef* Version::FileFor(const Run& run, NamespaceId ns, std::string_view key) {
  const auto it = FirstNotBefore(run.files, ns, key);
  return it != run.files.end() && Contains(**it, ns, key) ? &*it : nullptr;
}

uint64_t Version::Bytes() const {
  uint64_t bytes = 0;
  for (int level = 0; level < kLevels; ++level) {
    bytes += Bytes(level);
  }
  return bytes;
}

int Version::DeepestLevel() const {
  int level = kLevels - 1;
  while (level >= 0 && levels_[level].runs.empty()) {
    --level;
  }
  return level;
}

std::vector<uint64_t> Version::FileNumbers() const {
  std::vector<uint64_t> numbers;
  numbers.reserve(places_.size());
  for (const Place& place : places_) {
    numbers.push_back(place.number);
  }
  return numbers;
}

VersionEdit Version::Snapshot() const {
  VersionEdit edit;
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : levels_[level].runs) {
      for (const FileRef& file : run.files) {
        edit.added_files.push_back({level, run.id, *file});
      }
    }
    if (const std::optional<Cursor>& cursor = levels_[level].cursor; cursor.has_value()) {
      edit.cursors.push_back({level, cursor->ns, cursor->key});
    }
  }
  return edit;
}

// --- For people ----------------------------------------------------------------------------------

std::string DebugString(const KeyBound& bound) {
  const std::string ns = std::to_string(bound.ns) + ":";
  switch (bound.kind) {
    case KeyBound::Kind::kInclusive:
      return ns + Quoted(bound.key) + "]";
    case KeyBound::Kind::kExclusive:
      return ns + Quoted(bound.key) + ")";
    case KeyBound::Kind::kNamespaceEnd:
      return ns + "end]";
  }
  return "?";
}

std::string DebugString(const FileMeta& file) {
  std::string text = SegmentFileName(file.number) + " [" + std::to_string(file.smallest_ns) + ":" +
                     Quoted(file.smallest_key) + ", " + DebugString(file.largest) + " " +
                     std::to_string(file.entries) + " entries";
  if (file.range_tombstones > 0) {
    text += ", " + std::to_string(file.range_tombstones) + " range tombstones";
  }
  return text + ", " + std::to_string(file.bytes) + " bytes, ts " + std::to_string(file.min_ts) +
         ".." + std::to_string(file.max_ts);
}

std::string Version::DebugString() const {
  std::string text;
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : levels_[level].runs) {
      text += PlaceText(level, run.id) + ":\n";
      for (const FileRef& file : run.files) {
        text += "  " + veralith::DebugString(*file) + "\n";
      }
    }
    if (const std::optional<Cursor>& cursor = levels_[level].cursor; cursor.has_value()) {
      text += "level " + std::to_string(level) + " goes on at " + std::to_string(cursor->ns) + ":" +
              Quoted(cursor->key) + "\n";
    }
  }
  return text.empty() ? "no files\n" : text;
}

// --- OlderFiles ----------------------------------------------------------------------------------

OlderFiles::OlderFiles(std::shared_ptr<const Version> version, std::vector<uint64_t> inputs)
    : version_(std::move(version)) {
  std::sort(inputs.begin(), inputs.end());
  Collect(inputs);
}

OlderFiles::OlderFiles(std::shared_ptr<const Version> version) : version_(std::move(version)) {
  Collect({});
}

void OlderFiles::Collect(const std::vector<uint64_t>& sorted_inputs) {
  // The newest place of an input; before everything if there is none (a flush).
  int newest_level = sorted_inputs.empty() ? -1 : kLevels;
  uint64_t newest_run = 0;
  for (const uint64_t number : sorted_inputs) {
    const Version::Place* place = version_->Find(number);
    VERALITH_CHECK(place != nullptr);
    if (place->level < newest_level ||
        (place->level == newest_level && place->run_id > newest_run)) {
      newest_level = place->level;
      newest_run = place->run_id;
    }
  }
  for (int level = std::max(newest_level, 0); level < kLevels; ++level) {
    for (const Run& run : version_->runs(level)) {
      if (level == newest_level && run.id > newest_run) {
        continue;
      }
      OlderRun older;
      for (const FileRef& file : run.files) {
        if (!std::binary_search(sorted_inputs.begin(), sorted_inputs.end(), file->number)) {
          older.files.push_back(file);
        }
      }
      if (!older.files.empty()) {
        runs_.push_back(std::move(older));
      }
    }
  }
}

bool OlderFiles::MayContain(NamespaceId ns, std::string_view key) const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const OlderRun& run) {
    const auto it = FirstNotBefore(run.files, ns, key);
    return it != run.files.end() && Contains(**it, ns, key);
  });
}

bool OlderFiles::MayOverlap(const KeyRange& range) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [&](const OlderRun& run) { return RunOverlaps(run.files, range); });
}

}  // namespace veralith
