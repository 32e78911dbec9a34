// SPDX-License-Identifier: Apache-2.0

// The one mapping from errno values to statuses (contract point 4 of file_system.h), shared by the
// POSIX file system and the simulated one.
#ifndef VERALITH_CORE_FS_ERRNO_STATUS_H_
#define VERALITH_CORE_FS_ERRNO_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace veralith {

// "path: call: No space left on device", with the code that the contract gives it; error != 0.
absl::Status ErrnoStatus(const std::string& path, std::string_view call, int error);
// The reason alone, in the machine's words.
std::string ErrnoText(int error);
// True if the call failed because the process (EMFILE) or the machine (ENFILE) has no descriptor
// left.
bool IsOutOfDescriptors(const absl::Status& status);

}  // namespace veralith

#endif  // VERALITH_CORE_FS_ERRNO_STATUS_H_
