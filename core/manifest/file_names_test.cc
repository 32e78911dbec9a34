// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/file_names.h"

#include "gtest/gtest.h"

namespace veralith {
namespace {

TEST(FileNames, ParseWhatTheyMake) {
  for (const uint64_t number :
       {uint64_t{1}, uint64_t{42}, uint64_t{999'999}, uint64_t{1'000'000}, kMaxFileNumber}) {
    for (const FileKind kind : {FileKind::kManifest, FileKind::kLog, FileKind::kSegment}) {
      const FileName name{kind, number};
      EXPECT_EQ(ParseFileName(ToString(name)), name) << ToString(name);
    }
  }
  for (const FileKind kind : {FileKind::kCurrent, FileKind::kCurrentTemporary, FileKind::kLock}) {
    EXPECT_EQ(ParseFileName(ToString(FileName{kind, 0})), (FileName{kind, 0}));
  }
  EXPECT_EQ(ManifestFileName(7), "MANIFEST-000007");
  EXPECT_EQ(LogFileName(1'234'567), "1234567.log");
  EXPECT_EQ(SegmentFileName(8), "000008.parquet");
}

// Names we do not make are not ours and are never removed (hazard C7).
TEST(FileNames, OtherNamesAreNotOurs) {
  for (const char* name : {"",
                           ".",
                           "..",
                           "current",
                           "CURRENT ",
                           "CURRENT.bak",
                           "LOCK.txt",
                           "MANIFEST",
                           "MANIFEST-",
                           "MANIFEST-1",
                           "MANIFEST-00001",
                           "MANIFEST-000000",
                           "MANIFEST-0000001",
                           "MANIFEST-000001.x",
                           "MANIFEST--00001",
                           "000000.log",
                           "00001.log",
                           "0000001.log",
                           "000001.LOG",
                           "000001.log ",
                           " 000001.log",
                           "+00001.log",
                           "-00001.log",
                           "00000a.log",
                           "000001.sst",
                           "000001.parquet.tmp",
                           "data-000001.parquet",
                           "000001parquet",
                           "4611686018427387904.log",
                           "9223372036854775808.log",
                           "99999999999999999999.log",
                           "000001.",
                           ".log",
                           ".parquet"}) {
    EXPECT_EQ(ParseFileName(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace veralith
