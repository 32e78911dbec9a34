// SPDX-License-Identifier: Apache-2.0

// A disk in memory that keeps what was written apart from what is durable. It fails where it is
// told to, and shows what a power cut would leave.
//
// THE FAULT MODEL. After a crash the disk holds one of the legal survivors:
//   Bytes. What Sync made durable is there. Each 512-byte sector written since then holds,
//     independently of every other, what was durable before or any content it had since: writes are
//     lost, torn at any sector boundary, and kept out of order. A new sector holds zeros, or what
//     the reused block held when its last file gave it up. A sector itself is never torn.
//   Size. Any size that the file had since the last Sync, or any multiple of 512 between two
//     successive sizes. A survivor that is longer than what was kept shows zeros or stale blocks at
//     its end.
//   Names. What SyncDirectory made durable is there. Each create, link, rename, remove, and making
//     or removing a directory since then is kept or undone, independently of every other and of the
//     file's bytes. A rename is one change: there is never neither name. (Between two directories
//     of which only the target's was synced, perhaps both names exist.) A rename is not kept
//     without an earlier one of the same file that it builds on. If a file's name is lost, so is
//     its content.
//   Failed syncs. After a Sync that returned an error, the cache still shows the bytes, and the
//     disk may or may not have them. No later Sync makes them durable unless they are written
//     again; closing and opening the file changes nothing about it. SyncDirectory likewise.
//   Locks are released.
// While running, any call may fail by FaultPlan (fault_plan.h). Appends and writes beyond the
// capacity transfer what fits, then return ResourceExhausted. Bytes that nobody is writing rot on
// demand, also under open Files.
// Not modelled: bytes that change although nobody touched their sector (except by Corrupt), sectors
// torn inside, a Sync that succeeds and lies, time.
//
// STEPS. Calls that change what the disk may hold are numbered from 1: create, append, write,
// truncate, sync, rename, link, remove, create and remove directory, sync directory, and locking
// exclusively (it may create the file). A call that fails is a step, too. CrashAtStep(n) cuts the
// power in step n. If that step is a sync, it has not happened; any other step has happened and is
// not synced. (The survivors before a step that is no sync are among those after it, and the
// survivors after a sync are among those before it: so crashing once in every step misses none.)
// From then on every call fails with a status that IsSimulatedCrash recognises.
//
// DETERMINISM. The same calls give the same bytes, statuses, survivors and fingerprints, in any
// process. Nothing here reads a clock, a pointer's value or a hash container's order.
//
// OTHERS. The process works in the root directory until SetWorkingDirectory says otherwise; until
// then "a/b" is "/a/b". AsAnotherProcess does what other programs of the machine do meanwhile:
// remove a lock file, move the directory, put something of their own where the engine wants to go.
//
// "." and "" are skipped in paths, ".." is not known. The root directory exists and is durable.
//
// Thread rule: as in file_system.h (one mutex). Survivors share bytes with the file system they
// come from; these are copied when written. Use both from one thread, or one after the other. The
// file system outlives its Files and Locks.
#ifndef VERALITH_TESTING_SIMULATED_FILE_SYSTEM_H_
#define VERALITH_TESTING_SIMULATED_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "veralith/export.h"
#include "veralith/file_system.h"
#include "veralith/testing/fault_plan.h"

namespace veralith {

struct SimulatedDisk;

class VERALITH_EXPORT SimulatedFileSystem final : public FileSystem {
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

  // Sets the directory from which relative paths are looked up: an existing one, by its absolute
  // path.
  void SetWorkingDirectory(const std::string& path);
  // Runs `act`, which uses absolute paths. Its calls meet no fault of the plan and do not count in
  // it. They are steps, and the power can fail in them.
  void AsAnotherProcess(const std::function<void(FileSystem& disk)>& act);

  // ---- Faults ----

  // Replaces the plan; its counts begin at 0 now.
  void SetFaults(FaultPlan plan);
  uint64_t faults_fired() const;
  // Sets the capacity. Files that are already larger stay as they are.
  void SetCapacity(uint64_t capacity_bytes);
  // Limits the files that the process may have open: Files, locks, and (while they run) List and
  // SyncDirectory. One more is EMFILE. Only what lies under `directory` counts (the rest belongs to
  // another process). Call it while nothing is open.
  void SetMaxOpenFiles(uint64_t most, const std::string& directory = "");
  uint64_t open_files() const;       // that count, now
  uint64_t most_open_files() const;  // at once, ever
  // Bit rot, in memory and on the disk. The file exists and is longer than `offset`.
  void Corrupt(const std::string& path, uint64_t offset, char byte);
  void FlipBit(const std::string& path, uint64_t bit);

  // Overwrites every file of `directory` for which `which(name, size)` is true with these bytes, in
  // memory and on the disk. A file with a second name keeps its own.
  void Overwrite(const std::string& directory, std::string_view bytes,
                 const std::function<bool(const std::string& name, uint64_t size)>& which);

  // Forgets what freed blocks held: new sectors hold zeros until other blocks are freed.
  void ForgetFreedBlocks();

  // ---- Crashes ----

  uint64_t steps() const;  // taken so far
  uint64_t calls() const;  // every call so far, also on Files
  void CrashAtStep(uint64_t step);
  void CrashNow();
  bool crashed() const;

  // Returns one legal survivor, which the seed chooses. Draws among kinds of loss (nothing,
  // everything, a prefix, each sector and name for itself), so that rare ones are seen.
  std::unique_ptr<SimulatedFileSystem> CrashClone(uint64_t seed) const;
  // The survivor in which every unsynced change was kept, and the one in which none was.
  std::unique_ptr<SimulatedFileSystem> CloneWithEverything() const;
  std::unique_ptr<SimulatedFileSystem> CloneWithNothingUnsynced() const;

  struct Survivors {
    std::vector<std::unique_ptr<SimulatedFileSystem>> images;  // distinct by Fingerprint()
    bool complete = false;  // these are all (with `varies`: all that differ in files that vary)
  };
  // Returns all survivors if there are at most `bound`. Otherwise returns `bound` of them, chosen
  // in this order: everything; nothing; the last write torn (at its first and last sector boundary
  // and in the middle, with the size grown as far or fully). Then, spread evenly over the unsynced
  // steps, in turn: all steps up to one, all but one, and other writes torn.
  //
  // Files and names for which `varies(path)` is false collapse to one state, the nastiest: unsynced
  // creations kept, removals undone, the latest size with none of the unsynced bytes.
  using PathFilter = std::function<bool(const std::string& path)>;
  Survivors EnumerateSurvivors(size_t bound, const PathFilter& varies = nullptr) const;

  // ---- Looking at it ----

  // A fingerprint of every visible name and byte; equal images have equal fingerprints.
  uint64_t Fingerprint() const;
  // For people: a line per name, with sizes, hashes and what is not durable.
  std::string Dump() const;
  // Every visible file's path and bytes, by path.
  std::vector<std::pair<std::string, std::string>> Files() const;

 private:
  explicit SimulatedFileSystem(std::unique_ptr<SimulatedDisk> disk);

  const std::unique_ptr<SimulatedDisk> disk_;
  const std::unique_ptr<FileSystem> calls_;  // the calls, as a view makes them
};

// True for the status of every call on a file system whose power was cut.
VERALITH_EXPORT bool IsSimulatedCrash(const absl::Status& status);

}  // namespace veralith

#endif  // VERALITH_TESTING_SIMULATED_FILE_SYSTEM_H_
