// SPDX-License-Identifier: Apache-2.0

// The words every layer shares: namespaces, timestamps, and the limits of DESIGN promise 9.
//
// A leaf: it depends on nothing, and it is the only header of the engine that model/ may use.
#ifndef VERALITH_TYPES_H_
#define VERALITH_TYPES_H_

#include <cstddef>
#include <cstdint>

namespace veralith {

// A namespace separates key spaces inside one database; namespaces sort before keys.
using NamespaceId = uint64_t;
inline constexpr NamespaceId kDefaultNamespace = 0;                    // of calls that name none
inline constexpr NamespaceId kMaxNamespace = (uint64_t{1} << 63) - 1;  // the greatest

// Nanoseconds since the Unix epoch, from the database's hybrid logical clock. 0 is never the
// timestamp of an entry.
using Timestamp = uint64_t;
inline constexpr Timestamp kMinTimestamp = 1;                        // the least of an entry
inline constexpr Timestamp kMaxTimestamp = (uint64_t{1} << 63) - 1;  // in the year 2262

// Limits: beyond them a call is InvalidArgument before anything is written.

inline constexpr size_t kMaxKeyBytes = 32'000;               // of one key
inline constexpr size_t kMaxValueBytes = size_t{256} << 20;  // of one value
inline constexpr size_t kMaxBatchBytes = size_t{1} << 30;    // all keys and values of a batch

}  // namespace veralith

#endif  // VERALITH_TYPES_H_
