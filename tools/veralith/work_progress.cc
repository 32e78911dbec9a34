// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/work_progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "veralith/file_system.h"

namespace veralith::tools {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
constexpr Clock::duration kLookEvery = std::chrono::milliseconds(100);
// Looking through a directory of very many files takes long: most of the time must go to the work
// itself.
constexpr int kRestPerLook = 20;

bool IsOfKind(const std::string& name, FileKind kind) {
  const auto parsed = ParseFileName(name);
  return parsed.has_value() && parsed->kind == kind;
}

// Calls visit(path, name) for everything in a directory; does nothing if it cannot be listed.
template <typename Visit>
void ForEachIn(const std::string& directory, Visit visit) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    visit(it->path(), it->path().filename().string());
  }
}

uint64_t SizeOf(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

std::string Trimmed(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

}  // namespace

std::vector<Flag> WorkProgress::Flags() {
  return {{.name = "progress",
           .help = "shows progress on standard error, even if that is not a terminal"},
          {.name = "quiet", .letter = 'q', .help = "shows no progress"}};
}

WorkProgress::WorkProgress(Work work, const Arguments& arguments)
    : work_(std::move(work)),
      neighbours_(work_.target.empty() ? "" : ParentPath(Trimmed(work_.target))) {
  if (arguments.Has("quiet") || (!arguments.Has("progress") && isatty(STDERR_FILENO) == 0)) {
    return;
  }
  ForEachIn(work_.directory, [this](const fs::path& path, const std::string& name) {
    const bool segment = IsOfKind(name, FileKind::kSegment);
    if (segment) {
      old_segments_.insert(name);
    }
    if (segment ? work_.reads_segments : IsOfKind(name, FileKind::kLog)) {
      total_ += SizeOf(path);
    }
  });
  ForEachIn(neighbours_,
            [this](const fs::path&, const std::string& name) { old_neighbours_.insert(name); });
  finished_ = false;
  thread_ = std::thread([this] { Loop(); });
}

WorkProgress::~WorkProgress() { Finish(/*success=*/false); }

void WorkProgress::Finish(bool success) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (std::exchange(finished_, true)) {
      return;
    }
  }
  changed_.notify_all();
  thread_.join();
  if (success) {
    Look();
    line_->SetTotal(done_);
  }
  line_.reset();
}

void WorkProgress::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  Clock::duration rest = kLookEvery;
  while (!changed_.wait_for(lock, rest, [this] { return finished_; })) {
    const Clock::time_point start = Clock::now();
    Look();
    rest = std::max(kLookEvery, kRestPerLook * (Clock::now() - start));
  }
}

void WorkProgress::AddNewSegments(const std::string& directory, const std::set<std::string>& old) {
  ForEachIn(directory, [&](const fs::path& path, const std::string& name) {
    if (IsOfKind(name, FileKind::kSegment) && !old.contains(name)) {
      uint64_t& bytes = new_bytes_[name];
      bytes = std::max(bytes, SizeOf(path));
    }
  });
}

void WorkProgress::Look() {
  if (work_.target.empty()) {
    AddNewSegments(work_.directory, old_segments_);
  }
  ForEachIn(neighbours_, [this](const fs::path& path, const std::string& name) {
    std::error_code error;
    if (!old_neighbours_.contains(name) && fs::is_directory(path, error)) {
      AddNewSegments(path.string(), {});
    }
  });
  done_ = 0;
  for (const auto& [name, bytes] : new_bytes_) {
    done_ += bytes;
  }
  if (line_ == nullptr) {
    line_ = std::make_unique<Progress>(work_.what, "bytes written", total_);
  }
  line_->Update(done_);
}

}  // namespace veralith::tools
