// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 10, One owner: "A lock keeps a second writer out; read-only opening writes
// nothing, anywhere, and refuses while a writer lives."
//
// The runner sweeps the lock file away as a cleaner does, tries a second writer and a reader while
// the writer lives, and reads everything through a read-only opening between two lives. The order
// monitor reports any change that this makes. It reads once more while a writer compacts everything
// (model/conformance/session_life.cc, VisitReadOnly). Here all that runs in random traces, on the
// simulated disk and on real files. On real files it also compares what the machine itself says:
// names, bytes and times. (A second process: a_killed_process_loses_nothing_acknowledged_test.)
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/fs/testing/failing_calls.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "model/kv_model.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"
#include "veralith/db.h"

namespace veralith::model {
namespace {

Profile Visits() {
  using enum OperationKind;
  return Only({{kPut, 50},
               {kDelete, 10},
               {kBatch, 10},
               {kDeleteRange, 5},
               {kFlush, 8},
               {kCompact, 4},
               {kRunBackground, 6},
               {kSnapshot, 4},
               {kReadOnlyVisit, 25},
               {kReopen, 6},
               {kKill, 8},
               {kCrash, 8},
               {kCheckpoint, 3}});
}

RC_GTEST_PROP(OneOwner, NoReaderAndNoSecondWriterBesideAWriterAndReadersChangeNothing, ()) {
  CheckAgrees(*AnyTrace(Visits()));
}

// Syncs do not wait for the disk: no power cut follows.
RC_GTEST_PROP(OneOwner, AlsoOnRealFiles, ()) {
  const char* directory = std::getenv("TEST_TMPDIR");
  SetFailingCalls({.directory = directory == nullptr ? "/tmp" : directory, .skip_syncs = true});
  Configuration configuration;
  configuration.name = "posix";
  configuration.posix = 1;
  CheckAgrees(*rc::gen::resize(12, AnyTrace(Visits(), configuration)));
  SetFailingCalls({});
}

// Returns what the machine says about everything under a directory, including the directory.
std::map<std::string, std::string> Portrait(const std::string& root) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> portrait;
  const auto add = [&](const fs::path& path) {
    std::string text = StrCat(fs::last_write_time(path).time_since_epoch().count());
    if (fs::is_regular_file(path)) {
      std::ifstream stream(path, std::ios::binary);
      text.append(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    portrait[path.string()] = text;
  };
  add(root);
  for (const auto& item : fs::recursive_directory_iterator(root)) {
    add(item.path());
  }
  return portrait;
}

class RealFiles : public ::testing::Test {
 protected:
  std::string Directory() const { return root_.path() + "/db"; }
  static Options Reading() {
    Options options;
    options.read_only = true;
    return options;
  }
  std::unique_ptr<Db> MustOpen(const Options& options) {
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(Directory(), options);
    EXPECT_TRUE(db.ok()) << ToString(db.status());
    return db.ok() ? *std::move(db) : nullptr;
  }
  void ExpectRefused(const Options& options) {
    const absl::Status status = Db::Open(Directory(), options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << ToString(status);
    EXPECT_NE(Message(status).find("LOCK"), std::string::npos) << ToString(status);
  }
  // Leaves what a kill would leave: logs not flushed, no closing records. (A copy of a live
  // directory.)
  void LeaveKilled() {
    {
      const std::unique_ptr<Db> db = MustOpen({});
      for (int i = 0; i < 300; ++i) {
        EXPECT_TRUE(db->Put({}, StrCat("key", i % 50), StrCat("value", i)).ok());
        EXPECT_TRUE(i % 100 != 50 || db->Flush().ok());
      }
      std::filesystem::copy(Directory(), root_.path() + "/killed");
    }
    std::filesystem::remove_all(Directory());
    std::filesystem::rename(root_.path() + "/killed", Directory());
  }

  TemporaryDirectory root_;
};

TEST_F(RealFiles, ReadOnlyOpeningChangesNoNameNoByteAndNoTime) {
  LeaveKilled();
  for (const char* damage : {"", "LOCK", "torn log"}) {
    if (damage == std::string("LOCK")) {
      std::filesystem::remove(Directory() + "/LOCK");  // a copy that was never opened
    } else if (damage == std::string("torn log")) {
      for (const auto& item : std::filesystem::directory_iterator(Directory())) {
        if (item.path().extension() == ".log") {
          std::ofstream(item.path(), std::ios::app) << "half a record";
        }
      }
    }
    const auto before = Portrait(root_.path());
    {
      const std::unique_ptr<Db> db = MustOpen(Reading());
      ASSERT_NE(db, nullptr);
      int rows = 0;
      const std::unique_ptr<DbIterator> it = db->NewIterator({});
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        ++rows;
      }
      EXPECT_TRUE(it->status().ok());
      EXPECT_EQ(rows, 50) << damage;
      EXPECT_TRUE(db->Check().ok());
      EXPECT_FALSE(db->Put({}, "a", "b").ok());
      EXPECT_FALSE(db->Flush().ok());
      EXPECT_FALSE(db->CompactAll().ok());
      EXPECT_FALSE(db->Checkpoint(root_.path() + "/copy").ok());
    }
    EXPECT_TRUE(Portrait(root_.path()) == before) << damage;
  }
}

TEST_F(RealFiles, ReadOnlyOpeningOfNothingMakesNothing) {
  const auto before = Portrait(root_.path());
  EXPECT_EQ(Db::Open(Directory(), Reading()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Portrait(root_.path()) == before);
  std::filesystem::create_directory(Directory());
  const auto empty = Portrait(root_.path());
  EXPECT_EQ(Db::Open(Directory(), Reading()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Portrait(root_.path()) == empty);
}

TEST_F(RealFiles, AWriterKeepsEverybodyOutAndReadersKeepNobodyOut) {
  std::unique_ptr<Db> writer = MustOpen({});
  ASSERT_TRUE(writer->Put({.sync = SyncMode::kCommit}, "a", "1").ok());
  ASSERT_TRUE(writer->Flush().ok());
  const auto before = Portrait(root_.path());
  ExpectRefused({});
  ExpectRefused(Reading());
  EXPECT_TRUE(Portrait(root_.path()) == before);
  ASSERT_TRUE(writer->Put({}, "a", "2").ok());
  ASSERT_TRUE(writer->Close().ok());
  {
    const std::unique_ptr<Db> reader = MustOpen(Reading());
    const std::unique_ptr<Db> beside = MustOpen(Reading());
    writer = MustOpen({});
    ASSERT_NE(writer, nullptr);
    ASSERT_TRUE(writer->Put({}, "a", "3").ok());
    ASSERT_TRUE(writer->CompactAll().ok());
    ExpectRefused(Reading());
    PinnedValue value;
    EXPECT_TRUE(*reader->Get({}, "a", &value) && value.view() == "2");
    EXPECT_TRUE(*beside->Get({}, "a", &value) && value.view() == "2");
    ASSERT_TRUE(writer->Close().ok());
  }
  EXPECT_NE(MustOpen({}), nullptr);
}

}  // namespace
}  // namespace veralith::model
