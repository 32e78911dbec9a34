// SPDX-License-Identifier: Apache-2.0

#include "veralith/repair.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "core/base/no_memory.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_mapping.h"
#include "core/format/entry.h"
#include "core/format/key_range.h"
#include "core/format/segment_block.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/manifest/manifest_state.h"
#include "core/repair/repair_catalog.h"
#include "core/repair/repair_logs.h"
#include "core/repair/repair_rewrite.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/check/segment_salvage.h"
#include "core/segment/read/segment_reader.h"
#include "core/version_set/segment_opener.h"
#include "veralith/file_system.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

constexpr int kMostLevels = 64;  // of directories above a target

std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

const char* NameOf(SegmentSalvage::Basis basis) {
  switch (basis) {
    case SegmentSalvage::Basis::kBlock:
      return "the segment block";
    case SegmentSalvage::Basis::kFooter:
      return "the footer";
    case SegmentSalvage::Basis::kPages:
      return "its pages alone";
  }
  return "";
}

class Repairer {
 public:
  Repairer(const Options& options, std::string source, std::string target,
           const RepairOptions& repair, RepairReport* report)
      : options_(options),
        fs_(options.file_system != nullptr ? *options.file_system : *PosixFileSystem()),
        source_(WithoutSlashes(std::move(source))),
        target_(WithoutSlashes(std::move(target))),
        repair_(repair),
        report_(*report) {}

  absl::Status Run() {
    VERALITH_RETURN_IF_ERROR(CheckOptions(options_));
    // The paths stay right wherever the program goes.
    VERALITH_ASSIGN_OR_RETURN(source_, fs_.Absolute(source_));
    VERALITH_ASSIGN_OR_RETURN(target_, fs_.Absolute(target_));
    VERALITH_RETURN_IF_ERROR(LockSource());
    VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(source_));
    VERALITH_RETURN_IF_ERROR(CheckIsDatabase(names));
    if (repair_.dry_run) {
      return Salvage(names);
    }
    VERALITH_RETURN_IF_ERROR(PrepareTarget(names));
    absl::Status status = Salvage(names);
    if (status.ok()) {
      status = WriteResult();
    }
    if (!status.ok()) {
      Discard();
    }
    return status;
  }

 private:
  // Held until the end: a writer would replace what is being read.
  absl::Status LockSource() {
    auto file = fs_.Lock(JoinPath(source_, kLockFileName), LockMode::kShared);
    auto itself = fs_.LockDirectory(source_, LockMode::kShared);
    for (auto* lock : {&file, &itself}) {
      if (lock->ok()) {
        source_locks_.push_back(*std::move(*lock));
      } else if (!absl::IsNotFound(lock->status()) && !absl::IsUnimplemented(lock->status())) {
        return lock->status();
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckIsDatabase(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      const auto file = ParseFileName(name);
      if (file.has_value() && file->kind != FileKind::kLock) {
        return absl::OkStatus();
      }
    }
    return NotFound(source_ + ": no file of a database is here");
  }

  // Compares what the paths lead to, not how they are written: a directory above the target that
  // holds the names of the source is the source (or its copy, in which nobody wants a database).
  bool TargetIsInside(const std::vector<std::string>& names) const {
    std::string above = ParentPath(target_);
    for (int level = 0; level < kMostLevels; ++level, above += "/..") {
      const auto listed = fs_.List(above);
      if (!listed.ok()) {
        return false;
      }
      if (*listed == names) {
        return true;
      }
    }
    return false;
  }

  absl::Status PrepareTarget(const std::vector<std::string>& names) {
    if (target_ == source_ || target_.starts_with(source_ + "/") || TargetIsInside(names)) {
      return InvalidArgument(target_ + ": the target must not be inside the source, " + source_);
    }
    VERALITH_ASSIGN_OR_RETURN(const bool exists, fs_.Exists(target_));
    if (exists) {
      VERALITH_RETURN_IF_ERROR(CheckTargetIsEmpty());
    } else {
      made_target_ = true;
      VERALITH_RETURN_IF_ERROR(fs_.CreateDirectory(target_));
    }
    // Another repair, or a database that is just being made there, keeps this one out.
    VERALITH_ASSIGN_OR_RETURN(target_lock_,
                              fs_.Lock(JoinPath(target_, kLockFileName), LockMode::kExclusive));
    absl::Status empty = CheckTargetIsEmpty();
    if (!empty.ok()) {
      target_lock_.reset();
    }
    return empty;
  }

  // Checks that the target is empty, except for our lock.
  absl::Status CheckTargetIsEmpty() const {
    VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> there, fs_.List(target_));
    for (const std::string& name : there) {
      if (name != kLockFileName || target_lock_ == nullptr) {
        return AlreadyExists(target_ + ": the target must be missing or empty; it holds " + name);
      }
    }
    return absl::OkStatus();
  }

  // The target was empty and is locked, so everything in it is ours. Before CURRENT exists it is no
  // database.
  void Discard() {
    rewrite_.reset();
    if (const auto names = fs_.List(target_); names.ok()) {
      for (const std::string& name : *names) {
        fs_.Remove(JoinPath(target_, name)).IgnoreError();
      }
    }
    if (made_target_) {
      fs_.RemoveDirectory(target_).IgnoreError();
    }
  }

  // --- Reading -----------------------------------------------------------------------------------

  absl::Status Salvage(const std::vector<std::string>& names) {
    catalog_ = BuildRepairCatalog(fs_, source_, names, &report_);
    rewrite_ = std::make_unique<RepairRewrite>(options_, fs_, target_, catalog_.next_file_number);
    newest_ = catalog_.timestamp_ceiling;
    MeasureSources();
    for (const uint64_t number : catalog_.segments) {
      VERALITH_RETURN_IF_ERROR(SalvageSegmentFile(number));
      Progress(SegmentFileName(number));
    }
    VERALITH_RETURN_IF_ERROR(SalvageLogFiles());
    NameWhatMayBeBack();
    for (const RepairReport::Kept& kept : report_.kept) {
      report_.min_ts = report_.min_ts == 0 ? kept.min_ts : std::min(report_.min_ts, kept.min_ts);
      report_.max_ts = std::max(report_.max_ts, kept.max_ts);
    }
    if (report_.kept.empty() && !report_.lost.empty()) {
      return DataLoss(source_ + ": nothing could be recovered: " + report_.lost[0].file + ": " +
                      report_.lost[0].what);
    }
    return absl::OkStatus();
  }

  uint64_t SizeOf(const std::string& name) const {
    const auto file = fs_.Open(JoinPath(source_, name), OpenMode::kRead);
    return file.ok() ? (*file)->Size().value_or(0) : 0;
  }

  void MeasureSources() {
    for (const uint64_t number : catalog_.segments) {
      bytes_to_read_ += SizeOf(SegmentFileName(number));
    }
    for (const auto& [number, id] : catalog_.logs) {
      bytes_to_read_ += SizeOf(LogFileName(number));
    }
  }

  void Progress(const std::string& name) {
    bytes_read_ += SizeOf(name);
    if (repair_.progress != nullptr) {
      repair_.progress("reading", bytes_read_, bytes_to_read_);
    }
  }

  absl::Status SalvageSegmentFile(uint64_t number) {
    const std::string path = JoinPath(source_, SegmentFileName(number));
    auto file = fs_.Open(path, OpenMode::kRead);
    absl::Status status = file.status();
    if (status.ok()) {
      const auto reader = SegmentReader::Open(*std::move(file), {});
      status = reader.ok() ? CheckSegment(**reader) : reader.status();
      if (status.ok()) {
        const auto recorded = catalog_.recorded.find(number);
        const absl::Status same =
            recorded == catalog_.recorded.end()
                ? absl::OkStatus()
                : CheckIsAsRecorded(path, (*reader)->summary(), recorded->second);
        same.ok() ? TakeWhole(number, path, **reader) : LeaveOut(number, same);
        return absl::OkStatus();
      }
      file = fs_.Open(path, OpenMode::kRead);
    }
    if (!file.ok()) {
      report_.lost.push_back(
          {SegmentFileName(number), std::nullopt, "the whole segment: " + ToString(file.status())});
      return absl::OkStatus();
    }
    return TakeReadableRows(number, path, **file, status);
  }

  // A lost row can be a tombstone, and the newest of its key. (Logs hold nothing older than
  // segments do, and are taken up to the first loss.)
  void NameWhatMayBeBack() {
    std::set<std::string> files;
    for (const RepairReport::Lost& lost : report_.lost) {
      const auto file = ParseFileName(lost.file);
      if (file.has_value() && file->kind == FileKind::kSegment && files.insert(lost.file).second) {
        report_.risks.push_back(
            lost.file +
            ": what the lost rows and range deletes had deleted or replaced may be back");
      }
    }
  }

  // Numbers are used once: another segment under this name belongs to another database.
  void LeaveOut(uint64_t number, const absl::Status& difference) {
    report_.lost.push_back({SegmentFileName(number), std::nullopt,
                            "the whole segment: " + std::string(Message(difference))});
  }

  void TakeWhole(uint64_t number, const std::string& path, const SegmentReader& reader) {
    const SegmentSummary& summary = reader.summary();
    rewrite_->AddSource(path, summary);
    for (const RangeTombstoneView& tombstone : reader.range_tombstones()) {
      rewrite_->AddRangeTombstone(tombstone);
    }
    newest_ = std::max(newest_, summary.max_ts);
    report_.kept.push_back({SegmentFileName(number), summary.entries, summary.range_tombstones,
                            summary.min_ts, summary.max_ts});
  }

  // Returns false if the manifest records another segment: then none of its rows was written here.
  static bool MayBeRecorded(const FileMeta& recorded, const SegmentCounts& block) {
    return block.rows == recorded.entries && block.tombstones == recorded.tombstones &&
           block.range_tombstones == recorded.range_tombstones && block.min_ts == recorded.min_ts &&
           block.max_ts == recorded.max_ts;
  }
  static bool MayBeRecorded(const FileMeta& recorded, const EntryView& entry) {
    return entry.ts >= recorded.min_ts && entry.ts <= recorded.max_ts &&
           CompareUserKeys(entry.ns, entry.key, recorded.smallest_ns, recorded.smallest_key) >= 0 &&
           IsWithin(entry.ns, entry.key, recorded.largest);
  }

  absl::Status TakeReadableRows(uint64_t number, const std::string& path, const File& file,
                                const absl::Status& damage) {
    RepairReport::Kept kept;
    kept.file = SegmentFileName(number);
    const auto see = [&](Timestamp ts) {
      kept.min_ts = kept.min_ts == 0 ? ts : std::min(kept.min_ts, ts);
      kept.max_ts = std::max(kept.max_ts, ts);
    };
    const auto recorded = catalog_.recorded.find(number);
    const bool is_known = recorded != catalog_.recorded.end();
    bool is_ours = true;  // as far as the rows read so far tell
    StagingSegment staging = rewrite_->NewStaging();
    std::vector<OwnedRangeTombstone> tombstones;
    SegmentReceiver receiver;
    receiver.entry = [&](const EntryView& entry) {
      ++kept.entries;
      see(entry.ts);
      is_ours = is_ours && (!is_known || MayBeRecorded(recorded->second, entry));
      return repair_.dry_run || !is_ours ? absl::OkStatus() : staging.Add(entry);
    };
    receiver.range_tombstone = [&](const RangeTombstoneView& tombstone) {
      ++kept.range_tombstones;
      see(tombstone.ts);
      tombstones.push_back({tombstone.ns, std::string(tombstone.begin), std::string(tombstone.end),
                            tombstone.open_end, tombstone.ts});
      return absl::OkStatus();
    };
    VERALITH_ASSIGN_OR_RETURN(
        const SegmentSalvage salvage,
        SalvageSegment(file, SegmentReaderOptions().memory_limit_bytes, receiver));
    if (is_known && salvage.counts.has_value()) {
      is_ours = is_ours && MayBeRecorded(recorded->second, *salvage.counts);
    }
    if (!is_ours) {
      LeaveOut(number,
               DataLoss(StrCat(path, " is not the segment that the manifest records, which is ",
                               DebugString(recorded->second),
                               "; besides, it is damaged: ", ToString(damage))));
      return absl::OkStatus();
    }
    for (const OwnedRangeTombstone& tombstone : tombstones) {
      rewrite_->AddRangeTombstone(tombstone.view());
    }
    VERALITH_RETURN_IF_ERROR(rewrite_->FinishStaging(&staging));
    newest_ = std::max(newest_, kept.max_ts);
    if (kept.entries + kept.range_tombstones > 0) {
      report_.kept.push_back(kept);
    }
    ReportSalvage(kept.file, salvage, damage);
    return absl::OkStatus();
  }

  void ReportSalvage(const std::string& file, const SegmentSalvage& salvage,
                     const absl::Status& damage) {
    std::string why = ToString(damage);
    if (salvage.basis != SegmentSalvage::Basis::kBlock) {
      StrAppend(&why, "; read by ", NameOf(salvage.basis));
    }
    if (salvage.lost.empty() && salvage.lost_range_tombstones == uint64_t{0}) {
      report_.notes.push_back(file + ": damaged, but everything it held was read: " + why);
      return;
    }
    report_.notes.push_back(file + ": " + why);
    for (const LostRows& loss : salvage.lost) {
      report_.lost.push_back(
          {file, loss.offset,
           loss.rows == 0 ? StrCat("rows from ", loss.first_row,
                                   " on, how many is not known, from ", loss.after, ": ", loss.why)
                          : StrCat("rows ", loss.first_row, " to ", loss.first_row + loss.rows - 1,
                                   " (", loss.rows, "), between ", loss.after, " and ", loss.before,
                                   ": ", loss.why)});
    }
    if (salvage.lost_range_tombstones != uint64_t{0}) {
      const std::string count = salvage.lost_range_tombstones.has_value()
                                    ? StrCat(*salvage.lost_range_tombstones, " range deletes")
                                    : "range deletes, if it held any";
      report_.lost.push_back({file, std::nullopt, count + ": " + salvage.metadata_damage});
    }
  }

  absl::Status SalvageLogFiles() {
    LogSalvage request;
    request.fs = &fs_;
    request.directory = source_;
    request.logs = catalog_.logs;
    request.synced_through = catalog_.logs_synced_through;
    request.behind_damage = repair_.behind_damage;
    request.memtable_bytes = options_.write_buffer_bytes;
    request.flush = [this](MemtableRef full) { return Stage(*full); };
    request.done = [this](uint64_t number) { Progress(LogFileName(number)); };
    return SalvageLogs(request, &report_, &newest_, &newest_logged_);
  }

  absl::Status Stage(const Memtable& memtable) {
    const auto fragmented = memtable.range_tombstones();  // the views point into it
    for (const RangeTombstoneView& tombstone : fragmented->ToTombstones()) {
      rewrite_->AddRangeTombstone(tombstone);
    }
    if (repair_.dry_run) {
      return absl::OkStatus();
    }
    StagingSegment staging = rewrite_->NewStaging();
    const std::unique_ptr<VersionStream> it = memtable.NewStream();
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      VERALITH_RETURN_IF_ERROR(staging.Add(it->entry()));
    }
    VERALITH_RETURN_IF_ERROR(it->status());
    return rewrite_->FinishStaging(&staging);
  }

  // --- Writing -----------------------------------------------------------------------------------

  absl::Status WriteResult() {
    uint64_t written = 0;
    const uint64_t expected = rewrite_->source_bytes();
    const auto progress = [&](uint64_t bytes) {
      written += bytes;
      if (repair_.progress != nullptr) {
        repair_.progress("writing", written, std::max(expected, written));
      }
    };
    VERALITH_ASSIGN_OR_RETURN(const std::vector<FileMeta> files,
                              rewrite_->Merge(progress, &report_));
    VersionEdit edit;
    for (const FileMeta& meta : files) {
      report_.entries += meta.entries;
      report_.range_tombstones += meta.range_tombstones;
      report_.bytes_written += meta.bytes;
      edit.added_files.push_back({kLevels - 1, /*run_id=*/0, meta});
    }
    report_.files_written = files.size();
    VERALITH_ASSIGN_OR_RETURN(Version version, Version().Apply(edit));
    ManifestState state = ResultState();
    state.version = std::make_shared<const Version>(std::move(version));
    const uint64_t number = rewrite_->NewNumber();
    state.next_file_number = rewrite_->next_number();
    VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<ManifestLog> manifest,
                              ManifestLog::Create(&fs_, target_, number, state));
    VERALITH_RETURN_IF_ERROR(manifest->Close());
    return fs_.SyncDirectory(ParentPath(target_));
  }

  ManifestState ResultState() const {
    ManifestState state;
    state.database_id = catalog_.database_id;
    if (state.database_id == 0) {
      Random random(options_.random_seed.has_value() ? *options_.random_seed : EntropySeed());
      state.database_id = std::max<uint64_t>(1, random.Next());
    }
    state.next_run_id = catalog_.next_run_id;
    state.last_timestamp = std::max(report_.max_ts, newest_logged_);
    if (catalog_.trusted) {
      state.last_timestamp = std::max(state.last_timestamp, catalog_.last_timestamp);
    }
    state.history_floor = catalog_.trusted ? catalog_.history_floor : state.last_timestamp;
    state.timestamp_ceiling = std::max(newest_, state.last_timestamp);
    return state;
  }

  const Options& options_;
  FileSystem& fs_;
  std::string source_;  // absolute, once Run has begun
  std::string target_;
  const RepairOptions& repair_;
  RepairReport& report_;
  std::vector<std::unique_ptr<FileLock>> source_locks_;
  std::unique_ptr<FileLock> target_lock_;
  bool made_target_ = false;
  RepairCatalog catalog_;
  std::unique_ptr<RepairRewrite> rewrite_;
  Timestamp newest_ = 0;         // seen anywhere
  Timestamp newest_logged_ = 0;  // in log records that were taken
  uint64_t bytes_to_read_ = 0;
  uint64_t bytes_read_ = 0;
};

}  // namespace

absl::Status RepairDatabase(const Options& options, const std::string& source,
                            const std::string& target, const RepairOptions& repair,
                            RepairReport* report) {
  *report = {};
  return CatchNoMemory("a repair",
                       [&] { return Repairer(options, source, target, repair, report).Run(); });
}

}  // namespace veralith
