// SPDX-License-Identifier: Apache-2.0

// The crash model and the faults of the simulated file system. (What it shares with POSIX is in
// file_system_conformance_test.cc.)
#include "veralith/testing/simulated_file_system.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

using Image = std::vector<std::pair<std::string, std::string>>;
using Images = std::set<Image>;

std::string Sector(char c) { return std::string(512, c); }
std::string Zeros(size_t count) { return std::string(count, '\0'); }

std::unique_ptr<File> MustOpen(SimulatedFileSystem& fs, const std::string& path, OpenMode mode) {
  auto file = fs.Open(path, mode);
  EXPECT_TRUE(file.ok()) << ToString(file.status());
  return *std::move(file);
}

// A file whose bytes and name are durable.
void MustMake(SimulatedFileSystem& fs, const std::string& path, const std::string& bytes) {
  const auto file = MustOpen(fs, path, OpenMode::kCreate);
  ASSERT_TRUE(file->Append(bytes).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
}

Images AllImages(const SimulatedFileSystem& fs, size_t bound = 1000) {
  const auto survivors = fs.EnumerateSurvivors(bound);
  EXPECT_TRUE(survivors.complete);
  Images images;
  for (const auto& image : survivors.images) {
    EXPECT_TRUE(images.insert(image->Files()).second) << "twice: " << image->Dump();
  }
  return images;
}

// Checks that random crashes give only images of `all`, and all of them.
void ExpectRandomCrashesGiveExactly(const SimulatedFileSystem& fs, const Images& all) {
  Random random(1);
  Images seen;
  for (int i = 0; i < 2000; ++i) {
    const Image image = fs.CrashClone(random.Next())->Files();
    ASSERT_TRUE(all.contains(image)) << fs.Dump();
    seen.insert(image);
  }
  EXPECT_EQ(seen.size(), all.size());
}

// ---- Survivors of small cases, written out by hand ----

TEST(Survivors, WhatIsSyncedIsTheOnlySurvivor) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "bytes");
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "bytes"}}}));
}

TEST(Survivors, AnUnsyncedAppendIsKeptOrLostOrItsSizeAlone) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "ab");
  ASSERT_TRUE(MustOpen(fs, "/f", OpenMode::kReadWrite)->Append("cd").ok());
  const Images expected = {{{"/f", "ab"}}, {{"/f", "abcd"}}, {{"/f", std::string("ab\0\0", 4)}}};
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
}

TEST(Survivors, OfAMappedFileMayHoldTheZerosAheadAndTheBytesOrNot) {
  SimulatedFileSystem fs;
  const auto file = MustOpen(fs, "/f", OpenMode::kCreate);
  ASSERT_TRUE(file->MapAppends().ok());
  ASSERT_TRUE(file->Append("a").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  ASSERT_TRUE(file->Append("b").ok());
  const Image old = {{"/f", "a" + Zeros(4095)}};
  const Image fresh = {{"/f", "ab" + Zeros(4094)}};
  EXPECT_EQ(AllImages(fs), (Images{old, fresh}));
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(AllImages(fs), Images{fresh});
}

TEST(Survivors, AnAppendIsTornAtSectorsAndKeptOutOfOrder) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "");
  ASSERT_TRUE(MustOpen(fs, "/f", OpenMode::kReadWrite)->Append(Sector('a') + "b").ok());
  const Images expected = {
      {{"/f", ""}},
      {{"/f", Sector('a')}},
      {{"/f", Zeros(512)}},
      {{"/f", Sector('a') + "b"}},
      {{"/f", Sector('a') + Zeros(1)}},
      {{"/f", Zeros(512) + "b"}},
      {{"/f", Zeros(513)}},
  };
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
}

TEST(Survivors, AnOverwriteLeavesEachSectorOldOrNew) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", Sector('a') + Sector('b') + Sector('c'));
  ASSERT_TRUE(MustOpen(fs, "/f", OpenMode::kReadWrite)->WriteAt(512 - 1, "xy").ok());
  const std::string xa = std::string(511, 'a') + "x";
  const std::string yb = "y" + std::string(511, 'b');
  const Images expected = {
      {{"/f", Sector('a') + Sector('b') + Sector('c')}},
      {{"/f", xa + Sector('b') + Sector('c')}},
      {{"/f", Sector('a') + yb + Sector('c')}},
      {{"/f", xa + yb + Sector('c')}},
  };
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
}

TEST(Survivors, ASectorWrittenTwiceHoldsAnyOfItsContents) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "1");
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->WriteAt(0, "2").ok());
  ASSERT_TRUE(file->WriteAt(0, "3").ok());
  const Images expected = {{{"/f", "1"}}, {{"/f", "2"}}, {{"/f", "3"}}};
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
}

TEST(Survivors, AReusedBlockShowsWhatItHeld) {
  SimulatedFileSystem fs;
  MustMake(fs, "/old", "secret");
  ASSERT_TRUE(fs.Remove("/old").ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  MustMake(fs, "/f", "");
  ASSERT_TRUE(MustOpen(fs, "/f", OpenMode::kReadWrite)->Append("new!").ok());
  const Images expected = {{{"/f", ""}}, {{"/f", Zeros(4)}}, {{"/f", "secr"}}, {{"/f", "new!"}}};
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
}

TEST(Survivors, AForgottenBlockShowsNothingAndACopyOfTheDiskRemembersItsOwn) {
  SimulatedFileSystem fs;
  MustMake(fs, "/old", "secret");
  MustMake(fs, "/f", "");
  ASSERT_TRUE(fs.Remove("/old").ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  const auto copy = fs.CloneWithEverything();
  fs.ForgetFreedBlocks();
  for (SimulatedFileSystem* disk : {&fs, copy.get()}) {
    ASSERT_TRUE(MustOpen(*disk, "/f", OpenMode::kReadWrite)->Append("new!").ok());
  }
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", ""}}, {{"/f", Zeros(4)}}, {{"/f", "new!"}}}));
  EXPECT_TRUE(AllImages(*copy).contains({{"/f", "secr"}}));
}

TEST(Survivors, WhatIsOverwrittenIsDurableAndTheRestStays) {
  SimulatedFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectory("/d").ok());
  for (const std::string path : {"/d/a", "/d/b", "/d/empty", "/d/linked", "/a"}) {
    MustMake(fs, path, path.ends_with("empty") ? "" : "bytes of " + path);
  }
  ASSERT_TRUE(fs.Link("/d/linked", "/d/other").ok());
  ASSERT_TRUE(fs.SyncDirectory("/d").ok());
  fs.Overwrite("/d", "text",
               [](const std::string& name, uint64_t size) { return name != "b" && size > 0; });
  EXPECT_EQ(AllImages(fs), (Images{{{"/a", "bytes of /a"},
                                    {"/d/a", "text"},
                                    {"/d/b", "bytes of /d/b"},
                                    {"/d/empty", ""},
                                    {"/d/linked", "bytes of /d/linked"},
                                    {"/d/other", "bytes of /d/linked"}}}));
}

TEST(Survivors, ACutComesBackWithItsOldBytes) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "abcdef");
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->Truncate(2).ok());
  const Images expected = {
      {{"/f", "abcdef"}}, {{"/f", "ab"}}, {{"/f", std::string("ab\0\0\0\0", 6)}}};
  EXPECT_EQ(AllImages(fs), expected);
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "ab"}}}));
}

TEST(Survivors, AFileWithoutASyncedNameIsThereOrNot) {
  SimulatedFileSystem fs;
  const auto file = MustOpen(fs, "/f", OpenMode::kCreate);
  ASSERT_TRUE(file->Append("a").ok());
  ASSERT_TRUE(file->Sync().ok());
  const Images expected = {{}, {{"/f", "a"}}};
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
}

TEST(Survivors, ARenameIsDoneOrUndoneAsAWhole) {
  SimulatedFileSystem fs;
  MustMake(fs, "/tmp", "new");
  MustMake(fs, "/current", "old");
  ASSERT_TRUE(fs.Rename("/tmp", "/current").ok());
  const Images expected = {{{"/current", "old"}, {"/tmp", "new"}}, {{"/current", "new"}}};
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/current", "new"}}}));
}

TEST(Survivors, AFileCreatedAndRenamedHasOneOfItsNamesOrNone) {
  SimulatedFileSystem fs;
  {
    const auto file = MustOpen(fs, "/tmp", OpenMode::kCreate);
    ASSERT_TRUE(file->Append("x").ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  ASSERT_TRUE(fs.Rename("/tmp", "/f").ok());
  const Images expected = {{}, {{"/tmp", "x"}}, {{"/f", "x"}}};
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
}

TEST(Survivors, ARenameIsNotKeptWithoutAnEarlierOneOfTheSameFile) {
  SimulatedFileSystem fs;
  MustMake(fs, "/a", "x");
  ASSERT_TRUE(fs.Rename("/a", "/b").ok());
  ASSERT_TRUE(fs.Rename("/b", "/c").ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/a", "x"}}, {{"/b", "x"}}, {{"/c", "x"}}}));
}

TEST(Survivors, UnsyncedRemovalsAreUndoneIndependently) {
  SimulatedFileSystem fs;
  MustMake(fs, "/a", "1");
  MustMake(fs, "/b", "2");
  ASSERT_TRUE(fs.Remove("/a").ok());
  ASSERT_TRUE(fs.Remove("/b").ok());
  const Images expected = {{}, {{"/a", "1"}}, {{"/b", "2"}}, {{"/a", "1"}, {"/b", "2"}}};
  EXPECT_EQ(AllImages(fs), expected);
  ExpectRandomCrashesGiveExactly(fs, expected);
}

TEST(Survivors, AnUndoneRemovalBringsBackWhatWasDurableOfTheFile) {
  SimulatedFileSystem fs;
  MustMake(fs, "/a", "1");
  ASSERT_TRUE(MustOpen(fs, "/a", OpenMode::kReadWrite)->WriteAt(0, "2").ok());
  ASSERT_TRUE(fs.Remove("/a").ok());
  EXPECT_EQ(AllImages(fs), (Images{{}, {{"/a", "1"}}, {{"/a", "2"}}}));
}

TEST(Survivors, ALinkIsKeptOrLostAndSharesTheBytes) {
  SimulatedFileSystem fs;
  MustMake(fs, "/a", "1");
  ASSERT_TRUE(fs.Link("/a", "/b").ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/a", "1"}}, {{"/a", "1"}, {"/b", "1"}}}));
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  ASSERT_TRUE(MustOpen(fs, "/a", OpenMode::kReadWrite)->WriteAt(0, "2").ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/a", "1"}, {"/b", "1"}}, {{"/a", "2"}, {"/b", "2"}}}));
  const auto clone = fs.CloneWithEverything();
  ASSERT_TRUE(MustOpen(*clone, "/a", OpenMode::kReadWrite)->WriteAt(0, "3").ok());
  EXPECT_EQ(clone->Files(), (Image{{"/a", "3"}, {"/b", "3"}}));
  EXPECT_EQ(fs.Files(), (Image{{"/a", "2"}, {"/b", "2"}}));
}

TEST(Survivors, ADirectoryIsLostWithEverythingInItUntilItsParentIsSynced) {
  SimulatedFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectory("/d").ok());
  {
    const auto file = MustOpen(fs, "/d/f", OpenMode::kCreate);
    ASSERT_TRUE(file->Append("x").ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  ASSERT_TRUE(fs.SyncDirectory("/d").ok());
  const auto survivors = fs.EnumerateSurvivors(10);
  ASSERT_TRUE(survivors.complete);
  ASSERT_EQ(survivors.images.size(), 2u);
  EXPECT_EQ(survivors.images[0]->Files(), Image());
  EXPECT_FALSE(*survivors.images[0]->Exists("/d"));
  EXPECT_EQ(survivors.images[1]->Files(), (Image{{"/d/f", "x"}}));
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/d/f", "x"}}}));
}

TEST(Survivors, ARenameBetweenDirectoriesNeverLosesTheFile) {
  for (const char* synced : {"/a", "/b"}) {
    SimulatedFileSystem fs;
    ASSERT_TRUE(fs.CreateDirectory("/a").ok());
    ASSERT_TRUE(fs.CreateDirectory("/b").ok());
    MustMake(fs, "/a/f", "x");
    ASSERT_TRUE(fs.SyncDirectory("/a").ok());
    ASSERT_TRUE(fs.Rename("/a/f", "/b/g").ok());
    EXPECT_EQ(AllImages(fs), (Images{{{"/a/f", "x"}}, {{"/b/g", "x"}}}));
    ASSERT_TRUE(fs.SyncDirectory(synced).ok());
    const Images expected = std::string(synced) == "/a"
                                ? Images{{{"/b/g", "x"}}}
                                : Images{{{"/b/g", "x"}}, {{"/a/f", "x"}, {"/b/g", "x"}}};
    EXPECT_EQ(AllImages(fs), expected);
  }
}

TEST(Survivors, ARenamedDirectoryHasExactlyOneName) {
  SimulatedFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectory("/a").ok());
  ASSERT_TRUE(fs.CreateDirectory("/b").ok());
  MustMake(fs, "/a/f", "x");
  ASSERT_TRUE(fs.SyncDirectory("/a").ok());
  ASSERT_TRUE(fs.Rename("/a", "/b/c").ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/a/f", "x"}}, {{"/b/c/f", "x"}}}));
  ASSERT_TRUE(fs.SyncDirectory("/b").ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/b/c/f", "x"}}}));
}

TEST(Survivors, TheFilterCollapsesOtherFilesToTheirNastiestState) {
  SimulatedFileSystem fs;
  MustMake(fs, "/log", "1");
  MustMake(fs, "/gone", "g");
  ASSERT_TRUE(fs.Remove("/gone").ok());
  ASSERT_TRUE(MustOpen(fs, "/new", OpenMode::kCreate)->Append("nnn").ok());
  ASSERT_TRUE(MustOpen(fs, "/log", OpenMode::kReadWrite)->WriteAt(0, "2").ok());
  const auto survivors =
      fs.EnumerateSurvivors(10, [](const std::string& path) { return path == "/log"; });
  EXPECT_TRUE(survivors.complete);
  Images images;
  for (const auto& image : survivors.images) {
    images.insert(image->Files());
  }
  const std::string stale = std::string("g\0\0", 3);
  EXPECT_EQ(images, (Images{{{"/gone", "g"}, {"/log", "1"}, {"/new", stale}},
                            {{"/gone", "g"}, {"/log", "2"}, {"/new", stale}}}));
}

TEST(Survivors, BeyondTheBoundTheRepresentativesIncludeAllNonePrefixesHolesAndTears) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "");
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  const std::string a = Sector('a');
  const std::string b = Sector('b');
  const std::string cd = Sector('c') + Sector('d');
  ASSERT_TRUE(file->Append(a).ok());
  ASSERT_TRUE(file->Append(b).ok());
  ASSERT_TRUE(file->Append(cd).ok());
  const auto survivors = fs.EnumerateSurvivors(16);
  EXPECT_FALSE(survivors.complete);
  Images images;
  for (const auto& image : survivors.images) {
    EXPECT_TRUE(images.insert(image->Files()).second);
  }
  const auto expect = [&images](const std::string& bytes) {
    EXPECT_TRUE(images.contains({{"/f", bytes}})) << bytes.size();
  };
  expect("");
  expect(a);
  expect(a + b);
  expect(a + b + cd);
  expect(a + b + Sector('c'));
  expect(a + b + Sector('c') + Zeros(512));
  expect(a + b + Zeros(1024));
  expect(a + Zeros(512) + cd);
  expect(Zeros(512) + b + cd);
  EXPECT_LE(images.size(), 16u);
  const Images all = AllImages(fs);
  for (const Image& image : images) {
    EXPECT_TRUE(all.contains(image));
  }
}

TEST(Survivors, NeverExceedTheBoundAndUseItWhenTheyCan) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "");
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(file->Append(std::string(300, static_cast<char>('a' + i % 26))).ok());
  }
  for (const size_t bound : {1, 2, 5, 16, 60}) {
    EXPECT_EQ(fs.EnumerateSurvivors(bound).images.size(), bound);
  }
}

// ---- Failed syncs ----

TEST(FailedSync, ShowsTheBytesThoughTheDiskNeverGetsThem) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "ab");
  {
    const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
    ASSERT_TRUE(file->WriteAt(0, "X").ok());
    fs.SetFaults(*ParseFaultPlan("sync@/f#1=eio"));
    EXPECT_EQ(file->Sync().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(fs.faults_fired(), 1u);
    EXPECT_TRUE(file->Sync().ok());
  }
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(fs.Files(), (Image{{"/f", "Xb"}}));
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "ab"}}, {{"/f", "Xb"}}}));
  // Only writing the sector again makes it durable.
  ASSERT_TRUE(file->WriteAt(0, "X").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "Xb"}}}));
}

TEST(FailedSync, LeavesAHoleBeforeWhatIsAppendedAndSyncedLater) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "");
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->Append(Sector('a')).ok());
  fs.SetFaults(*ParseFaultPlan("sync@#1=eio"));
  ASSERT_FALSE(file->Sync().ok());
  ASSERT_TRUE(file->Append(Sector('b')).ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(AllImages(fs),
            (Images{{{"/f", Sector('a') + Sector('b')}}, {{"/f", Zeros(512) + Sector('b')}}}));
}

TEST(FailedSync, OfADirectoryLosesItsNamesForEver) {
  SimulatedFileSystem fs;
  MustMake(fs, "/tmp", "new");
  MustMake(fs, "/f", "old");
  ASSERT_TRUE(fs.Rename("/tmp", "/f").ok());
  fs.SetFaults(*ParseFaultPlan("sync_directory@#1=eio"));
  EXPECT_FALSE(fs.SyncDirectory("/").ok());
  EXPECT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "old"}, {"/tmp", "new"}}, {{"/f", "new"}}}));
  // A later change of the same name that is made durable ends the doubt about it.
  ASSERT_TRUE(fs.Remove("/f").ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  for (const Image& image : AllImages(fs)) {
    EXPECT_TRUE(std::none_of(image.begin(), image.end(),
                             [](const auto& file) { return file.first == "/f"; }));
  }
}

TEST(FailedSync, ALateFailureHasSynced) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "a");
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->WriteAt(0, "b").ok());
  fs.SetFaults(*ParseFaultPlan("sync@#1=late"));
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "b"}}}));
}

// ---- Other faults ----

TEST(Faults, HitTheNthMatchingCallOnceOrFromThenOn) {
  SimulatedFileSystem fs;
  const auto log = MustOpen(fs, "/1.log", OpenMode::kCreate);
  const auto other = MustOpen(fs, "/2.seg", OpenMode::kCreate);
  fs.SetFaults(*ParseFaultPlan("append@.log#2=eio,append@.seg#2+=enospc"));
  EXPECT_TRUE(log->Append("a").ok());
  EXPECT_TRUE(other->Append("a").ok());
  EXPECT_EQ(Message(log->Append("b")), "/1.log: append: Input/output error");
  EXPECT_TRUE(log->Append("c").ok());
  EXPECT_EQ(other->Append("b").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(other->Append("c").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(fs.faults_fired(), 3u);
  fs.SetFaults({});
  EXPECT_TRUE(other->Append("d").ok());
  EXPECT_EQ(fs.Files(), (Image{{"/1.log", "ac"}, {"/2.seg", "ad"}}));
}

TEST(Faults, AShortWriteLeavesItsFirstHalf) {
  SimulatedFileSystem fs;
  const auto file = MustOpen(fs, "/f", OpenMode::kCreate);
  fs.SetFaults(*ParseFaultPlan("append@#1=short,write@#1=short_space,sync@#1=short"));
  EXPECT_EQ(file->Append("abcdef").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(file->WriteAt(1, "XYZ!").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_EQ(fs.Files(), (Image{{"/f", "aXY"}}));
}

TEST(Faults, ALateOneHasItsEffect) {
  SimulatedFileSystem fs;
  MustMake(fs, "/a", "1");
  fs.SetFaults(*ParseFaultPlan("rename@#1=late,create@#1=late,remove@#1=eio"));
  EXPECT_FALSE(fs.Rename("/a", "/b").ok());
  EXPECT_FALSE(fs.Open("/c", OpenMode::kCreate).ok());
  EXPECT_FALSE(fs.Remove("/b").ok());
  EXPECT_EQ(*fs.List("/"), (std::vector<std::string>{"b", "c"}));
}

TEST(Faults, EveryCallCanFail) {
  for (size_t i = 1; i < kFsCallNames.size(); ++i) {
    SimulatedFileSystem fs;
    MustMake(fs, "/f", "abc");
    ASSERT_TRUE(fs.CreateDirectory("/d").ok());
    const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
    const FsCall call = static_cast<FsCall>(i);
    fs.SetFaults({{call, "", 1, true, FaultEffect::kIoError}});
    char byte;
    const std::map<FsCall, absl::Status> results = {
        {FsCall::kOpen, fs.Open("/f", OpenMode::kRead).status()},
        {FsCall::kCreate, fs.Open("/g", OpenMode::kCreate).status()},
        {FsCall::kRead, file->ReadAt(0, std::span<char>(&byte, 1)).status()},
        {FsCall::kAppend, file->Append("x")},
        {FsCall::kWrite, file->WriteAt(0, "x")},
        {FsCall::kPreallocate, file->Preallocate(9)},
        {FsCall::kTruncate, file->Truncate(1)},
        {FsCall::kSize, file->Size().status()},
        {FsCall::kSync, file->Sync()},
        {FsCall::kClose, file->Close()},
        {FsCall::kLink, fs.Link("/f", "/h")},
        {FsCall::kRename, fs.Rename("/f", "/i")},
        {FsCall::kRemove, fs.Remove(call == FsCall::kRename ? "/f" : "/i")},
        {FsCall::kList, fs.List("/").status()},
        {FsCall::kCreateDirectory, fs.CreateDirectory("/e")},
        {FsCall::kRemoveDirectory, fs.RemoveDirectory("/d")},
        {FsCall::kSyncDirectory, fs.SyncDirectory("/")},
        {FsCall::kExists, fs.Exists("/").status()},
        {FsCall::kLock, fs.Lock("/LOCK", LockMode::kExclusive).status()},
        {FsCall::kFreeBytes, fs.FreeBytes("/").status()},
    };
    for (const auto& [made, status] : results) {
      EXPECT_EQ(status.ok(), made != call) << kFsCallNames[i] << ": " << ToString(status);
    }
    EXPECT_EQ(results.size(), kFsCallNames.size() - 1);
  }
}

TEST(Capacity, WritesWhatFitsAndFreesWhatIsRemoved) {
  SimulatedFileSystem fs(2048);
  const auto file = MustOpen(fs, "/f", OpenMode::kCreate);
  ASSERT_TRUE(file->Append(std::string(1000, 'a')).ok());
  EXPECT_EQ(*fs.FreeBytes("/"), 1024u);
  EXPECT_EQ(file->Append(std::string(2000, 'b')).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(*file->Size(), 2048u);
  EXPECT_EQ(*fs.FreeBytes("/"), 0u);
  EXPECT_TRUE(file->WriteAt(0, "overwriting needs no space").ok());
  ASSERT_TRUE(fs.Remove("/f").ok());
  EXPECT_EQ(*fs.FreeBytes("/"), 0u);  // still open
  ASSERT_TRUE(file->Close().ok());
  EXPECT_EQ(*fs.FreeBytes("/"), 2048u);
}

TEST(Capacity, PreallocationTakesSpaceThatAppendsThenHave) {
  SimulatedFileSystem fs(4096);
  const auto a = MustOpen(fs, "/a", OpenMode::kCreate);
  const auto b = MustOpen(fs, "/b", OpenMode::kCreate);
  ASSERT_TRUE(a->Preallocate(3072).ok());
  EXPECT_EQ(b->Preallocate(2048).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(b->Append(std::string(2048, 'b')).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(a->Append(std::string(3072, 'a')).ok());
  fs.SetCapacity(8192);
  EXPECT_TRUE(b->Append("more").ok());
}

TEST(BitRot, ChangesTheFileAndEverySurvivor) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "abc");
  fs.FlipBit("/f", 8 + 1);
  EXPECT_EQ(fs.Files(), (Image{{"/f", "a`c"}}));
  fs.Corrupt("/f", 2, '!');
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "a`!"}}}));
}

// ---- Crashes ----

TEST(Crash, FromItsStepOnEveryCallFailsRecognisably) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "a");
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  auto lock = fs.Lock("/LOCK", LockMode::kExclusive);
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  const uint64_t before = fs.steps();
  fs.CrashAtStep(before + 2);
  EXPECT_TRUE(file->Append("b").ok());
  EXPECT_TRUE(file->Size().ok());  // no step
  EXPECT_TRUE(IsSimulatedCrash(file->Append("c")));
  EXPECT_TRUE(fs.crashed());
  EXPECT_TRUE(IsSimulatedCrash(file->Append("d")));
  EXPECT_TRUE(IsSimulatedCrash(file->Size().status()));
  EXPECT_TRUE(IsSimulatedCrash(Annotate(fs.List("/").status(), "opening")));
  EXPECT_TRUE(IsSimulatedCrash(fs.SyncDirectory("/")));
  EXPECT_FALSE(IsSimulatedCrash(Unavailable("an ordinary error")));
  EXPECT_EQ(fs.steps(), before + 2);
  const auto everything = fs.CloneWithEverything();
  EXPECT_EQ(everything->Files(), (Image{{"/LOCK", ""}, {"/f", "abc"}}));
  EXPECT_EQ(fs.CloneWithNothingUnsynced()->Files(), (Image{{"/LOCK", ""}, {"/f", "a"}}));
  EXPECT_TRUE(everything->Lock("/LOCK", LockMode::kExclusive).ok());
  EXPECT_FALSE(everything->crashed());
}

TEST(Crash, InASyncLeavesWhatWasThereBeforeItOrAfter) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "a");
  const auto file = MustOpen(fs, "/f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->WriteAt(0, "b").ok());
  fs.CrashAtStep(fs.steps() + 1);
  EXPECT_TRUE(IsSimulatedCrash(file->Sync()));
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "a"}}, {{"/f", "b"}}}));
}

TEST(Crash, InASyncOfADirectoryLeavesItsNamesAsBeforeOrAfter) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "a");
  ASSERT_TRUE(fs.Rename("/f", "/g").ok());
  fs.CrashAtStep(fs.steps() + 1);
  EXPECT_TRUE(IsSimulatedCrash(fs.SyncDirectory("/")));
  EXPECT_EQ(AllImages(fs), (Images{{{"/f", "a"}}, {{"/g", "a"}}}));
}

TEST(Crash, ASurvivorIsDurableItself) {
  SimulatedFileSystem fs;
  MustMake(fs, "/f", "a");
  ASSERT_TRUE(MustOpen(fs, "/f", OpenMode::kReadWrite)->Append("b").ok());
  ASSERT_TRUE(MustOpen(fs, "/g", OpenMode::kCreate)->Append("c").ok());
  Random random(7);
  for (int i = 0; i < 50; ++i) {
    const auto survivor = fs.CrashClone(random.Next());
    const auto again = survivor->EnumerateSurvivors(10);
    ASSERT_TRUE(again.complete);
    ASSERT_EQ(again.images.size(), 1u);
    EXPECT_EQ(again.images[0]->Fingerprint(), survivor->Fingerprint());
    EXPECT_EQ(*survivor->FreeBytes("/"), *again.images[0]->FreeBytes("/"));
  }
}

// Does random work on a few files, and keeps beside it what must survive.
class Workload {
 public:
  explicit Workload(uint64_t seed) : random_(seed) {}

  void Run(SimulatedFileSystem& fs, int operations) {
    for (int i = 0; i < operations; ++i) {
      Step(fs);
    }
  }
  // Bytes and name synced and not touched since.
  const std::map<std::string, std::string>& durable() const { return durable_; }

 private:
  void Step(SimulatedFileSystem& fs) {
    const std::string path = "/" + std::string(1, static_cast<char>('a' + random_.Below(4)));
    switch (random_.Below(8)) {
      case 0:
        if (fs.Open(path, OpenMode::kCreate).ok()) {
          durable_.erase(path);
        }
        return;
      case 1:
        if (fs.Remove(path).ok()) {
          durable_.erase(path);
        }
        return;
      case 2: {
        const std::string to = path + path.back();
        if (fs.Rename(path, to).ok()) {
          durable_.erase(path);
          durable_.erase(to);
        }
        return;
      }
      case 3:
        if (auto file = fs.Open(path, OpenMode::kReadWrite); file.ok()) {
          durable_.erase(path);
          EXPECT_TRUE((*file)->Truncate(random_.Below(2000)).ok());
        }
        return;
      case 4:
        if (auto file = fs.Open(path, OpenMode::kReadWrite); file.ok()) {
          EXPECT_TRUE((*file)->Sync().ok());
          EXPECT_TRUE(fs.SyncDirectory("/").ok());
          durable_[path] = *ReadWholeFile(fs, path, 1u << 20);
        }
        return;
      default:
        if (auto file = fs.Open(path, OpenMode::kReadWrite); file.ok()) {
          durable_.erase(path);
          const std::string bytes(random_.Below(1500), static_cast<char>('a' + random_.Below(26)));
          EXPECT_TRUE(random_.OneIn(2) ? (*file)->Append(bytes).ok()
                                       : (*file)->WriteAt(random_.Below(1000), bytes).ok());
        }
    }
  }

  Random random_;
  std::map<std::string, std::string> durable_;
};

TEST(Crash, WhatWasSyncedIsInEverySurvivor) {
  size_t checked = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    SimulatedFileSystem fs;
    Workload workload(seed);
    workload.Run(fs, 30);
    auto survivors = fs.EnumerateSurvivors(20).images;
    Random random(seed);
    for (int i = 0; i < 10; ++i) {
      survivors.push_back(fs.CrashClone(random.Next()));
    }
    for (const auto& survivor : survivors) {
      for (const auto& [path, bytes] : workload.durable()) {
        ASSERT_EQ(*ReadWholeFile(*survivor, path, 1u << 20), bytes) << "seed " << seed;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 1000u);
}

TEST(Crash, EveryRandomSurvivorIsAmongAllOfThem) {
  size_t complete = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimulatedFileSystem fs;
    Workload(seed).Run(fs, 8);
    const auto survivors = fs.EnumerateSurvivors(3000);
    if (!survivors.complete) {
      continue;
    }
    ++complete;
    std::set<uint64_t> all;
    for (const auto& image : survivors.images) {
      all.insert(image->Fingerprint());
    }
    Random random(seed);
    for (int i = 0; i < 30; ++i) {
      ASSERT_TRUE(all.contains(fs.CrashClone(random.Next())->Fingerprint())) << "seed " << seed;
    }
    for (const auto& image : fs.EnumerateSurvivors(std::max<size_t>(all.size() / 5, 1)).images) {
      ASSERT_TRUE(all.contains(image->Fingerprint())) << "seed " << seed;
    }
  }
  EXPECT_GT(complete, 100u);
}

TEST(Determinism, TheSameCallsGiveTheSameDisksAndSurvivors) {
  const auto run = [](uint64_t seed) {
    SimulatedFileSystem fs;
    Workload(seed).Run(fs, 100);
    std::string text = fs.Dump() + std::to_string(fs.Fingerprint());
    Random random(seed);
    for (int i = 0; i < 10; ++i) {
      text += " " + std::to_string(fs.CrashClone(random.Next())->Fingerprint());
    }
    for (const auto& image : fs.EnumerateSurvivors(20).images) {
      text += " " + std::to_string(image->Fingerprint());
    }
    return text;
  };
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(run(seed), run(seed));
  }
  EXPECT_NE(run(1), run(2));
}

TEST(Fingerprint, TellsNamesBytesAndDirectoriesApart) {
  std::set<uint64_t> seen;
  const auto add = [&seen](const std::vector<std::pair<std::string, std::string>>& files) {
    SimulatedFileSystem fs;
    for (const auto& [path, bytes] : files) {
      if (path.ends_with('/')) {
        EXPECT_TRUE(fs.CreateDirectory(path).ok());
      } else {
        EXPECT_TRUE(MustOpen(fs, path, OpenMode::kCreate)->Append(bytes).ok());
      }
    }
    EXPECT_TRUE(seen.insert(fs.Fingerprint()).second);
  };
  add({});
  add({{"/a", ""}});
  add({{"/a/", ""}});
  add({{"/a", "a"}});
  add({{"/a", "b"}});
  add({{"/b", "a"}});
  add({{"/a", "a"}, {"/b", ""}});
  add({{"/a", ""}, {"/b", "a"}});
  add({{"/a/", ""}, {"/a/b", ""}});
  add({{"/a/", ""}, {"/b", ""}});
}

}  // namespace
}  // namespace veralith
