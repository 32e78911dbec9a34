// SPDX-License-Identifier: Apache-2.0

// Looks into a batch, for the engine and for databases that stand in its place in tests.
#ifndef VERALITH_CORE_DB_WRITE_BATCH_READER_H_
#define VERALITH_CORE_DB_WRITE_BATCH_READER_H_

#include <cstddef>
#include <string_view>

#include "core/base/check.h"
#include "veralith/types.h"
#include "veralith/write_batch.h"

namespace veralith {

class WriteBatchReader {
 public:
  using Kind = WriteBatch::Kind;
  struct Operation {
    Kind kind;
    NamespaceId ns;
    std::string_view key;    // kDeleteRange: begin
    std::string_view value;  // kDeleteRange: end
    bool open_end = false;
  };

  // Operation `i` of `batch.count()`, in the order in which they were added. The views are into the
  // batch.
  static Operation At(const WriteBatch& batch, size_t i) {
    VERALITH_CHECK(i < batch.operations_.size());
    const WriteBatch::Slot& slot = batch.operations_[i];
    const std::string_view bytes(batch.bytes_);
    return {.kind = slot.kind,
            .ns = slot.ns,
            .key = bytes.substr(slot.offset, slot.key_size),
            .value = bytes.substr(slot.offset + slot.key_size, slot.value_size),
            .open_end = slot.open_end};
  }
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_WRITE_BATCH_READER_H_
