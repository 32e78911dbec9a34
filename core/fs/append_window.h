// SPDX-License-Identifier: Apache-2.0

// Appends to a file through memory: a window of the file is mapped, bytes are copied into it, and
// the next window follows when it is full. Where the system cannot reserve blocks for a window, it
// is not mapped: a write into a hole of a full disk would kill the process.
//
// Invariants
//   1. Bytes are copied only into blocks that were reserved. So a full disk is an answer, not a
//      signal.
//   2. The file is longer than what was appended by less than kWindowBytes. That rest is zeros.
//   3. What Append returned for is in the system's page cache, as after write: it survives the
//      process, and fsync makes it durable.
//
// Linux only; elsewhere Append takes nothing. Does not own the descriptor.
// Thread rule: one thread at a time.
#ifndef VERALITH_CORE_FS_APPEND_WINDOW_H_
#define VERALITH_CORE_FS_APPEND_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace veralith {

class AppendWindow {
 public:
  static constexpr size_t kWindowBytes = size_t{1} << 20;

  explicit AppendWindow(int fd) : fd_(fd) {}
  AppendWindow(const AppendWindow&) = delete;
  AppendWindow& operator=(const AppendWindow&) = delete;
  ~AppendWindow() { Unmap(); }

  // Returns whether blocks can be reserved here; if not, sets errno. Leaves the file as it is.
  bool CanMap();
  // Copies `data` to `offset` on, as far as windows can be had; returns how many bytes it copied.
  size_t Append(uint64_t offset, std::string_view data);

 private:
  bool Holds(uint64_t offset) const {
    return bytes_ != nullptr && offset >= begin_ && offset - begin_ < kWindowBytes;
  }
  // Maps the window that holds `offset`; returns false if there is none to be had.
  bool MapAt(uint64_t offset);
  void Unmap();

  const int fd_;
  uint64_t begin_ = 0;  // of the window, a multiple of its size
  char* bytes_ = nullptr;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FS_APPEND_WINDOW_H_
