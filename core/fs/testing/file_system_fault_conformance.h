// SPDX-License-Identifier: Apache-2.0

// What a file system does when calls fail, as a suite that both can be put through: the simulated
// one with its own faults, the machine's with faults in the calls beneath it (failing_calls.h).
// Both have one plan and one expectation, so the engine's tests over the simulated disk say
// something about the real one.
//
//   INSTANTIATE_TEST_SUITE_P(Mine, FileSystemFaults, testing::Values(&MakeMine));
#ifndef VERALITH_CORE_FS_TESTING_FILE_SYSTEM_FAULT_CONFORMANCE_H_
#define VERALITH_CORE_FS_TESTING_FILE_SYSTEM_FAULT_CONFORMANCE_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "gtest/gtest.h"
#include "veralith/file_system.h"
#include "veralith/testing/fault_plan.h"

namespace veralith {

// A file system with an existing, empty directory, whose calls can be made to fail.
class FailingFileSystemUnderTest {
 public:
  virtual ~FailingFileSystemUnderTest() = default;
  virtual FileSystem& fs() = 0;
  virtual std::string root() const = 0;
  virtual void SetFaults(FaultPlan plan) = 0;
  virtual uint64_t faults_fired() const = 0;
};

using MakeFailingFileSystem = std::unique_ptr<FailingFileSystemUnderTest> (*)();

class FileSystemFaults : public testing::TestWithParam<MakeFailingFileSystem> {
 protected:
  FileSystemFaults() {
    EXPECT_TRUE(fs().CreateDirectory(Path("d")).ok());
    EXPECT_TRUE(fs().CreateDirectory(Path("gone")).ok());
    for (const char* name : {"f", "from", "linked", "removed"}) {
      file_ = *fs().Open(Path(name), OpenMode::kCreate);
      EXPECT_TRUE(file_->Append("0123").ok());
    }
    file_ = *fs().Open(Path("f"), OpenMode::kReadWrite);
  }

  FileSystem& fs() { return subject_->fs(); }
  std::string Path(std::string_view name) const { return JoinPath(subject_->root(), name); }
  void Fail(const std::string& plan) { subject_->SetFaults(*ParseFaultPlan(plan)); }
  uint64_t fired() const { return subject_->faults_fired(); }
  std::string Bytes(std::string_view name) {
    const absl::StatusOr<std::string> bytes = ReadWholeFile(fs(), Path(name), 1 << 20);
    return bytes.ok() ? *bytes : "(" + ToString(bytes.status()) + ")";
  }
  std::vector<std::string> List() { return *fs().List(Path("")); }

  // One call of each kind, which succeeds (once) without faults; by its name in a plan.
  struct OneCall {
    std::string name;
    std::string verb;  // as errors name it
    std::string path;
    std::function<absl::Status()> call;
  };
  std::vector<OneCall> EveryCall() {
    char byte = 0;
    const auto read = [this, byte]() mutable {
      return file_->ReadAt(0, std::span<char>(&byte, 1)).status();
    };
    return {
        {"open", "open", Path("from"), [this] { return Open("from", OpenMode::kRead); }},
        {"create", "open", Path("new"), [this] { return Open("new", OpenMode::kCreate); }},
        {"read", "read", Path("f"), read},
        {"append", "append", Path("f"), [this] { return file_->Append("45"); }},
        {"write", "write", Path("f"), [this] { return file_->WriteAt(1, "xy"); }},
        {"preallocate", "preallocate", Path("f"), [this] { return file_->Preallocate(4096); }},
        {"truncate", "truncate", Path("f"), [this] { return file_->Truncate(2); }},
        {"size", "size", Path("f"), [this] { return file_->Size().status(); }},
        {"sync", "sync", Path("f"), [this] { return file_->Sync(); }},
        {"rename", "rename", Path("from") + " to " + Path("to"),
         [this] { return fs().Rename(Path("from"), Path("to")); }},
        {"link", "link", Path("linked") + " to " + Path("second"),
         [this] { return fs().Link(Path("linked"), Path("second")); }},
        {"remove", "remove", Path("removed"), [this] { return fs().Remove(Path("removed")); }},
        {"list", "list", Path("d"), [this] { return fs().List(Path("d")).status(); }},
        {"create_directory", "create directory", Path("e"),
         [this] { return fs().CreateDirectory(Path("e")); }},
        {"remove_directory", "remove directory", Path("gone"),
         [this] { return fs().RemoveDirectory(Path("gone")); }},
        {"sync_directory", "sync directory", Path("d"),
         [this] { return fs().SyncDirectory(Path("d")); }},
        {"exists", "exists", Path("d"), [this] { return fs().Exists(Path("d")).status(); }},
        {"lock", "lock", Path("LOCK"),
         [this] { return fs().Lock(Path("LOCK"), LockMode::kExclusive).status(); }},
        {"free_bytes", "free bytes", Path("d"),
         [this] { return fs().FreeBytes(Path("d")).status(); }},
    };
  }
  absl::Status Open(std::string_view name, OpenMode mode) {
    return fs().Open(Path(name), mode).status();
  }

  const std::unique_ptr<FailingFileSystemUnderTest> subject_ = GetParam()();
  std::unique_ptr<File> file_;  // "f"
};

TEST_P(FileSystemFaults, EveryCallFailsByNameWithTheReasonAndWorksWhenRepeated) {
  for (const OneCall& one : EveryCall()) {
    Fail(one.name + "@#1=eio");
    const absl::Status failed = one.call();
    EXPECT_EQ(failed.code(), absl::StatusCode::kUnavailable) << one.name << ToString(failed);
    EXPECT_EQ(Message(failed), one.path + ": " + one.verb + ": Input/output error");
    EXPECT_EQ(fired(), 1u) << one.name;
    EXPECT_EQ(ToString(one.call()), "OK") << one.name;
    EXPECT_EQ(fired(), 1u) << one.name;
  }
}

TEST_P(FileSystemFaults, AFullDiskIsResourceExhaustedForEveryCallAndForAsLongAsItIsFull) {
  for (const OneCall& one : EveryCall()) {
    Fail(one.name + "@#1+=enospc");
    for (uint64_t times = 1; times <= 3; ++times) {
      const absl::Status failed = one.call();
      EXPECT_EQ(failed.code(), absl::StatusCode::kResourceExhausted) << one.name;
      EXPECT_EQ(Message(failed), one.path + ": " + one.verb + ": No space left on device");
      EXPECT_EQ(fired(), times) << one.name;
    }
    Fail("");
    EXPECT_EQ(ToString(one.call()), "OK") << one.name;
  }
}

TEST_P(FileSystemFaults, ACallThatFailedWithoutAnythingHappeningChangedNothing) {
  const std::vector<std::string> before = List();
  for (const OneCall& one : EveryCall()) {
    Fail(one.name + "@#1=eio");
    EXPECT_FALSE(one.call().ok()) << one.name;
    Fail("");
    std::vector<std::string> after = List();
    std::erase(after, "LOCK");  // a lock may have made its file before it failed
    EXPECT_EQ(after, before) << one.name;
    EXPECT_EQ(Bytes("f"), "0123") << one.name;
    EXPECT_EQ(*file_->Size(), 4u) << one.name;
  }
}

TEST_P(FileSystemFaults, ALateFailureHasHappened) {
  for (const OneCall& one : EveryCall()) {
    Fail(one.name + "@#1=late");
    EXPECT_EQ(one.call().code(), absl::StatusCode::kUnavailable) << one.name;
  }
  Fail("");
  EXPECT_EQ(List(),
            (std::vector<std::string>{"LOCK", "d", "e", "f", "linked", "new", "second", "to"}));
  EXPECT_EQ(Bytes("f"), "0x");  // appended, overwritten, cut
}

TEST_P(FileSystemFaults, AShortWriteLeavesItsFirstHalf) {
  Fail("append@#1=short");
  EXPECT_EQ(file_->Append("abcdefgh").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Bytes("f"), "0123abcd");
  Fail("append@#1=short_space");
  EXPECT_EQ(file_->Append("ABCDEFGH").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Bytes("f"), "0123abcdABCD");
  Fail("write@#1=short");
  EXPECT_EQ(file_->WriteAt(0, "xxxx").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Bytes("f"), "xx23abcdABCD");
  Fail("");
  ASSERT_TRUE(file_->Append("end").ok());
  EXPECT_EQ(Bytes("f"), "xx23abcdABCDend");
}

TEST_P(FileSystemFaults, AFailedSyncShowsTheBytesAllTheSame) {
  ASSERT_TRUE(file_->Append("unsynced").ok());
  Fail("sync@#1=eio");
  EXPECT_FALSE(file_->Sync().ok());
  EXPECT_EQ(Bytes("f"), "0123unsynced");
  EXPECT_TRUE(file_->Sync().ok());  // which proves nothing (contract point 2)
}

TEST_P(FileSystemFaults, OnlyTheNthCallOfTheNamedFilesFails) {
  Fail("append@victim#3=eio");
  const auto victim = fs().Open(Path("victim"), OpenMode::kCreate);
  std::string answers;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(file_->Append("x").ok());
    answers += (*victim)->Append("x").ok() ? '+' : '-';
  }
  EXPECT_EQ(answers, "++-++");
  EXPECT_EQ(fired(), 1u);
}

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_FILE_SYSTEM_FAULT_CONFORMANCE_H_
