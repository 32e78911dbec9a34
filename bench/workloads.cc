// SPDX-License-Identifier: Apache-2.0

// Runs workloads on one engine and prints a line for each: name, operations, seconds, and other
// figures worth comparing. Every engine sees the same keys and values in the same order.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "bench/engine.h"

namespace veralith::bench {
namespace {

// SplitMix64, as in core/base/random.h; repeated here so that peers link nothing of ours.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }

 private:
  uint64_t state_;
};

struct Settings {
  uint64_t entries = 1'000'000;
  size_t value_bytes = 100;
  std::string key_form = "dec16";  // or comp60
  std::string workloads = "fillrandom,readrandom,readseq";
  EngineOptions engine;
};

std::string Key(const Settings& settings, uint64_t i) {
  char text[80];
  if (settings.key_form == "comp60") {
    std::snprintf(text, sizeof(text), "tenant/%04llu/table/users/pk/%016llx/%016llx",
                  static_cast<unsigned long long>(i % 10), static_cast<unsigned long long>(i),
                  static_cast<unsigned long long>(Random(i).Next()));
  } else {
    std::snprintf(text, sizeof(text), "%016llu", static_cast<unsigned long long>(i));
  }
  return text;
}

// A key that is never written, between those that are.
std::string MissingKey(const Settings& settings, uint64_t i) { return Key(settings, i) + "."; }

// Half random, half zeros, so that a codec halves it: values are cut from one long buffer.
class Values {
 public:
  explicit Values(size_t value_bytes) : value_bytes_(value_bytes) {
    Random random(301);
    while (pool_.size() < (1 << 20) + value_bytes) {
      for (size_t i = 0; i < value_bytes / 2; ++i) {
        pool_.push_back(static_cast<char>(random.Next()));
      }
      pool_.append(value_bytes - value_bytes / 2, '0');
    }
  }
  std::string_view Get(uint64_t i) const {
    const size_t offset = (i * value_bytes_) % (1 << 20);
    return std::string_view(pool_).substr(offset, value_bytes_);
  }

 private:
  const size_t value_bytes_;
  std::string pool_;
};

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

uint64_t DirectoryBytes(const std::string& directory) {
  uint64_t total = 0;
  std::error_code error;
  for (const auto& item : std::filesystem::recursive_directory_iterator(directory, error)) {
    total += item.is_regular_file(error) ? item.file_size(error) : 0;
  }
  return total;
}

// Returns "write_bytes" of this process: what reached the disk's queue. 0 if the kernel does not
// say.
uint64_t BytesWritten() {
  std::FILE* file = std::fopen("/proc/self/io", "r");
  if (file == nullptr) {
    return 0;
  }
  char line[128];
  unsigned long long bytes = 0;
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    std::sscanf(line, "wchar: %llu", &bytes);
  }
  std::fclose(file);
  return bytes;
}

uint64_t PeakMemoryKib() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss);
}

class Runner {
 public:
  explicit Runner(const Settings& settings) : settings_(settings), values_(settings.value_bytes) {
    const double start = Now();
    engine_ = OpenEngine(settings_.engine);
    std::printf("engine\t%s\n", engine_->Description().c_str());
    std::printf("open\t1\t%.6f\t0\n", Now() - start);
  }

  void Run(const std::string& name) {
    const std::map<std::string, void (Runner::*)()> workloads = {
        {"fillseq", &Runner::FillSeq},
        {"fillrandom", &Runner::FillRandom},
        {"overwrite", &Runner::Overwrite},
        {"fillbatch", &Runner::FillBatch},
        {"overwriterandom", &Runner::OverwriteRandom},
        {"fillbatchrandom", &Runner::FillBatchRandom},
        {"deleterandom", &Runner::DeleteRandom},
        {"fillsync", &Runner::FillSync},
        {"readrandom", &Runner::ReadRandom},
        {"readmissing", &Runner::ReadMissing},
        {"readhot", &Runner::ReadHot},
        {"seekrandom", &Runner::SeekRandom},
        {"readseq", &Runner::ReadSeq},
        {"readreverse", &Runner::ReadReverse},
        {"readwhilewriting", &Runner::ReadWhileWriting},
        {"settle", &Runner::Settle},
        {"compact", &Runner::Compact}};
    const auto it = workloads.find(name);
    if (it == workloads.end()) {
      std::fprintf(stderr, "unknown workload %s; there are:", name.c_str());
      for (const auto& [known, run] : workloads) {
        std::fprintf(stderr, " %s", known.c_str());
      }
      std::fprintf(stderr, "\n");
      std::exit(2);
    }
    const double cpu = CpuSeconds();
    operations_ = 0;
    note_.clear();
    const double start = Now();
    (this->*it->second)();
    const double elapsed = Now() - start;
    std::printf("%s\t%llu\t%.6f\t%.6f\t%s\n", name.c_str(),
                static_cast<unsigned long long>(operations_), elapsed, CpuSeconds() - cpu,
                note_.c_str());
    std::fflush(stdout);
  }

  void PrintTotals() {
    std::printf("totals\tdisk_bytes=%llu\twritten_bytes=%llu\tpeak_kib=%llu\n",
                static_cast<unsigned long long>(DirectoryBytes(settings_.engine.directory)),
                static_cast<unsigned long long>(BytesWritten()),
                static_cast<unsigned long long>(PeakMemoryKib()));
  }

 private:
  // A permutation of [0, entries): every key once, in an order that looks random.
  uint64_t Shuffled(uint64_t i) const {
    const uint64_t n = settings_.entries;
    uint64_t bits = 1;
    while ((uint64_t{1} << bits) < n) {
      ++bits;
    }
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    uint64_t x = i;
    do {  // an odd multiplier and xor-shifts permute the power of two; walk the cycle into [0, n)
      x = (x * 0x9e3779b97f4a7c15u + 0x1234567) & mask;
      x ^= x >> (bits / 2 + 1);
      x = (x * 0xbf58476d1ce4e5b9u) & mask;
      x ^= x >> (bits / 2 + 1);
    } while (x >= n);
    return x;
  }

  void Fill(bool random, uint64_t salt) {
    for (uint64_t i = 0; i < settings_.entries; ++i) {
      const uint64_t k = random ? Shuffled(i) : i;
      engine_->Put(Key(settings_, k), values_.Get(k + salt), false);
    }
    operations_ = settings_.entries;
  }
  void FillSeq() { Fill(false, 0); }
  void FillRandom() { Fill(true, 0); }
  void Overwrite() { Fill(true, 7); }
  // Makes as many puts as entries, with keys drawn anew each time.
  void OverwriteRandom() {
    Random random(100 + ++overwrites_);
    for (uint64_t i = 0; i < settings_.entries; ++i) {
      const uint64_t k = random.Below(settings_.entries);
      engine_->Put(Key(settings_, k), values_.Get(k + overwrites_), false);
    }
    operations_ = settings_.entries;
  }
  void Batches(bool random) {
    std::vector<std::pair<std::string, std::string>> batch;
    for (uint64_t i = 0; i < settings_.entries; ++i) {
      const uint64_t k = random ? Shuffled(i) : i;
      batch.emplace_back(Key(settings_, k), std::string(values_.Get(k)));
      if (batch.size() == 100 || i + 1 == settings_.entries) {
        engine_->PutBatch(batch);
        batch.clear();
      }
    }
    operations_ = settings_.entries;
  }
  void FillBatch() { Batches(false); }
  void FillBatchRandom() { Batches(true); }
  void DeleteRandom() {
    for (uint64_t i = 0; i < settings_.entries; ++i) {
      engine_->Delete(Key(settings_, Shuffled(i)));
    }
    operations_ = settings_.entries;
  }
  void FillSync() {
    operations_ = std::min<uint64_t>(settings_.entries, 20'000);
    for (uint64_t i = 0; i < operations_; ++i) {
      engine_->Put(Key(settings_, Shuffled(i)), values_.Get(i), true);
    }
  }

  void Reads(uint64_t range, bool missing) {
    Random random(42);
    uint64_t bytes = 0;
    uint64_t hits = 0;
    for (uint64_t i = 0; i < settings_.entries; ++i) {
      const uint64_t k = random.Below(range);
      hits += engine_->Get(missing ? MissingKey(settings_, k) : Key(settings_, k), &bytes) ? 1 : 0;
    }
    operations_ = settings_.entries;
    note_ = "hits=" + std::to_string(hits) + " bytes=" + std::to_string(bytes);
    if (missing ? hits != 0 : bytes != hits * settings_.value_bytes) {
      Die("wrong answers: " + note_);
    }
  }
  void ReadRandom() { Reads(settings_.entries, false); }
  void ReadMissing() { Reads(settings_.entries, true); }
  void ReadHot() { Reads(std::max<uint64_t>(1, settings_.entries / 100), false); }
  void SeekRandom() {
    Random random(43);
    uint64_t bytes = 0;
    operations_ = settings_.entries / 4;
    for (uint64_t i = 0; i < operations_; ++i) {
      engine_->Scan(Key(settings_, random.Below(settings_.entries)), 11, false, &bytes);
    }
    note_ = "bytes=" + std::to_string(bytes);
  }
  void FullScan(bool reverse) {
    uint64_t bytes = 0;
    operations_ = engine_->Scan("", UINT64_MAX, reverse, &bytes);
    note_ = "bytes=" + std::to_string(bytes);
  }
  void ReadSeq() { FullScan(false); }
  void ReadReverse() { FullScan(true); }

  // One reader while one writer writes, for as long as the reader needs.
  void ReadWhileWriting() {
    std::atomic<bool> stop{false};
    uint64_t written = 0;
    std::thread writer([&] {
      Random random(44);
      for (; !stop.load(std::memory_order_relaxed); ++written) {
        const uint64_t k = random.Below(settings_.entries);
        engine_->Put(Key(settings_, k), values_.Get(k + written), false);
      }
    });
    const double start = Now();
    Reads(settings_.entries, false);
    const double elapsed = Now() - start;
    stop = true;
    writer.join();
    note_ = "writes_per_s=" +
            std::to_string(static_cast<uint64_t>(static_cast<double>(written) / elapsed));
  }
  void Settle() {
    engine_->Settle();
    NoteBytes();
  }
  void Compact() {
    engine_->CompactAll();
    NoteBytes();
  }
  void NoteBytes() {
    note_ = "disk_bytes=" + std::to_string(DirectoryBytes(settings_.engine.directory)) +
            " written_bytes=" + std::to_string(BytesWritten());
  }

  const Settings settings_;
  const Values values_;
  std::unique_ptr<Engine> engine_;
  uint64_t operations_ = 0;
  uint64_t overwrites_ = 0;
  std::string note_;
};

constexpr const char* kUsage =
    "usage: <engine>_bench --db=DIR [--workloads=A,B] [--num=N] [--value_bytes=N]\n"
    "         [--keys=dec16|comp60] [--cache_mib=N] [--codec=fast|none] [--existing]\n"
    "Prints tab-separated lines: workload, operations, seconds, CPU seconds, notes.\n"
    "DIR is removed first unless --existing. Exit codes: 0; 2 usage; 3 the engine failed.\n";

bool Option(const char* argument, const char* name, std::string* value) {
  const size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0 || argument[length] != '=') {
    return false;
  }
  *value = argument + length + 1;
  return true;
}

int Main(int argc, char** argv) {
  Settings settings;
  bool existing = false;
  for (int i = 1; i < argc; ++i) {
    std::string value;
    if (Option(argv[i], "--db", &value)) {
      settings.engine.directory = value;
    } else if (Option(argv[i], "--workloads", &value)) {
      settings.workloads = value;
    } else if (Option(argv[i], "--num", &value)) {
      settings.entries = std::stoull(value);
    } else if (Option(argv[i], "--value_bytes", &value)) {
      settings.value_bytes = std::stoull(value);
    } else if (Option(argv[i], "--keys", &value)) {
      settings.key_form = value;
    } else if (Option(argv[i], "--cache_mib", &value)) {
      settings.engine.cache_bytes = std::stoull(value) << 20;
    } else if (Option(argv[i], "--codec", &value)) {
      settings.engine.compress = value != "none";
    } else if (std::strcmp(argv[i], "--existing") == 0) {
      existing = true;
    } else {
      const bool help = std::strcmp(argv[i], "--help") == 0;
      std::fputs(kUsage, help ? stdout : stderr);
      return help ? 0 : 2;
    }
  }
  if (settings.engine.directory.empty()) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (!existing) {
    std::filesystem::remove_all(settings.engine.directory);
  }
  Runner runner(settings);
  for (size_t begin = 0; begin < settings.workloads.size();) {
    const size_t end = std::min(settings.workloads.find(',', begin), settings.workloads.size());
    runner.Run(settings.workloads.substr(begin, end - begin));
    begin = end + 1;
  }
  runner.PrintTotals();
  return 0;
}

}  // namespace

void Die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(3);
}

}  // namespace veralith::bench

int main(int argc, char** argv) { return veralith::bench::Main(argc, argv); }
