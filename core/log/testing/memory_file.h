// A file in memory whose calls can be made to fail: for tests of readers and writers of one file.
// (Whole databases are tested on core/fs/testing's simulated disk.)
#ifndef VERALITH_CORE_LOG_TESTING_MEMORY_FILE_H_
#define VERALITH_CORE_LOG_TESTING_MEMORY_FILE_H_

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/fs/file_system.h"

namespace veralith::testing {

// What outlives the File: the bytes, a count of calls, and what shall fail.
struct MemoryFileState {
  std::string bytes;
  int appends = 0;
  int syncs = 0;
  uint64_t bytes_read = 0;
  uint64_t largest_read = 0;
  absl::Status append_error;
  absl::Status sync_error;
  absl::Status read_error;
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
    VERALITH_RETURN_IF_ERROR(state_->read_error);
    state_->bytes_read += out.size();
    state_->largest_read = std::max<uint64_t>(state_->largest_read, out.size());
    return offset >= state_->bytes.size() ? 0
                                          : state_->bytes.copy(out.data(), out.size(), offset);
  }
  absl::Status Preallocate(uint64_t) override { return absl::OkStatus(); }
  absl::Status Truncate(uint64_t size) override {
    state_->bytes.resize(size);
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() const override { return state_->bytes.size(); }
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

}  // namespace veralith::testing

#endif  // VERALITH_CORE_LOG_TESTING_MEMORY_FILE_H_
