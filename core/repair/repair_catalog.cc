// SPDX-License-Identifier: Apache-2.0

#include "core/repair/repair_catalog.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/coding.h"
#include "core/format/record_frame.h"
#include "core/format/version_edit.h"
#include "core/fs/file_helpers.h"
#include "core/log/record_reader.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/manifest/manifest_state.h"

namespace veralith {
namespace {

constexpr size_t kSyncedThroughBytes = 8;  // in a manifest record, before its edit
constexpr uint64_t kMaxCurrentBytes = 4096;
// Larger numbers were never reached by counting, and would leave none for the result.
constexpr uint64_t kMostBelieved = kMaxFileNumber / 4;

// What readable edits say, in the order of the manifests, and of the records in each.
struct Facts {
  std::map<uint64_t, std::optional<FileMeta>> segments;  // nothing: removed
  std::map<uint64_t, std::optional<uint64_t>> logs;      // ids; nothing: removed
  std::map<uint64_t, uint64_t> database_ids;             // by manifest
  LogPosition logs_synced_through;
  uint64_t next_file_number = 1;
  uint64_t next_run_id = 1;
  Timestamp timestamp_ceiling = 0;
  Timestamp history_floor = 0;
  Timestamp last_timestamp = 0;

  // `is_snapshot`: the edit states everything, so what it does not name is gone.
  void Note(uint64_t manifest, const VersionEdit& edit, bool is_snapshot) {
    if (is_snapshot) {
      for (auto& [number, meta] : segments) {
        meta.reset();
      }
      for (auto& [number, id] : logs) {
        id.reset();
      }
    }
    for (const VersionEdit::RemovedFile& removed : edit.removed_files) {
      segments[removed.number].reset();
    }
    for (const VersionEdit::AddedFile& added : edit.added_files) {
      segments[added.file.number] = added.file;
      next_run_id = std::max(next_run_id, added.run_id + 1);
    }
    for (const uint64_t number : edit.removed_logs) {
      logs[number].reset();
    }
    for (const VersionEdit::AddedLog& log : edit.added_logs) {
      logs[log.number] = log.id;
    }
    if (is_snapshot && edit.logs_synced_through.has_value()) {
      logs.try_emplace(edit.logs_synced_through->log_number);  // gone, if the edit does not add it
    }
    if (edit.database_id.has_value()) {
      database_ids[manifest] = *edit.database_id;
    }
    Raise(edit);
  }

  void Raise(const VersionEdit& edit) {
    const auto raise = [](uint64_t& value, const std::optional<uint64_t>& to) {
      value = std::max(value, to.value_or(0));
    };
    raise(next_file_number, edit.next_file_number);
    raise(next_run_id, edit.next_run_id);
    raise(timestamp_ceiling, edit.timestamp_ceiling);
    raise(history_floor, edit.history_floor);
    raise(last_timestamp, edit.last_timestamp);
    logs_synced_through =
        std::max(logs_synced_through, edit.logs_synced_through.value_or(LogPosition{}));
  }
};

class Cataloguer {
 public:
  Cataloguer(FileSystem& fs, const std::string& directory, const std::vector<std::string>& names,
             RepairReport* report)
      : fs_(fs), directory_(directory), names_(names), report_(*report) {
    for (const std::string& name : names) {
      if (const auto file = ParseFileName(name); file.has_value()) {
        present_.insert(*file);
      }
    }
  }

  RepairCatalog Run() {
    ReadCurrent();
    ReadAllFacts();
    const std::optional<RecoveredManifest> trusted = FindTrusted();
    if (trusted.has_value()) {
      TakeNamed(*trusted);
    } else {
      TakeAll();
    }
    Raise();
    return std::move(catalog_);
  }

 private:
  bool Has(FileKind kind, uint64_t number) const { return present_.contains({kind, number}); }
  std::string PathOf(const FileName& file) const { return JoinPath(directory_, ToString(file)); }
  void Lose(std::string file, std::string what) {
    report_.lost.push_back({std::move(file), std::nullopt, std::move(what)});
  }

  void ReadCurrent() {
    const auto text = ReadWholeFile(fs_, JoinPath(directory_, kCurrentFileName), kMaxCurrentBytes);
    absl::Status status = text.status();
    if (text.ok()) {
      const absl::StatusOr<CurrentPointer> pointer = ParseCurrentText(*text);
      status = pointer.status();
      if (pointer.ok()) {
        current_ = *pointer;
      }
    }
    if (!status.ok()) {
      current_damage_ = ToString(status);
    }
  }

  // --- Facts -------------------------------------------------------------------------------------

  // Reads the facts of one database: numbers mean nothing in another.
  void ReadAllFacts() {
    std::vector<uint64_t> manifests;
    for (const FileName& file : present_) {
      if (file.kind == FileKind::kManifest) {
        manifests.push_back(file.number);
        ReadFacts(file.number);
      }
    }
    std::set<uint64_t> ids;
    for (const auto& [number, id] : facts_.database_ids) {
      ids.insert(id);
    }
    const auto may_be_currents = [this](uint64_t number) {
      return MayBeOf(number, current_->database_id);
    };
    const bool current_tells =
        current_.has_value() && std::any_of(manifests.begin(), manifests.end(), may_be_currents);
    if (current_tells) {
      ids.insert(current_->database_id);
    }
    if (ids.size() <= 1) {
      return;
    }
    facts_ = {};
    for (const uint64_t number : manifests) {
      if (current_tells && may_be_currents(number)) {
        TryReadFacts(number).IgnoreError();  // noted above
        continue;
      }
      foreign_.insert(number);
      report_.left_out.push_back(
          ManifestFileName(number) +
          (current_tells
               ? ": it belongs to another database"
               : ": it belongs to another database than other manifests here, and nothing says "
                 "which of them the files belong to"));
    }
  }

  // Also true if its header cannot be read.
  bool MayBeOf(uint64_t number, uint64_t database_id) const {
    const auto file = fs_.Open(PathOf({FileKind::kManifest, number}), OpenMode::kRead);
    if (!file.ok()) {
      return true;
    }
    const absl::StatusOr<RecordFileId> id = RecordReader::ReadId(**file);
    return !id.ok() || *id == ManifestFileId({number, database_id});
  }

  void ReadFacts(uint64_t number) {
    if (const absl::Status status = TryReadFacts(number); !status.ok()) {
      report_.notes.push_back(
          StrCat(ManifestFileName(number), ": not all of it is readable: ", ToString(status)));
    }
  }

  absl::Status TryReadFacts(uint64_t number) {
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                              fs_.Open(PathOf({FileKind::kManifest, number}), OpenMode::kRead));
    absl::StatusOr<RecordFileId> id = RecordReader::ReadId(*file);
    if (!id.ok() && current_.has_value() && current_->manifest_number == number) {
      id = ManifestFileId(*current_);  // the header is damaged; CURRENT tells what it said
    }
    VERALITH_RETURN_IF_ERROR(id.status());
    if (id->kind != RecordFileKind::kManifest || id->number != number) {
      return DataLoss("the header is not that of this manifest");
    }
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<RecordReader> reader,
                              RecordReader::Open(std::move(file), *id));
    while (true) {
      std::string_view payload;
      VERALITH_ASSIGN_OR_RETURN(const bool more, reader->Next(&payload));
      if (more) {
        NoteRecord(number, reader->record_offset(), payload);
        continue;
      }
      VERALITH_ASSIGN_OR_RETURN(const bool found, reader->GoOnBehindEnd());
      if (!found) {
        return absl::OkStatus();
      }
    }
  }

  void NoteRecord(uint64_t number, uint64_t offset, std::string_view payload) {
    if (payload.size() <= kSyncedThroughBytes) {
      return;
    }
    const auto edit = DecodeVersionEdit(payload.substr(kSyncedThroughBytes));
    if (edit.ok()) {
      facts_.Note(number, *edit, offset == kRecordFileHeaderBytes);
    }
  }

  // --- Trust -------------------------------------------------------------------------------------

  std::optional<RecoveredManifest> FindTrusted() {
    std::optional<RecoveredManifest> found = ByCurrent();
    if (!found.has_value()) {
      found = ByNumber();
    }
    if (found.has_value() && IsOutdated(*found)) {
      Lose(ManifestFileName(found->manifest_number),
           StrCat("edits after offset ", found->manifest_bytes,
                  ": the directory holds files that are newer than what it says"));
      found.reset();
    }
    if (found.has_value()) {
      const std::string name = ManifestFileName(found->manifest_number);
      report_.notes.push_back(name + " is whole and says which files count");
      if (found->discarded_bytes > 0) {
        report_.notes.push_back(StrCat(name, ": a torn tail of ", found->discarded_bytes,
                                       " bytes from offset ",
                                       found->manifest_bytes - found->discarded_bytes,
                                       " on does not count: ", found->end_detail));
      }
    } else {
      report_.risks.push_back(
          "no whole manifest says which files count, so all files count, except those that a "
          "readable edit removed. Segments that compaction had replaced and not yet removed may be "
          "among them: a key whose tombstone has been dropped since then would come back. Reads in "
          "the past of the result are not possible.");
    }
    return found;
  }

  std::optional<RecoveredManifest> ByCurrent() {
    absl::StatusOr<std::optional<RecoveredManifest>> found =
        RecoverManifest(&fs_, directory_, names_);
    if (found.ok() && found->has_value()) {
      return *std::move(found);
    }
    current_failure_ = found.ok() ? "there is no CURRENT" : ToString(found.status());
    return std::nullopt;
  }

  // Returns the newest manifest, unless CURRENT says that a newer one has replaced it.
  std::optional<RecoveredManifest> ByNumber() {
    const std::string where = current_.has_value() ? ManifestFileName(current_->manifest_number)
                                                   : std::string(kCurrentFileName);
    const std::string why = current_.has_value() ? current_failure_ : current_damage_;
    uint64_t newest = 0;
    for (const FileName& file : present_) {
      const bool is_ours = file.kind == FileKind::kManifest && !foreign_.contains(file.number);
      newest = is_ours ? std::max(newest, file.number) : newest;
    }
    const auto id = facts_.database_ids.find(newest);
    const bool may_serve = !current_.has_value() || newest > current_->manifest_number;
    if (newest != 0 && may_serve && id != facts_.database_ids.end()) {
      absl::StatusOr<RecoveredManifest> recovered =
          RecoverManifestFile(&fs_, directory_, {newest, id->second});
      if (recovered.ok()) {
        report_.notes.push_back(StrCat(where, " cannot be used (", why, "), but ",
                                       ManifestFileName(newest), ", the newest manifest, can"));
        return *std::move(recovered);
      }
      Lose(ManifestFileName(newest), ToString(recovered.status()));
      return std::nullopt;
    }
    Lose(where, why);
    return std::nullopt;
  }

  // Whether there are files that it cannot have known, and files that it names are gone. Then a
  // later manifest existed, or its end is lost.
  bool IsOutdated(const RecoveredManifest& manifest) const {
    const ManifestState& state = manifest.state;
    bool any_newer = false;
    for (const FileName& file : present_) {
      if (file.number < state.next_file_number) {
        continue;
      }
      any_newer = any_newer || file.kind == FileKind::kLog || file.kind == FileKind::kSegment;
      if ((file.kind == FileKind::kLog && HasBytes(file)) ||
          (file.kind == FileKind::kSegment && state.timestamp_ceiling == 0)) {
        return true;
      }
    }
    return any_newer && MissesFiles(state);
  }

  // Also true if that cannot be told: the log is then read, and any failure is reported.
  bool HasBytes(const FileName& file) const {
    const auto opened = fs_.Open(PathOf(file), OpenMode::kRead);
    return !opened.ok() || (*opened)->Size().value_or(1) > 0;
  }

  bool MissesFiles(const ManifestState& state) const {
    for (const uint64_t number : state.version->FileNumbers()) {
      if (!Has(FileKind::kSegment, number)) {
        return true;
      }
    }
    return std::any_of(state.logs.begin(), state.logs.end(),
                       [this](const auto& log) { return !Has(FileKind::kLog, log.first); });
  }

  // --- What counts -------------------------------------------------------------------------------

  void TakeNamed(const RecoveredManifest& manifest) {
    const ManifestState& state = manifest.state;
    catalog_.trusted = true;
    catalog_.database_id = state.database_id;
    for (const uint64_t number : state.version->FileNumbers()) {
      TakeSegment(*state.version->FindFile(number), "a whole manifest names it");
    }
    for (const auto& [number, id] : state.logs) {
      catalog_.logs[number] = id;
    }
    for (const FileName& file : present_) {
      const bool left =
          (file.kind == FileKind::kSegment && state.version->FindFile(file.number) == nullptr) ||
          (file.kind == FileKind::kLog && !state.logs.contains(file.number));
      if (left) {
        report_.left_out.push_back(StrCat(
            ToString(file),
            ": the manifest does not name it (replaced, flushed, or left by a job that did not "
            "end)"));
      }
    }
  }

  void TakeSegment(const FileMeta& meta, std::string_view by) {
    if (Has(FileKind::kSegment, meta.number)) {
      catalog_.segments.push_back(meta.number);
      catalog_.recorded.emplace(meta.number, meta);
      return;
    }
    Lose(SegmentFileName(meta.number),
         StrCat("the file is missing, and ", by, ": ", DebugString(meta), ", ",
                meta.range_tombstones, " range tombstones"));
  }

  void TakeAll() {
    catalog_.database_id = current_.has_value()          ? current_->database_id
                           : facts_.database_ids.empty() ? 0
                                                         : facts_.database_ids.rbegin()->second;
    for (const FileName& file : present_) {
      if (file.kind == FileKind::kSegment) {
        const auto fact = facts_.segments.find(file.number);
        if (fact != facts_.segments.end() && !fact->second.has_value()) {
          report_.left_out.push_back(ToString(file) + ": a readable edit removed it");
        } else {
          catalog_.segments.push_back(file.number);
          if (fact != facts_.segments.end()) {
            catalog_.recorded.emplace(file.number, *fact->second);
          }
        }
      } else if (file.kind == FileKind::kLog) {
        const auto fact = facts_.logs.find(file.number);
        if (fact != facts_.logs.end() && !fact->second.has_value()) {
          report_.left_out.push_back(ToString(file) + ": a readable edit removed it");
        } else {
          catalog_.logs[file.number] = fact == facts_.logs.end() ? std::nullopt : fact->second;
        }
      }
    }
    for (const auto& [number, meta] : facts_.segments) {
      if (meta.has_value() && !Has(FileKind::kSegment, number)) {
        TakeSegment(*meta, "a readable edit names it; one that cannot be read may have removed it");
      }
    }
    for (const auto& [number, id] : facts_.logs) {
      if (id.has_value() && !Has(FileKind::kLog, number)) {
        LoseMissingLog(number);
      }
    }
    const uint64_t synced = facts_.logs_synced_through.log_number;
    if (synced != 0 && !facts_.logs.contains(synced) && !Has(FileKind::kLog, synced)) {
      LoseMissingLog(synced);
    }
  }

  void LoseMissingLog(uint64_t number) {
    Lose(LogFileName(number),
         "the file is missing, and a readable edit names it; one that cannot be "
         "read may have removed it");
  }

  void Raise() {
    catalog_.logs_synced_through = facts_.logs_synced_through;
    catalog_.next_run_id = std::min(facts_.next_run_id, kMostBelieved);
    catalog_.timestamp_ceiling = facts_.timestamp_ceiling;
    catalog_.history_floor = facts_.history_floor;
    catalog_.last_timestamp = facts_.last_timestamp;
    catalog_.next_file_number = std::min(facts_.next_file_number, kMostBelieved);
    for (const FileName& file : present_) {
      if (file.number < kMostBelieved) {
        catalog_.next_file_number = std::max(catalog_.next_file_number, file.number + 1);
      }
    }
  }

  FileSystem& fs_;
  const std::string& directory_;
  const std::vector<std::string>& names_;
  RepairReport& report_;
  std::set<FileName> present_;
  std::optional<CurrentPointer> current_;
  std::string current_damage_;   // of the file CURRENT
  std::string current_failure_;  // of the manifest that CURRENT names
  Facts facts_;
  std::set<uint64_t> foreign_;  // manifests that do not, or may not, belong to this database
  RepairCatalog catalog_;
};

}  // namespace

RepairCatalog BuildRepairCatalog(FileSystem& fs, const std::string& directory,
                                 const std::vector<std::string>& names, RepairReport* report) {
  return Cataloguer(fs, directory, names, report).Run();
}

}  // namespace veralith
