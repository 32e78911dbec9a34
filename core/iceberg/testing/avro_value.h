// SPDX-License-Identifier: Apache-2.0

// Reads any Avro object container file without compression into JSON values, by the schema that the
// file itself carries: an independent check of what core/iceberg writes. Shares no code with it.
//
// Bytes and strings are JSON strings of the same bytes, which need not be UTF-8: do not print them.
#ifndef VERALITH_CORE_ICEBERG_TESTING_AVRO_VALUE_H_
#define VERALITH_CORE_ICEBERG_TESTING_AVRO_VALUE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace veralith::iceberg {

struct AvroRecords {
  nlohmann::json metadata;  // an object of strings
  nlohmann::json records;   // an array of objects, by the names of fields
};

absl::StatusOr<AvroRecords> ReadAvro(std::string_view bytes);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_TESTING_AVRO_VALUE_H_
