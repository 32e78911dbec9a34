// SPDX-License-Identifier: Apache-2.0

// What a benchmark needs from a store: the same calls for Veralith and for its peers. Each engine
// is a program of its own, so that no allocator, cache of decoded blocks or thread pool is shared.
// bench/run alternates the programs and compares them.
#ifndef VERALITH_BENCH_ENGINE_H_
#define VERALITH_BENCH_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace veralith::bench {

struct EngineOptions {
  std::string directory;
  size_t cache_bytes = 8 << 20;
  size_t write_buffer_bytes = 64 << 20;
  bool compress = true;  // the engine's fast codec
};

// Any failure prints what failed and ends the program with exit code 3: a benchmark of errors is
// useless.
class Engine {
 public:
  virtual ~Engine() = default;
  // Version and settings that differ from its defaults.
  virtual std::string Description() const = 0;
  virtual void Put(std::string_view key, std::string_view value, bool sync) = 0;
  virtual void PutBatch(const std::vector<std::pair<std::string, std::string>>& entries) = 0;
  virtual void Delete(std::string_view key) = 0;
  // Returns true if found; the value is touched, and not copied if the engine allows that.
  virtual bool Get(std::string_view key, uint64_t* value_bytes) = 0;
  // Returns the entries seen from `start` on (from the end backward if `reverse`), at most `limit`.
  virtual uint64_t Scan(std::string_view start, uint64_t limit, bool reverse, uint64_t* bytes) = 0;
  // Waits until no background work is due.
  virtual void Settle() = 0;
  virtual void CompactAll() = 0;
};

// Defined by each engine's file. Opens or creates.
std::unique_ptr<Engine> OpenEngine(const EngineOptions& options);

[[noreturn]] void Die(const std::string& what);

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_ENGINE_H_
