// SPDX-License-Identifier: Apache-2.0

#include "core/fs/errno_status.h"

#include <cerrno>
#include <new>
#include <system_error>

#include "core/base/status.h"

namespace veralith {
namespace {

// Advice where the machine's words do not say what to do.
constexpr std::string_view kProcessAdvice =
    " (raise the process's limit, ulimit -n, or lower max_open_files)";
constexpr std::string_view kMachineAdvice = " (raise the machine's limit, fs.file-max)";

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kResourceExhausted;
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

// strerror without its shared buffer.
std::string ErrnoText(int error) { return std::system_category().message(error); }

absl::Status ErrnoStatus(const std::string& path, std::string_view call, int error) {
  try {
    std::string text = path;
    text.append(": ").append(call).append(": ").append(ErrnoText(error));
    text.append(error == EMFILE ? kProcessAdvice : error == ENFILE ? kMachineAdvice : "");
    return MakeStatus(CodeOf(error), text);
  } catch (const std::bad_alloc&) {
    return MakeStatus(CodeOf(error), call);
  }
}

bool IsOutOfDescriptors(const absl::Status& status) {
  return absl::IsResourceExhausted(status) &&
         (Message(status).ends_with(kProcessAdvice) || Message(status).ends_with(kMachineAdvice));
}

}  // namespace veralith
