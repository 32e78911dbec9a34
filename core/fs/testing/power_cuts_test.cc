// SPDX-License-Identifier: Apache-2.0

#include "veralith/testing/power_cuts.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace veralith {
namespace {

absl::Status Append(SimulatedFileSystem& disk, const std::string& path, OpenMode mode,
                    const std::string& bytes, bool sync) {
  const auto file = disk.Open(path, mode);
  if (!file.ok()) {
    return file.status();
  }
  absl::Status status = (*file)->Append(bytes);
  if (status.ok() && sync) {
    status = (*file)->Sync();
  }
  return status;
}

// The bytes of the only file; "-" if there is none.
std::string Contents(const SimulatedFileSystem& disk) {
  const auto files = disk.Files();
  return files.empty() ? "-" : files.front().second;
}

// Notes what the check sees, and finds nothing wrong.
struct Seen {
  std::set<std::string> contents;
  PowerCutCheck check = [this](SimulatedFileSystem& disk) {
    contents.insert(Contents(disk));
    return absl::OkStatus();
  };
};

// Four steps: create, append, sync, sync directory.
void WriteDurably(SimulatedFileSystem& disk) {
  if (Append(disk, "/f", OpenMode::kCreate, "ab", true).ok()) {
    disk.SyncDirectory("/").IgnoreError();
  }
}

TEST(PowerCuts, AreInEveryStepAndAfterTheEnd) {
  std::set<uint64_t> cut_at;
  uint64_t last = 0;
  const PowerCutReport report = CutPowerAtEveryStep(
      [&](SimulatedFileSystem& disk) {
        WriteDurably(disk);
        last = disk.crashed() ? disk.steps() : 0;
      },
      [&](SimulatedFileSystem& disk) {
        EXPECT_FALSE(disk.crashed());
        cut_at.insert(last);
        return absl::OkStatus();
      });
  EXPECT_TRUE(report.status.ok()) << report.Text();
  EXPECT_EQ(report.steps, 4u);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(cut_at, (std::set<uint64_t>{0, 1, 2, 3, 4}));  // 0: after the end
  EXPECT_NE(report.Text().find("4 steps"), std::string::npos) << report.Text();
}

TEST(PowerCuts, ShowEverySurvivor) {
  Seen seen;
  EXPECT_TRUE(CutPowerAtEveryStep(&WriteDurably, seen.check).complete);
  // No name, no bytes, a size without its bytes, all of it.
  EXPECT_EQ(seen.contents, (std::set<std::string>{"-", "", std::string(2, '\0'), "ab"}));
}

TEST(PowerCuts, AfterTheEndFindWhatWasPromisedTooEarly) {
  bool promised = false;
  const auto forgets_to_sync = [&](SimulatedFileSystem& disk) {
    promised = false;
    promised = Append(disk, "/f", OpenMode::kCreate, "ab", false).ok();
  };
  const PowerCutReport report =
      CutPowerAtEveryStep(forgets_to_sync, [&](SimulatedFileSystem& disk) {
        return promised && Contents(disk) != "ab" ? absl::DataLossError("lost") : absl::OkStatus();
      });
  EXPECT_EQ(report.steps, 2u);
  EXPECT_TRUE(report.cut.starts_with("3/")) << report.Text();
}

TEST(PowerCuts, NameTheFirstErrorsCaseWhichRunsAlone) {
  const PowerCutCheck check = [](SimulatedFileSystem& disk) {
    const bool bad = Contents(disk) == std::string(2, '\0');
    disk.Remove("/f").IgnoreError();  // a check may do what it likes
    return bad ? absl::DataLossError("zeros") : absl::OkStatus();
  };
  const PowerCutReport found = CutPowerAtEveryStep(&WriteDurably, check);
  EXPECT_EQ(found.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(found.status.message(), "power cut " + found.cut + ": zeros");
  EXPECT_NE(found.disk.find("/f 2 bytes"), std::string::npos) << found.disk;
  EXPECT_NE(found.Text().find(found.disk), std::string::npos) << found.Text();
  EXPECT_FALSE(found.complete);

  const PowerCutReport alone = CutPowerAtEveryStep(&WriteDurably, check, {.only = found.cut});
  EXPECT_EQ(alone.status, found.status);
  EXPECT_EQ(alone.disk, found.disk);
  EXPECT_EQ(alone.survivors, 1u);
}

TEST(PowerCuts, AloneThatDoNotExistAreRefused) {
  Seen seen;
  for (const char* name : {"x", "0/0", "1", "1/", "1/0x", "/0", "-1/0", "6/0", "1/99"}) {
    EXPECT_EQ(CutPowerAtEveryStep(&WriteDurably, seen.check, {.only = name}).status.code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_TRUE(seen.contents.empty());
  EXPECT_TRUE(CutPowerAtEveryStep(&WriteDurably, seen.check, {.only = "5/0"}).status.ok());
  EXPECT_EQ(seen.contents, (std::set<std::string>{"ab"}));
}

TEST(PowerCuts, NeedAProgramThatDoesTheSameEachTime) {
  int runs = 0;
  const auto other_bytes = [&](SimulatedFileSystem& disk) {
    Append(disk, "/f", OpenMode::kCreate, std::to_string(++runs), true).IgnoreError();
  };
  const auto fewer_steps = [&](SimulatedFileSystem& disk) {
    if (++runs <= 2) {
      WriteDurably(disk);
    }
  };
  Seen seen;
  EXPECT_EQ(CutPowerAtEveryStep(other_bytes, seen.check).status.code(),
            absl::StatusCode::kFailedPrecondition);
  runs = 0;
  EXPECT_EQ(CutPowerAtEveryStep(fewer_steps, seen.check).status.code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(seen.contents.empty());
}

TEST(PowerCuts, BeginWithTheDiskThatIsGiven) {
  SimulatedFileSystem start;
  WriteDurably(start);
  const auto append = [](SimulatedFileSystem& disk) {
    Append(disk, "/f", OpenMode::kReadWrite, "cd", true).IgnoreError();
  };
  Seen seen;
  EXPECT_TRUE(CutPowerAtEveryStep(append, seen.check, {.start = &start}).complete);
  EXPECT_EQ(seen.contents, (std::set<std::string>{"ab", std::string("ab\0\0", 4), "abcd"}));
  EXPECT_EQ(Contents(start), "ab");
}

TEST(PowerCuts, LeaveSurvivorsOutBeyondTheBoundAndSaySo) {
  Seen seen;
  const PowerCutReport report =
      CutPowerAtEveryStep(&WriteDurably, seen.check, {.survivors_per_cut = 1});
  EXPECT_TRUE(report.status.ok());
  EXPECT_FALSE(report.complete);
  EXPECT_EQ(report.survivors, report.steps + 1);
}

TEST(PowerCuts, VaryOnlyTheFilesThatTheyAreToldTo) {
  Seen seen;
  CutPowerAtEveryStep(&WriteDurably, seen.check,
                      {.varies = [](const std::string& path) { return path != "/f"; }});
  EXPECT_FALSE(seen.contents.contains("-"));  // the name is kept, its bytes are not
  EXPECT_TRUE(seen.contents.contains(std::string(2, '\0')));
}

}  // namespace
}  // namespace veralith
