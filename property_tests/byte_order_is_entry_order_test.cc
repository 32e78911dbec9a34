// SPDX-License-Identifier: Apache-2.0

// DESIGN 1.1: "Byte order of the encoding equals the order of the entries." The pairs of a small
// alphabet are tried exhaustively beside the codec (core/format/internal_key_test.cc); here whole
// lists are sorted both ways.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/format/entry.h"
#include "core/format/internal_key.h"
#include "core/format/testing/generators.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

struct Coded {
  InternalKey key;
  std::string bytes;
};

rc::Gen<std::vector<Coded>> AnyEntries() {
  return rc::gen::exec([] {
    // Few namespaces and stems, so that most entries share one or both with others.
    const auto namespaces =
        *rc::gen::container<std::vector<NamespaceId>>(3, testing::AnyNamespace());
    const auto stems = *rc::gen::container<std::vector<std::string>>(4, testing::AnyKey());
    std::vector<Coded> entries(*rc::gen::inRange<size_t>(0, 60));
    for (Coded& entry : entries) {
      entry.key.ns = *rc::gen::elementOf(namespaces);
      entry.key.key = *rc::gen::elementOf(stems) + *testing::AnyKey();
      entry.key.ts = *testing::AnyTimestamp();
      AppendInternalKey(&entry.bytes, entry.key.ns, entry.key.key, entry.key.ts);
    }
    return entries;
  });
}

EntryView View(const InternalKey& key) { return {key.ns, key.key, key.ts, EntryKind::kPut, ""}; }

RC_GTEST_PROP(ByteOrderOfTheEncoding, EqualsTheOrderOfTheEntries, ()) {
  std::vector<Coded> entries = *AnyEntries();
  std::sort(entries.begin(), entries.end(),
            [](const Coded& a, const Coded& b) { return CompareBytes(a.bytes, b.bytes) < 0; });
  for (size_t i = 1; i < entries.size(); ++i) {
    const int order = CompareEntries(View(entries[i - 1].key), View(entries[i].key));
    RC_ASSERT(order <= 0);
    RC_ASSERT((order == 0) == (entries[i - 1].bytes == entries[i].bytes));
  }
}

RC_GTEST_PROP(ByteOrderOfTheEncoding, KeepsAllVersionsOfOneKeyTogetherBehindItsUserKey, ()) {
  const std::vector<Coded> entries = *AnyEntries();
  for (const Coded& a : entries) {
    std::string user_key;
    AppendUserKey(&user_key, a.key.ns, a.key.key);
    for (const Coded& b : entries) {
      const bool same = a.key.ns == b.key.ns && a.key.key == b.key.key;
      RC_ASSERT(b.bytes.starts_with(user_key) == same);
    }
  }
}

}  // namespace
}  // namespace veralith
