// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 10, One owner, on real files: a database works only in the directory that it
// opened, whatever becomes of the path. The program changes its working directory, a symbolic link
// is changed, the directory is moved or removed, a cleaner removes its lock file, a forked child
// outlives its Close. Files elsewhere are never touched.
//
// (The same in random traces on the simulated machine: the conformance runner opens by a relative
// path and works elsewhere afterwards; core/db/owner_test.cc.)
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/fs/testing/failing_calls.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/repair.h"

namespace veralith {
namespace {

namespace fs = std::filesystem;

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

class OnRealFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    // No power cut follows, so syncs need not wait for the disk.
    SetFailingCalls({.directory = root_.path(), .skip_syncs = true});
  }
  void TearDown() override {
    fs::current_path(before_);
    SetFailingCalls({});
  }

  static Options Small() {
    Options options;
    options.write_buffer_bytes = 16 << 10;
    options.target_segment_bytes = 16 << 10;
    return options;
  }
  // A job may remove or make a file meanwhile.
  static void RemoveAll(const std::string& directory) {
    std::error_code error;
    for (int tries = 0; fs::exists(directory); ++tries) {
      ASSERT_LT(tries, 1000) << error.message();
      fs::remove_all(directory, error);
    }
  }
  std::string Path(const std::string& name) const { return root_.path() + "/" + name; }
  static std::unique_ptr<Db> MustOpen(const std::string& directory) {
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, Small());
    EXPECT_OK(db.status());
    return db.ok() ? *std::move(db) : nullptr;
  }
  static void Fill(Db& db, int from, int to) {
    for (int i = from; i < to; ++i) {
      ASSERT_OK(db.Put({}, StrCat("key", 10000 + i), std::string(100, 'v')));
    }
  }
  static void MakeDatabase(const std::string& directory, int keys) {
    const std::unique_ptr<Db> db = MustOpen(directory);
    Fill(*db, 0, keys);
    ASSERT_OK(db->Close());
  }
  static void ExpectKeys(const std::string& directory, int keys) {
    const std::unique_ptr<Db> db = MustOpen(directory);
    ASSERT_NE(db, nullptr);
    int found = 0;
    const std::unique_ptr<DbIterator> it = db->NewIterator({});
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ++found;
    }
    EXPECT_OK(it->status());
    EXPECT_EQ(found, keys) << directory;
    EXPECT_OK(db->Check());
  }

  const TemporaryDirectory root_;
  const fs::path before_ = fs::current_path();
};

TEST_F(OnRealFiles, TheWorkingDirectoryMayChange) {
  for (const char* name : {"A", "B"}) {
    fs::create_directory(Path(name));
    fs::current_path(Path(name));
    MakeDatabase("db", 500);
  }
  fs::current_path(Path("A"));
  const std::unique_ptr<Db> db = MustOpen("db");
  fs::current_path(Path("B"));
  Fill(*db, 500, 2000);
  ASSERT_OK(db->CompactAll());
  ASSERT_OK(db->Checkpoint("copy"));
  ASSERT_OK(db->Close());
  ExpectKeys(Path("A/db"), 2000);
  ExpectKeys(Path("B/db"), 500);
  ExpectKeys(Path("B/copy"), 2000);
}

TEST_F(OnRealFiles, ASymbolicLinkMayLeadElsewhere) {
  MakeDatabase(Path("A"), 500);
  MakeDatabase(Path("B"), 500);
  fs::create_directory_symlink("A", Path("link"));
  const std::unique_ptr<Db> db = MustOpen(Path("link"));
  fs::remove(Path("link"));
  fs::create_directory_symlink("B", Path("link"));
  Fill(*db, 500, 2000);
  ASSERT_OK(db->CompactAll());
  ASSERT_OK(db->Close());
  ExpectKeys(Path("A"), 2000);
  ExpectKeys(Path("B"), 500);
}

TEST_F(OnRealFiles, TheDirectoryMayBeMovedAndAnotherTakeItsName) {
  MakeDatabase(Path("B"), 500);
  const std::unique_ptr<Db> db = MustOpen(Path("db"));
  Fill(*db, 0, 500);
  fs::rename(Path("db"), Path("moved"));
  fs::rename(Path("B"), Path("db"));
  Fill(*db, 500, 2000);
  ASSERT_OK(db->CompactAll());
  ASSERT_OK(db->Close());
  ExpectKeys(Path("moved"), 2000);
  ExpectKeys(Path("db"), 500);
}

TEST_F(OnRealFiles, ARemovedDirectoryIsAnErrorAndIsNotMadeAgain) {
  const std::unique_ptr<Db> db = MustOpen(Path("db"));
  Fill(*db, 0, 500);
  RemoveAll(Path("db"));
  MakeDatabase(Path("db"), 10);
  EXPECT_FALSE(db->Flush().ok());
  EXPECT_FALSE(db->Close().ok());
  ExpectKeys(Path("db"), 10);
}

TEST_F(OnRealFiles, ACleanerThatRemovesTheLockFileLetsNobodyIn) {
  const std::unique_ptr<Db> db = MustOpen(Path("db"));
  Fill(*db, 0, 500);
  fs::remove(Path("db/LOCK"));
  const absl::Status second = Db::Open(Path("db"), Small()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << ToString(second);
  Fill(*db, 500, 1000);
  ASSERT_OK(db->CompactAll());
  ASSERT_OK(db->Close());
  ExpectKeys(Path("db"), 1000);
}

TEST_F(OnRealFiles, AForkedChildThatLivesOnKeepsNothingLocked) {
  std::unique_ptr<Db> db = MustOpen(Path("db"));
  Fill(*db, 0, 10);
  int wait[2];
  ASSERT_EQ(pipe(wait), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte;
    close(wait[1]);
    _exit(read(wait[0], &byte, 1) == 0 ? 0 : 1);
  }
  EXPECT_OK(db->Close());
  db.reset();
  ExpectKeys(Path("db"), 10);
  close(wait[1]);
  close(wait[0]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
}

TEST_F(OnRealFiles, AnOwnerOpensWhileManyReadersLookAtTheDatabase) {
  MakeDatabase(Path("db"), 500);
  Options reading = Small();
  reading.read_only = true;
  for (int round = 0; round < 3; ++round) {
    const absl::StatusOr<std::unique_ptr<Db>> reader = Db::Open(Path("db"), reading);
    ASSERT_OK(reader.status());
    const std::unique_ptr<Db> owner = MustOpen(Path("db"));
    ASSERT_NE(owner, nullptr);
    ASSERT_OK(owner->CompactAll());
    ASSERT_OK(owner->Close());
    EXPECT_OK((*reader)->Check());
  }
}

TEST_F(OnRealFiles, ARepairKeepsOwnersOutAndIsKeptOutOfATargetThatSomebodyHas) {
  MakeDatabase(Path("db"), 500);
  const std::unique_ptr<Db> neighbour = MustOpen(Path("target"));
  RepairReport report;
  EXPECT_TRUE(
      absl::IsAlreadyExists(RepairDatabase(Small(), Path("db"), Path("target"), {}, &report)));
  EXPECT_OK(neighbour->Close());
  int asked = 0;
  RepairOptions options;
  options.progress = [&](std::string_view, uint64_t, uint64_t) {
    if (asked++ == 0) {
      EXPECT_TRUE(absl::IsFailedPrecondition(Db::Open(Path("db"), Small()).status()));
      RepairReport second;
      EXPECT_FALSE(RepairDatabase(Small(), Path("db"), Path("made"), {}, &second).ok());
    }
  };
  EXPECT_OK(RepairDatabase(Small(), Path("db"), Path("made"), options, &report));
  EXPECT_GT(asked, 0);
  ExpectKeys(Path("made"), 500);
}

}  // namespace
}  // namespace veralith
