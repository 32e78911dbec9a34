// SPDX-License-Identifier: Apache-2.0

// A scan as a stream of Arrow record batches (Arrow's C stream interface), which DuckDB, polars,
// pyarrow and others read.
//
// Each batch ends at Batches::rows rows, or once it has Batches::bytes of keys and values: a batch
// may exceed that by one row. The schema is that of columns.h.
//
// Errors. get_next returns an errno value, and get_last_error the message: ENOMEM for
// ResourceExhausted, EINVAL for InvalidArgument, EIO for others. Rows that were read before an
// error come first. After an error, every further call returns it.
//
// Thread rule: one thread at a time, which may be another one for each call. `owner` keeps alive
// what the iterator reads: it is let go of after the iterator, by whichever thread releases the
// stream.
#ifndef VERALITH_CORE_ARROW_SCAN_STREAM_H_
#define VERALITH_CORE_ARROW_SCAN_STREAM_H_

#include <cstddef>
#include <memory>

#include "core/arrow/abi.h"
#include "core/arrow/columns.h"
#include "core/arrow/row_reader.h"

namespace veralith::arrow {

// Where a batch ends. Small ones stay in the processor's cache: with values of 100 bytes, 1 MiB is
// read 1.4 times as fast as 4 MiB.
struct Batches {
  Wanted wanted;
  size_t rows = 16'384;
  size_t bytes = size_t{1} << 20;
};

// Fills in `*out`, whose `release` its holder calls once. Without memory: std::bad_alloc.
void MakeScanStream(std::shared_ptr<void> owner, RowReader rows, Batches batches,
                    ArrowArrayStream* out);

}  // namespace veralith::arrow

#endif  // VERALITH_CORE_ARROW_SCAN_STREAM_H_
