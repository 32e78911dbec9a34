// SPDX-License-Identifier: Apache-2.0

// The encoded pages of one column of one row group, back to back as they will stand in the file,
// with what the page index and the segment block say of each.
//
// Pages are Parquet data pages v2 with a CRC-32 in their header. Buffers are reused from one row
// group to the next. Thread rule: one thread at a time.
#ifndef VERALITH_CORE_SEGMENT_WRITE_ENCODED_CHUNK_H_
#define VERALITH_CORE_SEGMENT_WRITE_ENCODED_CHUNK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/large_bytes.h"
#include "core/format/compression.h"
#include "core/format/parquet_metadata.h"

namespace veralith {

struct EncodedPage {
  uint32_t bytes = 0;   // header included
  uint32_t crc32c = 0;  // checksum of those bytes
  uint64_t rows = 0;
};

class EncodedChunk {
 public:
  EncodedChunk(parquet::Encoding encoding, parquet::Codec codec)
      : encoding_(encoding), compressor_(codec) {}

  // Appends a page of `rows` rows, `nulls` of them null, made of definition levels (empty for a
  // required column) and encoded values. The values are compressed where that saves an eighth.
  absl::Status AppendPage(uint64_t rows, uint64_t nulls, std::string_view levels,
                          std::string_view values);
  // Appends a page that was encoded before, by this encoding and codec: `page` is all of its bytes,
  // `crc32c` their checksum, `uncompressed_bytes` what they would be uncompressed, header included.
  void AppendStored(uint64_t rows, uint64_t nulls, std::string_view page, uint32_t crc32c,
                    uint64_t uncompressed_bytes);
  // An empty chunk again.
  void Clear();

  std::string_view bytes() const { return bytes_.view(); }
  const std::vector<EncodedPage>& pages() const { return pages_; }
  uint64_t nulls() const { return nulls_; }

  // Returns the footer's entry, without statistics and indexes, if the chunk begins at
  // `file_offset`.
  parquet::ColumnMetaData Describe(uint64_t file_offset) const;
  parquet::OffsetIndex MakeOffsetIndex(uint64_t file_offset) const;

 private:
  void NotePage(uint64_t rows, uint64_t nulls, uint64_t bytes, uint32_t crc32c,
                uint64_t uncompressed_bytes);
  std::string_view Compress(std::string_view values, bool* is_compressed, absl::Status* status);

  const parquet::Encoding encoding_;
  parquet::Compressor compressor_;
  std::string compressed_;   // scratch
  std::string page_header_;  // scratch
  LargeBytes bytes_;
  std::vector<EncodedPage> pages_;
  uint64_t rows_ = 0;
  uint64_t nulls_ = 0;
  uint64_t uncompressed_bytes_ = 0;  // headers included
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_WRITE_ENCODED_CHUNK_H_
