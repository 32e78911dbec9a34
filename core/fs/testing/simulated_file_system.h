// A disk in memory that keeps what was written apart from what is durable, fails where it is told
// to, and can be asked what a power cut would leave.
//
// THE FAULT MODEL. After a crash the disk holds one of the legal survivors:
//   Bytes. What Sync made durable is there. Each 512-byte sector written since holds, independently
//     of every other, what was durable before or any content it had since: writes are lost, torn at
//     any sector boundary and kept out of order. A sector that is new holds zeros or what the
//     reused block held when its last file gave it up. A sector itself is never torn.
//   Size. Any size the file had since the last Sync, or any multiple of 512 between two successive
//     ones. A survivor that is longer than what was kept shows zeros or stale blocks at its end.
//   Names. What SyncDirectory made durable is there. Each create, link, rename, remove, and making
//     or removing a directory since then is kept or undone, independently of every other and of the
//     file's bytes. A rename is one change (never neither name; between two directories of which
//     only the target's was synced, perhaps both names), and is not kept without an earlier one of
//     the same file that it builds on. Content of a file whose name is lost is lost with it.
//   Failed syncs. After a Sync that returned an error the cache still shows the bytes, the disk may
//     or may not have them, and no later Sync makes them durable unless they are written again;
//     closing and opening the file changes nothing about it. SyncDirectory likewise.
//   Locks are released.
// While running: any call may fail by FaultPlan (fault_plan.h). Appends and writes beyond the
// capacity transfer what fits, then return ResourceExhausted. Bytes that nobody is writing rot on
// demand, also under open Files.
// Not modelled: bytes that change though nobody touched their sector (but for Corrupt), sectors
// torn inside, a Sync that succeeds and lies, time.
//
// STEPS. Calls that change what the disk may hold are numbered from 1: create, append, write,
// truncate, sync, rename, link, remove, create and remove directory, sync directory, and locking
// exclusively (it may create the file). A call that fails is a step, too. CrashAtStep(n)
// cuts the power in step n: a sync has then not happened, any other step has, as unsynced as ever.
// (The survivors before a step that is no sync are among those after it, and the survivors after a
// sync are among those before it: so crashing once in every step loses none.) From then on every
// call fails with a status that IsSimulatedCrash recognises.
//
// DETERMINISM. The same calls give the same bytes, statuses, survivors and fingerprints, in any
// process. Nothing here reads a clock, a pointer's value or a hash container's order.
//
// OTHERS. The process works in the root directory until SetWorkingDirectory says otherwise: until
// then "a/b" is "/a/b". AsAnotherProcess does what other programs of the machine do meanwhile:
// remove a lock file, move the directory, put something of their own where the engine wants to go.
//
// "." and "" are skipped in paths, ".." is not known. The root directory exists and is durable.
//
// Thread rule: as in file_system.h (one mutex). Survivors share bytes with the file system they
// come from, copied when written: use both from one thread, or one after the other. The file
// system outlives its Files and Locks.
#ifndef VERALITH_CORE_FS_TESTING_SIMULATED_FILE_SYSTEM_H_
#define VERALITH_CORE_FS_TESTING_SIMULATED_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/sync.h"
#include "core/fs/testing/fault_plan.h"
#include "veralith/file_system.h"

namespace veralith {

struct SimulatedInode;

class SimulatedFileSystem final : public FileSystem {
 public:
  static constexpr uint64_t kDefaultCapacityBytes = uint64_t{1} << 40;

  explicit SimulatedFileSystem(uint64_t capacity_bytes = kDefaultCapacityBytes);
  ~SimulatedFileSystem() override;

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status RemoveDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<bool> Exists(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) override;
  std::optional<uint64_t> MaxOpenFiles() const override;
  absl::StatusOr<std::unique_ptr<FileLock>> LockDirectory(const std::string& directory,
                                                          LockMode mode) override;
  absl::StatusOr<std::unique_ptr<FileSystem>> Pin(const std::string& directory) override;
  absl::StatusOr<std::string> Absolute(const std::string& path) override;

  // ---- Others ----

  // From where relative paths are looked up from now on; an existing directory, by its absolute
  // path.
  void SetWorkingDirectory(const std::string& path);
  // The calls of `act`, which uses absolute paths, meet no fault of the plan and do not count in
  // it. They are steps, and the power can fail in them.
  void AsAnotherProcess(const std::function<void(FileSystem& disk)>& act);

  // ---- Faults ----

  // Replaces the plan; its counts begin at 0 now.
  void SetFaults(FaultPlan plan);
  uint64_t faults_fired() const;
  // Files already larger stay as they are.
  void SetCapacity(uint64_t capacity_bytes);
  // The process may have `most` files open: Files, locks, and for their time List and
  // SyncDirectory. One more is EMFILE. Only what lies under `directory` counts (the rest is another
  // process's); it is named while nothing is open.
  void SetMaxOpenFiles(uint64_t most, const std::string& directory = "");
  uint64_t open_files() const;       // that count, now
  uint64_t most_open_files() const;  // at once, ever
  // Bit rot, in memory and on the disk. The file exists and is longer than `offset`.
  void Corrupt(const std::string& path, uint64_t offset, char byte);
  void FlipBit(const std::string& path, uint64_t bit);

  // Gives every file of `directory` for which `which(name, size)` is true these bytes, in memory
  // and on the disk, in place of its own; one with a second name stays what it is.
  void Overwrite(const std::string& directory, std::string_view bytes,
                 const std::function<bool(const std::string& name, uint64_t size)>& which);

  // What blocks held that no file holds any more: from now on zeros, until others are freed.
  void ForgetFreedBlocks();

  // ---- Crashes ----

  uint64_t steps() const;  // taken so far
  uint64_t calls() const;  // every call so far, those on Files too
  void CrashAtStep(uint64_t step);
  void CrashNow();
  bool crashed() const;

  // One legal survivor. Draws between kinds of loss (nothing, everything, a prefix, each sector and
  // name for itself), so that the rare ones are seen.
  std::unique_ptr<SimulatedFileSystem> CrashClone(Random& random) const;
  // The survivor in which every unsynced change was kept, and the one in which none was.
  std::unique_ptr<SimulatedFileSystem> CloneWithEverything() const;
  std::unique_ptr<SimulatedFileSystem> CloneWithNothingUnsynced() const;

  struct Survivors {
    std::vector<std::unique_ptr<SimulatedFileSystem>> images;  // distinct by Fingerprint()
    bool complete = false;  // these are all (with `varies`: all that differ in files that vary)
  };
  // All survivors if there are at most `bound`. Otherwise `bound` of them, chosen in this order:
  // everything, nothing; the last write torn (at its first and last sector boundary and in the
  // middle, the size grown as far or fully); then, evenly spread over the unsynced steps, in turn:
  // all steps up to one, all but one, and other writes torn.
  //
  // Files and names for which `varies(path)` is false collapse to one state, the nastiest: unsynced
  // creations kept, removals undone, the latest size with none of the unsynced bytes.
  using PathFilter = std::function<bool(const std::string& path)>;
  Survivors EnumerateSurvivors(size_t bound, const PathFilter& varies = nullptr) const;

  // ---- Looking at it ----

  // Of every visible name and byte; equal images have equal fingerprints.
  uint64_t Fingerprint() const;
  // For people: a line per name, with sizes, hashes and what is not durable.
  std::string Dump() const;
  // Every visible file's path and bytes, by path.
  std::vector<std::pair<std::string, std::string>> Files() const;

 private:
  friend class SimulatedFile;
  friend class SimulatedLock;
  friend class SimulatedCalls;
  struct Disk;

  explicit SimulatedFileSystem(std::unique_ptr<Disk> disk);
  std::unique_ptr<Disk> Revive(std::shared_ptr<SimulatedInode> root) const;

  const std::unique_ptr<Disk> disk_;
  const std::unique_ptr<FileSystem> calls_;  // what a call is: the same as in a view
};

// True for the status of every call on a file system whose power was cut.
bool IsSimulatedCrash(const absl::Status& status);

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_SIMULATED_FILE_SYSTEM_H_
