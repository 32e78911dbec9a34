// SPDX-License-Identifier: Apache-2.0

#include "veralith/write_batch.h"

#include <exception>

namespace veralith {

void WriteBatch::Put(NamespaceId ns, std::string_view key, std::string_view value) {
  Add(Kind::kPut, ns, key, value, false);
}

void WriteBatch::Delete(NamespaceId ns, std::string_view key) {
  Add(Kind::kDelete, ns, key, {}, false);
}

void WriteBatch::DeleteRange(NamespaceId ns, std::string_view begin,
                             std::optional<std::string_view> end) {
  Add(Kind::kDeleteRange, ns, begin, end.value_or(std::string_view()), !end.has_value());
}

void WriteBatch::Clear() {
  bytes_.clear();
  operations_.clear();
  lacks_memory_ = false;
}

void WriteBatch::Add(Kind kind, NamespaceId ns, std::string_view key, std::string_view value,
                     bool open_end) {
  const size_t offset = bytes_.size();
  try {
    bytes_.append(key).append(value);
    operations_.push_back({.kind = kind,
                           .open_end = open_end,
                           .ns = ns,
                           .offset = offset,
                           .key_size = key.size(),
                           .value_size = value.size()});
  } catch (const std::exception&) {  // no memory, or more than a string can hold
    bytes_.resize(offset);
    lacks_memory_ = true;
  }
}

}  // namespace veralith
