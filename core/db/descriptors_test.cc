// SPDX-License-Identifier: Apache-2.0

// Fewer descriptors than files (hazard E2): whatever a process can write, it can open, read, merge
// and close with the descriptors that max_open_files allows.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_mapping.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"
#include "veralith/check_database.h"
#include "veralith/db.h"
#include "veralith/repair.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

constexpr int kKeys = 2000;
constexpr int kFewFiles = 20;

std::string Key(int i) { return StrCat("key", 10000 + i); }
std::string Value(int i, int life) {
  return StrCat("value ", i, " of life ", life, std::string(40, '.'));
}

class Descriptors : public ::testing::Test {
 protected:
  // Many small segments.
  Options ManySegments(int max_open_files) {
    Options options = simulation_.SmallOptions();
    options.target_segment_bytes = 1024;
    options.cache_bytes = 0;
    options.max_open_files = max_open_files;
    return options;
  }
  SimulatedFileSystem& disk() { return simulation_.disk(); }

  void PutAll(Db& db, int life) {
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_OK(db.Put({}, Key(i * 7 % kKeys), Value(i * 7 % kKeys, life)));
    }
  }
  // Reads all by lookups, and by a scan.
  void ExpectAll(Db& db, int life) {
    PinnedValue value;
    for (int i = 0; i < kKeys; i += 3) {
      const absl::StatusOr<bool> found = db.Get({}, Key(i), &value);
      ASSERT_OK(found.status());
      ASSERT_EQ(value.view(), Value(i, life));
    }
    const std::unique_ptr<DbIterator> it = db.NewIterator({});
    int i = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ASSERT_EQ(it->key(), Key(i));
      ASSERT_EQ(it->value(), Value(i, life));
      ++i;
    }
    EXPECT_OK(it->status());
    EXPECT_EQ(i, kKeys);
  }
  size_t Segments() { return SegmentPaths().size(); }
  std::vector<std::string> SegmentPaths() {
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : disk().Files()) {
      if (path.ends_with(".parquet")) {
        paths.push_back(path);
      }
    }
    return paths;
  }

  Simulation simulation_;
};

TEST_F(Descriptors, ADatabaseOfAnyNumberOfSegmentsIsWrittenAndOpenedWithFewFiles) {
  disk().SetMaxOpenFiles(kFewFiles);
  for (const int life : {1, 2}) {
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(ManySegments(kFewFiles));
    ASSERT_OK(db.status());
    PutAll(**db, life);
    ASSERT_OK((*db)->Flush());
    ASSERT_OK((*db)->WaitForBackgroundWork());
    ASSERT_GT(Segments(), 5u * kFewFiles);
    ExpectAll(**db, life);
    EXPECT_OK((*db)->CompactAll());
    ExpectAll(**db, life);
    EXPECT_OK((*db)->Check());
    EXPECT_OK((*db)->Checkpoint(StrCat("copy", life)));
    const Statistics statistics = (*db)->GetStatistics();
    EXPECT_LE(statistics.open_segments, kFewFiles);
    EXPECT_GT(statistics.segments_opened, Segments());
    EXPECT_EQ(statistics.background_error, "");
    EXPECT_OK((*db)->Close());
  }
  EXPECT_LE(disk().most_open_files(), kFewFiles);
}

TEST_F(Descriptors, ManyPiecesAndMemtablesKeepToTheLimitToo) {
  Options options = ManySegments(24);
  options.max_write_buffers = 6;
  options.max_subcompactions = 8;
  options.write_buffer_bytes = 1024;
  absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(options);
  ASSERT_OK(db.status());
  PutAll(**db, 1);
  ASSERT_OK((*db)->WaitForBackgroundWork());
  ExpectAll(**db, 1);
  EXPECT_OK((*db)->CompactAll());
  EXPECT_OK((*db)->Close());
  EXPECT_LE(disk().most_open_files(), 24u);
}

TEST_F(Descriptors, ALimitLowerThanTheDatabaseKnowsCostsSegmentsBeforeItCostsACall) {
  disk().SetMaxOpenFiles(kFewFiles);
  absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(ManySegments(-1));
  ASSERT_OK(db.status());
  PutAll(**db, 1);
  ASSERT_OK((*db)->Flush());
  ASSERT_OK((*db)->CompactAll());
  ExpectAll(**db, 1);
  EXPECT_EQ((*db)->GetStatistics().background_error, "");
  EXPECT_OK((*db)->Close());
  EXPECT_EQ(disk().most_open_files(), kFewFiles);
}

TEST_F(Descriptors, ByDefaultHalfOfTheProcessesLimitIsLeftToTheProgram) {
  disk().SetMaxOpenFiles(100);
  absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(ManySegments(0));
  ASSERT_OK(db.status());
  PutAll(**db, 1);
  ASSERT_OK((*db)->Flush());
  ASSERT_GT(Segments(), 100u);
  ExpectAll(**db, 1);
  EXPECT_OK((*db)->Close());
  EXPECT_LE(disk().most_open_files(), 50u);
}

TEST_F(Descriptors, WhenNoneIsLeftTheErrorSaysWhatToDoAndTheNextCallTriesAgain) {
  absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(ManySegments(kFewFiles));
  ASSERT_OK(db.status());
  PutAll(**db, 1);
  ASSERT_OK((*db)->Flush());
  ASSERT_OK((*db)->WaitForBackgroundWork());
  disk().SetMaxOpenFiles(1);  // the program has taken all others
  PinnedValue value;
  int failed = 0;
  for (int i = 0; i < kKeys; i += 100) {
    const absl::Status status = (*db)->Get({}, Key(i), &value).status();
    failed += status.ok() ? 0 : 1;
    EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << ToString(status);
    EXPECT_TRUE(status.ok() || ToString(status).find("ulimit -n") != std::string::npos);
  }
  EXPECT_GT(failed, 0);
  disk().SetMaxOpenFiles(kFewFiles);
  ExpectAll(**db, 1);
  EXPECT_OK((*db)->Close());
}

TEST_F(Descriptors, AnIteratorReadsSegmentsThatAreCompactedAwayAndNotOpen) {
  absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(ManySegments(kFewFiles));
  ASSERT_OK(db.status());
  PutAll(**db, 1);
  ASSERT_OK((*db)->Flush());
  ASSERT_OK((*db)->WaitForBackgroundWork());
  const std::unique_ptr<DbIterator> it = (*db)->NewIterator({});
  it->SeekToFirst();
  PutAll(**db, 2);
  ASSERT_OK((*db)->CompactAll());
  ExpectAll(**db, 2);
  int i = 0;
  for (; it->Valid(); it->Next()) {
    ASSERT_EQ(it->key(), Key(i));
    ASSERT_EQ(it->value(), Value(i, 1));
    ++i;
  }
  EXPECT_OK(it->status());
  EXPECT_EQ(i, kKeys);
}

TEST_F(Descriptors, CloseClosesEveryFileWhileAValueAndAnIteratorLive) {
  absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(ManySegments(kFewFiles));
  ASSERT_OK(db.status());
  PutAll(**db, 1);
  ASSERT_OK((*db)->Flush());
  const std::unique_ptr<DbIterator> it = (*db)->NewIterator({});
  it->SeekToFirst();
  PinnedValue value;
  ASSERT_TRUE(*(*db)->Get({}, Key(5), &value));
  EXPECT_OK((*db)->Close());
  EXPECT_EQ(disk().open_files(), 0u);
  EXPECT_EQ(value.view(), Value(5, 1));
  it->Next();
  EXPECT_TRUE(absl::IsFailedPrecondition(it->status()));
}

TEST_F(Descriptors, ASegmentThatIsSwappedWhileItIsNotOpenIsAnErrorThatNamesIt) {
  absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(ManySegments(kFewFiles));
  ASSERT_OK(db.status());
  PutAll(**db, 1);
  ASSERT_OK((*db)->CompactAll());
  ExpectAll(**db, 1);  // the last segments are open
  const std::vector<std::string> paths = SegmentPaths();
  ASSERT_OK(disk().Rename(paths[0], "/aside"));
  ASSERT_OK(disk().Link(paths[1], paths[0]));
  int damaged = 0;
  PinnedValue value;
  for (int i = 0; i < kKeys; ++i) {
    const absl::StatusOr<bool> found = (*db)->Get({}, Key(i), &value);
    if (found.ok()) {
      EXPECT_EQ(value.view(), Value(i, 1));
      continue;
    }
    EXPECT_TRUE(absl::IsDataLoss(found.status()));
    EXPECT_NE(ToString(found.status()).find(paths[0].substr(1) + " was replaced"),
              std::string::npos)
        << ToString(found.status());
    ++damaged;
  }
  EXPECT_GT(damaged, 0);
  ASSERT_OK(disk().Rename("/aside", paths[0]));
  ExpectAll(**db, 1);
}

// Each alone would take all that the process may have.
TEST_F(Descriptors, DatabasesOfOneProcessMakeRoomForOneAnother) {
  disk().SetMaxOpenFiles(2 * kFewFiles);
  absl::StatusOr<std::unique_ptr<Db>> one = simulation_.Open(ManySegments(-1));
  ASSERT_OK(one.status());
  PutAll(**one, 1);
  ASSERT_OK((*one)->Flush());
  ExpectAll(**one, 1);
  absl::StatusOr<std::unique_ptr<Db>> other = Db::Open("other", ManySegments(-1));
  ASSERT_OK(other.status());
  PutAll(**other, 2);
  ASSERT_OK((*other)->Flush());
  ExpectAll(**other, 2);
  ExpectAll(**one, 1);
}

// Never returns an old value instead of a new one, and reports no damage where there is none.
TEST_F(Descriptors, AReadThatOpensAgainSaysThatAWriterCameMeanwhile) {
  const auto write = [this](int life) {
    absl::StatusOr<std::unique_ptr<Db>> writer = simulation_.Open(ManySegments(24));
    ASSERT_OK(writer.status());
    PutAll(**writer, life);
    ASSERT_OK((*writer)->CompactAll());
    ASSERT_OK((*writer)->Close());
  };
  write(1);
  Options reading = ManySegments(20);
  reading.read_only = true;
  absl::StatusOr<std::unique_ptr<Db>> reader = simulation_.Open(reading);
  ASSERT_OK(reader.status());
  write(2);
  int told = 0;
  PinnedValue value;
  for (int i = 0; i < kKeys; ++i) {
    const absl::StatusOr<bool> found = (*reader)->Get({}, Key(i), &value);
    if (found.ok()) {
      EXPECT_EQ(value.view(), Value(i, 1));
      continue;
    }
    EXPECT_TRUE(absl::IsFailedPrecondition(found.status())) << ToString(found.status());
    EXPECT_NE(Message(found.status()).find("a writer opened the database"), std::string::npos);
    ++told;
  }
  EXPECT_GT(told, 0);
}

TEST_F(Descriptors, CheckAndRepairNeedFewFilesToo) {
  Options options = ManySegments(-1);
  options.disable_automatic_compaction = true;
  options.level0_slowdown_trigger = options.level0_stop_trigger = 10'000;
  {
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(options);
    ASSERT_OK(db.status());
    PutAll(**db, 1);  // runs that all overlap
    ASSERT_OK((*db)->Flush());
    EXPECT_OK((*db)->Close());
  }
  ASSERT_GT(Segments(), 4u * kFewFiles);
  disk().SetMaxOpenFiles(2 * kFewFiles);
  CheckReport report;
  ASSERT_OK(CheckDatabase(disk(), Simulation::kDirectory, nullptr, &report));
  EXPECT_TRUE(report.damage.empty()) << report.damage[0];
  options.max_open_files = kFewFiles;
  RepairReport repaired;
  ASSERT_OK(RepairDatabase(options, Simulation::kDirectory, "repaired", {}, &repaired));
  EXPECT_TRUE(repaired.lost.empty());
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open("repaired", options);
  ASSERT_OK(db.status());
  ExpectAll(**db, 1);
}

TEST_F(Descriptors, LimitsThatCannotBeKeptAreRefused) {
  for (const int wrong : {-2, 1, kFewFiles - 1}) {
    EXPECT_TRUE(absl::IsInvalidArgument(simulation_.Open(ManySegments(wrong)).status())) << wrong;
  }
  Options options;
  options.max_subcompactions = 2;
  EXPECT_EQ(MaxOpenSegments(options, std::nullopt, 1), SIZE_MAX);
  EXPECT_EQ(MaxOpenSegments(options, 1024, 1), 512u - 15);
  EXPECT_EQ(MaxOpenSegments(options, 4, 1), 1u);
  options.max_open_files = -1;
  EXPECT_EQ(MaxOpenSegments(options, 1024, 1), SIZE_MAX);
  options.max_open_files = 100;
  EXPECT_EQ(MaxOpenSegments(options, 50, 1), 85u);
}

}  // namespace
}  // namespace veralith
