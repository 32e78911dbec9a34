// SPDX-License-Identifier: Apache-2.0

// Sentences of db.h, options.h and statistics.h of which the model does not speak: what a read
// displaces, which moments are refused, what a pause and Close wait for, which files are let go.
// Each test quotes its sentence.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/db/testing/simulation.h"
#include "core/fs/testing/intercepted_file_system.h"
#include "core/segment/read/segment_opener.h"
#include "core/version_set/version_set.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/executor.h"
#include "veralith/testing/fault_plan.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

std::string Key(int i) { return "key" + std::to_string(1000 + i); }

// Calls a function before each call of one kind on files of one kind.
class Hooked final : public InterceptedFileSystem {
 public:
  Hooked(FileSystem* base, FsCall kind, std::string_view suffix, std::function<void()> act)
      : InterceptedFileSystem(base), kind_(kind), suffix_(suffix), act_(std::move(act)) {}

 private:
  absl::Status Before(const Call& call) override {
    if (call.kind == kind_ && call.path.ends_with(suffix_)) {
      act_();
    }
    return absl::OkStatus();
  }

  const FsCall kind_;
  const std::string_view suffix_;
  const std::function<void()> act_;
};

class PromisesTest : public ::testing::Test {
 protected:
  void Open() { Open(simulation_.SmallOptions()); }
  void Open(const Options& options) {
    db_.reset();
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(options);
    ASSERT_OK(db.status());
    db_ = *std::move(db);
  }
  Timestamp Put(std::string_view key, std::string_view value) {
    WriteBatch batch;
    batch.Put(key, value);
    const absl::StatusOr<Timestamp> at = db_->Write({}, batch);
    EXPECT_OK(at.status());
    return at.value_or(0);
  }

  Simulation simulation_;
  std::unique_ptr<Db> db_;
};

// --- Reads ---------------------------------------------------------------------------------------

// "False: pages read for this call do not displace others from the cache."
class FillCacheTest : public PromisesTest {
 protected:
  static constexpr int kKeys = 600;
  static constexpr int kHot = 20;

  void SetUp() override {
    Options options = simulation_.SmallOptions();
    options.cache_bytes = 8192;
    options.write_buffer_bytes = options.target_segment_bytes = 1 << 20;
    Open(options);
    for (int i = 0; i < kKeys; ++i) {
      Put(Key(i), std::string(60, static_cast<char>('a' + i % 26)));
    }
    ASSERT_OK(db_->CompactAll());
  }
  void ReadHot() {
    for (int i = 0; i < kHot; ++i) {
      PinnedValue value;
      ASSERT_TRUE(*db_->Get({}, Key(i), &value));
    }
  }
  // Returns how many pages of the hot keys are read from the disk after `read`, which reads the
  // other keys while the cache is full of others.
  uint64_t MissesAfter(const std::function<void()>& read) {
    ReadOthers({});
    ReadHot();
    ReadHot();
    read();
    const uint64_t before = db_->GetStatistics().cache_misses;
    ReadHot();
    return db_->GetStatistics().cache_misses - before;
  }
  void ReadOthers(const ReadOptions& options) {
    for (int i = kHot; i < kKeys; ++i) {
      PinnedValue value;
      ASSERT_TRUE(*db_->Get(options, Key(i), &value));
    }
  }
  void MultiGetOthers(const ReadOptions& options) {
    std::vector<std::string> keys;
    for (int i = kHot; i < kKeys; ++i) {
      keys.push_back(Key(i));
    }
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    ASSERT_OK(db_->MultiGet(options, 0, views).status());
  }
  // A page that a seek needs is read alone; a scan reads many at once, and displaces none.
  void SeekOthers(const ReadOptions& options, bool reverse) {
    ScanOptions scan;
    static_cast<ReadOptions&>(scan) = options;
    for (int i = kHot; i < kKeys; ++i) {
      const std::unique_ptr<DbIterator> it = db_->NewIterator(scan);
      reverse ? it->SeekForPrev(Key(i)) : it->Seek(Key(i));
      ASSERT_TRUE(it->Valid());
      ASSERT_EQ(it->value().size(), 60u);
    }
  }
};

TEST_F(FillCacheTest, FalseKeepsWhatIsThere) {
  ReadOptions spare;
  spare.fill_cache = false;
  EXPECT_EQ(MissesAfter([&] { ReadOthers(spare); }), 0u);
  EXPECT_EQ(MissesAfter([&] { MultiGetOthers(spare); }), 0u);
  EXPECT_EQ(MissesAfter([&] { SeekOthers(spare, /*reverse=*/false); }), 0u);
  EXPECT_EQ(MissesAfter([&] { SeekOthers(spare, /*reverse=*/true); }), 0u);
}

TEST_F(FillCacheTest, TrueGivesItsRoomToWhatWasRead) {
  EXPECT_GT(MissesAfter([&] { ReadOthers({}); }), 0u);
  EXPECT_GT(MissesAfter([&] { MultiGetOthers({}); }), 0u);
  EXPECT_GT(MissesAfter([&] { SeekOthers({}, /*reverse=*/false); }), 0u);
  EXPECT_GT(MissesAfter([&] { SeekOthers({}, /*reverse=*/true); }), 0u);
}

// "The moment to read, at most one of the two"
TEST_F(PromisesTest, AReadAtTwoMomentsIsRefused) {
  Open();
  ScanOptions both;
  both.timestamp = Put("a", "1");
  const ScopedSnapshot snapshot(*db_);
  both.snapshot = snapshot.get();
  PinnedValue value;
  EXPECT_TRUE(absl::IsInvalidArgument(db_->Get(both, "a", &value).status()));
  const std::vector<std::string_view> keys = {"a"};
  EXPECT_TRUE(absl::IsInvalidArgument(db_->MultiGet(both, 0, keys).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(db_->ListNamespaces(both).status()));
  const std::unique_ptr<DbIterator> it = db_->NewIterator(both);
  it->SeekToFirst();
  EXPECT_FALSE(it->Valid());
  EXPECT_TRUE(absl::IsInvalidArgument(it->status()));
}

// "A running flush or compaction may be dropping history, so until it ends the newest commit at its
// start counts as the floor."
TEST_F(PromisesTest, WhileAJobRunsTheNewestCommitAtItsStartIsTheFloor) {
  Timestamp first = 0;
  Timestamp second = 0;
  int jobs = 0;
  bool watches = false;
  Hooked disk(&simulation_.disk(), FsCall::kCreate, ".parquet", [&] {
    if (!watches) {
      return;
    }
    ++jobs;
    EXPECT_TRUE(absl::IsOutOfRange(db_->GetSnapshotAt(first).status())) << jobs;
    const absl::StatusOr<const Snapshot*> newest = db_->GetSnapshotAt(second);
    ASSERT_OK(newest.status());
    db_->ReleaseSnapshot(*newest);
  });
  Options options = simulation_.SmallOptions();
  options.disable_automatic_compaction = true;
  options.file_system = &disk;
  Open(options);
  first = Put("a", "1");
  ASSERT_OK(db_->Flush());
  second = Put("b", "2");
  const absl::StatusOr<const Snapshot*> before = db_->GetSnapshotAt(second);
  ASSERT_OK(before.status());
  db_->ReleaseSnapshot(*before);
  watches = true;
  ASSERT_OK(db_->Flush());
  EXPECT_EQ(jobs, 1);
  ASSERT_OK(db_->CompactAll());
  EXPECT_EQ(jobs, 2);
  EXPECT_OK(db_->Close());
  db_.reset();
}

// --- Files ---------------------------------------------------------------------------------------

// "Then the directory holds the live files": a log goes with the memtable that it was for.
TEST_F(PromisesTest, ALogIsClosedAndRemovedOnceItsMemtableIsFlushed) {
  Options options = simulation_.SmallOptions();
  options.disable_automatic_compaction = true;
  Open(options);
  std::vector<uint64_t> open;
  for (int flush = 0; flush < 4; ++flush) {
    Put("a", std::to_string(flush));
    ASSERT_OK(db_->Flush());
    Put("b", "the next write lets go");
    ASSERT_OK(db_->WaitForBackgroundWork());
    int logs = 0;
    const std::vector<std::string> names = *simulation_.disk().List(Simulation::kDirectory);
    for (const std::string& name : names) {
      logs += name.ends_with(".log") ? 1 : 0;
    }
    EXPECT_EQ(logs, 1) << flush;
    open.push_back(simulation_.disk().open_files() - db_->GetStatistics().open_segments);
  }
  EXPECT_EQ(open, std::vector<uint64_t>(4, open[0]));
}

// "Verifies every checksum and structural rule of the live segments." One rule is that of age: a
// newer run holds newer versions.
TEST_F(PromisesTest, CheckSeesANewerVersionBelowAnOlderOne) {
  Options options = simulation_.SmallOptions();
  options.disable_automatic_compaction = true;
  Open(options);
  for (const char* value : {"older", "newer"}) {
    Put("key", value);
    ASSERT_OK(db_->Flush());
  }
  EXPECT_OK(db_->Check());
  ASSERT_OK(db_->Close());
  db_.reset();
  VersionSetOptions set;
  set.fs = &simulation_.disk();
  set.executor = &simulation_.executor();
  set.directory = Simulation::kDirectory;
  set.open_segment = [](const FileMeta&) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
    return std::shared_ptr<SegmentReader>();
  };
  {
    const std::unique_ptr<VersionSet> versions = *VersionSet::Open(std::move(set));
    const FileRef newest = versions->version().runs(0).front().files.front();
    VersionEdit edit;
    edit.removed_files.push_back({0, newest->number});
    edit.added_files.push_back({6, versions->NewRunId(), *newest});
    Mutex mutex;
    MutexLock lock(mutex);
    ASSERT_OK(versions->LogAndApply(std::move(edit), mutex));
    ASSERT_OK(versions->Close(mutex));
  }
  Open(options);
  EXPECT_TRUE(absl::IsDataLoss(db_->Check())) << db_->Check();
}

// --- Jobs ----------------------------------------------------------------------------------------

// "Takes back one PauseBackgroundWork.": what waits begins without another call.
TEST_F(PromisesTest, ContinueBeginsWhatThePauseHeldBack) {
  Options options = simulation_.SmallOptions();
  options.level0_compaction_trigger = 1;
  options.dynamic_level_targets = false;
  Open(options);
  ASSERT_OK(db_->PauseBackgroundWork());
  Put("large", std::string(options.write_buffer_bytes, 'v'));
  Put("small", "v");  // freezes what the large one filled
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(db_->GetStatistics().flushes, 0u);
  ASSERT_OK(db_->ContinueBackgroundWork());
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(db_->GetStatistics().flushes, 1u);
  EXPECT_EQ(db_->GetStatistics().compactions, 1u);
}

// "Waits for running flushes and compactions to end and starts no others." A job stands still in
// its first write until the test lets it go on.
class PauseOfAJob : public ::testing::TestWithParam<bool> {
 protected:
  void AwaitLetGo() {
    MutexLock lock(mutex_);
    ++begun_;
    changed_.NotifyAll();
    while (holds_) {
      executor_->Await(mutex_, changed_);
    }
  }
  void AwaitBegun() {
    MutexLock lock(mutex_);
    while (begun_ == 0) {
      executor_->Await(mutex_, changed_);
    }
  }
  void Hold(bool holds) {
    MutexLock lock(mutex_);
    begun_ = 0;
    holds_ = holds;
    changed_.NotifyAll();
  }

  const std::unique_ptr<Executor> executor_ = NewThreadPoolExecutor(2);
  Mutex mutex_;
  CondVar changed_;
  int begun_ ABSL_GUARDED_BY(mutex_) = 0;
  bool holds_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST_P(PauseOfAJob, EndsAfterTheJob) {
  SimulatedFileSystem memory;
  Hooked disk(&memory, FsCall::kCreate, ".parquet", [this] { AwaitLetGo(); });
  Options options = Simulation().SmallOptions();
  options.file_system = &disk;
  options.clock = nullptr;
  options.executor = executor_.get();
  options.disable_automatic_compaction = true;
  const std::unique_ptr<Db> db = *Db::Open("db", options);
  for (int run = 0; run < 2; ++run) {
    ASSERT_OK(db->Put({}, "key", std::to_string(run)));
    if (run == 0 || !GetParam()) {
      ASSERT_OK(db->Flush());
    }
  }
  Hold(true);
  std::future<absl::Status> job =
      std::async(std::launch::async, [&] { return GetParam() ? db->Flush() : db->CompactAll(); });
  AwaitBegun();
  std::atomic<bool> job_may_end = false;
  std::future<bool> pause = std::async(std::launch::async, [&] {
    EXPECT_OK(db->PauseBackgroundWork());
    return job_may_end.load();
  });
  // A pause that does not wait is over before this.
  EXPECT_EQ(pause.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  job_may_end = true;
  Hold(false);
  EXPECT_TRUE(pause.get());
  ASSERT_OK(db->ContinueBackgroundWork());  // else the call might wait for a second job
  EXPECT_OK(job.get());
  EXPECT_OK(db->Close());
}

INSTANTIATE_TEST_SUITE_P(Kinds, PauseOfAJob, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& kind) {
                           return kind.param ? "Flush" : "Compaction";
                         });

// --- Writes --------------------------------------------------------------------------------------

// "Writers that meet share one log write and one sync." The first sync of a round goes on when the
// other writers are about to wait behind it; rounds go on until they did. (Of writers that sync for
// themselves, no round has fewer syncs than writers.)
TEST(Promises, WritersThatMeetShareOneSync) {
  constexpr int kWriters = 4;
  constexpr int kRounds = 50;
  std::atomic<int> calling = 0;
  SimulatedFileSystem memory;
  Hooked disk(&memory, FsCall::kSync, ".log", [&] {
    while (calling.load() % kWriters != 0) {
      std::this_thread::yield();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  Options options = Simulation().SmallOptions();
  options.file_system = &disk;
  options.clock = nullptr;
  options.executor = nullptr;
  const std::unique_ptr<Db> db = *Db::Open("db", options);
  uint64_t fewest = kWriters;
  for (int round = 0; round < kRounds && fewest > 2; ++round) {
    const uint64_t before = db->GetStatistics().log_syncs;
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back([&, w] {
        ++calling;
        EXPECT_OK(db->Put({.sync = SyncMode::kCommit}, std::to_string(w), "v"));
      });
    }
    for (std::thread& writer : writers) {
      writer.join();
    }
    fewest = std::min(fewest, db->GetStatistics().log_syncs - before);
  }
  EXPECT_LE(fewest, 2u);
  EXPECT_OK(db->Close());
}

// --- Close ---------------------------------------------------------------------------------------

// "A second call waits for the first and returns the same status."
TEST_F(PromisesTest, TheSecondCloseReturnsWhatTheFirstDid) {
  Open();
  Put("a", "1");
  simulation_.disk().SetFaults(*ParseFaultPlan("sync@.log#1+=eio"));
  const absl::Status first = db_->Close();
  EXPECT_TRUE(absl::IsUnavailable(first)) << first;
  simulation_.disk().SetFaults({});
  EXPECT_EQ(db_->Close(), first);
}

// --- Statistics ----------------------------------------------------------------------------------

// "number of them; each batch is one": a sync is none, and neither is an empty batch.
TEST_F(PromisesTest, CommitsAreCountedAndNothingElse) {
  Open();
  Put("a", "1");
  ASSERT_OK(db_->Sync());
  ASSERT_OK(db_->Write({}, WriteBatch()).status());
  WriteBatch batch;
  batch.Put("a", "2");
  batch.Put("b", "2");
  ASSERT_OK(db_->Write({.sync = SyncMode::kCommit}, batch).status());
  ASSERT_OK(db_->Sync());
  EXPECT_EQ(db_->GetStatistics().commits, 2u);
}

}  // namespace
}  // namespace veralith
