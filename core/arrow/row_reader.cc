// SPDX-License-Identifier: Apache-2.0

#include "core/arrow/row_reader.h"

#include <algorithm>
#include <string_view>

#include "core/base/no_memory.h"

namespace veralith::arrow {

void RowReader::Move() {
  const bool forward = direction_ == Direction::kForward;
  if (positioned_) {
    forward ? rows_->Next() : rows_->Prev();
  } else {
    forward ? rows_->SeekToFirst() : rows_->SeekToLast();
  }
  positioned_ = true;
}

void RowReader::AppendRow(Columns* columns) {
  const Wanted wanted = columns->wanted();
  const Timestamp ts = wanted.timestamps ? rows_->timestamp() : 0;
  if (rows_->Valid()) {  // not if the timestamp could not be read
    columns->Append(ns_, rows_->key(), ts, wanted.values ? rows_->value() : std::string_view());
  }
}

absl::Status RowReader::Read(size_t most_rows, size_t most_bytes, Columns* columns) {
  most_bytes = std::min(most_bytes, Columns::kMostBytes);
  const absl::Status status = CatchNoMemory("reading rows", [&]() -> absl::Status {
    while (columns->rows() < most_rows && columns->bytes() < most_bytes) {
      if (!positioned_ || rows_->Valid()) {
        Move();
      }
      if (!rows_->Valid()) {
        break;
      }
      AppendRow(columns);
    }
    return rows_->Valid() ? absl::OkStatus() : rows_->status();
  });
  columns->CutTo(columns->rows());
  return status;
}

}  // namespace veralith::arrow
