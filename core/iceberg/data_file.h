// SPDX-License-Identifier: Apache-2.0

// A segment as a data file of an Iceberg table: its name, and what a manifest says of it. All of it
// comes from the segment's own metadata, without I/O.
#ifndef VERALITH_CORE_ICEBERG_DATA_FILE_H_
#define VERALITH_CORE_ICEBERG_DATA_FILE_H_

#include <cstdint>
#include <string>

#include "core/iceberg/manifest_file.h"
#include "core/segment/read/segment_reader.h"

namespace veralith::iceberg {

// "000012-0123456789abcdef": the segment's number, and a hash of its metadata. Two segments of one
// number, as a database and a copy of it can both make, have different names.
std::string DataFileStem(uint64_t number, const SegmentReader& segment);

// Everything but the path. Bounds hold for all rows; those of the key are there only if all rows
// are of one namespace, since keys begin anew in each.
ContentFile DescribeSegment(const SegmentReader& segment);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_DATA_FILE_H_
