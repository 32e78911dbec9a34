// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace veralith::bench {
namespace {

constexpr std::chrono::milliseconds kSampling(10);

// Returns the number after `name` in a file of the proc file system, or 0.
uint64_t NumberIn(const char* file, const char* name) {
  char text[4096];
  const int descriptor = open(file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return 0;
  }
  const ssize_t bytes = read(descriptor, text, sizeof(text) - 1);
  close(descriptor);
  text[std::max<ssize_t>(bytes, 0)] = '\0';
  const char* const at = std::strstr(text, name);
  return at == nullptr ? 0 : std::strtoull(at + std::strlen(name), nullptr, 10);
}

uint64_t AnonymousBytes() { return NumberIn("/proc/self/status", "RssAnon:") * 1024; }

}  // namespace

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Pause(int seconds) { std::this_thread::sleep_for(std::chrono::seconds(seconds)); }

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

IoBytes IoSoFar() {
  constexpr const char* kFile = "/proc/self/io";
  return {.read_calls = NumberIn(kFile, "rchar:"),
          .write_calls = NumberIn(kFile, "wchar:"),
          .read_device = NumberIn(kFile, "\nread_bytes:"),
          .write_device = NumberIn(kFile, "\nwrite_bytes:")};
}

uint64_t KeptBytes(const std::string& directory) {
  uint64_t total = 0;
  std::error_code error;
  for (const auto& item : std::filesystem::recursive_directory_iterator(directory, error)) {
    struct stat file;
    if (stat(item.path().c_str(), &file) == 0 && S_ISREG(file.st_mode)) {
      total += static_cast<uint64_t>(std::min<int64_t>(file.st_size, file.st_blocks * 512));
    }
  }
  return total;
}

MemorySampler::MemorySampler() {
  thread_ = std::thread([this] {
    while (!stop_.load(std::memory_order_relaxed)) {
      peak_.store(std::max(peak_.load(), AnonymousBytes()));
      std::this_thread::sleep_for(kSampling);
    }
  });
}

MemorySampler::~MemorySampler() {
  stop_ = true;
  thread_.join();
}

uint64_t MemorySampler::TakePeak() { return std::max(peak_.exchange(0), AnonymousBytes()); }

}  // namespace veralith::bench
