// SPDX-License-Identifier: Apache-2.0

// Many segments and few descriptors (Options::max_open_files): the cost of opening in time and
// memory, and the cost of a lookup whose segment is open or must be opened again. Nothing is
// cached.
//
//   bazel run --config=release //bench:descriptors -- DIRECTORY [segments] [descriptors]
//
// DIRECTORY is made anew; a memory file system (/dev/shm) spares a sync for each segment. The
// process may have `descriptors` files open (ulimit -n) once the database is made.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "core/base/random.h"
#include "veralith/db.h"

namespace veralith {
namespace {

constexpr uint64_t kLookups = 200'000;
constexpr uint64_t kFewSegments = 64;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

uint64_t ResidentBytes() {
  std::ifstream stream("/proc/self/statm");
  uint64_t pages = 0;
  stream >> pages >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

long OpenDescriptors() {
  const std::filesystem::directory_iterator descriptors("/proc/self/fd");
  return std::distance(begin(descriptors), end(descriptors)) - 1;  // without its own
}

std::string Key(uint64_t i) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "key %012llu", static_cast<unsigned long long>(i));
  return buffer;
}

// One entry is a segment.
Options SmallSegments() {
  Options options;
  options.target_segment_bytes = 1024;
  options.write_buffer_bytes = size_t{4} << 30;
  options.cache_bytes = 0;
  options.disable_automatic_compaction = true;
  options.min_free_bytes = 0;
  return options;
}

void Make(const std::string& directory, uint64_t segments) {
  std::filesystem::remove_all(directory);
  const double start = Seconds();
  const std::unique_ptr<Db> db = Db::Open(directory, SmallSegments()).value();
  Random random(1);
  std::string value(1100, ' ');
  for (uint64_t i = 0; i < segments; ++i) {
    for (char& c : value) {
      c = static_cast<char>(random.Next());
    }
    VERALITH_CHECK(db->Put({}, Key(i), value).ok());
  }
  VERALITH_CHECK(db->Flush().ok());
  VERALITH_CHECK(db->Close().ok());
  std::printf("made in %.1f s\n", Seconds() - start);
}

void Lookups(Db& db, const char* what, uint64_t segments, uint64_t stride) {
  Random random(2);
  PinnedValue value;
  const uint64_t opened = db.GetStatistics().segments_opened;
  const double start = Seconds();
  for (uint64_t i = 0; i < kLookups; ++i) {
    VERALITH_CHECK(*db.Get({}, Key(random.Below(segments) * stride), &value));
  }
  std::printf("%-34s %6.2f us a lookup, %.2f files opened a lookup\n", what,
              (Seconds() - start) * 1e6 / kLookups,
              static_cast<double>(db.GetStatistics().segments_opened - opened) / kLookups);
}

void Run(const std::string& directory, uint64_t segments, rlim_t descriptors) {
  Make(directory, segments);
  const struct rlimit limit = {descriptors, descriptors};
  VERALITH_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const uint64_t before = ResidentBytes();
  double start = Seconds();
  const std::unique_ptr<Db> db = Db::Open(directory, SmallSegments()).value();
  std::printf("opened in %.2f s: %ld descriptors of %llu, %.0f bytes of memory a segment\n",
              Seconds() - start, OpenDescriptors(), static_cast<unsigned long long>(descriptors),
              static_cast<double>(ResidentBytes() - before) / static_cast<double>(segments));
  Lookups(*db, "over all segments", segments, 1);
  Lookups(*db, "over 64 segments", kFewSegments, segments / kFewSegments);
  std::printf("%llu segments are open, %ld descriptors\n",
              static_cast<unsigned long long>(db->GetStatistics().open_segments),
              OpenDescriptors());
  start = Seconds();
  VERALITH_CHECK(db->Close().ok());
  std::printf("closed in %.2f s\n", Seconds() - start);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "descriptors DIRECTORY [segments] [descriptors]\n");
    return 2;
  }
  veralith::Run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100'000,
                argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 512);
}
