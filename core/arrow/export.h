// SPDX-License-Identifier: Apache-2.0

// Gives columns and their schema to Arrow's C data interface. Memory moves, nothing is copied.
//
// Each of the two fills in `*out`, which must hold nothing. Whoever holds it calls its `release`
// once, from any thread. Running out of memory is std::bad_alloc, and `*out` holds nothing then.
#ifndef VERALITH_CORE_ARROW_EXPORT_H_
#define VERALITH_CORE_ARROW_EXPORT_H_

#include "core/arrow/abi.h"
#include "core/arrow/columns.h"

namespace veralith::arrow {

// A struct of the wanted columns, none of them nullable.
void ExportSchema(Wanted wanted, ArrowSchema* out);
// A record batch: an array of that struct.
void ExportColumns(Columns columns, ArrowArray* out);

}  // namespace veralith::arrow

#endif  // VERALITH_CORE_ARROW_EXPORT_H_
