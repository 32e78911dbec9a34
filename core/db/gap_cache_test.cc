// SPDX-License-Identifier: Apache-2.0

#include "core/db/gap_cache.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

GapCache NotingSince(Timestamp since) {
  return GapCache([since, noting = false]() mutable {
    return std::exchange(noting, true) ? std::nullopt : std::optional(since);
  });
}

TEST(GapCache, KnowsWhatItLearnedFromThatMomentOn) {
  GapCache gaps = NotingSince(5);
  gaps.Learn(7, {0, "b", "f", false});
  KeyGap gap;
  EXPECT_TRUE(gaps.Find(0, "c", 7, &gap));
  EXPECT_EQ(gap.end, "f");
  EXPECT_FALSE(gaps.Find(0, "c", 6, &gap));
  EXPECT_FALSE(gaps.Find(0, "f", 9, &gap));
  EXPECT_FALSE(gaps.Find(1, "c", 9, &gap));
}

TEST(GapCache, APutCutsItsKeyOut) {
  GapCache gaps = NotingSince(5);
  gaps.Learn(7, {0, "b", "", true});
  EXPECT_TRUE(gaps.NotePut(0, "d", 8));
  KeyGap gap;
  EXPECT_FALSE(gaps.Find(0, "d", 9, &gap));
  EXPECT_TRUE(gaps.Find(0, "c", 9, &gap));
  EXPECT_EQ(gap.end, "d");
  EXPECT_TRUE(gaps.Find(0, "e", 9, &gap));
  EXPECT_TRUE(gap.open_end);
}

TEST(GapCache, APutBetweenAScanAndItsLearningCutsToo) {
  GapCache gaps = NotingSince(5);
  gaps.Learn(7, {0, "x", "y", false});
  EXPECT_TRUE(gaps.NotePut(0, "d", 8));
  gaps.Learn(7, {0, "b", "f", false});
  KeyGap gap;
  EXPECT_FALSE(gaps.Find(0, "d", 9, &gap));
  EXPECT_TRUE(gaps.Find(0, "b", 9, &gap));
  EXPECT_EQ(gap.end, "d");
}

TEST(GapCache, LearnsNothingOfATimeBeforeThePutsItKnows) {
  GapCache gaps = NotingSince(5);
  gaps.Learn(4, {0, "b", "f", false});
  KeyGap gap;
  EXPECT_FALSE(gaps.Find(0, "c", 9, &gap));
  for (Timestamp ts = 6; ts < 8 + GapCache::kNotedPuts; ++ts) {
    EXPECT_TRUE(gaps.NotePut(0, "z", ts));
  }
  gaps.Learn(6, {0, "b", "f", false});
  EXPECT_FALSE(gaps.Find(0, "c", 9, &gap));
  gaps.Learn(7, {0, "b", "f", false});
  EXPECT_TRUE(gaps.Find(0, "c", 9, &gap));
}

TEST(GapCache, NoKeyIsKeptThatIsTooLong) {
  const std::string long_key(GapCache::kMostKeyBytes + 1, 'c');
  GapCache gaps = NotingSince(5);
  gaps.Learn(7, {0, "b", long_key, false});
  KeyGap gap;
  EXPECT_FALSE(gaps.Find(0, "b", 9, &gap));
  gaps.Learn(7, {0, "b", "f", false});
  EXPECT_TRUE(gaps.NotePut(0, long_key, 8));
  EXPECT_FALSE(gaps.Find(0, long_key, 9, &gap));
  gaps.Learn(7, {0, "b", "f", false});
  EXPECT_FALSE(gaps.Find(0, long_key, 9, &gap));
  gaps.Learn(8, {0, "d", "f", false});
  EXPECT_TRUE(gaps.Find(0, "d", 9, &gap));
}

TEST(GapCache, PutsNeedNotBeNotedBeforeAnythingIsLearnedNorLongAfter) {
  GapCache gaps = NotingSince(5);
  EXPECT_FALSE(gaps.NotePut(0, "a", 6));
  gaps.Learn(7, {0, "b", "f", false});
  uint64_t noted = 0;
  while (gaps.NotePut(0, "z", 8 + noted)) {
    ++noted;
  }
  EXPECT_EQ(noted, GapCache::kIdlePuts);
  KeyGap gap;
  EXPECT_FALSE(gaps.Find(0, "c", 9, &gap));
}

// Compares with the keys that exist at each timestamp.
TEST(GapCache, NeverHoldsAKeyThatIsVisible) {
  Random random(1);
  GapCache gaps = NotingSince(0);
  std::vector<std::set<std::string>> states = {{}};
  const auto any_key = [&random] {
    return std::string(1, static_cast<char>('a' + random.Below(20)));
  };
  uint64_t found = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = any_key();
    const Timestamp now = states.size() - 1;
    if (random.Below(3) == 0) {
      states.push_back(states.back());
      if (random.Below(3) == 0) {
        gaps.NotePut(0, key, now + 1);
        states.back().insert(key);
      } else {
        states.back().erase(key);
      }
      continue;
    }
    const Timestamp snapshot = now - std::min<uint64_t>(now, random.Below(4) * random.Below(4));
    const std::set<std::string>& state = states[snapshot];
    const auto next = state.lower_bound(key);
    if (random.Below(2) == 0 && (next == state.end() || *next != key)) {
      gaps.Learn(snapshot, {0, key, next == state.end() ? "" : *next, next == state.end()});
      continue;
    }
    KeyGap gap;
    if (gaps.Find(0, key, snapshot, &gap)) {
      ++found;
      ASSERT_TRUE(gap.Holds(0, key));
      const auto in_gap = state.lower_bound(gap.begin);
      ASSERT_TRUE(in_gap == state.end() || !gap.Holds(0, *in_gap)) << *in_gap;
    }
  }
  EXPECT_GT(found, 1'000u);
}

}  // namespace
}  // namespace veralith
