// Checkpoint: a directory that opens as a database of its own, made of links (or copies) of the live
// segments and a manifest that names them, and given its name by one synced rename.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/db/db_impl.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"

namespace veralith {
namespace {

constexpr size_t kCopyBytes = size_t{1} << 20;

absl::Status CopyFile(FileSystem& fs, const std::string& from, const std::string& to) {
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<File> source, fs.Open(from, OpenMode::kRead));
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<File> target, fs.Open(to, OpenMode::kCreate));
  std::vector<char> buffer(kCopyBytes);
  for (uint64_t offset = 0;;) {
    VERALITH_ASSIGN_OR_RETURN(const size_t bytes, source->ReadAt(offset, buffer));
    if (bytes == 0) {
      break;
    }
    VERALITH_RETURN_IF_ERROR(target->Append(std::string_view(buffer.data(), bytes)));
    offset += bytes;
  }
  VERALITH_RETURN_IF_ERROR(target->Sync());
  return target->Close();
}

absl::Status LinkOrCopy(FileSystem& fs, const std::string& from, const std::string& to) {
  const absl::Status linked = fs.Link(from, to);
  return linked.ok() || absl::IsAlreadyExists(linked) ? linked : CopyFile(fs, from, to);
}

absl::Status Fill(FileSystem& fs, const std::string& from, const std::string& to,
                  const ManifestState& state) {
  for (const uint64_t number : state.version->FileNumbers()) {
    const std::string name = SegmentFileName(number);
    VERALITH_RETURN_IF_ERROR(LinkOrCopy(fs, JoinPath(from, name), JoinPath(to, name)));
  }
  VERALITH_RETURN_IF_ERROR(fs.SyncDirectory(to));
  ManifestState copy = state;
  const uint64_t manifest_number = copy.next_file_number++;
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<ManifestLog> manifest,
                            ManifestLog::Create(&fs, to, manifest_number, copy));
  return manifest->Close();
}

// Removes what a checkpoint puts into its directory, and nothing else that somebody may keep there.
void RemoveDirectoryTree(FileSystem& fs, const std::string& directory) {
  if (absl::StatusOr<std::vector<std::string>> names = fs.List(directory); names.ok()) {
    for (const std::string& name : *names) {
      if (ParseFileName(name).has_value()) {
        fs.Remove(JoinPath(directory, name)).IgnoreError();
      }
    }
  }
  fs.RemoveDirectory(directory).IgnoreError();
}

}  // namespace

absl::Status DbImpl::Checkpoint(const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Checkpoint"));
  std::string target = directory;
  while (target.size() > 1 && target.back() == '/') {
    target.pop_back();
  }
  {
    MutexLock lock(mutex_);
    VERALITH_RETURN_IF_ERROR(CheckWritable());
  }
  VERALITH_ASSIGN_OR_RETURN(const bool exists, fs_->Exists(target));
  if (exists) {
    return AlreadyExists(target + ": a checkpoint needs a directory that does not exist");
  }
  std::shared_ptr<const SegmentSet> pinned;
  ManifestState state;
  {
    MutexLock lock(mutex_);
    VERALITH_RETURN_IF_ERROR(CheckWritable());
    VERALITH_RETURN_IF_ERROR(FlushLocked());
    pinned = versions_->current();  // its files stay until this call ends
    state = versions_->state();
  }
  state.logs.clear();  // every write that the call waited for is in a segment
  const std::string building = target + ".tmp";
  RemoveDirectoryTree(*fs_, building);  // what an earlier checkpoint left when it crashed
  VERALITH_ASSIGN_OR_RETURN(const bool occupied, fs_->Exists(building));
  if (occupied) {
    return AlreadyExists(building + ": holds files that no checkpoint left; move them away");
  }
  VERALITH_RETURN_IF_ERROR(fs_->CreateDirectory(building));
  absl::Status status = Fill(*fs_, directory_, building, state);
  if (status.ok()) {
    status = fs_->Rename(building, target);
  }
  if (!status.ok()) {
    RemoveDirectoryTree(*fs_, building);
    // Close removes what only calls like this one still need.
    return closed_.Load() ? FailedPrecondition("the database is closed") : status;
  }
  return fs_->SyncDirectory(ParentPath(target));
}

}  // namespace veralith
