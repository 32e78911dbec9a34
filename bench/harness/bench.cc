// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/bench.h"

#include <cinttypes>
#include <cstdio>
#include <fstream>

#include "bench/harness/workloads.h"

namespace veralith::bench {
namespace {

const char* NameOf(Workload::Kind kind) {
  switch (kind) {
    case Workload::Kind::kWrite:
      return "write";
    case Workload::Kind::kRead:
    case Workload::Kind::kMixed:
      return "read";
    case Workload::Kind::kWait:
    case Workload::Kind::kCompact:
      return "wait";
  }
  return "";
}

void PrintLatencies(const Latencies& latencies, double seconds_per_tick) {
  const auto microseconds = [&](uint64_t ticks) {
    return static_cast<double>(ticks) * seconds_per_tick * 1e6;
  };
  std::printf(", \"p50_us\": %.3f, \"p99_us\": %.3f, \"p999_us\": %.3f, \"max_us\": %.3f",
              microseconds(latencies.Quantile(0.5)), microseconds(latencies.Quantile(0.99)),
              microseconds(latencies.Quantile(0.999)), microseconds(latencies.most()));
}

void PrintAnswers(const Answers& answers) {
  std::printf(", \"rows\": %" PRIu64 ", \"value_bytes\": %" PRIu64 ", \"checksum\": \"%016" PRIx64
              "\"",
              answers.rows(), answers.value_bytes(), answers.checksum());
}

}  // namespace

Bench::Bench(const Settings& settings, bool exists)
    : settings_(settings), values_(settings.value_size) {
  if (exists) {
    LoadContents();
  }
  before_ = Before();
  engine_ = OpenEngine(settings_.engine);
  std::printf("{\"description\": \"%s\"}\n", engine_->Description().c_str());
  Print("open", "wait", exists ? "existing" : "new");
}

void Bench::Run(const Workload& workload) {
  using Kind = Workload::Kind;
  row_ = Row();
  memory_.TakePeak();
  const char* state = "";
  if (workload.kind == Kind::kRead || workload.kind == Kind::kMixed) {
    state = is_compacted_ ? "after" : "before";
  } else if (workload.kind == Kind::kWait) {
    state = last_write_.c_str();
  }
  before_ = Before();
  workload.run(*this);
  row_.has_answers = row_.has_answers && !contents_.raced;
  Print(std::string(workload.name), NameOf(workload.kind), state);
  if (workload.kind == Kind::kCompact) {
    is_compacted_ = true;
  } else if (workload.kind == Kind::kMixed || workload.kind == Kind::kWrite) {
    is_compacted_ = false;
    last_write_ = workload.name;
  }
}

void Bench::LoadContents() {
  std::ifstream file(ContentsPath());
  if (!(file >> contents_.keys >> contents_.version >> contents_.mixed >> contents_.raced >>
        contents_.drawn)) {
    Die("no earlier process left a database here: " + settings_.engine.directory);
  }
}

void Bench::Close() {
  engine_.reset();
  std::ofstream file(ContentsPath());
  file << contents_.keys << ' ' << contents_.version << ' ' << contents_.mixed << ' '
       << contents_.raced << ' ' << contents_.drawn << '\n';
}

void Bench::Print(const std::string& name, const std::string& kind, const std::string& state) {
  const double seconds = Now() - before_.now;
  const double seconds_per_tick = seconds / static_cast<double>(Ticks() - before_.ticks);
  const IoBytes io = IoSoFar();
  std::printf(
      "{\"benchmark\": \"%s\", \"kind\": \"%s\", \"state\": \"%s\", \"operations\": %" PRIu64
      ", \"seconds\": %.6f, \"cpu_seconds\": %.6f",
      name.c_str(), kind.c_str(), state.c_str(), row_.operations, seconds,
      CpuSeconds() - before_.cpu);
  if (row_.latencies.count() > 0) {
    PrintLatencies(row_.latencies, seconds_per_tick);
  }
  if (row_.has_answers) {
    PrintAnswers(row_.answers);
  }
  std::printf(", \"rss_anon_bytes\": %" PRIu64 ", \"read_calls_bytes\": %" PRIu64
              ", \"write_calls_bytes\": %" PRIu64 ", \"read_device_bytes\": %" PRIu64
              ", \"write_device_bytes\": %" PRIu64 ", \"kept_bytes\": %" PRIu64 "}\n",
              memory_.TakePeak(), io.read_calls - before_.io.read_calls,
              io.write_calls - before_.io.write_calls, io.read_device - before_.io.read_device,
              io.write_device - before_.io.write_device, KeptBytes(settings_.engine.directory));
  if (row_.beside != nullptr) {
    std::printf("{\"benchmark\": \"%s\", \"kind\": \"write\", \"state\": \"%s\", \"operations\": "
                "%" PRIu64 ", \"seconds\": %.6f",
                row_.beside_name.c_str(), state.c_str(), row_.beside->count(), seconds);
    PrintLatencies(*row_.beside, seconds_per_tick);
    std::printf("}\n");
  }
  std::fflush(stdout);
}

}  // namespace veralith::bench
