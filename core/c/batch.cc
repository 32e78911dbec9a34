// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <optional>

#include "core/c/border.h"
#include "core/db/write_batch_reader.h"

namespace veralith::c {
namespace {

// What no write could take is refused where it is added, before it is copied.
absl::Status CheckLimits(const WriteBatch& batch, uint64_t ns, size_t key_size, size_t value_size,
                         size_t most_of_value) {
  if (ns > kMaxNamespace) {
    return InvalidArgument("the namespace is over the limit of 2^63-1");
  }
  if (key_size > kMaxKeyBytes) {
    return InvalidArgument("the key is over the limit of 32000 bytes");
  }
  if (value_size > most_of_value) {
    return InvalidArgument("the value, or the end of the range, is over its limit");
  }
  if (key_size + value_size > kMaxBatchBytes - std::min(batch.bytes(), kMaxBatchBytes)) {
    return InvalidArgument("the batch would be over the limit of 1 GiB");
  }
  return absl::OkStatus();
}

// Runs `add`; an error if the batch has no memory for the operation, or had none for an earlier
// one.
template <typename Add>
absl::Status Added(WriteBatch& batch, Add&& add) {
  add();
  return batch.lacks_memory() ? ResourceExhausted("the batch lacks memory: clear it")
                              : absl::OkStatus();
}

absl::Status AddRange(veralith_batch_t* batch, uint64_t ns, const void* begin, size_t begin_size,
                      std::optional<std::string_view> end) {
  VERALITH_RETURN_IF_ERROR(CheckNotNull(batch, "batch"));
  VERALITH_RETURN_IF_ERROR(CheckBytes(begin, begin_size, "begin"));
  VERALITH_RETURN_IF_ERROR(CheckLimits(batch->batch, ns, begin_size,
                                       end.value_or(std::string_view()).size(), kMaxKeyBytes));
  return Added(batch->batch, [&] { batch->batch.DeleteRange(ns, View(begin, begin_size), end); });
}

int32_t KindOf(const WriteBatchReader::Operation& operation) {
  switch (operation.kind) {
    case WriteBatchReader::Kind::kPut:
      return VERALITH_OPERATION_PUT;
    case WriteBatchReader::Kind::kDelete:
      return VERALITH_OPERATION_DELETE;
    case WriteBatchReader::Kind::kDeleteRange:
      break;
  }
  return operation.open_end ? VERALITH_OPERATION_DELETE_FROM : VERALITH_OPERATION_DELETE_RANGE;
}

}  // namespace
}  // namespace veralith::c

using veralith::WriteBatchReader;
using veralith::c::CheckBytes;
using veralith::c::CheckNotNull;
using veralith::c::Return;
using veralith::c::View;

veralith_status_t* veralith_batch_create(veralith_batch_t** batch) {
  return Return("veralith_batch_create", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(batch, "batch"));
    *batch = nullptr;
    *batch = new veralith_batch_t();
    return absl::OkStatus();
  });
}

veralith_status_t* veralith_batch_put(veralith_batch_t* batch, uint64_t ns, const void* key,
                                      size_t key_size, const void* value, size_t value_size) {
  return Return("veralith_batch_put", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(batch, "batch"));
    VERALITH_RETURN_IF_ERROR(CheckBytes(key, key_size, "key"));
    VERALITH_RETURN_IF_ERROR(CheckBytes(value, value_size, "value"));
    VERALITH_RETURN_IF_ERROR(
        veralith::c::CheckLimits(batch->batch, ns, key_size, value_size, veralith::kMaxValueBytes));
    return veralith::c::Added(
        batch->batch, [&] { batch->batch.Put(ns, View(key, key_size), View(value, value_size)); });
  });
}

veralith_status_t* veralith_batch_delete(veralith_batch_t* batch, uint64_t ns, const void* key,
                                         size_t key_size) {
  return Return("veralith_batch_delete", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(batch, "batch"));
    VERALITH_RETURN_IF_ERROR(CheckBytes(key, key_size, "key"));
    VERALITH_RETURN_IF_ERROR(veralith::c::CheckLimits(batch->batch, ns, key_size, 0, 0));
    return veralith::c::Added(batch->batch, [&] { batch->batch.Delete(ns, View(key, key_size)); });
  });
}

veralith_status_t* veralith_batch_delete_range(veralith_batch_t* batch, uint64_t ns,
                                               const void* begin, size_t begin_size,
                                               const void* end, size_t end_size) {
  return Return("veralith_batch_delete_range", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(end, "end"));
    return veralith::c::AddRange(batch, ns, begin, begin_size, View(end, end_size));
  });
}

veralith_status_t* veralith_batch_delete_from(veralith_batch_t* batch, uint64_t ns,
                                              const void* begin, size_t begin_size) {
  return Return("veralith_batch_delete_from",
                [&] { return veralith::c::AddRange(batch, ns, begin, begin_size, std::nullopt); });
}

veralith_status_t* veralith_batch_clear(veralith_batch_t* batch) {
  return Return("veralith_batch_clear", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(batch, "batch"));
    batch->batch.Clear();
    return absl::OkStatus();
  });
}

size_t veralith_batch_count(const veralith_batch_t* batch) {
  return batch == nullptr ? 0 : batch->batch.count();
}

size_t veralith_batch_bytes(const veralith_batch_t* batch) {
  return batch == nullptr ? 0 : batch->batch.bytes();
}

veralith_status_t* veralith_batch_operation(const veralith_batch_t* batch, size_t index,
                                            veralith_operation_t* operation) {
  return Return("veralith_batch_operation", [&]() -> absl::Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(batch, "batch"));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(operation, "operation"));
    const size_t size = operation->struct_size;
    if (size < sizeof(veralith_operation_t)) {
      return veralith::InvalidArgument("struct_size is not the size of the struct");
    }
    if (index >= batch->batch.count()) {
      return veralith::OutOfRange("the batch has fewer operations");
    }
    const WriteBatchReader::Operation found = WriteBatchReader::At(batch->batch, index);
    *operation = {};
    operation->struct_size = size;
    operation->kind = veralith::c::KindOf(found);
    operation->ns = found.ns;
    operation->key = veralith::c::Bytes(found.key, &operation->key_size);
    if (operation->kind == VERALITH_OPERATION_PUT ||
        operation->kind == VERALITH_OPERATION_DELETE_RANGE) {
      operation->value = veralith::c::Bytes(found.value, &operation->value_size);
    }
    return absl::OkStatus();
  });
}

void veralith_batch_free(veralith_batch_t* batch) { delete batch; }
