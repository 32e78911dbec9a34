// SPDX-License-Identifier: Apache-2.0

// The byte form of operations, for libFuzzer. Every byte string decodes to a list of operations,
// and what EncodeOperations makes decodes to what was encoded. Small values take one byte each, so
// changing one byte changes one thing.
//
//   operation   the kind's code (1 byte, operation_table.h), its fields in the order of the text
//               form. A byte that is no kind's code is an alias of a common kind
//   small       1 byte below 254: the value; 254: 2 bytes follow; 255: 8 bytes follow (little
//               endian); a value beyond its limit is taken modulo
//   key         small: 0 is a literal (small length, bytes, small repeat), otherwise index + 1;
//               bytes from 64 on are aliases of a few
//   namespace   small: below 8 a place in kNamespaceTable, otherwise the number + 8; bytes from 8
//               on are aliases of those places
//   optional    1 byte: odd means present
//   list        small (modulo 33), elements
//
// Bytes after the end read as zeros; decoding ends there.
#ifndef VERALITH_MODEL_OPERATION_BYTES_H_
#define VERALITH_MODEL_OPERATION_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/operation.h"

namespace veralith::model {

inline constexpr size_t kMaxListElements = 32;
// Codes of kinds, today's and those to come, are less. A byte from here on is an alias for ever.
inline constexpr uint8_t kReservedCodes = 64;

// At most `limit` operations.
std::vector<Operation> DecodeOperations(std::string_view bytes, size_t limit);

// True if an alias in `bytes` is a code that a kind may get one day: the bytes would mean something
// else then. Saved inputs use none; EncodeOperations makes none.
bool UsesReservedCodes(std::string_view bytes, size_t limit);

// Lists longer than kMaxListElements and literals longer than 64 bytes are cut; repetitions above
// 1,000 (of one byte: 40,000), values above 65,535 bytes and namespaces above 2^64-9 change.
std::string EncodeOperations(const std::vector<Operation>& operations);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_OPERATION_BYTES_H_
