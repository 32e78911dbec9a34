// SPDX-License-Identifier: Apache-2.0

// ./dev bench scaling: how much threads slow each other on one database, with background work
// paused.
//
// - One writer (unsynced puts over even keys) and one reader (lookups of random keys), alone and
//   together: each should keep at least 80% of its rate alone (two cores).
// - One and eight writers that sync every commit: eight should commit at least three times as fast.
//
// Every phase runs on a fresh database with the same keys: odd ones in segments only, even ones in
// the memtable, each overwritten already. So the writer's work changes nothing for a lookup except
// that a writer is there. Phases take turns over the rounds, and the medians are compared. If other
// load disturbs, the rates per second of the thread's own CPU time tell more: they are printed,
// too. Exit code 3 if a call failed, 1 if an aim was missed, 2 for wrong usage.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "veralith/db.h"

namespace veralith {
namespace {

constexpr uint64_t kKeys = 200'000;
constexpr int kSyncedWriters = 8;

void Require(const absl::Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "scaling: %s\n", ToString(status).c_str());
    std::exit(3);
  }
}

std::string Key(uint64_t i) {
  char text[24];
  std::snprintf(text, sizeof(text), "%016llu", static_cast<unsigned long long>(i));
  return text;
}

double ThreadCpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Rates {
  double writes = 0;  // per second
  double reads = 0;
  double writes_per_cpu_second = 0;  // of one writer
  double reads_per_cpu_second = 0;
  double syncs_per_commit = 0;
};

class Phase {
 public:
  Phase(const std::string& directory, double seconds) : seconds_(seconds) {
    std::filesystem::remove_all(directory);
    Options options;
    options.write_buffer_bytes = size_t{1} << 30;  // no rotation within a phase
    options.cache_bytes = size_t{256} << 20;
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, options);
    Require(db.status());
    db_ = *std::move(db);
    for (uint64_t i = 0; i < kKeys; ++i) {
      Require(db_->Put({}, Key(i), value_));
    }
    Require(db_->Flush());
    for (uint64_t i = 0; i < kKeys; ++i) {  // two rounds over the even keys, shuffled
      Require(db_->Put({}, Key(i * 0x9e3779b1 % (kKeys / 2) * 2), value_));
    }
    Require(db_->PauseBackgroundWork());
  }
  ~Phase() { Require(db_->Close()); }

  Rates Run(int writers, bool sync, int readers) {
    const Statistics before = db_->GetStatistics();
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back([this, i, sync] { Write(static_cast<uint64_t>(i), sync); });
    }
    for (int i = 0; i < readers; ++i) {
      threads.emplace_back([this, i] { Read(static_cast<uint64_t>(i)); });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds_));
    stop_ = true;
    for (std::thread& thread : threads) {
      thread.join();
    }
    const Statistics after = db_->GetStatistics();
    Rates rates;
    rates.writes = static_cast<double>(writes_) / seconds_;
    rates.reads = static_cast<double>(reads_) / seconds_;
    rates.writes_per_cpu_second = writes_per_cpu_second_;
    rates.reads_per_cpu_second = reads_per_cpu_second_;
    rates.syncs_per_commit =
        static_cast<double>(after.log_syncs - before.log_syncs) /
        static_cast<double>(std::max<uint64_t>(1, after.commits - before.commits));
    return rates;
  }

 private:
  void Write(uint64_t seed, bool sync) {
    Random random(seed + 100);
    uint64_t done = 0;
    const double start = ThreadCpuSeconds();
    for (; !stop_.load(std::memory_order_relaxed); ++done) {
      Require(db_->Put({.sync = sync ? SyncMode::kCommit : SyncMode::kManual},
                       Key(random.Below(kKeys / 2) * 2), value_));
    }
    writes_ += done;
    writes_per_cpu_second_ = static_cast<double>(done) / (ThreadCpuSeconds() - start);
  }
  void Read(uint64_t seed) {
    Random random(seed);
    uint64_t done = 0;
    PinnedValue value;
    const double start = ThreadCpuSeconds();
    for (; !stop_.load(std::memory_order_relaxed); ++done) {
      const absl::StatusOr<bool> found = db_->Get({}, Key(random.Below(kKeys)), &value);
      Require(found.status());
      if (!*found) {
        Require(DataLoss("a key that was written is absent"));
      }
    }
    reads_ += done;
    reads_per_cpu_second_ = static_cast<double>(done) / (ThreadCpuSeconds() - start);
  }

  const double seconds_;
  const std::string value_ = std::string(100, 'v');
  std::unique_ptr<Db> db_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> writes_{0}, reads_{0};
  std::atomic<double> writes_per_cpu_second_{0}, reads_per_cpu_second_{0};  // of the last to end
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The median of one figure over all rounds.
template <typename Figure>
double MedianOf(const std::vector<Rates>& rounds, Figure figure) {
  std::vector<double> values;
  for (const Rates& rates : rounds) {
    values.push_back(rates.*figure);
  }
  return Median(values);
}

bool Compare(const char* what, double before, double after, double aim) {
  const double ratio = after / before;
  std::printf("%-28s %12.0f/s %12.0f/s  ratio %.2f", what, before, after, ratio);
  if (aim > 0) {
    std::printf("  aim %.2f  %s", aim, ratio >= aim ? "reached" : "MISSED");
  }
  std::printf("\n");
  return ratio >= aim;
}

int Measure(const std::string& directory, double seconds, int rounds) {
  std::vector<Rates> writer, reader, together, one_synced, eight_synced;
  for (int round = 0; round < rounds; ++round) {
    writer.push_back(Phase(directory, seconds).Run(1, false, 0));
    reader.push_back(Phase(directory, seconds).Run(0, false, 1));
    together.push_back(Phase(directory, seconds).Run(1, false, 1));
    one_synced.push_back(Phase(directory, seconds).Run(1, true, 0));
    eight_synced.push_back(Phase(directory, seconds).Run(kSyncedWriters, true, 0));
  }
  std::filesystem::remove_all(directory);
  bool reached = true;
  std::printf("%-28s %14s %14s\n", "", "alone", "together");
  reached &= Compare("one writer, beside a reader", MedianOf(writer, &Rates::writes),
                     MedianOf(together, &Rates::writes), 0.8);
  reached &= Compare("one reader, beside a writer", MedianOf(reader, &Rates::reads),
                     MedianOf(together, &Rates::reads), 0.8);
  Compare("  the writer, by CPU time", MedianOf(writer, &Rates::writes_per_cpu_second),
          MedianOf(together, &Rates::writes_per_cpu_second), 0);
  Compare("  the reader, by CPU time", MedianOf(reader, &Rates::reads_per_cpu_second),
          MedianOf(together, &Rates::reads_per_cpu_second), 0);
  std::printf("%-28s %14s %14s\n", "", "one", "eight");
  reached &= Compare("writers that sync", MedianOf(one_synced, &Rates::writes),
                     MedianOf(eight_synced, &Rates::writes), 3.0);
  std::printf("fsyncs per commit: one %.3f, eight %.3f\n",
              MedianOf(one_synced, &Rates::syncs_per_commit),
              MedianOf(eight_synced, &Rates::syncs_per_commit));
  return reached ? 0 : 1;
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  std::string directory = "data/bench/scaling";
  double seconds = 1;
  int rounds = 3;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--db=")) {
      directory = argument.substr(5);
    } else if (argument.starts_with("--seconds=") && std::atof(argument.c_str() + 10) > 0) {
      seconds = std::atof(argument.c_str() + 10);
    } else if (argument.starts_with("--rounds=") && std::atoi(argument.c_str() + 9) > 0) {
      rounds = std::atoi(argument.c_str() + 9);
    } else {
      const bool help = argument == "--help";
      std::fprintf(
          help ? stdout : stderr,
          "usage: ./dev bench scaling [--db=DIR] [--seconds=N] [--rounds=N]\n"
          "What threads of one database cost each other; N seconds a phase (1), N rounds (3).\n"
          "Exit codes: 0; 1 an aim was missed; 2 wrong usage; 3 a call failed.\n");
      return help ? 0 : 2;
    }
  }
  return veralith::Measure(directory, seconds, rounds);
}
