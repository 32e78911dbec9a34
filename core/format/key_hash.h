// The one hash of user keys: XXH3 (64 bits) of the key's bytes, seeded with the namespace.
//
// It is part of the file format (filters of segments are built from it) and does not depend on the
// machine: golden values in key_hash_test. Keys chosen by an adversary can collide: nothing but
// speed may depend on two hashes differing.
#ifndef VERALITH_CORE_FORMAT_KEY_HASH_H_
#define VERALITH_CORE_FORMAT_KEY_HASH_H_

#include <cstdint>
#include <string_view>

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include "core/base/types.h"

namespace veralith {

// 3-5 ns for a key of 16-64 bytes.
inline uint64_t HashUserKey(NamespaceId ns, std::string_view key) {
  return XXH3_64bits_withSeed(key.data(), key.size(), ns);
}

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_KEY_HASH_H_
