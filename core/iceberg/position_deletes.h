// SPDX-License-Identifier: Apache-2.0

// A file of position deletes for one data file (Iceberg v2): Parquet with the columns `file_path`
// (one value, from a dictionary) and `pos` (ascending), by the field ids that Iceberg reserves.
#ifndef VERALITH_CORE_ICEBERG_POSITION_DELETES_H_
#define VERALITH_CORE_ICEBERG_POSITION_DELETES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/iceberg/position_set.h"

namespace veralith::iceberg {

inline constexpr int32_t kDeletedPathFieldId = 2147483546;
inline constexpr int32_t kDeletedPositionFieldId = 2147483545;

// Returns the bytes of the file. `rows` is not empty. Equal arguments give equal bytes.
std::string PositionDeleteFile(std::string_view data_file, const PositionSet& rows);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_POSITION_DELETES_H_
