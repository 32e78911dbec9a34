// SPDX-License-Identifier: Apache-2.0

#include "core/base/memory_budget.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

constexpr size_t kMost = 1000;

struct Database {
  explicit Database(const std::shared_ptr<MemoryBudget>& budget)
      : account(std::make_shared<MemoryAccount>(budget)), active(NewCharge()) {
    account->Join(0, [this] { ++asked; });
  }
  ~Database() { account->Leave(); }

  std::unique_ptr<MemoryCharge> NewCharge() { return std::make_unique<MemoryCharge>(account); }
  void Grow(size_t bytes) { active->RaiseTo(active->bytes() + bytes); }
  void Freeze() {
    frozen.push_back(std::exchange(active, NewCharge()));
    account->Froze();
  }

  std::shared_ptr<MemoryAccount> account;
  std::unique_ptr<MemoryCharge> active;
  std::vector<std::unique_ptr<MemoryCharge>> frozen;
  int asked = 0;
};

class MemoryBudgetTest : public ::testing::Test {
 protected:
  int grown_ = 0;
  const std::shared_ptr<MemoryBudget> budget_ =
      std::make_shared<MemoryBudget>(kMost, [this] { ++grown_; });
};

TEST_F(MemoryBudgetTest, TheLargestIsAskedOnceMoreThanHalfIsBeingFilled) {
  Database small(budget_);
  Database large(budget_);
  small.Grow(200);
  large.Grow(300);
  EXPECT_EQ(small.asked + large.asked, 0);
  small.Grow(1);
  EXPECT_EQ(small.asked, 0);
  EXPECT_EQ(large.asked, 1);
  EXPECT_TRUE(large.account->is_asked());
  EXPECT_FALSE(small.account->is_asked());
  EXPECT_EQ(grown_, 3);
}

TEST_F(MemoryBudgetTest, OneIsAskedOnceUntilItHasFrozen) {
  Database one(budget_);
  one.Grow(501);
  one.Grow(501);
  EXPECT_EQ(one.asked, 1);
  one.Freeze();
  EXPECT_FALSE(one.account->is_asked());
  one.Grow(500);
  EXPECT_EQ(one.asked, 1);
  one.Grow(1);
  EXPECT_EQ(one.asked, 2);
}

TEST_F(MemoryBudgetTest, WhatIsAskedOrFrozenLeavesTheHalfToTheOthers) {
  Database one(budget_);
  Database other(budget_);
  one.Grow(600);
  other.Grow(400);
  EXPECT_EQ(other.asked, 0);
  one.Freeze();
  EXPECT_EQ(other.asked, 0);
  one.frozen.clear();
  one.Grow(100);
  EXPECT_EQ(one.asked, 1);
  EXPECT_EQ(other.asked, 0);
  one.Grow(1);
  EXPECT_EQ(one.asked, 1);
  EXPECT_EQ(other.asked, 1);
}

TEST_F(MemoryBudgetTest, BeyondTheBudgetEachHasItsShareOfTheHalf) {
  Database waiting(budget_);
  Database one(budget_);
  waiting.Grow(600);
  waiting.Freeze();
  one.Grow(300);
  waiting.Grow(100);
  EXPECT_EQ(one.asked, 0);
  waiting.Grow(1);  // 1001
  EXPECT_EQ(one.asked, 1);
  EXPECT_EQ(waiting.asked, 1);
  waiting.Grow(149);
  EXPECT_EQ(waiting.asked, 1);
  waiting.Grow(1);
  EXPECT_EQ(waiting.asked, 2);
}

TEST_F(MemoryBudgetTest, OfEqualsTheFirstIsAsked) {
  Database first(budget_);
  Database second(budget_);
  second.Grow(251);
  first.Grow(251);
  EXPECT_EQ(first.asked, 1);
  EXPECT_EQ(second.asked, 0);
}

TEST_F(MemoryBudgetTest, WhoJoinsWithMoreThanTheHalfIsAsked) {
  const auto account = std::make_shared<MemoryAccount>(budget_);
  MemoryCharge recovered(account);
  recovered.RaiseTo(600);  // no member yet: nobody asks
  int asked = 0;
  account->Join(600, [&asked] { ++asked; });
  EXPECT_EQ(asked, 1);
  account->Leave();
  EXPECT_FALSE(account->is_asked());
  EXPECT_EQ(budget_->bytes(), 600u);
}

TEST_F(MemoryBudgetTest, WhoHasLeftIsNotAskedAndFillsNothing) {
  Database one(budget_);
  {
    Database gone(budget_);
    gone.Grow(400);
    gone.account->Leave();
    gone.Grow(400);
    EXPECT_EQ(gone.asked, 0);
    one.Grow(400);
    EXPECT_EQ(budget_->bytes(), 1200u);
  }
  EXPECT_EQ(budget_->bytes(), 400u);
  EXPECT_EQ(one.asked, 0);
}

TEST_F(MemoryBudgetTest, WithoutAnAccountNothingCounts) {
  MemoryCharge charge(nullptr);
  charge.RaiseTo(700);
  EXPECT_FALSE(charge.counts());
  EXPECT_EQ(charge.bytes(), 0u);
}

// Whatever is called, sums are exact, and what nobody was asked for keeps to the half.
TEST_F(MemoryBudgetTest, SumsAreExactAfterAnyCalls) {
  Random random(7);
  std::vector<std::unique_ptr<Database>> databases;
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t what = random.Next() % 100;
    if (databases.empty() || (what == 0 && databases.size() < 6)) {
      databases.push_back(std::make_unique<Database>(budget_));
      continue;
    }
    const size_t which = random.Next() % databases.size();
    Database& database = *databases[which];
    const size_t grew = random.Next() % 90;
    if (what < 70) {
      database.Grow(grew);
    } else if (what < 85 || database.account->is_asked()) {
      database.Freeze();
    } else if (what < 98) {
      database.frozen.clear();
    } else {
      databases.erase(databases.begin() + static_cast<ptrdiff_t>(which));
    }
    size_t all = 0;
    size_t unasked = 0;
    for (const auto& each : databases) {
      size_t bytes = each->active->bytes();
      unasked += each->account->is_asked() ? 0 : bytes;
      for (const auto& frozen : each->frozen) {
        bytes += frozen->bytes();
      }
      ASSERT_EQ(each->account->bytes(), bytes);
      all += bytes;
    }
    ASSERT_EQ(budget_->bytes(), all);
    ASSERT_LE(unasked, kMost / 2);
    if (what < 70 && all > kMost && grew > 0) {  // that was a charge
      for (const auto& each : databases) {
        ASSERT_TRUE(each->account->is_asked() ||
                    each->active->bytes() <= kMost / 2 / databases.size());
      }
    }
  }
}

TEST(MemoryBudgetThreads, WhatAllChargeAndGiveBackIsNothingInTheEnd) {
  const auto budget = std::make_shared<MemoryBudget>(kMost, [] {});
  std::vector<std::thread> threads;
  for (int number = 0; number < 3; ++number) {
    threads.emplace_back([&budget] {
      Database database(budget);
      for (int i = 0; i < 5000; ++i) {
        database.Grow(10);
        if (database.account->is_asked()) {
          database.Freeze();
        }
        if (database.frozen.size() > 2) {
          database.frozen.clear();
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(budget->bytes(), 0u);
}

}  // namespace
}  // namespace veralith
