// SPDX-License-Identifier: Apache-2.0

#include "core/fs/append_window.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace veralith {
namespace {

// Reserves blocks for a window; `mode`: of fallocate, 0 makes the file so long. Returns false and
// sets errno if that cannot be done.
bool ReserveWindow([[maybe_unused]] int fd, [[maybe_unused]] int mode,
                   [[maybe_unused]] uint64_t begin) {
#if defined(__linux__)
  int result = 0;
  do {
    result = fallocate(fd, mode, static_cast<off_t>(begin), AppendWindow::kWindowBytes);
  } while (result != 0 && errno == EINTR);
  return result == 0;
#else
  errno = ENOSYS;
  return false;
#endif
}

#if defined(__linux__)
constexpr int kKeepSize = FALLOC_FL_KEEP_SIZE;
#else
constexpr int kKeepSize = 1;
#endif

}  // namespace

bool AppendWindow::CanMap() { return ReserveWindow(fd_, kKeepSize, 0); }

bool AppendWindow::MapAt(uint64_t offset) {
  const uint64_t begin = offset / kWindowBytes * kWindowBytes;
  if (!ReserveWindow(fd_, /*mode=*/0, begin)) {
    return false;
  }
  void* const mapped = mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_,
                            static_cast<off_t>(begin));
  if (mapped == MAP_FAILED) {
    return false;
  }
  Unmap();
  begin_ = begin;
  bytes_ = static_cast<char*>(mapped);
  return true;
}

size_t AppendWindow::Append(uint64_t offset, std::string_view data) {
  size_t done = 0;
  while (done < data.size()) {
    const uint64_t at = offset + done;
    if (!Holds(at) && !MapAt(at)) {
      break;
    }
    const size_t in_window = at - begin_;
    const size_t count = std::min(data.size() - done, kWindowBytes - in_window);
    std::memcpy(bytes_ + in_window, data.data() + done, count);
    done += count;
  }
  return done;
}

void AppendWindow::Unmap() {
  if (bytes_ != nullptr) {
    munmap(bytes_, kWindowBytes);
    bytes_ = nullptr;
  }
}

}  // namespace veralith
