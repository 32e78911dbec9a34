// SPDX-License-Identifier: Apache-2.0

#include "core/fs/testing/order_monitor.h"

#include <algorithm>
#include <utility>

#include "core/base/status.h"
#include "core/fs/errno_status.h"
#include "core/fs/file_helpers.h"

namespace veralith {
namespace {

// Larger files are never used as pointers, so their bytes are not kept.
constexpr size_t kMaxPointerBytes = 4096;
constexpr uint64_t kMaxManifestBytes = uint64_t{1} << 30;

std::string_view DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

bool IsBelow(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && path[directory.size()] == '/' &&
         path.starts_with(directory);
}

std::string WithoutSlash(std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

// The bytes of a file after a write or truncation.
void Change(const InterceptedFileSystem::Call& call, std::string& bytes) {
  if (call.kind == FsCall::kTruncate) {
    bytes.resize(call.offset, '\0');
    return;
  }
  const size_t at = call.kind == FsCall::kAppend ? bytes.size() : call.offset;
  bytes.resize(std::max(bytes.size(), at + call.data.size()), '\0');
  std::copy(call.data.begin(), call.data.end(), bytes.begin() + static_cast<ptrdiff_t>(at));
}

bool IsWrite(FsCall call) {
  return call == FsCall::kAppend || call == FsCall::kWrite || call == FsCall::kTruncate;
}

// True for calls that change nothing; the monitor ignores them.
bool IsLook(FsCall call) {
  return call == FsCall::kRead || call == FsCall::kSize || call == FsCall::kClose ||
         call == FsCall::kList || call == FsCall::kExists || call == FsCall::kFreeBytes;
}

std::string TextOf(FsCall kind, const std::string& path, const std::string& to) {
  std::string name(kFsCallNames[static_cast<size_t>(kind)]);
  std::replace(name.begin(), name.end(), '_', ' ');
  return name + " " + path + (to.empty() ? "" : " to " + to);
}

// Returns the text of a call that changes something, with the paths it names.
std::string TextOf(const InterceptedFileSystem::Call& call) {
  return TextOf(call.kind, call.path, call.to == nullptr ? "" : *call.to);
}

}  // namespace

OrderMonitor::OrderMonitor(FileSystem* base, const ManifestInterpreter* interpreter)
    : InterceptedFileSystem(base), interpreter_(interpreter) {}

OrderMonitor::~OrderMonitor() = default;

void OrderMonitor::Note(const Call& call) {
  Noted& noted = recent_[noted_++ % kRecentCalls];
  noted.kind = call.kind;
  noted.path = call.path;
  noted.to = call.to == nullptr ? std::string_view() : std::string_view(*call.to);
}

void OrderMonitor::Violation(const std::string& what) {
  std::string text = what + " [after:";
  for (uint64_t i = noted_ - std::min<uint64_t>(noted_, kRecentCalls); i < noted_; ++i) {
    const Noted& noted = recent_[i % kRecentCalls];
    text += " " + TextOf(noted.kind, noted.path, noted.to) + ";";
  }
  violations_.push_back(text + "]");
}

void OrderMonitor::BeginChange(const Call& call) {
  if (read_only_) {
    Violation("changed while read-only: " + TextOf(call));
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

void OrderMonitor::CheckMayGo(const std::string& path, std::string_view how) {
  ++checks_;
  const auto call = [&] { return std::string(how) + " " + path; };
  if (const auto pointer = pointers_.find(path); pointer != pointers_.end()) {
    Violation(call() + ": the pointer goes away");
  }
  if (InForce(path)) {
    Violation(call() + ": a pointer may still name this manifest");
  }
  for (const auto& [manifest, state] : manifests_) {
    if (InForce(manifest) && state.possible.contains(path)) {
      Violation(call() + ": " + manifest + " may still name it");
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
    return;  // existed before the monitor, or does not exist: opening it will tell
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
    const bool below = IsBelow(it->first, from);
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

void OrderMonitor::BeforeWrite(const Call& call) {
  Watched& file = *static_cast<Watched*>(call.file->get());
  if (file.failed) {
    Violation(TextOf(call) + ": after a write or sync of it failed");
  }
  ++file.writes;
  if (interpreter_->IsPointer(call.path)) {
    Violation(TextOf(call) + ": a pointer is written in place");
  }
  const bool manifest = interpreter_->IsManifest(call.path);
  if (manifest || (file.bytes.size() + call.data.size() <= kMaxPointerBytes &&
                   call.offset <= kMaxPointerBytes)) {
    Change(call, file.bytes);
  }
  if (manifest) {
    ManifestWritten(call.path, file.bytes, true);
  }
}

void OrderMonitor::CheckMayBeNamed(const std::string& from, const std::string& to) {
  for (const auto& [path, name] : names_) {
    if (!IsBelow(path, from) || !interpreter_->IsPointer(to + path.substr(from.size()))) {
      continue;
    }
    CheckDurable({path, NamedFile::Needs::kBytes}, "the directory " + to);
    const auto manifest = interpreter_->ManifestNamedBy(path, name.file->bytes);
    if (!manifest) {
      Violation("the directory " + to + " gets its name, and the pointer in it names no manifest");
      continue;
    }
    CheckDurable({*manifest, NamedFile::Needs::kName}, path);
    const auto named = names_.find(*manifest);
    if (named != names_.end() && (named->second.file->failed || named->second.file->synced == 0)) {
      Violation(path + " names " + *manifest + " before its bytes are synced");
    }
  }
}

void OrderMonitor::DirectoryPlaced(const std::string& directory) {
  for (const auto& [path, name] : names_) {
    if (!IsBelow(path, directory)) {
      continue;
    }
    if (interpreter_->IsManifest(path)) {
      ManifestWritten(path, name.file->bytes, false);
    } else if (interpreter_->IsPointer(path)) {
      if (const auto manifest = interpreter_->ManifestNamedBy(path, name.file->bytes)) {
        pointers_[path] = {*manifest};
      }
    }
  }
}

void OrderMonitor::BeforeRename(const Call& call) {
  CheckMayGo(call.path, "rename");
  CheckMayBeNamed(call.path, *call.to);
  if (interpreter_->IsPointer(*call.to)) {
    PointerPlaced(call.path, *call.to);
  } else {
    CheckMayGo(*call.to, "replace");
  }
}

absl::Status OrderMonitor::Before(const Call& call) {
  if (IsLook(call.kind)) {
    return absl::OkStatus();
  }
  MutexLock lock(mutex_);
  switch (call.kind) {
    case FsCall::kAppend:
    case FsCall::kWrite:
    case FsCall::kTruncate:
      BeginChange(call);
      BeforeWrite(call);
      break;
    case FsCall::kSync:
      Note(call);
      static_cast<Watched*>(call.file->get())->syncing =
          static_cast<Watched*>(call.file->get())->writes;
      break;
    case FsCall::kRename:
      BeginChange(call);
      BeforeRename(call);
      break;
    case FsCall::kRemove:
      BeginChange(call);
      CheckMayGo(call.path, "remove");
      break;
    case FsCall::kLock:
      if (call.lock == LockMode::kExclusive) {
        BeginChange(call);
      }
      break;
    case FsCall::kCreate:
    case FsCall::kLink:
    case FsCall::kCreateDirectory:
    case FsCall::kRemoveDirectory:
      BeginChange(call);
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

void OrderMonitor::AfterOpen(const Call& call) {
  if (call.kind == FsCall::kCreate) {
    names_.insert_or_assign(call.path, Name{std::make_shared<Watched>(), false, false});
  }
  *call.file = Find(call.path);
}

void OrderMonitor::AfterSync(const Call& call, bool ok) {
  Watched& file = *static_cast<Watched*>(call.file->get());
  if (!ok) {
    file.failed = true;
    return;
  }
  file.synced = std::max(file.synced, file.syncing);
  const auto manifest = manifests_.find(call.path);
  if (manifest != manifests_.end() && !file.failed && file.syncing == file.writes) {
    Manifest& state = manifest->second;
    state.possible = {state.latest.begin(), state.latest.end()};
  }
}

// A name that came or went.
void OrderMonitor::Named(const Call& call) {
  if (call.kind == FsCall::kRename) {
    Renamed(call.path, *call.to);
    DirectoryPlaced(*call.to);
  } else if (call.kind == FsCall::kLink) {
    const WatchedPtr file = Find(call.path);
    names_.insert_or_assign(*call.to, Name{file, false, false});
  } else if (call.kind == FsCall::kRemove) {
    names_.erase(call.path);
  }
}

void OrderMonitor::After(const Call& call, const absl::Status& status) {
  if (IsLook(call.kind)) {
    return;
  }
  MutexLock lock(mutex_);
  if (IsWrite(call.kind) && !status.ok()) {
    static_cast<Watched*>(call.file->get())->failed = true;
  } else if (call.kind == FsCall::kSync) {
    AfterSync(call, status.ok());
  } else if (call.kind == FsCall::kSyncDirectory) {
    Note(call);
    if (!IsOutOfDescriptors(status)) {  // else it was not even opened
      DirectorySynced(WithoutSlash(call.path), status.ok());
    }
  } else if (status.ok() && (call.kind == FsCall::kOpen || call.kind == FsCall::kCreate)) {
    AfterOpen(call);
  } else if (status.ok()) {
    Named(call);
  }
}

absl::Status OrderMonitor::Adopt(const std::string& directory) {
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, base()->List(directory));
  for (const std::string& name : names) {
    const std::string path = JoinPath(directory, name);
    const bool manifest = interpreter_->IsManifest(path);
    if (!manifest && !interpreter_->IsPointer(path)) {
      continue;
    }
    VERALITH_ASSIGN_OR_RETURN(std::string bytes, ReadWholeFile(*base(), path, kMaxManifestBytes));
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
