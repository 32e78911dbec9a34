// SPDX-License-Identifier: Apache-2.0

// A file system that passes every call on and watches the order of DESIGN 4: a protocol check, so
// that a wrong order is found even where no crash happened to hit it.
//
// What it holds its user to
//   1. Whatever the manifest requires to be durable is durable when the bytes that name it are
//      written: its bytes are synced (by a Sync that did not fail), and so is its directory entry.
//      The same holds for the manifest, and for the pointer's own bytes, when the pointer (CURRENT)
//      is put into place.
//   2. A file is removed (or renamed away, or replaced) only when no manifest that a crash could
//      leave in force names it: neither by its durable bytes nor by those written since.
//   3. After a write or Sync on a file failed, it is never written again, by any File.
//   4. A directory with a pointer in it (a checkpoint, built under another name) is renamed into
//      place only when that pointer is durable, and its manifest up to some Sync.
//   5. While read-only (SetReadOnly) nothing is changed: no create, write, name, directory or
//      exclusive lock.
// A violation is recorded with the calls that led to it; the call goes through nevertheless.
//
// It knows no formats: a ManifestInterpreter says which paths are manifests and what their bytes
// name. Files that existed before the monitor are taken to be durable. It makes no call of its own
// (except in Adopt), so it moves no fault and no crash point. A pointer comes into place by rename
// only. Paths are compared as text.
//
// Thread rule: as in file_system.h, with a mutex that is not held during the calls below it. Does
// not own the base or the interpreter; both outlive it and its Files. One monitor per run of the
// simulated machine: after a crash, start a new one on the survivor.
#ifndef VERALITH_CORE_FS_TESTING_ORDER_MONITOR_H_
#define VERALITH_CORE_FS_TESTING_ORDER_MONITOR_H_

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/sync.h"
#include "core/fs/testing/intercepted_file_system.h"
#include "veralith/file_system.h"

namespace veralith {

// What a manifest says of a file.
struct NamedFile {
  std::string path;
  // What must be durable before the manifest may name it.
  enum class Needs {
    kNothing,  // only protected from removal
    kName,     // its directory entry
    kBytes,    // its bytes and its directory entry
  };
  Needs needs = Needs::kBytes;
};

class ManifestInterpreter {
 public:
  virtual ~ManifestInterpreter() = default;
  virtual bool IsManifest(const std::string& path) const = 0;
  // True for the pointer to the manifest in force: a file renamed to such a path, or written there.
  virtual bool IsPointer(const std::string& path) const = 0;
  // Returns the files in force after the whole records in `bytes`; what follows the last whole
  // record does not count. Called after each write to a manifest, with all its bytes.
  virtual std::vector<NamedFile> FilesNamedBy(const std::string& manifest_path,
                                              std::string_view bytes) const = 0;
  // Returns the path of the manifest that a pointer with these bytes names; nothing if it is
  // broken.
  virtual std::optional<std::string> ManifestNamedBy(const std::string& pointer_path,
                                                     std::string_view bytes) const = 0;
};

class OrderMonitor final : public InterceptedFileSystem {
 public:
  OrderMonitor(FileSystem* base, const ManifestInterpreter* interpreter);
  ~OrderMonitor() override;

  // Learns the pointers and manifests that are already in a directory, which the base holds durable
  // (a survivor of a crash does). Without this they protect nothing until they are written.
  absl::Status Adopt(const std::string& directory);
  void SetReadOnly(bool read_only);
  // One line per violation, with the calls before it. Empty if the protocol was kept.
  std::vector<std::string> violations() const;
  // The number of checks made so far: a run without checks shows nothing.
  uint64_t checks() const;

 private:
  struct Watched {
    uint64_t writes = 0;   // made so far; 0 for a file that existed before
    uint64_t synced = 0;   // how many of them are durable
    uint64_t syncing = 0;  // how many of them the Sync under way covers
    bool failed = false;   // a write or sync failed: never durable again, never to be written
    std::string bytes;     // of manifests and of small files, which may become a pointer
  };
  using WatchedPtr = std::shared_ptr<Watched>;
  struct Name {
    WatchedPtr file;
    bool durable = false;
    bool lost = false;  // a failed sync of the directory
  };
  // A call that changed something.
  struct Noted {
    FsCall kind = FsCall::kAny;
    std::string path;
    std::string to;
  };
  static constexpr size_t kRecentCalls = 8;
  struct Manifest {
    std::vector<std::string> latest;  // named after the last write
    std::set<std::string> possible;   // named by some state that a crash could leave
  };

  void Note(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Violation(const std::string& what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Every call that changes something begins here.
  void BeginChange(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WatchedPtr Find(const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CheckMayGo(const std::string& path, std::string_view how)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CheckDurable(const NamedFile& named, const std::string& by)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool InForce(const std::string& manifest) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ManifestWritten(const std::string& path, std::string_view bytes, bool check)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PointerPlaced(const std::string& from, const std::string& to)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Renamed(const std::string& from, const std::string& to)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A directory that was built under another name becomes a database when it is renamed.
  void CheckMayBeNamed(const std::string& from, const std::string& to)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DirectoryPlaced(const std::string& directory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DirectorySynced(const std::string& directory, bool ok) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Status Before(const Call& call) override;
  void After(const Call& call, const absl::Status& status) override;
  void BeforeWrite(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BeforeRename(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AfterOpen(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AfterSync(const Call& call, bool ok) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Named(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ManifestInterpreter* const interpreter_;

  mutable Mutex mutex_;
  std::map<std::string, Name> names_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Manifest> manifests_ ABSL_GUARDED_BY(mutex_);
  // For each pointer, the manifests it may name after a crash; the visible one is the last.
  std::map<std::string, std::vector<std::string>> pointers_ ABSL_GUARDED_BY(mutex_);
  std::array<Noted, kRecentCalls> recent_ ABSL_GUARDED_BY(mutex_);  // call i at i % kRecentCalls
  uint64_t noted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> violations_ ABSL_GUARDED_BY(mutex_);
  uint64_t checks_ ABSL_GUARDED_BY(mutex_) = 0;
  bool read_only_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_ORDER_MONITOR_H_
