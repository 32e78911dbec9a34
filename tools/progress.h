// SPDX-License-Identifier: Apache-2.0

// A progress line on standard error: a bar on a terminal, otherwise (in a log) a line every ten
// seconds. Costs one clock reading per call.
#ifndef VERALITH_TOOLS_PROGRESS_H_
#define VERALITH_TOOLS_PROGRESS_H_

#include <cstdint>
#include <string>

namespace veralith::tools {

class Progress {
 public:
  // `total`: units of work, or 0 if unknown. `unit`: "entries", "bytes".
  Progress(std::string what, std::string unit, uint64_t total);
  ~Progress();  // Finish
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Update(uint64_t done);
  // Call it when more is known about the work.
  void SetTotal(uint64_t total) { total_ = total; }
  // Ends the line with the total and the rate.
  void Finish();

  double seconds() const;

 private:
  void Draw(bool last);

  const std::string what_;
  const std::string unit_;
  uint64_t total_;
  const bool terminal_;
  const int64_t start_nanos_;
  int64_t next_nanos_;
  uint64_t done_ = 0;
  bool finished_ = false;
};

// ", 12,345/s, 1.5 s"; no rate if the time is too short to tell.
std::string RateAndTime(uint64_t done, double seconds);
// "1.5 MiB", "640 B".
std::string HumanBytes(uint64_t bytes);
// "12,345".
std::string Grouped(uint64_t number);

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_PROGRESS_H_
