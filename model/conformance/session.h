// SPDX-License-Identifier: Apache-2.0

// One run of a trace: applies operations one by one to a database and to the model, and compares.
//
// What is compared, after every operation where it applies
//   - every answer: rows, values, the timestamps of rows, whether a read is refused;
//   - every commit's timestamp: above all ever used, not below the wall clock, the newest's;
//   - after a write, each key that it touched; after every compare_every operations, after
//     reopening and at the end, everything: each namespace forward and backward, now and at each
//     held snapshot, each key ever written by Get, every open cursor's and pin's bytes;
//   - after a crash, that the state is a legal one (crash_model.h).
// An error is a difference unless an injected fault has been met since the last opening. Then the
// answer is not known, but a wrong answer is still a difference.
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

#include "model/conformance/configurations.h"
#include "model/conformance/environment.h"
#include "model/crash_model.h"
#include "model/difference.h"
#include "model/kv_model.h"
#include "model/operation.h"
#include "veralith/db.h"

namespace veralith::model {

using DbOpener =
    std::function<absl::StatusOr<std::unique_ptr<Db>>(const std::string&, const Options&)>;

// How often something worth seeing happened in a run, by name.
using Marks = std::map<std::string, uint64_t>;

class Session {
 public:
  // `namespaces`: more namespaces to check for emptiness, besides those written.
  Session(const Configuration& configuration, DbOpener open, std::set<NamespaceId> namespaces);
  ~Session();

  // Opens the empty database.
  Difference Begin();
  Difference Step(size_t position, const Operation& operation);
  // Heals, reopens if need be, compares everything, checks the structure, closes, reopens,
  // compares again and closes.
  Difference End();

  const Marks& marks() const { return marks_; }
  // Fingerprints of all answers, of the final disk, and of the schedule, in hexadecimal with colons
  // between.
  std::string Fingerprint();

 private:
  // The moment that a read point names, and what the answer must be.
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

  // --- Dispatch and upkeep (session.cc) --------------------------------------------------------
  Difference Apply(size_t position, const Operation& operation);
  Difference ApplyUpkeep(const Operation& operation);
  Difference PauseWork(uint32_t tasks);
  Difference WaitIdle();
  Difference CheckSegmentsAreFew();
  Difference Compact(const Operation& operation);
  // Agrees when the status is OK, or is an error that an injected fault explains (then *known is
  // false); otherwise the difference.
  Difference Judge(const absl::Status& status, bool* known, const std::string& call);
  Difference Expect(const absl::Status& status, const std::string& call) {
    bool known = false;
    return Judge(status, &known, call);
  }
  // Agrees when the status has this code, or is another error that an injected fault explains.
  Difference ExpectCode(const absl::Status& status, absl::StatusCode code, const std::string& call);
  bool Excused() const { return environment_->faults_met() > 0; }
  void Mark(const std::string& name) { ++marks_[name]; }
  void Note(std::string_view answer);  // for the fingerprint

  // --- Writes (session_writes.cc) --------------------------------------------------------------
  Difference ApplyWrite(const Operation& operation, const std::vector<Write>& batch);
  absl::StatusOr<Timestamp> Issue(const Operation& operation, const std::vector<Write>& batch);
  Difference CheckAnswer(const absl::StatusOr<Timestamp>& answer, const std::vector<Write>& batch,
                         Timestamp wall, bool log_has_failed);
  Difference CheckTimestamp(Timestamp timestamp, Timestamp wall) const;
  Difference Acknowledge(const Operation& operation, const std::vector<Write>& batch,
                         Timestamp timestamp);
  Difference CompareWritten(const std::vector<Write>& batch);

  // --- Reads (session_reads.cc) ----------------------------------------------------------------
  Difference ApplyRead(const Operation& operation);
  std::optional<Moment> Resolve(const ReadPoint& at);
  Moment Now() const;
  Moment::Answer AnswerAt(Timestamp at) const;
  // Agrees when the status is what the moment asks for; *go: and there are rows to compare.
  Difference Admit(const absl::Status& status, const Moment& moment, const std::string& call,
                   bool* go);
  Difference CompareGet(NamespaceId ns, const std::string& key, const Moment& moment,
                        PinnedValue* value = nullptr);
  Difference CompareMultiGet(const Operation& operation, const Moment& moment);
  Difference CompareScan(Db& db, ScanOptions range, bool backward, uint32_t limit,
                         const Moment& moment);
  Difference CompareNamespaces(Db& db, const Moment& moment);
  Difference CompareContents(Db& db, const Moment& moment);
  Difference CompareEverything();
  Difference OpenCursor(const Operation& operation, HeldCursor* cursor);
  Difference CompareMoves(const std::vector<Move>& moves, HeldCursor* cursor);
  Difference CompareCursor(HeldCursor* cursor, const std::string& after);
  Difference ComparePins() const;
  std::set<NamespaceId> AllNamespaces() const;

  // --- Life and death (session_life.cc) --------------------------------------------------------
  Difference ApplyToLife(size_t position, const Operation& operation);
  // Also of a closed database.
  Difference ApplyToMachine(const Operation& operation);
  Difference Open();
  // Called right after an opening that met no fault.
  Difference CheckNothingIsLeftOver() const;
  // If nothing is under way and no iterator is open, the files are those that the manifest names.
  Difference CheckFiles(const std::string& after) const;
  // Deletes everything on a full disk: the room comes back.
  Difference CureFullDisk();
  Difference Reopen();
  Difference CloseDb();
  Difference CheckClosed();
  Difference Recover();
  Difference Die(bool machine, uint64_t seed);
  Difference CheckOneOwner();
  void SweepLockAway();
  Difference VisitReadOnly();
  Difference CompareReadOnly();
  Difference CompareBesideAWriter();
  Difference TakeCheckpoint(size_t position);
  Difference Publish(const Operation& operation);
  Difference ComparePublished(const std::string& table, const PublishReport& report,
                              std::optional<NamespaceId> ns, Timestamp at);
  Difference CheckpointBesideANeighbour(const std::string& directory, bool* known);
  Difference TakeSnapshot(const Operation& operation);
  void ReleaseSnapshot(uint32_t slot);
  void ReleaseSlots();
  Difference AdvanceClock(uint64_t nanos);
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
  uint64_t openings_ = 0;
  uint64_t reserve_ = 0;              // least Options::min_free_bytes of openings
  size_t interval_through_ = 0;       // commits that the sync interval makes durable
  std::array<HeldPin, kSlots> pins_;  // outlive the database

  // State of this opening; null or empty while closed.
  std::unique_ptr<Db> db_;
  Options options_;  // without the doors
  Timestamp must_exceed_ = 0;  // every commit's timestamp is larger
  std::array<const Snapshot*, kSlots> snapshots_ = {};
  std::array<HeldCursor, kSlots> cursors_;
};

// What a put, delete, delete-range or batch at this position of its trace writes.
std::vector<Write> WritesOf(const Operation& operation, size_t position);

Bound BoundFor(const OperationBound& bound);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_SESSION_H_
