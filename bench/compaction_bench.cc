// One compaction: runs that hold every key are merged into one, in one piece and in several; and a
// deep level is merged with a run of few keys. Megabytes of input a second, and processor time.
//
//   bazel run --config=release //bench:compaction_bench -- DIRECTORY [keys] [value bytes] [none|lz4]
//
// A codec halves the values. DIRECTORY must not exist; it is removed after each round.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/db/db.h"

namespace veralith {
namespace {

struct Settings {
  std::string directory;
  uint64_t keys = 1'000'000;
  size_t value_bytes = 100;
  Codec codec = Codec::kLz4;
};

double ProcessSeconds() {
  timespec now;
  VERALITH_CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string Key(uint64_t i) {
  char text[32];
  std::snprintf(text, sizeof(text), "key%013llu", static_cast<unsigned long long>(i));
  return text;
}

class Round {
 public:
  Round(const Settings& settings, int pieces) : settings_(settings) {
    std::filesystem::remove_all(settings.directory);
    Options options;
    options.disable_automatic_compaction = true;
    options.write_buffer_bytes = size_t{1} << 30;
    options.upper_codec = options.middle_codec = options.bottom_codec = settings.codec;
    options.max_subcompactions = pieces;
    auto db = Db::Open(settings.directory, options);
    VERALITH_CHECK(db.ok());
    db_ = *std::move(db);
  }
  ~Round() {
    VERALITH_CHECK(db_->Close().ok());
    db_.reset();
    std::filesystem::remove_all(settings_.directory);
  }

  // A run of every `step`th key.
  void AddRun(uint64_t step) {
    std::string value(settings_.value_bytes, 'v');
    for (uint64_t i = 0; i < settings_.keys; i += step) {
      for (size_t at = 0; at < value.size() / 2; ++at) {
        value[at] = static_cast<char>(random_.Next());
      }
      VERALITH_CHECK(db_->Put({}, Key(i), value).ok());
    }
    VERALITH_CHECK(db_->Flush().ok());
  }
  void Settle() { VERALITH_CHECK(db_->CompactAll().ok()); }

  void Measure(const char* name) {
    const Statistics before = db_->GetStatistics();
    const double cpu = ProcessSeconds();
    const int64_t start = SystemClock()->MonotonicNanos();
    Settle();
    const double seconds =
        static_cast<double>(SystemClock()->MonotonicNanos() - start) / 1e9;
    const Statistics after = db_->GetStatistics();
    const double megabytes =
        static_cast<double>(after.compaction_bytes_read - before.compaction_bytes_read) / 1e6;
    std::printf("%-28s %2d pieces %8.1f MB in %6.2f s: %7.1f MB/s, %6.2f CPU s (%5.1f MB/s)\n",
                name, static_cast<int>(after.subcompactions - before.subcompactions), megabytes,
                seconds, megabytes / seconds, ProcessSeconds() - cpu,
                megabytes / (ProcessSeconds() - cpu));
    std::fflush(stdout);
  }

 private:
  const Settings settings_;
  std::unique_ptr<Db> db_;
  Random random_{1};
};

void Run(const Settings& settings) {
  for (const int pieces : {1, 2, 4}) {
    Round round(settings, pieces);
    round.AddRun(1);
    round.Settle();
    round.AddRun(1);
    round.AddRun(1);
    round.Measure("three runs of every key");
  }
  for (const int pieces : {1, 2}) {
    Round round(settings, pieces);
    round.AddRun(1);
    round.Settle();
    round.AddRun(1000);
    round.Measure("one key in a thousand");
  }
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  veralith::Settings settings;
  if (argc < 2 || std::filesystem::exists(argv[1])) {
    std::fprintf(stderr, "usage: compaction_bench NEW_DIRECTORY [keys] [value bytes] [none|lz4]\n");
    return 2;
  }
  settings.directory = argv[1];
  settings.keys = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : settings.keys;
  settings.value_bytes = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : settings.value_bytes;
  settings.codec = argc > 4 && std::string(argv[4]) == "none" ? veralith::Codec::kNone
                                                              : veralith::Codec::kLz4;
  veralith::Run(settings);
  return 0;
}
