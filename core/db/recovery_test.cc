// SPDX-License-Identifier: Apache-2.0

// Power cuts in every step, survivors of each, power cuts during recovery, and a failure of every
// call. Afterwards a database is always some prefix of its commits that holds the durable ones. The
// order monitor watches every run.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/manifest_interpreter.h"
#include "core/db/testing/simulation.h"
#include "core/fs/testing/order_monitor.h"
#include "core/manifest/file_names.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

constexpr const char* kDirectory = "db";
constexpr WriteOptions kSynced{.sync = SyncMode::kCommit};

using Contents = std::map<std::string, std::string>;

// --- What the database may hold ------------------------------------------------------------------

struct Change {
  enum Kind { kPut, kDelete, kDeleteRange } kind;
  std::string key;
  std::string value;  // kDeleteRange: the end
};
using Commit = std::vector<Change>;

Contents After(Contents contents, const Commit& commit) {
  for (const Change& change : commit) {
    if (change.kind == Change::kPut) {
      contents[change.key] = change.value;
    } else if (change.kind == Change::kDelete) {
      contents.erase(change.key);
    } else {
      contents.erase(contents.lower_bound(change.key), contents.lower_bound(change.value));
    }
  }
  return contents;
}

WriteBatch ToBatch(const Commit& commit) {
  WriteBatch batch;
  for (const Change& change : commit) {
    if (change.kind == Change::kPut) {
      batch.Put(change.key, change.value);
    } else if (change.kind == Change::kDelete) {
      batch.Delete(change.key);
    } else {
      batch.DeleteRange(kDefaultNamespace, change.key, change.value);
    }
  }
  return batch;
}

// The states to which the commits so far may have led, one set after each commit: a commit that
// returned an error may have happened or not.
class LegalStates {
 public:
  void Acknowledged(const Commit& commit) { Add(commit, /*certain=*/true); }
  void Failed(const Commit& commit) { Add(commit, /*certain=*/false); }
  void Durable() { must_ = after_.size() - 1; }

  bool MayBeNow(const Contents& contents) const { return after_.back().contains(contents); }
  bool MayBeAfterPowerCut(const Contents& contents) const {
    return std::any_of(after_.begin() + static_cast<ptrdiff_t>(must_), after_.end(),
                       [&](const std::set<Contents>& states) { return states.contains(contents); });
  }
  void Become(const Contents& contents) {
    after_ = {{contents}};
    must_ = 0;
  }
  std::pair<size_t, size_t> Window() const { return {must_, after_.size()}; }

 private:
  void Add(const Commit& commit, bool certain) {
    std::set<Contents> next = certain ? std::set<Contents>() : after_.back();
    for (const Contents& contents : after_.back()) {
      next.insert(After(contents, commit));
    }
    after_.push_back(std::move(next));
  }

  std::vector<std::set<Contents>> after_ = {{Contents()}};
  size_t must_ = 0;
};

// --- The script ----------------------------------------------------------------------------------

struct Step {
  enum Kind { kCommit, kSync, kFlush, kCompact, kReopen, kCheckpoint } kind;
  Commit commit;
  bool synced = false;
};

Step Unsynced(Commit commit) { return {Step::kCommit, std::move(commit), false}; }
Step Synced(Commit commit) { return {Step::kCommit, std::move(commit), true}; }
Change Put(std::string key, std::string value) {
  return {Change::kPut, std::move(key), std::move(value)};
}
Change Delete(std::string key) { return {Change::kDelete, std::move(key), ""}; }
Change DeleteRange(std::string begin, std::string end) {
  return {Change::kDeleteRange, std::move(begin), std::move(end)};
}

// Overwrites, deletes and batches before and after flushes, compactions and a reopening, and one
// part that fills memtables by itself.
std::vector<Step> Script() {
  std::vector<Step> script = {
      Unsynced({Put("a", "1")}),
      Synced({Put("b", "1")}),
      Unsynced({Put("a", "2"), Put("c", "1"), Put("d", "1")}),
      {Step::kFlush, {}},
      Unsynced({Delete("a"), Put("e", "1")}),
      Synced({Put("b", "2"), Delete("c"), Put("f", "1")}),
  };
  for (int i = 0; i < 8; ++i) {
    script.push_back(
        Unsynced({Put(StrCat("g", i % 3), std::string(200, static_cast<char>('0' + i))),
                  Put("h", StrCat(i))}));
  }
  const std::vector<Step> rest = {
      {Step::kSync, {}},
      {Step::kCompact, {}},
      Unsynced({DeleteRange("b", "g"), Put("d", "2")}),
      Synced({Put("a", "3"), Delete("h")}),
      {Step::kReopen, {}},
      Unsynced({Put("a", "4"), Delete("d")}),
      {Step::kFlush, {}},
      Synced({Delete("a")}),
      Unsynced({Put("b", "3"), Put("z", "1")}),
  };
  script.insert(script.end(), rest.begin(), rest.end());
  return script;
}

// --- The machine ---------------------------------------------------------------------------------

// One run of a simulated machine, from power on to power cut.
class Machine {
 public:
  explicit Machine(std::unique_ptr<SimulatedFileSystem> disk, uint64_t seed = 1,
                   bool maps_log = false)
      : disk_(std::move(disk)),
        executor_(seed, &clock_),
        monitor_(disk_.get(), &interpreter_),
        maps_log_(maps_log) {
    EXPECT_OK(AdoptWhatIsThere());
  }
  ~Machine() { PowerOff(); }

  absl::Status Open() {
    Options options;
    options.file_system = &monitor_;
    options.clock = &clock_;
    options.executor = &executor_;
    options.random_seed = 7;
    options.write_buffer_bytes = options.recovery_buffer_bytes = 1024;
    options.key_page_bytes = options.value_page_bytes = 256;
    options.target_segment_bytes = 2048;
    options.level0_compaction_trigger = 3;
    options.map_log = maps_log_;
    VERALITH_ASSIGN_OR_RETURN(db_, Db::Open(kDirectory, options));
    return absl::OkStatus();
  }
  // Destroys the database without Close if the power is gone, because then nothing works.
  void PowerOff() {
    db_.reset();
    executor_.DropAll();
  }

  // Runs as far as possible, and tells `legal` what failed. A step that fails is followed by
  // Resume.
  void Run(const std::vector<Step>& script, LegalStates& legal) {
    for (const Step& step : script) {
      const absl::Status status = RunStep(step, legal);
      if (!status.ok()) {
        ++errors_;
      }
      if (db_ == nullptr || disk_->crashed()) {
        return;
      }
      if (!status.ok()) {
        db_->Resume().IgnoreError();
      }
      if (const absl::StatusOr<Contents> contents = ReadAll(); contents.ok()) {
        EXPECT_TRUE(legal.MayBeNow(*contents)) << Text(*contents);
      }
    }
  }

  absl::StatusOr<Contents> ReadAll() {
    Contents contents;
    const std::unique_ptr<DbIterator> it = db_->NewIterator({});
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      contents[std::string(it->key())] = std::string(it->value());
    }
    VERALITH_RETURN_IF_ERROR(it->status());
    return contents;
  }

  static std::string Text(const Contents& contents) {
    std::string text;
    for (const auto& [key, value] : contents) {
      text += key + "=" + value.substr(0, 4) + " ";
    }
    return text;
  }

  void ExpectTheOrderWasKept() {
    for (const std::string& violation : monitor_.violations()) {
      ADD_FAILURE() << violation;
    }
  }

  SimulatedFileSystem& disk() { return *disk_; }
  SimulatedClock& clock() { return clock_; }
  Db& db() { return *db_; }
  bool running() const { return db_ != nullptr; }
  uint64_t checks() const { return monitor_.checks(); }
  Timestamp used() const { return used_; }
  int errors() const { return errors_; }

  absl::Status Write(const Commit& commit, bool synced, LegalStates& legal) {
    const absl::StatusOr<Timestamp> timestamp =
        db_->Write(synced ? kSynced : WriteOptions{}, ToBatch(commit));
    if (!timestamp.ok()) {
      legal.Failed(commit);
      return timestamp.status();
    }
    EXPECT_GT(*timestamp, used_);
    used_ = *timestamp;
    legal.Acknowledged(commit);
    if (synced) {
      legal.Durable();
    }
    return absl::OkStatus();
  }

 private:
  absl::Status AdoptWhatIsThere() {
    VERALITH_ASSIGN_OR_RETURN(const bool exists, disk_->Exists(kDirectory));
    return exists ? monitor_.Adopt(kDirectory) : absl::OkStatus();
  }

  absl::Status RunStep(const Step& step, LegalStates& legal) {
    absl::Status status;
    switch (step.kind) {
      case Step::kCommit:
        return Write(step.commit, step.synced, legal);
      case Step::kSync:
        status = db_->Sync();
        break;
      case Step::kFlush:
        status = db_->Flush();
        break;
      case Step::kCompact:
        return db_->CompactAll();
      case Step::kCheckpoint:
        return db_->Checkpoint(StrCat("copy", checkpoints_++));
      case Step::kReopen:
        status = db_->Close();
        if (status.ok()) {
          legal.Durable();
        }
        db_.reset();
        return disk_->crashed() ? status : Open();
    }
    if (status.ok()) {
      legal.Durable();
    }
    return status;
  }

  std::unique_ptr<SimulatedFileSystem> disk_;
  SimulatedClock clock_;
  SimulatedExecutor executor_;
  DatabaseManifestInterpreter interpreter_;
  OrderMonitor monitor_;
  const bool maps_log_;
  std::unique_ptr<Db> db_;
  Timestamp used_ = 0;
  int errors_ = 0;
  int checkpoints_ = 0;
};

std::set<uint64_t> FileNumbers(SimulatedFileSystem& disk) {
  std::set<uint64_t> numbers;
  for (const auto& [path, bytes] : disk.Files()) {
    const auto name = ParseFileName(path.substr(path.find_last_of('/') + 1));
    if (name.has_value() && name->number != 0) {
      numbers.insert(name->number);
    }
  }
  return numbers;
}

// Opens what a power cut left. Expects a legal state, new numbers, new timestamps (hazard R10), and
// a database that goes on working and keeps what it says now.
void ExpectRecovers(std::unique_ptr<SimulatedFileSystem> image, LegalStates legal, Timestamp used) {
  const std::set<uint64_t> before = FileNumbers(*image);
  Machine machine(std::move(image));
  machine.clock().StepBack(5'000'000'000);
  ASSERT_OK(machine.Open());
  const absl::StatusOr<Contents> contents = machine.ReadAll();
  ASSERT_OK(contents.status());
  ASSERT_TRUE(legal.MayBeAfterPowerCut(*contents)) << Machine::Text(*contents);
  legal.Become(*contents);
  ASSERT_OK(machine.Write({Put("a", "new"), Put("k", "new")}, /*synced=*/true, legal));
  EXPECT_GT(machine.used(), used);
  ASSERT_OK(machine.Write({Delete("k")}, /*synced=*/true, legal));
  for (const uint64_t number : FileNumbers(machine.disk())) {
    EXPECT_TRUE(before.contains(number) || before.empty() || number > *before.rbegin()) << number;
  }
  EXPECT_OK(machine.db().Check());
  // Hazards R2, W5: what was acknowledged since then does not follow a torn tail.
  std::unique_ptr<SimulatedFileSystem> again = machine.disk().CloneWithNothingUnsynced();
  machine.ExpectTheOrderWasKept();
  machine.PowerOff();
  Machine later(std::move(again));
  ASSERT_OK(later.Open());
  const absl::StatusOr<Contents> kept = later.ReadAll();
  ASSERT_OK(kept.status());
  EXPECT_TRUE(legal.MayBeAfterPowerCut(*kept)) << Machine::Text(*kept);
  later.ExpectTheOrderWasKept();
}

std::vector<std::unique_ptr<SimulatedFileSystem>> SurvivorsOf(const SimulatedFileSystem& disk,
                                                              size_t bound, uint64_t seed) {
  SimulatedFileSystem::Survivors survivors = disk.EnumerateSurvivors(bound);
  if (!survivors.complete) {
    survivors.images.push_back(disk.CrashClone(seed));
  }
  return std::move(survivors.images);
}

// Cuts the power in every step of recovering `image`; it must recover nevertheless.
int CutDuringRecovery(const SimulatedFileSystem& image, const LegalStates& legal, Timestamp used) {
  int cases = 0;
  for (uint64_t step = 1;; ++step) {
    Machine machine(image.CloneWithEverything());
    machine.disk().CrashAtStep(machine.disk().steps() + step);
    const absl::Status opened = machine.Open();
    machine.PowerOff();
    machine.ExpectTheOrderWasKept();
    if (!machine.disk().crashed()) {
      return cases;
    }
    for (auto& survivor : SurvivorsOf(machine.disk(), 2, step)) {
      ExpectRecovers(std::move(survivor), legal, used);
      ++cases;
    }
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "second power cut in step " << step << " of recovery";
      return cases;
    }
  }
}

// Hazards R7, R10, W2, R2, R5: half a batch, a replayed flush, a lost synced commit, or a reused
// number or timestamp would each be an illegal state here.
void CutPowerInAnyStep(bool maps_log) {
  const std::vector<Step> script = Script();
  std::set<std::pair<uint64_t, std::pair<size_t, size_t>>> seen;
  int cuts = 0;
  int second_cuts = 0;
  for (uint64_t step = 1;; ++step, ++cuts) {
    Machine machine(std::make_unique<SimulatedFileSystem>(), /*seed=*/step, maps_log);
    machine.disk().CrashAtStep(step);
    LegalStates legal;
    if (machine.Open().ok()) {
      machine.Run(script, legal);
    }
    machine.PowerOff();
    machine.ExpectTheOrderWasKept();
    if (!machine.disk().crashed()) {
      EXPECT_GT(machine.checks(), 0u);
      break;
    }
    for (auto& survivor : SurvivorsOf(machine.disk(), 8, step)) {
      if (!seen.insert({survivor->Fingerprint(), legal.Window()}).second) {
        continue;
      }
      if (seen.size() % 40 == 7) {
        second_cuts += CutDuringRecovery(*survivor, legal, machine.used());
      }
      ExpectRecovers(std::move(survivor), legal, machine.used());
      ASSERT_FALSE(testing::Test::HasFailure()) << "power cut in step " << step;
    }
  }
  std::printf("%d power cuts, %zu distinct survivors, %d more after second power cuts\n", cuts,
              seen.size(), second_cuts);
  EXPECT_GT(cuts, 100);
  EXPECT_GT(second_cuts, 100);
}

TEST(Recovery, APowerCutInAnyStepLeavesAPrefixWithEverythingThatWasSynced) {
  CutPowerInAnyStep(/*maps_log=*/false);
}

TEST(Recovery, APowerCutInAnyStepDoesSoToAMappedLog) { CutPowerInAnyStep(/*maps_log=*/true); }

// Runs the script with one rule of faults; returns false if the fault was not reached. Then the
// fault is repaired, and the database is opened again, and once more after a power cut.
bool SurvivesFault(const std::vector<Step>& script, const std::string& plan) {
  Machine machine(std::make_unique<SimulatedFileSystem>());
  LegalStates legal;
  machine.disk().SetFaults(*ParseFaultPlan(plan));
  if (absl::Status opened = machine.Open(); opened.ok()) {
    machine.Run(script, legal);
  }
  const bool fired = machine.disk().faults_fired() > 0;
  machine.disk().SetFaults({});
  machine.PowerOff();
  const absl::Status opened = machine.Open();
  EXPECT_OK(opened);
  if (!opened.ok()) {
    return fired;
  }
  const absl::StatusOr<Contents> contents = machine.ReadAll();
  EXPECT_OK(contents.status());
  if (contents.ok()) {
    EXPECT_TRUE(legal.MayBeNow(*contents)) << Machine::Text(*contents);
    legal.Become(*contents);
  }
  EXPECT_OK(machine.db().Check());
  machine.ExpectTheOrderWasKept();
  // What recovery showed is durable, even if a sync had failed before.
  std::unique_ptr<SimulatedFileSystem> image = machine.disk().CloneWithNothingUnsynced();
  machine.PowerOff();
  ExpectRecovers(std::move(image), legal, machine.used());
  return fired;
}

void SweepFaults(const std::string& call, const std::string& effect, int stride) {
  std::vector<Step> script = Script();
  script.insert(script.begin() + 8, {Step::kCheckpoint, {}});
  int runs = 0;
  for (const char* from_then_on : {"", "+"}) {
    for (int nth = 1;; nth += stride, ++runs) {
      const std::string plan = StrCat(call, "@#", nth, from_then_on, "=", effect);
      if (!SurvivesFault(script, plan)) {
        break;
      }
      ASSERT_FALSE(testing::Test::HasFailure()) << plan;
    }
  }
  EXPECT_GT(runs, 0);
}

// With a new manifest at every edit, an opening that fails later has already replaced one. Garbage
// of it must not be removed by a task: the task would outlive its database.
TEST(Faults, AnOpeningThatFailsLeavesNoTask) {
  int failed = 0;
  for (const char* call : {"create", "append", "sync", "rename"}) {
    for (int nth = 1; nth <= 12; ++nth) {
      Simulation simulation;
      Options options = simulation.SmallOptions();
      options.manifest_roll_bytes = 0;
      std::unique_ptr<Db> db = *simulation.Open(options);
      ASSERT_OK(db->Put({}, "a", "1"));
      ASSERT_OK(db->Close());
      db.reset();
      simulation.disk().SetFaults(*ParseFaultPlan(StrCat(call, "@#", nth, "=eio")));
      const bool opened = simulation.Open(options).ok();
      simulation.disk().SetFaults({});
      failed += opened ? 0 : 1;
      if (!opened) {
        EXPECT_EQ(simulation.executor().pending(), 0u) << call << " " << nth;
        EXPECT_EQ(simulation.executor().timers(), 0u) << call << " " << nth;
        simulation.executor().DropAll();
      }
    }
  }
  EXPECT_GT(failed, 10);
}

TEST(Faults, AnyAppendMayFailOnceOrFromThenOn) { SweepFaults("append", "eio", 2); }
TEST(Faults, AnyAppendMayFillTheDisk) { SweepFaults("append", "short_space", 2); }
TEST(Faults, AnyAppendMayHappenAndStillReturnAnError) { SweepFaults("append", "late", 3); }
TEST(Faults, AnySyncMayFailOnceOrFromThenOn) { SweepFaults("sync", "eio", 1); }
TEST(Faults, AnyFileMayFailToBeCreated) { SweepFaults("create", "enospc", 1); }
TEST(Faults, AnyFileMayFailToOpen) { SweepFaults("open", "eio", 1); }
TEST(Faults, AnyReadMayFail) { SweepFaults("read", "eio", 1); }
TEST(Faults, AnyRenameMayFail) { SweepFaults("rename", "eio", 1); }
TEST(Faults, AnyRenameMayHappenAndStillReturnAnError) { SweepFaults("rename", "late", 1); }
TEST(Faults, AnyRemovalMayFail) { SweepFaults("remove", "eio", 1); }
TEST(Faults, AnySyncOfADirectoryMayFail) { SweepFaults("sync_directory", "eio", 1); }
TEST(Faults, AnyLinkMayFail) { SweepFaults("link", "eio", 1); }
TEST(Faults, AnyLockListOrLookMayFail) {
  for (const char* call : {"lock", "list", "exists", "size", "create_directory", "close"}) {
    SweepFaults(call, "eio", 1);
  }
}

// --- Single hazards ------------------------------------------------------------------------------

// A machine with an open database that has committed and flushed.
class RecoveryHazard : public ::testing::Test {
 protected:
  void SetUp() override {
    machine_ = std::make_unique<Machine>(std::make_unique<SimulatedFileSystem>());
    ASSERT_OK(machine_->Open());
  }
  void PowerCut(std::unique_ptr<SimulatedFileSystem> image) {
    machine_->ExpectTheOrderWasKept();
    machine_->PowerOff();
    machine_ = std::make_unique<Machine>(std::move(image));
  }
  std::string Get(const std::string& key) {
    PinnedValue value;
    const absl::StatusOr<bool> found = machine_->db().Get({}, key, &value);
    return !found.ok() ? ToString(found.status()) : *found ? value.ToString() : "(absent)";
  }
  // Writes keys from "key0" on until two logs are needed, since none can be flushed; then "last".
  void FillTwoLogs() {
    machine_->disk().SetFaults(*ParseFaultPlan("create@.parquet#1+=eio"));
    while (FilesEnding(".log").size() < 2) {
      ASSERT_LT(keys_, 100);
      ASSERT_OK(machine_->db().Put(kSynced, StrCat("key", keys_++), std::string(100, 'v')));
    }
    ASSERT_OK(machine_->db().Put(kSynced, "last", "1"));
    machine_->disk().SetFaults({});
  }
  std::map<std::string, std::string> FilesEnding(const std::string& suffix) {
    std::map<std::string, std::string> files;
    for (const auto& [path, bytes] : machine_->disk().Files()) {
      if (path.ends_with(suffix)) {
        files[path] = bytes;
      }
    }
    return files;
  }
  std::unique_ptr<Machine> machine_;
  int keys_ = 0;  // that FillTwoLogs wrote
};

// Hazard R2.
TEST_F(RecoveryHazard, NothingIsAppendedBehindATornTail) {
  ASSERT_OK(machine_->db().Put(kSynced, "a", "1"));
  ASSERT_OK(machine_->db().Put({}, "b", std::string(2000, 'b')));
  const auto logs = FilesEnding(".log");
  ASSERT_EQ(logs.size(), 1u);
  std::unique_ptr<SimulatedFileSystem> torn = machine_->disk().CloneWithEverything();
  {
    const auto file = torn->Open(logs.begin()->first, OpenMode::kReadWrite);
    ASSERT_OK((*file)->Truncate(logs.begin()->second.size() - 700));
    ASSERT_OK((*file)->Sync());
  }
  PowerCut(std::move(torn));
  for (int life = 0; life < 3; ++life) {
    ASSERT_OK(machine_->Open());
    EXPECT_EQ(Get("a"), "1");
    EXPECT_EQ(Get("b"), "(absent)");
    for (int earlier = 0; earlier < life; ++earlier) {
      EXPECT_EQ(Get(StrCat("life", earlier)), "lived");
    }
    ASSERT_OK(machine_->db().Put(kSynced, StrCat("life", life), "lived"));
    PowerCut(machine_->disk().CloneWithNothingUnsynced());
  }
}

// Hazard R4.
TEST_F(RecoveryHazard, AMissingSegmentIsDataLossAndNotAWarning) {
  ASSERT_OK(machine_->db().Put({}, "a", "1"));
  ASSERT_OK(machine_->db().Flush());
  const auto segments = FilesEnding(".parquet");
  ASSERT_EQ(segments.size(), 1u);
  std::unique_ptr<SimulatedFileSystem> image = machine_->disk().CloneWithEverything();
  ASSERT_OK(image->Remove(segments.begin()->first));
  PowerCut(std::move(image));
  const absl::Status status = machine_->Open();
  EXPECT_TRUE(absl::IsDataLoss(status)) << ToString(status);
}

// Hazard R5: logs of flushed writes stay on the disk (their removal failed) or come back.
TEST_F(RecoveryHazard, LogsThatWereFlushedAreNeverReplayed) {
  ASSERT_OK(machine_->db().Put(kSynced, "deleted", "old"));
  ASSERT_OK(machine_->db().Put(kSynced, "replaced", "old"));
  const auto old_logs = FilesEnding(".log");
  machine_->disk().SetFaults(*ParseFaultPlan("remove@.log#1+=eio"));
  ASSERT_OK(machine_->db().Flush());
  ASSERT_OK(machine_->db().Delete({}, "deleted"));
  ASSERT_OK(machine_->db().Put({}, "replaced", "new"));
  ASSERT_OK(machine_->db().CompactAll());
  for (const auto& [path, bytes] : old_logs) {
    EXPECT_TRUE(*machine_->disk().Exists(path));
  }
  PowerCut(machine_->disk().CloneWithEverything());
  for (int life = 0; life < 2; ++life) {
    ASSERT_OK(machine_->Open());
    EXPECT_EQ(Get("deleted"), "(absent)");
    EXPECT_EQ(Get("replaced"), "new");
    ASSERT_OK(machine_->db().Close());
    PowerCut(machine_->disk().CloneWithEverything());
  }
  for (const auto& [path, bytes] : old_logs) {
    EXPECT_FALSE(*machine_->disk().Exists(path)) << "the leftover stays for ever";
  }
}

// Hazard R6: two logs are needed; the older one is damaged in the middle or has lost its end.
TEST_F(RecoveryHazard, DamageInAnOlderLogIsDataLossAndTheNewerOneIsNotReplayedOverTheHole) {
  FillTwoLogs();
  const std::string older = FilesEnding(".log").begin()->first;
  const uint64_t bytes = FilesEnding(".log").begin()->second.size();
  const std::unique_ptr<SimulatedFileSystem> whole = machine_->disk().CloneWithEverything();
  std::vector<std::unique_ptr<SimulatedFileSystem>> damaged;
  for (const uint64_t at : {bytes / 3, bytes / 2, bytes - 1}) {
    damaged.push_back(whole->CloneWithEverything());
    damaged.back()->FlipBit(older, at * 8);
    damaged.push_back(whole->CloneWithEverything());
    const auto file = damaged.back()->Open(older, OpenMode::kReadWrite);
    ASSERT_OK((*file)->Truncate(at));
    ASSERT_OK((*file)->Sync());
  }
  for (std::unique_ptr<SimulatedFileSystem>& image : damaged) {
    PowerCut(std::move(image));
    const absl::Status status = machine_->Open();
    EXPECT_TRUE(absl::IsDataLoss(status)) << ToString(status);
    EXPECT_NE(Message(status).find(older.substr(1)), std::string_view::npos) << ToString(status);
  }
  PowerCut(whole->CloneWithEverything());
  ASSERT_OK(machine_->Open());
  EXPECT_EQ(Get("last"), "1");
}

// Two logs are needed, and zeros follow the records of both: what a killed process leaves.
TEST_F(RecoveryHazard, MappedLogsAreReplayedToTheirLastRecordsAndWhatIsMissingIsTold) {
  machine_ = std::make_unique<Machine>(std::make_unique<SimulatedFileSystem>(), 1, true);
  ASSERT_OK(machine_->Open());
  FillTwoLogs();
  for (const auto& [path, bytes] : FilesEnding(".log")) {
    EXPECT_TRUE(bytes.ends_with(std::string(100, '\0'))) << path;
  }
  const auto [older, bytes] = *FilesEnding(".log").begin();
  const std::unique_ptr<SimulatedFileSystem> whole = machine_->disk().CloneWithEverything();
  for (const size_t lost : {1, 40, 300}) {  // bytes of the older log's last records are zeros
    std::unique_ptr<SimulatedFileSystem> image = whole->CloneWithEverything();
    const size_t end = bytes.find_last_not_of('\0') + 1;
    ASSERT_OK((*image->Open(older, OpenMode::kReadWrite))
                  ->WriteAt(end - lost, std::string(lost, '\0')));
    PowerCut(std::move(image));
    EXPECT_TRUE(absl::IsDataLoss(machine_->Open())) << lost;
  }
  PowerCut(whole->CloneWithEverything());
  ASSERT_OK(machine_->Open());
  EXPECT_EQ(Get("last"), "1");
  EXPECT_EQ(Get(StrCat("key", keys_ - 1)), std::string(100, 'v'));
}

// Hazard W5: a log write that fails halfway is never followed by an acknowledged one.
TEST_F(RecoveryHazard, BehindAHalfWrittenRecordNothingIsAcknowledged) {
  ASSERT_OK(machine_->db().Put(kSynced, "a", "1"));
  machine_->disk().SetFaults(*ParseFaultPlan("append@.log#1=short"));
  EXPECT_TRUE(absl::IsUnavailable(machine_->db().Put(kSynced, "half", std::string(100, 'h'))));
  EXPECT_FALSE(machine_->db().Put(kSynced, "b", "1").ok());
  EXPECT_FALSE(machine_->db().Sync().ok());
  PowerCut(machine_->disk().CloneWithEverything());
  ASSERT_OK(machine_->Open());
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(Get("half"), "(absent)");
  EXPECT_EQ(Get("b"), "(absent)");
}

}  // namespace
}  // namespace veralith
