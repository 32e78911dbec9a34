// SPDX-License-Identifier: Apache-2.0

#include "core/format/version_edit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/testing/generators.h"

namespace veralith {
namespace {

std::string Encode(const VersionEdit& edit) {
  std::string out;
  EncodeVersionEdit(edit, &out);
  return out;
}

VersionEdit GoldenEdit() {
  VersionEdit edit;
  edit.database_id = 0x0102030405060708;
  edit.next_file_number = 300;
  edit.next_run_id = 4;
  edit.timestamp_ceiling = 1000;
  edit.history_floor = 10;
  edit.last_timestamp = 999;
  edit.logs_synced_through = LogPosition{8, 200};
  edit.written = WrittenBytes{1000, 1300, 900, 4000};
  edit.policy = CompactionPolicyKind::kHybrid;
  edit.removed_files = {{1, 7}};
  edit.added_files = {{2,
                       3,
                       {.number = 9,
                        .bytes = 4096,
                        .entries = 5,
                        .tombstones = 1,
                        .superseded = 2,
                        .range_tombstones = 1,
                        .smallest_ns = 0,
                        .smallest_key = "a",
                        .largest = {1, "z", KeyBound::Kind::kExclusive},
                        .min_ts = 11,
                        .max_ts = 12,
                        .created_by_job = 6}}};
  edit.removed_logs = {5};
  edit.added_logs = {{8, 0xaabbccdd}};
  edit.cursors = {{3, 1, "m"}};
  return edit;
}

std::string FaultOf(const char* hex) {
  return std::string(Message(DecodeVersionEdit(*HexDecode(hex)).status()));
}

TEST(VersionEdit, HasItsGoldenBytes) {
  EXPECT_EQ(HexEncode(Encode(GoldenEdit())), "01080807060504030201"
                                             "0202ac02"
                                             "030104"
                                             "0402e807"
                                             "05010a"
                                             "0602e707"
                                             "070308c801"
                                             "0808e807940a8407a01f"
                                             "090102"
                                             "10020107"
                                             "11130203"
                                             "098020050102010b0c06"
                                             "000161"
                                             "0101017a"
                                             "120105"
                                             "130908ddccbbaa00000000"
                                             "1404"
                                             "0301016d");
  EXPECT_EQ(*DecodeVersionEdit(Encode(GoldenEdit())), GoldenEdit());
}

TEST(VersionEdit, TheGoldenEditHasEveryField) {
  ForEachEditField([](const auto& field) {
    size_t values = 0;
    field.ForEachValue(GoldenEdit(), [&values](const auto&) { ++values; });
    EXPECT_GT(values, 0u) << "no " << field.name;
  });
}

TEST(VersionEdit, AnEmptyEditIsNoBytes) {
  EXPECT_EQ(Encode({}), "");
  EXPECT_EQ(*DecodeVersionEdit(""), VersionEdit{});
}

RC_GTEST_PROP(VersionEdit, DecodingAnEncodingGivesTheEdit, ()) {
  const VersionEdit edit = *testing::AnyVersionEdit();
  const auto decoded = DecodeVersionEdit(Encode(edit));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(*decoded == edit);
}

TEST(VersionEdit, EveryChangeOfEveryByteIsRefusedOrIsAnEncodingItself) {
  const std::string bytes = Encode(GoldenEdit());
  for (size_t place = 0; place < bytes.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = bytes;
      changed[place] = static_cast<char>(changed[place] ^ change);
      const auto edit = DecodeVersionEdit(changed);
      if (edit.ok()) {
        ASSERT_EQ(Encode(*edit), changed);
      }
    }
  }
}

TEST(VersionEdit, AFieldFromALaterVersionIsUnimplemented) {
  std::string later_once(2, '\0');  // the first free tag of each kind, and no bytes of value
  std::string later_repeated(2, '\0');
  ForEachEditField([&](const auto& field) {
    (field.kRepeats ? later_repeated : later_once)[0] = static_cast<char>(field.tag + 1);
  });
  for (const std::string& hex :
       {HexEncode(later_once), HexEncode(later_repeated), std::string("0000"),
        std::string("ff0100"), std::string("090104"), std::string("0901ff")}) {
    EXPECT_EQ(DecodeVersionEdit(*HexDecode(hex)).status().code(), absl::StatusCode::kUnimplemented)
        << hex;
  }
  EXPECT_EQ(FaultOf("0201051500"), "version edit: offset 3: field 21");
  EXPECT_EQ(FaultOf("090104"), "version edit: compaction policy 4");
}

TEST(VersionEdit, NamesWhatIsWrong) {
  EXPECT_EQ(FaultOf("01"), "version edit: offset 1: expected 1 bytes of field length, 0 remain");
  EXPECT_EQ(FaultOf("0205"), "version edit: offset 1: expected field length of at most 1");
  EXPECT_EQ(FaultOf("02020505"), "version edit: offset 2: field length does not fit");
  EXPECT_EQ(FaultOf("030105020105"), "version edit: offset 3: field out of order or twice");
  EXPECT_EQ(FaultOf("020105020105"), "version edit: offset 3: field out of order or twice");
  EXPECT_EQ(FaultOf("10020801"), "version edit: offset 2: expected level of at most 7");
  EXPECT_EQ(FaultOf("10020700"), "version edit: offset 3: file number 0");
  EXPECT_EQ(FaultOf("07020005"), "version edit: offset 2: file number 0");
  EXPECT_EQ(FaultOf("120100"), "version edit: offset 2: file number 0");
  EXPECT_EQ(FaultOf("0803010203"),
            "version edit: offset 5: expected 1 bytes of bytes of compactions, 0 remain");
  EXPECT_EQ(FaultOf("0900"),
            "version edit: offset 2: expected 1 bytes of compaction policy, 0 remain");
  EXPECT_EQ(FaultOf("090100"), "version edit: offset 2: compaction policy 0");
  EXPECT_EQ(FaultOf("040a80808080808080808001"),
            "version edit: offset 2: expected timestamp of at most 9223372036854775807");
}

TEST(VersionEdit, AFileWithAnEmptyRangeOrAnUnknownBoundIsRefused) {
  EXPECT_EQ(FaultOf("11110000090000000000000000000161010001"
                    "61"),
            "version edit: offset 4: a file with an empty range");
  EXPECT_EQ(FaultOf("11110000090000000000000000000161030001"
                    "61"),
            "version edit: offset 16: unknown bound kind");
  EXPECT_EQ(FaultOf("11110000090000000000000000000161020001"
                    "61"),
            "version edit: offset 4: a file with an empty range");
}

}  // namespace
}  // namespace veralith
