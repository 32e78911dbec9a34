// SPDX-License-Identifier: Apache-2.0

// The cost of staging a batch of one put (16-byte key, 100-byte value), including the checksum, and
// what a commit per record and per group of 32 adds (one write call each, no sync).
//   log_bench <new file>
#include <cstdio>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "core/log/log_writer.h"
#include "veralith/clock.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

constexpr int kRecords = 1'000'000;

// Nanoseconds per record; group 0: only staged; the commits of every 1000 are not measured.
double Measure(LogWriter& writer, int group, Timestamp* ts) {
  std::string key(16, 'k');
  const std::string value(100, 'v');
  int64_t nanos = 0;
  for (int done = 0; done < kRecords; done += 1000) {
    const int64_t start = SystemClock()->MonotonicNanos();
    for (int i = 1; i <= 1000; ++i) {
      key[i % 16] = static_cast<char>(i);
      const LogOperation put{LogOperation::Kind::kPut, false, 0, key, value};
      writer.Stage(++*ts, writer.synced(), {&put, 1});
      if (group > 0 && i % group == 0) {
        VERALITH_CHECK(writer.Commit().ok());
      }
    }
    nanos += SystemClock()->MonotonicNanos() - start;
    VERALITH_CHECK(writer.Commit().ok());
  }
  return static_cast<double>(nanos) / kRecords;
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  using namespace veralith;  // NOLINT: a tool
  if (argc != 2) {
    std::fprintf(stderr, "usage: log_bench <new file>\n");
    return 1;
  }
  auto file = PosixFileSystem()->Open(argv[1], OpenMode::kCreate);
  if (!file.ok()) {
    std::fprintf(stderr, "%s\n", file.status().ToString().c_str());
    return 1;
  }
  LogWriter writer(*std::move(file), 1, 0x5eed);
  Timestamp ts = 0;
  std::printf("stage only          %7.1f ns per record\n", Measure(writer, 0, &ts));
  std::printf("commit every 32     %7.1f ns per record\n", Measure(writer, 32, &ts));
  std::printf("commit every record %7.1f ns per record\n", Measure(writer, 1, &ts));
  return 0;
}
