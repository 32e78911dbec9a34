// SPDX-License-Identifier: Apache-2.0

// What the engine does with paths and whole files, over the door to files.
//
// Thread rule: any thread.
#ifndef VERALITH_CORE_FS_FILE_HELPERS_H_
#define VERALITH_CORE_FS_FILE_HELPERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "veralith/file_system.h"

namespace veralith {

// Returns the view of Pin; without Pin, a view that passes every call on to `fs` unchanged.
absl::StatusOr<std::shared_ptr<FileSystem>> PinDirectory(FileSystem* fs,
                                                         const std::string& directory);

// "dir/name".
std::string JoinPath(std::string_view directory, std::string_view name);
// The directory that holds the name: "a" of "a/b", "." of "b", "/" of "/b".
std::string ParentPath(std::string_view path);
// All the bytes of a file; ResourceExhausted when it is larger than `limit_bytes`.
absl::StatusOr<std::string> ReadWholeFile(FileSystem& fs, const std::string& path,
                                          uint64_t limit_bytes);
// Returns whether the file has no byte but zeros from `offset` on: nothing was written there
// (File::MapAppends). Reads up to the first other byte, with 64 KiB of memory.
absl::StatusOr<bool> OnlyZerosFollow(const File& file, uint64_t offset);

}  // namespace veralith

#endif  // VERALITH_CORE_FS_FILE_HELPERS_H_
