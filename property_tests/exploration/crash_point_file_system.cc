// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/crash_point_file_system.h"

#include "core/base/status.h"

namespace veralith::model {
namespace {

bool IsSync(FsCall call) { return call == FsCall::kSync || call == FsCall::kSyncDirectory; }

// Whether the call counts as a step of the disk, besides syncs.
bool IsChange(FsCall call) {
  switch (call) {
    case FsCall::kCreate:
    case FsCall::kAppend:
    case FsCall::kWrite:
    case FsCall::kTruncate:
    case FsCall::kRename:
    case FsCall::kLink:
    case FsCall::kRemove:
    case FsCall::kCreateDirectory:
    case FsCall::kRemoveDirectory:
    case FsCall::kLock:
      return true;
    default:
      return false;
  }
}

// Whether the file says which files are believed.
bool IsManifestOrPointer(const std::string& path) {
  return path.find("MANIFEST") != std::string::npos || path.find("CURRENT") != std::string::npos;
}

}  // namespace

absl::Status CrashPointFileSystem::Before(const Call& call) {
  if (dead_) {
    return Unavailable("the process is dead");
  }
  if (IsSync(call.kind)) {
    Point();
  } else if (call.kind == FsCall::kRead && *call.file == nullptr) {
    *call.file = noted_;
    if (!made_.contains(call.path)) {
      read_.insert(call.path);
    }
  }
  return absl::OkStatus();
}

void CrashPointFileSystem::After(const Call& call, const absl::Status& status) {
  if (call.kind == FsCall::kCreate) {
    made_.insert(call.path);
  }
  if (hook_ != nullptr && (IsChange(call.kind) || IsSync(call.kind))) {
    steps_.push_back({call.kind, call.path});
  }
  if (IsChange(call.kind)) {
    manifest_changes_ += IsManifestOrPointer(call.path) ? 1 : 0;
    Point();
  }
}

}  // namespace veralith::model
