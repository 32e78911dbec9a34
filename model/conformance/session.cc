#include "model/conformance/session.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "core/base/status.h"
#include "model/limits.h"

namespace veralith::model {

namespace {

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

std::string Session::Begin() { return Open(); }

std::string Session::Step(size_t position, const Operation& operation) {
  std::string difference = db_ == nullptr ? ApplyToClosed(operation) : Apply(position, operation);
  if (difference.empty() && environment_->power_is_cut()) {
    Mark("power cut in the middle of a call");
    difference = Die(/*machine=*/true, power_cut_seed_);
  }
  if (difference.empty() && (position + 1) % configuration_.compare_every == 0) {
    difference = CompareEverything();
  }
  if (difference.empty()) {
    difference = environment_->OrderViolation();
  }
  return difference;
}

// A closed database waits for reopening; meanwhile time, faults and the machine go on.
std::string Session::ApplyToClosed(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kReopen:
      return Reopen();
    case OperationKind::kFail:
      environment_->Fail(operation.fault);
      return "";
    case OperationKind::kHeal:
      environment_->Heal();
      return "";
    case OperationKind::kCrash:
    case OperationKind::kKill:
      return Die(operation.kind == OperationKind::kCrash, operation.seed);
    case OperationKind::kPowerCut:
      power_cut_seed_ = operation.seed;
      environment_->CutPowerAtStep(operation.count);
      return "";
    case OperationKind::kAdvanceTime:
      AdvanceTime(operation.nanos);
      return "";
    case OperationKind::kStepBack:
      environment_->StepWallBack(operation.nanos);
      return "";
    case OperationKind::kMisread:
      environment_->MisreadWall(operation.backward ? UINT64_MAX - operation.nanos
                                                   : kMaxTimestamp + 1 + operation.nanos);
      return "";
    default:
      return ComparePins();
  }
}

std::string Session::Apply(size_t position, const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kPut:
    case OperationKind::kDelete:
    case OperationKind::kDeleteRange:
    case OperationKind::kBatch:
      return ApplyWrite(operation, WritesOf(operation, position));
    case OperationKind::kGet:
    case OperationKind::kMultiGet:
    case OperationKind::kScan:
    case OperationKind::kIterate:
    case OperationKind::kCursorOpen:
    case OperationKind::kCursorMove:
    case OperationKind::kCursorClose:
    case OperationKind::kPin:
      return ApplyRead(operation);
    case OperationKind::kSnapshot:
      return TakeSnapshot(operation);
    case OperationKind::kRelease:
      ReleaseSnapshot(operation.slot);
      return "";
    case OperationKind::kReopen:
      return Reopen();
    case OperationKind::kClose:
      return CloseDb();
    case OperationKind::kReadOnlyVisit:
      return VisitReadOnly();
    case OperationKind::kCheckpoint:
      return TakeCheckpoint(position);
    case OperationKind::kKill:
    case OperationKind::kCrash:
      return Die(operation.kind == OperationKind::kCrash, operation.seed);
    case OperationKind::kFlush:
    case OperationKind::kSync:
    case OperationKind::kCompact:
    case OperationKind::kWaitIdle:
    case OperationKind::kRunBackground:
    case OperationKind::kCheck:
    case OperationKind::kResume:
      return ApplyMaintenance(operation);
    case OperationKind::kAdvanceClock:
      return AdvanceClock(operation.nanos);
    case OperationKind::kAdvanceTime:
    case OperationKind::kStepBack:
    case OperationKind::kMisread:
    case OperationKind::kFail:
    case OperationKind::kHeal:
    case OperationKind::kPowerCut:
      return ApplyToClosed(operation);  // does the same to an open one
  }
  return "";
}

std::string Session::ApplyMaintenance(const Operation& operation) {
  bool known = false;
  std::string difference;
  switch (operation.kind) {
    case OperationKind::kFlush:
      difference = Judge(db_->Flush(), &known, "Flush");
      break;
    case OperationKind::kSync:
      difference = Judge(db_->Sync(), &known, "Sync");
      break;
    case OperationKind::kCompact:
      return Compact(operation);
    case OperationKind::kWaitIdle:
      return WaitIdle();
    case OperationKind::kRunBackground:
      environment_->RunBackground(operation.count);
      return "";
    case OperationKind::kCheck:
      return Expect(db_->Check(), "Check");
    default:
      return Expect(db_->Resume(), "Resume");
  }
  if (known) {
    model_.Synced();
  }
  return difference;
}

std::string Session::WaitIdle() {
  bool known = false;
  std::string difference = Judge(db_->WaitForBackgroundWork(), &known, "WaitForBackgroundWork");
  if (known) {
    difference = CheckSegmentsAreFew();
  }
  const bool pinned = std::any_of(cursors_.begin(), cursors_.end(), [](const HeldCursor& cursor) {
    return cursor.iterator != nullptr;
  });
  return known && difference.empty() && !pinned ? CheckFiles("WaitForBackgroundWork") : difference;
}

// A settled database has few segments, however it came to be (Options::target_segment_bytes).
std::string Session::CheckSegmentsAreFew() {
  if (configuration_.disable_automatic_compaction != 0) {
    return "";
  }
  uint64_t files = 0;
  uint64_t runs = 0;
  uint64_t bytes = 0;
  for (const LevelStatistics& level : db_->GetStatistics().levels) {
    files += level.files;
    runs += static_cast<uint64_t>(level.runs);
    bytes += level.bytes;
  }
  const uint64_t most = 16 + runs + 2 * bytes / configuration_.target_segment_bytes;
  return files <= most
             ? ""
             : "settled, " + std::to_string(files) + " segments hold " + std::to_string(bytes) +
                   " bytes, at most " + std::to_string(most) + " are promised";
}

// Uses half of what must stay free. Work that deletes may use the rest: no call fails.
std::string Session::CureFullDisk() {
  if (!environment_->simulated()) {
    return "";
  }
  environment_->LeaveFree(kReserveBytes / 2);
  std::string difference;
  Operation everything;
  everything.kind = OperationKind::kDeleteRange;
  everything.key = Key::Literal("");
  for (const NamespaceId ns : AllNamespaces()) {
    everything.ns = ns;
    if (difference = ApplyWrite(everything, WritesOf(everything, 0)); !difference.empty()) {
      return difference;
    }
  }
  if (difference = Expect(db_->Flush(), "Flush"); !difference.empty()) {
    return difference;
  }
  if (configuration_.disable_automatic_compaction != 0) {
    difference = Expect(db_->CompactAll(), "Compact");
  }
  difference = difference.empty() ? WaitIdle() : difference;
  if (!difference.empty()) {
    return difference;
  }
  uint64_t bytes = 0;
  for (const LevelStatistics& level : db_->GetStatistics().levels) {
    bytes += level.bytes;
  }
  environment_->LeaveFree(std::nullopt);
  return bytes <= kEmptyBytes ? CompareEverything()
                              : std::to_string(bytes) + " bytes stay after everything is deleted";
}

std::string Session::Compact(const Operation& operation) {
  const Bound lower = BoundFor(operation.lower);
  const Bound upper = BoundFor(operation.upper);
  const absl::Status status = db_->Compact(operation.only_ns, lower, upper);
  const bool legal = NamespaceIsLegal(operation.only_ns.value_or(0)) && KeyIsLegal(lower.key) &&
                     KeyIsLegal(upper.key);
  if (!legal && status.code() == absl::StatusCode::kInvalidArgument) {
    return "";
  }
  return Expect(status, "Compact");
}

std::string Session::Judge(const absl::Status& status, bool* known, const std::string& call) {
  Note(ToString(status));
  *known = status.ok();
  if (status.ok()) {
    return "";
  }
  if (Excused()) {
    Mark("error after an injected fault");
    return "";
  }
  return call + " failed: " + ToString(status);
}

std::string Session::ExpectCode(const absl::Status& status, absl::StatusCode code,
                                const std::string& call) {
  Note(ToString(status));
  if (status.code() == code || (Excused() && !status.ok())) {
    return "";
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

std::string Session::End() {
  environment_->Heal();
  if (Excused() || db_ == nullptr) {
    if (std::string difference = Reopen(); !difference.empty()) {
      return difference;
    }
  }
  if (std::string difference = CompareEverything(); !difference.empty()) {
    return difference;
  }
  if (std::string difference = WaitIdle(); !difference.empty()) {
    return difference;
  }
  if (std::string difference = Expect(db_->Check(), "Check"); !difference.empty()) {
    return difference;
  }
  reserve_ = kReserveBytes;
  if (std::string difference = Reopen(); !difference.empty()) {
    return difference;
  }
  if (std::string difference = CompareEverything(); !difference.empty()) {
    return difference;
  }
  if (std::string difference = CureFullDisk(); !difference.empty()) {
    return "on a full disk, " + difference;
  }
  if (std::string difference = CloseDb(); !difference.empty()) {
    return difference;
  }
  return environment_->OrderViolation();
}

}  // namespace veralith::model
