// SPDX-License-Identifier: Apache-2.0

// What the kernel says about this process and its files: time, processor time, bytes of input and
// output, memory. Figures that a kernel does not give are 0.
#ifndef VERALITH_BENCH_HARNESS_PROCESS_H_
#define VERALITH_BENCH_HARNESS_PROCESS_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace veralith::bench {

// Seconds of a clock that never goes back.
double Now();
// Sleeps.
void Pause(int seconds);
// Processor seconds of all threads so far.
double CpuSeconds();

// Bytes of /proc/self/io so far. Calls count what was asked of the kernel by read and write; device
// counts what was fetched from the disk, and pages that were made dirty: so it alone sees files
// that are written through a mapping.
struct IoBytes {
  uint64_t read_calls = 0;
  uint64_t write_calls = 0;
  uint64_t read_device = 0;
  uint64_t write_device = 0;
};
IoBytes IoSoFar();

// Bytes of the files under a directory, as far as they have blocks: a sparse file counts by what it
// holds.
uint64_t KeptBytes(const std::string& directory);

// Samples RssAnon (/proc/self/status) every few milliseconds, by a thread of its own. It does not
// count pages of mapped files, which the system can drop at any time.
class MemorySampler {
 public:
  MemorySampler();
  ~MemorySampler();
  // Returns the most bytes seen since the last call, at least those of now.
  uint64_t TakePeak();

 private:
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> peak_{0};
  std::thread thread_;
};

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_HARNESS_PROCESS_H_
