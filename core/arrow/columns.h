// SPDX-License-Identifier: Apache-2.0

// Rows of a scan as columns, laid out as Arrow wants them, so that they can be given away without a
// copy.
//
//   ns int64, key binary, ts int64, value binary
//
// The names and types are those of a segment's columns (FORMAT.md). No value is null: a scan shows
// live keys.
//
// Invariants
//   1. Columns that are not wanted are empty, the others have rows() entries.
//      If memory runs out within Append, CutTo(rows()) makes that hold again.
//   2. The bytes of one binary column stay below 2^31, which Arrow's offsets can tell. Who appends
//      keeps bytes() below kMostBytes before each row.
//
// Thread rule: one thread at a time. Running out of memory is std::bad_alloc.
#ifndef VERALITH_CORE_ARROW_COLUMNS_H_
#define VERALITH_CORE_ARROW_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "veralith/types.h"

namespace veralith::arrow {

// What is read besides namespace and key. Timestamps and values may have to be read from files.
struct Wanted {
  bool timestamps = true;
  bool values = true;
};

struct BinaryColumn {
  std::vector<int32_t> offsets = {0};  // where each entry begins, and where the last one ends
  std::vector<char> bytes;

  void Append(std::string_view entry);
  void CutTo(size_t entries);
  std::string_view at(size_t row) const {
    return {bytes.data() + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }
};

class Columns {
 public:
  // Largest size at which a row still fits.
  static constexpr size_t kMostBytes = size_t{1} << 30;

  explicit Columns(Wanted wanted) : wanted_(wanted) {}

  // Appends a row; what is not wanted is left out. It counts once all of it is there.
  void Append(NamespaceId ns, std::string_view key, Timestamp ts, std::string_view value);
  // Removes the rows from `rows` on, and keeps the memory.
  void CutTo(size_t rows);

  Wanted wanted() const { return wanted_; }
  size_t rows() const { return namespaces_.size(); }
  // Returns the bytes of keys and values.
  size_t bytes() const { return keys_.bytes.size() + values_.bytes.size(); }

  std::string_view key(size_t row) const { return keys_.at(row); }
  std::string_view value(size_t row) const { return values_.at(row); }
  Timestamp timestamp(size_t row) const { return static_cast<Timestamp>(timestamps_[row]); }

 private:
  friend class ColumnsExport;

  Wanted wanted_;
  std::vector<int64_t> namespaces_;
  BinaryColumn keys_;
  std::vector<int64_t> timestamps_;
  BinaryColumn values_;
};

}  // namespace veralith::arrow

#endif  // VERALITH_CORE_ARROW_COLUMNS_H_
