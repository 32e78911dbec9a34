// SPDX-License-Identifier: Apache-2.0

#include "core/format/internal_key.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/format/entry.h"
#include "core/format/testing/generators.h"

namespace veralith {
namespace {

std::string Encode(NamespaceId ns, std::string_view key, Timestamp ts) {
  std::string out;
  AppendInternalKey(&out, ns, key, ts);
  return out;
}

int Sign(int order) { return order < 0 ? -1 : (order > 0 ? 1 : 0); }

std::vector<std::string> KeysToLength3() {
  const std::string alphabet("\x00\x01\xff"
                             "a",
                             4);
  std::vector<std::string> keys = {""};
  for (size_t from = 0, length = 0; length < 3; ++length) {
    const size_t to = keys.size();
    for (size_t i = from; i < to; ++i) {
      for (const char c : alphabet) {
        keys.push_back(keys[i] + c);
      }
    }
    from = to;
  }
  return keys;
}

TEST(InternalKey, HasItsGoldenBytes) {
  EXPECT_EQ(HexEncode(Encode(7, std::string_view("a\0b", 3), 9)), "0000000000000007"
                                                                  "6100ff62"
                                                                  "0000"
                                                                  "fffffffffffffff6");
  EXPECT_EQ(HexEncode(Encode(kMaxNamespace, "", kMaxTimestamp)), "7fffffffffffffff"
                                                                 "0000"
                                                                 "8000000000000000");
  std::string user_key = "x";
  AppendUserKey(&user_key, 1, "k");
  EXPECT_EQ(HexEncode(user_key), "780000000000000001"
                                 "6b"
                                 "0000");
}

TEST(InternalKey, ByteOrderIsEntryOrderForEveryPairOfASmallAlphabet) {
  const std::vector<std::string> keys = KeysToLength3();
  ASSERT_EQ(keys.size(), 85u);
  std::vector<EntryView> entries;
  std::vector<std::string> encodings;
  for (const NamespaceId ns :
       {NamespaceId{0}, NamespaceId{1}, NamespaceId{255}, NamespaceId{256}, kMaxNamespace}) {
    for (const std::string& key : keys) {
      for (const Timestamp ts : {Timestamp{0}, Timestamp{1}, Timestamp{256}, kMaxTimestamp}) {
        entries.push_back({.ns = ns, .key = key, .ts = ts, .value = ""});
        encodings.push_back(Encode(ns, key, ts));
      }
    }
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    for (size_t j = 0; j < entries.size(); ++j) {
      const int expected = Sign(CompareEntries(entries[i], entries[j]));
      ASSERT_EQ(Sign(CompareBytes(encodings[i], encodings[j])), expected)
          << HexEncode(encodings[i]) << " " << HexEncode(encodings[j]);
      ASSERT_EQ(encodings[i].starts_with(encodings[j]), i == j);  // prefix-free
    }
  }
}

RC_GTEST_PROP(InternalKey, ByteOrderIsEntryOrderForAnyPair, ()) {
  const std::string a_key = *testing::AnyKey();
  // Half of the pairs share a prefix or differ in one place.
  const std::string b_key =
      *rc::gen::oneOf(testing::AnyKey(), rc::gen::just(a_key),
                      rc::gen::map(testing::AnyKey(), [&](std::string s) { return a_key + s; }));
  const NamespaceId a_ns = *testing::AnyNamespace();
  const NamespaceId b_ns = *rc::gen::oneOf(testing::AnyNamespace(), rc::gen::just(a_ns));
  const EntryView a{.ns = a_ns, .key = a_key, .ts = *testing::AnyTimestamp(), .value = ""};
  const EntryView b{.ns = b_ns, .key = b_key, .ts = *testing::AnyTimestamp(), .value = ""};
  RC_ASSERT(Sign(CompareBytes(Encode(a.ns, a.key, a.ts), Encode(b.ns, b.key, b.ts))) ==
            Sign(CompareEntries(a, b)));
}

RC_GTEST_PROP(InternalKey, DecodingAnEncodingGivesItsParts, ()) {
  const InternalKey key{*testing::AnyNamespace(), *testing::AnyKey(), *testing::AnyTimestamp()};
  const std::string encoded = Encode(key.ns, key.key, key.ts);
  RC_ASSERT(*DecodeInternalKey(encoded) == key);
  RC_ASSERT(encoded.size() <= MaxInternalKeyBytes(key.key.size()));
  std::string stored(MaxInternalKeyBytes(key.key.size()), '\0');
  stored.resize(StoreInternalKey(stored.data(), key.ns, key.key, key.ts) - stored.data());
  RC_ASSERT(stored == encoded);
  std::string scratch;
  InternalKeyView view;
  RC_ASSERT(DecodeInternalKey(encoded, &scratch, &view).ok());
  RC_ASSERT((view == InternalKeyView{key.ns, key.key, key.ts}));
}

RC_GTEST_PROP(InternalKey, WhateverDecodesIsTheEncodingOfWhatItDecodesTo, ()) {
  std::string bytes = Encode(*testing::AnyNamespace(), *testing::AnyKey(), 1);
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    const auto place = *rc::gen::inRange<size_t>(0, bytes.size());
    bytes[place] = *rc::gen::element('\x00', '\xff', '\x01', '\x80');
  }
  bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size() + 2));
  const auto decoded = DecodeInternalKey(bytes);
  if (decoded.ok()) {
    RC_ASSERT(Encode(decoded->ns, decoded->key, decoded->ts) == bytes);
  } else {
    RC_ASSERT(decoded.status().code() == absl::StatusCode::kDataLoss);
  }
}

TEST(InternalKey, NamesWhatIsWrong) {
  const auto fault = [](const char* hex) {
    return std::string(Message(DecodeInternalKey(*HexDecode(hex)).status()));
  };
  EXPECT_EQ(fault("00"), "internal key: offset 0: expected 8 bytes of namespace, 1 remain");
  EXPECT_EQ(fault("000000000000000161"), "internal key: offset 9: the key has no end");
  EXPECT_EQ(fault("00000000000000016100"), "internal key: offset 9: the key has no end");
  EXPECT_EQ(fault("0000000000000001610001"),
            "internal key: offset 10: expected FF or 00 after a 00 byte of the key");
  EXPECT_EQ(fault("0000000000000001610000ff"),
            "internal key: offset 11: expected 8 bytes of timestamp, 1 remain");
  EXPECT_EQ(fault("00000000000000010000ffffffffffffffff00"),
            "internal key: offset 18: expected the end of the internal key, 1 bytes remain");
  EXPECT_EQ(fault("80000000000000000000ffffffffffffffff"),
            "internal key: offset 0: namespace out of range");
  EXPECT_EQ(fault("000000000000000000007fffffffffffffff"),
            "internal key: offset 10: timestamp out of range");
}

TEST(InternalKey, TheLongestKeyFitsTheSparseIndex) {
  const std::string key(kMaxKeyBytes, '\0');
  EXPECT_EQ(Encode(1, key, 1).size(), 64'018u);
  EXPECT_EQ(DecodeInternalKey(Encode(1, key, 1))->key, key);
}

}  // namespace
}  // namespace veralith
