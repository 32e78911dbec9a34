// SPDX-License-Identifier: Apache-2.0

#include "core/arrow/columns.h"

namespace veralith::arrow {

void BinaryColumn::Append(std::string_view entry) {
  bytes.insert(bytes.end(), entry.begin(), entry.end());
  offsets.push_back(static_cast<int32_t>(bytes.size()));
}

void BinaryColumn::CutTo(size_t entries) {
  offsets.resize(entries + 1);
  bytes.resize(static_cast<size_t>(offsets.back()));
}

void Columns::Append(NamespaceId ns, std::string_view key, Timestamp ts, std::string_view value) {
  keys_.Append(key);
  if (wanted_.timestamps) {
    timestamps_.push_back(static_cast<int64_t>(ts));
  }
  if (wanted_.values) {
    values_.Append(value);
  }
  namespaces_.push_back(static_cast<int64_t>(ns));
}

void Columns::CutTo(size_t rows) {
  namespaces_.resize(rows);
  if (wanted_.timestamps) {
    timestamps_.resize(rows);
  }
  keys_.CutTo(rows);
  if (wanted_.values) {
    values_.CutTo(rows);
  }
}

}  // namespace veralith::arrow
