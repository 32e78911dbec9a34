// SPDX-License-Identifier: Apache-2.0

// Reads the rows of an iterator into columns, some at a time, in either direction.
//
// Cost: one copy of each key and value. An iterator sees one moment, so reading ahead shows the
// same rows.
// Thread rule: one thread at a time.
#ifndef VERALITH_CORE_ARROW_ROW_READER_H_
#define VERALITH_CORE_ARROW_ROW_READER_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "core/arrow/columns.h"
#include "veralith/db_iterator.h"

namespace veralith::arrow {

enum class Direction : uint8_t { kForward, kReverse };

class RowReader {
 public:
  // `rows` is an iterator over `ns`, not positioned yet.
  RowReader(std::unique_ptr<DbIterator> rows, NamespaceId ns, Direction direction)
      : rows_(std::move(rows)), ns_(ns), direction_(direction) {}

  // Appends the next rows, until `columns` holds `most_rows`, or `most_bytes` or more of keys and
  // values (at most Columns::kMostBytes). Nothing appended and OK: there are no more rows. An error
  // comes after the rows before it, and ends the scan: no further call.
  absl::Status Read(size_t most_rows, size_t most_bytes, Columns* columns);

 private:
  void Move();
  void AppendRow(Columns* columns);

  std::unique_ptr<DbIterator> rows_;
  NamespaceId ns_;
  Direction direction_;
  bool positioned_ = false;
};

}  // namespace veralith::arrow

#endif  // VERALITH_CORE_ARROW_ROW_READER_H_
