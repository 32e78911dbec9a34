// SPDX-License-Identifier: Apache-2.0

// One compaction: of runs whose keys interleave row by row, and of a large run with a small one
// whose keys lie close together; in one piece and in two, with and without copying value pages.
// Prints megabytes of input a second, and processor time. compaction_bench --help says how.
#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "veralith/clock.h"
#include "veralith/db.h"

namespace veralith {
namespace {

constexpr char kUsage[] =
    "usage: compaction_bench NEW_DIRECTORY [KEYS] [VALUE_BYTES] [none|lz4] [ROUNDS]\n"
    "                        [--load=WORD] [--values=copied|encoded] [--pieces=1|2]\n"
    "\n"
    "Fills databases in NEW_DIRECTORY, one after the other, and measures one compaction of each.\n"
    "The directory must not exist, and is removed after each database. By default 1000000 keys,\n"
    "100 bytes, lz4 (which halves the values), 1 round: some two minutes. Jobs of less than\n"
    "64 MiB are not cut.\n"
    "\n"
    "  three runs      three runs of every key; two versions of three are dropped\n"
    "  odd and even    a run of every second key, and one of the others; all stay\n"
    "  single keys     a run of every key, and one of every thousandth\n"
    "  clusters        a run of every key, and one of a hundred keys in every ten thousand\n"
    "\n"
    "--load (the first word of a name), --values and --pieces: only those. Each row: copied or\n"
    "encoded again, pieces, input, time, processor time of all threads, and the share of the\n"
    "output's bytes that was copied. Compare rows of one run.\n";

struct Settings {
  std::string directory;
  uint64_t keys = 1'000'000;
  uint64_t value_bytes = 100;
  Codec codec = Codec::kLz4;
  uint64_t rounds = 1;
  // Empty or 0: all.
  std::string load;
  std::string values;
  uint64_t pieces = 0;
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

struct Way {
  bool copy;
  int pieces;
};

class Database {
 public:
  Database(const Settings& settings, const Way& way) : settings_(settings), way_(way) {
    std::filesystem::remove_all(settings.directory);
    Options options;
    options.disable_automatic_compaction = true;
    options.write_buffer_bytes = size_t{2} << 30;
    options.upper_codec = options.middle_codec = options.bottom_codec = settings.codec;
    options.max_subcompactions = way.pieces;
    options.copy_value_pages = way.copy;
    auto db = Db::Open(settings.directory, options);
    VERALITH_CHECK(db.ok());
    db_ = *std::move(db);
  }
  ~Database() {
    VERALITH_CHECK(db_->Close().ok());
    db_.reset();
    std::filesystem::remove_all(settings_.directory);
  }

  void AddRun(const std::function<bool(uint64_t key)>& holds) {
    std::string value(settings_.value_bytes, 'v');
    for (uint64_t i = 0; i < settings_.keys; ++i) {
      if (!holds(i)) {
        continue;
      }
      for (size_t at = 0; at < value.size() / 2; ++at) {
        value[at] = static_cast<char>(random_.Next());
      }
      VERALITH_CHECK(db_->Put({}, Key(i), value).ok());
    }
    VERALITH_CHECK(db_->Flush().ok());
  }
  void Compact() { VERALITH_CHECK(db_->CompactAll().ok()); }

  void Measure(const char* name) {
    const Statistics before = db_->GetStatistics();
    const double cpu_before = ProcessSeconds();
    const int64_t start = SystemClock()->MonotonicNanos();
    Compact();
    const double seconds = static_cast<double>(SystemClock()->MonotonicNanos() - start) / 1e9;
    const double cpu = ProcessSeconds() - cpu_before;
    const Statistics after = db_->GetStatistics();
    const auto since = [&](uint64_t Statistics::* counter) {
      return static_cast<double>(after.*counter - before.*counter);
    };
    const double megabytes = since(&Statistics::compaction_bytes_read) / 1e6;
    const double pieces = since(&Statistics::subcompactions);
    std::printf(
        "%-14s %-8s %.0f piece%s %8.1f MB %7.2f s %7.1f MB/s %7.2f CPU s %7.1f MB/s %6.1f%%\n",
        name, way_.copy ? "copied" : "encoded", pieces, pieces > 1 ? "s" : " ", megabytes, seconds,
        megabytes / seconds, cpu, megabytes / cpu,
        100 * since(&Statistics::compaction_bytes_copied) /
            since(&Statistics::compaction_bytes_written));
    std::fflush(stdout);
  }

 private:
  const Settings settings_;
  const Way way_;
  std::unique_ptr<Db> db_;
  Random random_{1};
};

bool Every(uint64_t) { return true; }

void Run(const Settings& settings) {
  struct Load {
    const char* name;
    // The oldest run is merged into the last level before the others come.
    std::vector<std::function<bool(uint64_t key)>> runs;
  };
  const Load loads[] = {
      {"three runs", {Every, Every, Every}},
      {"odd and even",
       {[](uint64_t key) { return key % 2 == 0; }, [](uint64_t key) { return key % 2 == 1; }}},
      {"single keys", {Every, [](uint64_t key) { return key % 1000 == 0; }}},
      {"clusters", {Every, [](uint64_t key) { return key % 10'000 < 100; }}},
  };
  std::printf("%-14s %-8s %-8s %11s %9s %12s %13s %12s %7s\n", "", "values", "", "input", "time",
              "", "", "", "copied");
  for (const Load& load : loads) {
    if (std::string_view(load.name).substr(0, settings.load.size()) != settings.load) {
      continue;
    }
    for (uint64_t round = 0; round < settings.rounds; ++round) {
      for (const Way& way : {Way{false, 1}, Way{true, 1}, Way{false, 2}, Way{true, 2}}) {
        if ((!settings.values.empty() && settings.values != (way.copy ? "copied" : "encoded")) ||
            (settings.pieces != 0 && settings.pieces != static_cast<uint64_t>(way.pieces))) {
          continue;
        }
        Database database(settings, way);
        for (size_t i = 0; i < load.runs.size(); ++i) {
          database.AddRun(load.runs[i]);
          if (i == 0) {
            database.Compact();
          }
        }
        database.Measure(load.name);
      }
    }
  }
}

bool ParseNumber(std::string_view text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number > 0;
}

bool ParseCodec(std::string_view text, Codec* codec) {
  *codec = text == "none" ? Codec::kNone : Codec::kLz4;
  return text == "none" || text == "lz4";
}

// Returns false if it is none of the flags.
bool ParseFlag(std::string_view argument, Settings* settings) {
  const size_t equals = std::min(argument.find('='), argument.size() - 1);
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value = argument.substr(equals + 1);
  if (name == "--load") {
    settings->load = value;
    return true;
  }
  if (name == "--values") {
    settings->values = value;
    return value == "copied" || value == "encoded";
  }
  return name == "--pieces" && ParseNumber(value, &settings->pieces);
}

// Takes the flags out of the arguments.
bool ParseFlags(std::vector<std::string_view>* arguments, Settings* settings) {
  bool understood = true;
  std::erase_if(*arguments, [&](std::string_view argument) {
    const bool is_flag = argument.substr(0, 2) == "--";
    understood = understood && (!is_flag || ParseFlag(argument, settings));
    return is_flag;
  });
  return understood;
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  std::vector<std::string_view> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::fputs(veralith::kUsage, stdout);
    return 0;
  }
  veralith::Settings settings;
  const bool understood =
      veralith::ParseFlags(&arguments, &settings) && !arguments.empty() && arguments.size() <= 5 &&
      (arguments.size() < 2 || veralith::ParseNumber(arguments[1], &settings.keys)) &&
      (arguments.size() < 3 || veralith::ParseNumber(arguments[2], &settings.value_bytes)) &&
      (arguments.size() < 4 || veralith::ParseCodec(arguments[3], &settings.codec)) &&
      (arguments.size() < 5 || veralith::ParseNumber(arguments[4], &settings.rounds));
  if (!understood) {
    std::fputs(veralith::kUsage, stderr);
    return 2;
  }
  settings.directory = arguments[0];
  if (std::filesystem::exists(settings.directory)) {
    std::fprintf(stderr, "compaction_bench: %s exists\n", settings.directory.c_str());
    return 2;
  }
  veralith::Run(settings);
  return 0;
}
