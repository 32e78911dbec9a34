// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/version.h"

#include <memory>
#include <string>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

using ::testing::HasSubstr;

FileMeta MakeFile(uint64_t number, std::string smallest, KeyBound largest, Timestamp min_ts = 1,
                  Timestamp max_ts = 1) {
  FileMeta file;
  file.number = number;
  file.bytes = 100;
  file.entries = 2;
  file.smallest_ns = largest.ns;
  file.smallest_key = std::move(smallest);
  file.largest = std::move(largest);
  file.min_ts = min_ts;
  file.max_ts = max_ts;
  return file;
}

KeyBound Inclusive(std::string key, NamespaceId ns = 0) {
  return {ns, std::move(key), KeyBound::Kind::kInclusive};
}
KeyBound Exclusive(std::string key, NamespaceId ns = 0) {
  return {ns, std::move(key), KeyBound::Kind::kExclusive};
}
KeyBound NamespaceEnd(NamespaceId ns = 0) { return {ns, "", KeyBound::Kind::kNamespaceEnd}; }

VersionEdit Add(int level, uint64_t run_id, FileMeta file) {
  VersionEdit edit;
  edit.added_files.push_back({level, run_id, std::move(file)});
  return edit;
}

Version Built(const std::vector<VersionEdit>& edits) {
  Version version;
  for (const VersionEdit& edit : edits) {
    auto next = version.Apply(edit);
    EXPECT_TRUE(next.ok()) << next.status();
    version = *next;
  }
  return version;
}

TEST(Version, KeepsRunsNewestFirstAndFilesSorted) {
  const Version version = Built({Add(0, 1, MakeFile(1, "c", Inclusive("d"), 1, 2)),
                                 Add(0, 2, MakeFile(2, "a", Inclusive("z"), 3, 4)),
                                 Add(0, 1, MakeFile(3, "a", Inclusive("b"), 1, 2))});
  ASSERT_EQ(version.runs(0).size(), 2u);
  EXPECT_EQ(version.runs(0)[0].id, 2u);
  EXPECT_EQ(version.runs(0)[1].files[0]->number, 3u);
  EXPECT_EQ(version.runs(0)[1].files[1]->number, 1u);
  EXPECT_TRUE(version.CheckInvariants().ok());
  EXPECT_EQ(version.Bytes(), 300u);
  EXPECT_EQ(version.FileCount(0), 3u);
  EXPECT_EQ(version.DeepestLevel(), 0);
}

// Hazard O4: versions of one key are never spread over two files of a run, whatever their
// timestamps.
TEST(Version, RefusesTwoFilesOfOneRunThatShareAUserKey) {
  const Version version = Built({Add(1, 0, MakeFile(1, "a", Inclusive("m"), 10, 20))});
  const auto shared = version.Apply(Add(1, 0, MakeFile(2, "m", Inclusive("z"), 1, 5)));
  EXPECT_EQ(shared.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(shared.status())), HasSubstr("000002.parquet"));
  EXPECT_THAT(std::string(Message(shared.status())), HasSubstr("overlaps 000001.parquet"));
  EXPECT_FALSE(version.Apply(Add(1, 0, MakeFile(2, "", Inclusive("a")))).ok());
  EXPECT_FALSE(version.Apply(Add(1, 0, MakeFile(2, "", NamespaceEnd()))).ok());
  EXPECT_FALSE(version.Apply(Add(1, 0, MakeFile(2, "b", Inclusive("c")))).ok());
  EXPECT_TRUE(version.Apply(Add(1, 0, MakeFile(2, "m", Inclusive("m", 1)))).ok());
}

// Hazard O7: an exclusive end is a bound of its own, neither shortened nor lengthened to a key.
TEST(Version, TakesBoundsExactly) {
  const Version version = Built({Add(1, 0, MakeFile(1, "a", Exclusive("c"))),
                                 Add(1, 0, MakeFile(2, "c", NamespaceEnd())),
                                 Add(1, 0, MakeFile(3, "", Inclusive("x", 1)))});
  const veralith::Run& run = version.runs(1)[0];
  EXPECT_EQ((*Version::FileFor(run, 0, "a"))->number, 1u);
  EXPECT_EQ((*Version::FileFor(run, 0, "bzzz"))->number, 1u);
  EXPECT_EQ((*Version::FileFor(run, 0, "c"))->number, 2u);
  EXPECT_EQ((*Version::FileFor(run, 0, std::string(100, '\xff')))->number, 2u);
  EXPECT_EQ((*Version::FileFor(run, 1, ""))->number, 3u);
  EXPECT_EQ(Version::FileFor(run, 0, ""), nullptr);
  EXPECT_EQ(Version::FileFor(run, 1, std::string("x\0", 2)), nullptr);
  EXPECT_EQ(Version::FileFor(run, 2, ""), nullptr);
  EXPECT_FALSE(version.Apply(Add(1, 0, MakeFile(4, "", Inclusive("a")))).ok());
  EXPECT_TRUE(version.Apply(Add(1, 0, MakeFile(4, "", Exclusive("a")))).ok());
}

TEST(Version, RefusesAFileThatIsEmptyByItsBounds) {
  EXPECT_FALSE(Version().Apply(Add(0, 1, MakeFile(1, "b", Exclusive("b")))).ok());
  EXPECT_FALSE(Version().Apply(Add(0, 1, MakeFile(1, "b", Inclusive("a")))).ok());
  EXPECT_FALSE(Version().Apply(Add(0, 1, MakeFile(0, "a", Inclusive("b")))).ok());
  EXPECT_FALSE(Version().Apply(Add(0, 1, MakeFile(1, "a", Inclusive("b"), 3, 2))).ok());
  EXPECT_FALSE(Version().Apply(Add(8, 1, MakeFile(1, "a", Inclusive("b")))).ok());
}

// Hazards C5 and R9: an edit made for another version does not fit.
TEST(Version, RefusesToRemoveAFileThatIsNotThere) {
  const Version version = Built({Add(0, 1, MakeFile(7, "a", Inclusive("b")))});
  VersionEdit remove;
  remove.removed_files.push_back({0, 7});
  const auto removed = version.Apply(remove);
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed->FileCount(), 0u);
  EXPECT_TRUE(removed->runs(0).empty());
  const auto twice = removed->Apply(remove);
  EXPECT_EQ(twice.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(twice.status())), HasSubstr("000007.parquet from level 0"));
  remove.removed_files[0].level = 1;
  EXPECT_FALSE(version.Apply(remove).ok());
}

// Hazard R3: a move is one edit, and the file keeps its name.
TEST(Version, MovesAFileBetweenLevelsInOneEdit) {
  const FileMeta file = MakeFile(7, "a", Inclusive("b"));
  const Version version = Built({Add(0, 1, file)});
  VersionEdit move = Add(1, 0, file);
  EXPECT_FALSE(version.Apply(move).ok()) << "a number lives in one place";
  move.removed_files.push_back({0, 7});
  const auto moved = version.Apply(move);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->Find(7)->level, 1);
  EXPECT_EQ(*moved->FindFile(7), file);
  EXPECT_EQ(version.Find(7)->level, 0) << "the older version is unchanged";
}

TEST(Version, HoldsOneRunPerLeveledLevel) {
  const Version version = Built(
      {Add(1, 1, MakeFile(1, "a", Inclusive("b"))), Add(1, 2, MakeFile(2, "c", Inclusive("d")))});
  EXPECT_TRUE(version.CheckInvariants(3).ok());
  EXPECT_FALSE(version.CheckInvariants(1).ok());
  const Version deep = Built(
      {Add(3, 1, MakeFile(1, "a", Inclusive("b"))), Add(3, 2, MakeFile(2, "c", Inclusive("d")))});
  EXPECT_FALSE(deep.CheckInvariants().ok());
}

// Hazard C9: an older memtable installed as the newest run.
TEST(Version, RefusesALevel0RunThatIsOlderThanTheRunBehindIt) {
  const Version version = Built({Add(0, 1, MakeFile(1, "a", Inclusive("b"), 10, 20)),
                                 Add(0, 2, MakeFile(2, "c", Inclusive("d"), 5, 9))});
  EXPECT_THAT(std::string(Message(version.CheckInvariants())), HasSubstr("level 0 run 2"));
}

TEST(Version, FindsOverlappingFilesPerLevel) {
  const Version version = Built({Add(1, 0, MakeFile(1, "a", Exclusive("c"))),
                                 Add(1, 0, MakeFile(2, "c", Inclusive("e"))),
                                 Add(1, 0, MakeFile(3, "f", NamespaceEnd())),
                                 Add(1, 0, MakeFile(4, "a", Inclusive("b", 1)))});
  const auto numbers = [&](KeyRange range) {
    std::vector<uint64_t> found;
    for (const FileRef& file : version.Overlapping(1, range)) {
      found.push_back(file->number);
    }
    return found;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(numbers({0, "b", Inclusive("c")}), ElementsAre(1, 2));
  EXPECT_THAT(numbers({0, "b", Exclusive("c")}), ElementsAre(1));
  EXPECT_THAT(numbers({0, "e", Inclusive("f")}), ElementsAre(2, 3));
  EXPECT_THAT(numbers({0, "ea", Exclusive("f")}), ElementsAre());
  EXPECT_THAT(numbers({0, "", Inclusive("a", 1)}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(numbers({1, "c", NamespaceEnd(9)}), ElementsAre());
  EXPECT_TRUE(version.Overlapping(2, {0, "", NamespaceEnd(9)}).empty());
}

// Hazard C1: what decides that a tombstone may go.
TEST(OlderFiles, SeesEverythingThatIsNotNewerThanTheJob) {
  const auto version = std::make_shared<const Version>(Built(
      {Add(0, 1, MakeFile(1, "a", Inclusive("c"), 1, 1)),
       Add(0, 2, MakeFile(2, "a", Inclusive("c"), 2, 2)),
       Add(0, 3, MakeFile(3, "a", Inclusive("z"), 3, 3)),
       Add(1, 0, MakeFile(4, "d", Inclusive("f"))), Add(1, 0, MakeFile(5, "g", Exclusive("i"))),
       Add(4, 0, MakeFile(6, "k", NamespaceEnd()))}));
  const OlderFiles tiers(version, {2});
  EXPECT_TRUE(tiers.MayContain(0, "b")) << "run 1 is older";
  EXPECT_TRUE(tiers.MayContain(0, "e"));
  EXPECT_FALSE(tiers.MayContain(0, "i")) << "an exclusive end, and run 3 is newer";
  EXPECT_TRUE(tiers.MayContain(0, "zz")) << "an open end";
  EXPECT_FALSE(tiers.MayContain(1, ""));
  EXPECT_TRUE(tiers.MayOverlap({0, "j", Inclusive("k")}));
  EXPECT_FALSE(tiers.MayOverlap({0, "i", Exclusive("k")}));

  const OlderFiles leveled(version, {1, 2, 4});
  EXPECT_FALSE(leveled.MayContain(0, "b"));
  EXPECT_FALSE(leveled.MayContain(0, "e"));
  EXPECT_TRUE(leveled.MayContain(0, "h")) << "file 5 is no input";

  const OlderFiles flush(version);
  EXPECT_TRUE(flush.MayContain(0, "y"));
  EXPECT_FALSE(flush.MayContain(1, "a"));
}

TEST(Version, SnapshotMakesTheSameVersion) {
  VersionEdit edit = Add(2, 4, MakeFile(3, "a", Exclusive("c")));
  edit.added_files.push_back({0, 9, MakeFile(4, "", NamespaceEnd(7))});
  edit.cursors.push_back({2, 7, "here"});
  const Version version = Built({edit});
  const auto again = Version().Apply(version.Snapshot());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->Snapshot(), version.Snapshot());
  EXPECT_EQ(again->cursor(2)->key, "here");
  EXPECT_EQ(again->DebugString(), version.DebugString());
}

TEST(Version, DebugStringReadsWell) {
  EXPECT_EQ(Version().DebugString(), "no files\n");
  const Version version = Built({Add(1, 0, MakeFile(12, "a\"\n", Exclusive("c"), 5, 9))});
  EXPECT_EQ(version.DebugString(),
            "level 1 run 0:\n"
            "  000012.parquet [0:\"a\\\"\\x0a\", 0:\"c\") 2 entries, 100 bytes, ts 5..9\n");
}

TEST(KeyRange, UnionHoldsBoth) {
  const KeyRange a{0, "b", Exclusive("d")};
  const KeyRange b{0, "c", Inclusive("d")};
  EXPECT_EQ(UnionOf(a, b), (KeyRange{0, "b", Inclusive("d")}));
  EXPECT_EQ(UnionOf(b, {0, "", NamespaceEnd()}), (KeyRange{0, "", NamespaceEnd()}));
}

}  // namespace
}  // namespace veralith
