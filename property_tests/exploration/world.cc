// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/world.h"

#include <utility>

#include "core/base/status.h"
#include "core/db/testing/manifest_interpreter.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "model/operation_text.h"
#include "property_tests/exploration/believed_files.h"

namespace veralith::model {
namespace {

WriteBatch BatchOf(const std::vector<Write>& writes) {
  WriteBatch batch;
  for (const Write& write : writes) {
    switch (write.kind) {
      case Write::Kind::kPut:
        batch.Put(write.ns, write.key, write.value);
        break;
      case Write::Kind::kDelete:
        batch.Delete(write.ns, write.key);
        break;
      case Write::Kind::kDeleteRange:
        batch.DeleteRange(
            write.ns, write.key,
            write.end.has_value() ? std::optional<std::string_view>(*write.end) : std::nullopt);
        break;
    }
  }
  return batch;
}

// For people.
std::string Shown(std::string_view bytes) {
  constexpr size_t kMost = 32;
  return bytes.size() <= kMost
             ? Quote(bytes)
             : Quote(bytes.substr(0, kMost)) + "... (" + std::to_string(bytes.size()) + " bytes)";
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool IsData(const std::string& name) {
  const std::optional<FileName> file = ParseFileName(name);
  return file.has_value() && (file->kind == FileKind::kLog || file->kind == FileKind::kSegment);
}

bool HoldsCurrent(SimulatedFileSystem& disk) {
  return BelievedFiles(disk, World::kDirectory).has_value();
}

const ManifestInterpreter* Interpreter() {
  static const DatabaseManifestInterpreter interpreter;
  return &interpreter;
}

Options ExplorationOptions() {
  static const Options& options = *new Options(OptionsFor(ExplorationConfiguration()));
  return options;
}

}  // namespace

Configuration ExplorationConfiguration() {
  Configuration configuration;
  configuration.fifo = 1;
  configuration.options.max_write_buffers = 4;
  return configuration;
}

World::World(std::unique_ptr<SimulatedFileSystem> disk, Ledger ledger, const DbOpener& open,
             bool rolling)
    : open_(open),
      rolling_(rolling),
      disk_(std::move(disk)),
      monitor_(disk_.get(), Interpreter()),
      executor_(1, &clock_, SimulatedExecutor::Order::kFifo),
      file_system_(&monitor_),
      ledger_(std::move(ledger)),
      believed_at_first_(BelievedFiles(*disk_, kDirectory)),
      current_is_durable_(believed_at_first_.has_value()) {
  monitor_.Adopt(kDirectory).IgnoreError();  // nothing is there yet, or the opening will tell
}

World::~World() {
  file_system_.SetHook(nullptr);
  file_system_.Die();
  for (const Snapshot* snapshot : snapshots_) {
    if (snapshot != nullptr) {
      db_->ReleaseSnapshot(snapshot);
    }
  }
  db_.reset();
  executor_.DropAll();
}

// --- Crash points --------------------------------------------------------------------------------

void World::Collect(size_t bound, bool apart) {
  bound_ = bound;
  apart_ = apart;
  file_system_.SetHook([this] { AddPoint(); });
}

std::vector<CrashPoint> World::TakePoints() {
  AddPoint();
  file_system_.SetHook(nullptr);
  return std::move(points_);
}

void World::LearnNames() {
  if (named_.known && named_.manifest_changes == file_system_.manifest_changes()) {
    return;
  }
  named_.known = true;
  named_.manifest_changes = file_system_.manifest_changes();
  named_.names = NamedByManifests(*disk_, kDirectory);
  if (auto believed = BelievedFiles(*disk_, kDirectory); believed.has_value()) {
    named_.manifests.merge(*believed);
  }
}

// Whether this file tells survivors apart. Those that differ only in other files count as one.
bool World::Varies(const std::string& path) const {
  const std::string name = NameOf(path);
  if (name == kLockFileName) {
    return false;
  }
  if (apart_ || !current_is_durable_ || !path.ends_with(JoinPath(kDirectory, name))) {
    return !IsData(name) || named_.names.contains(name);
  }
  return !IsBelievedWhenNamed(name) || named_.names.contains(name) ||
         named_.manifests.contains(name);
}

// False only for bytes of a file that does not vary and is not an empty log.
bool World::CanMatter(const CrashPointFileSystem::Step& step) {
  switch (step.kind) {
    case FsCall::kAppend:
    case FsCall::kWrite:
      return Varies(step.path) || written_.insert(step.path).second;
    case FsCall::kSync:
      return Varies(step.path);
    default:
      return true;
  }
}

// True if everything that happened since the last crash point would show in its survivors and their
// ledger, too.
bool World::LooksLikeLastPoint() {
  const std::pair<uint64_t, bool> told = {ledger_.signature(), pending_.has_value()};
  bool same = !points_.empty() && told == told_at_last_point_;
  told_at_last_point_ = told;
  LearnNames();
  for (const CrashPointFileSystem::Step& step : file_system_.TakeSteps()) {
    same = !CanMatter(step) && same;
  }
  return same;
}

void World::AddPoint() {
  if (LooksLikeLastPoint() && !apart_) {
    points_.push_back(points_.back());
    return;
  }
  SimulatedFileSystem::Survivors survivors =
      disk_->EnumerateSurvivors(bound_, [this](const std::string& path) { return Varies(path); });
  for (const std::unique_ptr<SimulatedFileSystem>& image : survivors.images) {
    if (!apart_) {
      CollapseUnbelieved(*image, kDirectory);
      image->ForgetFreedBlocks();
    }
  }
  Ledger ledger = ledger_;
  if (pending_.has_value()) {
    ledger.Failed(*pending_);
  }
  points_.push_back(
      {std::make_shared<const CrashPoint::State>(std::move(ledger), std::move(survivors.images)),
       survivors.complete});
}

// --- Operations ----------------------------------------------------------------------------------

Difference World::Expect(const absl::Status& status, const std::string& call) {
  return status.ok() ? Agree() : call + " failed: " + ToString(status);
}

Options World::OpenOptions() {
  Options options = ExplorationOptions();
  options.file_system = &file_system_;
  options.clock = &clock_;
  options.executor = &executor_;
  if (rolling_) {
    options.manifest_roll_bytes = 0;
  }
  return options;
}

Difference World::Open() {
  absl::StatusOr<std::unique_ptr<Db>> opened = open_(kDirectory, OpenOptions());
  if (!opened.ok()) {
    return Expect(opened.status(), "Open");
  }
  db_ = *std::move(opened);
  current_is_durable_ = current_is_durable_ || HoldsCurrent(*disk_->CloneWithNothingUnsynced());
  return Agree();
}

Difference World::Close() {
  for (const Snapshot*& snapshot : snapshots_) {
    if (snapshot != nullptr) {
      db_->ReleaseSnapshot(std::exchange(snapshot, nullptr));
    }
  }
  VERALITH_RETURN_IF_DIFFERENT(Expect(db_->Close(), "Close"));
  ledger_.Synced();
  db_.reset();
  return Agree();
}

Difference World::Reopen() {
  VERALITH_RETURN_IF_DIFFERENT(Close());
  return Open();
}

Difference World::ApplyWrite(size_t position, const Operation& operation) {
  std::vector<Write> batch = WritesOf(operation, position);
  WriteOptions options;
  options.sync = static_cast<SyncMode>(operation.durability);
  pending_ = batch;
  const absl::StatusOr<Timestamp> timestamp = db_->Write(options, BatchOf(batch));
  pending_.reset();
  if (!timestamp.ok()) {
    return Expect(timestamp.status(), "the write");
  }
  if (*timestamp <= ledger_.model().used_timestamp()) {
    return "the commit's timestamp " + std::to_string(*timestamp) + " was used before";
  }
  ledger_.Acknowledged(*timestamp, std::move(batch), options.sync == SyncMode::kCommit);
  return Agree();
}

// When the call returns, what is in the checkpoint is durable, and so is its name.
Difference World::TakeCheckpoint(const std::string& directory) {
  ledger_.Copying(directory);
  Difference difference = Expect(db_->Checkpoint(directory), "Checkpoint");
  ledger_.Synced();
  ledger_.Copied(directory);
  return difference;
}

Difference World::Apply(size_t position, const Operation& operation) {
  Difference difference = Agree();
  switch (operation.kind) {
    case OperationKind::kPut:
    case OperationKind::kDelete:
    case OperationKind::kDeleteRange:
    case OperationKind::kBatch:
      return ApplyWrite(position, operation);
    case OperationKind::kFlush:
      difference = Expect(db_->Flush(), "Flush");
      ledger_.Synced();
      return difference;
    case OperationKind::kSync:
      difference = Expect(db_->Sync(), "Sync");
      ledger_.Synced();
      return difference;
    case OperationKind::kCompact:
      difference = Expect(db_->CompactAll(), "Compact");
      ledger_.Synced();
      return difference;
    case OperationKind::kCheckpoint:
      return TakeCheckpoint("copy-" + std::to_string(position));
    case OperationKind::kSnapshot:
      if (snapshots_[operation.slot] == nullptr) {
        snapshots_[operation.slot] = db_->GetSnapshot();
      }
      return Agree();
    case OperationKind::kRelease:
      if (snapshots_[operation.slot] != nullptr) {
        db_->ReleaseSnapshot(std::exchange(snapshots_[operation.slot], nullptr));
      }
      return Agree();
    case OperationKind::kRunBackground:
      for (uint32_t i = 0; i < operation.count && executor_.RunOne(); ++i) {
      }
      return Agree();
    case OperationKind::kReopen:
      return Reopen();
    default:
      return "not an operation of the exploration: " + PrintOperation(operation);
  }
}

// --- Comparing -----------------------------------------------------------------------------------

absl::StatusOr<CrashModel::Recovered> World::Observe(Db& db) {
  CrashModel::Recovered recovered;
  const std::unique_ptr<DbIterator> iterator = db.NewIterator({});
  std::vector<Row> rows;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    rows.push_back(
        {std::string(iterator->key()), std::string(iterator->value()), iterator->timestamp()});
  }
  VERALITH_RETURN_IF_ERROR(iterator->status());
  if (!rows.empty()) {
    recovered.contents[0] = std::move(rows);
  }
  recovered.last_timestamp = db.LastTimestamp();
  return recovered;
}

Difference World::CompareGets() {
  const KvModel& model = ledger_.model().current();
  for (const std::string& key : model.Keys(0)) {
    const std::optional<Row> expected = model.Get(0, key, kMaxTimestamp);
    PinnedValue value;
    const absl::StatusOr<bool> found = db_->Get({}, 0, key, &value);
    if (!found.ok()) {
      return Expect(found.status(), "Get");
    }
    if (*found != expected.has_value() || (*found && value.view() != expected->value)) {
      return "Get of " + Quote(key) + ": expected " +
             (expected.has_value() ? Shown(expected->value) : "nothing") + ", found " +
             (*found ? Shown(value.view()) : "nothing");
    }
  }
  return Agree();
}

Difference World::OrderViolation() const {
  const std::vector<std::string> violations = monitor_.violations();
  return violations.empty() ? Agree() : "the order of disk calls: " + violations.front();
}

Difference World::Compare() {
  VERALITH_RETURN_IF_DIFFERENT(OrderViolation());
  const absl::StatusOr<CrashModel::Recovered> seen = Observe(*db_);
  if (!seen.ok()) {
    return Expect(seen.status(), "a scan");
  }
  const KvModel& model = ledger_.model().current();
  VERALITH_RETURN_IF_DIFFERENT(DifferenceOf(model.All(kMaxTimestamp), seen->contents));
  return CompareGets();
}

Difference World::CompareWhatIsRead() {
  const KvModel& model = ledger_.model().current();
  const absl::StatusOr<CrashModel::Recovered> seen = Observe(*db_);
  if (seen.ok()) {
    VERALITH_RETURN_IF_DIFFERENT(DifferenceOf(model.All(kMaxTimestamp), seen->contents));
  }
  for (const std::string& key : model.Keys(0)) {
    const std::optional<Row> expected = model.Get(0, key, kMaxTimestamp);
    PinnedValue value;
    const absl::StatusOr<bool> found = db_->Get({}, 0, key, &value);
    if (found.ok() &&
        (*found != expected.has_value() || (*found && value.view() != expected->value))) {
      return "Get of " + Quote(key) + " is wrong";
    }
  }
  return Agree();
}

Difference World::CheckCopy(const std::string& directory, const KvModel::Contents& expected) {
  Options options = OpenOptions();
  options.read_only = true;
  monitor_.SetReadOnly(true);
  Difference difference = Agree();
  {
    const absl::StatusOr<std::unique_ptr<Db>> copy = open_(directory, options);
    const absl::StatusOr<CrashModel::Recovered> seen =
        copy.ok() ? Observe(**copy) : absl::StatusOr<CrashModel::Recovered>(copy.status());
    difference = seen.ok() ? DifferenceOf(expected, seen->contents) : Expect(seen.status(), "Open");
  }
  monitor_.SetReadOnly(false);
  return std::move(difference).In("the checkpoint " + directory + ": ");
}

// A checkpoint exists whole. While its call has not returned, it may also not exist at all.
Difference World::CheckCopies() {
  const std::map<std::string, Ledger::Copy> copies = ledger_.copies();
  for (const auto& [directory, copy] : copies) {
    const absl::StatusOr<bool> exists = disk_->Exists(directory);
    if (!exists.ok() || !*exists) {
      if (copy.must_be_there) {
        return "the checkpoint " + directory + " is gone";
      }
      continue;
    }
    ledger_.Copied(directory);
    VERALITH_RETURN_IF_DIFFERENT(CheckCopy(directory, copy.contents));
  }
  return Agree();
}

Difference World::CheckRecovered() {
  VERALITH_RETURN_IF_DIFFERENT(OrderViolation());
  for (const std::string& path : file_system_.read()) {
    const std::string name = NameOf(path);
    if (believed_at_first_.has_value() && IsBelievedWhenNamed(name) &&
        !believed_at_first_->contains(name)) {
      return "recovery read " + name + ", to which CURRENT does not lead";
    }
  }
  const absl::StatusOr<CrashModel::Recovered> recovered = Observe(*db_);
  if (!recovered.ok()) {
    return Expect(recovered.status(), "reading what was recovered");
  }
  VERALITH_RETURN_IF_DIFFERENT(ledger_.Crash(*recovered));
  VERALITH_RETURN_IF_DIFFERENT(CompareGets());
  return CheckCopies();
}

Difference World::LiveOn(uint64_t variety) {
  std::vector<std::string> lines = {"put 0 \"a\" 9 -", "delete 0 \"b\" -", "put 0 \"c\" 9 commit"};
  if (variety & 1) {
    lines.insert(lines.begin() + 1, "flush");
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    Operation operation;
    std::string error;
    Difference difference = ParseOperation(lines[i], &operation, &error)
                                ? Apply(1000 + i, operation)
                                : "bad line: " + error;
    VERALITH_RETURN_IF_DIFFERENT(std::move(difference).In("living on, " + lines[i] + ": "));
  }
  VERALITH_RETURN_IF_DIFFERENT(Compare().In("living on, "));
  if (variety & 2) {
    VERALITH_RETURN_IF_DIFFERENT(Reopen().In("living on, reopening: "));
    return Compare();
  }
  World next(variety & 4 ? disk_->CloneWithNothingUnsynced() : disk_->CloneWithEverything(),
             ledger_, open_, rolling_);
  constexpr std::string_view kWhere = "living on, after another power cut: ";
  VERALITH_RETURN_IF_DIFFERENT(next.Open().In(kWhere));
  return next.CheckRecovered().In(kWhere);
}

}  // namespace veralith::model
