// SPDX-License-Identifier: Apache-2.0

// Avro's binary encoding and its object container file, as far as Iceberg's manifests need them
// (Avro specification 1.11): ints and longs, strings and bytes, the union of null and a type,
// arrays. Containers are not compressed.
//
// Decoding is total: DataLoss names the offset; nothing is allocated that the bytes cannot fill.
// A container with another codec is Unimplemented. Written here: Debian 12 has no Avro for C++, and
// both directions together are less than a binding.
//
// Thread rule: one thread.
#ifndef VERALITH_CORE_ICEBERG_AVRO_H_
#define VERALITH_CORE_ICEBERG_AVRO_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith::iceberg {

void AppendAvroLong(std::string* out, int64_t value);
void AppendAvroBytes(std::string* out, std::string_view value);

class AvroCursor {
 public:
  explicit AvroCursor(std::string_view bytes) : bytes_(bytes) {}

  size_t remaining() const { return bytes_.size() - at_; }
  absl::Status ReadLong(int64_t* value);
  absl::Status ReadBytes(std::string* value);
  absl::Status ReadFixed(size_t size, std::string_view* value);
  // The count of an array's or a map's next block, at most one item per byte left; 0: it ends.
  absl::Status ReadCount(size_t* count);
  absl::Status Error(std::string_view what) const;

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

struct AvroFile {
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  std::string schema;  // JSON
  Metadata metadata;   // in the file's order, without the entries of Avro itself
  std::vector<std::string> blocks;
  std::vector<size_t> counts;  // records in each block
};

// One block with all `records`, each encoded.
std::string EncodeAvroFile(std::string_view schema, const AvroFile::Metadata& metadata,
                           const std::vector<std::string>& records);
absl::StatusOr<AvroFile> DecodeAvroFile(std::string_view bytes);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_AVRO_H_
