// SPDX-License-Identifier: Apache-2.0

#include "core/arrow/columns.h"

namespace veralith::arrow {

void BinaryColumn::Append(std::string_view entry) {
  bytes.insert(bytes.end(), entry.begin(), entry.end());
  offsets.push_back(static_cast<int32_t>(bytes.size()));
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

void Columns::Clear() {
  namespaces_.clear();
  timestamps_.clear();
  for (BinaryColumn* column : {&keys_, &values_}) {
    column->offsets.resize(1);
    column->bytes.clear();
  }
}

}  // namespace veralith::arrow
