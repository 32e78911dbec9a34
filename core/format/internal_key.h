// SPDX-License-Identifier: Apache-2.0

// The order-preserving encoding of (namespace, key, timestamp) as bytes, DESIGN promise 1:
//
//   namespace   8 bytes, big-endian
//   key         each 00 written as 00 FF, everything else as it is
//   end of key  00 00
//   timestamp   8 bytes, big-endian, bitwise complement (newer sorts first)
//
// Invariants
//   1. CompareBytes of two encodings has the sign of CompareEntries of what they encode
//      (property_tests and internal_key_test).
//   2. Encodings are prefix-free: no encoding is a prefix of another one; AppendUserKey(ns, key) is
//      a prefix of exactly the encodings of that (ns, key).
//   3. Decoding is total: any bytes give the one (ns, key, ts) that they encode, or DataLoss.
//
// Encoders take namespaces <= kMaxNamespace and timestamps <= kMaxTimestamp (0 too: seeking uses
// it); keys of any length. A key within kMaxKeyBytes encodes to at most 64,018 bytes.
// Pure functions, any thread.
#ifndef VERALITH_CORE_FORMAT_INTERNAL_KEY_H_
#define VERALITH_CORE_FORMAT_INTERNAL_KEY_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "veralith/types.h"

namespace veralith {

inline constexpr size_t kMinInternalKeyBytes = 8 + 2 + 8;

// The most bytes that the encoding of a key of `key_bytes` bytes takes.
constexpr size_t MaxInternalKeyBytes(size_t key_bytes) {
  return kMinInternalKeyBytes + 2 * key_bytes;
}

// Writes the encoding to `out`, which has room for MaxInternalKeyBytes(key.size()); returns its
// end. Allocates nothing.
char* StoreInternalKey(char* out, NamespaceId ns, std::string_view key, Timestamp ts);
// Writes namespace, escaped key and end of key: the part of the encoding that all versions share.
char* StoreUserKey(char* out, NamespaceId ns, std::string_view key);

// Appends the same to `out`; allocates only if its capacity is too small.
void AppendInternalKey(std::string* out, NamespaceId ns, std::string_view key, Timestamp ts);
void AppendUserKey(std::string* out, NamespaceId ns, std::string_view key);

struct InternalKey {
  NamespaceId ns = 0;
  std::string key;
  Timestamp ts = 0;

  friend bool operator==(const InternalKey&, const InternalKey&) = default;
};

struct InternalKeyView {
  NamespaceId ns = 0;
  std::string_view key;
  Timestamp ts = 0;

  friend bool operator==(const InternalKeyView&, const InternalKeyView&) = default;
};

absl::StatusOr<InternalKey> DecodeInternalKey(std::string_view encoded);
// Does the same without allocation where possible: view->key points into `encoded` if the key has
// no 00 byte, else into *scratch, whose capacity is reused.
absl::Status DecodeInternalKey(std::string_view encoded, std::string* scratch,
                               InternalKeyView* view);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_INTERNAL_KEY_H_
