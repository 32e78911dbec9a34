// SPDX-License-Identifier: Apache-2.0

#include "veralith/testing/simulated_file_system.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/fs/errno_status.h"
#include "core/fs/file_helpers.h"
#include "core/fs/testing/simulated_bytes.h"
#include "core/fs/testing/simulated_disk.h"
#include "core/fs/testing/survivors.h"
#include "xxhash.h"

namespace veralith {
namespace {

constexpr uint64_t kMaxOffset = std::numeric_limits<int64_t>::max();
constexpr size_t kMaxNameBytes = 255;
// How far a file whose appends are mapped is made longer at a time.
constexpr uint64_t kMappedWindowBytes = 4096;
static_assert(kMappedWindowBytes <= File::kMappedAheadBytes);
constexpr std::string_view kCrashReason = "simulated crash";

// PosixFileSystem's words for each call.
constexpr std::string_view Verb(FsCall call) {
  switch (call) {
    case FsCall::kCreate:
      return "open";
    case FsCall::kCreateDirectory:
      return "create directory";
    case FsCall::kRemoveDirectory:
      return "remove directory";
    case FsCall::kSyncDirectory:
      return "sync directory";
    case FsCall::kFreeBytes:
      return "free bytes";
    default:
      return kFsCallNames[static_cast<size_t>(call)];
  }
}

bool IsSync(FsCall call) { return call == FsCall::kSync || call == FsCall::kSyncDirectory; }

uint64_t InSectors(uint64_t bytes) {
  return (bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
}

// Takes the next component off the path; "" at its end.
std::string_view NextComponent(std::string_view* path) {
  std::string_view component;
  do {
    path->remove_prefix(std::min(path->find_first_not_of('/'), path->size()));
    component = path->substr(0, path->find('/'));
    path->remove_prefix(component.size());
  } while (component == ".");
  return component;
}

// Where a path leads.
struct Place {
  int error = 0;             // errno: the way there is not passable
  SimulatedInodePtr parent;  // none for the root
  std::string name;
  SimulatedInodePtr inode;  // none: the name is free
};

// A path that stands for the directory that it named when it was pinned.
struct PinnedInode {
  std::string path;
  SimulatedInodePtr directory;
};

// Returns the rest of a path after the pinned directory; nothing if the path does not lead into it.
std::optional<std::string_view> BelowPinned(std::string_view path, const PinnedInode* pin) {
  if (pin == nullptr || !path.starts_with(pin->path)) {
    return std::nullopt;
  }
  const std::string_view rest = path.substr(pin->path.size());
  const bool inside = rest.empty() || rest.front() == '/' || pin->path.ends_with('/');
  return inside ? std::optional(rest) : std::nullopt;
}

struct ActiveRule {
  FaultRule rule;
  uint64_t matched = 0;
};

}  // namespace

struct SimulatedDisk {
  mutable Mutex mutex;  // guards everything below
  SimulatedInodePtr root;
  SimulatedInodePtr working;  // directory
  std::string working_path = "/";
  PendingNames names;
  StaleSectors stale;
  uint64_t last_id = 0;
  uint64_t capacity = SimulatedFileSystem::kDefaultCapacityBytes;
  uint64_t used = 0;
  uint64_t steps = 0;
  uint64_t calls = 0;
  uint64_t crash_at = 0;  // 0: never
  bool crashed = false;
  std::vector<ActiveRule> faults;
  uint64_t fired = 0;
  std::optional<uint64_t> max_open_files;
  std::string counted_under;  // a directory
  uint64_t open_files = 0;
  uint64_t most_open_files = 0;

  // ---- Calls: counting, faults, crashes ----

  // `effect(half)` does the work (half: transfers only the first half) and returns errno;
  // `lose()` is what a failed sync does instead.
  using Effect = std::function<int(bool half)>;

  absl::Status Call(
      FsCall call, bool is_step, const std::string& path, const std::string& path2,
      const Effect& effect, const std::function<void()>& lose = [] {}) {
    MutexLock lock(mutex);
    const auto shown = [&] { return path2.empty() ? path : path + " to " + path2; };
    if (crashed) {
      return CrashStatus(shown(), call);
    }
    ++calls;
    const bool last = is_step && ++steps == crash_at;
    if (last && IsSync(call)) {
      crashed = true;
      return CrashStatus(shown(), call);
    }
    const int error = WithFault(call, NextFault(call, path, path2), effect, lose);
    if (last) {
      crashed = true;
      return CrashStatus(shown(), call);
    }
    return error == 0 ? absl::OkStatus() : ErrnoStatus(shown(), Verb(call), error);
  }

  static absl::Status CrashStatus(const std::string& path, FsCall call) {
    std::string text = path;
    return Unavailable(text.append(": ").append(Verb(call)).append(": ").append(kCrashReason));
  }

  static int WithFault(FsCall call, std::optional<FaultEffect> fault, const Effect& effect,
                       const std::function<void()>& lose) {
    if (!fault) {
      return effect(false);
    }
    const bool no_space = *fault == FaultEffect::kNoSpace || *fault == FaultEffect::kShortNoSpace;
    const int failure = no_space ? ENOSPC : EIO;
    const bool transfers = call == FsCall::kAppend || call == FsCall::kWrite;
    const bool shortens = *fault == FaultEffect::kShort || *fault == FaultEffect::kShortNoSpace;
    if (*fault == FaultEffect::kLate || (shortens && transfers)) {
      const int error = effect(shortens);
      return error != 0 ? error : failure;
    }
    lose();
    return failure;
  }

  std::optional<FaultEffect> NextFault(FsCall call, const std::string& path,
                                       const std::string& path2) {
    std::optional<FaultEffect> effect;
    for (ActiveRule& active : faults) {
      const FaultRule& rule = active.rule;
      const bool same_call = rule.call == FsCall::kAny || rule.call == call;
      const bool same_path = path.find(rule.path_part) != std::string::npos ||
                             path2.find(rule.path_part) != std::string::npos;
      if (!same_call || !same_path) {
        continue;
      }
      ++active.matched;
      if (active.matched == rule.nth || (rule.from_then_on && active.matched > rule.nth)) {
        effect = effect.value_or(rule.effect);
      }
    }
    fired += effect.has_value() ? 1 : 0;
    return effect;
  }

  // ---- Descriptors ----

  bool Counts(const std::string& path) const {
    return counted_under.empty() || path.starts_with(counted_under) || path + "/" == counted_under;
  }
  bool HasDescriptor(const std::string& path) const {
    return !Counts(path) || open_files < max_open_files.value_or(UINT64_MAX);
  }
  void TakeDescriptor(const std::string& path) {
    open_files += Counts(path) ? 1 : 0;
    most_open_files = std::max(most_open_files, open_files);
  }
  void GiveDescriptorBack(const std::string& path) { open_files -= Counts(path) ? 1 : 0; }

  // ---- Names ----

  Place Find(const std::string& path, const PinnedInode* pin = nullptr) const {
    Place place;
    std::string_view rest = path;
    if (const auto below = BelowPinned(path, pin); below.has_value()) {
      place.inode = pin->directory;
      rest = *below;
    } else {
      place.inode = path.starts_with('/') ? root : working;
    }
    for (std::string_view component; !(component = NextComponent(&rest)).empty();) {
      if (place.inode == nullptr || !place.inode->directory) {
        place.error = place.inode == nullptr ? ENOENT : ENOTDIR;
        return place;
      }
      if (component.size() > kMaxNameBytes) {
        place.error = ENAMETOOLONG;
        return place;
      }
      if (place.inode->links == 0) {
        place.error = ENOENT;  // removed while somebody works in it
        return place;
      }
      place.parent = place.inode;
      place.name = component;
      const auto it = place.parent->entries.find(component);
      place.inode = it == place.parent->entries.end() ? nullptr : it->second;
    }
    return place;
  }

  // Finds the inode that a path names; returns errno if there is none.
  int Get(const std::string& path, const PinnedInode* pin, SimulatedInodePtr* inode) const {
    Place place = Find(path, pin);
    *inode = std::move(place.inode);
    return place.error != 0 ? place.error : *inode == nullptr ? ENOENT : 0;
  }

  int GetDirectory(const std::string& path, const PinnedInode* pin,
                   SimulatedInodePtr* inode) const {
    const int error = Get(path, pin, inode);
    return error != 0 ? error : (*inode)->directory ? 0 : ENOTDIR;
  }

  // Returns 0 if the lock was taken.
  static int TakeLock(SimulatedInode& inode, bool exclusive) {
    if (inode.exclusively_locked || (exclusive && inode.shared_locks > 0)) {
      return EWOULDBLOCK;
    }
    ++inode.handles;
    inode.exclusively_locked = exclusive;
    inode.shared_locks += exclusive ? 0 : 1;
    return 0;
  }

  SimulatedInodePtr Create(const Place& place, bool directory) {
    const auto inode = std::make_shared<SimulatedInode>();
    inode->id = ++last_id;
    inode->directory = directory;
    AddName(place, inode);
    return inode;
  }

  void AddName(const Place& place, const SimulatedInodePtr& inode) {
    ++inode->links;
    names.Add({.step = steps, .changes = {{place.parent, place.name, inode}}});
  }

  void RemoveName(const Place& place) {
    names.Add({.step = steps, .changes = {{place.parent, place.name, nullptr}}});
    Unlink(*place.inode);
  }

  void Unlink(SimulatedInode& inode) {
    if (--inode.links == 0 && !inode.directory) {
      stale.Free(inode.bytes.visible());
      Charge(inode);
    }
  }

  int RenameError(const Place& from, const Place& to) const {
    if (from.error != 0 || to.error != 0) {
      return from.error != 0 ? from.error : to.error;
    }
    if (from.inode == nullptr) {
      return ENOENT;
    }
    if (from.parent == nullptr || to.parent == nullptr) {
      return EBUSY;
    }
    if (from.inode->directory && Contains(*from.inode, to.parent)) {
      return EINVAL;
    }
    if (to.inode == nullptr || to.inode == from.inode) {
      return 0;
    }
    if (to.inode->directory && Contains(*to.inode, from.parent)) {
      return ENOTEMPTY;
    }
    if (from.inode->directory != to.inode->directory) {
      return to.inode->directory ? EISDIR : ENOTDIR;
    }
    return to.inode->directory && !to.inode->entries.empty() ? ENOTEMPTY : 0;
  }

  static bool Contains(const SimulatedInode& directory, const SimulatedInodePtr& inode) {
    if (&directory == inode.get()) {
      return true;
    }
    return std::any_of(directory.entries.begin(), directory.entries.end(), [&](const auto& entry) {
      return entry.second->directory && Contains(*entry.second, inode);
    });
  }

  int Rename(const Place& from, const Place& to) {
    if (const int error = RenameError(from, to); error != 0) {
      return error;
    }
    if (to.inode == from.inode) {
      return 0;
    }
    names.Add({.step = steps,
               .changes = {{from.parent, from.name, nullptr}, {to.parent, to.name, from.inode}},
               .rename = true});
    if (to.inode != nullptr) {
      Unlink(*to.inode);
    }
    return 0;
  }

  // ---- Space ----

  void Charge(SimulatedInode& inode) {
    const bool live = inode.links > 0 || inode.handles > 0;
    const uint64_t size = std::max<uint64_t>(inode.bytes.visible().size(), inode.preallocated);
    const uint64_t now = live ? InSectors(size) : 0;
    used = used - inode.charged + now;
    inode.charged = now;
  }

  // Returns the size up to which the file may grow.
  uint64_t Room(const SimulatedInode& inode) const {
    return inode.charged + (capacity > used ? capacity - used : 0) / kSectorBytes * kSectorBytes;
  }

  // ---- Files ----

  // `mapped_end`: where mapped appends go; it moves behind what was written.
  int Write(SimulatedInode& inode, uint64_t offset, std::string_view data,
            std::optional<uint64_t>* mapped_end) {
    if (offset > kMaxOffset || data.size() > kMaxOffset - offset) {
      return EFBIG;
    }
    const uint64_t room = Room(inode);
    const bool fits = data.empty() || offset + data.size() <= room;
    if (!fits) {
      data = data.substr(0, room > offset ? room - offset : 0);
    }
    inode.bytes.Write(steps, offset, data, stale);
    Charge(inode);
    if (mapped_end->has_value() && !data.empty()) {
      *mapped_end = std::max(**mapped_end, offset + data.size());
    }
    return fits ? 0 : ENOSPC;
  }

  int Append(SimulatedInode& inode, std::string_view data, std::optional<uint64_t>* mapped_end) {
    const uint64_t size = inode.bytes.visible().size();
    if (!mapped_end->has_value()) {
      return Write(inode, size, data, mapped_end);
    }
    const uint64_t at = **mapped_end;
    if (data.size() <= kMaxOffset - at && at + data.size() > size) {
      const uint64_t windows = (at + data.size() + kMappedWindowBytes - 1) / kMappedWindowBytes;
      Truncate(inode, windows * kMappedWindowBytes);  // without room: the write tells
    }
    return Write(inode, at, data, mapped_end);
  }

  int Truncate(SimulatedInode& inode, uint64_t size) {
    if (size > kMaxOffset) {
      return EFBIG;
    }
    if (size > inode.bytes.visible().size() && size > Room(inode)) {
      return ENOSPC;
    }
    inode.bytes.Truncate(steps, size, stale);
    inode.preallocated = std::min(inode.preallocated, size);
    Charge(inode);
    return 0;
  }

  int Preallocate(SimulatedInode& inode, uint64_t size) {
    if (size > kMaxOffset) {
      return EFBIG;
    }
    if (size > Room(inode)) {
      return ENOSPC;
    }
    inode.preallocated = std::max(inode.preallocated, size);
    Charge(inode);
    return 0;
  }

  DiskView View() const { return {root, &names.operations(), steps}; }
};

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedDisk* disk, std::string path, bool writable, SimulatedInodePtr inode)
      : disk_(disk), path_(std::move(path)), writable_(writable), inode_(std::move(inode)) {}

  ~SimulatedFile() override {
    MutexLock lock(disk_->mutex);
    Release();
  }

  absl::Status Append(std::string_view data) override {
    return Change(FsCall::kAppend, true, [&](bool half) {
      return disk_->Append(*inode_, Part(data, half), &mapped_end_);
    });
  }

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    return Change(FsCall::kWrite, true, [&](bool half) {
      return disk_->Write(*inode_, offset, Part(data, half), &mapped_end_);
    });
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    size_t count = 0;
    VERALITH_RETURN_IF_ERROR(Look(FsCall::kRead, [&](bool) {
      const std::string_view bytes = Shown();
      if (offset < bytes.size()) {
        count = std::min<size_t>(out.size(), bytes.size() - offset);
        std::copy_n(bytes.data() + offset, count, out.data());
      }
      return 0;
    }));
    return count;
  }

  absl::Status Preallocate(uint64_t size) override {
    return Change(FsCall::kPreallocate, false,
                  [&](bool) { return disk_->Preallocate(*inode_, size); });
  }

  absl::Status Truncate(uint64_t size) override {
    return Change(FsCall::kTruncate, true, [&](bool) {
      const int error = disk_->Truncate(*inode_, size);
      mapped_end_ = error == 0 ? std::nullopt : mapped_end_;
      return error;
    });
  }

  absl::StatusOr<uint64_t> Size() const override {
    uint64_t size = 0;
    VERALITH_RETURN_IF_ERROR(Look(FsCall::kSize, [&](bool) {
      size = Shown().size();
      return 0;
    }));
    return size;
  }

  absl::Status Sync() override {
    VERALITH_RETURN_IF_ERROR(CheckOpen(FsCall::kSync));
    return disk_->Call(
        FsCall::kSync, true, path_, "",
        [&](bool) {
          inode_->bytes.Sync();
          return 0;
        },
        [&] { inode_->bytes.FailSync(); });
  }

  absl::Status Close() override {
    VERALITH_RETURN_IF_ERROR(CheckOpen(FsCall::kClose));
    const absl::Status status =
        disk_->Call(FsCall::kClose, false, path_, "", [](bool) { return 0; });
    MutexLock lock(disk_->mutex);
    Release();
    return status;
  }

  const std::string& path() const override { return path_; }
  absl::Status MapAppends() override {
    return Change(FsCall::kPreallocate, false, [&](bool) {
      mapped_end_ = mapped_end_.value_or(inode_->bytes.visible().size());
      return 0;
    });
  }
  FileIdentity identity() const override {
    MutexLock lock(disk_->mutex);
    return inode_ == nullptr
               ? FileIdentity{}
               : FileIdentity{.inode = inode_->id, .bytes = inode_->bytes.visible().size()};
  }

 private:
  static std::string_view Part(std::string_view data, bool half) {
    return half ? data.substr(0, data.size() / 2) : data;
  }

  // What this File shows of the file.
  std::string_view Shown() const {
    const std::string_view bytes = inode_->bytes.visible();
    return bytes.substr(0, mapped_end_.value_or(bytes.size()));
  }

  void Release() {
    if (inode_ != nullptr) {
      if (mapped_end_.has_value() && !disk_->crashed) {
        disk_->Truncate(*inode_, *mapped_end_);
      }
      disk_->GiveDescriptorBack(path_);
      --inode_->handles;
      disk_->Charge(*inode_);
      inode_ = nullptr;
    }
  }

  absl::Status CheckOpen(FsCall call) const {
    if (inode_ == nullptr) {
      return FailedPrecondition(path_ + ": " + std::string(Verb(call)) + ": the file is closed");
    }
    return absl::OkStatus();
  }

  absl::Status Look(FsCall call, const SimulatedDisk::Effect& effect) const {
    VERALITH_RETURN_IF_ERROR(CheckOpen(call));
    return disk_->Call(call, false, path_, "", effect);
  }

  absl::Status Change(FsCall call, bool is_step, const SimulatedDisk::Effect& effect) {
    VERALITH_RETURN_IF_ERROR(CheckOpen(call));
    if (!writable_) {
      return FailedPrecondition(path_ + ": " + std::string(Verb(call)) +
                                ": the file is open for reading only");
    }
    return disk_->Call(call, is_step, path_, "", effect);
  }

  SimulatedDisk* const disk_;
  const std::string path_;
  const bool writable_;
  SimulatedInodePtr inode_;  // none once closed
  // If appends are mapped: where they go. The file is longer.
  std::optional<uint64_t> mapped_end_;
};

class SimulatedLock final : public FileLock {
 public:
  // `pin` may be null.
  SimulatedLock(SimulatedDisk* disk, std::string path, std::shared_ptr<const PinnedInode> pin,
                SimulatedInodePtr inode, bool exclusive)
      : disk_(disk),
        path_(std::move(path)),
        pin_(std::move(pin)),
        inode_(std::move(inode)),
        exclusive_(exclusive) {}
  ~SimulatedLock() override {
    MutexLock lock(disk_->mutex);
    disk_->GiveDescriptorBack(path_);
    if (exclusive_) {
      inode_->exclusively_locked = false;
    } else {
      --inode_->shared_locks;
    }
    --inode_->handles;
    disk_->Charge(*inode_);
  }

  absl::Status CheckHeld() const override {
    MutexLock lock(disk_->mutex);
    return inode_->links > 0 && disk_->Find(path_, pin_.get()).inode == inode_
               ? absl::OkStatus()
               : FailedPrecondition(path_ + ": lock: removed or replaced while it was held");
  }

 private:
  SimulatedDisk* const disk_;
  const std::string path_;
  const std::shared_ptr<const PinnedInode> pin_;
  const SimulatedInodePtr inode_;
  const bool exclusive_;
};

// The calls on the disk, or on a view of it.
class SimulatedCalls final : public FileSystem {
 public:
  explicit SimulatedCalls(SimulatedDisk* disk, std::shared_ptr<const PinnedInode> pin = nullptr)
      : disk_(disk), pin_(std::move(pin)) {}

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
  absl::StatusOr<std::unique_ptr<FileLock>> LockDirectory(const std::string& directory,
                                                          LockMode mode) override;
  absl::StatusOr<std::unique_ptr<FileSystem>> Pin(const std::string& directory) override;
  absl::StatusOr<std::string> Absolute(const std::string& path) override;
  std::optional<uint64_t> MaxOpenFiles() const override {
    MutexLock lock(disk_->mutex);
    return disk_->max_open_files;
  }

 private:
  using TakeInode = std::function<int(SimulatedInodePtr* inode)>;

  Place Find(const std::string& path) const { return disk_->Find(path, pin_.get()); }
  int Get(const std::string& path, SimulatedInodePtr* inode) const {
    return disk_->Get(path, pin_.get(), inode);
  }
  int GetDirectory(const std::string& path, SimulatedInodePtr* inode) const {
    return disk_->GetDirectory(path, pin_.get(), inode);
  }
  // Locks what `take` finds or makes.
  absl::StatusOr<std::unique_ptr<FileLock>> LockInode(const std::string& path, bool exclusive,
                                                      bool is_step, const TakeInode& take);

  SimulatedDisk* const disk_;
  const std::shared_ptr<const PinnedInode> pin_;  // null if this is no view
};

SimulatedFileSystem::SimulatedFileSystem(uint64_t capacity_bytes)
    : disk_(std::make_unique<SimulatedDisk>()),
      calls_(std::make_unique<SimulatedCalls>(disk_.get())) {
  disk_->capacity = capacity_bytes;
  disk_->root = std::make_shared<SimulatedInode>();
  disk_->root->id = ++disk_->last_id;
  disk_->root->directory = true;
  disk_->root->links = 1;
  disk_->working = disk_->root;
}

SimulatedFileSystem::SimulatedFileSystem(std::unique_ptr<SimulatedDisk> disk)
    : disk_(std::move(disk)), calls_(std::make_unique<SimulatedCalls>(disk_.get())) {}

SimulatedFileSystem::~SimulatedFileSystem() = default;

absl::StatusOr<std::unique_ptr<File>> SimulatedCalls::Open(const std::string& path, OpenMode mode) {
  const bool create = mode == OpenMode::kCreate;
  SimulatedInodePtr opened;
  const absl::Status status =
      disk_->Call(create ? FsCall::kCreate : FsCall::kOpen, create, path, "", [&](bool) {
        if (!disk_->HasDescriptor(path)) {
          return EMFILE;
        }
        Place place = Find(path);
        if (place.error != 0) {
          return place.error;
        }
        if (create && place.inode != nullptr) {
          return EEXIST;
        }
        if (!create && place.inode == nullptr) {
          return ENOENT;
        }
        if (!create && place.inode->directory) {
          return EISDIR;
        }
        opened = create ? disk_->Create(place, false) : place.inode;
        ++opened->handles;
        disk_->TakeDescriptor(path);
        return 0;
      });
  std::unique_ptr<File> file;
  if (opened != nullptr) {
    file = std::make_unique<SimulatedFile>(disk_, path, mode != OpenMode::kRead, std::move(opened));
  }
  VERALITH_RETURN_IF_ERROR(status);  // a late failure has opened the file: it is closed here
  return file;
}

absl::Status SimulatedCalls::Rename(const std::string& from, const std::string& to) {
  return disk_->Call(FsCall::kRename, true, from, to,
                     [&](bool) { return disk_->Rename(Find(from), Find(to)); });
}

absl::Status SimulatedCalls::Link(const std::string& from, const std::string& to) {
  return disk_->Call(FsCall::kLink, true, from, to, [&](bool) {
    SimulatedInodePtr inode;
    if (const int error = Get(from, &inode); error != 0) {
      return error;
    }
    const Place place = Find(to);
    if (place.error != 0) {
      return place.error;
    }
    if (place.inode != nullptr) {
      return EEXIST;
    }
    if (inode->directory) {
      return EPERM;
    }
    disk_->AddName(place, inode);
    return 0;
  });
}

absl::Status SimulatedCalls::Remove(const std::string& path) {
  return disk_->Call(FsCall::kRemove, true, path, "", [&](bool) {
    const Place place = Find(path);
    if (place.error != 0 || place.inode == nullptr) {
      return place.error != 0 ? place.error : ENOENT;
    }
    if (place.inode->directory) {
      return EISDIR;
    }
    disk_->RemoveName(place);
    return 0;
  });
}

absl::StatusOr<std::vector<std::string>> SimulatedCalls::List(const std::string& directory) {
  std::vector<std::string> names;
  VERALITH_RETURN_IF_ERROR(disk_->Call(FsCall::kList, false, directory, "", [&](bool) {
    if (!disk_->HasDescriptor(directory)) {
      return EMFILE;
    }
    SimulatedInodePtr inode;
    if (const int error = GetDirectory(directory, &inode); error != 0) {
      return error;
    }
    for (const auto& [name, child] : inode->entries) {
      names.push_back(name);
    }
    return 0;
  }));
  return names;
}

absl::Status SimulatedCalls::CreateDirectory(const std::string& path) {
  return disk_->Call(FsCall::kCreateDirectory, true, path, "", [&](bool) {
    const Place place = Find(path);
    if (place.error != 0) {
      return place.error;
    }
    if (place.inode != nullptr) {
      return place.inode->directory ? 0 : EEXIST;
    }
    disk_->Create(place, true);
    return 0;
  });
}

absl::Status SimulatedCalls::RemoveDirectory(const std::string& path) {
  return disk_->Call(FsCall::kRemoveDirectory, true, path, "", [&](bool) {
    const Place place = Find(path);
    if (place.error != 0 || place.inode == nullptr) {
      return place.error != 0 ? place.error : ENOENT;
    }
    if (place.parent == nullptr) {
      return EBUSY;
    }
    if (!place.inode->directory) {
      return ENOTDIR;
    }
    if (!place.inode->entries.empty()) {
      return ENOTEMPTY;
    }
    disk_->RemoveName(place);
    return 0;
  });
}

absl::Status SimulatedCalls::SyncDirectory(const std::string& path) {
  const auto with_directory = [&](const std::function<void(const SimulatedInode&)>& body) {
    SimulatedInodePtr inode;
    const int error = GetDirectory(path, &inode);
    if (error == 0) {
      body(*inode);
    }
    return error;
  };
  return disk_->Call(
      FsCall::kSyncDirectory, true, path, "",
      [&](bool) {
        return !disk_->HasDescriptor(path)
                   ? EMFILE
                   : with_directory([&](const SimulatedInode& d) { disk_->names.Sync(d); });
      },
      [&] { with_directory([&](const SimulatedInode& d) { disk_->names.FailSync(d); }); });
}

absl::StatusOr<bool> SimulatedCalls::Exists(const std::string& path) {
  bool exists = false;
  VERALITH_RETURN_IF_ERROR(disk_->Call(FsCall::kExists, false, path, "", [&](bool) {
    const Place place = Find(path);
    exists = place.inode != nullptr;
    return place.error == ENOENT ? 0 : place.error;
  }));
  return exists;
}

absl::StatusOr<std::unique_ptr<FileLock>> SimulatedCalls::LockInode(const std::string& path,
                                                                    bool exclusive, bool is_step,
                                                                    const TakeInode& take) {
  SimulatedInodePtr locked;
  const absl::Status status = disk_->Call(FsCall::kLock, is_step, path, "", [&](bool) {
    if (!disk_->HasDescriptor(path)) {
      return EMFILE;
    }
    SimulatedInodePtr inode;
    int error = take(&inode);
    error = error != 0 ? error : SimulatedDisk::TakeLock(*inode, exclusive);
    if (error == 0) {
      locked = inode;
      disk_->TakeDescriptor(path);
    }
    return error;
  });
  if (status.ok()) {
    return std::make_unique<SimulatedLock>(disk_, path, pin_, std::move(locked), exclusive);
  }
  // A late failure locked the file and says that it did not: the caller cannot unlock it.
  if (locked != nullptr) {
    SimulatedLock(disk_, path, pin_, std::move(locked), exclusive);
  } else if (Message(status).ends_with(ErrnoText(EWOULDBLOCK))) {
    return FailedPrecondition(
        path + ": lock: held by another process, or by this one already: close it there first");
  }
  return status;
}

absl::StatusOr<std::unique_ptr<FileLock>> SimulatedCalls::Lock(const std::string& path,
                                                               LockMode mode) {
  const bool exclusive = mode == LockMode::kExclusive;
  return LockInode(path, exclusive, /*is_step=*/exclusive, [&](SimulatedInodePtr* inode) {
    const Place place = Find(path);
    if (place.error != 0 || (place.inode == nullptr && !exclusive)) {
      return place.error != 0 ? place.error : ENOENT;
    }
    *inode = place.inode != nullptr ? place.inode : disk_->Create(place, false);
    return (*inode)->directory ? EISDIR : 0;
  });
}

absl::StatusOr<std::unique_ptr<FileLock>> SimulatedCalls::LockDirectory(
    const std::string& directory, LockMode mode) {
  return LockInode(directory, mode == LockMode::kExclusive, /*is_step=*/false,
                   [&](SimulatedInodePtr* inode) { return GetDirectory(directory, inode); });
}

absl::StatusOr<std::unique_ptr<FileSystem>> SimulatedCalls::Pin(const std::string& directory) {
  auto pin = std::make_shared<PinnedInode>();
  pin->path = directory;
  while (pin->path.size() > 1 && pin->path.back() == '/') {
    pin->path.pop_back();
  }
  VERALITH_RETURN_IF_ERROR(disk_->Call(FsCall::kOpen, false, directory, "", [&](bool) {
    return GetDirectory(directory, &pin->directory);
  }));
  return std::make_unique<SimulatedCalls>(disk_, std::move(pin));
}

absl::StatusOr<std::string> SimulatedCalls::Absolute(const std::string& path) {
  MutexLock lock(disk_->mutex);
  const bool same = path.starts_with('/') || disk_->working == disk_->root;
  return same ? path : JoinPath(disk_->working_path, path);
}

absl::StatusOr<uint64_t> SimulatedCalls::FreeBytes(const std::string& directory) {
  uint64_t free = 0;
  VERALITH_RETURN_IF_ERROR(disk_->Call(FsCall::kFreeBytes, false, directory, "", [&](bool) {
    SimulatedInodePtr inode;
    const int error = Get(directory, &inode);
    free = disk_->capacity > disk_->used ? disk_->capacity - disk_->used : 0;
    return error;
  }));
  return free;
}

std::optional<uint64_t> SimulatedFileSystem::MaxOpenFiles() const { return calls_->MaxOpenFiles(); }

void SimulatedFileSystem::SetMaxOpenFiles(uint64_t most, const std::string& directory) {
  MutexLock lock(disk_->mutex);
  const std::string under = directory.empty() ? "" : directory + "/";
  VERALITH_CHECK(under == disk_->counted_under || disk_->open_files == 0);
  disk_->max_open_files = most;
  disk_->counted_under = under;
}

uint64_t SimulatedFileSystem::open_files() const {
  MutexLock lock(disk_->mutex);
  return disk_->open_files;
}

uint64_t SimulatedFileSystem::most_open_files() const {
  MutexLock lock(disk_->mutex);
  return disk_->most_open_files;
}

// --- The file system itself ----------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<File>> SimulatedFileSystem::Open(const std::string& path,
                                                                OpenMode mode) {
  return calls_->Open(path, mode);
}
absl::Status SimulatedFileSystem::Rename(const std::string& from, const std::string& to) {
  return calls_->Rename(from, to);
}
absl::Status SimulatedFileSystem::Link(const std::string& from, const std::string& to) {
  return calls_->Link(from, to);
}
absl::Status SimulatedFileSystem::Remove(const std::string& path) { return calls_->Remove(path); }
absl::StatusOr<std::vector<std::string>> SimulatedFileSystem::List(const std::string& directory) {
  return calls_->List(directory);
}
absl::Status SimulatedFileSystem::CreateDirectory(const std::string& path) {
  return calls_->CreateDirectory(path);
}
absl::Status SimulatedFileSystem::RemoveDirectory(const std::string& path) {
  return calls_->RemoveDirectory(path);
}
absl::Status SimulatedFileSystem::SyncDirectory(const std::string& path) {
  return calls_->SyncDirectory(path);
}
absl::StatusOr<bool> SimulatedFileSystem::Exists(const std::string& path) {
  return calls_->Exists(path);
}
absl::StatusOr<std::unique_ptr<FileLock>> SimulatedFileSystem::Lock(const std::string& path,
                                                                    LockMode mode) {
  return calls_->Lock(path, mode);
}
absl::StatusOr<uint64_t> SimulatedFileSystem::FreeBytes(const std::string& directory) {
  return calls_->FreeBytes(directory);
}
absl::StatusOr<std::unique_ptr<FileLock>> SimulatedFileSystem::LockDirectory(
    const std::string& directory, LockMode mode) {
  return calls_->LockDirectory(directory, mode);
}
absl::StatusOr<std::unique_ptr<FileSystem>> SimulatedFileSystem::Pin(const std::string& directory) {
  return calls_->Pin(directory);
}
absl::StatusOr<std::string> SimulatedFileSystem::Absolute(const std::string& path) {
  return calls_->Absolute(path);
}

void SimulatedFileSystem::SetWorkingDirectory(const std::string& path) {
  MutexLock lock(disk_->mutex);
  const Place place = disk_->Find(path);
  VERALITH_CHECK(place.inode != nullptr && place.inode->directory);
  disk_->working = place.inode;
  disk_->working_path = path;
}

void SimulatedFileSystem::AsAnotherProcess(const std::function<void(FileSystem& disk)>& act) {
  std::vector<ActiveRule> faults;
  {
    MutexLock lock(disk_->mutex);
    faults.swap(disk_->faults);
  }
  act(*this);
  MutexLock lock(disk_->mutex);
  faults.swap(disk_->faults);
}

void SimulatedFileSystem::SetFaults(FaultPlan plan) {
  MutexLock lock(disk_->mutex);
  disk_->faults.clear();
  for (FaultRule& rule : plan) {
    disk_->faults.push_back({std::move(rule)});
  }
  disk_->fired = 0;
}

uint64_t SimulatedFileSystem::faults_fired() const {
  MutexLock lock(disk_->mutex);
  return disk_->fired;
}

void SimulatedFileSystem::SetCapacity(uint64_t capacity_bytes) {
  MutexLock lock(disk_->mutex);
  disk_->capacity = capacity_bytes;
}

void SimulatedFileSystem::Corrupt(const std::string& path, uint64_t offset, char byte) {
  MutexLock lock(disk_->mutex);
  const Place place = disk_->Find(path);
  VERALITH_CHECK(place.inode != nullptr && !place.inode->directory);
  place.inode->bytes.Corrupt(offset, byte);
}

void SimulatedFileSystem::FlipBit(const std::string& path, uint64_t bit) {
  char byte = 0;
  {
    MutexLock lock(disk_->mutex);
    const Place place = disk_->Find(path);
    VERALITH_CHECK(place.inode != nullptr && bit / 8 < place.inode->bytes.visible().size());
    byte = place.inode->bytes.visible()[bit / 8];
  }
  Corrupt(path, bit / 8, static_cast<char>(byte ^ (1 << (bit % 8))));
}

void SimulatedFileSystem::Overwrite(
    const std::string& directory, std::string_view bytes,
    const std::function<bool(const std::string& name, uint64_t size)>& which) {
  MutexLock lock(disk_->mutex);
  const Place place = disk_->Find(directory);
  VERALITH_CHECK(place.inode != nullptr && place.inode->directory);
  const auto shared = std::make_shared<std::string>(bytes);
  for (const auto& [name, inode] : place.inode->entries) {
    if (!inode->directory && inode->links == 1 && which(name, inode->bytes.visible().size())) {
      inode->bytes = SimulatedBytes(shared);
      disk_->Charge(*inode);
    }
  }
}

void SimulatedFileSystem::ForgetFreedBlocks() {
  MutexLock lock(disk_->mutex);
  disk_->stale = {};
}

uint64_t SimulatedFileSystem::steps() const {
  MutexLock lock(disk_->mutex);
  return disk_->steps;
}

uint64_t SimulatedFileSystem::calls() const {
  MutexLock lock(disk_->mutex);
  return disk_->calls;
}

void SimulatedFileSystem::CrashAtStep(uint64_t step) {
  MutexLock lock(disk_->mutex);
  VERALITH_CHECK(step > disk_->steps);
  disk_->crash_at = step;
}

void SimulatedFileSystem::CrashNow() {
  MutexLock lock(disk_->mutex);
  disk_->crashed = true;
}

bool SimulatedFileSystem::crashed() const {
  MutexLock lock(disk_->mutex);
  return disk_->crashed;
}

namespace {

void AddUp(const SimulatedInode& directory, const std::function<void(SimulatedInode&)>& body,
           std::map<uint64_t, bool>& seen) {
  for (const auto& [name, inode] : directory.entries) {
    if (inode->directory) {
      AddUp(*inode, body, seen);
    } else if (!std::exchange(seen[inode->id], true)) {
      body(*inode);
    }
  }
}

using FileVisitor = std::function<void(const std::string&, const SimulatedInode&)>;

void VisitTree(const SimulatedInode& directory, const std::string& path, const FileVisitor& visit) {
  for (const auto& [name, inode] : directory.entries) {
    const std::string child = path + "/" + name;
    visit(child, *inode);
    if (inode->directory) {
      VisitTree(*inode, child, visit);
    }
  }
}

uint64_t HashBytes(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint64_t FingerprintOf(const SimulatedInode& root) {
  uint64_t hash = 0;
  VisitTree(root, "", [&hash](const std::string& path, const SimulatedInode& inode) {
    hash = HashBytes(path, hash + (inode.directory ? 1 : 0));
    hash = HashBytes(inode.bytes.visible(), hash);
  });
  return hash;
}

// A disk that starts with the tree `root`, and otherwise is like `before`, whose mutex is held.
std::unique_ptr<SimulatedDisk> Revive(const SimulatedDisk& before, SimulatedInodePtr root) {
  auto disk = std::make_unique<SimulatedDisk>();
  disk->root = std::move(root);
  disk->root->links = 1;
  disk->working = disk->root;
  disk->last_id = before.last_id;  // not below any id of the copy
  disk->capacity = before.capacity;
  disk->max_open_files = before.max_open_files;
  disk->counted_under = before.counted_under;
  disk->stale = before.stale;
  std::map<uint64_t, bool> seen;
  AddUp(*disk->root, [&disk](SimulatedInode& inode) { disk->Charge(inode); }, seen);
  return disk;
}

}  // namespace

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::CrashClone(uint64_t seed) const {
  Random random(seed);
  MutexLock lock(disk_->mutex);
  return std::unique_ptr<SimulatedFileSystem>(
      new SimulatedFileSystem(Revive(*disk_, RandomSurvivor(disk_->View(), random))));
}

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::CloneWithEverything() const {
  MutexLock lock(disk_->mutex);
  return std::unique_ptr<SimulatedFileSystem>(
      new SimulatedFileSystem(Revive(*disk_, SurvivorWithAll(disk_->View()))));
}

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::CloneWithNothingUnsynced() const {
  MutexLock lock(disk_->mutex);
  return std::unique_ptr<SimulatedFileSystem>(
      new SimulatedFileSystem(Revive(*disk_, SurvivorWithNone(disk_->View()))));
}

SimulatedFileSystem::Survivors SimulatedFileSystem::EnumerateSurvivors(
    size_t bound, const PathFilter& varies) const {
  MutexLock lock(disk_->mutex);
  SurvivorTrees trees = EnumerateTrees(disk_->View(), bound, varies, &FingerprintOf);
  Survivors survivors;
  survivors.complete = trees.complete;
  for (SimulatedInodePtr& root : trees.roots) {
    survivors.images.emplace_back(new SimulatedFileSystem(Revive(*disk_, std::move(root))));
  }
  return survivors;
}

uint64_t SimulatedFileSystem::Fingerprint() const {
  MutexLock lock(disk_->mutex);
  return FingerprintOf(*disk_->root);
}

std::string SimulatedFileSystem::Dump() const {
  MutexLock lock(disk_->mutex);
  std::string text;
  VisitTree(*disk_->root, "", [&text](const std::string& path, const SimulatedInode& inode) {
    text += path;
    if (inode.directory) {
      text += "/\n";
      return;
    }
    const std::string& bytes = inode.bytes.visible();
    text +=
        " " + std::to_string(bytes.size()) + " bytes, hash " + std::to_string(HashBytes(bytes, 0));
    std::map<uint64_t, SimulatedBytes::Extent> steps;
    inode.bytes.CollectUnsettledSteps(steps);
    for (const auto& [step, extent] : steps) {
      text += ", step " + std::to_string(step) + " not durable";
    }
    text += "\n";
  });
  for (const NameOperation& operation : disk_->names.operations()) {
    text += "step " + std::to_string(operation.step) + " not durable:";
    for (const NameChange& change : operation.changes) {
      text += (change.target == nullptr ? " -" : " +") + change.name;
    }
    text += operation.lost ? " (lost)\n" : "\n";
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> SimulatedFileSystem::Files() const {
  MutexLock lock(disk_->mutex);
  std::vector<std::pair<std::string, std::string>> files;
  VisitTree(*disk_->root, "", [&files](const std::string& path, const SimulatedInode& inode) {
    if (!inode.directory) {
      files.emplace_back(path, inode.bytes.visible());
    }
  });
  std::sort(files.begin(), files.end());
  return files;
}

bool IsSimulatedCrash(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable &&
         Message(status).find(kCrashReason) != std::string_view::npos;
}

}  // namespace veralith
