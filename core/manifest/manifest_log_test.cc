// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/manifest_log.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "core/fs/testing/temporary_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kDatabaseId = 0x1234'5678'9abc'def0;

class ManifestLogTest : public ::testing::Test {
 protected:
  std::string Path(std::string_view name) { return JoinPath(directory_.path(), name); }

  std::string Read(const std::string& path) {
    auto text = ReadWholeFile(*fs_, path, 1 << 20);
    EXPECT_TRUE(text.ok()) << text.status();
    return *std::move(text);
  }
  void Write(const std::string& path, std::string_view bytes) {
    (void)fs_->Remove(path);
    auto file = fs_->Open(path, OpenMode::kCreate);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Append(bytes).ok());
  }

  absl::StatusOr<std::optional<RecoveredManifest>> Recover() {
    auto names = fs_->List(directory_.path());
    EXPECT_TRUE(names.ok());
    return RecoverManifest(fs_, directory_.path(), *names);
  }
  std::string RecoveryError() {
    const auto recovered = Recover();
    EXPECT_EQ(recovered.status().code(), absl::StatusCode::kDataLoss) << recovered.status();
    return std::string(Message(recovered.status()));
  }

  static ManifestState Fresh() {
    ManifestState state;
    state.database_id = kDatabaseId;
    state.next_file_number = 2;
    return state;
  }
  std::unique_ptr<ManifestLog> Create(uint64_t number = 1, ManifestState state = Fresh(),
                                      ManifestLimits limits = {}) {
    state.next_file_number = std::max(state.next_file_number, number + 1);
    auto log = ManifestLog::Create(fs_, directory_.path(), number, state, limits);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  // The i-th edit in a life of flushes, compactions and log switches.
  static VersionEdit Edit(uint64_t i) {
    VersionEdit edit;
    FileMeta file;
    file.number = 10 + i;
    file.bytes = 1000 + i;
    file.entries = 5;
    file.smallest_key = "a";
    file.largest = {3, "end " + std::to_string(i), KeyBound::Kind::kExclusive};
    file.min_ts = 10 * i + 1;
    file.max_ts = 10 * i + 9;
    edit.added_files.push_back({0, i + 1, file});
    if (i > 0) {
      edit.removed_files.push_back({0, 9 + i});
      edit.removed_logs.push_back(1000 + i - 1);
    }
    edit.added_logs.push_back({1000 + i, 77 * i});
    edit.timestamp_ceiling = 100 * (i + 1);
    edit.last_timestamp = file.max_ts;
    return edit;
  }

  // Edits 0..n-1 in MANIFEST-000001; all states, and where each record ended.
  struct Life {
    std::vector<ManifestState> states;
    std::vector<uint64_t> ends;
  };
  Life Live(uint64_t n) {
    auto log = Create();
    Life life{{Fresh()}, {log->bytes()}};
    for (uint64_t i = 0; i < n; ++i) {
      EXPECT_TRUE(log->Append(Edit(i)).ok());
      auto next = life.states.back().Apply(Edit(i));
      EXPECT_TRUE(next.ok()) << next.status();
      life.states.push_back(*next);
      life.ends.push_back(log->bytes());
    }
    return life;
  }

  TemporaryDirectory directory_;
  FileSystem* fs_ = PosixFileSystem();
};

TEST_F(ManifestLogTest, RecoversEveryEdit) {
  const Life life = Live(5);
  const auto recovered = Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ((*recovered)->state, life.states.back());
  EXPECT_EQ((*recovered)->records, 6u);
  EXPECT_EQ((*recovered)->discarded_bytes, 0u);
}

TEST_F(ManifestLogTest, AnEmptyDirectoryHoldsNoDatabase) {
  Write(Path("LOCK"), "");
  Write(Path("notes.txt"), "not ours");
  const auto recovered = Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_FALSE(recovered->has_value());
}

// Hazard R1: a missing pointer never opens an empty database over the data.
TEST_F(ManifestLogTest, AMissingCurrentIsDataLossWhileAnyDataIsThere) {
  Live(1);
  ASSERT_TRUE(fs_->Remove(Path("CURRENT")).ok());
  EXPECT_THAT(RecoveryError(), HasSubstr("MANIFEST-000001 exists"));
  ASSERT_TRUE(fs_->Remove(Path("MANIFEST-000001")).ok());
  for (const char* name : {"000012.parquet", "000012.log"}) {
    Write(Path(name), "");
    EXPECT_THAT(RecoveryError(), HasSubstr(std::string(name) + " exists"));
    EXPECT_THAT(RecoveryError(), HasSubstr("restore the directory from a backup"));
    ASSERT_TRUE(fs_->Remove(Path(name)).ok());
  }
}

// Hazard R1: damage while CURRENT is missing is no unfinished creation.
TEST_F(ManifestLogTest, AMissingCurrentIsDataLossOverADamagedManifest) {
  const Life life = Live(2);
  ASSERT_TRUE(fs_->Remove(Path("CURRENT")).ok());
  std::string bytes = Read(Path("MANIFEST-000001"));
  bytes[life.ends[0] - 9] ^= 1;
  Write(Path("MANIFEST-000001"), bytes);
  EXPECT_THAT(RecoveryError(), HasSubstr("CURRENT is missing"));
}

// Hazard R7: a creation that a crash interrupted anywhere is simply begun again.
TEST_F(ManifestLogTest, AnUnfinishedCreationHoldsNoDatabase) {
  Create();
  ASSERT_TRUE(fs_->Rename(Path("CURRENT"), Path("CURRENT.tmp")).ok());
  const std::string bytes = Read(Path("MANIFEST-000001"));
  for (size_t size = 0; size <= bytes.size(); ++size) {
    Write(Path("MANIFEST-000001"), bytes.substr(0, size));
    const auto recovered = Recover();
    ASSERT_TRUE(recovered.ok()) << size << ": " << recovered.status();
    EXPECT_FALSE(recovered->has_value()) << size;
  }
}

// Hazard R1: if the manifest is missing or its snapshot is bad, it never reads as empty.
TEST_F(ManifestLogTest, ACurrentWithoutAManifestIsDataLoss) {
  const Life life = Live(1);
  const std::string bytes = Read(Path("MANIFEST-000001"));
  for (size_t size = 0; size < life.ends[0]; ++size) {
    Write(Path("MANIFEST-000001"), bytes.substr(0, size));
    EXPECT_THAT(RecoveryError(), HasSubstr("MANIFEST-000001 at offset 0: no snapshot")) << size;
  }
  ASSERT_TRUE(fs_->Remove(Path("MANIFEST-000001")).ok());
  EXPECT_THAT(RecoveryError(), HasSubstr("names MANIFEST-000001, which is missing"));
}

TEST_F(ManifestLogTest, EveryDamageToCurrentIsDataLoss) {
  Live(1);
  const std::string text = Read(Path("CURRENT"));
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    Write(Path("CURRENT"), damaged);
    EXPECT_THAT(RecoveryError(), HasSubstr("CURRENT at offset")) << bit;
  }
  for (size_t size = 0; size < text.size(); ++size) {
    Write(Path("CURRENT"), text.substr(0, size));
    EXPECT_THAT(RecoveryError(), HasSubstr("CURRENT at offset")) << size;
  }
  Write(Path("CURRENT"), text + "\n");
  EXPECT_THAT(RecoveryError(), HasSubstr("CURRENT at offset"));
  Write(Path("CURRENT"), std::string(100'000, 'x'));
  EXPECT_THAT(RecoveryError(), HasSubstr("too long"));
}

TEST_F(ManifestLogTest, ACurrentOfAnotherDatabaseIsDataLoss) {
  Live(1);
  Write(Path("CURRENT"), CurrentText({1, kDatabaseId + 1}));
  EXPECT_THAT(RecoveryError(), HasSubstr("MANIFEST-000001 at offset 0"));
}

// Every record that was synced before the cut is there, and nothing of the torn one.
TEST_F(ManifestLogTest, ATornTailIsCutAtEveryByte) {
  const Life life = Live(4);
  const std::string bytes = Read(Path("MANIFEST-000001"));
  ASSERT_EQ(bytes.size(), life.ends.back());
  size_t whole = 0;  // edits before the cut
  for (size_t size = life.ends[0]; size <= bytes.size(); ++size) {
    Write(Path("MANIFEST-000001"), bytes.substr(0, size));
    whole += whole + 1 < life.ends.size() && size == life.ends[whole + 1] ? 1 : 0;
    const auto recovered = Recover();
    ASSERT_TRUE(recovered.ok()) << size << ": " << recovered.status();
    EXPECT_EQ((*recovered)->state, life.states[whole]) << size;
    EXPECT_EQ((*recovered)->discarded_bytes, size - life.ends[whole]) << size;
  }
}

// Any flipped bit before the last record is damage, reported with its place. In the last record it
// cannot be told from a torn write, and the state before that record is what is left.
TEST_F(ManifestLogTest, AFlippedBitIsDamageOrCutsTheLastRecord) {
  const Life life = Live(3);
  const std::string bytes = Read(Path("MANIFEST-000001"));
  const uint64_t last = life.ends[life.ends.size() - 2];
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    Write(Path("MANIFEST-000001"), damaged);
    const auto recovered = Recover();
    if (bit / 8 < last) {
      EXPECT_TRUE(recovered.status().code() == absl::StatusCode::kDataLoss ||
                  recovered.status().code() == absl::StatusCode::kUnimplemented)
          << "bit " << bit << ": " << recovered.status();
      EXPECT_THAT(std::string(Message(recovered.status())), HasSubstr("MANIFEST-000001")) << bit;
    } else {
      ASSERT_TRUE(recovered.ok()) << "bit " << bit << ": " << recovered.status();
      EXPECT_EQ((*recovered)->state, life.states[life.states.size() - 2]);
    }
  }
}

// After Close even the last edit is known synced: damage to it is damage.
TEST_F(ManifestLogTest, AFlippedBitInAClosedManifestIsDamage) {
  auto log = Create();
  ASSERT_TRUE(log->Append(Edit(0)).ok());
  const uint64_t end = log->bytes();
  ASSERT_TRUE(log->Close().ok());
  EXPECT_EQ(log->Append(Edit(1)).code(), absl::StatusCode::kFailedPrecondition);
  const auto whole = Recover();
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ((*whole)->state, *Fresh().Apply(Edit(0)));
  const std::string bytes = Read(Path("MANIFEST-000001"));
  for (size_t at = 0; at < end; ++at) {
    std::string damaged = bytes;
    damaged[at] ^= 0x20;
    Write(Path("MANIFEST-000001"), damaged);
    EXPECT_FALSE(Recover().ok()) << at;
  }
}

// Hazard R2: nothing is appended after a torn tail; the next manifest is a new file.
TEST_F(ManifestLogTest, ARecoveredManifestIsReplacedNotContinued) {
  const Life life = Live(2);
  Write(Path("MANIFEST-000001"), Read(Path("MANIFEST-000001")) + "torn");
  auto recovered = Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ((*recovered)->discarded_bytes, 4u);
  auto log = Create(2000, (*recovered)->state);
  ASSERT_TRUE(log->Append(Edit(2)).ok());
  recovered = Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ((*recovered)->manifest_number, 2000u);
  EXPECT_EQ((*recovered)->state.version->FindFile(12)->number, 12u);
  EXPECT_EQ((*recovered)->state.logs.size(), 1u);
}

TEST_F(ManifestLogTest, SaysWhichEditDoesNotFit) {
  auto log = Create();
  ASSERT_TRUE(log->Append(Edit(0)).ok());
  const uint64_t offset = log->bytes();
  ASSERT_TRUE(log->Append(Edit(0)).ok()) << "the log does not judge edits";
  EXPECT_THAT(RecoveryError(),
              HasSubstr("MANIFEST-000001 at offset " + std::to_string(offset) + ": adds"));
}

TEST_F(ManifestLogTest, RollsWhenLongerThanItsLimits) {
  auto log = Create(1, Fresh(), {.roll_bytes = 600, .roll_snapshots = 1});
  uint64_t edits = 0;
  while (!log->ShouldRoll()) {
    EXPECT_LE(log->bytes(), 600u);
    ASSERT_TRUE(log->Append(Edit(edits++)).ok());
  }
  EXPECT_GT(log->bytes(), 600u);
  EXPECT_GT(edits, 1u);
}

TEST_F(ManifestLogTest, ScansAManifestWithoutCurrent) {
  const Life life = Live(3);
  std::vector<uint64_t> offsets;
  const auto visit = [&](uint64_t offset, const VersionEdit& edit) {
    offsets.push_back(offset);
    return absl::OkStatus();
  };
  const auto scan = ScanManifest(fs_, Path("MANIFEST-000001"), 1, visit);
  ASSERT_TRUE(scan.ok()) << scan.status();
  EXPECT_EQ(scan->records, 4u);
  EXPECT_EQ(offsets[1], life.ends[0]);
  EXPECT_FALSE(scan->closed);
  EXPECT_EQ(ScanManifest(fs_, Path("MANIFEST-000001"), 2, visit).status().code(),
            absl::StatusCode::kDataLoss);
}

// Edits of jobs that ran at the same time can arrive in another order than their counts were taken.
TEST(ManifestStateTest, EachOfTheBytesWrittenKeepsItsLargestAndThePolicyItsNewest) {
  VersionEdit more;
  more.written = WrittenBytes{10, 20, 30, 40};
  more.policy = CompactionPolicyKind::kTiered;
  VersionEdit less;
  less.written = WrittenBytes{9, 21, 3, 40};
  less.policy = CompactionPolicyKind::kLeveled;
  const ManifestState state = *ManifestState().Apply(more)->Apply(less);
  EXPECT_EQ(state.written, (WrittenBytes{10, 21, 30, 40}));
  EXPECT_EQ(state.policy, CompactionPolicyKind::kLeveled);
  EXPECT_EQ(*ManifestState().Apply(state.Snapshot()), state);
  EXPECT_EQ(ManifestState().Apply({})->Snapshot().policy, std::nullopt);
}

TEST(CurrentText, ReadsWell) {
  EXPECT_EQ(CurrentText({7, 255}).substr(0, 42), "MANIFEST-000007\ndatabase 00000000000000ff\n");
}

}  // namespace
}  // namespace veralith
