// SPDX-License-Identifier: Apache-2.0

#include "core/segment/read/key_index.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/format/entry.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using UserKey = std::pair<NamespaceId, std::string>;

bool Less(const UserKey& a, const UserKey& b) {
  return CompareUserKeys(a.first, a.second, b.first, b.second) < 0;
}

UserKey DrawKey() {
  const auto ns = *rc::gen::element<NamespaceId>(0, 1, 256, kMaxNamespace);
  const std::string prefix =
      *rc::gen::element<std::string>("", "00000000", "tenant/0001/users/", "tenant/0001/usert/");
  return {ns, prefix + *rc::gen::container<std::string>(rc::gen::element('\0', '\1', 'a', '\xff'))};
}

void CheckAgainst(const std::vector<UserKey>& keys, const KeyIndex& index, const UserKey& target) {
  const auto upper = std::upper_bound(keys.begin(), keys.end(), target, Less);
  const auto lower = std::lower_bound(keys.begin(), keys.end(), target, Less);
  bool is_equal = false;
  const auto at_or_below = index.FindLastAtOrBelow(target.first, target.second, &is_equal);
  const auto below = index.FindLastBelow(target.first, target.second);
  RC_ASSERT(at_or_below.has_value() == (upper != keys.begin()));
  RC_ASSERT(below.has_value() == (lower != keys.begin()));
  RC_ASSERT(!at_or_below.has_value() ||
            *at_or_below == static_cast<size_t>(upper - keys.begin()) - 1);
  const bool holds = at_or_below.has_value() && keys[*at_or_below] == target;
  RC_ASSERT(is_equal == holds);
  RC_ASSERT(!below.has_value() || *below == static_cast<size_t>(lower - keys.begin()) - 1);
}

RC_GTEST_PROP(KeyIndex, FindsWhatASortedVectorFinds, ()) {
  const auto copies = *rc::gen::inRange<size_t>(1, 40);
  auto drawn = *rc::gen::container<std::vector<UserKey>>(rc::gen::exec(DrawKey));
  std::vector<UserKey> keys;
  for (const UserKey& key : drawn) {
    for (size_t i = 0; i < copies; ++i) {
      keys.push_back(key);
      if (i % 3 != 0) {
        keys.back().second += std::to_string(i);
      }
    }
  }
  std::sort(keys.begin(), keys.end(), Less);
  KeyIndex index;
  for (const auto& [ns, key] : keys) {
    index.Add(ns, key);
  }
  index.Finish();
  RC_ASSERT(index.size() == keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    RC_ASSERT(index.ns(i) == keys[i].first);
    RC_ASSERT(index.key(i) == keys[i].second);
    CheckAgainst(keys, index, keys[i]);
    CheckAgainst(keys, index, {keys[i].first, keys[i].second + '\0'});
    CheckAgainst(keys, index, {keys[i].first ^ 1, keys[i].second});
    CheckAgainst(keys, index, {keys[i].first, keys[i].second.substr(0, keys[i].second.size() / 2)});
  }
  for (int i = 0; i < 20; ++i) {
    CheckAgainst(keys, index, DrawKey());
  }
}

TEST(KeyIndex, FindsInThreeLevels) {
  std::vector<UserKey> keys;
  for (int i = 0; i < 40'000; ++i) {
    std::string digits = std::to_string(i * 3);
    keys.emplace_back(5, std::string(16 - digits.size(), '0') + digits);
  }
  KeyIndex index;
  for (const auto& [ns, key] : keys) {
    index.Add(ns, key);
  }
  index.Finish();
  for (int i = 0; i < 120'000; i += 7) {
    std::string digits = std::to_string(i);
    const std::string key = std::string(16 - digits.size(), '0') + digits;
    EXPECT_EQ(index.FindLastAtOrBelow(5, key), static_cast<size_t>(i / 3));
  }
  EXPECT_EQ(index.FindLastAtOrBelow(4, "zzz"), std::nullopt);
  EXPECT_EQ(index.FindLastAtOrBelow(6, ""), keys.size() - 1);
}

}  // namespace
}  // namespace veralith
