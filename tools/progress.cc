// SPDX-License-Identifier: Apache-2.0

#include "tools/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "veralith/clock.h"

namespace veralith::tools {
namespace {

constexpr int64_t kTerminalNanos = 100'000'000;
constexpr int64_t kLogNanos = 10'000'000'000;
constexpr int kBarWidth = 30;
constexpr double kLeastSecondsOfRate = 0.1;

}  // namespace

Progress::Progress(std::string what, std::string unit, uint64_t total)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_nanos_(SystemClock()->MonotonicNanos()),
      next_nanos_(start_nanos_ + (terminal_ ? 0 : kLogNanos)) {}

Progress::~Progress() { Finish(); }

double Progress::seconds() const {
  return static_cast<double>(SystemClock()->MonotonicNanos() - start_nanos_) / 1e9;
}

void Progress::Update(uint64_t done) {
  done_ = done;
  const int64_t now = SystemClock()->MonotonicNanos();
  if (now >= next_nanos_) {
    next_nanos_ = now + (terminal_ ? kTerminalNanos : kLogNanos);
    Draw(/*last=*/false);
  }
}

void Progress::Finish() {
  if (!std::exchange(finished_, true)) {
    Draw(/*last=*/true);
  }
}

void Progress::Draw(bool last) {
  std::string line = what_ + ": ";
  if (total_ > 0) {
    const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    if (terminal_) {
      const int filled = static_cast<int>(share * kBarWidth);
      line += "[" + std::string(static_cast<size_t>(filled), '#') +
              std::string(static_cast<size_t>(kBarWidth - filled), '.') + "] ";
    }
    line += std::to_string(static_cast<int>(share * 100)) + "% ";
  }
  line += Grouped(done_) + " " + unit_ + RateAndTime(done_, seconds());
  std::fprintf(stderr, terminal_ ? "\r%s\033[K%s" : "%s%s", line.c_str(),
               last || !terminal_ ? "\n" : "");
  std::fflush(stderr);
}

std::string RateAndTime(uint64_t done, double seconds) {
  char time[32];
  std::snprintf(time, sizeof(time), ", %.1f s", seconds);
  if (seconds < kLeastSecondsOfRate) {
    return time;
  }
  return ", " + Grouped(static_cast<uint64_t>(static_cast<double>(done) / seconds)) + "/s" + time;
}

std::string HumanBytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof(text), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string Grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

}  // namespace veralith::tools
