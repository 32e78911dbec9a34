// SPDX-License-Identifier: Apache-2.0

// A whole life of one small database, from creation over writes, flush, compaction, checkpoint and
// reads to another opening, while something beneath it fails. It checks what must hold afterwards,
// and reports what is wrong, judged by the model: an answer that is neither right nor an error, an
// acknowledged write that is gone, a database that does not open once nothing fails any more.
//
// All in one thread, on a simulated clock and executor: the Nth call of a kind is the same in each
// life.
#ifndef VERALITH_PROPERTY_TESTS_LIFE_H_
#define VERALITH_PROPERTY_TESTS_LIFE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/crash_model.h"
#include "model/difference.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"

namespace veralith::model {

class Life {
 public:
  // Surrounds every call of the engine. It may fail only in between.
  class Machine {
   public:
    virtual ~Machine() = default;
    virtual void BeginCall() {}
    virtual void EndCall() {}
    // Called with every error that the engine returns; says what is wrong with it.
    virtual Difference Judge(const absl::Status& error) { return Agree(); }
  };

  // The database is `directory`/db in options.file_system; clock and executor of `options` are
  // replaced.
  Life(std::string directory, Options options, Machine* machine);
  ~Life();
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // Runs as far as possible. Says what is wrong.
  Difference Run();
  // Called when nothing fails any more: what exists opens, is a legal state, and goes on.
  Difference Heal();

  // Whether no opening and no write has failed.
  bool AllSucceeded() const { return opened_.ok() && failed_ == 0; }

 private:
  template <typename Call>
  auto Engine(Call call);
  void Note(const absl::Status& status);

  bool Open();
  Difference LiveOnce(int round);
  void Maintain(int round);
  void Commit(std::vector<Write> writes, bool synced);
  Write PutOf(const std::string& key, size_t bytes);
  void Put(const std::string& key, size_t bytes, bool synced);
  void Batch();
  void Delete(const std::string& key);
  void DeleteRange(const std::string& begin, const std::string& end);

  absl::StatusOr<std::vector<Row>> Scan(bool forward, Timestamp at);
  absl::StatusOr<CrashModel::Recovered> Observe();
  Difference Recover(bool excused);
  Difference Compare(const std::string& when);
  Difference CompareScans();
  Difference CompareLookups();
  Difference CompareSnapshot();

  const std::string directory_;
  Options options_;
  Machine* const machine_;
  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_, SimulatedExecutor::Order::kFifo};
  std::unique_ptr<Db> db_;
  absl::Status opened_;
  CrashModel model_;
  Difference wrong_ = Agree();  // what was wrong with an error that the engine returned
  int writes_ = 0;
  int failed_ = 0;
};

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_LIFE_H_
