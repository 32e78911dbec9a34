// SPDX-License-Identifier: Apache-2.0

#include "core/version_set/version_set.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/base/no_memory.h"
#include "core/base/status.h"
#include "core/fs/file_helpers.h"

namespace veralith {
namespace {

std::vector<FileName> OurFiles(const std::vector<std::string>& names) {
  std::vector<FileName> files;
  for (const std::string& name : names) {
    if (const std::optional<FileName> file = ParseFileName(name); file.has_value()) {
      files.push_back(*file);
    }
  }
  return files;
}

// Returns how many levels count as tiered: as many as the policy says, and more if the version
// already holds more runs than that (written under another policy; compaction will merge them).
int TieredLevels(const Version& version, int policy) {
  int tiered = policy;
  for (int level = policy; level < kMaxTieredLevels; ++level) {
    if (version.runs(level).size() > 1) {
      tiered = level + 1;
    }
  }
  return tiered;
}

}  // namespace

class VersionSet::Turn {
 public:
  // `set` must have the turn.
  explicit Turn(VersionSet& set) : set_(set) {}
  ~Turn() { set_.EndTurn(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  VersionSet& set_;
};

VersionSet::VersionSet(VersionSetOptions options) : options_(std::move(options)) {}

VersionSet::~VersionSet() { VERALITH_CHECK(!has_turn_ && !removing_); }

// --- Open ----------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<VersionSet>> VersionSet::Open(VersionSetOptions options) {
  VERALITH_CHECK(options.fs != nullptr && options.executor != nullptr && options.open_segment);
  VERALITH_CHECK(options.new_database_id != 0);
  std::unique_ptr<VersionSet> set(new VersionSet(std::move(options)));
  VERALITH_RETURN_IF_ERROR(set->Recover());
  return set;
}

absl::Status VersionSet::Recover() {
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            options_.fs->List(options_.directory));
  VERALITH_RETURN_IF_ERROR(RecoverState(names));
  const std::vector<FileName> files = OurFiles(names);
  VERALITH_RETURN_IF_ERROR(CheckLogsExist(files));
  VERALITH_RETURN_IF_ERROR(CheckManifestIsWhole(files));
  VERALITH_ASSIGN_OR_RETURN(current_, OpenSet(state_.version));
  for (const uint64_t number : state_.version->FileNumbers()) {
    open_[number] = current_->Find(*state_.version->Find(number));
  }
  next_file_number_ = state_.next_file_number;
  next_run_id_ = state_.next_run_id;
  for (const FileName& file : files) {
    next_file_number_ = std::max(next_file_number_, file.number + 1);
  }
  if (options_.read_only) {
    return absl::OkStatus();
  }
  if (next_file_number_ > kMaxFileNumber / 2 || next_run_id_ > kMaxFileNumber / 2) {
    return ResourceExhausted(options_.directory + ": file numbers are used up");  // or made up
  }
  if (options_.before_first_write != nullptr) {
    VERALITH_RETURN_IF_ERROR(options_.before_first_write(state_));
  }
  VERALITH_RETURN_IF_ERROR(StartManifest());
  FindLeftovers(files);
  return absl::OkStatus();
}

absl::Status VersionSet::RecoverState(const std::vector<std::string>& names) {
  VERALITH_ASSIGN_OR_RETURN(std::optional<RecoveredManifest> recovered,
                            RecoverManifest(options_.fs, options_.directory, names));
  if (!recovered.has_value()) {
    if (!options_.create_if_missing || options_.read_only) {
      return NotFound(options_.directory + ": no database here");
    }
    created_ = true;
    state_.database_id = options_.new_database_id;
    return absl::OkStatus();
  }
  if (options_.error_if_exists) {
    return AlreadyExists(options_.directory + ": a database is here already");
  }
  VERALITH_RETURN_IF_ERROR(
      Annotate(recovered->state.version->CheckInvariants(),
               JoinPath(options_.directory, ManifestFileName(recovered->manifest_number))));
  state_ = recovered->state;
  manifest_number_ = recovered->manifest_number;
  recovered_ = *std::move(recovered);
  return absl::OkStatus();
}

absl::Status VersionSet::CheckLogsExist(const std::vector<FileName>& files) const {
  for (const auto& [number, id] : state_.logs) {
    if (std::find(files.begin(), files.end(), FileName{FileKind::kLog, number}) == files.end()) {
      return DataLoss(JoinPath(options_.directory, LogFileName(number)) +
                      " is missing, and recovery needs it");
    }
  }
  return absl::OkStatus();
}

// A manifest cut at the end of a record looks like an older one, and the files that its lost edits
// named look like garbage. A crash alone never leaves these two: a log that has records although no
// edit named it, and a segment from before the first edit that gave timestamps out (the ceiling).
absl::Status VersionSet::CheckManifestIsWhole(const std::vector<FileName>& files) const {
  for (const FileName& file : files) {
    if (!options_.edits_precede_data || IsReferenced(file) ||
        file.number < state_.next_file_number) {
      continue;
    }
    const std::string path = JoinPath(options_.directory, ToString(file));
    bool is_proof = file.kind == FileKind::kSegment && state_.timestamp_ceiling == 0;
    if (file.kind == FileKind::kLog) {
      VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<File> log,
                                options_.fs->Open(path, OpenMode::kRead));
      VERALITH_ASSIGN_OR_RETURN(const uint64_t bytes, log->Size());
      is_proof = bytes > 0;
    }
    if (is_proof) {
      return DataLoss(JoinPath(options_.directory, ManifestFileName(manifest_number_)) +
                      " has lost its end, at offset " + std::to_string(recovered_.manifest_bytes) +
                      " or before: " + path + " holds data, and no edit names it");
    }
  }
  return absl::OkStatus();
}

absl::Status VersionSet::StartManifest() {
  const uint64_t number = next_file_number_++;
  state_.next_file_number = next_file_number_;
  VERALITH_ASSIGN_OR_RETURN(manifest_, ManifestLog::Create(options_.fs, options_.directory, number,
                                                           state_, options_.manifest_limits));
  manifest_number_ = number;
  return absl::OkStatus();
}

// Finds what crashes and failed jobs left. The first RemoveObsoleteFiles removes it, after
// everything that is needed has been found.
void VersionSet::FindLeftovers(const std::vector<FileName>& files) {
  for (const FileName& file : files) {
    if (!IsReferenced(file)) {
      garbage_.insert(file);
    }
  }
  garbage_.erase(FileName{FileKind::kCurrentTemporary, 0});  // became CURRENT
}

bool VersionSet::IsReferenced(const FileName& file, const ManifestState& state) const {
  switch (file.kind) {
    case FileKind::kCurrent:
    case FileKind::kLock:
      return true;
    case FileKind::kCurrentTemporary:
      return false;
    case FileKind::kManifest:
      return file.number == manifest_number_;
    case FileKind::kLog:
      return state.logs.contains(file.number);
    case FileKind::kSegment:
      return state.version->Find(file.number) != nullptr;
  }
  return true;
}

// --- Segments ------------------------------------------------------------------------------------

absl::StatusOr<std::shared_ptr<const Segment>> VersionSet::OpenSegment(const FileRef& file) const {
  if (const auto it = open_.find(file->number); it != open_.end()) {
    if (*it->second->meta != *file) {
      return DataLoss(SegmentFileName(file->number) + " is described anew, as " +
                      DebugString(*file) + ", but segments never change");
    }
    return it->second;
  }
  absl::StatusOr<std::shared_ptr<SegmentReader>> reader = options_.open_segment(*file);
  if (reader.status().code() == absl::StatusCode::kNotFound) {
    return DataLoss(JoinPath(options_.directory, SegmentFileName(file->number)) +
                    " is missing, and the manifest names it");
  }
  VERALITH_RETURN_IF_ERROR(reader.status());
  const auto release = [releases = options_.releases](const Segment* segment) {
    delete segment;
    if (releases != nullptr) {
      releases->Notify();
    }
  };
  return std::shared_ptr<const Segment>(new Segment{file, *std::move(reader)}, release);
}

absl::StatusOr<std::shared_ptr<const SegmentSet>> VersionSet::OpenSet(
    std::shared_ptr<const Version> version) const {
  SegmentSet::Levels levels;
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : version->runs(level)) {
      SegmentRun opened{run.id, {}};
      opened.segments.reserve(run.files.size());
      for (const FileRef& file : run.files) {
        VERALITH_ASSIGN_OR_RETURN(std::shared_ptr<const Segment> segment, OpenSegment(file));
        opened.segments.push_back(std::move(segment));
      }
      levels[level].push_back(std::move(opened));
    }
  }
  return std::make_shared<const SegmentSet>(std::move(version), std::move(levels));
}

// --- Numbers -------------------------------------------------------------------------------------

uint64_t VersionSet::NewPendingFile() {
  pending_.insert(next_file_number_);
  return next_file_number_++;
}

void VersionSet::ReleasePending(uint64_t number) noexcept {
  pending_.erase(number);
  if (!error_.ok()) {
    return;  // invariant 5
  }
  for (const FileKind kind : {FileKind::kLog, FileKind::kSegment}) {
    const FileName file{kind, number};
    if (!IsReferenced(file) && !TryWithMemory([&] { garbage_.insert(file); })) {
      return;
    }
  }
}

// --- LogAndApply ---------------------------------------------------------------------------------

void VersionSet::WaitForTurn(Mutex& mutex) {
  while (has_turn_) {
    options_.executor->Await(mutex, turn_);
  }
  has_turn_ = true;
}

void VersionSet::EndTurn() {
  has_turn_ = false;
  turn_.NotifyAll();
}

absl::Status VersionSet::CheckUsable() const {
  if (options_.read_only) {
    return FailedPrecondition("the database is open for reading only");
  }
  if (closed_) {
    return FailedPrecondition("the database is closed");
  }
  if (!error_.ok()) {
    return FailedPrecondition("the manifest failed earlier; open the database again: " +
                              ToString(error_));
  }
  return absl::OkStatus();
}

// Checks numbers: a file that is neither pending nor current may be garbage that is being removed.
absl::Status VersionSet::CheckAdditions(const VersionEdit& edit) const {
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    const uint64_t number = added.file.number;
    if (!pending_.contains(number) && state_.version->Find(number) == nullptr) {
      return FailedPrecondition("the edit adds " + SegmentFileName(number) +
                                ", which is neither pending nor current");
    }
  }
  for (const VersionEdit::AddedLog& added : edit.added_logs) {
    if (!pending_.contains(added.number)) {
      return FailedPrecondition("the edit adds " + LogFileName(added.number) +
                                ", which is not pending");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<VersionSet::Prepared> VersionSet::Prepare(const VersionEdit& edit) const {
  const auto stale = [](const absl::Status& status) {
    return FailedPrecondition("the edit does not fit the current version: " +
                              std::string(Message(status)));
  };
  absl::StatusOr<ManifestState> state = state_.Apply(edit);
  if (!state.ok()) {
    return stale(state.status());
  }
  if (state->version == state_.version) {
    return Prepared{.state = *std::move(state), .set = current_};
  }
  const int tiered = TieredLevels(*state_.version, options_.tiered_levels);
  if (const absl::Status status = state->version->CheckInvariants(tiered); !status.ok()) {
    return stale(status);
  }
  VERALITH_ASSIGN_OR_RETURN(std::shared_ptr<const SegmentSet> set, OpenSet(state->version));
  return Prepared{.state = *std::move(state), .set = std::move(set)};
}

absl::Status VersionSet::CheckOwner() const {
  return options_.check_owner == nullptr ? absl::OkStatus() : options_.check_owner();
}

// Writes the edit in a new manifest. If it stops halfway, the next recovery reads either of the
// two.
absl::Status VersionSet::PersistInNew(const VersionEdit& edit, uint64_t roll_number,
                                      std::unique_ptr<ManifestLog>* rolled) {
  ManifestState snapshot = state_;
  snapshot.next_file_number = std::max(snapshot.next_file_number, roll_number + 1);
  VERALITH_ASSIGN_OR_RETURN(
      *rolled, ManifestLog::Create(options_.fs, options_.directory, roll_number, snapshot,
                                   options_.manifest_limits));
  return (*rolled)->Append(edit);
}

// Prepares the lists: files that the edit adds are open, and files that it removes are garbage once
// nobody pins them.
void VersionSet::PrepareLists(const VersionEdit& edit, bool rolls, Prepared* prepared) const {
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    const uint64_t number = added.file.number;
    prepared->open[number] = prepared->set->Find(*prepared->state.version->Find(number));
  }
  for (const VersionEdit::RemovedFile& removed : edit.removed_files) {
    const FileName file{FileKind::kSegment, removed.number};
    if (IsReferenced(file, prepared->state)) {
      continue;  // moved
    }
    prepared->garbage.insert(file);
    if (const auto it = open_.find(removed.number); it != open_.end()) {
      prepared->dropped[removed.number] = it->second;
    }
  }
  for (const uint64_t number : edit.removed_logs) {
    prepared->garbage.insert({FileKind::kLog, number});
  }
  if (rolls) {
    prepared->garbage.insert({FileKind::kManifest, manifest_number_});
  }
}

// `poison`: the error after which nobody knows what is on disk.
absl::Status VersionSet::PrepareAndPersist(const VersionEdit& edit, uint64_t roll_number,
                                           Prepared* prepared, std::unique_ptr<ManifestLog>* rolled,
                                           absl::Status* poison) {
  VERALITH_ASSIGN_OR_RETURN(*prepared, Prepare(edit));
  PrepareLists(edit, roll_number != 0, prepared);
  if (absl::Status owner = CheckOwner(); !owner.ok()) {
    *poison = owner;
  } else if (roll_number == 0) {
    *poison = manifest_->Append(edit);
  } else {
    *poison =
        CatchNoMemory("a new manifest", [&] { return PersistInNew(edit, roll_number, rolled); });
  }
  return *poison;
}

absl::Status VersionSet::LogAndApply(VersionEdit edit, Mutex& mutex) {
  WaitForTurn(mutex);
  const Turn turn(*this);
  VERALITH_RETURN_IF_ERROR(CheckUsable());
  VERALITH_RETURN_IF_ERROR(CheckAdditions(edit));
  const uint64_t roll_number = manifest_->ShouldRoll() ? next_file_number_++ : 0;
  edit.next_file_number = next_file_number_;
  edit.next_run_id = next_run_id_;
  Prepared prepared;
  std::unique_ptr<ManifestLog> rolled;
  absl::Status poison;
  absl::Status status;
  {
    MutexUnlock unlock(mutex);
    status = CatchNoMemory("an edit of the manifest", [&] {
      return PrepareAndPersist(edit, roll_number, &prepared, &rolled, &poison);
    });
  }
  if (status.ok()) {
    Install(edit, std::move(prepared), std::move(rolled));
  } else if (!poison.ok()) {
    error_ = poison;
  }
  return status;
}

void VersionSet::Install(const VersionEdit& edit, Prepared prepared,
                         std::unique_ptr<ManifestLog> rolled) noexcept {
  // Numbers handed out meanwhile are above those that the edit knows.
  next_file_number_ = std::max(next_file_number_, prepared.state.next_file_number);
  next_run_id_ = std::max(next_run_id_, prepared.state.next_run_id);
  state_ = std::move(prepared.state);
  current_ = std::move(prepared.set);
  for (const auto& [number, segment] : prepared.dropped) {
    open_.erase(number);
  }
  garbage_.merge(prepared.garbage);
  dropped_.merge(prepared.dropped);
  open_.merge(prepared.open);  // a file that moved is there already, and is the same
  if (rolled != nullptr) {
    manifest_ = std::move(rolled);
    manifest_number_ = manifest_->number();
  }
}

absl::Status VersionSet::Close(Mutex& mutex) {
  WaitForTurn(mutex);
  const Turn turn(*this);
  closed_ = true;
  absl::Status status;
  if (manifest_ != nullptr && error_.ok()) {
    MutexUnlock unlock(mutex);
    status = CatchNoMemory("the end of the manifest", [&] { return manifest_->Close(); });
  }
  manifest_ = nullptr;
  return status;
}

// --- Garbage -------------------------------------------------------------------------------------

bool VersionSet::MayRemove(const FileName& file, bool pinned_too) const {
  if (file.number != 0 && pending_.contains(file.number)) {
    return false;
  }
  const auto dropped = dropped_.find(file.number);
  return pinned_too || file.kind != FileKind::kSegment || dropped == dropped_.end() ||
         dropped->second.expired();
}

std::vector<FileName> VersionSet::Garbage(bool pinned_too) const {
  std::vector<FileName> files;
  std::copy_if(garbage_.begin(), garbage_.end(), std::back_inserter(files),
               [&](const FileName& file) { return MayRemove(file, pinned_too); });
  return files;
}

bool VersionSet::PinsGarbage() const {
  return std::any_of(dropped_.begin(), dropped_.end(),
                     [](const auto& dropped) { return !dropped.second.expired(); });
}

absl::Status VersionSet::Remove(const FileName& file) const {
  const absl::Status status = options_.fs->Remove(JoinPath(options_.directory, ToString(file)));
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::Status VersionSet::RemoveAll(const std::vector<FileName>& files,
                                   std::vector<FileName>* removed) const {
  absl::Status first_error;
  for (const FileName& file : files) {
    if (const absl::Status status = Remove(file); status.ok()) {
      removed->push_back(file);
    } else if (first_error.ok()) {
      first_error = status;
    }
  }
  return first_error;
}

absl::Status VersionSet::RemoveObsoleteFiles(Mutex& mutex, bool pinned_too) {
  if (removing_ || options_.read_only) {
    return absl::OkStatus();
  }
  std::vector<FileName> files;
  std::vector<FileName> removed;
  VERALITH_RETURN_IF_ERROR(CatchNoMemory("the removal of files", [&] {
    files = Garbage(pinned_too);
    removed.reserve(files.size());
    return absl::OkStatus();
  }));
  removing_ = true;
  absl::Status first_error;
  {
    MutexUnlock unlock(mutex);
    first_error = CatchNoMemory("the removal of files", [&]() -> absl::Status {
      VERALITH_RETURN_IF_ERROR(files.empty() ? absl::OkStatus() : CheckOwner());
      return RemoveAll(files, &removed);
    });
  }
  for (const FileName& file : removed) {
    garbage_.erase(file);
    if (file.kind == FileKind::kSegment) {
      dropped_.erase(file.number);
    }
  }
  removing_ = false;
  return first_error;
}

}  // namespace veralith
