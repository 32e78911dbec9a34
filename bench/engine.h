// SPDX-License-Identifier: Apache-2.0

// What a benchmark needs from a store: the same calls for Veralith and for its peers. Each engine
// is a file of its own and a program of its own, so that no allocator, cache of decoded blocks or
// thread pool is shared, and memory is the engine's alone. bench/run alternates the programs.
//
// Calls are made by one thread, except that Put may be made by another one beside Get.
#ifndef VERALITH_BENCH_ENGINE_H_
#define VERALITH_BENCH_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/harness/answers.h"

namespace veralith::bench {

struct EngineOptions {
  std::string directory;
  size_t cache_bytes = 8 << 20;
  size_t write_buffer_bytes = 64 << 20;
  bool compress = true;  // with the engine's fast codec, if it has one
};

// Any failure prints what failed and ends the program with exit code 3: a benchmark of errors is
// useless.
class Engine {
 public:
  virtual ~Engine() = default;
  // Name, version, and settings that differ from its defaults.
  virtual std::string Description() const = 0;
  virtual void Put(std::string_view key, std::string_view value, bool sync) = 0;
  virtual void PutBatch(const std::vector<std::pair<std::string, std::string>>& entries) = 0;
  virtual void Delete(std::string_view key) = 0;
  // Returns true if found, and shows the value to `answers`: without a copy, if the engine can.
  virtual bool Get(std::string_view key, Answers* answers) = 0;
  // Shows at most `limit` rows from `start` on (from the end backward if `reverse`) to `answers`.
  virtual void Scan(std::string_view start, uint64_t limit, bool reverse, Answers* answers) = 0;
  // Waits until no background work is due.
  virtual void Settle() = 0;
  virtual void CompactAll() = 0;
};

// Defined by each engine's file. Opens or creates.
std::unique_ptr<Engine> OpenEngine(const EngineOptions& options);

// Prints what failed and ends the program with exit code 3.
[[noreturn]] void Die(const std::string& what);

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_ENGINE_H_
