#include "core/fs/errno_status.h"

#include <cerrno>
#include <new>
#include <system_error>

#include "core/base/status.h"

namespace veralith {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
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
    return MakeStatus(CodeOf(error), text);
  } catch (const std::bad_alloc&) {
    return MakeStatus(CodeOf(error), call);
  }
}

}  // namespace veralith
