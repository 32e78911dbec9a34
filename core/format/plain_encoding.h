// SPDX-License-Identifier: Apache-2.0

// PLAIN: fixed-width integers little-endian; BYTE_ARRAY as a 4-byte length and its bytes.
//
// Encoders append to a reused string. Decoders are total: the caller gives the number of values to
// expect (and has bounded it). They allocate nothing, and return how many input bytes they used.
#ifndef VERALITH_CORE_FORMAT_PLAIN_ENCODING_H_
#define VERALITH_CORE_FORMAT_PLAIN_ENCODING_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace veralith::parquet {

void AppendPlain(std::span<const int32_t> values, std::string* out);
void AppendPlain(std::span<const int64_t> values, std::string* out);
void AppendPlainByteArray(std::string_view value, std::string* out);

// Fill all of `out`; DataLoss when the input is too short.
absl::StatusOr<size_t> DecodePlain(std::string_view bytes, std::span<int32_t> out);
absl::StatusOr<size_t> DecodePlain(std::string_view bytes, std::span<int64_t> out);

// Value i is bytes.substr(offsets[i], lengths[i]). Both spans have one element per value. An input
// of 4 GiB or more is InvalidArgument.
absl::StatusOr<size_t> DecodePlainByteArray(std::string_view bytes, std::span<uint32_t> offsets,
                                            std::span<uint32_t> lengths);

}  // namespace veralith::parquet

#endif  // VERALITH_CORE_FORMAT_PLAIN_ENCODING_H_
