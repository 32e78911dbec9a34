// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/session.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "core/base/status.h"
#include "model/limits.h"
#include "model/operation_table.h"

namespace veralith::model {

namespace {

// Bytes a second; high enough that no write waits for longer than it may.
constexpr uint64_t kRateUnit = 64 << 10;
constexpr uint64_t kReserveBytes = 1 << 20;  // bytes that jobs leave free at the end of a run
// What a database may hold after everything in it was deleted.
constexpr uint64_t kEmptyBytes = 64 << 10;

}  // namespace

Session::Session(const Configuration& configuration, DbOpener open,
                 std::set<NamespaceId> namespaces)
    : configuration_(configuration),
      open_(std::move(open)),
      namespaces_(std::move(namespaces)),
      environment_(NewEnvironment(configuration)) {}

Session::~Session() { ReleaseSlots(); }

Difference Session::Begin() { return Open(); }

Difference Session::Step(size_t position, const Operation& operation) {
  VERALITH_RETURN_IF_DIFFERENT(Apply(position, operation));
  if (environment_->power_is_cut()) {
    Mark("power cut in the middle of a call");
    VERALITH_RETURN_IF_DIFFERENT(Die(/*machine=*/true, power_cut_seed_));
  }
  if ((position + 1) % configuration_.compare_every == 0) {
    VERALITH_RETURN_IF_DIFFERENT(CompareEverything());
  }
  return environment_->OrderViolation();
}

Difference Session::Apply(size_t position, const Operation& operation) {
  const OperationGroup group = RowOf(operation.kind).group;
  if (db_ == nullptr && group != OperationGroup::kMachine) {
    return ComparePins();  // a closed database waits for reopening
  }
  switch (group) {
    case OperationGroup::kWrite:
      return ApplyWrite(operation, WritesOf(operation, position));
    case OperationGroup::kRead:
      return ApplyRead(operation);
    case OperationGroup::kUpkeep:
      return ApplyUpkeep(operation);
    case OperationGroup::kLife:
      return ApplyToLife(position, operation);
    case OperationGroup::kMachine:
      return ApplyToMachine(operation);
  }
  return Agree();
}

Difference Session::ApplyUpkeep(const Operation& operation) {
  bool known = false;
  switch (operation.kind) {
    case OperationKind::kFlush:
      VERALITH_RETURN_IF_DIFFERENT(Judge(db_->Flush(), &known, "Flush"));
      break;
    case OperationKind::kSync:
      VERALITH_RETURN_IF_DIFFERENT(Judge(db_->Sync(), &known, "Sync"));
      break;
    case OperationKind::kCompact:
      return Compact(operation);
    case OperationKind::kWaitIdle:
      return WaitIdle();
    case OperationKind::kRunBackground:
      environment_->RunBackground(operation.count);
      return Agree();
    case OperationKind::kPause:
      return PauseWork(operation.count);
    case OperationKind::kRate:
      db_->SetBackgroundRate((std::max(operation.count, 1u) - 1) * kRateUnit);
      return Agree();
    case OperationKind::kCheck:
      return Expect(db_->Check(), "Check");
    default:
      return Expect(db_->Resume(), "Resume");
  }
  if (known) {
    model_.Synced();
  }
  return Agree();
}

// No job ends in a pause, and none is under way when it begins.
Difference Session::PauseWork(uint32_t tasks) {
  bool known = false;
  VERALITH_RETURN_IF_DIFFERENT(Judge(db_->PauseBackgroundWork(), &known, "PauseBackgroundWork"));
  const auto jobs = [this] {
    const Statistics statistics = db_->GetStatistics();
    return statistics.flushes + statistics.compactions;
  };
  const uint64_t before = jobs();
  environment_->RunBackground(tasks);
  if (known && jobs() != before) {
    return std::to_string(jobs() - before) + " flushes and compactions ended in a pause";
  }
  VERALITH_RETURN_IF_DIFFERENT(
      Judge(db_->ContinueBackgroundWork(), &known, "ContinueBackgroundWork"));
  Mark("pause");
  return known ? ExpectCode(db_->ContinueBackgroundWork(), absl::StatusCode::kFailedPrecondition,
                            "ContinueBackgroundWork without a pause")
               : Agree();
}

Difference Session::WaitIdle() {
  bool known = false;
  VERALITH_RETURN_IF_DIFFERENT(
      Judge(db_->WaitForBackgroundWork(), &known, "WaitForBackgroundWork"));
  if (!known) {
    return Agree();
  }
  VERALITH_RETURN_IF_DIFFERENT(CheckSegmentsAreFew());
  const bool pinned = std::any_of(cursors_.begin(), cursors_.end(), [](const HeldCursor& cursor) {
    return cursor.iterator != nullptr;
  });
  return pinned ? Agree() : CheckFiles("WaitForBackgroundWork");
}

// A settled database has few segments, however it came to be (Options::target_segment_bytes).
Difference Session::CheckSegmentsAreFew() {
  if (options_.disable_automatic_compaction) {
    return Agree();
  }
  uint64_t files = 0;
  uint64_t runs = 0;
  uint64_t bytes = 0;
  for (const LevelStatistics& level : db_->GetStatistics().levels) {
    files += level.files;
    runs += static_cast<uint64_t>(level.runs);
    bytes += level.bytes;
  }
  const uint64_t most = 16 + runs + 2 * bytes / options_.target_segment_bytes;
  if (files <= most) {
    return Agree();
  }
  return "settled, " + std::to_string(files) + " segments hold " + std::to_string(bytes) +
         " bytes, at most " + std::to_string(most) + " are promised";
}

// Uses half of what must stay free. Work that deletes may use the rest: no call fails.
Difference Session::CureFullDisk() {
  if (!environment_->simulated()) {
    return Agree();
  }
  environment_->LeaveFree(kReserveBytes / 2);
  Operation everything;
  everything.kind = OperationKind::kDeleteRange;
  everything.key = Key::Literal("");
  for (const NamespaceId ns : AllNamespaces()) {
    everything.ns = ns;
    VERALITH_RETURN_IF_DIFFERENT(ApplyWrite(everything, WritesOf(everything, 0)));
  }
  VERALITH_RETURN_IF_DIFFERENT(Expect(db_->Flush(), "Flush"));
  if (options_.disable_automatic_compaction) {
    VERALITH_RETURN_IF_DIFFERENT(Expect(db_->CompactAll(), "Compact"));
  }
  VERALITH_RETURN_IF_DIFFERENT(WaitIdle());
  uint64_t bytes = 0;
  for (const LevelStatistics& level : db_->GetStatistics().levels) {
    bytes += level.bytes;
  }
  environment_->LeaveFree(std::nullopt);
  if (bytes > kEmptyBytes) {
    return std::to_string(bytes) + " bytes stay after everything is deleted";
  }
  return CompareEverything();
}

Difference Session::Compact(const Operation& operation) {
  const Bound lower = BoundFor(operation.lower);
  const Bound upper = BoundFor(operation.upper);
  const absl::Status status = db_->Compact(operation.only_ns, lower, upper);
  const bool legal = NamespaceIsLegal(operation.only_ns.value_or(0)) && KeyIsLegal(lower.key) &&
                     KeyIsLegal(upper.key);
  if (!legal && status.code() == absl::StatusCode::kInvalidArgument) {
    return Agree();
  }
  return Expect(status, "Compact");
}

Difference Session::Judge(const absl::Status& status, bool* known, const std::string& call) {
  Note(ToString(status));
  *known = status.ok();
  if (status.ok()) {
    return Agree();
  }
  if (Excused()) {
    Mark("error after an injected fault");
    return Agree();
  }
  return call + " failed: " + ToString(status);
}

Difference Session::ExpectCode(const absl::Status& status, absl::StatusCode code,
                               const std::string& call) {
  Note(ToString(status));
  if (status.code() == code || (Excused() && !status.ok())) {
    return Agree();
  }
  return call + ": expected " + absl::StatusCodeToString(code) + ", found " + ToString(status);
}

void Session::Note(std::string_view answer) { answers_ = model::Fingerprint(answers_, answer); }

std::string Session::Fingerprint() {
  char text[64];
  std::snprintf(text, sizeof(text), "%016" PRIx64 ":%016" PRIx64 ":%016" PRIx64, answers_,
                environment_->DiskFingerprint(), environment_->ScheduleFingerprint());
  return text;
}

Difference Session::End() {
  environment_->Heal();
  if (Excused() || db_ == nullptr) {
    VERALITH_RETURN_IF_DIFFERENT(Reopen());
  }
  VERALITH_RETURN_IF_DIFFERENT(CompareEverything());
  VERALITH_RETURN_IF_DIFFERENT(WaitIdle());
  VERALITH_RETURN_IF_DIFFERENT(Expect(db_->Check(), "Check"));
  reserve_ = kReserveBytes;
  VERALITH_RETURN_IF_DIFFERENT(Reopen());
  VERALITH_RETURN_IF_DIFFERENT(CompareEverything());
  VERALITH_RETURN_IF_DIFFERENT(CureFullDisk().In("on a full disk, "));
  VERALITH_RETURN_IF_DIFFERENT(CloseDb());
  return environment_->OrderViolation();
}

}  // namespace veralith::model
