// SPDX-License-Identifier: Apache-2.0

// After a clean Close, `veralith check` or the next opening finds every flipped bit of every byte
// that is recorded as synced: in CURRENT, the manifest, the logs (which hold records only if the
// last flush found no room) and the segments. It also finds every cut of a log.
//
// Files up to kExhaustiveBytes: every bit. Larger ones: one bit of each of kSamples random bytes.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/manifest/file_names.h"
#include "gtest/gtest.h"
#include "property_tests/generators/random_database.h"
#include "veralith/check_database.h"
#include "veralith/testing/fault_plan.h"

namespace veralith {
namespace {

constexpr uint64_t kExhaustiveBytes = 160;
constexpr uint64_t kSamples = 60;

FileKind KindOf(const std::string& path) {
  return ParseFileName(path.substr(path.rfind('/') + 1))->kind;
}

// Returns "" if nothing is found.
std::string Findings(SimulatedFileSystem& disk) {
  CheckReport report;
  const absl::Status status =
      CheckDatabase(disk, Simulation::kDirectory, /*progress=*/nullptr, &report);
  if (!status.ok()) {
    return ToString(status);
  }
  return report.damage.empty() ? "" : report.damage[0];
}

class CheckFindsDamage : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const auto seed = static_cast<uint64_t>(GetParam());
    database_ = std::make_unique<RandomDatabase>(seed);
    database_->Run(20 + 10 * GetParam());
    if (seed % 2 == 0) {
      database_->Close();
    } else {
      database_->CloseWithoutRoomForSegments();
    }
    whole_ = database_->simulation().disk().CloneWithEverything();
    // What Close left unsynced is not promised; a file whose removal is not durable does not count.
    synced_ = database_->simulation().disk().CloneWithNothingUnsynced()->Files();
    std::erase_if(synced_, [this](const auto& file) { return !*whole_->Exists(file.first); });
    ASSERT_EQ(Findings(*whole_), "");
  }

  void ExpectFound(const std::string& path, uint64_t bit) {
    const std::unique_ptr<SimulatedFileSystem> damaged = whole_->CloneWithEverything();
    damaged->FlipBit(path, bit);
    ++flips_[KindOf(path)];
    EXPECT_NE(Findings(*damaged), "") << path << ": bit " << bit % 8 << " of byte " << bit / 8;
  }

  std::unique_ptr<RandomDatabase> database_;
  std::unique_ptr<SimulatedFileSystem> whole_;
  std::vector<std::pair<std::string, std::string>> synced_;
  std::map<FileKind, int> flips_;
};

TEST_P(CheckFindsDamage, InEveryByteThatWasSynced) {
  Random random(static_cast<uint64_t>(GetParam()));
  for (const auto& [path, bytes] : synced_) {
    if (KindOf(path) == FileKind::kLock || bytes.empty()) {
      continue;
    }
    if (bytes.size() <= kExhaustiveBytes) {
      for (uint64_t bit = 0; bit < bytes.size() * 8; ++bit) {
        ExpectFound(path, bit);
      }
      continue;
    }
    for (uint64_t i = 0; i < kSamples; ++i) {
      ExpectFound(path, random.Below(bytes.size() * 8));
    }
    ExpectFound(path, bytes.size() * 8 - 1);
  }
  for (const auto& [kind, flips] : flips_) {
    RecordProperty(StrCat("flips_of_kind_", static_cast<int>(kind)), flips);
  }
  EXPECT_GT(flips_[FileKind::kCurrent], 0);
  EXPECT_GT(flips_[FileKind::kManifest], 0);
  EXPECT_GT(flips_[FileKind::kLog] + flips_[FileKind::kSegment], 0);
}

// A log that Close could not empty cannot lose its end unnoticed, wherever it is cut.
TEST_P(CheckFindsDamage, InEveryLogThatWasCut) {
  for (const auto& [path, bytes] : synced_) {
    if (KindOf(path) != FileKind::kLog) {
      continue;
    }
    for (uint64_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 100) {
      const std::unique_ptr<SimulatedFileSystem> damaged = whole_->CloneWithEverything();
      ASSERT_TRUE((*damaged->Open(path, OpenMode::kReadWrite))->Truncate(size).ok());
      EXPECT_NE(Findings(*damaged), "") << path << " cut to " << size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Histories, CheckFindsDamage, testing::Range(1, 9));

TEST(CheckFindsDamage, OfTheLastSyncedRecordOfALogThatWasLeftWhenItsSuccessorIsEmpty) {
  RandomDatabase database(1);
  database.Open();
  WriteOptions synced;
  synced.sync = SyncMode::kCommit;
  ASSERT_TRUE(database.db().Put(synced, "first", "kept").ok());
  ASSERT_TRUE(database.db().Put(synced, "last", std::string(6000, 'x')).ok());
  SimulatedFileSystem& disk = database.simulation().disk();
  disk.SetFaults(*ParseFaultPlan("create@.parquet#1+=enospc"));
  EXPECT_FALSE(database.db().Flush().ok());  // the logs have rotated
  disk.SetFaults({});
  database.Kill();
  int logs = 0;
  for (const auto& [path, bytes] : database.simulation().disk().Files()) {
    if (KindOf(path) == FileKind::kLog && !bytes.empty()) {
      ++logs;
      for (const uint64_t byte : {bytes.size() - 1, bytes.size() - 3000, bytes.size() - 6000}) {
        const auto damaged = database.simulation().disk().CloneWithEverything();
        damaged->FlipBit(path, byte * 8);
        EXPECT_NE(Findings(*damaged), "") << path << ": byte " << byte;
      }
    }
  }
  EXPECT_EQ(logs, 1);
}

}  // namespace
}  // namespace veralith
