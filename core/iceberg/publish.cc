// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/publish.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/fs/copy_file.h"
#include "core/fs/file_helpers.h"
#include "core/iceberg/data_file.h"
#include "core/iceberg/hidden_rows.h"
#include "core/iceberg/manifest_file.h"
#include "core/iceberg/position_deletes.h"
#include "core/iceberg/puffin.h"
#include "core/iceberg/table_files.h"
#include "core/iceberg/table_metadata.h"

namespace veralith::iceberg {
namespace {

constexpr std::string_view kLockName = "metadata/.veralith-lock";
constexpr size_t kMetadataLogEntries = 20;
constexpr uint64_t kNanosPerMilli = 1'000'000;

std::string Hex(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016" PRIx64, number);
  return text;
}

// Drawn at random (RFC 4122, version 4).
std::string Uuid(uint64_t seed) {
  Random random(seed);
  const uint64_t high = (random.Next() & ~uint64_t{0xf000}) | 0x4000;
  const uint64_t low = (random.Next() >> 2) | uint64_t{1} << 63;
  const std::string digits = Hex(high) + Hex(low);
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
         digits.substr(16, 4) + "-" + digits.substr(20);
}

int64_t LiveRows(const std::vector<ManifestEntry>& entries) {
  int64_t rows = 0;
  for (const ManifestEntry& entry : entries) {
    rows += entry.status == EntryStatus::kDeleted ? 0 : entry.file.record_count;
  }
  return rows;
}

int64_t CountOf(const std::vector<ManifestEntry>& entries, EntryStatus status) {
  return std::count_if(entries.begin(), entries.end(),
                       [status](const ManifestEntry& entry) { return entry.status == status; });
}

bool AllExist(const std::vector<ManifestEntry>& entries) {
  return CountOf(entries, EntryStatus::kExisting) == static_cast<int64_t>(entries.size());
}

class Publication {
 public:
  explicit Publication(const PublishRequest& request)
      : request_(request), files_(request.fs, request.table) {}
  // What was written for a snapshot that did not come to be goes.
  ~Publication() {
    if (!committed_) {
      for (const std::string& name : created_) {
        request_.fs->Remove(files_.PathOf(name)).IgnoreError();
      }
    }
  }

  absl::StatusOr<PublishReport> Run();

 private:
  absl::Status MakeFolders();
  absl::Status LoadTable();
  absl::Status CheckTable() const;
  absl::Status MakeTable(const std::string& location);
  absl::Status AddFiles();
  absl::StatusOr<ManifestEntry> AddDataFile(const LiveSegment& segment);
  absl::Status AddDeletes(const ManifestEntry& data, const PositionSet& hidden);
  absl::StatusOr<bool> StillHolds(const ManifestEntry& deletes, std::string_view bytes) const;
  absl::Status EndDeletes();
  void AddRemoved(const std::map<std::string, ManifestEntry>& before,
                  std::vector<ManifestEntry>* entries) const;
  absl::Status AddSnapshot();
  absl::Status AddManifest(FileContent content, const std::vector<ManifestEntry>& entries,
                           std::vector<ManifestReference>* list);
  void Expire();
  absl::Status Commit();
  absl::Status WriteHint();

  absl::Status LinkOrCopy(const std::string& from, const std::string& name);
  absl::Status CopyAs(const std::string& from, const std::string& name);
  absl::Status WriteFile(const std::string& name, std::string_view bytes);
  ManifestEntry Added(ContentFile file) const;
  int version() const { return metadata_->format_version(); }

  const PublishRequest& request_;
  const TableFiles files_;
  std::vector<std::string> created_;  // names of files of this publication alone
  bool committed_ = false;            // or it may be: nobody can say

  uint64_t table_version_ = 0;  // that was found; 0: none
  std::optional<TableMetadata> metadata_;
  bool is_upgraded_ = false;  // by this publication
  int64_t id_ = 0;            // of the new snapshot, and its sequence number
  // Of the snapshot before: data files by their URI, deletes by that of their data file.
  std::vector<ManifestReference> manifests_before_;
  std::map<std::string, ManifestEntry> data_before_;
  std::map<std::string, ManifestEntry> deletes_before_;

  std::vector<ManifestEntry> data_;
  std::vector<ManifestEntry> deletes_;
  PuffinBuilder puffin_;
  std::vector<size_t> in_puffin_;  // which of deletes_ lie in the new Puffin file
  int64_t new_row_ids_ = 0;
  PublishReport report_;
};

// --- The table that is there ---------------------------------------------------------------------

absl::Status Publication::MakeFolders() {
  FileSystem& fs = *request_.fs;
  for (const std::string& folder :
       {request_.table, files_.PathOf(kDataFolder), files_.PathOf(kMetadataFolder)}) {
    VERALITH_ASSIGN_OR_RETURN(const bool exists, fs.Exists(folder));
    if (!exists) {
      VERALITH_RETURN_IF_ERROR(fs.CreateDirectory(folder));
    }
  }
  VERALITH_RETURN_IF_ERROR(fs.SyncDirectory(ParentPath(request_.table)));
  return fs.SyncDirectory(request_.table);
}

absl::Status Publication::CheckTable() const {
  const PublishOptions& options = request_.options;
  if (metadata_->database_id() != Hex(request_.database_id)) {
    return FailedPrecondition(request_.table + (metadata_->database_id().empty()
                                                    ? ": no publication made this table"
                                                    : ": a table of another database"));
  }
  if (!options.location.empty() && options.location != metadata_->location()) {
    return InvalidArgument(request_.table + ": its location is " + metadata_->location() +
                           ", not " + options.location);
  }
  if (options.format_version == 2 && version() == 3) {
    return InvalidArgument(request_.table + ": a table of format 3 cannot become one of 2");
  }
  return absl::OkStatus();
}

absl::Status Publication::MakeTable(const std::string& location) {
  const int format = request_.options.format_version == 0 ? 2 : request_.options.format_version;
  absl::StatusOr<TableMetadata> made = TableMetadata::Create(
      format, Uuid(request_.uuid_seed), location.empty() ? "file://" + request_.table : location,
      Hex(request_.database_id), request_.now_ms);
  VERALITH_RETURN_IF_ERROR(made.status());
  metadata_.emplace(*std::move(made));
  return absl::OkStatus();
}

absl::Status Publication::LoadTable() {
  VERALITH_ASSIGN_OR_RETURN(table_version_, files_.NewestVersion());
  if (table_version_ == 0) {
    VERALITH_RETURN_IF_ERROR(MakeTable(request_.options.location));
  } else {
    VERALITH_ASSIGN_OR_RETURN(TableMetadata found, files_.ReadMetadata(table_version_));
    metadata_.emplace(std::move(found));
    VERALITH_RETURN_IF_ERROR(CheckTable());
    is_upgraded_ = request_.options.format_version == 3 && version() == 2;
    if (is_upgraded_) {
      metadata_->Upgrade();
    }
  }
  id_ = metadata_->last_sequence_number() + 1;
  for (const TableSnapshot& snapshot : metadata_->snapshots()) {
    id_ = std::max(id_, snapshot.is_ours && snapshot.id < INT64_MAX ? snapshot.id + 1 : 0);
  }
  const TableSnapshot* const current = metadata_->current();
  if (current == nullptr || !current->is_ours) {
    return absl::OkStatus();  // another engine's: everything is named anew
  }
  VERALITH_ASSIGN_OR_RETURN(TableFiles::SnapshotFiles before,
                            files_.ReadSnapshot(*metadata_, *current));
  manifests_before_ = std::move(before.manifests);
  for (ManifestEntry& entry : before.data) {
    data_before_.emplace(entry.file.path, std::move(entry));
  }
  for (ManifestEntry& entry : before.deletes) {
    deletes_before_.emplace(entry.file.referenced_data_file.value_or(""), std::move(entry));
  }
  return absl::OkStatus();
}

// --- Files ---------------------------------------------------------------------------------------

absl::Status Publication::WriteFile(const std::string& name, std::string_view bytes) {
  FileSystem& fs = *request_.fs;
  const std::string path = files_.PathOf(name);
  absl::StatusOr<std::unique_ptr<File>> file = fs.Open(path, OpenMode::kCreate);
  if (absl::IsAlreadyExists(file.status())) {  // of a publication that did not come to its end
    VERALITH_RETURN_IF_ERROR(fs.Remove(path));
    file = fs.Open(path, OpenMode::kCreate);
  }
  VERALITH_RETURN_IF_ERROR(file.status());
  created_.push_back(name);
  VERALITH_RETURN_IF_ERROR((*file)->Append(bytes));
  VERALITH_RETURN_IF_ERROR((*file)->Sync());
  return (*file)->Close();
}

// Gives the copy its name once it is whole and durable.
absl::Status Publication::CopyAs(const std::string& from, const std::string& name) {
  FileSystem& fs = *request_.fs;
  const std::string copy = name + std::string(kTemporaryEnd);
  const std::string path = files_.PathOf(copy);
  const absl::Status removed = fs.Remove(path);  // of a publication that did not come to its end
  if (!removed.ok() && !absl::IsNotFound(removed)) {
    return removed;
  }
  created_.push_back(copy);
  VERALITH_RETURN_IF_ERROR(CopyFile(fs, from, path));
  return fs.Rename(path, files_.PathOf(name));
}

absl::Status Publication::LinkOrCopy(const std::string& from, const std::string& name) {
  const absl::Status linked = request_.fs->Link(from, files_.PathOf(name));
  if (absl::IsAlreadyExists(linked)) {  // an older snapshot's, or of a publication that ended
    return absl::OkStatus();
  }
  created_.push_back(name);
  if (linked.ok()) {
    ++report_.linked_files;
    return linked;
  }
  VERALITH_RETURN_IF_ERROR(CopyAs(from, name));
  ++report_.copied_files;
  return absl::OkStatus();
}

ManifestEntry Publication::Added(ContentFile file) const {
  ManifestEntry entry;
  entry.status = EntryStatus::kAdded;
  entry.snapshot_id = id_;
  entry.sequence_number = id_;
  entry.file_sequence_number = id_;
  entry.file = std::move(file);
  return entry;
}

absl::StatusOr<ManifestEntry> Publication::AddDataFile(const LiveSegment& segment) {
  const std::string name =
      JoinPath(kDataFolder, DataFileStem(segment.number, *segment.reader) + ".parquet");
  const std::string uri = UriOf(*metadata_, name);
  ManifestEntry entry;
  if (const auto before = data_before_.find(uri); before != data_before_.end()) {
    entry = before->second;
    entry.status = EntryStatus::kExisting;
  } else {
    VERALITH_RETURN_IF_ERROR(LinkOrCopy(segment.path, name));
    ContentFile file = DescribeSegment(*segment.reader);
    file.path = uri;
    entry = Added(std::move(file));
  }
  if (version() >= 3 && !entry.file.first_row_id.has_value()) {
    entry.file.first_row_id = metadata_->next_row_id() + new_row_ids_;
    new_row_ids_ += entry.file.record_count;
  }
  return entry;
}

// Whether the deletes of the snapshot before are, byte for byte, what would be written.
absl::StatusOr<bool> Publication::StillHolds(const ManifestEntry& deletes,
                                             std::string_view bytes) const {
  const ContentFile& file = deletes.file;
  const std::optional<std::string> name = NameOf(*metadata_, file.path);
  const bool is_vector = file.format == "PUFFIN";
  const int64_t size = is_vector ? file.content_bytes.value_or(0) : file.file_bytes;
  if (!name.has_value() || is_vector != (version() >= 3) ||
      size != static_cast<int64_t>(bytes.size())) {
    return false;
  }
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<File> opened,
                            request_.fs->Open(files_.PathOf(*name), OpenMode::kRead));
  std::string there(bytes.size(), '\0');
  VERALITH_ASSIGN_OR_RETURN(
      const size_t read,
      opened->ReadAt(is_vector ? static_cast<uint64_t>(file.content_offset.value_or(0)) : 0,
                     there));
  return read == bytes.size() && there == bytes;
}

absl::Status Publication::AddDeletes(const ManifestEntry& data, const PositionSet& hidden) {
  const std::string& uri = data.file.path;
  const bool is_vector = version() >= 3;
  const std::string bytes =
      is_vector ? DeletionVectorBlob(hidden) : PositionDeleteFile(uri, hidden);
  if (const auto before = deletes_before_.find(uri); before != deletes_before_.end()) {
    VERALITH_ASSIGN_OR_RETURN(const bool holds, StillHolds(before->second, bytes));
    if (holds) {
      deletes_.push_back(before->second);
      deletes_.back().status = EntryStatus::kExisting;
      return absl::OkStatus();
    }
  }
  ContentFile file;
  file.content = FileContent::kPositionDeletes;
  file.record_count = static_cast<int64_t>(hidden.size());
  file.referenced_data_file = uri;
  if (is_vector) {
    file.format = "PUFFIN";
    file.content_offset = static_cast<int64_t>(puffin_.Add(bytes, uri, hidden.size()));
    file.content_bytes = static_cast<int64_t>(bytes.size());
    in_puffin_.push_back(deletes_.size());  // path and size follow in EndDeletes
  } else {
    const size_t begin = uri.rfind('/') + 1;
    const std::string stem = uri.substr(begin, uri.rfind('.') - begin);
    const std::string name =
        JoinPath(kDataFolder, std::to_string(id_) + "-" + stem + "-deletes.parquet");
    file.format = "PARQUET";
    file.path = UriOf(*metadata_, name);
    file.file_bytes = static_cast<int64_t>(bytes.size());
    file.lower_bounds = {{kDeletedPathFieldId, uri}};
    file.upper_bounds = file.lower_bounds;
    VERALITH_RETURN_IF_ERROR(WriteFile(name, bytes));
    report_.delete_bytes += bytes.size();
  }
  deletes_.push_back(Added(std::move(file)));
  return absl::OkStatus();
}

absl::Status Publication::EndDeletes() {
  if (puffin_.empty()) {
    return absl::OkStatus();
  }
  const std::string bytes = puffin_.Finish();
  const std::string name = JoinPath(kDataFolder, std::to_string(id_) + "-deletes.puffin");
  for (const size_t i : in_puffin_) {
    deletes_[i].file.path = UriOf(*metadata_, name);
    deletes_[i].file.file_bytes = static_cast<int64_t>(bytes.size());
  }
  report_.delete_bytes += bytes.size();
  return WriteFile(name, bytes);
}

void Publication::AddRemoved(const std::map<std::string, ManifestEntry>& before,
                             std::vector<ManifestEntry>* entries) const {
  const auto key = [](const ManifestEntry& entry) {
    return std::make_pair(entry.file.path, entry.file.content_offset);
  };
  std::map<std::pair<std::string, std::optional<int64_t>>, bool> kept;
  for (const ManifestEntry& entry : *entries) {
    kept[key(entry)] = true;
  }
  for (const auto& [uri, entry] : before) {
    if (!kept.contains(key(entry))) {
      ManifestEntry& removed = entries->emplace_back(entry);
      removed.status = EntryStatus::kDeleted;
      removed.snapshot_id = id_;
    }
  }
}

absl::Status Publication::AddFiles() {
  HiddenRowsRequest wanted;
  wanted.at = request_.at;
  wanted.ns = request_.options.ns;
  wanted.cancelled = request_.cancelled;
  for (const std::vector<LiveSegment>& run : request_.runs) {
    RunOfReaders& readers = wanted.runs.emplace_back();
    for (const LiveSegment& segment : run) {
      readers.push_back(segment.reader);
    }
  }
  VERALITH_ASSIGN_OR_RETURN(const std::vector<PositionSet> hidden, FindHiddenRows(wanted));
  size_t i = 0;
  for (const std::vector<LiveSegment>& run : request_.runs) {
    for (const LiveSegment& segment : run) {
      const PositionSet& its_hidden = hidden[i++];
      const uint64_t rows = segment.reader->summary().entries;
      if (its_hidden.size() == rows) {
        continue;  // nothing of it is seen
      }
      VERALITH_ASSIGN_OR_RETURN(ManifestEntry entry, AddDataFile(segment));
      if (its_hidden.size() > 0) {
        VERALITH_RETURN_IF_ERROR(AddDeletes(entry, its_hidden));
      }
      data_.push_back(std::move(entry));
      report_.rows += rows - its_hidden.size();
      report_.hidden_rows += its_hidden.size();
    }
  }
  report_.data_files = data_.size();
  VERALITH_RETURN_IF_ERROR(EndDeletes());
  AddRemoved(data_before_, &data_);
  AddRemoved(deletes_before_, &deletes_);
  return absl::OkStatus();
}

// --- The snapshot --------------------------------------------------------------------------------

// Names the manifests of the snapshot before again if nothing changed.
absl::Status Publication::AddManifest(FileContent content,
                                      const std::vector<ManifestEntry>& entries,
                                      std::vector<ManifestReference>* list) {
  const bool is_data = content == FileContent::kData;
  if (AllExist(entries) && (!is_data || new_row_ids_ == 0)) {
    std::copy_if(manifests_before_.begin(), manifests_before_.end(), std::back_inserter(*list),
                 [content](const ManifestReference& line) { return line.content == content; });
    return absl::OkStatus();
  }
  const std::string bytes = EncodeManifest(version(), content, TableSchema(), entries);
  const std::string name =
      JoinPath(kMetadataFolder, std::to_string(id_) + (is_data ? "-data.avro" : "-deletes.avro"));
  ManifestReference line;
  line.path = UriOf(*metadata_, name);
  line.bytes = static_cast<int64_t>(bytes.size());
  line.content = content;
  line.sequence_number = id_;
  line.min_sequence_number = id_;
  line.added_snapshot_id = id_;
  for (const ManifestEntry& entry : entries) {
    const int64_t rows = entry.file.record_count;
    const bool added = entry.status == EntryStatus::kAdded;
    const bool deleted = entry.status == EntryStatus::kDeleted;
    ++(added ? line.added_files : deleted ? line.deleted_files : line.existing_files);
    (added ? line.added_rows : deleted ? line.deleted_rows : line.existing_rows) += rows;
    if (!deleted) {
      line.min_sequence_number =
          std::min(line.min_sequence_number, entry.sequence_number.value_or(id_));
    }
  }
  if (is_data && version() >= 3) {
    line.first_row_id = metadata_->next_row_id();
  }
  list->push_back(std::move(line));
  return WriteFile(name, bytes);
}

absl::Status Publication::AddSnapshot() {
  const TableSnapshot* const parent = metadata_->current();
  std::vector<ManifestReference> list;
  VERALITH_RETURN_IF_ERROR(AddManifest(FileContent::kData, data_, &list));
  VERALITH_RETURN_IF_ERROR(AddManifest(FileContent::kPositionDeletes, deletes_, &list));
  const std::string name = JoinPath(kMetadataFolder, std::to_string(id_) + "-snapshot.avro");
  VERALITH_RETURN_IF_ERROR(WriteFile(
      name,
      EncodeManifestList(version(), id_,
                         parent == nullptr ? std::nullopt : std::optional(parent->id), id_, list)));
  const int64_t removed = CountOf(data_, EntryStatus::kDeleted);
  const bool only_adds = removed == 0 && AllExist(deletes_);
  NewSnapshot snapshot;
  snapshot.id = id_;
  snapshot.sequence_number = id_;
  snapshot.timestamp_ms = std::max(request_.now_ms, metadata_->last_updated_ms() + 1);
  snapshot.manifest_list = UriOf(*metadata_, name);
  snapshot.operation = only_adds ? "append" : "overwrite";
  snapshot.added_rows = new_row_ids_;
  snapshot.summary = {{"veralith.commit-timestamp", std::to_string(request_.at)},
                      {"added-data-files", std::to_string(CountOf(data_, EntryStatus::kAdded))},
                      {"deleted-data-files", std::to_string(removed)},
                      {"total-data-files", std::to_string(report_.data_files)},
                      {"total-records", std::to_string(LiveRows(data_))},
                      {"total-delete-files",
                       std::to_string(deletes_.size() - CountOf(deletes_, EntryStatus::kDeleted))},
                      {"total-position-deletes", std::to_string(LiveRows(deletes_))},
                      {"total-equality-deletes", "0"}};
  if (request_.options.ns.has_value()) {
    snapshot.summary.emplace_back("veralith.namespace", std::to_string(*request_.options.ns));
  }
  metadata_->AddSnapshot(snapshot);
  report_.is_new = true;
  return absl::OkStatus();
}

void Publication::Expire() {
  const PublishOptions& options = request_.options;
  if (options.keep == 0 && options.keep_nanos == 0) {
    return;
  }
  std::vector<int64_t> newest;  // sequence numbers
  for (const TableSnapshot& snapshot : metadata_->snapshots()) {
    newest.push_back(snapshot.sequence_number);
  }
  std::sort(newest.rbegin(), newest.rend());
  const int64_t oldest_kept =
      options.keep > 0 ? newest[std::min<size_t>(options.keep, newest.size()) - 1] : INT64_MAX;
  const uint64_t keep_ms = options.keep_nanos / kNanosPerMilli;
  report_.expired_snapshots = metadata_->Expire([&](const TableSnapshot& snapshot) {
    const int64_t age = std::max<int64_t>(request_.now_ms - snapshot.timestamp_ms, 0);
    return snapshot.sequence_number >= oldest_kept ||
           (options.keep_nanos > 0 && static_cast<uint64_t>(age) <= keep_ms);
  });
}

// --- The commit ----------------------------------------------------------------------------------

absl::Status Publication::Commit() {
  FileSystem& fs = *request_.fs;
  const std::string name = MetadataName(table_version_ + 1);
  const std::string temporary = name + std::string(kTemporaryEnd);
  VERALITH_RETURN_IF_ERROR(WriteFile(temporary, metadata_->ToText()));
  for (const std::string_view folder : {kDataFolder, kMetadataFolder}) {
    VERALITH_RETURN_IF_ERROR(fs.SyncDirectory(files_.PathOf(folder)));
  }
  committed_ = true;
  absl::Status named = fs.Link(files_.PathOf(temporary), files_.PathOf(name));
  if (!named.ok()) {
    VERALITH_ASSIGN_OR_RETURN(const bool exists, fs.Exists(files_.PathOf(name)));
    committed_ = false;
    if (exists) {
      return FailedPrecondition(request_.table + ": another engine has committed meanwhile");
    }
    named = fs.Rename(files_.PathOf(temporary), files_.PathOf(name));  // without links
    VERALITH_RETURN_IF_ERROR(named);
    committed_ = true;
  }
  fs.Remove(files_.PathOf(temporary)).IgnoreError();
  ++table_version_;
  return fs.SyncDirectory(files_.PathOf(kMetadataFolder));
}

// Writes it only if it says something else.
absl::Status Publication::WriteHint() {
  FileSystem& fs = *request_.fs;
  const std::string path = files_.PathOf(kVersionHint);
  const std::string text = std::to_string(table_version_);
  const absl::StatusOr<std::string> now = ReadWholeFile(fs, path, 64);
  if (now.ok() && *now == text) {
    return absl::OkStatus();
  }
  const std::string temporary = std::string(kVersionHint) + std::string(kTemporaryEnd);
  absl::Status written = WriteFile(temporary, text);
  if (written.ok()) {
    written = fs.Rename(files_.PathOf(temporary), path);
  }
  if (!written.ok()) {
    fs.Remove(files_.PathOf(temporary)).IgnoreError();
    return written;
  }
  return fs.SyncDirectory(files_.PathOf(kMetadataFolder));
}

absl::StatusOr<PublishReport> Publication::Run() {
  VERALITH_RETURN_IF_ERROR(MakeFolders());
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock,
                            request_.fs->Lock(files_.PathOf(kLockName), LockMode::kExclusive));
  VERALITH_RETURN_IF_ERROR(LoadTable());
  const std::string uri_before =
      table_version_ == 0 ? "" : UriOf(*metadata_, MetadataName(table_version_));
  const int64_t updated_before = metadata_->last_updated_ms();
  VERALITH_RETURN_IF_ERROR(AddFiles());
  if (!AllExist(data_) || !AllExist(deletes_) || new_row_ids_ > 0 || is_upgraded_ ||
      metadata_->current() == nullptr) {
    VERALITH_RETURN_IF_ERROR(AddSnapshot());
  }
  Expire();
  if (report_.is_new || report_.expired_snapshots > 0) {
    if (!uri_before.empty()) {
      metadata_->LogPrevious(uri_before, updated_before, kMetadataLogEntries);
    }
    VERALITH_RETURN_IF_ERROR(Commit());
  }
  committed_ = true;
  VERALITH_RETURN_IF_ERROR(WriteHint());
  report_.removed_files = files_.Collect(*metadata_, table_version_);
  report_.snapshot_id = metadata_->current()->id;
  report_.at = request_.at;
  report_.format_version = version();
  report_.metadata_file = files_.PathOf(MetadataName(table_version_));
  return report_;
}

}  // namespace

absl::StatusOr<PublishReport> PublishTable(const PublishRequest& request) {
  const PublishOptions& options = request.options;
  if (options.format_version != 0 && options.format_version != 2 && options.format_version != 3) {
    return InvalidArgument("Iceberg's format version " + std::to_string(options.format_version) +
                           " is neither 2 nor 3");
  }
  if (options.ns.has_value() && *options.ns > kMaxNamespace) {
    return InvalidArgument("namespace " + std::to_string(*options.ns) +
                           " is over the limit of 2^63-1");
  }
  if (options.location.ends_with('/')) {
    return InvalidArgument("the table's location ends with a slash");
  }
  return Publication(request).Run();
}

}  // namespace veralith::iceberg
