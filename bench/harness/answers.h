// SPDX-License-Identifier: Apache-2.0

// Answers folds everything that a benchmark reads into one number. It depends on contents and
// order, so engines that answer alike have equal numbers, and the values were really touched.
//
// A timed row takes the size and the first and last eight bytes of each key and value: two cache
// lines and a few instructions, the same for every engine. A whole check takes every byte.
//
// One thread uses an object. It owns nothing that it is shown.
#ifndef VERALITH_BENCH_HARNESS_ANSWERS_H_
#define VERALITH_BENCH_HARNESS_ANSWERS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "bench/harness/latencies.h"

namespace veralith::bench {

class Answers {
 public:
  // A scan's latency is that of so many rows: a clock read per row would cost as much as the row.
  static constexpr uint64_t kRowsPerLap = 128;

  Answers() = default;
  // Looks at every byte if `whole`. Records a lap after every kRowsPerLap rows unless null.
  Answers(bool whole, Stopwatch* laps) : whole_(whole), laps_(laps) {}

  // Takes the value that a lookup found.
  void Value(std::string_view value) {
    ++rows_;
    value_bytes_ += value.size();
    Mix(Fold(value));
  }
  // Takes a row of a scan.
  void Row(std::string_view key, std::string_view value) {
    Mix(Fold(key));
    Value(value);
    if (laps_ != nullptr && rows_ % kRowsPerLap == 0) {
      laps_->Lap();
    }
  }

  uint64_t rows() const { return rows_; }
  uint64_t value_bytes() const { return value_bytes_; }
  uint64_t checksum() const { return checksum_; }

 private:
  static uint64_t Word(const char* at) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
  }
  static uint64_t Short(std::string_view bytes) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), std::min<size_t>(bytes.size(), sizeof(word)));
    return word;
  }
  uint64_t Fold(std::string_view bytes) const {
    uint64_t sum = bytes.size();
    if (bytes.size() < 8) {
      return sum + (bytes.empty() ? 0 : Short(bytes) * 31);
    }
    if (whole_) {
      for (size_t i = 0; i + 8 < bytes.size(); i += 8) {
        sum = (sum ^ Word(bytes.data() + i)) * 0x9e3779b97f4a7c15u;
      }
    }
    return sum + Word(bytes.data()) * 31 + Word(bytes.data() + bytes.size() - 8);
  }
  void Mix(uint64_t word) {
    checksum_ = (checksum_ ^ (checksum_ >> 29) ^ word) * 0xbf58476d1ce4e5b9u;
  }

  bool whole_ = false;
  Stopwatch* laps_ = nullptr;
  uint64_t rows_ = 0;
  uint64_t value_bytes_ = 0;
  uint64_t checksum_ = 0;
};

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_HARNESS_ANSWERS_H_
