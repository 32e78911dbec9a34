#include "core/fs/testing/order_monitor.h"

#include <algorithm>
#include <utility>

#include "core/base/status.h"

namespace veralith {
namespace {

constexpr size_t kRecentCalls = 8;
// Larger files become no pointer, so their bytes are not kept.
constexpr size_t kMaxPointerBytes = 4096;
constexpr uint64_t kMaxManifestBytes = uint64_t{1} << 30;

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string WithoutSlash(std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

void WriteBytes(std::string& bytes, uint64_t offset, std::string_view data) {
  bytes.resize(std::max<size_t>(bytes.size(), offset + data.size()), '\0');
  std::copy(data.begin(), data.end(), bytes.begin() + static_cast<ptrdiff_t>(offset));
}
void AppendBytes(std::string& bytes, uint64_t, std::string_view data) { bytes.append(data); }
void TruncateBytes(std::string& bytes, uint64_t size, std::string_view) {
  bytes.resize(size, '\0');
}

}  // namespace

class MonitoredFile final : public File {
 public:
  MonitoredFile(OrderMonitor* monitor, std::unique_ptr<File> base, OrderMonitor::WatchedPtr watched)
      : monitor_(monitor), base_(std::move(base)), watched_(std::move(watched)) {}

  absl::Status Append(std::string_view data) override {
    monitor_->BeforeWrite(path(), watched_, "append", &AppendBytes, 0, data);
    return Finish(base_->Append(data));
  }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    monitor_->BeforeWrite(path(), watched_, "write", &WriteBytes, offset, data);
    return Finish(base_->WriteAt(offset, data));
  }
  absl::Status Truncate(uint64_t size) override {
    monitor_->BeforeWrite(path(), watched_, "truncate", &TruncateBytes, size, "");
    return Finish(base_->Truncate(size));
  }
  absl::Status Sync() override {
    const uint64_t writes = monitor_->BeforeSync(path(), watched_);
    const absl::Status status = base_->Sync();
    monitor_->AfterSync(path(), watched_, writes, status);
    return status;
  }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    return base_->ReadAt(offset, out);
  }
  absl::Status Preallocate(uint64_t size) override { return base_->Preallocate(size); }
  absl::StatusOr<uint64_t> Size() const override { return base_->Size(); }
  absl::Status Close() override { return base_->Close(); }
  const std::string& path() const override { return base_->path(); }

 private:
  absl::Status Finish(absl::Status status) {
    monitor_->AfterWrite(watched_, status);
    return status;
  }

  OrderMonitor* const monitor_;
  const std::unique_ptr<File> base_;
  const OrderMonitor::WatchedPtr watched_;
};

OrderMonitor::OrderMonitor(FileSystem* base, const ManifestInterpreter* interpreter)
    : base_(base), interpreter_(interpreter) {}

OrderMonitor::~OrderMonitor() = default;

void OrderMonitor::Note(const std::string& call) {
  recent_.push_back(call);
  if (recent_.size() > kRecentCalls) {
    recent_.pop_front();
  }
}

void OrderMonitor::Violation(const std::string& what) {
  std::string text = what + " [after:";
  for (const std::string& call : recent_) {
    text += " " + call + ";";
  }
  violations_.push_back(text + "]");
}

void OrderMonitor::BeginChange(const std::string& call) {
  if (read_only_) {
    Violation("changed while read-only: " + call);
  }
  ++checks_;
  Note(call);
}

OrderMonitor::WatchedPtr OrderMonitor::Find(const std::string& path) {
  const auto [it, fresh] = names_.try_emplace(path);
  if (fresh) {
    it->second = {std::make_shared<Watched>(), true, false};
  }
  return it->second.file;
}

bool OrderMonitor::InForce(const std::string& manifest) const {
  return std::any_of(pointers_.begin(), pointers_.end(), [&manifest](const auto& pointer) {
    const std::vector<std::string>& named = pointer.second;
    return std::find(named.begin(), named.end(), manifest) != named.end();
  });
}

void OrderMonitor::CheckMayGo(const std::string& path, const std::string& call) {
  ++checks_;
  if (const auto pointer = pointers_.find(path); pointer != pointers_.end()) {
    Violation(call + ": the pointer goes away");
  }
  if (InForce(path)) {
    Violation(call + ": a pointer may still name this manifest");
  }
  for (const auto& [manifest, state] : manifests_) {
    if (InForce(manifest) && state.possible.contains(path)) {
      Violation(call + ": " + manifest + " may still name it");
    }
  }
}

void OrderMonitor::CheckDurable(const NamedFile& named, const std::string& by) {
  ++checks_;
  if (named.needs == NamedFile::Needs::kNothing) {
    return;
  }
  const auto it = names_.find(named.path);
  if (it == names_.end()) {
    return;  // there before the monitor, or not there at all: opening it will tell
  }
  const Name& name = it->second;
  if (!name.durable) {
    Violation(by + " names " + named.path + " before its directory is synced");
  }
  if (named.needs == NamedFile::Needs::kBytes &&
      (name.file->failed || name.file->synced != name.file->writes)) {
    Violation(by + " names " + named.path + " before its bytes are synced");
  }
}

void OrderMonitor::ManifestWritten(const std::string& path, std::string_view bytes, bool check) {
  Manifest& manifest = manifests_[path];
  std::vector<std::string> latest;
  for (const NamedFile& named : interpreter_->FilesNamedBy(path, bytes)) {
    const bool was = std::find(manifest.latest.begin(), manifest.latest.end(), named.path) !=
                     manifest.latest.end();
    if (check && !was) {
      CheckDurable(named, path);
    }
    latest.push_back(named.path);
    manifest.possible.insert(named.path);
  }
  manifest.latest = std::move(latest);
}

void OrderMonitor::PointerPlaced(const std::string& from, const std::string& to) {
  const WatchedPtr file = Find(from);
  if (file->failed || file->synced != file->writes) {
    Violation("the pointer " + to + " is placed before its bytes are synced");
  }
  const std::optional<std::string> manifest = interpreter_->ManifestNamedBy(to, file->bytes);
  if (!manifest) {
    Violation("the pointer " + to + " names no manifest");
    return;
  }
  CheckDurable({*manifest, NamedFile::Needs::kBytes}, to);
  pointers_[to].push_back(*manifest);
}

void OrderMonitor::Renamed(const std::string& from, const std::string& to) {
  std::map<std::string, Name> moved;
  for (auto it = names_.begin(); it != names_.end();) {
    const bool below = it->first.starts_with(from + "/");
    if (it->first == from || below) {
      Name name = std::move(it->second);
      name.durable = name.durable && below;  // below a directory only the directory's name is new
      name.lost = name.lost && below;
      moved.emplace(to + it->first.substr(from.size()), std::move(name));
      it = names_.erase(it);
    } else {
      ++it;
    }
  }
  if (!moved.contains(to)) {
    moved.emplace(to, Name{std::make_shared<Watched>(), false, false});
  }
  for (auto& [path, name] : moved) {
    names_.insert_or_assign(path, std::move(name));
  }
}

void OrderMonitor::DirectorySynced(const std::string& directory, bool ok) {
  for (auto& [path, name] : names_) {
    if (DirectoryOf(path) == directory && !name.durable) {
      name.durable = ok && !name.lost;
      name.lost = name.lost || !ok;
    }
  }
  for (auto& [path, named] : pointers_) {
    const auto name = names_.find(path);
    if (DirectoryOf(path) == directory && !named.empty() && name != names_.end() &&
        name->second.durable) {
      named.erase(named.begin(), named.end() - 1);
    }
  }
}

void OrderMonitor::BeforeWrite(const std::string& path, const WatchedPtr& file,
                               const std::string& call, Change change, uint64_t offset,
                               std::string_view data) {
  MutexLock lock(mutex_);
  BeginChange(call + " " + path);
  if (file->failed) {
    Violation(call + " " + path + ": after a write or sync of it failed");
  }
  ++file->writes;
  if (interpreter_->IsPointer(path)) {
    Violation(call + " " + path + ": a pointer is written in place");
  }
  const bool manifest = interpreter_->IsManifest(path);
  if (manifest || (file->bytes.size() + data.size() <= kMaxPointerBytes &&
                   offset <= kMaxPointerBytes)) {
    change(file->bytes, offset, data);
  }
  if (manifest) {
    ManifestWritten(path, file->bytes, true);
  }
}

void OrderMonitor::AfterWrite(const WatchedPtr& file, const absl::Status& status) {
  MutexLock lock(mutex_);
  file->failed = file->failed || !status.ok();
}

uint64_t OrderMonitor::BeforeSync(const std::string& path, const WatchedPtr& file) {
  MutexLock lock(mutex_);
  Note("sync " + path);
  return file->writes;
}

void OrderMonitor::AfterSync(const std::string& path, const WatchedPtr& file, uint64_t writes,
                             const absl::Status& status) {
  MutexLock lock(mutex_);
  if (!status.ok()) {
    file->failed = true;
    return;
  }
  file->synced = std::max(file->synced, writes);
  const auto manifest = manifests_.find(path);
  if (manifest != manifests_.end() && !file->failed && writes == file->writes) {
    Manifest& state = manifest->second;
    state.possible = {state.latest.begin(), state.latest.end()};
  }
}

absl::StatusOr<std::unique_ptr<File>> OrderMonitor::Open(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::kCreate) {
    MutexLock lock(mutex_);
    BeginChange("create " + path);
  }
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_->Open(path, mode));
  MutexLock lock(mutex_);
  if (mode == OpenMode::kCreate) {
    names_.insert_or_assign(path, Name{std::make_shared<Watched>(), false, false});
  }
  return std::make_unique<MonitoredFile>(this, std::move(file), Find(path));
}

absl::Status OrderMonitor::Rename(const std::string& from, const std::string& to) {
  {
    MutexLock lock(mutex_);
    BeginChange("rename " + from + " to " + to);
    CheckMayGo(from, "rename " + from);
    if (interpreter_->IsPointer(to)) {
      PointerPlaced(from, to);
    } else {
      CheckMayGo(to, "replace " + to);
    }
  }
  const absl::Status status = base_->Rename(from, to);
  if (status.ok()) {
    MutexLock lock(mutex_);
    Renamed(from, to);
  }
  return status;
}

absl::Status OrderMonitor::Link(const std::string& from, const std::string& to) {
  {
    MutexLock lock(mutex_);
    BeginChange("link " + from + " to " + to);
  }
  const absl::Status status = base_->Link(from, to);
  if (status.ok()) {
    MutexLock lock(mutex_);
    const WatchedPtr file = Find(from);
    names_.insert_or_assign(to, Name{file, false, false});
  }
  return status;
}

absl::Status OrderMonitor::Remove(const std::string& path) {
  {
    MutexLock lock(mutex_);
    BeginChange("remove " + path);
    CheckMayGo(path, "remove " + path);
  }
  const absl::Status status = base_->Remove(path);
  if (status.ok()) {
    MutexLock lock(mutex_);
    names_.erase(path);
  }
  return status;
}

absl::Status OrderMonitor::CreateDirectory(const std::string& path) {
  {
    MutexLock lock(mutex_);
    BeginChange("create directory " + path);
  }
  return base_->CreateDirectory(path);
}

absl::Status OrderMonitor::RemoveDirectory(const std::string& path) {
  {
    MutexLock lock(mutex_);
    BeginChange("remove directory " + path);
  }
  return base_->RemoveDirectory(path);
}

absl::Status OrderMonitor::SyncDirectory(const std::string& path) {
  const absl::Status status = base_->SyncDirectory(path);
  MutexLock lock(mutex_);
  Note("sync directory " + path);
  DirectorySynced(WithoutSlash(path), status.ok());
  return status;
}

absl::StatusOr<std::unique_ptr<FileLock>> OrderMonitor::Lock(const std::string& path,
                                                             LockMode mode) {
  if (mode == LockMode::kExclusive) {
    MutexLock lock(mutex_);
    BeginChange("lock " + path);
  }
  return base_->Lock(path, mode);
}

absl::StatusOr<std::vector<std::string>> OrderMonitor::List(const std::string& directory) {
  return base_->List(directory);
}

absl::StatusOr<bool> OrderMonitor::Exists(const std::string& path) { return base_->Exists(path); }

absl::StatusOr<uint64_t> OrderMonitor::FreeBytes(const std::string& directory) {
  return base_->FreeBytes(directory);
}

absl::Status OrderMonitor::Adopt(const std::string& directory) {
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, base_->List(directory));
  for (const std::string& name : names) {
    const std::string path = JoinPath(directory, name);
    const bool manifest = interpreter_->IsManifest(path);
    if (!manifest && !interpreter_->IsPointer(path)) {
      continue;
    }
    VERALITH_ASSIGN_OR_RETURN(std::string bytes, ReadWholeFile(*base_, path, kMaxManifestBytes));
    MutexLock lock(mutex_);
    const WatchedPtr file = Find(path);
    file->bytes = std::move(bytes);
    if (manifest) {
      ManifestWritten(path, file->bytes, false);
    } else if (const auto named = interpreter_->ManifestNamedBy(path, file->bytes)) {
      pointers_[path] = {*named};
    }
  }
  return absl::OkStatus();
}

void OrderMonitor::SetReadOnly(bool read_only) {
  MutexLock lock(mutex_);
  read_only_ = read_only;
}

std::vector<std::string> OrderMonitor::violations() const {
  MutexLock lock(mutex_);
  return violations_;
}

uint64_t OrderMonitor::checks() const {
  MutexLock lock(mutex_);
  return checks_;
}

}  // namespace veralith
