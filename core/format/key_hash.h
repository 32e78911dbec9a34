// SPDX-License-Identifier: Apache-2.0

// The one hash of user keys: XXH3 (64 bits) of the key's bytes, XOR the mixed namespace.
//
// The namespace is not XXH3's seed. For keys of up to three bytes XXH3 combines the seed with the
// key's length in one XOR, so (namespace 256, two zeros) would always collide with (namespace 0,
// three zeros).
//
// The hash is part of the file format (filters of segments are built from it) and does not depend
// on the machine: key_hash_test has golden values. An adversary can choose keys that collide: only
// speed may depend on two hashes differing.
#ifndef VERALITH_CORE_FORMAT_KEY_HASH_H_
#define VERALITH_CORE_FORMAT_KEY_HASH_H_

#include <cstdint>
#include <string_view>

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include "veralith/types.h"

namespace veralith {

// SplitMix64's finalizer, a bijection; 0 stays 0.
inline uint64_t MixNamespace(NamespaceId ns) {
  uint64_t z = ns;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Takes 3-5 ns for a key of 16-64 bytes.
inline uint64_t HashUserKey(NamespaceId ns, std::string_view key) {
  return XXH3_64bits(key.data(), key.size()) ^ MixNamespace(ns);
}

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_KEY_HASH_H_
