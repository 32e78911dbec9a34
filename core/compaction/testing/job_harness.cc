// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/testing/job_harness.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/status.h"
#include "core/compaction/testing/test_options.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "core/memtable/memtable.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/read/segment_reader.h"

namespace veralith {
namespace {

// Fills commit by commit: range deletes come before the entries of their own commit.
MemtableRef Filled(const History& history, uint64_t id) {
  MemtableRef memtable = MemtableRef::Make(id);
  std::vector<const OwnedEntry*> entries;
  for (const OwnedEntry& entry : history.entries) {
    entries.push_back(&entry);
  }
  std::sort(entries.begin(), entries.end(),
            [](const OwnedEntry* a, const OwnedEntry* b) { return a->ts < b->ts; });
  for (const OwnedRangeTombstone& range : history.ranges) {
    memtable->AddRangeTombstone(range.view());
  }
  for (const OwnedEntry* entry : entries) {
    memtable->Add(entry->view());
  }
  return memtable;
}

bool IsOutside(const FileMeta& file, const EntryView& entry) {
  return !Contains(file, entry.ns, entry.key) || entry.ts < file.min_ts || entry.ts > file.max_ts;
}

}  // namespace

CompactionOptions TinyCompactionOptions() {
  CompactionOptions options = TestCompactionOptions();
  options.target_file_bytes = 1;  // a file per user key, nearly
  options.level0_trigger_runs = 2;
  options.tier_trigger_runs = 2;
  options.level_base_bytes = 20'000;
  options.level_multiplier = 2;
  options.max_job_bytes = 1 << 20;
  options.max_grandparent_overlap_bytes = 10'000;
  options.format_of_level = {};
  return options;
}

SegmentOptions TinySegmentOptions() {
  SegmentOptions options;
  options.key_page_bytes = 16;
  options.value_page_bytes = 16;
  options.timestamp_page_rows = 3;
  options.namespace_page_rows = 5;
  options.row_group_rows = 4;
  options.write_parquet_bloom_filter = false;
  return options;
}

JobHarness::JobHarness(FileSystem* fs, std::string directory, const CompactionOptions& options,
                       CompactionPolicyKind kind)
    : fs_(fs),
      directory_(std::move(directory)),
      options_(options),
      policy_(NewCompactionPolicy(kind, options)) {}

JobEnvironment JobHarness::Environment() {
  JobEnvironment environment;
  environment.fs = fs_;
  environment.directory = directory_;
  environment.job_id = next_job_++;
  environment.new_file_number = [this] { return next_number_.FetchAdd(1); };
  environment.segment_options = [this](int, bool) { return segment_options_; };
  environment.cancel = {&cancel};
  environment.executor = executor;
  environment.progress = progress;
  return environment;
}

absl::Status JobHarness::Flush(const std::vector<History>& memtables,
                               const std::vector<Timestamp>& points) {
  std::vector<MemtableRef> held;
  FlushRequest request;
  for (const History& history : memtables) {
    held.push_back(Filled(history, held.size() + 1));
    request.memtables.push_back(held.back().get());
  }
  request.points = points;
  request.version = version_;
  request.run_id = next_run_++;
  VERALITH_ASSIGN_OR_RETURN(prepared_, RunFlush(Environment(), options_, request));
  return Install(prepared_);
}

absl::Status JobHarness::Run(const Pick& pick, const std::vector<Timestamp>& points) {
  VERALITH_RETURN_IF_ERROR(Prepare(pick, points));
  return Install(prepared_);
}

absl::Status JobHarness::Prepare(const Pick& pick, const std::vector<Timestamp>& points) {
  CompactionRequest request;
  request.version = version_;
  request.pick = pick;
  request.points = points;
  request.open_segment = [this](const FileMeta& file) { return OpenSegment(file); };
  VERALITH_ASSIGN_OR_RETURN(prepared_, RunCompaction(Environment(), options_, request));
  return absl::OkStatus();
}

absl::StatusOr<bool> JobHarness::CompactOnce(const std::vector<Timestamp>& points) {
  const std::optional<Pick> pick = policy_->PickCompaction({version_.get(), {}, points, {}});
  if (!pick.has_value()) {
    return false;
  }
  VERALITH_RETURN_IF_ERROR(Run(*pick, points));
  return true;
}

absl::Status JobHarness::CompactRange(const KeyRange& range, const std::vector<Timestamp>& points) {
  ManualCompaction manual{range, next_number_.Load()};
  while (true) {
    const ManualDecision decision = policy_->PickManual({version_.get(), {}, points, {}}, &manual);
    if (decision.kind != ManualDecision::Kind::kPick) {
      return decision.kind == ManualDecision::Kind::kDone ? absl::OkStatus()
                                                          : FailedPrecondition("waits for nothing");
    }
    VERALITH_RETURN_IF_ERROR(Run(*decision.pick, points));
  }
}

absl::Status JobHarness::Install(const JobResult& result) {
  VERALITH_ASSIGN_OR_RETURN(Version next, version_->Apply(result.edit));
  VERALITH_RETURN_IF_ERROR(next.CheckInvariants());
  for (const VersionEdit::RemovedFile& removed : result.edit.removed_files) {
    if (next.Find(removed.number) == nullptr) {
      VERALITH_RETURN_IF_ERROR(fs_->Remove(JoinPath(directory_, SegmentFileName(removed.number))));
    }
  }
  version_ = std::make_shared<const Version>(std::move(next));
  history_floor_ = std::max(history_floor_, result.edit.history_floor.value_or(0));
  last_timestamp_ = std::max(last_timestamp_, result.edit.last_timestamp.value_or(0));
  last_result_ = result;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<SegmentReader>> JobHarness::OpenSegment(const FileMeta& file) const {
  VERALITH_ASSIGN_OR_RETURN(
      std::unique_ptr<File> handle,
      fs_->Open(JoinPath(directory_, SegmentFileName(file.number)), OpenMode::kRead));
  SegmentReaderOptions options;
  options.expected_file_bytes = file.bytes;
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<SegmentReader> reader,
                            SegmentReader::Open(std::move(handle), options));
  return std::shared_ptr<SegmentReader>(std::move(reader));
}

absl::Status JobHarness::ReadFile(const FileMeta& file, History* history) const {
  VERALITH_ASSIGN_OR_RETURN(const std::shared_ptr<SegmentReader> reader, OpenSegment(file));
  const std::unique_ptr<VersionStream> iterator = reader->NewStream(false);
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++entries) {
    if (IsOutside(file, iterator->entry())) {
      return DataLoss("an entry lies outside the bounds of " + DebugString(file));
    }
    tombstones += iterator->entry().kind == EntryKind::kDelete ? 1 : 0;
    history->entries.emplace_back(iterator->entry());
  }
  VERALITH_RETURN_IF_ERROR(iterator->status());
  for (const RangeTombstoneView& range : reader->range_tombstones()) {
    if (!Contains(file, range.ns, range.begin) || range.ts < file.min_ts ||
        range.ts > file.max_ts) {
      return DataLoss("a range tombstone lies outside the bounds of " + DebugString(file));
    }
    history->ranges.push_back(
        {range.ns, std::string(range.begin), std::string(range.end), range.open_end, range.ts});
  }
  const bool counts = entries == file.entries && tombstones == file.tombstones &&
                      reader->range_tombstones().size() == file.range_tombstones;
  return counts ? absl::OkStatus() : DataLoss("counts differ from " + DebugString(file));
}

absl::StatusOr<History> JobHarness::ReadAll() const {
  History all;
  std::map<UserKey, Timestamp> oldest_above;
  for (int level = 0; level < kLevels; ++level) {
    for (const veralith::Run& run : version_->runs(level)) {
      History part;
      for (const FileRef& file : run.files) {
        VERALITH_RETURN_IF_ERROR(ReadFile(*file, &part));
      }
      for (const OwnedEntry& entry : part.entries) {
        const auto above = oldest_above.find({entry.ns, entry.key});
        if (above != oldest_above.end() && entry.ts >= above->second) {
          return DataLoss("a newer version lies beneath an older one");
        }
      }
      for (const OwnedEntry& entry : part.entries) {
        const auto [place, is_new] = oldest_above.try_emplace({entry.ns, entry.key}, entry.ts);
        place->second = std::min(place->second, entry.ts);
      }
      all.Append(part);
    }
  }
  return all;
}

absl::StatusOr<History> JobHarness::ReadOutputs(const JobResult& result) const {
  History all;
  for (const VersionEdit::AddedFile& added : result.edit.added_files) {
    VERALITH_RETURN_IF_ERROR(ReadFile(added.file, &all));
  }
  return all;
}

absl::Status JobHarness::CheckOutputs(const JobResult& result) const {
  for (const VersionEdit::AddedFile& added : result.edit.added_files) {
    VERALITH_ASSIGN_OR_RETURN(const std::shared_ptr<SegmentReader> reader, OpenSegment(added.file));
    VERALITH_RETURN_IF_ERROR(CheckSegment(*reader));
  }
  return absl::OkStatus();
}

std::vector<std::string> JobHarness::FilesOnDisk() const {
  const absl::StatusOr<std::vector<std::string>> names = fs_->List(directory_);
  return names.ok() ? *names : std::vector<std::string>{ToString(names.status())};
}

std::vector<std::string> JobHarness::LiveFiles() const {
  std::vector<std::string> names;
  for (const uint64_t number : version_->FileNumbers()) {
    names.push_back(SegmentFileName(number));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace veralith
