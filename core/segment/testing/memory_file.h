// A File of bytes in memory, for tests and fuzz targets of readers and writers of single files.
//
// The bytes are shared: a test keeps them while the file is owned by what it tests. Every read can
// be counted, and made to fail.
#ifndef VERALITH_CORE_SEGMENT_TESTING_MEMORY_FILE_H_
#define VERALITH_CORE_SEGMENT_TESTING_MEMORY_FILE_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/fs/file_system.h"

namespace veralith {

struct MemoryFileState {
  std::string bytes;
  Atomic<uint64_t> reads{0};
  // Reads that begin at or above this offset fail.
  Atomic<uint64_t> fail_reads_from{UINT64_MAX};
  bool synced = false;
  bool closed = false;
};

class MemoryFile : public File {
 public:
  explicit MemoryFile(std::shared_ptr<MemoryFileState> state) : state_(std::move(state)) {}

  absl::Status Append(std::string_view data) override {
    if (state_->closed) {
      return FailedPrecondition("memory: closed");
    }
    state_->bytes.append(data);
    state_->synced = false;
    return absl::OkStatus();
  }
  absl::Status WriteAt(uint64_t, std::string_view) override { return Unimplemented("WriteAt"); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    state_->reads.FetchAdd(1);
    if (offset >= state_->fail_reads_from.Load()) {
      return Unavailable("memory: read failed as asked");
    }
    if (offset >= state_->bytes.size()) {
      return size_t{0};
    }
    const size_t n = std::min<size_t>(out.size(), state_->bytes.size() - offset);
    if (n > 0) {
      std::memcpy(out.data(), state_->bytes.data() + offset, n);
    }
    return n;
  }
  absl::Status Preallocate(uint64_t) override { return absl::OkStatus(); }
  absl::Status Truncate(uint64_t size) override {
    state_->bytes.resize(size);
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() const override { return uint64_t{state_->bytes.size()}; }
  absl::Status Sync() override {
    state_->synced = true;
    return absl::OkStatus();
  }
  absl::Status Close() override {
    state_->closed = true;
    return absl::OkStatus();
  }
  const std::string& path() const override { return path_; }

 private:
  const std::shared_ptr<MemoryFileState> state_;
  const std::string path_ = "memory";
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

#endif  // VERALITH_CORE_SEGMENT_TESTING_MEMORY_FILE_H_
