// SPDX-License-Identifier: Apache-2.0

// Other programs beside a database: they remove its lock, move or remove its directory, change the
// working directory, or read while a writer comes.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "core/fs/file_helpers.h"
#include "core/fs/testing/intercepted_file_system.h"
#include "gtest/gtest.h"
#include "veralith/check_database.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

using Bytes = std::vector<std::pair<std::string, std::string>>;

// A program's own file system that implements only what it must: it locks no directory and pins
// none.
class PlainFileSystem final : public FileSystem {
 public:
  explicit PlainFileSystem(FileSystem& base) : base_(base) {}

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    return base_.Open(path, mode);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return base_.Rename(from, to);
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    return base_.Link(from, to);
  }
  absl::Status Remove(const std::string& path) override { return base_.Remove(path); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    return base_.List(directory);
  }
  absl::Status CreateDirectory(const std::string& path) override {
    return base_.CreateDirectory(path);
  }
  absl::Status RemoveDirectory(const std::string& path) override {
    return base_.RemoveDirectory(path);
  }
  absl::Status SyncDirectory(const std::string& path) override { return base_.SyncDirectory(path); }
  absl::StatusOr<bool> Exists(const std::string& path) override { return base_.Exists(path); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override {
    return base_.Lock(path, mode);
  }
  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) override {
    return base_.FreeBytes(directory);
  }

 private:
  FileSystem& base_;
};

class BesideOthers : public ::testing::Test {
 protected:
  Options OptionsOf(bool read_only = false) {
    Options options = simulation_.SmallOptions();
    options.read_only = read_only;
    return options;
  }
  std::unique_ptr<Db> MustOpen(const Options& options, const std::string& directory = "/db") {
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, options);
    EXPECT_OK(db.status());
    return db.ok() ? *std::move(db) : nullptr;
  }
  SimulatedFileSystem& disk() { return simulation_.disk(); }

  static void Fill(Db& db, int from, int to) {
    for (int i = from; i < to; ++i) {
      ASSERT_OK(db.Put({}, StrCat("key", 1000 + i), StrCat("value", i)));
    }
  }
  // Returns "" if exactly keys 0 to `to` exist.
  static std::string Difference(Db& db, int to) {
    const std::unique_ptr<DbIterator> it = db.NewIterator({});
    int i = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next(), ++i) {
      if (it->key() != StrCat("key", 1000 + i) || it->value() != StrCat("value", i)) {
        return StrCat("row ", i, " is ", it->key());
      }
    }
    return !it->status().ok() ? ToString(it->status()) : i == to ? "" : StrCat(i, " rows");
  }
  void SweepLock() { ASSERT_OK(disk().Remove("/db/LOCK")); }
  void RemoveItsFiles() {
    const std::vector<std::string> names = *disk().List("/db");
    for (const std::string& name : names) {
      ASSERT_OK(disk().Remove(JoinPath("/db", name)));
    }
  }
  // Expects an opening to find the directory with all of `to` rows in it.
  void ExpectWhole(int to, const std::string& directory = "/db") {
    const std::unique_ptr<Db> db = MustOpen(OptionsOf(), directory);
    ASSERT_NE(db, nullptr);
    EXPECT_EQ(Difference(*db, to), "");
    EXPECT_OK(db->Check());
    EXPECT_OK(db->Close());
  }
  void ExpectRefused(const Options& options) {
    const absl::Status status = Db::Open("/db", options).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << ToString(status);
  }

  Simulation simulation_;
};

// --- The lock file -------------------------------------------------------------------------------

TEST_F(BesideOthers, NobodyComesInWhenACleanerRemovedTheLockFile) {
  const std::unique_ptr<Db> db = MustOpen(OptionsOf());
  Fill(*db, 0, 50);
  SweepLock();
  ExpectRefused(OptionsOf());
  ExpectRefused(OptionsOf(/*read_only=*/true));
  EXPECT_FALSE(*disk().Exists("/db/LOCK"));  // the refused never hold it: the owner may need it
  Fill(*db, 50, 100);
  ASSERT_OK(db->Flush());
  EXPECT_TRUE(*disk().Exists("/db/LOCK"));  // taken again, for versions that know it alone
  EXPECT_FALSE(disk().Lock("/db/LOCK", LockMode::kShared).ok());
  ASSERT_OK(db->Close());
  ExpectWhole(100);
}

TEST_F(BesideOthers, AnOwnerStopsWhenAnOlderVersionTookTheLockFileThatWasSwept) {
  const std::unique_ptr<Db> db = MustOpen(OptionsOf());
  Fill(*db, 0, 50);
  ASSERT_OK(db->Sync());
  SweepLock();
  const auto theirs = disk().Lock("/db/LOCK", LockMode::kExclusive);
  ASSERT_OK(theirs.status());
  const Bytes before = disk().Files();
  const absl::Status status = db->Flush();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << ToString(status);
  EXPECT_NE(Message(status).find("another process may own the database"), std::string::npos);
  EXPECT_FALSE(db->Put({}, "a", "b").ok());
  EXPECT_FALSE(db->Close().ok());
  for (const auto& [path, bytes] : before) {  // an orphan of the flush may be there besides
    EXPECT_EQ(*ReadWholeFile(disk(), path, 1u << 30), bytes) << path;
  }
}

TEST_F(BesideOthers, WhereDirectoriesCannotBeLockedAnOwnerStopsOnceItsLockFileIsGone) {
  PlainFileSystem plain(disk());
  Options options = OptionsOf();
  options.file_system = &plain;
  const std::unique_ptr<Db> db = MustOpen(options);
  Fill(*db, 0, 50);
  ASSERT_OK(db->Sync());
  SweepLock();
  std::unique_ptr<Db> second = MustOpen(options);  // nothing keeps it out
  const Bytes before = disk().Files();
  EXPECT_TRUE(absl::IsFailedPrecondition(db->Flush()));
  EXPECT_FALSE(db->Close().ok());
  for (const auto& [path, bytes] : before) {
    EXPECT_EQ(*ReadWholeFile(disk(), path, 1u << 30), bytes) << path;
  }
  EXPECT_EQ(Difference(*second, 50), "");
  EXPECT_OK(second->Close());
  ExpectWhole(50);
}

// --- The directory -------------------------------------------------------------------------------

TEST_F(BesideOthers, AProgramThatGoesElsewhereLeavesItsDatabaseWhereItOpenedIt) {
  for (const char* path : {"/A", "/B"}) {
    ASSERT_OK(disk().CreateDirectory(path));
    disk().SetWorkingDirectory(path);
    const std::unique_ptr<Db> db = MustOpen(OptionsOf(), "db");
    Fill(*db, 0, 100);
    ASSERT_OK(db->Close());
  }
  disk().SetWorkingDirectory("/A");
  const std::unique_ptr<Db> db = MustOpen(OptionsOf(), "db");
  disk().SetWorkingDirectory("/B");
  Fill(*db, 100, 400);
  ASSERT_OK(db->CompactAll());
  ASSERT_OK(db->Checkpoint("db/copy"));  // the caller's path: below the other database
  ASSERT_OK(db->Close());
  ExpectWhole(400, "/A/db");
  ExpectWhole(100, "/B/db");
  ExpectWhole(400, "/B/db/copy");
}

TEST_F(BesideOthers, ADatabaseGoesOnInADirectoryThatWasMoved) {
  const std::unique_ptr<Db> db = MustOpen(OptionsOf());
  Fill(*db, 0, 50);
  ASSERT_OK(disk().Rename("/db", "/moved"));
  const std::unique_ptr<Db> other = MustOpen(OptionsOf());  // in a new directory of that name
  Fill(*db, 50, 300);
  ASSERT_OK(db->CompactAll());
  ASSERT_OK(db->Close());
  EXPECT_EQ(Difference(*other, 0), "");
  EXPECT_OK(other->Close());
  ExpectWhole(300, "/moved");
  ExpectWhole(0);
}

TEST_F(BesideOthers, ADatabaseWhoseDirectoryWasRemovedStopsAndMakesNothing) {
  const std::unique_ptr<Db> db = MustOpen(OptionsOf());
  Fill(*db, 0, 50);
  RemoveItsFiles();
  ASSERT_OK(disk().RemoveDirectory("/db"));
  ASSERT_OK(disk().CreateDirectory("/db"));
  EXPECT_FALSE(db->Flush().ok());
  EXPECT_FALSE(db->Close().ok());
  EXPECT_TRUE(disk().Files().empty());
}

TEST_F(BesideOthers, ADatabaseWhoseFilesWereRemovedSaysSo) {
  const std::unique_ptr<Db> db = MustOpen(OptionsOf());
  Fill(*db, 0, 50);
  RemoveItsFiles();
  const absl::Status status = db->Flush();
  EXPECT_NE(Message(status).find("its files were removed"), std::string::npos) << ToString(status);
  EXPECT_FALSE(db->Close().ok());
}

// --- Readers -------------------------------------------------------------------------------------

TEST_F(BesideOthers, AReaderKeepsNoWriterOutAndGoesOnToSeeWhatItOpened) {
  {
    const std::unique_ptr<Db> db = MustOpen(OptionsOf());
    Fill(*db, 0, 300);
    ASSERT_OK(db->Close());
  }
  const std::unique_ptr<Db> reader = MustOpen(OptionsOf(/*read_only=*/true));
  const std::unique_ptr<Db> writer = MustOpen(OptionsOf());
  ASSERT_NE(writer, nullptr);
  Fill(*writer, 300, 600);
  ASSERT_OK(writer->CompactAll());
  EXPECT_EQ(Difference(*reader, 300), "");
  EXPECT_OK(reader->Check());
  ASSERT_OK(writer->Close());
  EXPECT_EQ(Difference(*reader, 300), "");
  EXPECT_OK(reader->Close());
  ExpectWhole(600);
}

// At every call that a reader makes, a writer opens, replaces every file, and goes again or stays.
class WriterInBetween final : public InterceptedFileSystem {
 public:
  WriterInBetween(FileSystem* disk, int call, std::function<void()> act)
      : InterceptedFileSystem(disk), left_(call), act_(std::move(act)) {}
  bool acted() const { return left_ < 0; }

 private:
  absl::Status Before(const Call&) override {
    if (left_-- == 0) {
      act_();
    }
    return absl::OkStatus();
  }

  int left_;
  const std::function<void()> act_;
};

class ReadersBesideWriters : public BesideOthers {
 protected:
  void SetUp() override {
    const std::unique_ptr<Db> db = MustOpen(OptionsOf());
    Fill(*db, 0, 120);
    ASSERT_OK(db->Flush());
    Fill(*db, 120, 140);
    ASSERT_OK(db->Sync());
    image_ = disk().CloneWithEverything();  // with a log to be replayed
    ASSERT_OK(db->Close());
  }
  // For each call of `read`, on a disk of its own: a writer comes in at that call.
  void ForEachCall(bool stays, const std::function<absl::Status(FileSystem& fs)>& read) {
    bool acted = true;
    int refused = 0;
    int calls = 0;
    for (; acted; ++calls) {
      const std::unique_ptr<SimulatedFileSystem> disk = image_->CloneWithEverything();
      std::unique_ptr<Db> writer;
      WriterInBetween fs(disk.get(), calls, [&] {
        Options options = OptionsOf();
        options.file_system = disk.get();
        writer = MustOpen(options);
        ASSERT_NE(writer, nullptr) << "the reader kept it out";
        Fill(*writer, 0, 140);
        ASSERT_OK(writer->CompactAll());
        if (!stays) {
          ASSERT_OK(writer->Close());
        }
      });
      const absl::Status status = read(fs);
      acted = fs.acted();
      refused += status.ok() ? 0 : 1;
      EXPECT_TRUE(status.ok() || absl::IsFailedPrecondition(status))
          << "call " << calls << ": " << ToString(status);
    }
    EXPECT_GT(calls, 10);
    EXPECT_GT(refused, 5);
    EXPECT_LT(refused, calls);
  }

  std::unique_ptr<SimulatedFileSystem> image_;
};

TEST_F(ReadersBesideWriters, AnOpeningThatAWriterComesIntoSaysSoOrIsRight) {
  for (const bool stays : {false, true}) {
    ForEachCall(stays, [&](FileSystem& fs) {
      Options options = OptionsOf(/*read_only=*/true);
      options.file_system = &fs;
      const absl::StatusOr<std::unique_ptr<Db>> reader = Db::Open("/db", options);
      if (reader.ok()) {
        EXPECT_EQ(Difference(**reader, 140), "");
      }
      return reader.status();
    });
  }
}

TEST_F(ReadersBesideWriters, ACheckTakesNothingThatAWriterReplacedForDamage) {
  for (const bool stays : {false, true}) {
    ForEachCall(stays, [&](FileSystem& fs) {
      CheckReport report;
      const absl::Status status = CheckDatabase(fs, "/db", nullptr, &report);
      EXPECT_TRUE(report.damage.empty()) << report.damage[0];
      return status;
    });
  }
}

// --- Checkpoints ---------------------------------------------------------------------------------

class Checkpoints : public BesideOthers {
 protected:
  void SetUp() override {
    db_ = MustOpen(OptionsOf());
    Fill(*db_, 0, 60);
  }
  // Returns everything under the root except the database.
  std::vector<std::string> Others() {
    std::vector<std::string> names = *disk().List("/");
    std::erase(names, "db");
    return names;
  }

  std::unique_ptr<Db> db_;
};

TEST_F(Checkpoints, TouchNoDatabaseThatStandsWhereTheyMightBeStaged) {
  const std::unique_ptr<Db> neighbour = MustOpen(OptionsOf(), "/copy.tmp");
  Fill(*neighbour, 0, 30);
  ASSERT_OK(neighbour->Flush());
  ASSERT_OK(db_->Checkpoint("/copy"));
  Fill(*neighbour, 30, 60);
  ASSERT_OK(neighbour->CompactAll());
  ASSERT_OK(neighbour->Close());
  ExpectWhole(60, "/copy.tmp");
  ExpectWhole(60, "/copy");
}

// At every call that one makes on the disk, another one to the same place runs from begin to end.
TEST_F(Checkpoints, OfTwoToOnePlaceOneIsOkAndOpens) {
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->Close());
  bool acted = true;
  for (int call = 0; acted; ++call) {
    const std::unique_ptr<SimulatedFileSystem> image = disk().CloneWithEverything();
    std::unique_ptr<Db> db;
    absl::Status second = absl::UnknownError("not run");
    int left = -1;  // while the database opens
    class Between final : public InterceptedFileSystem {
     public:
      Between(FileSystem* disk, std::function<void()> act)
          : InterceptedFileSystem(disk), act_(std::move(act)) {}

     private:
      absl::Status Before(const Call&) override {
        act_();
        return absl::OkStatus();
      }
      const std::function<void()> act_;
    } fs(image.get(), [&] {
      if (left >= 0 && left-- == 0) {
        second = db->Checkpoint("/copy");
      }
    });
    Options options = OptionsOf();
    options.file_system = &fs;
    db = MustOpen(options);
    left = call;
    const absl::Status first = db->Checkpoint("/copy");
    acted = left < 0;
    if (acted) {
      EXPECT_EQ(first.ok() + second.ok(), 1) << call << ToString(first) << ToString(second);
      EXPECT_TRUE(absl::IsAlreadyExists(first.ok() ? second : first))
          << call << ToString(first) << ToString(second);
    }
    EXPECT_EQ(*image->List("/"), (std::vector<std::string>{"copy", "db"})) << call;
    options.create_if_missing = false;
    const std::unique_ptr<Db> copy = MustOpen(options, "/copy");
    ASSERT_NE(copy, nullptr) << call;
    EXPECT_EQ(Difference(*copy, 60), "") << call;
    EXPECT_OK(copy->Close());
    EXPECT_OK(db->Close());
  }
}

TEST_F(Checkpoints, RemoveWhatAnEarlierOneLeftWhenItCrashedAndNothingElse) {
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->Close());
  const uint64_t steps = [&] {
    const std::unique_ptr<SimulatedFileSystem> image = disk().CloneWithEverything();
    Options options = OptionsOf();
    options.file_system = image.get();
    const std::unique_ptr<Db> db = MustOpen(options);
    const uint64_t before = image->steps();
    EXPECT_OK(db->Checkpoint("/copy"));
    return image->steps() - before;
  }();
  ASSERT_GT(steps, 8u);
  for (uint64_t step = 1; step <= steps; ++step) {
    const std::unique_ptr<SimulatedFileSystem> image = disk().CloneWithEverything();
    Options options = OptionsOf();
    options.file_system = image.get();
    {
      const std::unique_ptr<Db> db = MustOpen(options);
      image->CrashAtStep(image->steps() + step);
      EXPECT_FALSE(db->Checkpoint("/copy").ok());
    }
    const std::unique_ptr<SimulatedFileSystem> left = image->CloneWithEverything();
    ASSERT_OK(left->CreateDirectory("/other.tmp"));
    options.file_system = left.get();
    const std::unique_ptr<Db> db = MustOpen(options);
    ASSERT_OK(db->Checkpoint("/copy2"));
    std::vector<std::string> names = *left->List("/");
    std::erase(names, "copy");  // whole, when the crash came after its rename
    EXPECT_EQ(names, (std::vector<std::string>{"copy2", "db", "other.tmp"})) << step;
    EXPECT_OK(db->Close());
  }
}

TEST_F(Checkpoints, LeaveAloneWhatAnotherOneIsBuilding) {
  ASSERT_OK(db_->Checkpoint("/copy"));
  // The copy has the same id, so its checkpoints have names of the same kind.
  const std::unique_ptr<Db> copy = MustOpen(OptionsOf(), "/copy");
  std::string building;
  class AtRename final : public InterceptedFileSystem {
   public:
    AtRename(FileSystem* disk, std::function<void(const std::string&)> act)
        : InterceptedFileSystem(disk), act_(std::move(act)) {}

   private:
    absl::Status Before(const Call& call) override {
      if (call.kind == FsCall::kRename && call.to->ends_with("first")) {
        act_(call.path);
      }
      return absl::OkStatus();
    }
    const std::function<void(const std::string&)> act_;
  } fs(&disk(), [&](const std::string& staged) {
    building = staged;
    EXPECT_OK(copy->Checkpoint("/second"));
    EXPECT_TRUE(*disk().Exists(JoinPath(staged, "CURRENT")));
  });
  ASSERT_OK(db_->Close());
  Options options = OptionsOf();
  options.file_system = &fs;
  db_ = MustOpen(options);
  ASSERT_OK(db_->Checkpoint("/first"));
  EXPECT_FALSE(building.empty());
  ASSERT_OK(copy->Close());
  ASSERT_OK(db_->Close());
  EXPECT_EQ(Others(), (std::vector<std::string>{"copy", "first", "second"}));
  ExpectWhole(60, "/first");
  ExpectWhole(60, "/second");
}

}  // namespace
}  // namespace veralith
