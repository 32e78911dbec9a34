#include "core/format/record_frame.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"

namespace veralith {
namespace {

constexpr RecordFileHeader kHeader = {{RecordFileKind::kLog, 7, 0x1122334455667788}, 0xcafe};

std::string FileHeader(const RecordFileHeader& header) {
  std::string bytes(kRecordFileHeaderBytes, 'x');
  StoreRecordFileHeader(bytes.data(), header);
  return bytes;
}

std::string Record(std::string_view payload, uint64_t file_id, uint64_t offset,
                   uint32_t previous) {
  std::string bytes(RecordBytes(payload.size()), 'x');
  std::memcpy(bytes.data() + kRecordHeaderBytes, payload.data(), payload.size());
  SealRecord(bytes.data(), file_id, offset, previous, static_cast<uint32_t>(payload.size()));
  return bytes;
}

bool HeaderPasses(std::string_view bytes, uint64_t file_id, uint64_t offset) {
  RecordHeader header;
  return ParseRecordHeader(bytes.data(), file_id, offset, &header);
}

TEST(RecordFrame, HasItsGoldenBytes) {
  EXPECT_EQ(HexEncode(FileHeader(kHeader)), 
            "564552414c524543"
            "01000000"
            "01000000"
            "0700000000000000"
            "8877665544332211"
            "feca0000"
            "72823cca");
  EXPECT_EQ(HexEncode(Record("hello", kHeader.file.id, 40, RecordFileHeaderChecksum(kHeader))),
            "868141a6"
            "72823cca"
            "05000000"
            "c55c88db"
            "68656c6c6f000000");
}

TEST(RecordFrame, AFileHeaderReadsBackAndTheFirstRecordFollowsItsChecksum) {
  EXPECT_EQ(*ParseRecordFileHeader(FileHeader(kHeader)), kHeader);
  EXPECT_EQ(RecordFileHeaderChecksum(kHeader), LoadLe32(FileHeader(kHeader).data() + 36));
}

TEST(RecordFrame, EveryChangeOfEveryByteOfAFileHeaderIsRefused) {
  const std::string bytes = FileHeader(kHeader);
  for (size_t place = 0; place < bytes.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = bytes;
      changed[place] = static_cast<char>(changed[place] ^ change);
      ASSERT_EQ(ParseRecordFileHeader(changed).status().code(), absl::StatusCode::kDataLoss);
    }
    ASSERT_FALSE(ParseRecordFileHeader(bytes.substr(0, place)).ok());
  }
}

TEST(RecordFrame, AnotherVersionOrKindWithASoundChecksumIsUnimplemented) {
  for (const size_t field : {8, 12}) {
    for (const uint32_t value : {0u, 9u}) {
      std::string bytes = FileHeader(kHeader);
      StoreLe32(bytes.data() + field, value);
      StoreLe32(bytes.data() + 36, Crc32c(std::string_view(bytes).substr(0, 36)));
      EXPECT_EQ(ParseRecordFileHeader(bytes).status().code(), absl::StatusCode::kUnimplemented);
    }
  }
}

TEST(RecordFrame, ARecordIsSealedWithZeroPaddingToEightBytes) {
  for (size_t n = 1; n <= 17; ++n) {
    const std::string record = Record(std::string(n, 'p'), 1, 40, 2);
    EXPECT_EQ(record.size() % kRecordAlignment, 0u);
    EXPECT_LT(record.size() - kRecordHeaderBytes - n, kRecordAlignment);
    EXPECT_EQ(record.find_first_not_of('\0', kRecordHeaderBytes + n), std::string::npos);
    RecordHeader header;
    ASSERT_TRUE(ParseRecordHeader(record.data(), 1, 40, &header));
    EXPECT_EQ(header.length, n);
    EXPECT_EQ(header.previous, 2u);
    EXPECT_EQ(header.checksum, Crc32c(RecordChecksumSeed(1, 40), record.substr(4)));
  }
}

TEST(RecordFrame, AHeaderPassesOnlyInItsFileAndAtItsPlace) {
  const std::string record = Record("payload", 5, 64, 9);
  EXPECT_TRUE(HeaderPasses(record, 5, 64));
  EXPECT_FALSE(HeaderPasses(record, 6, 64));
  EXPECT_FALSE(HeaderPasses(record, 5, 72));
  EXPECT_FALSE(HeaderPasses(record, 5, 0));
  EXPECT_NE(Crc32c(RecordChecksumSeed(5, 72), record.substr(4)), LoadLe32(record.data()));
  EXPECT_NE(Crc32c(RecordChecksumSeed(6, 64), record.substr(4)), LoadLe32(record.data()));
}

TEST(RecordFrame, EveryChangeOfLengthPreviousOrCheckFailsTheHeaderCheck) {
  const std::string record = Record("payload", 5, 64, 9);
  for (size_t place = 4; place < kRecordHeaderBytes; ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = record;
      changed[place] = static_cast<char>(changed[place] ^ change);
      ASSERT_FALSE(HeaderPasses(changed, 5, 64));
    }
  }
}

TEST(RecordFrame, ZerosAndOnesAreNoHeader) {
  for (uint64_t offset = 0; offset < 4096; offset += 8) {
    EXPECT_FALSE(HeaderPasses(std::string(16, '\0'), offset * 77, offset));
    EXPECT_FALSE(HeaderPasses(std::string(16, '\xff'), offset * 77, offset));
  }
}

}  // namespace
}  // namespace veralith
