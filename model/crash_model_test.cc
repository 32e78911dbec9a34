// SPDX-License-Identifier: Apache-2.0

#include "model/crash_model.h"

#include <string>

#include "gtest/gtest.h"

namespace veralith::model {
namespace {

Write Put(std::string key, std::string value) {
  return {Write::Kind::kPut, 0, std::move(key), std::move(value), std::nullopt};
}
Write Delete(std::string key) {
  return {Write::Kind::kDelete, 0, std::move(key), "", std::nullopt};
}

CrashModel ThreeCommitsOneSynced() {
  CrashModel model;
  model.Acknowledged(10, {Put("a", "1")}, /*synced=*/true);
  model.Acknowledged(20, {Put("b", "2"), Put("c", "2")}, false);
  model.Acknowledged(30, {Put("d", "3")}, false);
  return model;
}

const Row kA{"a", "1", 10}, kB{"b", "2", 20}, kC{"c", "2", 20}, kD{"d", "3", 30};

TEST(CrashModel, EveryPrefixThatHoldsWhatWasSyncedIsLegal) {
  EXPECT_EQ(ThreeCommitsOneSynced().Crash({{{0, {kA}}}, 10}), Agree());
  EXPECT_EQ(ThreeCommitsOneSynced().Crash({{{0, {kA, kB, kC}}}, 20}), Agree());
  EXPECT_EQ(ThreeCommitsOneSynced().Crash({{{0, {kA, kB, kC, kD}}}, 30}), Agree());
}

TEST(CrashModel, NothingElseIs) {
  EXPECT_NE(ThreeCommitsOneSynced().Crash({{}, 0}), Agree()) << "the synced commit is gone";
  EXPECT_NE(ThreeCommitsOneSynced().Crash({{{0, {kA, kB}}}, 20}), Agree()) << "half a batch";
  EXPECT_NE(ThreeCommitsOneSynced().Crash({{{0, {kA, kD}}}, 30}), Agree()) << "a hole";
  EXPECT_NE(ThreeCommitsOneSynced().Crash({{{0, {kA, kB, kC}}}, 30}), Agree())
      << "the newest commit is not there, its timestamp is";
  EXPECT_NE(ThreeCommitsOneSynced().Crash({{{0, {kA, kB, kC, {"d", "3", 31}}}}, 31}), Agree())
      << "another timestamp";
}

TEST(CrashModel, AKilledProcessLosesNothingAcknowledged) {
  EXPECT_EQ(ThreeCommitsOneSynced().Kill({{{0, {kA, kB, kC, kD}}}, 30}), Agree());
  EXPECT_NE(ThreeCommitsOneSynced().Kill({{{0, {kA, kB, kC}}}, 20}), Agree());
}

TEST(CrashModel, WhatRecoveryShowedIsTheStateFromThenOnAndLostTimestampsStayUsed) {
  CrashModel model = ThreeCommitsOneSynced();
  ASSERT_EQ(model.Crash({{{0, {kA}}}, 10}), Agree());
  EXPECT_EQ(model.lost(), 2u);
  EXPECT_EQ(model.used_timestamp(), 30u);
  EXPECT_EQ(model.current().last_timestamp(), 10u);
  EXPECT_NE(model.Crash({{{0, {kA, kB, kC}}}, 20}), Agree()) << "lost commits do not come back";
}

TEST(CrashModel, AFailedWriteMayHaveHappenedOrNot) {
  for (const bool happened : {false, true}) {
    CrashModel model;
    model.Acknowledged(10, {Put("a", "1")}, true);
    model.Failed({Put("b", "2"), Delete("a")});
    EXPECT_EQ(model.open_failures(), 1u);
    const Row b{"b", "2", 17};
    EXPECT_EQ(happened ? model.Crash({{{0, {b}}}, 17}) : model.Crash({{{0, {kA}}}, 10}), Agree());
    EXPECT_EQ(model.resurfaced(), happened ? 1u : 0u);
    EXPECT_EQ(model.used_timestamp(), happened ? 17u : 10u);
    EXPECT_EQ(model.open_failures(), 0u);
  }
  CrashModel model;
  model.Acknowledged(10, {Put("a", "1")}, true);
  model.Failed({Put("b", "2"), Delete("a")});
  EXPECT_NE(model.Crash({{{0, {kA, {"b", "2", 17}}}}, 17}), Agree()) << "half of it";
}

TEST(CrashModel, AFailedWriteBetweenOthersTakesTheTimestampItsRowsShow) {
  CrashModel model;
  model.Acknowledged(10, {Put("a", "1")}, true);
  model.Failed({Put("b", "2")});
  model.Acknowledged(30, {Put("d", "3")}, true);
  EXPECT_EQ(model.Crash({{{0, {kA, kB, kD}}}, 30}), Agree());
  EXPECT_EQ(model.current().commits(), (std::vector<Timestamp>{10, 20, 30}));
}

TEST(CrashModel, DifferencesNameNamespaceRowAndBothSides) {
  EXPECT_EQ(DifferenceOf(KvModel::Contents{{3, {kA}}}, KvModel::Contents{{3, {kB}}}).words(),
            "namespace 3, row 0: expected \"a\" = \"1\" @10, found \"b\" = \"2\" @20 "
            "(1 rows expected, 1 found)");
  EXPECT_EQ(DifferenceOf(KvModel::Contents{{3, {kA}}}, KvModel::Contents{{3, {kA}}}), Agree());
  EXPECT_NE(DifferenceOf(KvModel::Contents{}, KvModel::Contents{{3, {kA}}}), Agree());
}

}  // namespace
}  // namespace veralith::model
