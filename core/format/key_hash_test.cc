// SPDX-License-Identifier: Apache-2.0

#include "core/format/key_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace veralith {
namespace {

TEST(KeyHash, HasItsGoldenValues) {
  EXPECT_EQ(HashUserKey(0, ""), 0x2d06800538d394c2u);  // XXH3's own test vector
  EXPECT_EQ(HashUserKey(0, "hello"), 0x9555e8555c62dcfdu);
  EXPECT_EQ(HashUserKey(1, "hello"), 0xc3c7fe484c69d918u);
}

TEST(KeyHash, TellsNamespacesAndLengthsApart) {
  std::set<uint64_t> hashes;
  size_t keys = 0;
  for (NamespaceId ns : {NamespaceId{0}, NamespaceId{1}, NamespaceId{256}, kMaxNamespace}) {
    for (size_t length = 0; length <= 600; ++length) {
      hashes.insert(HashUserKey(ns, std::string(length, '\0')));
      ++keys;
    }
  }
  EXPECT_EQ(hashes.size(), keys);
}

}  // namespace
}  // namespace veralith
