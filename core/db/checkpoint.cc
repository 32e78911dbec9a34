// SPDX-License-Identifier: Apache-2.0

// Checkpoint: a directory that opens as a database of its own. It is made of links to (or copies
// of) the live segments and a manifest that names them, and gets its name by one synced rename.
// Until then it is staged under a name of its own, with a lock, so it touches neither another
// checkpoint nor anything else beside it.
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/db/db_impl.h"
#include "core/fs/copy_file.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"

namespace veralith {
namespace {

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

// --- Staging -------------------------------------------------------------------------------------

// A directory beside the checkpoint's own, under a name that nobody else can have. Its lock is held
// as long as somebody builds in it.
struct Staging {
  std::string path;
  std::unique_ptr<FileLock> lock;
};

constexpr std::string_view kStagingBegin = ".veralith-checkpoint-";
constexpr std::string_view kStagingEnd = ".tmp";
constexpr int kMostNames = 16;  // names that earlier checkpoints with the same seed can have taken

std::string Hex(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016" PRIx64, number);
  return text;
}

// The beginning of the names of a database's staging directories.
std::string StagingBegin(uint64_t database_id) {
  return std::string(kStagingBegin) + Hex(database_id) + "-";
}

absl::StatusOr<std::unique_ptr<FileLock>> LockStaging(FileSystem& fs, const std::string& path) {
  return fs.Lock(JoinPath(path, kLockFileName), LockMode::kExclusive);
}

// Removes what a checkpoint puts into its directory, and nothing else that somebody may keep there.
// The lock file goes last.
void RemoveStaging(FileSystem& fs, const Staging& staging) {
  if (absl::StatusOr<std::vector<std::string>> names = fs.List(staging.path); names.ok()) {
    for (const std::string& name : *names) {
      if (ParseFileName(name).has_value() && name != kLockFileName) {
        fs.Remove(JoinPath(staging.path, name)).IgnoreError();
      }
    }
  }
  fs.Remove(JoinPath(staging.path, kLockFileName)).IgnoreError();
  fs.RemoveDirectory(staging.path).IgnoreError();
}

// Removes what checkpoints of this database left in `parent` when they crashed: their locks are
// free.
void SweepStaging(FileSystem& fs, const std::string& parent, uint64_t database_id) {
  const std::string begin = StagingBegin(database_id);
  const absl::StatusOr<std::vector<std::string>> names = fs.List(parent);
  if (!names.ok()) {
    return;
  }
  for (const std::string& name : *names) {
    if (!name.starts_with(begin) || !name.ends_with(kStagingEnd)) {
      continue;
    }
    Staging staging{JoinPath(parent, name), nullptr};
    if (auto lock = LockStaging(fs, staging.path); lock.ok()) {
      staging.lock = *std::move(lock);
      RemoveStaging(fs, staging);
    }
  }
}

// Makes a new directory that holds only the lock file.
absl::StatusOr<Staging> MakeStaging(FileSystem& fs, const std::string& parent, uint64_t database_id,
                                    uint64_t seed) {
  Random random(seed);
  for (int name = 0; name < kMostNames; ++name) {
    Staging staging;
    staging.path =
        JoinPath(parent, StagingBegin(database_id) + Hex(random.Next()) + std::string(kStagingEnd));
    VERALITH_RETURN_IF_ERROR(fs.CreateDirectory(staging.path));
    absl::StatusOr<std::unique_ptr<FileLock>> lock = LockStaging(fs, staging.path);
    if (absl::IsFailedPrecondition(lock.status()) || absl::IsNotFound(lock.status())) {
      continue;  // somebody works there, or has just removed it
    }
    if (!lock.ok()) {
      fs.RemoveDirectory(staging.path).IgnoreError();
      return lock.status();
    }
    staging.lock = *std::move(lock);
    VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(staging.path));
    if (names.size() == 1) {
      return staging;
    }
  }
  return Unavailable(parent + ": every name for a checkpoint's staging directory is taken");
}

// Gives the complete directory its name. A directory never replaces another that holds anything.
absl::Status Publish(FileSystem& fs, const Staging& staging, const std::string& target) {
  const absl::Status renamed = fs.Rename(staging.path, target);
  if (renamed.ok()) {
    return fs.SyncDirectory(ParentPath(target));
  }
  const bool is_taken =
      fs.Exists(target).value_or(false) && fs.Exists(staging.path).value_or(false);
  return is_taken ? AlreadyExists(target + ": another checkpoint, or somebody else, has made it "
                                           "meanwhile")
                  : renamed;
}

}  // namespace

absl::Status DbImpl::Checkpoint(const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Checkpoint"));
  {
    MutexLock lock(state_.mutex());
    VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  }
  std::string target = directory;
  while (target.size() > 1 && target.back() == '/') {
    target.pop_back();
  }
  // The path stays right wherever the program goes. It is the caller's, not one in the pinned
  // directory.
  VERALITH_ASSIGN_OR_RETURN(target, state_.fs->Absolute(target));
  VERALITH_ASSIGN_OR_RETURN(const bool exists, state_.fs->Exists(target));
  if (exists) {
    return AlreadyExists(target + ": a checkpoint needs a directory that does not exist");
  }
  std::shared_ptr<const SegmentSet> pinned;
  ManifestState state;
  uint64_t seed = 0;
  {
    MutexLock lock(state_.mutex());
    VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
    VERALITH_RETURN_IF_ERROR(FlushLocked());
    pinned = state_.versions->current();  // its files stay until this call ends
    state = state_.versions->state();
    seed = state_.random.Next();
  }
  state.logs.clear();  // every write that the call waited for is in a segment
  const std::string parent = ParentPath(target);
  SweepStaging(*state_.fs, parent, state.database_id);
  VERALITH_ASSIGN_OR_RETURN(const Staging staging,
                            MakeStaging(*state_.fs, parent, state.database_id, seed));
  absl::Status status = CatchNoMemory(
      "a checkpoint", [&] { return Fill(*state_.fs, state_.directory, staging.path, state); });
  if (status.ok()) {
    status = Publish(*state_.fs, staging, target);
  }
  if (!status.ok()) {
    RemoveStaging(*state_.fs, staging);
    // Close removes what only calls like this one still need.
    return state_.closed.Load() ? state_.Closed() : status;
  }
  return status;
}

}  // namespace veralith
