// SPDX-License-Identifier: Apache-2.0

// All page encodings in one include: PLAIN, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY,
// DELTA_BYTE_ARRAY, the RLE / bit-packed hybrid, and RLE_DICTIONARY for files of other writers.
#ifndef VERALITH_CORE_FORMAT_PARQUET_ENCODING_H_
#define VERALITH_CORE_FORMAT_PARQUET_ENCODING_H_

#include "core/format/delta_encoding.h"  // IWYU pragma: export
#include "core/format/plain_encoding.h"  // IWYU pragma: export
#include "core/format/rle_encoding.h"    // IWYU pragma: export

#endif  // VERALITH_CORE_FORMAT_PARQUET_ENCODING_H_
