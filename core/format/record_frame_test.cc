// SPDX-License-Identifier: Apache-2.0

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

std::string Record(std::string_view payload, uint64_t file_id, uint64_t offset, uint32_t previous,
                   uint32_t version = kRecordFormatVersion) {
  std::string bytes(RecordBytes(payload.size(), version), 'x');
  std::memcpy(bytes.data() + kRecordHeaderBytes, payload.data(), payload.size());
  SealRecord(bytes.data(), file_id, offset, previous, static_cast<uint32_t>(payload.size()),
             version);
  return bytes;
}

bool HeaderPasses(std::string_view bytes, uint64_t file_id, uint64_t offset,
                  uint32_t version = kRecordFormatVersion) {
  RecordHeader header;
  return ParseRecordHeader(bytes.data(), file_id, offset, version, &header);
}

TEST(RecordFrame, HasItsGoldenBytes) {
  EXPECT_EQ(HexEncode(FileHeader(kHeader)), "564552414c524543"
                                            "02000000"
                                            "01000000"
                                            "0700000000000000"
                                            "8877665544332211"
                                            "feca0000"
                                            "df69ee29");
  EXPECT_EQ(HexEncode(Record("hello", kHeader.file.id, 40, RecordFileHeaderChecksum(kHeader))),
            "4ddfd03b"
            "df69ee29"
            "05000000"
            "6f90d890"
            "68656c6c6f000000");
}

TEST(RecordFrame, Version1HasItsGoldenBytes) {
  RecordFileHeader header = kHeader;
  header.version = 1;
  EXPECT_EQ(HexEncode(FileHeader(header)), "564552414c524543"
                                           "01000000"
                                           "01000000"
                                           "0700000000000000"
                                           "8877665544332211"
                                           "feca0000"
                                           "72823cca");
  EXPECT_EQ(HexEncode(Record("hello", header.file.id, 40, RecordFileHeaderChecksum(header), 1)),
            "868141a6"
            "72823cca"
            "05000000"
            "c55c88db"
            "68656c6c6f000000");
}

TEST(RecordFrame, AFileHeaderReadsBackAndTheFirstRecordFollowsItsChecksum) {
  for (const uint32_t version : {1u, 2u}) {
    RecordFileHeader header = kHeader;
    header.version = version;
    EXPECT_EQ(*ParseRecordFileHeader(FileHeader(header)), header);
    EXPECT_EQ(RecordFileHeaderChecksum(header), LoadLe32(FileHeader(header).data() + 36));
  }
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

TEST(RecordFrame, ALaterVersionOrAnotherKindWithASoundChecksumIsUnimplemented) {
  for (const size_t field : {8, 12}) {
    for (const uint32_t value : {0u, 3u, 9u}) {
      std::string bytes = FileHeader(kHeader);
      StoreLe32(bytes.data() + field, value);
      StoreLe32(bytes.data() + 36, Crc32c(std::string_view(bytes).substr(0, 36)));
      EXPECT_EQ(ParseRecordFileHeader(bytes).status().code(), absl::StatusCode::kUnimplemented);
    }
  }
}

void ExpectSealed(std::string_view record, size_t payload_bytes, uint32_t version) {
  const uint64_t alignment = RecordAlignment(version);
  EXPECT_EQ(record.size() % alignment, 0u);
  EXPECT_LT(record.size() - kRecordHeaderBytes - payload_bytes, alignment);
  EXPECT_EQ(record.find_first_not_of('\0', kRecordHeaderBytes + payload_bytes), std::string::npos);
  RecordHeader header;
  ASSERT_TRUE(ParseRecordHeader(record.data(), 1, 40, version, &header));
  EXPECT_EQ(header.length, payload_bytes);
  EXPECT_EQ(header.previous, 2u);
  EXPECT_EQ(header.checksum, Crc32c(RecordChecksumSeed(1, 40), record.substr(4)));
}

TEST(RecordFrame, ARecordIsSealedWithZeroPaddingToFourBytesAndInVersion1ToEight) {
  EXPECT_EQ(RecordAlignment(1), 8u);
  EXPECT_EQ(RecordAlignment(2), 4u);
  for (size_t n = 1; n <= 17; ++n) {
    for (const uint32_t version : {1u, 2u}) {
      ExpectSealed(Record(std::string(n, 'p'), 1, 40, 2, version), n, version);
    }
  }
}

TEST(RecordFrame, AHeaderPassesOnlyInItsVersion) {
  for (const uint32_t version : {1u, 2u}) {
    const std::string record = Record("payload", 5, 64, 9, version);
    EXPECT_EQ(HeaderPasses(record, 5, 64, 1), version == 1);
    EXPECT_EQ(HeaderPasses(record, 5, 64, 2), version == 2);
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
  for (uint64_t offset = 0; offset < 4096; offset += 4) {
    EXPECT_FALSE(HeaderPasses(std::string(16, '\0'), offset * 77, offset));
    EXPECT_FALSE(HeaderPasses(std::string(16, '\xff'), offset * 77, offset));
  }
}

}  // namespace
}  // namespace veralith
