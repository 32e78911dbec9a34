// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/apply_to_memtable.h"

namespace veralith {

void ApplyToMemtable(const LogOperation& operation, Timestamp timestamp, Memtable* memtable) {
  switch (operation.kind) {
    case LogOperation::Kind::kPut:
      memtable->Add({operation.ns, operation.key, timestamp, EntryKind::kPut, operation.value});
      break;
    case LogOperation::Kind::kDelete:
      memtable->Add({operation.ns, operation.key, timestamp, EntryKind::kDelete, {}});
      break;
    case LogOperation::Kind::kDeleteRange:
      memtable->AddRangeTombstone(
          {operation.ns, operation.key, operation.value, operation.open_end, timestamp});
      break;
  }
}

}  // namespace veralith
