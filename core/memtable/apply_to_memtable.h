// SPDX-License-Identifier: Apache-2.0

// Applies logged operations to a memtable: the one place where an operation becomes entries, for a
// live write, for recovery and for repair.
#ifndef VERALITH_CORE_MEMTABLE_APPLY_TO_MEMTABLE_H_
#define VERALITH_CORE_MEMTABLE_APPLY_TO_MEMTABLE_H_

#include "core/format/log_record.h"
#include "core/memtable/memtable.h"
#include "veralith/types.h"

namespace veralith {

// Adds one operation to a memtable, at the timestamp of its record.
void ApplyToMemtable(const LogOperation& operation, Timestamp timestamp, Memtable* memtable);

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_APPLY_TO_MEMTABLE_H_
