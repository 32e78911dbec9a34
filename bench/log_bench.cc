// SPDX-License-Identifier: Apache-2.0

// The cost of staging a batch of one put (16-byte key, 100-byte value), including the checksum, and
// what a commit per record and per group of 32 adds (one write call each, no sync).
//
//   ./dev bench micro log
#include <cstdio>
#include <memory>
#include <string>

#include "bench/micro.h"
#include "core/base/check.h"
#include "core/log/log_writer.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

constexpr int kRecords = 1000;  // of an iteration

// Makes a log of its own, and removes it.
class Log {
 public:
  Log() : path_(bench::ScratchPath("log_bench.log")) {
    std::remove(path_.c_str());
    auto file = PosixFileSystem()->Open(path_, OpenMode::kCreate);
    VERALITH_CHECK(file.ok());
    writer_ = std::make_unique<LogWriter>(*std::move(file), 1, 0x5eed);
  }
  ~Log() { std::remove(path_.c_str()); }

  void Stage(int i) {
    key_[static_cast<size_t>(i % 16)] = static_cast<char>(i);
    const LogOperation put{LogOperation::Kind::kPut, false, 0, key_, value_};
    writer_->Stage(++ts_, writer_->synced(), {&put, 1});
  }
  void Commit() { VERALITH_CHECK(writer_->Commit().ok()); }

 private:
  const std::string path_;
  std::unique_ptr<LogWriter> writer_;
  std::string key_ = std::string(16, 'k');
  const std::string value_ = std::string(100, 'v');
  Timestamp ts_ = 0;
};

// Stages records, and commits after every state.range(0) of them; 0: only staged, and committed
// outside the time.
void Records(benchmark::State& state) {
  Log log;
  const int group = static_cast<int>(state.range(0));
  for (auto _ : state) {
    for (int i = 1; i <= kRecords; ++i) {
      log.Stage(i);
      if (group > 0 && i % group == 0) {
        log.Commit();
      }
    }
    state.PauseTiming();
    log.Commit();
    state.ResumeTiming();
  }
  bench::CountItems(state, kRecords);
}
BENCHMARK(Records)->ArgName("records_a_commit")->Arg(0)->Arg(32)->Arg(1);

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) { return veralith::bench::RunBenchmarks(argc, argv); }
