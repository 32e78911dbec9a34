// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <utility>

#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "core/iceberg/testing/table_reader.h"
#include "model/conformance/session.h"
#include "model/limits.h"
#include "model/operation_text.h"

namespace veralith::model {
namespace {

// The simulated tasks of a Close take less in all; a rate limit that held it back would take more.
constexpr int64_t kMostCloseNanos = 10'000'000;

}  // namespace

Difference Session::ApplyToLife(size_t position, const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kSnapshot:
      return TakeSnapshot(operation);
    case OperationKind::kRelease:
      ReleaseSnapshot(operation.slot);
      return Agree();
    case OperationKind::kReadOnlyVisit:
      return VisitReadOnly();
    case OperationKind::kCheckpoint:
      return TakeCheckpoint(position);
    case OperationKind::kPublish:
      return Publish(operation);
    case OperationKind::kAdvanceClock:
      return AdvanceClock(operation.nanos);
    default:
      return CloseDb();
  }
}

Difference Session::ApplyToMachine(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kReopen:
      return Reopen();
    case OperationKind::kKill:
    case OperationKind::kCrash:
      return Die(operation.kind == OperationKind::kCrash, operation.seed);
    case OperationKind::kFail:
      environment_->Fail(operation.fault);
      break;
    case OperationKind::kHeal:
      environment_->Heal();
      break;
    case OperationKind::kPowerCut:
      power_cut_seed_ = operation.seed;
      environment_->CutPowerAtStep(operation.count);
      break;
    case OperationKind::kAdvanceTime:
      AdvanceTime(operation.nanos);
      break;
    case OperationKind::kStepBack:
      environment_->StepWallBack(operation.nanos);
      break;
    default:  // kMisread
      environment_->MisreadWall(operation.backward ? UINT64_MAX - operation.nanos
                                                   : kMaxTimestamp + 1 + operation.nanos);
  }
  return Agree();
}

Options Session::OpenOptions() const {
  Options options = options_;
  options.file_system = environment_->file_system();
  options.clock = environment_->clock();
  options.executor = environment_->executor();
  options.min_free_bytes = std::max(options.min_free_bytes, reserve_);
  return options;
}

// Opens from the root directory, which the process then leaves: what was opened by a relative path
// stays where it was.
absl::StatusOr<std::unique_ptr<Db>> Session::OpenAt(const std::string& directory,
                                                    const Options& options) {
  environment_->EnterRoot();
  absl::StatusOr<std::unique_ptr<Db>> opened = open_(directory, options);
  environment_->EnterDatabase();
  return opened;
}

// Leaves db_ null if an injected fault prevented it.
Difference Session::Open() {
  options_ = OptionsFor(configuration_, openings_++);
  absl::StatusOr<std::unique_ptr<Db>> opened = OpenAt(environment_->directory(), OpenOptions());
  bool known = false;
  VERALITH_RETURN_IF_DIFFERENT(Judge(opened.status(), &known, "Open"));
  if (!known) {
    Mark("opening fails after an injected fault");
    return Agree();
  }
  db_ = *std::move(opened);
  must_exceed_ = 0;
  return Excused() ? Agree() : CheckNothingIsLeftOver();
}

// What crashes, failed jobs and the last life left is gone, and so is the room it took: the
// segments are those of the tree, and there is one log and one manifest.
Difference Session::CheckNothingIsLeftOver() const {
  uint64_t live = 0;
  for (const LevelStatistics& level : db_->GetStatistics().levels) {
    live += level.files;
  }
  uint64_t segments = 0;
  uint64_t logs = 0;
  uint64_t manifests = 0;
  for (const std::string& name : environment_->FileNames()) {
    const bool numbered = name.front() >= '0' && name.front() <= '9';
    segments += name.ends_with(".parquet") ? 1 : 0;
    logs += numbered && name.ends_with(".log") ? 1 : 0;
    manifests += name.starts_with("MANIFEST-") ? 1 : 0;
  }
  if (segments > live || logs > 1 || manifests > 1) {
    return "files are left over after an opening: " + std::to_string(segments) +
           " segments, of which " + std::to_string(live) + " are live, " + std::to_string(logs) +
           " logs, " + std::to_string(manifests) + " manifests";
  }
  return Agree();
}

Difference Session::CheckFiles(const std::string& after) const {
  return Excused() ? Agree() : environment_->WrongFiles().In("files after " + after + ":");
}

Difference Session::Reopen() {
  VERALITH_RETURN_IF_DIFFERENT(CloseDb());
  environment_->ForgetFaults();
  VERALITH_RETURN_IF_DIFFERENT(Open());
  return db_ != nullptr ? Recover() : Agree();
}

absl::StatusOr<CrashModel::Recovered> Session::Observe() {
  CrashModel::Recovered recovered;
  for (const NamespaceId ns : AllNamespaces()) {
    ScanOptions range;
    range.ns = ns;
    const std::unique_ptr<DbIterator> iterator = db_->NewIterator(range);
    std::vector<Row> rows;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      rows.push_back(
          {std::string(iterator->key()), std::string(iterator->value()), iterator->timestamp()});
    }
    VERALITH_RETURN_IF_ERROR(iterator->status());
    if (!rows.empty()) {
      recovered.contents[ns] = std::move(rows);
    }
  }
  recovered.last_timestamp = db_->LastTimestamp();
  return recovered;
}

// Called after an opening: finds which of the legal states it is.
Difference Session::Recover() {
  const absl::StatusOr<CrashModel::Recovered> recovered = Observe();
  bool known = false;
  Difference difference = Judge(recovered.status(), &known, "reading what was recovered");
  if (!known) {
    db_.reset();
    return difference;
  }
  VERALITH_RETURN_IF_DIFFERENT(machine_died_ ? model_.Crash(*recovered).In("after the crash, ")
                                             : model_.Kill(*recovered).In("after reopening, "));
  if (model_.lost() > 0) {
    Mark("a crash lost commits");
  }
  if (model_.resurfaced() > 0) {
    Mark("a failed write had happened");
  }
  machine_died_ = false;
  interval_through_ = model_.size();
  return CompareEverything();
}

Difference Session::Die(bool machine, uint64_t seed) {
  const bool crash = machine && environment_->simulated();
  const auto while_dead = [this] {
    ReleaseSlots();
    db_.reset();
  };
  if (crash) {
    environment_->Crash(seed, while_dead);
  } else {
    environment_->Kill(while_dead);
  }
  Mark(crash ? "crash" : "kill");
  machine_died_ = machine_died_ || crash;
  VERALITH_RETURN_IF_DIFFERENT(Open());
  return db_ != nullptr ? Recover() : Agree();
}

// --- Closing -------------------------------------------------------------------------------------

Difference Session::CloseDb() {
  if (db_ == nullptr) {
    return Agree();
  }
  CountMarks();
  bool known = false;
  const int64_t start = environment_->clock()->MonotonicNanos();
  Difference difference = Judge(db_->Close(), &known, "Close");
  const int64_t nanos = environment_->clock()->MonotonicNanos() - start;
  if (known) {
    model_.Synced();
    difference = CheckClosed();
  }
  // Iterators are still open: they are closed with their database, and keep no file.
  if (known && difference.agrees()) {
    difference = CheckFiles("Close");
  }
  if (known && difference.agrees() && environment_->simulated() && nanos > kMostCloseNanos) {
    difference = "Close waited for " + std::to_string(nanos) + " simulated nanoseconds";
  }
  ReleaseSlots();
  db_.reset();
  return difference.agrees() ? ComparePins() : difference;
}

// Promise 11: every call and every open iterator says that the database is closed.
Difference Session::CheckClosed() {
  PinnedValue value;
  const std::string_view key = "a";
  WriteBatch batch;
  batch.Put(key, "x");
  const std::pair<const char*, absl::Status> answers[] = {
      {"Put", db_->Put({}, 0, key, "x")},
      {"Write", db_->Write({}, batch).status()},
      {"Write of nothing", db_->Write({}, WriteBatch()).status()},
      {"Delete", db_->Delete({}, 0, key)},
      {"DeleteRange", db_->DeleteRange({}, 0, key, std::nullopt)},
      {"Get", db_->Get({}, 0, key, &value).status()},
      {"MultiGet", db_->MultiGet({}, 0, std::span(&key, 1)).status()},
      {"NewIterator", db_->NewIterator({})->status()},
      {"ListNamespaces", db_->ListNamespaces({}).status()},
      {"GetSnapshotAt", db_->GetSnapshotAt(model_.current().last_timestamp()).status()},
      {"Sync", db_->Sync()},
      {"Flush", db_->Flush()},
      {"Compact", db_->CompactAll()},
      {"Check", db_->Check()},
      {"Checkpoint", db_->Checkpoint(environment_->root() + "/never")},
      {"PublishIceberg", db_->PublishIceberg(environment_->root() + "/never", {}).status()},
      {"WaitForBackgroundWork", db_->WaitForBackgroundWork()},
      {"Resume", db_->Resume()},
      {"PauseBackgroundWork", db_->PauseBackgroundWork()},
      {"ContinueBackgroundWork", db_->ContinueBackgroundWork()},
      {"AdvanceClock", db_->AdvanceClock(model_.current().last_timestamp() + 1)},
  };
  for (const auto& [call, status] : answers) {
    if (status.code() != absl::StatusCode::kFailedPrecondition) {
      return std::string(call) + " on a closed database: " + ToString(status);
    }
  }
  for (const HeldCursor& cursor : cursors_) {
    if (cursor.iterator != nullptr &&
        cursor.iterator->status().code() != absl::StatusCode::kFailedPrecondition) {
      return "an iterator of a closed database: " + ToString(cursor.iterator->status());
    }
    if (cursor.iterator != nullptr && cursor.iterator->Valid()) {
      return "an iterator of a closed database is valid";
    }
  }
  return Expect(db_->Close(), "the second Close");
}

void Session::ReleaseSnapshot(uint32_t slot) {
  if (snapshots_[slot] != nullptr) {
    db_->ReleaseSnapshot(std::exchange(snapshots_[slot], nullptr));
  }
}

void Session::ReleaseSlots() {
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    ReleaseSnapshot(slot);
    cursors_[slot] = {};
  }
}

// --- Other openings ------------------------------------------------------------------------------

Difference Session::CheckOneOwner() {
  Options options = OpenOptions();
  for (const bool read_only : {false, true}) {
    options.read_only = read_only;
    const absl::Status status = OpenAt(environment_->directory(), options).status();
    VERALITH_RETURN_IF_DIFFERENT(ExpectCode(status, absl::StatusCode::kFailedPrecondition,
                                            "a second opening beside a writer"));
  }
  return Agree();
}

// Does what a cleaner of old files does that does not know databases.
void Session::SweepLockAway() {
  environment_->AsAnotherProcess([this](FileSystem& disk) {
    disk.Remove(JoinPath(environment_->AbsoluteDirectory(), "LOCK")).IgnoreError();
  });
}

Difference Session::VisitReadOnly() {
  SweepLockAway();
  VERALITH_RETURN_IF_DIFFERENT(CheckOneOwner());
  VERALITH_RETURN_IF_DIFFERENT(CloseDb());
  const bool whole = model_.open_failures() == 0 && !Excused();
  const uint64_t before = environment_->DiskSteps();
  environment_->SetReadOnly(true);
  Difference difference = whole ? CompareReadOnly() : Agree();
  environment_->SetReadOnly(false);
  if (Difference violation = environment_->OrderViolation(); violation.differs()) {
    difference = std::move(violation);  // this best explains what was done
  }
  VERALITH_RETURN_IF_DIFFERENT(std::move(difference).In("read-only: "));
  if (environment_->DiskSteps() != before) {
    return "a read-only opening changed the disk or tried to";
  }
  if (whole && !Excused()) {
    VERALITH_RETURN_IF_DIFFERENT(CompareBesideAWriter().In("beside a reader: "));
  }
  return Reopen();
}

// A reader keeps no writer out. What a writer does changes no answer of the reader: the answer
// stays what it was, or says that a writer came.
Difference Session::CompareBesideAWriter() {
  Options options = OpenOptions();
  options.read_only = true;
  absl::StatusOr<std::unique_ptr<Db>> reader = OpenAt(environment_->directory(), options);
  bool known = false;
  Difference difference = Judge(reader.status(), &known, "Open of a reader");
  if (!known) {
    return difference;
  }
  absl::StatusOr<std::unique_ptr<Db>> writer = OpenAt(environment_->directory(), OpenOptions());
  difference = Judge(writer.status(), &known, "Open of a writer");
  if (!known) {
    return difference;
  }
  Mark("writer beside a reader");
  for (const absl::Status& status : {(*writer)->CompactAll(), (*writer)->Close()}) {
    if (difference = Judge(status, &known, "the writer's call"); !known) {
      return difference;
    }
  }
  difference = CompareContents(**reader, Now());
  const bool said_so = difference.words().find("a writer opened the database") != std::string::npos;
  return said_so ? Agree() : difference;
}

Difference Session::CompareReadOnly() {
  Options options = OpenOptions();
  options.read_only = true;
  absl::StatusOr<std::unique_ptr<Db>> opened = OpenAt(environment_->directory(), options);
  bool known = false;
  Difference difference = Judge(opened.status(), &known, "Open");
  if (!known) {
    return difference;
  }
  Mark("read-only opening");
  Db& db = **opened;
  VERALITH_RETURN_IF_DIFFERENT(CompareContents(db, Now()));
  for (const absl::Status& status :
       {db.Put({}, 0, "a", "x"), db.Delete({}, 0, "a"), db.Flush(), db.CompactAll()}) {
    VERALITH_RETURN_IF_DIFFERENT(
        ExpectCode(status, absl::StatusCode::kFailedPrecondition, "a change"));
  }
  return Expect(db.Close(), "Close");
}

Difference Session::TakeCheckpoint(size_t position) {
  const std::string directory = environment_->root() + "/checkpoint-" + std::to_string(position);
  bool known = false;
  Difference difference = CheckpointBesideANeighbour(directory, &known);
  if (!known || difference.differs()) {
    return difference;
  }
  Mark("checkpoint");
  model_.Synced();
  Options options = OpenOptions();
  options.create_if_missing = false;
  absl::StatusOr<std::unique_ptr<Db>> copy = OpenAt(directory, options);
  difference = Judge(copy.status(), &known, "Open of the checkpoint");
  if (!known) {
    return difference;
  }
  if ((*copy)->LastTimestamp() != model_.current().last_timestamp()) {
    return "the checkpoint's last timestamp is " + std::to_string((*copy)->LastTimestamp());
  }
  VERALITH_RETURN_IF_DIFFERENT(CompareContents(**copy, Now()).In("in the checkpoint, "));
  VERALITH_RETURN_IF_DIFFERENT(Expect((*copy)->Check(), "Check of the checkpoint"));
  return Expect((*copy)->Close(), "Close of the checkpoint");
}

// Somebody else keeps a database where the checkpoint might want to be staged.
Difference Session::CheckpointBesideANeighbour(const std::string& directory, bool* known) {
  const std::string neighbour = directory + ".tmp";
  const std::string file = JoinPath(neighbour, "CURRENT");
  constexpr std::string_view kTheirs = "theirs";
  absl::Status made;
  environment_->AsAnotherProcess([&](FileSystem& disk) {
    made = disk.CreateDirectory(neighbour);
    absl::StatusOr<std::unique_ptr<File>> current = disk.Open(file, OpenMode::kCreate);
    made = made.ok() ? current.status() : made;
    made = made.ok() ? (*current)->Append(kTheirs) : made;
  });
  Difference difference = Judge(db_->Checkpoint(directory), known, "Checkpoint");
  environment_->AsAnotherProcess([&](FileSystem& disk) {
    const absl::StatusOr<std::string> bytes = ReadWholeFile(disk, file, 100);
    if (made.ok() && !environment_->power_is_cut() && (!bytes.ok() || *bytes != kTheirs)) {
      difference = "the checkpoint changed what somebody else has in " + neighbour;
    }
    disk.Remove(file).IgnoreError();
    disk.RemoveDirectory(neighbour).IgnoreError();
  });
  return difference;
}

// --- Tables --------------------------------------------------------------------------------------

Difference Session::Publish(const Operation& operation) {
  std::optional<Moment> moment = Resolve(operation.at);
  if (!moment.has_value()) {
    return Agree();
  }
  PublishOptions options;
  options.format_version = 2 + static_cast<int>(operation.count % 2);
  options.keep = operation.count % 5;
  options.ns = operation.only_ns;
  if (operation.at.kind != ReadPoint::Kind::kNow) {
    options.at = moment->at;
    moment->options = {};
    moment->options.timestamp = moment->at;
    if (!environment_->simulated() && moment->answer == Moment::Answer::kRows) {
      moment->answer = Moment::Answer::kEither;  // as in TakeSnapshot
    }
  }
  const std::string table =
      environment_->root() + "/table-" + std::to_string(options.format_version);
  const absl::StatusOr<PublishReport> report = db_->PublishIceberg(table, options);
  if (!NamespaceIsLegal(options.ns.value_or(0))) {
    if (absl::IsInvalidArgument(report.status())) {
      return Agree();
    }
    if (report.ok()) {
      return "a namespace over the limit is published";
    }
  }
  bool go = false;
  Difference difference = Admit(report.status(), *moment, "PublishIceberg", &go);
  if (!go) {
    return difference;
  }
  Mark("publication");
  model_.Synced();
  return ComparePublished(table, *report, options.ns, moment->at);
}

// The table shows what the model says that a reader at `at` sees. (A database without tables, as
// the one that stands in for an engine is, names no metadata file.)
Difference Session::ComparePublished(const std::string& table, const PublishReport& report,
                                     std::optional<NamespaceId> ns, Timestamp at) {
  std::vector<iceberg::TableRow> expected;
  for (const auto& [its_ns, rows] : model_.current().All(at)) {
    for (const Row& row : rows) {
      if (!ns.has_value() || its_ns == *ns) {
        expected.push_back({its_ns, row.key, row.timestamp, row.value});
      }
    }
  }
  if (report.rows != expected.size()) {
    return "published: " + std::to_string(report.rows) + " rows for " +
           std::to_string(expected.size());
  }
  if (report.metadata_file.empty()) {
    return Agree();
  }
  absl::StatusOr<iceberg::TableContents> seen;
  environment_->AsAnotherProcess([&](FileSystem& disk) { seen = iceberg::ReadTable(disk, table); });
  if (!seen.ok()) {
    return environment_->power_is_cut() ? Agree() : Difference(ToString(seen.status()));
  }
  if (seen->rows != expected) {
    return table + " shows other rows than the model at " + std::to_string(at);
  }
  return Agree();
}

// --- Snapshots and time --------------------------------------------------------------------------

Difference Session::TakeSnapshot(const Operation& operation) {
  const Snapshot*& slot = snapshots_[operation.slot];
  const std::optional<Moment> moment = Resolve(operation.at);
  if (slot != nullptr || !moment.has_value()) {
    return Agree();
  }
  if (operation.at.kind == ReadPoint::Kind::kNow) {
    slot = db_->GetSnapshot();
    if (slot->timestamp() < moment->at) {
      return "a new snapshot at " + std::to_string(slot->timestamp()) +
             " does not see the newest commit, " + std::to_string(moment->at);
    }
    must_exceed_ = std::max(must_exceed_, slot->timestamp());
    return Agree();
  }
  Moment past = *moment;
  past.options = {};
  past.options.timestamp = moment->at;
  // A job that runs now, on another thread, may be dropping what the snapshot would need.
  if (!environment_->simulated() && past.answer == Moment::Answer::kRows &&
      moment->at < model_.current().last_timestamp()) {
    past.answer = Moment::Answer::kEither;
  }
  const absl::StatusOr<const Snapshot*> taken = db_->GetSnapshotAt(moment->at);
  bool go = false;
  Difference difference = Admit(taken.status(), past, "GetSnapshotAt", &go);
  if (taken.ok()) {
    slot = *taken;
    Mark("snapshot in the past");
    if (slot->timestamp() != moment->at) {
      return "GetSnapshotAt(" + std::to_string(moment->at) + ") is at " +
             std::to_string(slot->timestamp());
    }
  }
  return difference;
}

Difference Session::AdvanceClock(uint64_t nanos) {
  const uint64_t skew = static_cast<uint64_t>(options_.max_clock_skew_nanos);
  constexpr uint64_t kUnsure = 10'000'000'000;  // a real clock moves between our reading and its
  if (!environment_->simulated() && nanos > skew && nanos - skew < kUnsure) {
    return Agree();
  }
  const Timestamp wall = environment_->clock()->WallNanos();
  const Timestamp remote = wall + nanos;
  const absl::Status status = db_->AdvanceClock(remote);
  if (wall > kMaxTimestamp && remote >= kMinTimestamp && remote <= kMaxTimestamp) {
    return ExpectCode(status, absl::StatusCode::kUnavailable, "AdvanceClock without a wall clock");
  }
  if (nanos > skew) {
    return ExpectCode(status, absl::StatusCode::kInvalidArgument, "AdvanceClock beyond the skew");
  }
  if (remote == 0 || remote > kMaxTimestamp) {
    return ExpectCode(status, absl::StatusCode::kInvalidArgument, "AdvanceClock to no timestamp");
  }
  bool known = false;
  Difference difference = Judge(status, &known, "AdvanceClock");
  if (known && environment_->simulated()) {
    must_exceed_ = std::max(must_exceed_, remote);
  }
  return difference;
}

void Session::AdvanceTime(uint64_t nanos) {
  environment_->AdvanceTime(static_cast<int64_t>(nanos));
  const bool passed = nanos >= static_cast<uint64_t>(options_.sync_interval_nanos);
  if (passed && environment_->simulated() && !Excused() && db_ != nullptr) {
    model_.SyncedThrough(interval_through_);
  }
}

void Session::CountMarks() {
  const Statistics statistics = db_->GetStatistics();
  if (statistics.flushes > 0) {
    Mark("flush");
  }
  if (statistics.compactions > 0) {
    Mark("compaction");
  }
  for (const LevelStatistics& level : statistics.levels) {
    if (level.files > 0) {
      Mark("files in level " + std::to_string(level.level));
    }
  }
  if (!statistics.background_error.empty()) {
    Mark("background error");
  }
}

}  // namespace veralith::model
