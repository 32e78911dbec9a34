// SPDX-License-Identifier: Apache-2.0

// Row numbers of one file, as a roaring bitmap: those that a deletion vector or a file of position
// deletes hides. Rows are added in ascending order. The bytes are the portable 64-bit form
// (RoaringFormatSpec), which Puffin's deletion vectors hold.
//
// Invariants
//   1. Equal sets have equal bytes: of the three kinds of container the smallest is taken (a run
//      container only if it is less than the others).
//   2. Memory: the encoded containers (at most 8 KiB per 65,536 rows), and the runs of one.
//
// It is written here because it only has to be written: rows come in order, once, and are never
// looked up. CRoaring would build a set in memory first. Tests read the bytes with a decoder of
// their own, tools/interop with pyiceberg's CRoaring.
//
// Thread rule: one thread; const calls from any.
#ifndef VERALITH_CORE_ICEBERG_POSITION_SET_H_
#define VERALITH_CORE_ICEBERG_POSITION_SET_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace veralith::iceberg {

class PositionSet {
 public:
  // `row` is above every row added before, and below 2^48.
  void Add(uint64_t row) { AddRange(row, row + 1); }
  // Adds [begin, end).
  void AddRange(uint64_t begin, uint64_t end);
  // Nothing is added after this.
  void Finish() { EndContainer(); }

  uint64_t size() const { return size_; }
  // After Finish.
  std::string Encode() const;
  // Calls with every run of rows [begin, end), ascending; runs may touch. After Finish.
  void ForEachRun(const std::function<void(uint64_t begin, uint64_t end)>& call) const;

 private:
  struct Container {
    uint32_t number = 0;       // row / 65,536
    uint32_t cardinality = 0;  // 1 to 65,536
    bool is_runs = false;
    std::string bytes;
  };
  using Run = std::pair<uint32_t, uint32_t>;  // first and last row in the container

  void EndContainer();
  void AppendBitmap(size_t first, size_t last, std::string* out) const;

  std::vector<Container> containers_;  // ascending
  uint64_t size_ = 0;
  // Of the container that rows are being added to.
  uint32_t current_ = 0;
  std::vector<Run> runs_;
};

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_POSITION_SET_H_
