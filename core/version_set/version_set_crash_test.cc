// SPDX-License-Identifier: Apache-2.0

// The version set on a disk that loses power or fails, at every step of random lives. A life is a
// string of letters, one act each:
//   f  flush: a new segment becomes a run of level 0
//   m  move a segment of level 0 to level 1
//   c  compact everything into one segment of level 1
//   l  switch to a new log, drop the older ones
//   t  raise the timestamp ceiling
//   x  a job that fails and leaves its output
//   p  pin the current set
//   u  release what is pinned
//   g  remove garbage
//   o  close and open again
//   k  open again without closing (a killed process: what it wrote is in the page cache)
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/fs/file_helpers.h"
#include "core/version_set/version_set.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "veralith/testing/fault_plan.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

const std::string kDirectory = "/db";
const std::string kLetters = "fmcltxpugok";

std::string Path(std::string_view name) { return JoinPath(kDirectory, name); }
std::string SegmentText(uint64_t number) { return "segment " + std::to_string(number); }

// What a crash must not change: everything except the counters, which may rise.
VersionEdit Essence(const ManifestState& state) {
  VersionEdit edit = state.Snapshot();
  edit.next_file_number.reset();
  edit.next_run_id.reset();
  return edit;
}

absl::Status WriteFile(FileSystem& fs, const std::string& name, std::string_view text) {
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs.Open(Path(name), OpenMode::kCreate));
  VERALITH_RETURN_IF_ERROR(file->Append(text));
  VERALITH_RETURN_IF_ERROR(file->Sync());
  VERALITH_RETURN_IF_ERROR(file->Close());
  return fs.SyncDirectory(kDirectory);
}

// One database on one disk, and what is known about it.
class Life {
 public:
  Life(SimulatedFileSystem& fs, bool rolls) : fs_(fs), rolls_(rolls) {}

  // Performs the acts until one fails; returns its error.
  absl::Status Live(const std::string& acts) {
    VERALITH_RETURN_IF_ERROR(Open());
    for (const char act : acts) {
      VERALITH_RETURN_IF_ERROR(Act(act));
    }
    return absl::OkStatus();
  }

  absl::Status Open() {
    pins_.clear();
    set_.reset();
    VERALITH_ASSIGN_OR_RETURN(set_, VersionSet::Open(Options()));
    const VersionEdit found = Essence(set_->state());
    EXPECT_TRUE(IsLegal(found)) << set_->state().DebugString();
    EXPECT_TRUE(!set_->created() || !durable_.has_value()) << "opened empty over data";
    durable_ = found;
    in_flight_.reset();
    const uint64_t next = set_->NewPendingFile();
    EXPECT_GT(next, highest_durable_number_) << "a number is used twice";
    highest_durable_number_ = std::max(highest_durable_number_, set_->manifest_number());
    set_->ReleasePending(next);
    return absl::OkStatus();
  }

  absl::Status Act(char act) {
    switch (act) {
      case 'f':
        return Flush();
      case 'm':
        return Move();
      case 'c':
        return Compact();
      case 'l':
        return SwitchLog();
      case 't':
        return RaiseCeiling();
      case 'x':
        return FailAJob();
      case 'p':
        pins_.push_back(set_->current());
        return absl::OkStatus();
      case 'u':
        pins_.clear();
        return absl::OkStatus();
      case 'g':
        return RemoveGarbage();
      case 'o':
        VERALITH_RETURN_IF_ERROR(Close());
        return Open();
      default:
        return Open();
    }
  }

  absl::Status RemoveGarbage() {
    absl::Status status;
    {
      MutexLock lock(mutex_);
      status = set_->RemoveObsoleteFiles(mutex_);
    }
    if (status.ok()) {
      ExpectPinnedFilesExist();
    }
    return status;
  }

  // After the garbage is gone, exactly what is referenced is there (hazard C7).
  void ExpectNoGarbage() {
    pins_.clear();
    ASSERT_TRUE(RemoveGarbage().ok());
    std::vector<std::string> expected = {"CURRENT", ManifestFileName(set_->manifest_number())};
    for (const uint64_t number : set_->version().FileNumbers()) {
      expected.push_back(SegmentFileName(number));
    }
    for (const auto& [number, id] : set_->state().logs) {
      expected.push_back(LogFileName(number));
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(*fs_.List(kDirectory), expected) << fs_.Dump();
  }

  // Continues the life on what a crash left of the disk.
  std::unique_ptr<Life> OnSurvivor(SimulatedFileSystem& survivor) const {
    auto life = std::make_unique<Life>(survivor, rolls_);
    life->durable_ = durable_;
    life->in_flight_ = in_flight_;
    life->highest_durable_number_ = highest_durable_number_;
    life->now_ = now_;
    return life;
  }

  const std::optional<VersionEdit>& durable() const { return durable_; }

 private:
  VersionSetOptions Options() {
    VersionSetOptions options;
    options.fs = &fs_;
    options.executor = &executor_;
    options.directory = kDirectory;
    options.new_database_id = 7;
    if (rolls_) {
      options.manifest_limits = {.roll_bytes = 300, .roll_snapshots = 0};
    }
    options.open_segment =
        [this](const FileMeta& meta) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
      VERALITH_ASSIGN_OR_RETURN(const std::string text,
                                ReadWholeFile(fs_, Path(SegmentFileName(meta.number)), 1000));
      if (text != SegmentText(meta.number)) {
        return DataLoss(SegmentFileName(meta.number) + " holds: " + text);
      }
      return std::shared_ptr<SegmentReader>();
    };
    return options;
  }

  // If nothing was acknowledged yet: no database, or an empty one.
  bool IsLegal(const VersionEdit& found) const {
    if (!durable_.has_value()) {
      return found.added_files.empty() && found.added_logs.empty();
    }
    return found == *durable_ || (in_flight_.has_value() && found == *in_flight_);
  }

  void ExpectPinnedFilesExist() {
    for (const auto& pin : pins_) {
      for (const uint64_t number : pin->version().FileNumbers()) {
        EXPECT_TRUE(fs_.Exists(Path(SegmentFileName(number))).value_or(false)) << number;
      }
    }
  }

  absl::Status Apply(VersionEdit edit) {
    const auto next = set_->state().Apply(edit);
    EXPECT_TRUE(next.ok()) << next.status();
    in_flight_ = Essence(*next);
    MutexLock lock(mutex_);
    const absl::Status status = set_->LogAndApply(std::move(edit), mutex_);
    if (status.ok()) {
      durable_ = std::exchange(in_flight_, std::nullopt);
      highest_durable_number_ =
          std::max(highest_durable_number_, set_->state().next_file_number - 1);
      EXPECT_EQ(Essence(set_->state()), *durable_);
    }
    return status;
  }

  absl::Status AddSegment(int level, uint64_t run_id, Timestamp min_ts, VersionEdit edit) {
    const uint64_t number = set_->NewPendingFile();
    absl::Status status = WriteFile(fs_, SegmentFileName(number), SegmentText(number));
    if (status.ok()) {
      FileMeta file;
      file.number = number;
      file.bytes = SegmentText(number).size();
      file.entries = 1;
      file.smallest_key = "a";
      file.largest = {0, "b", KeyBound::Kind::kInclusive};
      file.min_ts = min_ts;
      file.max_ts = now_;
      edit.added_files.push_back({level, run_id, file});
      status = Apply(std::move(edit));
    }
    set_->ReleasePending(number);
    return status;
  }

  absl::Status Flush() {
    ++now_;
    VersionEdit edit;
    edit.last_timestamp = now_;
    return AddSegment(0, set_->NewRunId(), now_, std::move(edit));
  }

  absl::Status Compact() {
    VersionEdit edit;
    for (const int level : {0, 1}) {
      for (const Run& run : set_->version().runs(level)) {
        for (const FileRef& file : run.files) {
          edit.removed_files.push_back({level, file->number});
        }
      }
    }
    edit.cursors.push_back({0, 0, std::to_string(now_)});
    return edit.removed_files.empty() ? absl::OkStatus() : AddSegment(1, 0, 1, std::move(edit));
  }

  absl::Status Move() {
    const Version& version = set_->version();
    if (version.runs(0).empty() || !version.runs(1).empty()) {
      return absl::OkStatus();
    }
    const FileMeta file = *version.runs(0).back().files[0];
    VersionEdit edit;
    edit.removed_files.push_back({0, file.number});
    edit.added_files.push_back({1, 0, file});
    return Apply(std::move(edit));
  }

  absl::Status SwitchLog() {
    const uint64_t number = set_->NewPendingFile();
    absl::Status status = WriteFile(fs_, LogFileName(number), "");
    if (status.ok()) {
      VersionEdit edit;
      for (const auto& [old, id] : set_->state().logs) {
        edit.removed_logs.push_back(old);
      }
      edit.added_logs.push_back({number, 1000 + number});
      status = Apply(std::move(edit));
    }
    set_->ReleasePending(number);
    return status;
  }

  absl::Status RaiseCeiling() {
    VersionEdit edit;
    edit.timestamp_ceiling = set_->state().timestamp_ceiling + 100;
    return Apply(std::move(edit));
  }

  absl::Status FailAJob() {
    const uint64_t number = set_->NewPendingFile();
    const absl::Status status = WriteFile(fs_, SegmentFileName(number), "half");
    set_->ReleasePending(number);
    return status;
  }

  absl::Status Close() {
    MutexLock lock(mutex_);
    return set_->Close(mutex_);
  }

  SimulatedFileSystem& fs_;
  const bool rolls_;
  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_};
  Mutex mutex_;
  std::unique_ptr<VersionSet> set_;
  std::vector<std::shared_ptr<const SegmentSet>> pins_;
  Timestamp now_ = 1;

  std::optional<VersionEdit> durable_;    // nothing: no opening was acknowledged yet
  std::optional<VersionEdit> in_flight_;  // an edit whose outcome is not known
  uint64_t highest_durable_number_ = 0;
};

std::unique_ptr<SimulatedFileSystem> NewDisk() {
  auto disk = std::make_unique<SimulatedFileSystem>();
  EXPECT_TRUE(disk->CreateDirectory(kDirectory).ok());
  EXPECT_TRUE(disk->SyncDirectory("/").ok());
  return disk;
}

// Opens what a crash left, checks everything, continues, and opens again.
void ExpectRecovers(const Life& before, SimulatedFileSystem& disk) {
  const auto life = before.OnSurvivor(disk);
  const absl::Status status = life->Open();
  ASSERT_TRUE(status.ok()) << status << "\n" << disk.Dump();
  const VersionEdit recovered = *life->durable();
  life->ExpectNoGarbage();
  ASSERT_TRUE(life->Live("f").ok());  // opens a second time first
  life->ExpectNoGarbage();
  EXPECT_EQ(recovered.added_files.size() + 1, life->durable()->added_files.size());
  ASSERT_TRUE(life->Live("go").ok());
}

struct Counts {
  uint64_t crashes = 0;
  uint64_t survivors = 0;
  uint64_t second_crashes = 0;
};

// A second crash, in every step of the recovery from `image` (hazard R7).
void CrashInRecovery(const Life& before, const SimulatedFileSystem& image, Counts& counts) {
  for (uint64_t step = 1;; ++step) {
    const auto disk = image.CloneWithEverything();
    disk->CrashAtStep(disk->steps() + step);
    const auto life = before.OnSurvivor(*disk);
    const absl::Status status = life->Live("g");
    if (status.ok()) {
      return;
    }
    ASSERT_TRUE(IsSimulatedCrash(status)) << status;
    ++counts.second_crashes;
    ExpectRecovers(*life, *disk->CrashClone(step));
  }
}

// Crashes in every step of the life, and recovers from up to `bound` survivors of each.
void CrashEverywhere(const std::string& acts, bool rolls, size_t bound, Counts& counts) {
  std::set<uint64_t> seen;
  for (uint64_t step = 1;; ++step) {
    const auto disk = NewDisk();
    disk->CrashAtStep(disk->steps() + step);
    Life life(*disk, rolls);
    const absl::Status status = life.Live(acts);
    if (status.ok()) {
      return;
    }
    ASSERT_TRUE(IsSimulatedCrash(status)) << status;
    ++counts.crashes;
    for (const auto& image : disk->EnumerateSurvivors(bound).images) {
      ++counts.survivors;
      if (seen.insert(image->Fingerprint()).second) {
        CrashInRecovery(life, *image, counts);
      }
      ExpectRecovers(life, *image);
      if (::testing::Test::HasFailure()) {
        ADD_FAILURE() << "acts " << acts << (rolls ? " rolling" : "") << ", crash in step " << step;
        return;
      }
    }
  }
}

// Hazards R1, R2, R4, R7, R9, R10, C7, C10.
TEST(VersionSetCrash, EverySurvivorOfEveryStepRecoversToAnAcknowledgedState) {
  Counts counts;
  for (const bool rolls : {false, true}) {
    for (const char* acts : {"lfflcg", "fmfpcugx", "tfotkc", "lflfcgolg"}) {
      CrashEverywhere(acts, rolls, /*bound=*/8, counts);
      ASSERT_FALSE(HasFailure());
    }
  }
  RecordProperty("survivors", static_cast<int>(counts.survivors));
  std::printf("%lu crashes, %lu survivors, %lu crashes in recovery\n", counts.crashes,
              counts.survivors, counts.second_crashes);
}

std::string AnyActs() { return *rc::gen::container<std::string>(rc::gen::elementOf(kLetters)); }

RC_GTEST_PROP(VersionSetCrash, RandomLivesRecover, ()) {
  const std::string acts = AnyActs();
  const bool rolls = *rc::gen::arbitrary<bool>();
  const auto whole = NewDisk();
  Life uncut(*whole, rolls);
  const uint64_t before = whole->steps();
  const absl::Status status = uncut.Live(acts);
  RC_ASSERT(status.ok());
  const uint64_t steps = whole->steps() - before;  // steps of the life alone
  uncut.ExpectNoGarbage();
  const uint64_t crash_step = *rc::gen::inRange<uint64_t>(1, steps + 1);
  const auto disk = NewDisk();
  disk->CrashAtStep(disk->steps() + crash_step);
  Life life(*disk, rolls);
  RC_ASSERT(!life.Live(acts).ok());
  Random random(*rc::gen::arbitrary<uint64_t>());
  for (int i = 0; i < 4; ++i) {
    ExpectRecovers(life, *disk->CrashClone(random.Next()));
  }
  RC_ASSERT(!::testing::Test::HasFailure());
}

// Makes the Nth call fail, once or from then on. The life ends with the error. Everything that was
// acknowledged is found by a later opening, or after a crash (hazard: a failed sync whose bytes are
// in the page cache only).
void FailEverywhere(const std::string& acts, bool rolls, FaultEffect effect, bool from_then_on) {
  for (uint64_t nth = 1;; ++nth) {
    const auto disk = NewDisk();
    disk->SetFaults({{FsCall::kAny, "", nth, from_then_on, effect}});
    Life life(*disk, rolls);
    const absl::Status status = life.Live(acts);
    if (disk->faults_fired() == 0) {
      EXPECT_TRUE(status.ok()) << status;
      return;
    }
    disk->SetFaults({});
    Random random(nth);
    ExpectRecovers(life, *disk->CrashClone(random.Next()));
    // Open again without a crash; then lose power.
    const auto again = life.OnSurvivor(*disk);
    const absl::Status reopened = again->Open();
    ASSERT_TRUE(reopened.ok()) << reopened;
    ExpectRecovers(*again, *disk->CloneWithNothingUnsynced());
    ExpectRecovers(*again, *disk->CrashClone(random.Next()));
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "acts " << acts << (rolls ? " rolling" : "") << ", call " << nth << ": "
                    << status;
      return;
    }
  }
}

TEST(VersionSetFault, EveryCallMayFail) {
  for (const FaultEffect effect :
       {FaultEffect::kIoError, FaultEffect::kShortNoSpace, FaultEffect::kLate}) {
    for (const bool from_then_on : {false, true}) {
      for (const bool rolls : {false, true}) {
        FailEverywhere("lftfclgog", rolls, effect, from_then_on);
        ASSERT_FALSE(HasFailure());
      }
    }
  }
}

// Promise 7: after a failed sync of the manifest nothing more is acknowledged.
TEST(VersionSetFault, AFailedManifestSyncEndsAllChanges) {
  const auto disk = NewDisk();
  Life life(*disk, false);
  ASSERT_TRUE(life.Live("f").ok());
  disk->SetFaults({{FsCall::kSync, "MANIFEST", 1, false, FaultEffect::kIoError}});
  EXPECT_EQ(life.Act('t').code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(life.Act('f').code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(life.Act('t').code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(life.Act('k').ok());
  EXPECT_TRUE(life.Act('f').ok());
}

}  // namespace
}  // namespace veralith
