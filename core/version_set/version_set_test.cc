// SPDX-License-Identifier: Apache-2.0

#include "core/version_set/version_set.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/fs/file_helpers.h"
#include "core/fs/testing/intercepted_file_system.h"
#include "core/fs/testing/temporary_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "veralith/executor.h"
#include "veralith/posix_file_system.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"

namespace veralith {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

FileMeta MakeFile(uint64_t number, Timestamp ts, std::string smallest = "a",
                  std::string largest = "m") {
  FileMeta file;
  file.number = number;
  file.bytes = 4;
  file.entries = 1;
  file.smallest_key = std::move(smallest);
  file.largest = {0, std::move(largest), KeyBound::Kind::kInclusive};
  file.min_ts = ts;
  file.max_ts = ts;
  return file;
}

class VersionSetTest : public ::testing::Test {
 protected:
  VersionSetOptions Options() {
    VersionSetOptions options;
    options.fs = fs_;
    options.executor = &executor_;
    options.directory = directory_.path();
    options.new_database_id = 42;
    // No reader: these tests need to know only whether the file exists.
    options.open_segment =
        [this](const FileMeta& meta) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
      ++opened_;
      VERALITH_RETURN_IF_ERROR(
          fs_->Open(Path(SegmentFileName(meta.number)), OpenMode::kRead).status());
      return std::shared_ptr<SegmentReader>();
    };
    return options;
  }

  std::unique_ptr<VersionSet> Open() { return Open(Options()); }
  std::unique_ptr<VersionSet> Open(VersionSetOptions options) {
    auto set = VersionSet::Open(std::move(options));
    EXPECT_TRUE(set.ok()) << set.status();
    return *std::move(set);
  }

  std::string Path(std::string_view name) { return JoinPath(directory_.path(), name); }
  void Touch(const std::string& name) {
    auto file = fs_->Open(Path(name), OpenMode::kCreate);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Append("data").ok());
  }
  std::vector<std::string> Names() { return *fs_->List(directory_.path()); }

  absl::Status Apply(VersionSet& set, VersionEdit edit) {
    MutexLock lock(mutex_);
    return set.LogAndApply(std::move(edit), mutex_);
  }
  absl::Status RemoveGarbage(VersionSet& set) {
    MutexLock lock(mutex_);
    return set.RemoveObsoleteFiles(mutex_);
  }
  absl::Status Close(VersionSet& set) {
    MutexLock lock(mutex_);
    return set.Close(mutex_);
  }

  // Makes a pending segment on disk, as a job leaves it.
  uint64_t NewSegment(VersionSet& set) {
    const uint64_t number = set.NewPendingFile();
    Touch(SegmentFileName(number));
    return number;
  }
  uint64_t NewLog(VersionSet& set) {
    const uint64_t number = set.NewPendingFile();
    Touch(LogFileName(number));
    return number;
  }
  static VersionEdit Added(int level, uint64_t run_id, FileMeta file) {
    VersionEdit edit;
    edit.added_files.push_back({level, run_id, std::move(file)});
    return edit;
  }
  // Adds a level 0 run of one file, as a flush does.
  uint64_t Flush(VersionSet& set, Timestamp ts) {
    const uint64_t number = NewSegment(set);
    EXPECT_TRUE(Apply(set, Added(0, set.NewRunId(), MakeFile(number, ts))).ok());
    set.ReleasePending(number);
    return number;
  }

  TemporaryDirectory directory_;
  FileSystem* fs_ = PosixFileSystem();
  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_};
  Mutex mutex_;
  int opened_ = 0;
};

TEST_F(VersionSetTest, CreatesAndRecovers) {
  uint64_t number = 0;
  {
    auto set = Open();
    EXPECT_TRUE(set->created());
    number = Flush(*set, 5);
    VersionEdit edit;
    edit.timestamp_ceiling = 1000;
    edit.history_floor = 3;
    ASSERT_TRUE(Apply(*set, edit).ok());
    ASSERT_TRUE(Close(*set).ok());
    EXPECT_EQ(Apply(*set, edit).code(), absl::StatusCode::kFailedPrecondition);
  }
  auto set = Open();
  EXPECT_FALSE(set->created());
  EXPECT_EQ(set->state().database_id, 42u);
  EXPECT_EQ(set->state().timestamp_ceiling, 1000u);
  EXPECT_EQ(set->state().history_floor, 3u);
  ASSERT_NE(set->version().Find(number), nullptr);
  EXPECT_EQ(set->current()->runs(0)[0].segments[0]->meta->number, number);
}

TEST_F(VersionSetTest, CreatesOnlyWhenAskedTo) {
  auto options = Options();
  options.create_if_missing = false;
  EXPECT_EQ(VersionSet::Open(options).status().code(), absl::StatusCode::kNotFound);
  options = Options();
  options.read_only = true;
  EXPECT_EQ(VersionSet::Open(options).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Names(), IsEmpty());
  Open();
  options = Options();
  options.error_if_exists = true;
  EXPECT_EQ(VersionSet::Open(options).status().code(), absl::StatusCode::kAlreadyExists);
}

// Hazard R8: read-only writes nothing, not even a new manifest, and leaves garbage alone.
TEST_F(VersionSetTest, ReadOnlyWritesNothing) {
  {
    auto set = Open();
    Flush(*set, 5);
  }
  Touch("000099.parquet");
  const std::vector<std::string> before = Names();
  auto options = Options();
  options.read_only = true;
  auto set = Open(options);
  EXPECT_EQ(set->version().FileCount(), 1u);
  EXPECT_EQ(Apply(*set, {}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(RemoveGarbage(*set).ok());
  EXPECT_TRUE(Close(*set).ok());
  EXPECT_EQ(Names(), before);
}

// Hazard R2: each opening for writing begins a manifest of its own.
TEST_F(VersionSetTest, EachOpeningBeginsANewManifest) {
  uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    auto set = Open();
    EXPECT_GT(set->manifest_number(), last);
    last = set->manifest_number();
    ASSERT_TRUE(RemoveGarbage(*set).ok());
    EXPECT_THAT(Names(), UnorderedElementsAre("CURRENT", ManifestFileName(last)));
  }
}

// Hazard R4: never skipped.
TEST_F(VersionSetTest, AMissingSegmentIsDataLossAtOpening) {
  std::string name;
  {
    auto set = Open();
    name = SegmentFileName(Flush(*set, 5));
  }
  ASSERT_TRUE(fs_->Remove(Path(name)).ok());
  const std::vector<std::string> before = Names();
  const auto set = VersionSet::Open(Options());
  EXPECT_EQ(set.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(set.status())), HasSubstr(name + " is missing"));
  EXPECT_EQ(Names(), before) << "a failed opening changes nothing";
}

TEST_F(VersionSetTest, AMissingLogIsDataLossAtOpening) {
  std::string name;
  {
    auto set = Open();
    const uint64_t number = NewLog(*set);
    name = LogFileName(number);
    VersionEdit edit;
    edit.added_logs.push_back({number, 9});
    ASSERT_TRUE(Apply(*set, edit).ok());
  }
  ASSERT_TRUE(fs_->Remove(Path(name)).ok());
  const auto set = VersionSet::Open(Options());
  EXPECT_EQ(set.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(set.status())), HasSubstr(name));
}

// Hazards C5 and R9: a job's result for a version that has moved on is refused, and changes
// nothing.
TEST_F(VersionSetTest, RefusesAnEditWhoseInputIsGone) {
  auto set = Open();
  const uint64_t input = Flush(*set, 5);
  const uint64_t first = NewSegment(*set);
  const uint64_t second = NewSegment(*set);
  VersionEdit edit = Added(1, 0, MakeFile(first, 5));
  edit.removed_files.push_back({0, input});
  ASSERT_TRUE(Apply(*set, edit).ok());
  edit.added_files[0].file.number = second;
  const auto held = set->current();
  const absl::Status status = Apply(*set, edit);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("does not fit the current version"));
  EXPECT_TRUE(set->error().ok());
  EXPECT_EQ(set->current(), held);
  set->ReleasePending(first);
  set->ReleasePending(second);
  EXPECT_THAT(set->ObsoleteFiles(), Contains(FileName{FileKind::kSegment, second}));
  EXPECT_THAT(set->ObsoleteFiles(), Not(Contains(FileName{FileKind::kSegment, first})));
  Flush(*set, 9);  // goes on
}

TEST_F(VersionSetTest, RefusesFilesThatAreNotPendingAndRunsALeveledLevelCannotHold) {
  auto set = Open();
  EXPECT_EQ(Apply(*set, Added(0, 1, MakeFile(77, 1))).code(),
            absl::StatusCode::kFailedPrecondition);
  const uint64_t a = NewSegment(*set);
  const uint64_t b = NewSegment(*set);
  ASSERT_TRUE(Apply(*set, Added(1, 0, MakeFile(a, 1, "a", "b"))).ok());
  EXPECT_EQ(Apply(*set, Added(1, 1, MakeFile(b, 1, "c", "d"))).code(),
            absl::StatusCode::kFailedPrecondition);
  // Hazard C9: an older memtable is not installed as the newest run.
  ASSERT_TRUE(Apply(*set, Added(0, 5, MakeFile(b, 10))).ok());
  const uint64_t c = NewSegment(*set);
  EXPECT_EQ(Apply(*set, Added(0, 6, MakeFile(c, 9))).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(VersionSetTest, RefusesAnEditWhoseSegmentCannotBeOpened) {
  auto set = Open();
  const uint64_t number = set->NewPendingFile();  // never written
  EXPECT_EQ(Apply(*set, Added(0, 1, MakeFile(number, 1))).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(set->version().FileCount(), 0u);
  Flush(*set, 1);
}

// One reader per live file: versions share it, and a move does not reopen it.
TEST_F(VersionSetTest, OpensEachSegmentOnce) {
  auto set = Open();
  const uint64_t number = Flush(*set, 5);
  const auto before = set->current()->runs(0)[0].segments[0];
  VersionEdit move = Added(1, 0, *set->version().FindFile(number));
  move.removed_files.push_back({0, number});
  ASSERT_TRUE(Apply(*set, move).ok());
  Flush(*set, 6);
  EXPECT_EQ(set->current()->runs(1)[0].segments[0], before);
  EXPECT_EQ(opened_, 2);
  EXPECT_THAT(set->ObsoleteFiles(), Not(Contains(FileName{FileKind::kSegment, number})));
}

// Hazard C7: a file that someone still pins is not deleted, and goes when the pin does.
TEST_F(VersionSetTest, KeepsPinnedSegmentsUntilReleased) {
  auto set = Open();
  const uint64_t number = Flush(*set, 5);
  auto pin = set->current();
  VersionEdit remove;
  remove.removed_files.push_back({0, number});
  ASSERT_TRUE(Apply(*set, remove).ok());
  const FileName file{FileKind::kSegment, number};
  EXPECT_THAT(set->ObsoleteFiles(), Not(Contains(file)));
  ASSERT_TRUE(RemoveGarbage(*set).ok());
  EXPECT_THAT(Names(), Contains(SegmentFileName(number)));
  pin.reset();
  EXPECT_THAT(set->ObsoleteFiles(), Contains(file));
  ASSERT_TRUE(RemoveGarbage(*set).ok());
  EXPECT_THAT(Names(), Not(Contains(SegmentFileName(number))));
}

// Hazard E11: releasing the last pin notifies; closing need not wait for that.
TEST_F(VersionSetTest, TellsWhenTheLastPinOfASegmentGoes) {
  const auto releases = std::make_shared<SegmentReleases>();
  int told = 0;
  releases->Attach([&told] { ++told; });
  VersionSetOptions options = Options();
  options.releases = releases;
  auto set = Open(std::move(options));
  const uint64_t number = Flush(*set, 5);
  auto pin = set->current();
  VersionEdit remove;
  remove.removed_files.push_back({0, number});
  ASSERT_TRUE(Apply(*set, remove).ok());
  EXPECT_TRUE(set->PinsGarbage());
  EXPECT_EQ(told, 0);
  pin.reset();
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(set->PinsGarbage());
  ASSERT_TRUE(RemoveGarbage(*set).ok());
  Flush(*set, 6);
  pin = set->current();
  releases->Detach();
  set.reset();
  pin.reset();  // after its owner
  EXPECT_EQ(told, 1);
}

TEST_F(VersionSetTest, RemovesAlsoWhatIsPinnedForTheLastTime) {
  auto set = Open();
  const uint64_t number = Flush(*set, 5);
  const auto pin = set->current();
  VersionEdit remove;
  remove.removed_files.push_back({0, number});
  ASSERT_TRUE(Apply(*set, remove).ok());
  const uint64_t pending = NewSegment(*set);
  {
    MutexLock lock(mutex_);
    ASSERT_TRUE(set->RemoveObsoleteFiles(mutex_, /*pinned_too=*/true).ok());
  }
  EXPECT_THAT(Names(), Not(Contains(SegmentFileName(number))));
  EXPECT_THAT(Names(), Contains(SegmentFileName(pending)));
}

// Hazard C7: outputs of failed jobs and crashes do not stay, and nothing that is not ours goes.
TEST_F(VersionSetTest, SweepsLeftoversOfACrashAndNothingElse) {
  uint64_t live = 0;
  {
    auto set = Open();
    live = Flush(*set, 5);
    NewSegment(*set);
    NewLog(*set);
  }
  Touch("CURRENT.tmp");
  Touch("000050.parquet");
  Touch("MANIFEST-000051");
  Touch("LOCK");
  Touch("000052.parquet.bak");
  Touch("notes");
  auto set = Open();
  ASSERT_TRUE(RemoveGarbage(*set).ok());
  EXPECT_THAT(Names(), UnorderedElementsAre("CURRENT", "LOCK", "000052.parquet.bak", "notes",
                                            SegmentFileName(live),
                                            ManifestFileName(set->manifest_number())));
}

TEST_F(VersionSetTest, PendingFilesAreNoGarbage) {
  auto set = Open();
  const uint64_t number = NewSegment(*set);
  ASSERT_TRUE(RemoveGarbage(*set).ok());
  EXPECT_THAT(Names(), Contains(SegmentFileName(number)));
  set->ReleasePending(number);
  ASSERT_TRUE(RemoveGarbage(*set).ok());
  EXPECT_THAT(Names(), Not(Contains(SegmentFileName(number))));
}

// Hazard R10: a number found on disk counts as used, whatever the manifest knows.
TEST_F(VersionSetTest, NeverReusesANumber) {
  uint64_t highest = 0;
  for (int life = 0; life < 4; ++life) {
    auto set = Open();
    EXPECT_GT(set->manifest_number(), highest);
    highest = NewSegment(*set);
    EXPECT_GT(highest, set->manifest_number());
  }
  Touch("000900.log");
  EXPECT_EQ(Open()->manifest_number(), 901u);
}

// The first of the calls stands still until the test lets it go on; all are counted.
class HeldCalls final : public InterceptedFileSystem {
 public:
  HeldCalls(FileSystem* base, FsCall kind) : InterceptedFileSystem(base), kind_(kind) {}

  std::promise<void> go_on;
  std::promise<void> arrived;
  std::atomic<bool> holds = false;
  std::atomic<int> calls = 0;

 private:
  absl::Status Before(const Call& call) override {
    if (call.kind == kind_ && holds.load()) {
      if (++calls == 1) {
        arrived.set_value();
        go_on.get_future().wait();
      }
    }
    return absl::OkStatus();
  }

  const FsCall kind_;
};

constexpr auto kLongEnough = std::chrono::milliseconds(50);  // for a thread that waits for nothing

// "Waits for its turn": an edit begins to write when the one before it is durable.
TEST_F(VersionSetTest, OneEditIsWrittenAtATime) {
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(1);
  HeldCalls disk(fs_, FsCall::kAppend);
  VersionSetOptions options = Options();
  options.fs = &disk;
  options.executor = executor.get();
  const auto set = Open(options);
  const uint64_t numbers[] = {NewLog(*set), NewLog(*set)};
  disk.holds = true;
  const auto add_log = [&](uint64_t number) {
    VersionEdit edit;
    edit.added_logs.push_back({number, number});
    return Apply(*set, std::move(edit));
  };
  auto first = std::async(std::launch::async, [&] { return add_log(numbers[0]); });
  disk.arrived.get_future().wait();
  auto second = std::async(std::launch::async, [&] { return add_log(numbers[1]); });
  EXPECT_EQ(second.wait_for(kLongEnough), std::future_status::timeout);
  EXPECT_EQ(disk.calls.load(), 1);
  disk.go_on.set_value();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(set->state().logs.size(), 2u);
  EXPECT_TRUE(Close(*set).ok());
}

// "One caller works at a time, others return OK at once."
TEST_F(VersionSetTest, OneCallerRemovesGarbage) {
  HeldCalls disk(fs_, FsCall::kRemove);
  VersionSetOptions options = Options();
  options.fs = &disk;
  const auto set = Open(options);
  ASSERT_TRUE(RemoveGarbage(*set).ok());
  set->ReleasePending(NewSegment(*set));
  disk.holds = true;
  auto first = std::async(std::launch::async, [&] { return RemoveGarbage(*set); });
  disk.arrived.get_future().wait();
  EXPECT_TRUE(RemoveGarbage(*set).ok());
  EXPECT_EQ(disk.calls.load(), 1);
  disk.go_on.set_value();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(Close(*set).ok());
}

TEST_F(VersionSetTest, RollsTheManifest) {
  auto options = Options();
  options.manifest_limits = {.roll_bytes = 500, .roll_snapshots = 1};
  auto set = Open(options);
  const uint64_t first = set->manifest_number();
  for (Timestamp ts = 1; ts <= 20; ++ts) {
    Flush(*set, ts);
  }
  EXPECT_GT(set->manifest_number(), first);
  const ManifestState state = set->state();
  ASSERT_TRUE(RemoveGarbage(*set).ok());
  EXPECT_THAT(Names(), Not(Contains(ManifestFileName(first))));
  ASSERT_TRUE(Close(*set).ok());
  set.reset();
  set = Open(options);
  EXPECT_EQ(set->recovered().state, state);
}

}  // namespace
}  // namespace veralith
