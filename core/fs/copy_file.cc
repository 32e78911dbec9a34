// SPDX-License-Identifier: Apache-2.0

#include "core/fs/copy_file.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace veralith {

absl::Status CopyFile(FileSystem& fs, const std::string& from, const std::string& to) {
  constexpr size_t kCopyBytes = size_t{1} << 20;
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<File> source, fs.Open(from, OpenMode::kRead));
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<File> target, fs.Open(to, OpenMode::kCreate));
  std::vector<char> buffer(kCopyBytes);
  for (uint64_t offset = 0;;) {
    VERALITH_ASSIGN_OR_RETURN(const size_t bytes, source->ReadAt(offset, buffer));
    if (bytes == 0) {
      break;
    }
    VERALITH_RETURN_IF_ERROR(target->Append(std::string_view(buffer.data(), bytes)));
    offset += bytes;
  }
  VERALITH_RETURN_IF_ERROR(target->Sync());
  return target->Close();
}

}  // namespace veralith
