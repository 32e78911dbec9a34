// DESIGN promise 7, Never wrong, over the POSIX file system and real files: "an I/O error gives that
// error. ... A failed background job keeps its inputs ... and can be resumed. After a failed write or
// sync of log or manifest nothing is acknowledged until the database is reopened."
//
// Below unchanged production code the Nth call of the machine's own fails (failing_calls.h), for every
// N until none is left, once and from then on: in a whole life of a database, from creation over
// writes, flush, compaction and checkpoint to another opening. Every answer is right or an error; and
// once the machine works again, the database opens and is whole. Syncs that succeed do not wait for
// the disk: no power cut follows, and none could be told from it.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/testing/simulated_clock.h"
#include "core/base/testing/simulated_executor.h"
#include "core/base/text.h"
#include "core/db/db.h"
#include "core/fs/testing/failing_calls.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "model/crash_model.h"

namespace veralith::model {
namespace {

// One database on real files, in one thread, so that the Nth call is always the same one.
class Life {
 public:
  ~Life() {
    db_.reset();
    executor_.DropAll();
    SetFailingCalls({});
  }

  void Fail(const std::string& plan) {
    SetFailingCalls({.directory = root_.path(),
                     .faults = *ParseFaultPlan(plan),
                     .skip_syncs = true});
  }

  void Disturb() {
    SetFailingCalls(
        {.directory = root_.path(), .interrupt = true, .shorten = true, .skip_syncs = true});
  }
  // No opening and no write has failed.
  bool AllSucceeded() const { return opened_.ok() && failed_ == 0; }

  // As far as it gets; "" or what is wrong.
  std::string Run() {
    if (!Open()) {
      return "";
    }
    for (int round = 0; round < 2; ++round) {
      Put("a", 10, false);
      Put("b", 3000, false);  // rotates by itself
      Put("c", 3000, true);
      Batch();
      db_->Flush().IgnoreError();
      Delete("a");
      db_->CompactAll().IgnoreError();
      db_->Checkpoint(StrCat(root_.path(), "/copy", round)).IgnoreError();
      Put("d", 10, false);
      db_->Sync().IgnoreError();
      if (std::string difference = Compare("while calls fail"); !difference.empty()) {
        return difference;
      }
      if (round == 0) {
        db_->Close().IgnoreError();
        db_.reset();
        if (!Open()) {
          return "";
        }
        if (std::string difference = Recover(/*excused=*/true);
            !difference.empty() || db_ == nullptr) {
          return difference;
        }
      }
    }
    return "";
  }

  // The machine works again: what is there opens, is a legal state, and goes on.
  std::string Heal() {
    db_.reset();
    executor_.DropAll();
    Fail("");
    if (!Open()) {
      return "cannot be opened afterwards: " + ToString(opened_);
    }
    if (std::string difference = Recover(/*excused=*/false); !difference.empty()) {
      return "afterwards " + difference;
    }
    Put("e", 10, true);
    for (const absl::Status& status : {db_->Flush(), db_->CompactAll(), db_->Check()}) {
      if (!status.ok()) {
        return "afterwards " + ToString(status);
      }
    }
    return Compare("afterwards");
  }

 private:
  bool Open() {
    Options options;
    options.clock = &clock_;
    options.executor = &executor_;
    options.random_seed = 7;
    options.write_buffer_bytes = 4096;
    options.cache_bytes = 0;
    options.key_page_bytes = options.value_page_bytes = 256;
    options.target_segment_bytes = 4096;
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(root_.path() + "/db", options);
    opened_ = db.status();
    if (db.ok()) {
      db_ = *std::move(db);
    }
    return opened_.ok();
  }

  void Commit(std::vector<Write> writes, bool synced) {
    WriteBatch batch;
    for (const Write& write : writes) {
      if (write.kind == Write::Kind::kPut) {
        batch.Put(write.key, write.value);
      } else {
        batch.Delete(write.key);
      }
    }
    WriteOptions options;
    options.sync = synced ? SyncMode::kCommit : SyncMode::kManual;
    const absl::StatusOr<Timestamp> timestamp = db_->Write(options, batch);
    if (timestamp.ok()) {
      model_.Acknowledged(*timestamp, std::move(writes), synced);
    } else {
      model_.Failed(std::move(writes));
      ++failed_;
    }
  }
  Write PutOf(const std::string& key, size_t bytes) {
    return {Write::Kind::kPut, 0, key, StrCat(++writes_, std::string(bytes, 'v')), std::nullopt};
  }
  void Put(const std::string& key, size_t bytes, bool synced) { Commit({PutOf(key, bytes)}, synced); }
  void Batch() { Commit({PutOf("a", 20), PutOf("b", 20), PutOf("x", 20)}, false); }
  void Delete(const std::string& key) {
    Commit({{Write::Kind::kDelete, 0, key, "", std::nullopt}}, false);
  }

  absl::StatusOr<CrashModel::Recovered> Observe() {
    CrashModel::Recovered recovered;
    std::vector<Row> rows;
    const std::unique_ptr<DbIterator> it = db_->NewIterator({});
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      rows.push_back({std::string(it->key()), std::string(it->value()), it->timestamp()});
    }
    if (!it->status().ok()) {
      return it->status();
    }
    if (!rows.empty()) {
      recovered.contents[0] = std::move(rows);
    }
    recovered.last_timestamp = db_->LastTimestamp();
    return recovered;
  }

  // After an opening. Without `excused` it must be possible to look.
  std::string Recover(bool excused) {
    const absl::StatusOr<CrashModel::Recovered> recovered = Observe();
    if (recovered.ok()) {
      return model_.Kill(*recovered);
    }
    db_.reset();
    return excused ? "" : "nothing can be read: " + ToString(recovered.status());
  }

  std::string Compare(const std::string& when) {
    const absl::StatusOr<CrashModel::Recovered> seen = Observe();
    std::string difference =
        seen.ok() ? Difference(model_.current().All(kMaxTimestamp), seen->contents) : "";
    for (const std::string& key : model_.current().Keys(0)) {
      const std::optional<Row> expected = model_.current().Get(0, key, kMaxTimestamp);
      PinnedValue value;
      const absl::StatusOr<bool> found = db_->Get({}, key, &value);
      if (found.ok() &&
          (*found != expected.has_value() || (*found && value.view() != expected->value))) {
        difference += " Get of " + key + " is wrong";
      }
    }
    return difference.empty() ? "" : when + ": " + difference;
  }

  TemporaryDirectory root_;
  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_, SimulatedExecutor::Order::kFifo};
  std::unique_ptr<Db> db_;
  absl::Status opened_;
  CrashModel model_;
  int writes_ = 0;
  int failed_ = 0;
};

// Every Nth call that the plan matches, until a run meets none; from then on: every third N.
void Sweep(const std::string& call, const std::string& effect) {
  int lives = 0;
  for (const std::string how_long : {"", "+"}) {
    for (uint64_t nth = 1;; nth += how_long.empty() ? 1 : 3, ++lives) {
      Life life;
      const std::string plan = StrCat(call, "@#", nth, how_long, "=", effect);
      life.Fail(plan);
      ASSERT_EQ(life.Run(), "") << plan;
      const bool met = CallsFailed() > 0;
      ASSERT_EQ(life.Heal(), "") << plan;
      if (!met) {
        ASSERT_GT(nth, 1u) << "no call of the machine's was watched";
        break;
      }
    }
  }
  std::printf("%s %s: %d lives with a failing call\n", call.c_str(), effect.c_str(), lives);
}

TEST(RealFilesThatFail, AnyCallWithAnIoError) { Sweep("any", "eio"); }
TEST(RealFilesThatFail, AnyAppendThatIsShortOnAFullDisk) { Sweep("append", "short_space"); }
TEST(RealFilesThatFail, AnyAppendThatHappensAndIsSaidToFail) { Sweep("append", "late"); }
TEST(RealFilesThatFail, AnyCreationOnAFullDisk) { Sweep("create", "enospc"); }
TEST(RealFilesThatFail, AnySyncThatHappensAndIsSaidToFail) { Sweep("sync", "late"); }
TEST(RealFilesThatFail, AnyRenameThatHappensAndIsSaidToFail) { Sweep("rename", "late"); }

// The machine interrupts and shortens transfers: nothing of it is seen.
TEST(RealFilesThatFail, InterruptedAndShortCallsAreNoFailures) {
  Life life;
  life.Disturb();
  ASSERT_EQ(life.Run(), "");
  ASSERT_TRUE(life.AllSucceeded());
  ASSERT_GT(CallsWatched(), 100u);
  ASSERT_EQ(life.Heal(), "");
}

}  // namespace
}  // namespace veralith::model
