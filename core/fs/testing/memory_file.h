// SPDX-License-Identifier: Apache-2.0

// A File of bytes in memory, for tests and fuzz targets of what reads or writes a single file.
// (Whole databases are tested on simulated_file_system.h.)
//
// The bytes are shared. While the code under test owns the File, the test keeps the bytes, sees how
// the File was called, and makes calls fail. Thread rule: reads from any thread; all else from one
// thread at a time.
#ifndef VERALITH_CORE_FS_TESTING_MEMORY_FILE_H_
#define VERALITH_CORE_FS_TESTING_MEMORY_FILE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "veralith/file_system.h"

namespace veralith {

// What outlives the File.
struct MemoryFileState {
  std::string bytes;

  int appends = 0;
  int syncs = 0;
  Atomic<uint64_t> bytes_read{0};    // asked for
  Atomic<uint64_t> largest_read{0};  // exact while one thread reads

  absl::Status append_error;  // after half of the bytes
  absl::Status sync_error;
  absl::Status size_error;
  // Reads fail that begin at or above the first and below the second offset.
  Atomic<uint64_t> fail_reads_from{UINT64_MAX};
  Atomic<uint64_t> fail_reads_to{UINT64_MAX};
};

class MemoryFile : public File {
 public:
  explicit MemoryFile(std::shared_ptr<MemoryFileState> state) : state_(std::move(state)) {}

  absl::Status Append(std::string_view data) override {
    ++state_->appends;
    const bool fails = !state_->append_error.ok();
    state_->bytes.append(data.substr(0, fails ? data.size() / 2 : data.size()));
    return state_->append_error;
  }
  absl::Status WriteAt(uint64_t, std::string_view) override { return Unimplemented("WriteAt"); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    if (offset >= state_->fail_reads_from.Load() && offset < state_->fail_reads_to.Load()) {
      return Unavailable(path_ + ": read: EIO");
    }
    state_->bytes_read.FetchAdd(out.size());
    if (out.size() > state_->largest_read.Load()) {
      state_->largest_read.Store(out.size());
    }
    return offset >= state_->bytes.size() ? 0 : state_->bytes.copy(out.data(), out.size(), offset);
  }
  absl::Status Preallocate(uint64_t) override { return absl::OkStatus(); }
  absl::Status Truncate(uint64_t size) override {
    state_->bytes.resize(size);
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() const override {
    VERALITH_RETURN_IF_ERROR(state_->size_error);
    return uint64_t{state_->bytes.size()};
  }
  absl::Status Sync() override {
    ++state_->syncs;
    return state_->sync_error;
  }
  absl::Status Close() override { return absl::OkStatus(); }
  const std::string& path() const override { return path_; }

 private:
  const std::shared_ptr<MemoryFileState> state_;
  const std::string path_ = "memory/file";
};

inline std::unique_ptr<File> OpenMemoryFile(std::shared_ptr<MemoryFileState> state) {
  return std::make_unique<MemoryFile>(std::move(state));
}
inline std::unique_ptr<File> OpenMemoryFile(std::string bytes) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = std::move(bytes);
  return OpenMemoryFile(std::move(state));
}

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_MEMORY_FILE_H_
