// SPDX-License-Identifier: Apache-2.0

#include "veralith/check_database.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "core/base/no_memory.h"
#include "core/base/status.h"
#include "core/db/log_recovery.h"
#include "core/db/option_mapping.h"
#include "core/db/reader_watch.h"
#include "core/fs/file_helpers.h"
#include "core/fs/file_table.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/read/segment_reader.h"
#include "core/version_set/check_ages.h"
#include "core/version_set/segment_opener.h"

namespace veralith {
namespace {

// True for damage and for what this reader cannot judge: these go to the report. Any other error
// stops the check.
bool IsFinding(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsUnimplemented(status) || absl::IsNotFound(status);
}

class Checker {
 public:
  Checker(FileSystem& fs, const std::string& directory,
          const std::function<void(const std::string&)>& progress, CheckReport* report)
      : fs_(fs), directory_(directory), progress_(progress), report_(*report) {}

  absl::Status Run() {
    VERALITH_ASSIGN_OR_RETURN(pinned_, PinDirectory(&fs_, directory_));
    VERALITH_ASSIGN_OR_RETURN(watch_, ReaderWatch::Begin(pinned_.get(), directory_));
    VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, pinned_->List(directory_));
    Start(std::string(kCurrentFileName));
    absl::StatusOr<std::optional<RecoveredManifest>> manifest =
        RecoverManifest(pinned_.get(), directory_, names);
    if (!manifest.ok()) {
      return Note(manifest.status());
    }
    if (!manifest->has_value()) {
      return NotFound(directory_ + ": no database here");
    }
    NoteManifest(**manifest);
    VERALITH_RETURN_IF_ERROR(CheckSegments(*(*manifest)->state.version));
    VERALITH_RETURN_IF_ERROR(CheckLogs((*manifest)->state));
    return watch_->Judge(NoteLeftovers(names, **manifest));
  }

 private:
  void Start(const std::string& file) {
    if (progress_ != nullptr) {
      progress_(file);
    }
  }

  // Files that a writer removed or replaced in the meantime are no damage.
  absl::Status Note(const absl::Status& found) {
    const absl::Status status = watch_->Judge(found);
    if (IsFinding(status)) {
      report_.damage.push_back(ToString(status));
      return absl::OkStatus();
    }
    return status;
  }

  void NoteManifest(const RecoveredManifest& manifest) {
    ++report_.files;
    report_.bytes += manifest.manifest_bytes;
    if (manifest.discarded_bytes > 0) {
      report_.notes.push_back(ManifestFileName(manifest.manifest_number) + ": a torn tail of " +
                              std::to_string(manifest.discarded_bytes) +
                              " bytes, which the next opening cuts");
    }
  }

  absl::Status CheckSegments(const Version& version) {
    if (absl::Status status = version.CheckInvariants(); !status.ok()) {
      VERALITH_RETURN_IF_ERROR(Note(status));
    }
    const auto files = std::make_shared<FileTable>(
        pinned_.get(), MaxOpenSegments({}, pinned_->MaxOpenFiles(), 1), &fs_);
    const SegmentOpener open = DefaultSegmentOpener(files, directory_, {});
    std::map<uint64_t, std::shared_ptr<SegmentReader>> sound;
    for (const uint64_t number : version.FileNumbers()) {
      Start(SegmentFileName(number));
      const FileRef file = version.FindFile(number);
      const absl::StatusOr<std::shared_ptr<SegmentReader>> reader = open(*file);
      const absl::Status status = reader.ok() ? CheckSegment(**reader) : reader.status();
      if (status.ok()) {
        sound.emplace(number, *reader);
      } else {
        VERALITH_RETURN_IF_ERROR(Note(status));
      }
      ++report_.files;
      report_.bytes += file->bytes;
      report_.entries += file->entries;
    }
    return Note(CheckAgesOf(version, sound));
  }

  // Checks the files that can be read.
  static absl::Status CheckAgesOf(const Version& version,
                                  const std::map<uint64_t, std::shared_ptr<SegmentReader>>& sound) {
    std::vector<std::vector<const SegmentReader*>> runs;
    for (int level = 0; level < kLevels; ++level) {
      for (const veralith::Run& run : version.runs(level)) {
        std::vector<const SegmentReader*>& readers = runs.emplace_back();
        for (const FileRef& file : run.files) {
          if (const auto found = sound.find(file->number); found != sound.end()) {
            readers.push_back(found->second.get());
          }
        }
      }
    }
    return CheckAges(runs);
  }

  // Returns 0 if the file cannot be opened: reading it gives the error.
  uint64_t BytesOf(const std::string& name) {
    const auto file = pinned_->Open(JoinPath(directory_, name), OpenMode::kRead);
    const absl::StatusOr<uint64_t> bytes = file.ok() ? (*file)->Size() : 0;
    return bytes.ok() ? *bytes : 0;
  }

  // Checks the logs as recovery reads them, into memtables that are dropped.
  absl::Status CheckLogs(const ManifestState& state) {
    for (const auto& [number, id] : state.logs) {
      Start(LogFileName(number));
      ++report_.files;
      report_.bytes += BytesOf(LogFileName(number));
    }
    LogRecovery::Options options{.fs = pinned_.get(),
                                 .directory = directory_,
                                 .logs = state.logs,
                                 .after = state.last_timestamp,
                                 .synced_through = state.logs_synced_through,
                                 .recover_up_to_damage = false,
                                 .memtable_bytes = size_t{16} << 20,
                                 .flush = [](MemtableRef) { return absl::OkStatus(); }};
    LogRecovery recovery(std::move(options));
    const absl::Status status = recovery.Run();
    report_.log_records = recovery.records();
    if (status.ok() && !recovery.discarded().empty()) {
      report_.notes.push_back(recovery.discarded() +
                              "; never acknowledged as synced, so the next opening drops it");
    }
    return Note(status);
  }

  // Judges as VersionSet does: data that no edit precedes proves that the manifest lost its end.
  absl::StatusOr<bool> ProvesALostEdit(const FileName& file, const ManifestState& state) {
    if (file.number < state.next_file_number) {
      return false;
    }
    if (file.kind == FileKind::kLog) {
      VERALITH_ASSIGN_OR_RETURN(
          const std::unique_ptr<File> log,
          pinned_->Open(JoinPath(directory_, ToString(file)), OpenMode::kRead));
      VERALITH_ASSIGN_OR_RETURN(const uint64_t bytes, log->Size());
      return bytes > 0;
    }
    return file.kind == FileKind::kSegment && state.timestamp_ceiling == 0;
  }

  absl::Status NoteLeftovers(const std::vector<std::string>& names,
                             const RecoveredManifest& manifest) {
    for (const std::string& name : names) {
      const std::optional<FileName> parsed = ParseFileName(name);
      const bool live =
          !parsed.has_value() || parsed->kind == FileKind::kCurrent ||
          parsed->kind == FileKind::kLock ||
          (parsed->kind == FileKind::kManifest && parsed->number == manifest.manifest_number) ||
          (parsed->kind == FileKind::kLog && manifest.state.logs.contains(parsed->number)) ||
          (parsed->kind == FileKind::kSegment &&
           manifest.state.version->FindFile(parsed->number) != nullptr);
      if (!live) {
        VERALITH_ASSIGN_OR_RETURN(const bool lost, ProvesALostEdit(*parsed, manifest.state));
        if (lost) {
          report_.damage.push_back(
              JoinPath(directory_, ManifestFileName(manifest.manifest_number)) +
              " has lost its end, at offset " + std::to_string(manifest.manifest_bytes) +
              " or before: " + name + " holds data, and no edit names it");
          continue;
        }
        report_.notes.push_back(name + ": nothing refers to it; the next opening removes it");
      } else if (!parsed.has_value()) {
        report_.notes.push_back(name + ": not a file of this database");
      }
    }
    return absl::OkStatus();
  }

  FileSystem& fs_;
  const std::string& directory_;
  const std::function<void(const std::string&)>& progress_;
  CheckReport& report_;
  std::shared_ptr<FileSystem> pinned_;
  std::optional<ReaderWatch> watch_;
};

}  // namespace

absl::Status CheckDatabase(FileSystem& fs, const std::string& directory,
                           const std::function<void(const std::string& file)>& progress,
                           CheckReport* report) {
  *report = {};
  return CatchNoMemory("a check", [&] { return Checker(fs, directory, progress, report).Run(); });
}

}  // namespace veralith
