// SPDX-License-Identifier: Apache-2.0

#include "core/fs/file_helpers.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/base/status.h"

namespace veralith {
namespace {

constexpr size_t kZerosWindowBytes = size_t{64} << 10;

}  // namespace

absl::StatusOr<std::shared_ptr<FileSystem>> PinDirectory(FileSystem* fs,
                                                         const std::string& directory) {
  absl::StatusOr<std::unique_ptr<FileSystem>> view = fs->Pin(directory);
  if (absl::IsUnimplemented(view.status())) {
    return std::shared_ptr<FileSystem>(fs, [](FileSystem*) {});
  }
  VERALITH_RETURN_IF_ERROR(view.status());
  return std::shared_ptr<FileSystem>(*std::move(view));
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') {
    path.push_back('/');
  }
  path.append(name);
  return path;
}

std::string ParentPath(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') {
    path.remove_suffix(1);
  }
  const size_t slash = path.find_last_of('/');
  return std::string(slash == std::string_view::npos ? "."
                     : slash == 0                    ? "/"
                                                     : path.substr(0, slash));
}

absl::StatusOr<std::string> ReadWholeFile(FileSystem& fs, const std::string& path,
                                          uint64_t limit_bytes) {
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs.Open(path, OpenMode::kRead));
  VERALITH_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > limit_bytes) {
    return ResourceExhausted(path + ": has " + std::to_string(size) + " bytes, more than the " +
                             std::to_string(limit_bytes) + " allowed");
  }
  std::string bytes(size, '\0');
  VERALITH_ASSIGN_OR_RETURN(const size_t read, file->ReadAt(0, bytes));
  bytes.resize(read);
  return bytes;
}

absl::StatusOr<bool> OnlyZerosFollow(const File& file, uint64_t offset) {
  char first[16];  // most often it is told by these
  std::span<char> window = first;
  std::unique_ptr<char[]> larger;
  while (true) {
    VERALITH_ASSIGN_OR_RETURN(const size_t read, file.ReadAt(offset, window));
    if (std::any_of(window.begin(), window.begin() + static_cast<ptrdiff_t>(read),
                    [](char byte) { return byte != 0; })) {
      return false;
    }
    if (read < window.size()) {
      return true;
    }
    offset += read;
    if (larger == nullptr) {
      larger = std::make_unique_for_overwrite<char[]>(kZerosWindowBytes);
      window = {larger.get(), kZerosWindowBytes};
    }
  }
}

}  // namespace veralith
