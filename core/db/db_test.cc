// SPDX-License-Identifier: Apache-2.0

#include "veralith/db.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "core/fs/testing/intercepted_file_system.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

class DbTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() { Reopen(simulation_.SmallOptions()); }
  void Reopen(const Options& options) {
    if (db_ != nullptr) {
      ASSERT_OK(db_->Close());
    }
    db_.reset();
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(options);
    ASSERT_OK(db.status());
    db_ = *std::move(db);
  }

  std::string Get(std::string_view key, const ReadOptions& options = {}, NamespaceId ns = 0) {
    PinnedValue value;
    const absl::StatusOr<bool> found = db_->Get(options, ns, key, &value);
    return !found.ok() ? ToString(found.status()) : *found ? value.ToString() : "(absent)";
  }

  std::string Scan(const ScanOptions& options, bool reverse = false) {
    std::string rows;
    const std::unique_ptr<DbIterator> it = db_->NewIterator(options);
    for (reverse ? it->SeekToLast() : it->SeekToFirst(); it->Valid();
         reverse ? it->Prev() : it->Next()) {
      rows += std::string(it->key()) + "=" + std::string(it->value()) + " ";
    }
    return it->status().ok() ? rows : ToString(it->status());
  }

  // Writes enough to reach several levels with the small options.
  void Fill(int keys, const std::string& value) {
    for (int i = 0; i < keys; ++i) {
      ASSERT_OK(db_->Put({}, "key" + std::to_string(1000 + i), value + std::to_string(i)));
    }
  }

  Simulation simulation_;
  std::unique_ptr<Db> db_;
};

TEST_F(DbTest, ReadsItsOwnWritesBeforeAndAfterFlushAndReopening) {
  ASSERT_OK(db_->Put({}, "a", "1"));
  ASSERT_OK(db_->Put({}, "b", ""));
  ASSERT_OK(db_->Put({}, "a", "2"));
  ASSERT_OK(db_->Put({}, "c", "3"));
  ASSERT_OK(db_->Delete({}, "c"));
  for (int stage = 0; stage < 3; ++stage) {
    EXPECT_EQ(Get("a"), "2");
    EXPECT_EQ(Get("b"), "");
    EXPECT_EQ(Get("c"), "(absent)");
    EXPECT_EQ(Get("d"), "(absent)");
    EXPECT_EQ(Scan({}), "a=2 b= ");
    if (stage == 0) {
      ASSERT_OK(db_->Flush());
    } else if (stage == 1) {
      Reopen();
    }
  }
}

TEST_F(DbTest, NamespacesDoNotSeeEachOther) {
  for (const NamespaceId ns :
       {uint64_t{0}, uint64_t{2}, uint64_t{255}, uint64_t{256}, kMaxNamespace}) {
    ASSERT_OK(db_->Put({}, ns, "k", std::to_string(ns)));
  }
  ASSERT_OK(db_->Flush());
  for (const NamespaceId ns :
       {uint64_t{0}, uint64_t{2}, uint64_t{255}, uint64_t{256}, kMaxNamespace}) {
    ScanOptions options;
    options.ns = ns;
    EXPECT_EQ(Scan(options), "k=" + std::to_string(ns) + " ");
    EXPECT_EQ(Get("k", {}, ns), std::to_string(ns));
  }
  EXPECT_EQ(Get("k", {}, 1), "(absent)");
}

// In memtables and in several levels; in runs of several segments; beside namespaces of tombstones.
TEST_F(DbTest, ListsTheNamespacesThatHoldAKeyAtAMoment) {
  const auto list = [this](const ReadOptions& options = {}) {
    const absl::StatusOr<std::vector<NamespaceId>> found = db_->ListNamespaces(options);
    EXPECT_OK(found.status());
    return found.value_or(std::vector<NamespaceId>());
  };
  using Namespaces = std::vector<NamespaceId>;
  Options options = simulation_.SmallOptions();
  options.upper_codec = options.middle_codec = options.bottom_codec = Codec::kNone;
  Reopen(options);
  EXPECT_EQ(list(), Namespaces());
  const std::string value(300, 'v');
  for (const NamespaceId ns : {uint64_t{3}, uint64_t{5}, uint64_t{256}, kMaxNamespace}) {
    for (int i = 0; i < 20; ++i) {
      ASSERT_OK(db_->Put({}, ns, StrCat("key", i), value));
    }
  }
  ASSERT_OK(db_->CompactAll());
  uint64_t files = 0;
  for (const LevelStatistics& level : db_->GetStatistics().levels) {
    files += level.files;
  }
  EXPECT_GT(files, 3u);
  const ScopedSnapshot before(*db_);
  ASSERT_OK(db_->DeleteRange({}, 5, "", std::nullopt));
  ASSERT_OK(db_->Delete({}, 4, "nothing"));  // a tombstone alone
  ASSERT_OK(db_->Put({}, 0, "", ""));
  ReadOptions at_snapshot;
  at_snapshot.snapshot = before.get();
  ReadOptions at_timestamp;
  at_timestamp.timestamp = before.get()->timestamp();
  const Namespaces now = {0, 3, 256, kMaxNamespace};
  const Namespaces then = {3, 5, 256, kMaxNamespace};
  for (int stage = 0; stage < 3; ++stage) {
    EXPECT_EQ(list(), now) << stage;
    EXPECT_EQ(list(at_snapshot), then) << stage;
    EXPECT_EQ(list(at_timestamp), then) << stage;
    ASSERT_OK(stage == 0 ? db_->Flush() : db_->CompactAll());
  }
  at_timestamp.timestamp = db_->LastTimestamp() + 1;
  EXPECT_EQ(db_->ListNamespaces(at_timestamp).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(DbTest, ABatchHasOneTimestampAndItsLastOperationPerKeyCounts) {
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Put("b", "1");
  batch.Delete("a");
  batch.Put("a", "2");
  batch.Put("x1", "covered");
  batch.DeleteRange(0, "x", "y");
  batch.Put("x2", "after");
  const absl::StatusOr<Timestamp> timestamp = db_->Write({}, batch);
  ASSERT_OK(timestamp.status());
  EXPECT_EQ(Scan({}), "a=2 b=1 x2=after ");
  PinnedValue value;
  for (const char* key : {"a", "b", "x2"}) {
    Timestamp written = 0;
    ASSERT_TRUE(*db_->Get({}, 0, key, &value, &written));
    EXPECT_EQ(written, *timestamp);
  }
}

TEST_F(DbTest, ASnapshotSeesWhatWasThereThroughFlushAndCompaction) {
  Fill(200, "old");
  const ScopedSnapshot snapshot(*db_);
  Fill(200, "new");
  ASSERT_OK(db_->DeleteRange({}, 0, "key1100", std::nullopt));
  ReadOptions past;
  past.snapshot = snapshot.get();
  for (int stage = 0; stage < 3; ++stage) {
    EXPECT_EQ(Get("key1050"), "new50");
    EXPECT_EQ(Get("key1150"), "(absent)");
    EXPECT_EQ(Get("key1050", past), "old50");
    EXPECT_EQ(Get("key1150", past), "old150");
    ASSERT_OK(stage == 0 ? db_->Flush() : db_->CompactAll());
  }
}

TEST_F(DbTest, ScansKeepExactBoundsInBothDirections) {
  for (const char* key : {"a", "b", "ba", "c", "d"}) {
    ASSERT_OK(db_->Put({}, key, ""));
  }
  ScanOptions options;
  options.lower = Bound::Exclusive("a");
  options.upper = Bound::Inclusive("c");
  EXPECT_EQ(Scan(options), "b= ba= c= ");
  EXPECT_EQ(Scan(options, /*reverse=*/true), "c= ba= b= ");
  options.lower = Bound::Inclusive("b");
  options.upper = Bound::Exclusive("c");
  EXPECT_EQ(Scan(options), "b= ba= ");
  EXPECT_EQ(Scan(options, /*reverse=*/true), "ba= b= ");
}

TEST_F(DbTest, ReadsInThePastAreAnsweredOrRefusedNeverWrong) {
  WriteBatch first;
  first.Put("a", "1");
  const Timestamp before = *db_->Write({}, first);
  ASSERT_OK(db_->Put({}, "a", "2"));
  ReadOptions past;
  past.timestamp = before;
  EXPECT_EQ(Get("a", past), "1");
  past.timestamp = db_->LastTimestamp() + 1;
  EXPECT_EQ(Get("a", past).substr(0, 12), "OUT_OF_RANGE");
  ASSERT_OK(db_->Flush());  // drops "1": no snapshot holds it
  past.timestamp = before;
  EXPECT_EQ(Get("a", past).substr(0, 12), "OUT_OF_RANGE");
  EXPECT_TRUE(absl::IsOutOfRange(db_->GetSnapshotAt(before).status()));
}

TEST_F(DbTest, ASnapshotOfAnotherDatabaseIsRefused) {
  Simulation elsewhere;
  absl::StatusOr<std::unique_ptr<Db>> other = elsewhere.Open(elsewhere.SmallOptions());
  ASSERT_OK(other.status());
  ASSERT_OK(db_->Put({}, "a", "1"));
  {
    const ScopedSnapshot foreign(**other);
    ScanOptions options;
    options.snapshot = foreign.get();
    EXPECT_EQ(Get("a", options).substr(0, 16), "INVALID_ARGUMENT");
    EXPECT_EQ(Scan(options).substr(0, 16), "INVALID_ARGUMENT");
    const std::vector<std::string_view> keys = {"a"};
    EXPECT_TRUE(absl::IsInvalidArgument(db_->MultiGet(options, 0, keys).status()));
  }
  EXPECT_OK((*other)->Close());
}

TEST_F(DbTest, ReleasingNoSnapshotDoesNothing) {
  db_->ReleaseSnapshot(nullptr);
  EXPECT_EQ(db_->GetStatistics().live_snapshots, 0u);
}

TEST_F(DbTest, OpeningRefusesOptionsThatNoJobCanWorkWith) {
  const Options good = simulation_.SmallOptions();
  ASSERT_OK(db_->Close());
  db_.reset();
  std::vector<Options> refused(11, good);
  refused[0].listeners = {nullptr};
  refused[1].upper_codec = static_cast<Codec>(99);
  refused[2].bottom_codec = static_cast<Codec>(4);
  refused[3].compaction_policy = static_cast<CompactionPolicyKind>(9);
  refused[4].sync_mode = static_cast<SyncMode>(77);
  refused[5].value_page_bytes = (size_t{64} << 20) + 1;
  refused[6].key_page_bytes = size_t{1} << 40;
  refused[7].level0_slowdown_trigger = good.level0_compaction_trigger - 1;
  refused[8].level0_stop_trigger = good.level0_slowdown_trigger - 1;
  refused[9].compaction_policy = CompactionPolicyKind::kTiered;
  refused[9].level0_slowdown_trigger = good.level0_compaction_trigger;
  refused[10].max_open_files = 19;
  for (size_t i = 0; i < refused.size(); ++i) {
    const absl::Status status = simulation_.Open(refused[i]).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << i << ": " << ToString(status);
  }
  Options limits = good;
  limits.level0_stop_trigger = limits.level0_slowdown_trigger = limits.level0_compaction_trigger;
  limits.max_open_files = 20;
  Reopen(limits);
}

TEST_F(DbTest, DeletingEverythingAndCompactingLeavesNoSegment) {
  Fill(300, "value");
  ASSERT_OK(db_->CompactAll());
  ASSERT_OK(db_->DeleteRange({}, 0, "", std::nullopt));
  ASSERT_OK(db_->CompactAll());
  uint64_t files = 0;
  for (const LevelStatistics& level : db_->GetStatistics().levels) {
    files += level.files;
  }
  EXPECT_EQ(files, 0u);
  EXPECT_EQ(Scan({}), "");
}

TEST_F(DbTest, ManualCompactionIsDoneWhenItReturnsWhateverTheTriggers) {
  Options options = simulation_.SmallOptions();
  options.disable_automatic_compaction = true;
  Reopen(options);
  Fill(300, "value");
  ASSERT_OK(db_->CompactAll());
  const Statistics statistics = db_->GetStatistics();
  EXPECT_EQ(statistics.levels[0].files, 0u);
  EXPECT_EQ(statistics.memtable_bytes < 4096, true);
  EXPECT_GT(statistics.compactions, 0u);
  EXPECT_OK(db_->Check());
}

TEST_F(DbTest, AfterCloseCallsAreRefusedAndPinnedValuesStay) {
  ASSERT_OK(db_->Put({}, "memtable", "pinned in a memtable"));
  PinnedValue in_memtable;
  ASSERT_TRUE(*db_->Get({}, "memtable", &in_memtable));
  ASSERT_OK(db_->Put({}, "segment", "pinned in a page"));
  ASSERT_OK(db_->Flush());
  PinnedValue in_page;
  ASSERT_TRUE(*db_->Get({}, "segment", &in_page));
  const std::unique_ptr<DbIterator> it = db_->NewIterator({});
  it->SeekToFirst();
  ASSERT_TRUE(it->Valid());
  ASSERT_OK(db_->Close());
  ASSERT_OK(db_->Close());
  EXPECT_TRUE(absl::IsFailedPrecondition(db_->Put({}, "a", "b")));
  EXPECT_TRUE(absl::IsFailedPrecondition(db_->Flush()));
  EXPECT_TRUE(absl::IsFailedPrecondition(db_->Sync()));
  EXPECT_EQ(Get("segment").substr(0, 19), "FAILED_PRECONDITION");
  EXPECT_FALSE(it->Valid());
  EXPECT_TRUE(absl::IsFailedPrecondition(it->status()));
  EXPECT_EQ(in_memtable.view(), "pinned in a memtable");
  EXPECT_EQ(in_page.view(), "pinned in a page");
}

TEST_F(DbTest, ACheckpointOpensAsADatabaseOfItsOwnAndDoesNotChange) {
  Fill(100, "first");
  ASSERT_OK(db_->Checkpoint("copy"));
  EXPECT_TRUE(absl::IsAlreadyExists(db_->Checkpoint("copy")));
  Fill(100, "second");
  ASSERT_OK(db_->CompactAll());
  absl::StatusOr<std::unique_ptr<Db>> copy = Db::Open("copy", simulation_.SmallOptions());
  ASSERT_OK(copy.status());
  PinnedValue value;
  ASSERT_TRUE(*(*copy)->Get({}, "key1042", &value));
  EXPECT_EQ(value.view(), "first42");
  EXPECT_OK((*copy)->Check());
  EXPECT_OK((*copy)->Close());
}

TEST_F(DbTest, ACheckpointRemovesNothingThatIsNotItsOwn) {
  Fill(10, "value");
  SimulatedFileSystem& disk = simulation_.disk();
  ASSERT_OK(disk.CreateDirectory("copy.tmp"));
  ASSERT_OK(disk.Open("copy.tmp/letter", OpenMode::kCreate).status());
  EXPECT_OK(db_->Checkpoint("copy"));
  EXPECT_TRUE(*disk.Exists("copy.tmp/letter"));
}

TEST_F(DbTest, OpeningForReadingWritesNothingAndSeesWhatTheLogsHold) {
  Fill(50, "value");
  ASSERT_OK(db_->Sync());
  const auto image = simulation_.disk().CloneWithEverything();
  Options options = simulation_.SmallOptions();
  options.file_system = image.get();
  options.read_only = true;
  const auto before = image->Files();
  absl::StatusOr<std::unique_ptr<Db>> reader = Db::Open(Simulation::kDirectory, options);
  ASSERT_OK(reader.status());
  PinnedValue value;
  ASSERT_TRUE(*(*reader)->Get({}, "key1049", &value));
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->Put({}, "a", "b")));
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->CompactAll()));
  EXPECT_OK((*reader)->Close());
  EXPECT_EQ(image->Files(), before);
}

TEST_F(DbTest, TimestampsRiseAcrossReopeningEvenWhenTheWallClockStepsBack) {
  WriteBatch batch;
  batch.Put("a", "1");
  const Timestamp first = *db_->Write({}, batch);
  simulation_.clock().StepBack(3'600'000'000'000);
  const Timestamp second = *db_->Write({}, batch);
  EXPECT_GT(second, first);
  Reopen();
  EXPECT_GT(*db_->Write({}, batch), second);
}

TEST_F(DbTest, AReadingOfTheWallClockThatIsNoTimestampIsPassedBy) {
  WriteBatch batch;
  batch.Put("a", "1");
  for (const Timestamp wrong : {kMaxTimestamp + 1, UINT64_MAX, UINT64_MAX - 1'000'000'000}) {
    const Timestamp before = *db_->Write({}, batch);
    simulation_.clock().Misread(wrong);
    const Timestamp meanwhile = *db_->Write({}, batch);
    EXPECT_GT(meanwhile, before);
    EXPECT_LT(meanwhile, before + 1'000'000'000);
    EXPECT_EQ(db_->AdvanceClock(meanwhile + 1).code(), absl::StatusCode::kUnavailable);
    Reopen();
    ASSERT_OK(db_->Put({}, "a", "2"));
    simulation_.clock().ReadRight();
    simulation_.clock().Advance(3'600'000'000'000);
    EXPECT_EQ(*db_->Write({}, batch), simulation_.clock().WallNanos());
    ASSERT_OK(db_->AdvanceClock(simulation_.clock().WallNanos() + 1));
  }
}

// Calls the database while it syncs its manifest.
class BesideTheManifest final : public InterceptedFileSystem {
 public:
  explicit BesideTheManifest(FileSystem* base) : InterceptedFileSystem(base) {}
  std::function<void()> call;

 private:
  void After(const Call& made, const absl::Status&) override {
    if (made.kind == FsCall::kSync && made.path.find("MANIFEST") != std::string::npos && call) {
      std::exchange(call, nullptr)();
    }
  }
};

TEST_F(DbTest, TheClockCanBeAdvancedWhileAWriteRaisesItsCeiling) {
  BesideTheManifest files(&simulation_.disk());
  Options options = simulation_.SmallOptions();
  options.file_system = &files;
  Reopen(options);
  simulation_.clock().Advance(3'600'000'000'000);
  const Timestamp remote = simulation_.clock().WallNanos() + 59'000'000'000;
  files.call = [&] { ASSERT_OK(db_->AdvanceClock(remote)); };
  WriteBatch batch;
  batch.Put("a", "1");
  EXPECT_GT(*db_->Write({}, batch), remote);
  EXPECT_EQ(files.call, nullptr);
  Reopen();
}

// There is no timestamp left for a group of commits: nothing is committed, and the clock's reading
// is forgotten.
TEST_F(DbTest, AReadingAtTheEndOfTimeRefusesTheWritesThatMeetItAndNoOther) {
  WriteBatch batch;
  batch.Put("a", "1");
  const Timestamp before = *db_->Write({}, batch);
  simulation_.clock().Misread(kMaxTimestamp);
  EXPECT_EQ(db_->Write({}, batch).status().code(), absl::StatusCode::kResourceExhausted);
  simulation_.clock().ReadRight();
  const Timestamp after = *db_->Write({}, batch);
  EXPECT_GT(after, before);
  EXPECT_LT(after, before + 1'000'000'000);
}

// So a read at a time sees what was written before that time, even by programs that live for a
// moment.
TEST_F(DbTest, TimestampsStayWithTheWallClockThroughManyShortLives) {
  for (int life = 0; life < 100; ++life) {
    Reopen();
    simulation_.executor().AdvanceBy(10'000'000);
    ASSERT_OK(db_->Put({}, "a", std::to_string(life)));
  }
  const Timestamp now = simulation_.clock().WallNanos();
  EXPECT_LT(db_->LastTimestamp(), now + 10'000'000);
}

TEST_F(DbTest, ALongLifeSeldomRaisesTheCeiling) {
  const auto manifest_bytes = [&] {
    size_t bytes = 0;
    for (const auto& [path, content] : simulation_.disk().Files()) {
      bytes += path.find("MANIFEST") == std::string::npos ? 0 : content.size();
    }
    return bytes;
  };
  simulation_.executor().AdvanceBy(60'000'000'000);
  ASSERT_OK(db_->Put({}, "a", ""));
  ASSERT_OK(db_->Put({}, "a", ""));
  const size_t before = manifest_bytes();
  for (int i = 0; i < 90; ++i) {
    simulation_.executor().AdvanceBy(100'000'000);
    ASSERT_OK(db_->Put({}, "a", ""));
  }
  EXPECT_EQ(manifest_bytes(), before);  // nine seconds within one step
}

TEST_F(DbTest, ARemoteTimestampMovesTheClockUpToTheMaximumSkew) {
  WriteBatch batch;
  batch.Put("a", "1");
  const Timestamp remote = *db_->Write({}, batch) + 30'000'000'000;
  EXPECT_OK(db_->AdvanceClock(remote));
  EXPECT_GT(*db_->Write({}, batch), remote);
  EXPECT_TRUE(absl::IsInvalidArgument(db_->AdvanceClock(remote + 60'000'000'000)));
  EXPECT_TRUE(absl::IsInvalidArgument(db_->AdvanceClock(0)));
}

TEST_F(DbTest, IntervalSyncMakesWritesDurableWithoutBeingAsked) {
  Options options = simulation_.SmallOptions();
  options.sync_mode = SyncMode::kInterval;
  Reopen(options);
  ASSERT_OK(db_->Put({}, "a", "1"));
  simulation_.executor().AdvanceBy(2 * options.sync_interval_nanos);
  EXPECT_EQ(db_->GetStatistics().log_syncs, 1u);
  const auto survivor = simulation_.disk().CloneWithNothingUnsynced();
  options.file_system = survivor.get();
  absl::StatusOr<std::unique_ptr<Db>> recovered = Db::Open(Simulation::kDirectory, options);
  ASSERT_OK(recovered.status());
  PinnedValue value;
  EXPECT_TRUE(*(*recovered)->Get({}, "a", &value));
  EXPECT_OK((*recovered)->Close());
}

TEST_F(DbTest, MultiGetReadsAllKeysAtOneMoment) {
  Fill(100, "value");
  const std::vector<std::string_view> keys = {"key1001", "nothing", "key1099", "key1001"};
  const auto values = db_->MultiGet({}, 0, keys);
  ASSERT_OK(values.status());
  EXPECT_EQ((*values)[0], "value1");
  EXPECT_EQ((*values)[1], std::nullopt);
  EXPECT_EQ((*values)[2], "value99");
  EXPECT_EQ((*values)[3], "value1");
}

}  // namespace
}  // namespace veralith
