// One run of a trace: applies operations one by one to a database and to the model, and compares.
//
// What is compared, after every operation where it applies
//   - every answer: rows, values, the timestamps of rows, whether a read is refused;
//   - every commit's timestamp: above all ever used, not below the wall clock, the newest's;
//   - after a write, each key it touched; every compare_every operations, after reopening and at
//     the end, everything: each namespace forward and backward, now and at each held snapshot, each
//     key ever written by Get, every open cursor's and pin's bytes.
//   - after a crash, that the state is one of the legal ones (crash_model.h).
// An error is a difference unless an injected fault has been met since the last opening; then the
// answer is not known, but a wrong answer is a difference still.
//
// Thread rule: one thread.
#ifndef VERALITH_MODEL_CONFORMANCE_SESSION_H_
#define VERALITH_MODEL_CONFORMANCE_SESSION_H_

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/db/db.h"
#include "model/conformance/configurations.h"
#include "model/conformance/environment.h"
#include "model/crash_model.h"
#include "model/kv_model.h"
#include "model/operation.h"

namespace veralith::model {

using DbOpener =
    std::function<absl::StatusOr<std::unique_ptr<Db>>(const std::string&, const Options&)>;

// How often something worth seeing happened in a run, by name.
using Marks = std::map<std::string, uint64_t>;

class Session {
 public:
  // `namespaces`: those whose emptiness is checked besides those written.
  Session(const Configuration& configuration, DbOpener open, std::set<NamespaceId> namespaces);
  ~Session();

  // Opens the empty database. Like the other two: "" or the difference found.
  std::string Begin();
  std::string Step(size_t position, const Operation& operation);
  // Heals, reopens if need be, compares everything, checks the structure, closes, reopens,
  // compares again and closes.
  std::string End();

  const Marks& marks() const { return marks_; }
  // Of all answers, of the final disk, and of the schedule, in hexadecimal with colons between.
  std::string Fingerprint();

 private:
  // What a read point asks for, and what the answer must be.
  struct Moment {
    ReadOptions options;
    Timestamp at = 0;
    enum class Answer { kRows, kOutOfRange, kEither } answer = Answer::kRows;
  };
  struct HeldCursor {
    std::unique_ptr<DbIterator> iterator;
    Timestamp at = 0;
    std::vector<Row> rows;
    std::optional<size_t> place;  // nullopt: not valid
  };
  struct HeldPin {
    PinnedValue value;
    std::optional<std::string> expected;  // nullopt: nothing is held
  };

  // --- Dispatch (session.cc) -------------------------------------------------------------------
  std::string Apply(size_t position, const Operation& operation);
  std::string ApplyToClosed(const Operation& operation);
  std::string ApplyMaintenance(const Operation& operation);
  std::string WaitIdle();
  std::string CheckSegmentsAreFew();
  std::string Compact(const Operation& operation);
  // "" when the status is OK, or is an error that an injected fault explains (then *known is
  // false); otherwise the difference.
  std::string Judge(const absl::Status& status, bool* known, const std::string& call);
  std::string Expect(const absl::Status& status, const std::string& call) {
    bool known = false;
    return Judge(status, &known, call);
  }
  // "" when the status has this code, or is another error that an injected fault explains.
  std::string ExpectCode(const absl::Status& status, absl::StatusCode code,
                         const std::string& call);
  bool Excused() const { return environment_->faults_met() > 0; }
  void Mark(const std::string& name) { ++marks_[name]; }
  void Note(std::string_view answer);  // for the fingerprint

  // --- Writes (session_writes.cc) --------------------------------------------------------------
  std::string ApplyWrite(const Operation& operation, const std::vector<Write>& batch);
  absl::StatusOr<Timestamp> Issue(const Operation& operation, const std::vector<Write>& batch);
  std::string CheckAnswer(const absl::StatusOr<Timestamp>& answer, const std::vector<Write>& batch,
                          Timestamp wall, bool log_has_failed);
  std::string CheckTimestamp(Timestamp timestamp, Timestamp wall) const;
  std::string Acknowledge(const Operation& operation, const std::vector<Write>& batch,
                          Timestamp timestamp);
  std::string CompareWritten(const std::vector<Write>& batch);

  // --- Reads (session_reads.cc) ----------------------------------------------------------------
  std::string ApplyRead(const Operation& operation);
  std::optional<Moment> Resolve(const ReadPoint& at);
  Moment Now() const;
  Moment::Answer AnswerAt(Timestamp at) const;
  // "" when the status is what the moment asks for; *go: and there are rows to compare.
  std::string Admit(const absl::Status& status, const Moment& moment, const std::string& call,
                    bool* go);
  std::string CompareGet(NamespaceId ns, const std::string& key, const Moment& moment,
                         PinnedValue* value = nullptr);
  std::string CompareMultiGet(const Operation& operation, const Moment& moment);
  std::string CompareScan(Db& db, ScanOptions range, bool backward, uint32_t limit,
                          const Moment& moment);
  std::string CompareContents(Db& db, const Moment& moment);
  std::string CompareEverything();
  std::string OpenCursor(const Operation& operation, HeldCursor* cursor);
  std::string CompareMoves(const std::vector<Move>& moves, HeldCursor* cursor);
  std::string CompareCursor(HeldCursor* cursor, const std::string& after);
  std::string ComparePins() const;
  std::set<NamespaceId> AllNamespaces() const;

  // --- Life and death (session_life.cc) --------------------------------------------------------
  std::string Open();
  // Right after an opening that met no fault.
  std::string CheckNothingIsLeftOver() const;
  // When nothing is under way and no iterator is open, the files are those that the manifest names.
  std::string CheckFiles(const std::string& after) const;
  // Deletes everything on a disk that is full: the room comes back.
  std::string CureFullDisk();
  std::string Reopen();
  std::string CloseDb();
  std::string CheckClosed();
  std::string Recover();
  std::string Die(bool machine, uint64_t seed);
  std::string CheckOneOwner();
  void SweepLockAway();
  std::string VisitReadOnly();
  std::string CompareReadOnly();
  std::string CompareBesideAWriter();
  std::string TakeCheckpoint(size_t position);
  std::string CheckpointBesideANeighbour(const std::string& directory, bool* known);
  std::string TakeSnapshot(const Operation& operation);
  void ReleaseSnapshot(uint32_t slot);
  void ReleaseSlots();
  std::string AdvanceClock(uint64_t nanos);
  void AdvanceTime(uint64_t nanos);
  absl::StatusOr<CrashModel::Recovered> Observe();
  Options OpenOptions() const;
  absl::StatusOr<std::unique_ptr<Db>> OpenAt(const std::string& directory, const Options& options);
  void CountMarks();

  // Immutable after construction.
  const Configuration configuration_;
  const DbOpener open_;
  const std::set<NamespaceId> namespaces_;

  std::unique_ptr<Environment> environment_;
  CrashModel model_;
  Marks marks_;
  uint64_t answers_ = 0;       // fingerprint
  bool machine_died_ = false;  // since the last recovery that could be looked at
  uint64_t power_cut_seed_ = 0;
  uint64_t reserve_ = 0;              // least Options::min_free_bytes of openings
  size_t interval_through_ = 0;       // commits that the sync interval makes durable
  std::array<HeldPin, kSlots> pins_;  // outlive the database

  // Of this opening; null or empty while closed.
  std::unique_ptr<Db> db_;
  Timestamp must_exceed_ = 0;  // every commit's timestamp is larger
  std::array<const Snapshot*, kSlots> snapshots_ = {};
  std::array<HeldCursor, kSlots> cursors_;
};

// What a put, delete, delete-range or batch at this position of its trace writes.
std::vector<Write> WritesOf(const Operation& operation, size_t position);

Bound BoundFor(const OperationBound& bound);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_SESSION_H_
