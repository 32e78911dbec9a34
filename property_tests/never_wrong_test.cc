// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 7, Never wrong: "Corrupt bytes give DataLoss naming file and offset; an I/O error
// gives that error. No read, scan, flush or compaction skips what it cannot read. A failed
// background job keeps its inputs, backs off and can be resumed. After a failed write or sync of
// log or manifest nothing is acknowledged until the database is reopened."
//
// The runner covers the last sentence, and errors anywhere in any sequence of calls. (Its faults
// excuse an error, never a wrong answer, and never an acknowledgement after a failed log.) Here,
// besides, the error must be the right one, what a scan shows before it must be the beginning of
// the truth, and after the cause is gone everything must be there.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "core/fs/file_helpers.h"
#include "gtest/gtest.h"
#include "model/kv_model.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

RC_GTEST_PROP(NeverWrong, WhateverCallsFailAndWheneverAndForHowLong, ()) {
  using enum OperationKind;
  CheckAgrees(*AnyTrace(
      Only({{kPut, 50},     {kDelete, 10}, {kBatch, 10},   {kDeleteRange, 4}, {kGet, 25},
            {kMultiGet, 8}, {kScan, 20},   {kIterate, 10}, {kCursorOpen, 6},  {kCursorMove, 12},
            {kSnapshot, 6}, {kRelease, 4}, {kFlush, 10},   {kCompact, 6},     {kRunBackground, 10},
            {kCheck, 3},    {kFail, 25},   {kHeal, 12},    {kResume, 6},      {kReopen, 6}})));
}

// A database of some segments in several levels and a memtable, and what it holds.
class Life {
 public:
  explicit Life(uint64_t seed) : random_(seed), simulation_(seed) {
    Options options = simulation_.SmallOptions();
    options.cache_bytes = 0;  // every read reaches the disk
    options.disable_automatic_compaction = true;
    db_ = *simulation_.Open(options);
    const uint64_t rounds = 2 + random_.Below(4);
    for (uint64_t round = 0; round < rounds; ++round) {
      WriteSome(random_.Below(40));
      RC_ASSERT(db_->Flush().ok());
      if (random_.Below(4) == 0) {
        RC_ASSERT(db_->CompactAll().ok());
      }
    }
    WriteSome(random_.Below(5));
  }

  void WriteSome(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const std::string key = StrCat("key", random_.Below(40));
      Write write{Write::Kind::kPut, 0, key,
                  std::string(random_.Below(200), 'v') + StrCat(++writes_), std::nullopt};
      WriteBatch batch;
      if (random_.Below(6) == 0) {
        write.kind = Write::Kind::kDelete;
        write.value.clear();
        batch.Delete(key);
      } else {
        batch.Put(key, write.value);
      }
      const absl::StatusOr<Timestamp> timestamp = db_->Write({}, batch);
      RC_ASSERT(timestamp.ok());
      model_.Commit(*timestamp, {write});
    }
  }

  std::vector<std::string> Segments() {
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : disk().Files()) {
      if (path.ends_with(".parquet")) {
        paths.push_back(path);
      }
    }
    return paths;
  }

  // Reads everything. Each answer is the model's, or an error for which `is_expected` is true.
  // Returns how many errors there were.
  template <typename IsExpected>
  int Ask(const IsExpected& is_expected) {
    int errors = 0;
    const auto judge = [&](const absl::Status& status, const std::string& call) {
      if (!status.ok() && !is_expected(status)) {
        RC_FAIL(call + " failed with " + ToString(status));
      }
      errors += status.ok() ? 0 : 1;
      return status.ok();
    };
    for (const std::string& key : model_.Keys(0)) {
      const std::optional<Row> expected = model_.Get(0, key, kMaxTimestamp);
      PinnedValue value;
      const absl::StatusOr<bool> found = db_->Get({}, 0, key, &value);
      if (judge(found.status(), "Get")) {
        RC_ASSERT(*found == expected.has_value());
        RC_ASSERT(!*found || value.view() == expected->value);
      }
    }
    for (const bool backward : {false, true}) {
      std::vector<Row> expected = model_.Scan(0, Bound::Open(), Bound::Open(), kMaxTimestamp);
      if (backward) {
        std::reverse(expected.begin(), expected.end());
      }
      const std::unique_ptr<DbIterator> it = db_->NewIterator({});
      size_t rows = 0;
      for (backward ? it->SeekToLast() : it->SeekToFirst(); it->Valid();
           backward ? it->Prev() : it->Next()) {
        RC_ASSERT(rows < expected.size());
        RC_ASSERT(it->key() == expected[rows].key && it->value() == expected[rows].value);
        ++rows;
      }
      if (judge(it->status(), "a scan")) {
        RC_ASSERT(rows == expected.size());
      }
    }
    return errors;
  }
  void ExpectTheTruth() {
    Ask([](const absl::Status&) { return false; });
  }

  Db& db() { return *db_; }
  SimulatedFileSystem& disk() { return simulation_.disk(); }
  Random& random() { return random_; }

 private:
  Random random_;
  Simulation simulation_;
  std::unique_ptr<Db> db_;
  KvModel model_;
  int writes_ = 0;
};

bool Names(const absl::Status& status, const std::string& path, const std::string& reason) {
  return Message(status).find(path.substr(path.rfind('/') + 1)) != std::string::npos &&
         Message(status).find(reason) != std::string::npos;
}

// Flips one bit of one segment under the open database: checks answers, flush and compaction.
RC_GTEST_PROP(NeverWrong, RotUnderAnOpenDatabaseIsDataLossByFileAndOffsetAndNothingIsSkipped, ()) {
  Life life(*rc::gen::inRange<uint64_t>(0, 1'000'000));
  const std::vector<std::string> segments = life.Segments();
  RC_PRE(!segments.empty());
  const std::string& path = segments[life.random().Below(segments.size())];
  const uint64_t bytes = ReadWholeFile(life.disk(), path, 1 << 24)->size();
  const uint64_t bit = life.random().Below(bytes * 8);
  life.disk().FlipBit(path, bit);
  const auto is_expected = [&](const absl::Status& status) {
    return status.code() == absl::StatusCode::kDataLoss && Names(status, path, "offset");
  };
  const int errors = life.Ask(is_expected);
  life.WriteSome(5);
  RC_ASSERT(life.db().Flush().ok());
  const absl::Status compacted = life.db().CompactAll();
  RC_ASSERT(compacted.ok() || is_expected(compacted));
  if (compacted.ok()) {
    life.ExpectTheTruth();  // it did not matter, or the compaction proved that it does not
    return;
  }
  life.Ask(is_expected);
  life.disk().FlipBit(path, bit);  // the inputs still exist: nothing was lost
  life.ExpectTheTruth();
  RC_ASSERT(life.db().Resume().ok());
  RC_ASSERT(life.db().CompactAll().ok());
  life.ExpectTheTruth();
  RC_ASSERT(life.db().Check().ok());
  RC_CLASSIFY(errors > 0, "seen by a read");
}

// Every read of segments fails, once or from then on, wherever it is.
RC_GTEST_PROP(NeverWrong, AReadErrorIsThatErrorAndNothingIsSkipped, ()) {
  Life life(*rc::gen::inRange<uint64_t>(0, 1'000'000));
  RC_PRE(!life.Segments().empty());
  const auto is_expected = [](const absl::Status& status) {
    return status.code() == absl::StatusCode::kUnavailable &&
           Names(status, ".parquet", "Input/output error");
  };
  const auto fail = [&](const std::string& nth) {
    life.disk().SetFaults(*ParseFaultPlan("read@.parquet#" + nth + "=eio"));
  };
  for (uint64_t nth = 1; nth < 100; nth += 1 + life.random().Below(12)) {
    fail(StrCat(nth));
    const int errors = life.Ask(is_expected);
    RC_ASSERT(errors == (life.disk().faults_fired() > 0 ? 1 : 0));
  }
  fail("1+");
  RC_ASSERT(life.Ask(is_expected) > 0);
  fail(StrCat(1 + life.random().Below(20)));
  life.WriteSome(5);
  // A flush reads, too: the footer of the segment it has written.
  for (const absl::Status& done : {life.db().Flush(), life.db().CompactAll()}) {
    RC_ASSERT(done.ok() || is_expected(done));
  }
  life.disk().SetFaults({});
  life.ExpectTheTruth();
  RC_ASSERT(life.db().Resume().ok());
  RC_ASSERT(life.db().CompactAll().ok());
  life.ExpectTheTruth();
}

}  // namespace
}  // namespace veralith::model
