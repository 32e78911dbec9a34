// SPDX-License-Identifier: Apache-2.0

// The checksum of a segment's footer: the last key-value entry of FileMetaData, `veralith.crc`,
// whose value is the CRC-32C of the encoded FileMetaData in 8 lower-case hex digits, computed with
// those digits as "00000000". FORMAT.md, "Segment file".
#ifndef VERALITH_CORE_FORMAT_SEGMENT_FOOTER_H_
#define VERALITH_CORE_FORMAT_SEGMENT_FOOTER_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/format/parquet_metadata.h"

namespace veralith {

inline constexpr std::string_view kFooterChecksumKey = "veralith.crc";

// The sparse index as lower-case hex, for readers that know no segment block; often absent.
inline constexpr std::string_view kHexIndexKey = "merutable.kv_index.v1";

// The number of range tombstones in the segment block, in decimal; absent if there are none. It is
// for programs that rewrite the file with its metadata but without the block: the rows alone then
// no longer say what the segment said.
inline constexpr std::string_view kRangeTombstonesKey = "veralith.range_tombstones";

// Appends the encoded metadata. Its checksum entry is added after metadata.key_value_metadata
// (which must not have one).
void AppendSealedFooter(parquet::FileMetaData metadata, std::string* out);

// `footer`: the bytes from which `metadata` was decoded. NotFound if the last key-value entry is
// not kFooterChecksumKey: a file of another writer. In our files that is DataLoss; the caller knows
// which it is. DataLoss if the entry is there and does not match.
absl::Status CheckFooter(std::string_view footer, const parquet::FileMetaData& metadata);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_SEGMENT_FOOTER_H_
