// SPDX-License-Identifier: Apache-2.0

#include "core/fs/file_table.h"

#include <sys/resource.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/fs/errno_status.h"
#include "core/fs/testing/intercepted_file_system.h"
#include "core/fs/testing/temporary_directory.h"
#include "core/fs/yielding_file_system.h"
#include "gtest/gtest.h"
#include "veralith/posix_file_system.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

using Files = std::vector<std::unique_ptr<File>>;

std::string ContentsOf(int i) { return "contents " + std::to_string(i); }
std::string PathOf(int i) { return "/" + std::to_string(i); }

void Write(FileSystem& fs, const std::string& path, const std::string& bytes) {
  absl::StatusOr<std::unique_ptr<File>> file = fs.Open(path, OpenMode::kCreate);
  ASSERT_TRUE(file.ok()) << ToString(file.status());
  ASSERT_TRUE((*file)->Append(bytes).ok());
}

std::string Read(const File& file) {
  std::string bytes(100, '?');
  const absl::StatusOr<size_t> read = file.ReadAt(0, bytes);
  if (!read.ok()) {
    return ToString(read.status());
  }
  bytes.resize(*read);
  return bytes;
}

// A simulated disk with files 0 to count - 1, opened through a table.
class FileTableTest : public testing::Test {
 protected:
  Files OpenAll(FileSystem* fs, int count, size_t limit) {
    table_ = std::make_shared<FileTable>(fs, limit);
    Files files;
    for (int i = 0; i < count; ++i) {
      Write(disk_, PathOf(i), ContentsOf(i));
      absl::StatusOr<std::unique_ptr<File>> file = table_->Open(PathOf(i));
      EXPECT_TRUE(file.ok()) << ToString(file.status());
      files.push_back(*std::move(file));
    }
    return files;
  }
  Files OpenAll(int count, size_t limit) { return OpenAll(&disk_, count, limit); }
  void Replace(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(disk_.Remove(path).ok());
    Write(disk_, path, bytes);
  }

  SimulatedFileSystem disk_;
  std::shared_ptr<FileTable> table_;
};

TEST_F(FileTableTest, ReadsAnyNumberOfFilesWithinItsLimit) {
  disk_.SetMaxOpenFiles(5);
  const Files files = OpenAll(100, 4);
  for (const int step : {1, 7, 31}) {
    for (int i = 0; i < 100; ++i) {
      const int at = i * step % 100;
      ASSERT_EQ(Read(*files[at]), ContentsOf(at));
      ASSERT_EQ(*files[at]->Size(), ContentsOf(at).size());
      ASSERT_EQ(files[at]->path(), PathOf(at));
    }
  }
  EXPECT_EQ(table_->open_files(), 4u);
  EXPECT_LE(disk_.most_open_files(), 5u);  // the fifth is the one that Write makes
  EXPECT_EQ(table_->files_opened(), 400u);
}

TEST_F(FileTableTest, WithoutALimitEachFileIsOpenedOnce) {
  const Files files = OpenAll(100, FileTable::kNoLimit);
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(Read(*files[i % 100]), ContentsOf(i % 100));
  }
  EXPECT_EQ(table_->files_opened(), 100u);
  EXPECT_EQ(disk_.open_files(), 100u);
}

TEST_F(FileTableTest, AFileThatIsReadBetweenAllOthersStaysOpen) {
  const Files files = OpenAll(50, 3);
  Read(*files[0]);
  const uint64_t before = table_->files_opened();
  for (int i = 1; i < 50; ++i) {
    Read(*files[i]);
    Read(*files[0]);
  }
  EXPECT_EQ(table_->files_opened() - before, 49u);
}

TEST_F(FileTableTest, FilesThatAreDestroyedOrClosedGiveTheirPlaceBack) {
  Files files = OpenAll(4, 4);
  files.erase(files.begin(), files.begin() + 2);
  EXPECT_EQ(disk_.open_files(), 2u);
  EXPECT_TRUE(files[0]->Close().ok());
  EXPECT_EQ(disk_.open_files(), 1u);
  EXPECT_TRUE(absl::IsFailedPrecondition(files[0]->Close()));
  EXPECT_TRUE(absl::IsFailedPrecondition(files[0]->Size().status()));
  EXPECT_EQ(Read(*files[1]), ContentsOf(3));
}

TEST_F(FileTableTest, IsForReadingOnly) {
  const Files files = OpenAll(1, 4);
  EXPECT_TRUE(absl::IsFailedPrecondition(files[0]->Append("x")));
  EXPECT_TRUE(absl::IsFailedPrecondition(files[0]->WriteAt(0, "x")));
  EXPECT_TRUE(absl::IsFailedPrecondition(files[0]->Preallocate(1)));
  EXPECT_TRUE(absl::IsFailedPrecondition(files[0]->Truncate(0)));
  EXPECT_TRUE(absl::IsFailedPrecondition(files[0]->Sync()));
  EXPECT_TRUE(absl::IsNotFound(table_->Open("/none").status()));
}

// Does something in the middle of the first read of a path.
class InTheMiddle final : public InterceptedFileSystem {
 public:
  explicit InTheMiddle(FileSystem* base) : InterceptedFileSystem(base) {}

  std::string path = {};
  std::function<void()> action = nullptr;

 private:
  absl::Status Before(const Call& call) override {
    if (call.kind == FsCall::kRead && call.path == path && action != nullptr) {
      std::exchange(action, nullptr)();
    }
    return absl::OkStatus();
  }
};

TEST_F(FileTableTest, AFileIsNotClosedUnderItsReaderAndNoReaderWaits) {
  InTheMiddle fs(&disk_);
  const Files files = OpenAll(&fs, 3, 1);
  fs.path = PathOf(0);
  fs.action = [&] {
    EXPECT_EQ(Read(*files[1]), ContentsOf(1));
    EXPECT_EQ(Read(*files[2]), ContentsOf(2));
    EXPECT_EQ(table_->open_files(), 2u);  // the one being read, and the limit
    EXPECT_EQ(table_->CloseIdle(), 1u);
  };
  EXPECT_EQ(Read(*files[0]), ContentsOf(0));
  EXPECT_EQ(fs.action, nullptr);
  Read(*files[1]);
  EXPECT_EQ(table_->open_files(), 1u);
}

TEST_F(FileTableTest, AnotherFileInItsPlaceIsDataLossThatNamesIt) {
  const Files files = OpenAll(2, 1);
  Replace(PathOf(0), "contents x");  // as many bytes
  EXPECT_EQ(
      Read(*files[0]),
      "DATA_LOSS: /0 was replaced while it was in use: it had 10 bytes when it was first opened, "
      "and another file of 10 bytes has its name now; put the first one back");
  Replace(PathOf(0), "short");
  EXPECT_TRUE(absl::IsDataLoss(files[0]->Size().status()));
  EXPECT_EQ(Read(*files[1]), ContentsOf(1));
  EXPECT_EQ(disk_.open_files(), 1u);
}

TEST_F(FileTableTest, ACopyInItsPlaceIsAsGood) {
  const Files files = OpenAll(2, 1);
  Replace(PathOf(0), ContentsOf(0));
  EXPECT_EQ(Read(*files[0]), ContentsOf(0));
}

TEST_F(FileTableTest, AFileThatIsGoneIsDataLossUntilItIsBack) {
  const Files files = OpenAll(2, 1);
  ASSERT_TRUE(disk_.Rename(PathOf(0), "/elsewhere").ok());
  EXPECT_EQ(Read(*files[0]),
            "DATA_LOSS: /0 is missing, but existed when it was first opened; put it back");
  ASSERT_TRUE(disk_.Rename("/elsewhere", PathOf(0)).ok());
  EXPECT_EQ(Read(*files[0]), ContentsOf(0));
}

TEST_F(FileTableTest, AnErrorOfTheDiskIsThatErrorAndTheNextReadTriesAgain) {
  const Files files = OpenAll(2, 1);
  FaultRule rule;
  rule.call = FsCall::kOpen;
  disk_.SetFaults({rule});
  EXPECT_EQ(Read(*files[0]), "UNAVAILABLE: /0: open: Input/output error");
  EXPECT_EQ(Read(*files[0]), ContentsOf(0));
  EXPECT_EQ(disk_.open_files(), 1u);
}

TEST_F(FileTableTest, WithoutDescriptorsItClosesItsOwnFilesBeforeItGivesUp) {
  const Files files = OpenAll(6, FileTable::kNoLimit);
  disk_.SetMaxOpenFiles(6);
  ASSERT_EQ(table_->CloseIdle(), 6u);
  const auto held = disk_.Open(PathOf(0), OpenMode::kRead);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(Read(*files[i]), ContentsOf(i));
  }
  table_->CloseIdle();
  disk_.SetMaxOpenFiles(1);  // which `held` has
  EXPECT_EQ(
      Read(*files[0]),
      "RESOURCE_EXHAUSTED: /0: open: Too many open files (raise the process's limit, ulimit -n, "
      "or lower max_open_files)");
}

TEST_F(FileTableTest, WhatElseNeedsADescriptorGetsOneOfItsFiles) {
  const Files files = OpenAll(4, FileTable::kNoLimit);
  disk_.SetMaxOpenFiles(4);
  YieldingFileSystem fs(&disk_, table_);
  const std::vector<std::function<absl::Status()>> calls = {
      [&] { return fs.Open("/new", OpenMode::kCreate).status(); },
      [&] { return fs.Open("/new", OpenMode::kRead).status(); },
      [&] { return fs.List("/").status(); },
      [&] { return fs.SyncDirectory("/"); },
      [&] { return fs.Lock("/LOCK", LockMode::kExclusive).status(); },
  };
  for (const std::function<absl::Status()>& call : calls) {
    for (const std::unique_ptr<File>& file : files) {
      Read(*file);
    }
    ASSERT_EQ(disk_.open_files(), 4u);
    EXPECT_EQ(ToString(call()), "OK");
  }
  Files held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(*fs.Open(PathOf(i), OpenMode::kRead));
  }
  const absl::Status none = fs.Open("/more", OpenMode::kCreate).status();
  EXPECT_TRUE(IsOutOfDescriptors(Annotate(none, "a flush"))) << ToString(none);
}

TEST_F(FileTableTest, TablesOfOneFileSystemMakeRoomForOneAnother) {
  for (int i = 0; i < 4; ++i) {
    Write(disk_, PathOf(i), ContentsOf(i));
  }
  disk_.SetMaxOpenFiles(4);
  const auto other = std::make_shared<FileTable>(&disk_, FileTable::kNoLimit);
  const auto mine = std::make_shared<FileTable>(&disk_, FileTable::kNoLimit);
  Files files;
  for (int i = 0; i < 4; ++i) {
    files.push_back(*other->Open(PathOf(i)));
  }
  const absl::StatusOr<std::unique_ptr<File>> file = mine->Open(PathOf(3));
  ASSERT_TRUE(file.ok()) << ToString(file.status());
  EXPECT_EQ(other->open_files(), 0u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Read(*files[i]), ContentsOf(i));
    EXPECT_EQ(Read(**file), ContentsOf(3));
  }
  EXPECT_EQ(disk_.most_open_files(), 4u);
}

TEST_F(FileTableTest, AfterCloseNothingIsOpenedAgain) {
  Files files = OpenAll(2, 4);
  table_->Close();
  EXPECT_EQ(disk_.open_files(), 0u);
  EXPECT_TRUE(absl::IsFailedPrecondition(files[0]->Size().status()));
  table_.reset();
  files.clear();  // the last owner of the table
}

TEST_F(FileTableTest, ThreadsReadTheirFilesThroughFewerHandlesThanThereAreThreads) {
  constexpr int kThreads = 4;
  const Files files = OpenAll(10, 2);
  std::vector<std::thread> threads;
  std::vector<int> wrong(kThreads, 0);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5'000; ++i) {
        const int at = (i * (t + 3) + t) % 10;
        wrong[t] += Read(*files[at]) == ContentsOf(at) ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, std::vector<int>(kThreads, 0));
  EXPECT_LE(disk_.most_open_files(), 2u + kThreads);
  table_->CloseIdle();
  EXPECT_EQ(disk_.open_files(), 0u);  // none was lost
}

// More files than the process may really have open.
class ProcessLimit {
 public:
  explicit ProcessLimit(rlim_t most) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const struct rlimit limit = {most, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~ProcessLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  struct rlimit before_;
};

TEST(FileTableOnPosix, ReadsMoreFilesThanTheProcessMayHaveOpen) {
  const TemporaryDirectory directory;
  const auto table = std::make_shared<FileTable>(PosixFileSystem(), FileTable::kNoLimit);
  for (int i = 0; i < 150; ++i) {
    Write(*PosixFileSystem(), directory.path() + PathOf(i), ContentsOf(i));
  }
  const ProcessLimit limit(64);
  EXPECT_EQ(PosixFileSystem()->MaxOpenFiles(), 64u);
  Files files;
  for (int i = 0; i < 150; ++i) {
    files.push_back(*table->Open(directory.path() + PathOf(i)));
  }
  for (int i = 0; i < 150; ++i) {
    ASSERT_EQ(Read(*files[i]), ContentsOf(i));
  }
}

TEST(FileTableOnPosix, TellsAReplacedFileFromItsCopy) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  const auto table = std::make_shared<FileTable>(PosixFileSystem(), 1);
  Write(*PosixFileSystem(), path, "the first");
  const std::unique_ptr<File> file = *table->Open(path);
  const auto put = [&](const std::string& bytes) {
    Write(*PosixFileSystem(), path + "x", bytes);
    ASSERT_TRUE(PosixFileSystem()->Rename(path + "x", path).ok());
    table->CloseIdle();
  };
  put("the first");
  EXPECT_EQ(Read(*file), "the first");
  put("the other");
  EXPECT_TRUE(absl::IsDataLoss(file->Size().status()));
}

}  // namespace
}  // namespace veralith
