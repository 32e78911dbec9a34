// SPDX-License-Identifier: Apache-2.0

// The specification by example: if one of these is wrong, every other check is wrong.
#include "model/kv_model.h"

#include <string>

#include "gtest/gtest.h"

namespace veralith::model {
namespace {

Write Put(NamespaceId ns, std::string key, std::string value) {
  return {Write::Kind::kPut, ns, std::move(key), std::move(value), std::nullopt};
}
Write Delete(NamespaceId ns, std::string key) {
  return {Write::Kind::kDelete, ns, std::move(key), "", std::nullopt};
}
Write DeleteRange(NamespaceId ns, std::string begin, std::optional<std::string> end) {
  return {Write::Kind::kDeleteRange, ns, std::move(begin), "", std::move(end)};
}
std::string Keys(const std::vector<Row>& rows) {
  std::string keys;
  for (const Row& row : rows) {
    keys += row.key + ",";
  }
  return keys;
}

TEST(KvModel, NewestAtOrBeforeTheReadPointWins) {
  KvModel model;
  model.Commit(10, {Put(0, "a", "1")});
  model.Commit(20, {Put(0, "a", "2")});
  EXPECT_FALSE(model.Get(0, "a", 9).has_value());
  EXPECT_EQ(model.Get(0, "a", 10), (Row{"a", "1", 10}));
  EXPECT_EQ(model.Get(0, "a", 19)->value, "1");
  EXPECT_EQ(model.Get(0, "a", 20), (Row{"a", "2", 20}));
  EXPECT_EQ(model.last_timestamp(), 20u);
}

TEST(KvModel, TombstonesHideOlderVersionsOnly) {
  KvModel model;
  model.Commit(10, {Put(0, "a", "1")});
  model.Commit(20, {Delete(0, "a")});
  model.Commit(30, {Put(0, "a", "3")});
  EXPECT_TRUE(model.Get(0, "a", 19).has_value());
  EXPECT_FALSE(model.Get(0, "a", 29).has_value());
  EXPECT_EQ(model.Get(0, "a", 30)->value, "3");
}

TEST(KvModel, RangeTombstonesCoverTheirRangeOfTheirNamespace) {
  KvModel model;
  model.Commit(10, {Put(0, "a", "1"), Put(0, "b", "1"), Put(0, "c", "1"), Put(1, "b", "1")});
  model.Commit(20, {DeleteRange(0, "a", "c")});
  EXPECT_EQ(Keys(model.Scan(0, {}, {}, 19)), "a,b,c,");
  EXPECT_EQ(Keys(model.Scan(0, {}, {}, 20)), "c,");
  EXPECT_EQ(Keys(model.Scan(1, {}, {}, 20)), "b,");
  model.Commit(30, {DeleteRange(0, "b", std::nullopt)});
  model.Commit(40, {Put(0, "b", "4")});
  EXPECT_EQ(Keys(model.Scan(0, {}, {}, 39)), "");
  EXPECT_EQ(Keys(model.Scan(0, {}, {}, 40)), "b,");
}

TEST(KvModel, ABatchAppliesInOrderAndReducesToTheLastWritePerKey) {
  KvModel model;
  model.Commit(10, {Put(0, "a", "1"), DeleteRange(0, "a", "c"), Put(0, "b", "2"), Delete(0, "d"),
                    Put(0, "d", "3"), Put(0, "e", "4"), Delete(0, "e")});
  EXPECT_EQ(Keys(model.Scan(0, {}, {}, 10)), "b,d,");
}

TEST(KvModel, ReduceDropsWhatLaterWritesReplaceAndEmptyRanges) {
  const std::vector<Write> reduced =
      Reduce({Put(0, "a", "1"), Put(1, "a", "1"), Delete(0, "a"), DeleteRange(0, "c", "c"),
              DeleteRange(0, "d", "b"), Put(0, "x", "1"), DeleteRange(0, "w", std::nullopt)});
  ASSERT_EQ(reduced.size(), 3u);
  EXPECT_EQ(reduced[0], Put(1, "a", "1"));
  EXPECT_EQ(reduced[1], Delete(0, "a"));
  EXPECT_EQ(reduced[2], DeleteRange(0, "w", std::nullopt));
}

TEST(KvModel, ScanLimitsAreExact) {
  KvModel model;
  model.Commit(10, {Put(0, "", "v"), Put(0, "a", "v"), Put(0, std::string("a\0", 2), "v"),
                    Put(0, "ab", "v"), Put(0, "b", "v"), Put(0, "\xff", "v")});
  EXPECT_EQ(Keys(model.Scan(0, Bound::Inclusive("a"), Bound::Inclusive("b"), 10)),
            std::string("a,a\0,ab,b,", 10));
  EXPECT_EQ(Keys(model.Scan(0, Bound::Exclusive("a"), Bound::Exclusive("b"), 10)),
            std::string("a\0,ab,", 6));
  EXPECT_EQ(Keys(model.Scan(0, Bound::Exclusive(""), Bound::Inclusive("a"), 10)), "a,");
  EXPECT_EQ(Keys(model.Scan(0, Bound::Inclusive("b"), Bound::Inclusive("a"), 10)), "");
  EXPECT_EQ(Keys(model.Scan(0, Bound::Exclusive("b"), Bound::Open(), 10)), "\xff,");
}

}  // namespace
}  // namespace veralith::model
