// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/observed_file_system.h"

#include "core/base/status.h"

namespace veralith::model {

absl::Status ObservedFileSystem::Before(const Call& call) {
  return dead_.Load() ? Unavailable("the process is dead") : absl::OkStatus();
}

void ObservedFileSystem::After(const Call& call, const absl::Status& status) {
  const bool change = call.kind == FsCall::kAppend || call.kind == FsCall::kWrite ||
                      call.kind == FsCall::kTruncate || call.kind == FsCall::kSync;
  if (status.ok() || !change || !call.path.starts_with(prefix_)) {
    return;
  }
  if (call.path.ends_with(".log") || call.path.find("MANIFEST") != std::string::npos) {
    log_failures_.FetchAdd(1);
  }
}

}  // namespace veralith::model
