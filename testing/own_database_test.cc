// SPDX-License-Identifier: Apache-2.0

// The kit on a program that keeps accounts in a database: money moves between them, and none is
// ever lost or made. The right program survives every power cut, also one in its recovery; each of
// the usual mistakes is found.
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/testing/power_cuts.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace {

using veralith::CutPowerAtEveryStep;
using veralith::Db;
using veralith::PowerCutOptions;
using veralith::PowerCutReport;
using veralith::SimulatedClock;
using veralith::SimulatedExecutor;
using veralith::SimulatedFileSystem;
using veralith::SyncMode;

constexpr int kAll = 100;

enum class Mistake {
  kNone,
  kTwoWrites,       // takes the money in one write, gives it in another
  kForgetsTheSync,  // says that it is done before it is on the disk
};

// One process: its time and its background work are a matter of the seed alone.
struct Process {
  SimulatedClock clock;
  SimulatedExecutor executor{1, &clock};
  veralith::Options options;

  explicit Process(SimulatedFileSystem& disk) {
    options.file_system = &disk;
    options.clock = &clock;
    options.executor = &executor;
    options.random_seed = 1;
  }
};

absl::StatusOr<int> Balance(Db& db, const std::string& account) {
  veralith::PinnedValue value;
  const absl::StatusOr<bool> found = db.Get({}, account, &value);
  if (!found.ok()) {
    return found.status();
  }
  int balance = 0;
  if (*found) {
    std::from_chars(value.view().data(), value.view().data() + value.view().size(), balance);
  }
  return balance;
}

// Sets both balances; OK means that a power cut does not undo it.
absl::Status Set(Db& db, int giver, int taker, Mistake mistake) {
  const SyncMode sync = mistake == Mistake::kForgetsTheSync ? SyncMode::kManual : SyncMode::kCommit;
  if (mistake == Mistake::kTwoWrites) {
    absl::Status status = db.Put({.sync = sync}, "giver", std::to_string(giver));
    return status.ok() ? db.Put({.sync = sync}, "taker", std::to_string(taker)) : status;
  }
  veralith::WriteBatch batch;
  batch.Put("giver", std::to_string(giver));
  batch.Put("taker", std::to_string(taker));
  return db.Write({.sync = sync}, batch).status();
}

// Gives the money away in three parts; returns how much was moved for certain.
int MoveMoney(SimulatedFileSystem& disk, Mistake mistake) {
  Process process(disk);
  const auto db = Db::Open("/bank", process.options);
  int moved = 0;
  for (const int part : {10, 40, 50}) {
    if (!db.ok() || !Set(**db, kAll - moved - part, moved + part, mistake).ok()) {
      break;
    }
    moved += part;
  }
  if (mistake == Mistake::kForgetsTheSync) {
    disk.CrashNow();  // nobody closes the database: that would sync it
  }
  return moved;
}

absl::Status CheckBank(SimulatedFileSystem& disk, int moved) {
  Process process(disk);
  const auto db = Db::Open("/bank", process.options);
  if (!db.ok()) {
    return db.status();
  }
  const absl::StatusOr<int> giver = Balance(**db, "giver");
  const absl::StatusOr<int> taker = Balance(**db, "taker");
  if (!giver.ok() || !taker.ok()) {
    return giver.ok() ? taker.status() : giver.status();
  }
  if (*giver + *taker != kAll) {
    return absl::DataLossError("the sum is " + std::to_string(*giver + *taker));
  }
  return *taker >= moved ? absl::OkStatus() : absl::DataLossError("moved money came back");
}

PowerCutReport CutThePower(Mistake mistake, PowerCutOptions options = {}) {
  SimulatedFileSystem start;
  {
    Process process(start);
    const auto db = Db::Open("/bank", process.options);
    EXPECT_TRUE(db.ok() && Set(**db, kAll, 0, Mistake::kNone).ok());
  }
  options.start = &start;
  int moved = 0;
  return CutPowerAtEveryStep([&](SimulatedFileSystem& disk) { moved = MoveMoney(disk, mistake); },
                             [&](SimulatedFileSystem& disk) { return CheckBank(disk, moved); },
                             options);
}

TEST(OwnDatabase, TheRightProgramSurvivesEveryPowerCut) {
  const PowerCutReport report = CutThePower(Mistake::kNone);
  EXPECT_TRUE(report.status.ok()) << report.Text();
  EXPECT_GT(report.steps, 10u);
  EXPECT_GT(report.survivors, report.steps);
}

TEST(OwnDatabase, EachUsualMistakeIsFoundAndItsCaseFailsAlone) {
  for (const Mistake mistake : {Mistake::kTwoWrites, Mistake::kForgetsTheSync}) {
    const PowerCutReport found = CutThePower(mistake);
    EXPECT_EQ(found.status.code(), absl::StatusCode::kDataLoss) << found.Text();
    const PowerCutReport again = CutThePower(mistake, {.only = found.cut});
    EXPECT_EQ(again.status, found.status);
    EXPECT_EQ(again.survivors, 1u);
  }
}

// The power fails while a transfer runs, and again while the next process recovers from it.
TEST(OwnDatabase, ASecondPowerCutDuringRecoveryLosesNothing) {
  uint64_t recoveries = 0;
  const PowerCutReport report = CutPowerAtEveryStep(
      [](SimulatedFileSystem& disk) {
        Process process(disk);
        const auto db = Db::Open("/bank", process.options);
        if (db.ok()) {
          Set(**db, kAll, 0, Mistake::kNone).IgnoreError();
        }
      },
      [&recoveries](SimulatedFileSystem& survivor) {
        const auto recover = [](SimulatedFileSystem& disk) {
          Process process(disk);
          Db::Open("/bank", process.options).status().IgnoreError();
        };
        const auto check = [](SimulatedFileSystem& disk) {
          Process process(disk);
          const auto db = Db::Open("/bank", process.options);
          return db.ok() ? Balance(**db, "giver").status() : db.status();
        };
        const PowerCutReport again =
            CutPowerAtEveryStep(recover, check, {.start = &survivor, .survivors_per_cut = 4});
        recoveries += again.steps;
        return again.status;
      },
      {.survivors_per_cut = 4});
  EXPECT_TRUE(report.status.ok()) << report.Text();
  EXPECT_GT(recoveries, 0u);
}

}  // namespace
