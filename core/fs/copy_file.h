// SPDX-License-Identifier: Apache-2.0

// Copies a file where the file system cannot link it.
//
// Thread rule: any thread.
#ifndef VERALITH_CORE_FS_COPY_FILE_H_
#define VERALITH_CORE_FS_COPY_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "veralith/file_system.h"

namespace veralith {

// Makes `to`, which must not exist, a copy of `from`, and syncs it; its name is not synced. After
// an error a part of the copy may be left.
absl::Status CopyFile(FileSystem& fs, const std::string& from, const std::string& to);

}  // namespace veralith

#endif  // VERALITH_CORE_FS_COPY_FILE_H_
