// SPDX-License-Identifier: Apache-2.0

// The contract of veralith/file_system.h as a test suite for any implementation:
//
//   INSTANTIATE_TEST_SUITE_P(Mine, FileSystemConformance, testing::Values(&MakeMine), &NameOfMine);
//
// with MakeMine returning a FileSystemUnderTest: a file system and an existing, empty directory of
// it. What only a crash can show is not here (simulated_file_system_test.cc has it).
#ifndef VERALITH_CORE_FS_TESTING_FILE_SYSTEM_CONFORMANCE_H_
#define VERALITH_CORE_FS_TESTING_FILE_SYSTEM_CONFORMANCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "gtest/gtest.h"
#include "veralith/file_system.h"

namespace veralith {

// Owns whatever the file system needs, and cleans up at its end.
class FileSystemUnderTest {
 public:
  virtual ~FileSystemUnderTest() = default;
  virtual FileSystem& fs() = 0;
  virtual std::string root() const = 0;
};

using MakeFileSystemUnderTest = std::unique_ptr<FileSystemUnderTest> (*)();

class FileSystemConformance : public testing::TestWithParam<MakeFileSystemUnderTest> {
 protected:
  FileSystem& fs() { return subject_->fs(); }
  std::string Path(std::string_view name) const { return JoinPath(subject_->root(), name); }

  std::unique_ptr<File> MustOpen(std::string_view name, OpenMode mode) {
    absl::StatusOr<std::unique_ptr<File>> file = fs().Open(Path(name), mode);
    EXPECT_TRUE(file.ok()) << ToString(file.status());
    return file.ok() ? *std::move(file) : nullptr;
  }
  void MustWrite(std::string_view name, std::string_view bytes) {
    const std::unique_ptr<File> file = MustOpen(name, OpenMode::kCreate);
    EXPECT_TRUE(file->Append(bytes).ok());
    EXPECT_TRUE(file->Close().ok());
  }
  std::string MustRead(std::string_view name) {
    const absl::StatusOr<std::string> bytes = ReadWholeFile(fs(), Path(name), 1u << 30);
    EXPECT_TRUE(bytes.ok()) << ToString(bytes.status());
    return bytes.ok() ? *bytes : "(unreadable)";
  }
  std::string ReadSome(const File& file, uint64_t offset, size_t count) {
    std::string out(count, '?');
    const absl::StatusOr<size_t> read = file.ReadAt(offset, out);
    EXPECT_TRUE(read.ok()) << ToString(read.status());
    out.resize(read.ok() ? *read : 0);
    return out;
  }
  std::vector<std::string> MustList(std::string_view name = "") {
    const absl::StatusOr<std::vector<std::string>> names = fs().List(Path(name));
    EXPECT_TRUE(names.ok()) << ToString(names.status());
    return names.ok() ? *names : std::vector<std::string>{"(unlistable)"};
  }
  absl::StatusCode OpenCode(std::string_view name, OpenMode mode) {
    return fs().Open(Path(name), mode).status().code();
  }
  absl::StatusCode LockCode(std::string_view name, LockMode mode) {
    return fs().Lock(Path(name), mode).status().code();
  }

 private:
  std::unique_ptr<FileSystemUnderTest> subject_ = GetParam()();
};

using Names = std::vector<std::string>;

// ---- Bytes ----

TEST_P(FileSystemConformance, ShowsWrittenBytesToEveryLaterReadWithoutASync) {
  const auto writer = MustOpen("f", OpenMode::kCreate);
  const auto reader = MustOpen("f", OpenMode::kRead);
  ASSERT_TRUE(writer->Append("hello ").ok());
  EXPECT_EQ(ReadSome(*writer, 0, 100), "hello ");
  EXPECT_EQ(ReadSome(*reader, 0, 100), "hello ");
  ASSERT_TRUE(writer->Append("world").ok());
  EXPECT_EQ(ReadSome(*reader, 0, 100), "hello world");
  EXPECT_EQ(*reader->Size(), 11u);
  EXPECT_EQ(MustRead("f"), "hello world");
}

TEST_P(FileSystemConformance, ReadsFewerBytesThanAskedOnlyAtTheEnd) {
  MustWrite("f", "0123456789");
  const auto file = MustOpen("f", OpenMode::kRead);
  EXPECT_EQ(ReadSome(*file, 0, 4), "0123");
  EXPECT_EQ(ReadSome(*file, 6, 4), "6789");
  EXPECT_EQ(ReadSome(*file, 8, 4), "89");
  EXPECT_EQ(ReadSome(*file, 10, 4), "");
  EXPECT_EQ(ReadSome(*file, 1'000'000, 4), "");
  EXPECT_EQ(ReadSome(*file, UINT64_MAX, 4), "");
  EXPECT_EQ(ReadSome(*file, 3, 0), "");
}

TEST_P(FileSystemConformance, WriteAtOverwritesInPlace) {
  MustWrite("f", "0123456789");
  const auto file = MustOpen("f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->WriteAt(3, "abc").ok());
  EXPECT_EQ(MustRead("f"), "012abc6789");
  ASSERT_TRUE(file->WriteAt(8, "wxyz").ok());
  EXPECT_EQ(MustRead("f"), "012abc67wxyz");
}

TEST_P(FileSystemConformance, WriteAtBeyondTheEndFillsTheGapWithZeros) {
  const auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->Append("ab").ok());
  ASSERT_TRUE(file->WriteAt(5, "cd").ok());
  EXPECT_EQ(MustRead("f"), std::string("ab\0\0\0cd", 7));
}

TEST_P(FileSystemConformance, WritingNothingChangesNothing) {
  const auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->Append("").ok());
  ASSERT_TRUE(file->WriteAt(100, "").ok());
  EXPECT_EQ(*file->Size(), 0u);
}

TEST_P(FileSystemConformance, AppendGoesToTheEndAfterEveryOtherChangeOfTheSize) {
  MustWrite("f", "0123");
  const auto file = MustOpen("f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->Append("45").ok());
  ASSERT_TRUE(file->WriteAt(5, "xyz").ok());
  ASSERT_TRUE(file->Append("A").ok());
  EXPECT_EQ(MustRead("f"), "01234xyzA");
  ASSERT_TRUE(file->Truncate(2).ok());
  ASSERT_TRUE(file->Append("B").ok());
  EXPECT_EQ(MustRead("f"), "01B");
  ASSERT_TRUE(file->WriteAt(0, "z").ok());
  ASSERT_TRUE(file->Append("C").ok());
  EXPECT_EQ(MustRead("f"), "z1BC");
}

TEST_P(FileSystemConformance, CarriesLargeTransfersWhole) {
  std::string large(5u << 20, '\0');
  for (size_t i = 0; i < large.size(); ++i) {
    large[i] = static_cast<char>(i * 2654435761u >> 24);
  }
  MustWrite("f", large);
  EXPECT_TRUE(MustRead("f") == large);
  const auto file = MustOpen("f", OpenMode::kRead);
  EXPECT_TRUE(ReadSome(*file, 1, large.size()) == large.substr(1));
}

TEST_P(FileSystemConformance, TruncateCutsAndWhatComesBackIsZeros) {
  MustWrite("f", std::string(2000, 'x'));
  const auto file = MustOpen("f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->Truncate(700).ok());
  EXPECT_EQ(MustRead("f"), std::string(700, 'x'));
  ASSERT_TRUE(file->Truncate(3000).ok());
  EXPECT_EQ(MustRead("f"), std::string(700, 'x') + std::string(2300, '\0'));
}

TEST_P(FileSystemConformance, PreallocateChangesNoSizeAndNoByte) {
  const auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->Append("abc").ok());
  ASSERT_TRUE(file->Preallocate(1u << 20).ok());
  ASSERT_TRUE(file->Preallocate(0).ok());
  ASSERT_TRUE(file->Preallocate(1).ok());
  EXPECT_EQ(*file->Size(), 3u);
  ASSERT_TRUE(file->Append("def").ok());
  EXPECT_EQ(MustRead("f"), "abcdef");
  ASSERT_TRUE(file->WriteAt(1000, "x").ok());
  EXPECT_EQ(MustRead("f"), "abcdef" + std::string(994, '\0') + "x");
}

TEST_P(FileSystemConformance, MappedAppendsAreAppendsWithZerosAheadUntilTheFileIsClosed) {
  const auto writer = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(writer->Append("begin ").ok());
  ASSERT_TRUE(writer->MapAppends().ok());
  ASSERT_TRUE(writer->MapAppends().ok());
  EXPECT_EQ(MustRead("f"), "begin ");
  std::string expected = "begin ";
  for (size_t size = 1; size < 3'000'000; size = 3 * size + 1) {
    expected.append(size, static_cast<char>('a' + size % 26));
    ASSERT_TRUE(writer->Append(std::string_view(expected).substr(expected.size() - size)).ok());
    ASSERT_TRUE(writer->Sync().ok());
    ASSERT_EQ(*writer->Size(), expected.size());
    ASSERT_TRUE(ReadSome(*writer, 0, expected.size() + 100) == expected);
    std::string seen = MustRead("f");
    ASSERT_LT(seen.size(), expected.size() + File::kMappedAheadBytes);
    seen.erase(seen.find_last_not_of('\0') + 1);
    ASSERT_TRUE(seen == expected);
  }
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_TRUE(MustRead("f") == expected);
}

TEST_P(FileSystemConformance, TheEndOfAMappedFileIsCutHoweverTheMappingEnds) {
  const auto map = [this](std::string_view name) {
    auto file = MustOpen(name, OpenMode::kCreate);
    EXPECT_TRUE(file->MapAppends().ok() && file->Append("0123456789").ok());
    return file;
  };
  map("destroyed").reset();
  EXPECT_EQ(MustRead("destroyed"), "0123456789");
  const auto cut = map("cut");
  ASSERT_TRUE(cut->Truncate(4).ok());
  EXPECT_EQ(MustRead("cut"), "0123");
  ASSERT_TRUE(cut->Append("x").ok());
  EXPECT_EQ(MustRead("cut"), "0123x");
  const auto grown = map("grown");
  ASSERT_TRUE(grown->WriteAt(12, "y").ok());
  ASSERT_TRUE(grown->Append("z").ok());
  ASSERT_TRUE(grown->Close().ok());
  EXPECT_EQ(MustRead("grown"), std::string("0123456789\0\0yz", 14));
}

TEST_P(FileSystemConformance, SyncKeepsWhatIsSeenAndMayBeRepeated) {
  const auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Append("abc").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Truncate(1).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(MustRead("f"), "a");
  EXPECT_TRUE(MustOpen("f", OpenMode::kRead)->Sync().ok());
}

TEST_P(FileSystemConformance, SizesBeyondTheLargestOffsetAreResourceExhausted) {
  const auto file = MustOpen("f", OpenMode::kCreate);
  const auto code = absl::StatusCode::kResourceExhausted;
  EXPECT_EQ(file->WriteAt(UINT64_MAX - 1, "abc").code(), code);
  EXPECT_EQ(file->WriteAt(INT64_MAX, "abc").code(), code);
  EXPECT_EQ(file->Truncate(UINT64_MAX).code(), code);
  EXPECT_EQ(file->Preallocate(UINT64_MAX).code(), code);
  EXPECT_EQ(*file->Size(), 0u);
}

// ---- Opening and closing ----

TEST_P(FileSystemConformance, OpensAnExistingFileOnly) {
  EXPECT_EQ(OpenCode("f", OpenMode::kRead), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenCode("f", OpenMode::kReadWrite), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenCode("no/f", OpenMode::kCreate), absl::StatusCode::kNotFound);
  EXPECT_EQ(MustList(), Names{});
}

TEST_P(FileSystemConformance, CreateRefusesATakenName) {
  MustWrite("f", "old");
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  EXPECT_EQ(OpenCode("f", OpenMode::kCreate), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(OpenCode("d", OpenMode::kCreate), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(MustRead("f"), "old");
}

TEST_P(FileSystemConformance, ADirectoryIsNoFileAndAFileIsNoDirectory) {
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  MustWrite("f", "");
  EXPECT_EQ(OpenCode("d", OpenMode::kRead), absl::StatusCode::kUnavailable);
  EXPECT_EQ(OpenCode("d", OpenMode::kReadWrite), absl::StatusCode::kUnavailable);
  EXPECT_EQ(OpenCode("f/x", OpenMode::kRead), absl::StatusCode::kUnavailable);
  EXPECT_EQ(OpenCode("f/x", OpenMode::kCreate), absl::StatusCode::kUnavailable);
  EXPECT_EQ(fs().List(Path("f")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(fs().Exists(Path("f/x")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(fs().SyncDirectory(Path("f")).code(), absl::StatusCode::kUnavailable);
}

TEST_P(FileSystemConformance, AFileOpenForReadingCannotBeWritten) {
  MustWrite("f", "abc");
  const auto file = MustOpen("f", OpenMode::kRead);
  const auto code = absl::StatusCode::kFailedPrecondition;
  EXPECT_EQ(file->Append("x").code(), code);
  EXPECT_EQ(file->WriteAt(0, "x").code(), code);
  EXPECT_EQ(file->Truncate(0).code(), code);
  EXPECT_EQ(file->Preallocate(10).code(), code);
  EXPECT_EQ(file->MapAppends().code(), code);
  EXPECT_EQ(MustRead("f"), "abc");
}

TEST_P(FileSystemConformance, AfterCloseEveryCallButPathFails) {
  const auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->Close().ok());
  const auto code = absl::StatusCode::kFailedPrecondition;
  char byte = 0;
  EXPECT_EQ(file->Append("x").code(), code);
  EXPECT_EQ(file->WriteAt(0, "x").code(), code);
  EXPECT_EQ(file->ReadAt(0, std::span<char>(&byte, 1)).status().code(), code);
  EXPECT_EQ(file->Preallocate(1).code(), code);
  EXPECT_EQ(file->MapAppends().code(), code);
  EXPECT_EQ(file->Truncate(0).code(), code);
  EXPECT_EQ(file->Size().status().code(), code);
  EXPECT_EQ(file->Sync().code(), code);
  EXPECT_EQ(file->Close().code(), code);
  EXPECT_EQ(file->path(), Path("f"));
}

TEST_P(FileSystemConformance, ErrorsNameThePathTheCallAndTheReason) {
  const absl::Status open = fs().Open(Path("missing"), OpenMode::kRead).status();
  EXPECT_EQ(Message(open), Path("missing") + ": open: No such file or directory");
  const absl::Status rename = fs().Rename(Path("a"), Path("b"));
  EXPECT_EQ(Message(rename),
            Path("a") + " to " + Path("b") + ": rename: No such file or directory");
  MustWrite("f", "");
  const absl::Status create = fs().Open(Path("f"), OpenMode::kCreate).status();
  EXPECT_EQ(Message(create), Path("f") + ": open: File exists");
  const absl::Status list = fs().List(Path("f")).status();
  EXPECT_EQ(Message(list), Path("f") + ": list: Not a directory");
}

TEST_P(FileSystemConformance, ReadWholeFileRefusesMoreThanItsLimit) {
  MustWrite("f", "12345");
  EXPECT_EQ(*ReadWholeFile(fs(), Path("f"), 5), "12345");
  EXPECT_EQ(ReadWholeFile(fs(), Path("f"), 4).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadWholeFile(fs(), Path("g"), 4).status().code(), absl::StatusCode::kNotFound);
}

// ---- Names ----

TEST_P(FileSystemConformance, RenameReplacesItsTarget) {
  MustWrite("a", "new");
  MustWrite("b", "old");
  ASSERT_TRUE(fs().Rename(Path("a"), Path("b")).ok());
  EXPECT_EQ(MustRead("b"), "new");
  EXPECT_EQ(MustList(), Names{"b"});
}

TEST_P(FileSystemConformance, OpenFilesOutliveTheirNames) {
  MustWrite("a", "first");
  MustWrite("b", "second");
  const auto a = MustOpen("a", OpenMode::kReadWrite);
  const auto b = MustOpen("b", OpenMode::kReadWrite);
  ASSERT_TRUE(fs().Rename(Path("a"), Path("b")).ok());
  ASSERT_TRUE(a->Append("+").ok());
  EXPECT_EQ(MustRead("b"), "first+");
  EXPECT_EQ(ReadSome(*b, 0, 10), "second");
  ASSERT_TRUE(fs().Remove(Path("b")).ok());
  ASSERT_TRUE(a->Append("+").ok());
  EXPECT_EQ(ReadSome(*a, 0, 10), "first++");
  MustWrite("b", "third");
  EXPECT_EQ(ReadSome(*a, 0, 10), "first++");
  EXPECT_EQ(MustRead("b"), "third");
}

TEST_P(FileSystemConformance, RenamingToItselfOrToALinkOfTheSameFileChangesNothing) {
  MustWrite("a", "bytes");
  ASSERT_TRUE(fs().Link(Path("a"), Path("b")).ok());
  ASSERT_TRUE(fs().Rename(Path("a"), Path("a")).ok());
  ASSERT_TRUE(fs().Rename(Path("a"), Path("b")).ok());
  EXPECT_EQ(MustList(), (Names{"a", "b"}));
}

TEST_P(FileSystemConformance, RenameRefusesWhatCannotBeReplaced) {
  MustWrite("f", "");
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  ASSERT_TRUE(fs().CreateDirectory(Path("full")).ok());
  MustWrite("full/x", "");
  EXPECT_EQ(fs().Rename(Path("none"), Path("f")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fs().Rename(Path("f"), Path("none/f")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fs().Rename(Path("f"), Path("d")).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(fs().Rename(Path("d"), Path("f")).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(fs().Rename(Path("d"), Path("d/e")).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(fs().Rename(Path("d"), Path("full")).ok());
  EXPECT_EQ(MustList(), (Names{"d", "f", "full"}));
}

TEST_P(FileSystemConformance, RenameMovesADirectoryWithEverythingInIt) {
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  ASSERT_TRUE(fs().CreateDirectory(Path("d/e")).ok());
  ASSERT_TRUE(fs().CreateDirectory(Path("empty")).ok());
  MustWrite("d/e/f", "deep");
  ASSERT_TRUE(fs().Rename(Path("d"), Path("moved")).ok());
  EXPECT_EQ(MustRead("moved/e/f"), "deep");
  ASSERT_TRUE(fs().Rename(Path("moved"), Path("empty")).ok());
  EXPECT_EQ(MustRead("empty/e/f"), "deep");
  EXPECT_EQ(MustList(), Names{"empty"});
}

TEST_P(FileSystemConformance, LinkGivesASecondNameToTheSameBytes) {
  MustWrite("a", "one");
  ASSERT_TRUE(fs().Link(Path("a"), Path("b")).ok());
  ASSERT_TRUE(MustOpen("a", OpenMode::kReadWrite)->Append("+").ok());
  EXPECT_EQ(MustRead("b"), "one+");
  ASSERT_TRUE(fs().Remove(Path("a")).ok());
  EXPECT_EQ(MustRead("b"), "one+");
}

TEST_P(FileSystemConformance, LinkRefusesATakenNameAMissingFileAndADirectory) {
  MustWrite("a", "a");
  MustWrite("b", "b");
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  EXPECT_EQ(fs().Link(Path("a"), Path("b")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(fs().Link(Path("a"), Path("d")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(fs().Link(Path("none"), Path("c")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fs().Link(Path("a"), Path("none/c")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fs().Link(Path("d"), Path("c")).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MustRead("b"), "b");
}

TEST_P(FileSystemConformance, RemoveTakesFilesOnly) {
  MustWrite("f", "");
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  ASSERT_TRUE(fs().Remove(Path("f")).ok());
  EXPECT_EQ(fs().Remove(Path("f")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fs().Remove(Path("d")).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(MustList(), Names{"d"});
}

TEST_P(FileSystemConformance, ListGivesSortedNames) {
  for (const char* name : {"b", "000010.log", "CURRENT", "a", "000009.log"}) {
    MustWrite(name, "");
  }
  ASSERT_TRUE(fs().CreateDirectory(Path("a.d")).ok());
  EXPECT_EQ(MustList(), (Names{"000009.log", "000010.log", "CURRENT", "a", "a.d", "b"}));
  EXPECT_EQ(MustList("a.d"), Names{});
  EXPECT_EQ(fs().List(Path("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(FileSystemConformance, CreateDirectoryAcceptsOneThatIsThere) {
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  MustWrite("d/f", "kept");
  EXPECT_TRUE(fs().CreateDirectory(Path("d")).ok());
  EXPECT_EQ(MustRead("d/f"), "kept");
  MustWrite("f", "");
  EXPECT_EQ(fs().CreateDirectory(Path("f")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(fs().CreateDirectory(Path("none/d")).code(), absl::StatusCode::kNotFound);
}

TEST_P(FileSystemConformance, RemoveDirectoryTakesEmptyDirectoriesOnly) {
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  MustWrite("d/f", "");
  MustWrite("f", "");
  EXPECT_FALSE(fs().RemoveDirectory(Path("d")).ok());
  EXPECT_EQ(fs().RemoveDirectory(Path("f")).code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(fs().Remove(Path("d/f")).ok());
  EXPECT_TRUE(fs().RemoveDirectory(Path("d")).ok());
  EXPECT_EQ(fs().RemoveDirectory(Path("d")).code(), absl::StatusCode::kNotFound);
}

TEST_P(FileSystemConformance, SyncDirectoryNeedsADirectory) {
  MustWrite("f", "");
  EXPECT_TRUE(fs().SyncDirectory(Path("")).ok());
  EXPECT_EQ(fs().SyncDirectory(Path("none")).code(), absl::StatusCode::kNotFound);
}

TEST_P(FileSystemConformance, ExistsTellsFilesAndDirectoriesFromNothing) {
  MustWrite("f", "");
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  EXPECT_TRUE(*fs().Exists(Path("f")));
  EXPECT_TRUE(*fs().Exists(Path("d")));
  EXPECT_FALSE(*fs().Exists(Path("none")));
  EXPECT_FALSE(*fs().Exists(Path("none/f")));
}

TEST_P(FileSystemConformance, FreeBytesNeedsADirectoryThatIsThere) {
  EXPECT_GT(*fs().FreeBytes(Path("")), 0u);
  EXPECT_EQ(fs().FreeBytes(Path("none")).status().code(), absl::StatusCode::kNotFound);
}

// ---- Locks ----

TEST_P(FileSystemConformance, AnExclusiveLockKeepsEveryOtherOut) {
  auto held = fs().Lock(Path("LOCK"), LockMode::kExclusive);
  ASSERT_TRUE(held.ok()) << ToString(held.status());
  EXPECT_EQ(LockCode("LOCK", LockMode::kExclusive), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(LockCode("LOCK", LockMode::kShared), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(LockCode("OTHER", LockMode::kExclusive), absl::StatusCode::kOk);
  held->reset();
  EXPECT_EQ(LockCode("LOCK", LockMode::kExclusive), absl::StatusCode::kOk);
  EXPECT_EQ(LockCode("LOCK", LockMode::kShared), absl::StatusCode::kOk);
}

TEST_P(FileSystemConformance, SharedLocksKeepOnlyExclusiveOnesOut) {
  MustWrite("LOCK", "");
  auto first = fs().Lock(Path("LOCK"), LockMode::kShared);
  auto second = fs().Lock(Path("LOCK"), LockMode::kShared);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(LockCode("LOCK", LockMode::kExclusive), absl::StatusCode::kFailedPrecondition);
  first->reset();
  EXPECT_EQ(LockCode("LOCK", LockMode::kExclusive), absl::StatusCode::kFailedPrecondition);
  second->reset();
  EXPECT_EQ(LockCode("LOCK", LockMode::kExclusive), absl::StatusCode::kOk);
}

TEST_P(FileSystemConformance, OnlyAnExclusiveLockCreatesItsFile) {
  EXPECT_EQ(LockCode("LOCK", LockMode::kShared), absl::StatusCode::kNotFound);
  EXPECT_EQ(MustList(), Names{});
  EXPECT_EQ(LockCode("LOCK", LockMode::kExclusive), absl::StatusCode::kOk);
  EXPECT_EQ(MustList(), Names{"LOCK"});
  EXPECT_EQ(LockCode("none/LOCK", LockMode::kExclusive), absl::StatusCode::kNotFound);
}

TEST_P(FileSystemConformance, ALockBelongsToTheFileAndNotToItsName) {
  auto held = fs().Lock(Path("LOCK"), LockMode::kExclusive);
  ASSERT_TRUE(held.ok());
  ASSERT_TRUE(fs().Remove(Path("LOCK")).ok());
  auto fresh = fs().Lock(Path("LOCK"), LockMode::kExclusive);
  EXPECT_TRUE(fresh.ok());
  held->reset();
  EXPECT_EQ(LockCode("LOCK", LockMode::kExclusive), absl::StatusCode::kFailedPrecondition);
}

TEST_P(FileSystemConformance, ALockSaysWhenItsNameIsGoneOrAnotherFiles) {
  auto held = fs().Lock(Path("LOCK"), LockMode::kExclusive);
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE((*held)->CheckHeld().ok());
  ASSERT_TRUE(fs().Remove(Path("LOCK")).ok());
  EXPECT_EQ((*held)->CheckHeld().code(), absl::StatusCode::kFailedPrecondition);
  MustWrite("LOCK", "");
  EXPECT_EQ((*held)->CheckHeld().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(FileSystemConformance, ADirectoryIsLockedWhateverHappensToTheFilesInIt) {
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  MustWrite("d/f", "");
  const auto code = [&](LockMode mode) {
    return fs().LockDirectory(Path("d"), mode).status().code();
  };
  {
    auto held = fs().LockDirectory(Path("d"), LockMode::kExclusive);
    ASSERT_TRUE(held.ok()) << ToString(held.status());
    ASSERT_TRUE(fs().Remove(Path("d/f")).ok());
    EXPECT_EQ(code(LockMode::kExclusive), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(code(LockMode::kShared), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE((*held)->CheckHeld().ok());
    ASSERT_TRUE(fs().RemoveDirectory(Path("d")).ok());
    EXPECT_EQ((*held)->CheckHeld().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(code(LockMode::kShared), absl::StatusCode::kNotFound);
  }
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  const auto reader = fs().LockDirectory(Path("d"), LockMode::kShared);
  EXPECT_EQ(code(LockMode::kShared), absl::StatusCode::kOk);
  EXPECT_EQ(code(LockMode::kExclusive), absl::StatusCode::kFailedPrecondition);
}

// ---- Pinned directories ----

TEST_P(FileSystemConformance, APinnedDirectoryStaysTheOneThatThePathNamed) {
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  MustWrite("d/f", "first");
  const absl::StatusOr<std::unique_ptr<FileSystem>> pinned = fs().Pin(Path("d") + "/");
  ASSERT_TRUE(pinned.ok()) << ToString(pinned.status());
  FileSystem& view = **pinned;
  ASSERT_TRUE(fs().Rename(Path("d"), Path("moved")).ok());
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  MustWrite("d/f", "second");
  EXPECT_EQ(*ReadWholeFile(view, Path("d/f"), 100), "first");
  ASSERT_TRUE((*view.Open(Path("d/new"), OpenMode::kCreate))->Append("new").ok());
  ASSERT_TRUE(view.SyncDirectory(Path("d")).ok());
  EXPECT_EQ(*view.List(Path("d")), (Names{"f", "new"}));
  EXPECT_EQ(MustList("moved"), (Names{"f", "new"}));
  EXPECT_EQ(MustList("d"), Names{"f"});
  EXPECT_TRUE(*view.Exists(Path("d/new")));
  EXPECT_GT(*view.FreeBytes(Path("d")), 0u);
  ASSERT_TRUE(view.Rename(Path("d/new"), Path("d/old")).ok());
  ASSERT_TRUE(view.Remove(Path("d/f")).ok());
  EXPECT_EQ(MustList("moved"), Names{"old"});
  EXPECT_EQ(MustRead("d/f"), "second");
}

TEST_P(FileSystemConformance, PathsThatDoNotLeadIntoThePinnedDirectoryAreAsEver) {
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  ASSERT_TRUE(fs().CreateDirectory(Path("d2")).ok());
  MustWrite("d/f", "bytes");
  const auto view = *fs().Pin(Path("d"));
  ASSERT_TRUE(fs().Rename(Path("d"), Path("moved")).ok());
  ASSERT_TRUE(view->Link(Path("d/f"), Path("d2/linked")).ok());
  ASSERT_TRUE(view->CreateDirectory(Path("d2/e")).ok());
  EXPECT_EQ(MustRead("d2/linked"), "bytes");
  EXPECT_EQ(MustList("d2"), (Names{"e", "linked"}));
  ASSERT_TRUE(view->Rename(Path("d2/linked"), Path("d/back")).ok());
  ASSERT_TRUE(view->RemoveDirectory(Path("d2/e")).ok());
  EXPECT_EQ(MustList("moved"), (Names{"back", "f"}));
  EXPECT_EQ(fs().Pin(Path("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(FileSystemConformance, NothingIsMadeInAPinnedDirectoryThatWasRemoved) {
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  const auto view = *fs().Pin(Path("d"));
  ASSERT_TRUE(fs().RemoveDirectory(Path("d")).ok());
  ASSERT_TRUE(fs().CreateDirectory(Path("d")).ok());
  EXPECT_EQ(view->Open(Path("d/f"), OpenMode::kCreate).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(view->Lock(Path("d/LOCK"), LockMode::kExclusive).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(view->CreateDirectory(Path("d/e")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(*view->List(Path("d")), Names{});
  EXPECT_EQ(MustList("d"), Names{});
}

TEST_P(FileSystemConformance, AnAbsolutePathIsItself) {
  EXPECT_EQ(*fs().Absolute("/a/b"), "/a/b");
  EXPECT_TRUE(*fs().Exists(*fs().Absolute(Path(""))));
}

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_FILE_SYSTEM_CONFORMANCE_H_
