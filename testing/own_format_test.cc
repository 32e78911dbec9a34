// SPDX-License-Identifier: Apache-2.0

// The kit on a program that keeps settings in a file of its own format, without a database. The
// right program survives every power cut and every fault; each of the usual mistakes is found.
#include <memory>
#include <span>
#include <string>

#include "gtest/gtest.h"
#include "veralith/file_system.h"
#include "veralith/testing/fault_plan.h"
#include "veralith/testing/power_cuts.h"
#include "veralith/testing/simulated_file_system.h"

namespace {

using veralith::CutPowerAtEveryStep;
using veralith::FileSystem;
using veralith::OpenMode;
using veralith::PowerCutReport;
using veralith::SimulatedFileSystem;

enum class Mistake {
  kNone,
  kWritesInPlace,        // into the file that readers use
  kForgetsTheFile,       // no sync of the new file
  kForgetsTheDirectory,  // no sync of its name
  kIgnoresAFailedSync,   // takes an error of the disk for done
};

absl::Status WriteNew(FileSystem& disk, const std::string& path, const std::string& bytes,
                      Mistake mistake) {
  if (const auto old = disk.Exists(path); !old.ok() || *old) {  // what a crash left
    if (absl::Status removed = old.ok() ? disk.Remove(path) : old.status(); !removed.ok()) {
      return removed;
    }
  }
  const auto file = disk.Open(path, OpenMode::kCreate);
  if (!file.ok()) {
    return file.status();
  }
  absl::Status status = (*file)->Append(bytes);
  if (status.ok() && mistake != Mistake::kForgetsTheFile) {
    status = (*file)->Sync();
  }
  return mistake == Mistake::kIgnoresAFailedSync && !veralith::IsSimulatedCrash(status)
             ? absl::OkStatus()
             : status;
}

absl::Status WriteInPlace(FileSystem& disk, const std::string& bytes) {
  const auto file = disk.Open("/settings", OpenMode::kReadWrite);
  if (!file.ok()) {
    return file.status();
  }
  absl::Status status = (*file)->WriteAt(0, bytes);
  status.Update(status.ok() ? (*file)->Sync() : status);
  return status;
}

// Saves the settings: OK means that they are there after a power cut.
absl::Status Save(FileSystem& disk, const std::string& bytes, Mistake mistake) {
  if (mistake == Mistake::kWritesInPlace) {
    return WriteInPlace(disk, bytes);
  }
  absl::Status status = WriteNew(disk, "/settings.new", bytes, mistake);
  if (status.ok()) {
    status = disk.Rename("/settings.new", "/settings");
  }
  if (status.ok() && mistake != Mistake::kForgetsTheDirectory) {
    status = disk.SyncDirectory("/");
  }
  return status;
}

absl::StatusOr<std::string> Load(FileSystem& disk) {
  const auto file = disk.Open("/settings", OpenMode::kRead);
  if (!file.ok()) {
    return file.status();
  }
  std::string bytes(4096, '\0');
  const absl::StatusOr<size_t> count = (*file)->ReadAt(0, std::span(bytes.data(), bytes.size()));
  if (!count.ok()) {
    return count.status();
  }
  bytes.resize(*count);
  return bytes;
}

// Longer than a sector, of which a disk writes all or nothing.
const std::string kOld(1000, 'o');
const std::string kNew(1000, 'n');

// Saves new settings over old ones, cuts the power at every step, and loads what is left.
PowerCutReport CutThePower(Mistake mistake, const std::string& faults = "",
                           const std::string& only = "") {
  SimulatedFileSystem start;
  EXPECT_TRUE(Save(start, kOld, Mistake::kNone).ok());
  bool saved = false;
  const auto program = [&](SimulatedFileSystem& disk) {
    disk.SetFaults(*veralith::ParseFaultPlan(faults));
    saved = Save(disk, kNew, mistake).ok();
  };
  const auto check = [&](SimulatedFileSystem& disk) {
    const absl::StatusOr<std::string> settings = Load(disk);
    if (!settings.ok()) {
      return settings.status();
    }
    if (saved && *settings != kNew) {
      return absl::DataLossError("the settings were saved, and are not there");
    }
    return *settings == kOld || *settings == kNew
               ? absl::OkStatus()
               : absl::DataLossError("neither the old settings nor the new ones");
  };
  return CutPowerAtEveryStep(program, check, {.start = &start, .only = only});
}

TEST(OwnFormat, TheRightProgramSurvivesEveryPowerCut) {
  const PowerCutReport report = CutThePower(Mistake::kNone);
  EXPECT_TRUE(report.status.ok()) << report.Text();
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.steps, 5u);  // create, append, sync, rename, sync directory
}

TEST(OwnFormat, TheRightProgramSurvivesEveryFaultAndAPowerCutAfterIt) {
  for (const char* effect : {"eio", "enospc", "short", "late"}) {
    for (int call = 1; call <= 8; ++call) {
      const std::string faults = "any@#" + std::to_string(call) + "=" + effect;
      const PowerCutReport report = CutThePower(Mistake::kNone, faults);
      EXPECT_TRUE(report.status.ok()) << faults << ": " << report.Text();
    }
  }
}

void ExpectFound(Mistake mistake, const std::string& faults = "") {
  const PowerCutReport found = CutThePower(mistake, faults);
  EXPECT_EQ(found.status.code(), absl::StatusCode::kDataLoss) << found.Text();
  const PowerCutReport again = CutThePower(mistake, faults, found.cut);
  EXPECT_EQ(again.status, found.status);
  EXPECT_EQ(again.survivors, 1u);
}

TEST(OwnFormat, EachUsualMistakeIsFoundAndItsCaseFailsAlone) {
  ExpectFound(Mistake::kWritesInPlace);
  ExpectFound(Mistake::kForgetsTheFile);
  ExpectFound(Mistake::kForgetsTheDirectory);
}

TEST(OwnFormat, AFailedSyncThatIsIgnoredIsFoundByAFault) {
  EXPECT_TRUE(CutThePower(Mistake::kIgnoresAFailedSync).status.ok());
  ExpectFound(Mistake::kIgnoresAFailedSync, "sync@settings.new#1=eio");
}

}  // namespace
