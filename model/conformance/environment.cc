// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/environment.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "core/base/check.h"
#include "core/db/testing/manifest_interpreter.h"
#include "core/fs/testing/order_monitor.h"
#include "core/fs/testing/temporary_directory.h"
#include "core/manifest/file_names.h"
#include "model/conformance/observed_file_system.h"
#include "veralith/posix_file_system.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith::model {
namespace {

FaultRule RuleFor(const Fault& fault) {
  static constexpr FsCall kCalls[kFaultCalls] = {
      FsCall::kAny,    FsCall::kOpen,     FsCall::kCreate,       FsCall::kRead,   FsCall::kAppend,
      FsCall::kWrite,  FsCall::kTruncate, FsCall::kSync,         FsCall::kRename, FsCall::kLink,
      FsCall::kRemove, FsCall::kList,     FsCall::kSyncDirectory};
  static constexpr const char* kParts[kFaultFiles] = {"", ".log", "MANIFEST", ".parquet",
                                                      "CURRENT"};
  static constexpr FaultEffect kEffects[kFaultEffects] = {
      FaultEffect::kIoError, FaultEffect::kNoSpace, FaultEffect::kShort, FaultEffect::kShortNoSpace,
      FaultEffect::kLate};
  FaultRule rule;
  rule.call = kCalls[static_cast<int>(fault.call)];
  rule.path_part = kParts[static_cast<int>(fault.files)];
  rule.nth = fault.nth == 0 ? 1 : fault.nth;
  rule.from_then_on = fault.forever;
  rule.effect = kEffects[static_cast<int>(fault.effect)];
  return rule;
}

// Watches one life of a disk: from a new machine, or what a crash left, to the next crash. A killed
// process leaves to the next one what it knows about the disk: what was not durable still is not.
class OrderWatch {
 public:
  explicit OrderWatch(FileSystem* disk) : monitor_(disk, Interpreter()) {}

  FileSystem* file_system() { return &monitor_; }
  void SetReadOnly(bool read_only) { monitor_.SetReadOnly(read_only); }
  void Adopt(const std::string& directory) {
    monitor_.Adopt(directory).IgnoreError();  // nothing is there yet, or the opening will tell
  }
  Difference Violation() const {
    const std::vector<std::string> violations = monitor_.violations();
    return violations.empty() ? Agree() : "the order of disk calls: " + violations.front();
  }

 private:
  static const ManifestInterpreter* Interpreter() {
    static const DatabaseManifestInterpreter interpreter;
    return &interpreter;
  }

  OrderMonitor monitor_;
};

// `files`: path and bytes of everything in a database's directory.
Difference CompareWithManifest(const std::map<std::string, std::string>& files) {
  const DatabaseManifestInterpreter interpreter;
  std::set<std::string> expected;
  for (const auto& [path, bytes] : files) {
    const std::optional<std::string> manifest =
        interpreter.IsPointer(path) ? interpreter.ManifestNamedBy(path, bytes) : std::nullopt;
    if (manifest.has_value() && files.contains(*manifest)) {
      expected = {path, *manifest};
      for (const NamedFile& named : interpreter.FilesNamedBy(*manifest, files.at(*manifest))) {
        expected.insert(named.path);
      }
    }
  }
  if (expected.empty()) {
    return Agree();  // no manifest to ask (the model's own database); an opening would
  }
  std::string wrong;
  for (const auto& [path, bytes] : files) {
    const bool is_lock = path.ends_with("/" + std::string(kLockFileName));
    wrong += expected.erase(path) == 0 && !is_lock ? " left over: " + path : "";
  }
  for (const std::string& path : expected) {
    wrong += " missing: " + path;
  }
  return wrong.empty() ? Agree() : wrong;
}

class SimulatedEnvironment final : public Environment {
 public:
  explicit SimulatedEnvironment(const Configuration& configuration)
      : seed_(configuration.seed),
        order_(configuration.fifo != 0 ? SimulatedExecutor::Order::kFifo
                                       : SimulatedExecutor::Order::kSeeded),
        disk_(std::make_unique<SimulatedFileSystem>()),
        watch_(std::make_unique<OrderWatch>(disk_.get())) {
    if (const int most = configuration.options.max_open_files; most > 0) {
      disk_->SetMaxOpenFiles(static_cast<uint64_t>(most), directory());
    }
    StartProcess();
  }

  FileSystem* file_system() override { return process_.get(); }
  Clock* clock() override { return &clock_; }
  Executor* executor() override { return executor_.get(); }
  std::string root() const override { return ""; }
  void EnterRoot() override { disk_->SetWorkingDirectory("/"); }
  void EnterDatabase() override {
    if (disk_->Exists(AbsoluteDirectory()).value_or(false)) {
      disk_->SetWorkingDirectory(AbsoluteDirectory());
    }
  }
  void AsAnotherProcess(const std::function<void(FileSystem& disk)>& act) override {
    disk_->AsAnotherProcess(act);
  }
  bool simulated() const override { return true; }

  void RunBackground(uint32_t count) override {
    while (count-- > 0 && executor_->RunOne()) {
    }
  }
  // Advances at most a day: failed work is tried again every 13 s of it, and all operations of one
  // trace together never reach the end of the clock.
  void AdvanceTime(int64_t nanos) override {
    constexpr int64_t kDay = int64_t{86'400} * 1'000'000'000;
    clock_.ReadRight();
    executor_->AdvanceBy(std::min(nanos, kDay));
  }
  void StepWallBack(uint64_t nanos) override {
    clock_.ReadRight();
    clock_.StepBack(nanos);
  }
  void MisreadWall(Timestamp reading) override { clock_.Misread(reading); }

  void Fail(const Fault& fault) override { Plan({RuleFor(fault)}); }
  void Heal() override {
    Plan({});
    if (!disk_->crashed()) {
      disk_->CrashAtStep(UINT64_MAX);
    }
  }
  uint64_t faults_met() const override {
    return met_before_plan_ + disk_->faults_fired() - fired_before_ + (disk_->crashed() ? 1 : 0);
  }
  uint64_t log_faults_met() const override {
    return process_->log_failures() - log_failures_before_;
  }
  void ForgetFaults() override {
    met_before_plan_ = 0;
    fired_before_ = disk_->faults_fired();
    log_failures_before_ = process_->log_failures();
  }

  void CutPowerAtStep(uint64_t step) override {
    disk_->CrashAtStep(disk_->steps() + (step == 0 ? 1 : step));
  }
  bool power_is_cut() const override { return disk_->crashed(); }

  void Crash(uint64_t seed, const std::function<void()>& while_dead) override {
    std::unique_ptr<SimulatedFileSystem> survivor = disk_->CrashClone(seed);
    process_->Die();
    while_dead();
    StopProcess();
    violation_ = OrderViolation();
    watch_ = std::make_unique<OrderWatch>(survivor.get());
    watch_->Adopt(directory());
    disk_ = std::move(survivor);
    StartProcess();
  }
  void Kill(const std::function<void()>& while_dead) override {
    Heal();
    process_->Die();
    while_dead();
    StopProcess();
    StartProcess();
  }

  std::vector<std::string> FileNames() const override {
    const std::string prefix = AbsoluteDirectory() + "/";
    std::vector<std::string> names;
    for (const auto& [path, bytes] : disk_->Files()) {
      if (path.starts_with(prefix)) {
        names.push_back(path.substr(prefix.size()));
      }
    }
    return names;
  }
  Difference WrongFiles() const override {
    std::map<std::string, std::string> files;
    for (auto& [path, bytes] : disk_->Files()) {
      if (path.starts_with(AbsoluteDirectory() + "/")) {
        files.emplace(std::move(path), std::move(bytes));
      }
    }
    return CompareWithManifest(files);
  }
  void LeaveFree(std::optional<uint64_t> bytes) override {
    constexpr uint64_t kCapacity = SimulatedFileSystem::kDefaultCapacityBytes;
    disk_->SetCapacity(kCapacity);
    const absl::StatusOr<uint64_t> free_bytes = disk_->FreeBytes(AbsoluteDirectory());
    if (bytes.has_value() && free_bytes.ok()) {
      disk_->SetCapacity(kCapacity - *free_bytes + *bytes);
    }
  }
  uint64_t DiskSteps() const override { return disk_->steps(); }
  uint64_t DiskFingerprint() override { return disk_->Fingerprint(); }
  uint64_t ScheduleFingerprint() const override { return choices_before_ ^ executor_->choices(); }
  Difference OrderViolation() const override {
    return violation_.agrees() ? watch_->Violation() : violation_;
  }
  void SetReadOnly(bool read_only) override { watch_->SetReadOnly(read_only); }

 private:
  // Counts what the previous plan has done, whether or not the disk does.
  void Plan(FaultPlan plan) {
    met_before_plan_ += disk_->faults_fired() - fired_before_;
    disk_->SetFaults(std::move(plan));
    fired_before_ = disk_->faults_fired();
  }
  void StartProcess() {
    process_ = std::make_unique<ObservedFileSystem>(watch_->file_system(), directory());
    executor_ = std::make_unique<SimulatedExecutor>(seed_ + ++lives_, &clock_, order_);
    ForgetFaults();
  }
  void StopProcess() {
    choices_before_ = choices_before_ * 31 + executor_->choices();
    executor_->DropAll();
    executor_.reset();
    process_.reset();
  }

  const uint64_t seed_;
  const SimulatedExecutor::Order order_;
  SimulatedClock clock_;
  std::unique_ptr<SimulatedFileSystem> disk_;
  std::unique_ptr<OrderWatch> watch_;
  Difference violation_ = Agree();  // the first one, in earlier lives of the disk
  std::unique_ptr<ObservedFileSystem> process_;
  std::unique_ptr<SimulatedExecutor> executor_;
  uint64_t lives_ = 0;
  uint64_t choices_before_ = 0;
  uint64_t met_before_plan_ = 0;
  uint64_t fired_before_ = 0;
  uint64_t log_failures_before_ = 0;
};

class PosixEnvironment final : public Environment {
 public:
  PosixEnvironment() { StartProcess(); }

  FileSystem* file_system() override { return process_.get(); }
  Clock* clock() override { return SystemClock(); }
  Executor* executor() override { return DefaultExecutor(); }
  std::string root() const override { return directory_.path(); }
  void AsAnotherProcess(const std::function<void(FileSystem& disk)>& act) override {
    act(*PosixFileSystem());
  }
  bool simulated() const override { return false; }
  void RunBackground(uint32_t) override {}
  void AdvanceTime(int64_t) override {}
  void StepWallBack(uint64_t) override {}
  void MisreadWall(Timestamp) override {}
  void Fail(const Fault&) override {}
  void Heal() override {}
  uint64_t faults_met() const override { return 0; }
  uint64_t log_faults_met() const override { return 0; }
  void ForgetFaults() override {}
  void CutPowerAtStep(uint64_t) override {}
  bool power_is_cut() const override { return false; }
  void Crash(uint64_t, const std::function<void()>& while_dead) override { Kill(while_dead); }
  void Kill(const std::function<void()>& while_dead) override {
    process_->Die();
    while_dead();
    StartProcess();
  }
  std::vector<std::string> FileNames() const override { return {}; }
  Difference WrongFiles() const override { return Agree(); }
  void LeaveFree(std::optional<uint64_t>) override {}
  uint64_t DiskSteps() const override { return 0; }
  uint64_t DiskFingerprint() override { return 0; }
  uint64_t ScheduleFingerprint() const override { return 0; }
  Difference OrderViolation() const override { return watch_.Violation(); }
  void SetReadOnly(bool read_only) override { watch_.SetReadOnly(read_only); }

 private:
  void StartProcess() {
    process_ = std::make_unique<ObservedFileSystem>(watch_.file_system(), directory());
  }
  TemporaryDirectory directory_;
  OrderWatch watch_{PosixFileSystem()};
  std::unique_ptr<ObservedFileSystem> process_;
};

}  // namespace

std::unique_ptr<Environment> NewSimulatedEnvironment(const Configuration& configuration) {
  return std::make_unique<SimulatedEnvironment>(configuration);
}

std::unique_ptr<Environment> NewPosixEnvironment() { return std::make_unique<PosixEnvironment>(); }

std::unique_ptr<Environment> NewEnvironment(const Configuration& configuration) {
  return configuration.posix != 0 ? NewPosixEnvironment() : NewSimulatedEnvironment(configuration);
}

}  // namespace veralith::model
