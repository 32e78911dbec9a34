#include "veralith/write_batch.h"

#include <exception>

#include "core/base/check.h"

namespace veralith {

void WriteBatch::Put(NamespaceId ns, std::string_view key, std::string_view value) {
  Add(Operation::Kind::kPut, ns, key, value, false);
}

void WriteBatch::Delete(NamespaceId ns, std::string_view key) {
  Add(Operation::Kind::kDelete, ns, key, {}, false);
}

void WriteBatch::DeleteRange(NamespaceId ns, std::string_view begin,
                             std::optional<std::string_view> end) {
  Add(Operation::Kind::kDeleteRange, ns, begin, end.value_or(std::string_view()), !end.has_value());
}

void WriteBatch::Clear() {
  bytes_.clear();
  operations_.clear();
  lacks_memory_ = false;
}

WriteBatch::Operation WriteBatch::operation(size_t i) const {
  VERALITH_CHECK(i < operations_.size());
  const Slot& slot = operations_[i];
  const std::string_view bytes(bytes_);
  return {.kind = slot.kind,
          .ns = slot.ns,
          .key = bytes.substr(slot.offset, slot.key_size),
          .value = bytes.substr(slot.offset + slot.key_size, slot.value_size),
          .open_end = slot.open_end};
}

void WriteBatch::Add(Operation::Kind kind, NamespaceId ns, std::string_view key,
                     std::string_view value, bool open_end) {
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
