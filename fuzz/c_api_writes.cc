// SPDX-License-Identifier: Apache-2.0

// Writes and batches, and what the model takes of them.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "fuzz/c_api_run.h"
#include "veralith/c.h"

namespace veralith::c_api {
namespace {

veralith_write_options_t WriteOptionsFrom(size_t byte) {
  return {sizeof(veralith_write_options_t), static_cast<int32_t>(byte % 4), 0};
}

}  // namespace

// What a write answered, and what the model takes of it.
void Run::Commit(int32_t code, const std::vector<Write>& batch, Timestamp before) {
  if (closed_) {
    VERALITH_CHECK(code == VERALITH_FAILED_PRECONDITION);
  } else {
    VERALITH_CHECK(code == VERALITH_OK);
  }
  const Timestamp after = veralith_last_timestamp(db_);
  if (code != VERALITH_OK || model::Reduce(batch).empty()) {
    VERALITH_CHECK(after == before);
    return;
  }
  VERALITH_CHECK(after > before && after > model_.last_timestamp());
  model_.Commit(after, batch);
}

void Run::Put() {
  const veralith_write_options_t options = WriteOptionsFrom(input_.Byte());
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  const std::string value = Value();
  const Timestamp before = veralith_last_timestamp(db_);
  const int32_t code =
      CodeOf(veralith_put(db_, &options, ns, key.data(), key.size(), value.data(), value.size()));
  Commit(code, {{Write::Kind::kPut, ns, key, value, {}}}, before);
}

void Run::Delete() {
  const veralith_write_options_t options = WriteOptionsFrom(input_.Byte());
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  const Timestamp before = veralith_last_timestamp(db_);
  const int32_t code = CodeOf(veralith_delete(db_, &options, ns, key.data(), key.size()));
  Commit(code, {{Write::Kind::kDelete, ns, key, "", {}}}, before);
}

void Run::DeleteRange() {
  const bool open = input_.Byte() % 4 == 0;
  const uint64_t ns = input_.Namespace();
  const std::string begin = input_.Key();
  const std::string end = input_.Key();
  const Timestamp before = veralith_last_timestamp(db_);
  Write write{Write::Kind::kDeleteRange, ns, begin, "", {}};
  if (open) {
    Commit(CodeOf(veralith_delete_from(db_, nullptr, ns, begin.data(), begin.size())), {write},
           before);
    return;
  }
  write.end = end;
  Commit(CodeOf(veralith_delete_range(db_, nullptr, ns, begin.data(), begin.size(), end.data(),
                                      end.size())),
         {write}, before);
}

void Run::AddToBatch() {
  const size_t kind = input_.Byte() % 5;
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  int32_t code = VERALITH_OK;
  Write write{Write::Kind::kPut, ns, key, "", {}};
  if (kind <= 1) {
    write.value = Value();
    code = CodeOf(veralith_batch_put(batch_, ns, key.data(), key.size(), write.value.data(),
                                     write.value.size()));
  } else if (kind == 2) {
    write.kind = Write::Kind::kDelete;
    code = CodeOf(veralith_batch_delete(batch_, ns, key.data(), key.size()));
  } else if (kind == 3) {
    write.kind = Write::Kind::kDeleteRange;
    write.end = input_.Key();
    code = CodeOf(veralith_batch_delete_range(batch_, ns, key.data(), key.size(), write.end->data(),
                                              write.end->size()));
  } else {
    write.kind = Write::Kind::kDeleteRange;
    code = CodeOf(veralith_batch_delete_from(batch_, ns, key.data(), key.size()));
  }
  VERALITH_CHECK(code == VERALITH_OK);
  batch_model_.push_back(write);
}

// The batch gives back what went in, and is emptied in half of all cases.
void Run::ReadBatch() {
  VERALITH_CHECK(veralith_batch_count(batch_) == batch_model_.size());
  size_t bytes = 0;
  veralith_operation_t found = {};
  found.struct_size = sizeof(found);
  for (size_t i = 0; i < batch_model_.size(); ++i) {
    const Write& write = batch_model_[i];
    VERALITH_CHECK(CodeOf(veralith_batch_operation(batch_, i, &found)) == VERALITH_OK);
    VERALITH_CHECK(std::string_view(found.key, found.key_size) == write.key);
    const std::string& second = write.end.has_value() ? *write.end : write.value;
    VERALITH_CHECK(std::string_view(found.value, found.value_size) == second);
    VERALITH_CHECK(found.ns == write.ns);
    VERALITH_CHECK((found.kind == VERALITH_OPERATION_DELETE_RANGE) == write.end.has_value());
    bytes += write.key.size() + second.size();
  }
  VERALITH_CHECK(veralith_batch_bytes(batch_) == bytes);
  VERALITH_CHECK(CodeOf(veralith_batch_operation(batch_, batch_model_.size(), &found)) ==
                 VERALITH_OUT_OF_RANGE);
  if (input_.Byte() % 2 == 0) {
    VERALITH_CHECK(CodeOf(veralith_batch_clear(batch_)) == VERALITH_OK);
    batch_model_.clear();
  }
}

void Run::WriteBatchNow() {
  const veralith_write_options_t options = WriteOptionsFrom(input_.Byte());
  const Timestamp before = veralith_last_timestamp(db_);
  uint64_t timestamp = 1;
  const int32_t code = CodeOf(veralith_write(db_, &options, batch_, &timestamp));
  VERALITH_CHECK(timestamp == (code == VERALITH_OK ? veralith_last_timestamp(db_) : 0));
  Commit(code, batch_model_, before);
}

}  // namespace veralith::c_api
