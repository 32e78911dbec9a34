// SPDX-License-Identifier: Apache-2.0

#include "core/log/record_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/testing/version_1.h"
#include "core/fs/testing/memory_file.h"
#include "core/log/record_writer.h"

namespace veralith {
namespace {

using EndReason = RecordReader::EndReason;

constexpr RecordFileId kId = {RecordFileKind::kLog, 3, 0x5eed5eed5eed5eed};

std::string Image(const std::vector<std::string>& payloads, const RecordFileId& id = kId) {
  auto state = std::make_shared<MemoryFileState>();
  RecordWriter writer(OpenMemoryFile(state), id);
  for (const std::string& payload : payloads) {
    writer.Stage(payload);
  }
  EXPECT_TRUE(writer.Commit().ok());
  return state->bytes;
}

// Builds the same image in any version, without the writer.
std::string ImageOf(uint32_t version, const std::vector<std::string>& payloads) {
  testing::RecordFileImage image({.file = kId, .version = version});
  for (const std::string& payload : payloads) {
    image.Add(payload);
  }
  return image.bytes();
}

// Returns the offset at which record i begins.
uint64_t OffsetOf(const std::vector<std::string>& payloads, size_t i,
                  uint32_t version = kRecordFormatVersion) {
  uint64_t offset = kRecordFileHeaderBytes;
  for (size_t j = 0; j < i; ++j) {
    offset += RecordBytes(payloads[j].size(), version);
  }
  return offset;
}

struct ReadResult {
  std::vector<std::string> payloads;
  EndReason reason = EndReason::kEndOfFile;
  uint64_t end = 0;
  std::string detail;
  std::vector<std::string> behind;  // prefixes that the scan shows
  uint32_t version = 0;             // after the scan
  absl::Status scan;
};

ReadResult ReadAll(std::shared_ptr<MemoryFileState> state, const RecordFileId& id = kId) {
  ReadResult result;
  auto reader = RecordReader::Open(OpenMemoryFile(std::move(state)), id);
  EXPECT_TRUE(reader.ok()) << reader.status();
  std::string_view payload;
  absl::StatusOr<bool> more = (*reader)->Next(&payload);
  for (; more.ok() && *more; more = (*reader)->Next(&payload)) {
    result.payloads.emplace_back(payload);
  }
  EXPECT_TRUE(more.ok()) << more.status();
  EXPECT_FALSE(*(*reader)->Next(&payload)) << "the end stays the end";
  result.reason = (*reader)->end_reason();
  result.end = (*reader)->end_offset();
  result.detail = (*reader)->end_detail();
  result.scan = (*reader)->ScanBehindEnd([&](uint64_t, std::string_view prefix) {
    result.behind.emplace_back(prefix);
    return true;
  });
  result.version = (*reader)->version();
  return result;
}

ReadResult ReadAll(std::string bytes, const RecordFileId& id = kId) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = std::move(bytes);
  return ReadAll(std::move(state), id);
}

bool IsPrefix(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

const std::vector<std::string>& FourPayloads() {
  static const std::vector<std::string> payloads = {"first", "the second", "3", "fourth one"};
  return payloads;
}

TEST(RecordReader, ReadsWhatWasWritten) {
  const ReadResult result = ReadAll(Image(FourPayloads()));
  EXPECT_EQ(result.payloads, FourPayloads());
  EXPECT_EQ(result.reason, EndReason::kEndOfFile);
  EXPECT_EQ(result.end, Image(FourPayloads()).size());
  EXPECT_TRUE(result.behind.empty());
}

TEST(RecordReader, AnEmptyFileEndsAtOnce) {
  const ReadResult result = ReadAll(std::string());
  EXPECT_TRUE(result.payloads.empty());
  EXPECT_EQ(result.reason, EndReason::kEndOfFile);
  EXPECT_EQ(result.end, 0u);
}

TEST(RecordReader, TheWriterWritesTheNewestVersion) {
  EXPECT_EQ(Image(FourPayloads()), ImageOf(kRecordFormatVersion, FourPayloads()));
}

class RecordReaderOfVersion : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(All, RecordReaderOfVersion, ::testing::Values(1, 2));

TEST_P(RecordReaderOfVersion, EveryTruncationGivesTheWholeRecordsBeforeIt) {
  const std::string image = ImageOf(GetParam(), FourPayloads());
  for (size_t n = 0; n < image.size(); ++n) {
    const ReadResult result = ReadAll(image.substr(0, n));
    size_t whole = 0;
    while (whole < 4 && OffsetOf(FourPayloads(), whole + 1, GetParam()) <= n) {
      ++whole;
    }
    ASSERT_EQ(result.payloads.size(), whole) << n;
    ASSERT_TRUE(IsPrefix(result.payloads, FourPayloads()));
    const bool at_boundary =
        n == 0 || (n >= 40 && n == OffsetOf(FourPayloads(), whole, GetParam()));
    ASSERT_EQ(result.reason, at_boundary ? EndReason::kEndOfFile : EndReason::kBadRecord) << n;
    ASSERT_TRUE(result.behind.empty());
  }
}

TEST_P(RecordReaderOfVersion, EveryChangeOfEveryByteEndsTheChainThereAndTheScanFindsTheRest) {
  const std::string image = ImageOf(GetParam(), FourPayloads());
  for (size_t place = 0; place < image.size(); ++place) {
    size_t hit = 0;  // the record that holds the place; everything before it is read
    while (hit < 4 && OffsetOf(FourPayloads(), hit + 1, GetParam()) <= place) {
      ++hit;
    }
    const bool in_header = place < kRecordFileHeaderBytes;
    const size_t first_behind = in_header ? 0 : hit + 1;
    for (int change = 1; change < 256; ++change) {
      std::string changed = image;
      changed[place] = static_cast<char>(changed[place] ^ change);
      const ReadResult result = ReadAll(changed);
      ASSERT_EQ(result.payloads.size(), in_header ? 0 : hit) << place;
      ASSERT_TRUE(IsPrefix(result.payloads, FourPayloads()));
      ASSERT_EQ(result.reason, EndReason::kBadRecord);
      ASSERT_EQ(result.end, in_header ? 0 : OffsetOf(FourPayloads(), hit, GetParam()));
      ASSERT_EQ(result.version, GetParam());
      ASSERT_TRUE(result.scan.ok());
      ASSERT_TRUE(std::equal(result.behind.begin(), result.behind.end(),
                             FourPayloads().begin() + first_behind, FourPayloads().end()))
          << place;
    }
  }
}

TEST(RecordReader, ZerosBehindTheLastRecordAreTheEnd) {
  for (const size_t zeros : {1, 7, 8, 16, 24, 4096, 200'000}) {
    const ReadResult result = ReadAll(Image(FourPayloads()) + std::string(zeros, '\0'));
    EXPECT_EQ(result.payloads, FourPayloads());
    EXPECT_EQ(result.reason, EndReason::kZeros);
    EXPECT_EQ(result.end, Image(FourPayloads()).size());
    EXPECT_TRUE(result.behind.empty());
  }
}

TEST(RecordReader, OneByteBehindZerosIsNotTheEnd) {
  for (const size_t zeros : {1, 15, 16, 17, 4096, 65'551, 65'552, 65'553, 200'000}) {
    const ReadResult result = ReadAll(Image(FourPayloads()) + std::string(zeros, '\0') + "x");
    EXPECT_EQ(result.payloads, FourPayloads());
    EXPECT_EQ(result.reason, EndReason::kBadRecord) << zeros;
  }
}

TEST(RecordReader, AFileOfZerosIsAsGoodAsEmpty) {
  for (const size_t zeros : {1, 39, 40, 41, 200'000}) {
    const ReadResult result = ReadAll(std::string(zeros, '\0'));
    EXPECT_TRUE(result.payloads.empty());
    EXPECT_EQ(result.reason, EndReason::kZeros);
    EXPECT_EQ(result.end, 0u);
  }
}

TEST(RecordReader, StaleRecordsOfARecycledFileAreTheEnd) {
  const RecordFileId old_id = {RecordFileKind::kLog, 2, 0x01d};
  const std::vector<std::string> old_payloads(20, "the second");
  for (size_t n = 1; n < 4; ++n) {
    const std::vector<std::string> payloads(n, "the second");
    std::string recycled = Image(old_payloads, old_id);
    const std::string fresh = Image(payloads);
    recycled.replace(0, fresh.size(), fresh);
    const ReadResult result = ReadAll(recycled);
    EXPECT_EQ(result.payloads, payloads);
    EXPECT_EQ(result.reason, EndReason::kBadRecord);
    EXPECT_TRUE(result.behind.empty());
  }
}

TEST(RecordReader, AFileOfAnotherIdNumberOrKindHasNoRecords) {
  for (const RecordFileId& other :
       {RecordFileId{RecordFileKind::kLog, 3, 1}, RecordFileId{RecordFileKind::kLog, 4, kId.id},
        RecordFileId{RecordFileKind::kManifest, 3, kId.id}}) {
    const ReadResult result = ReadAll(Image(FourPayloads()), other);
    EXPECT_TRUE(result.payloads.empty());
    EXPECT_EQ(result.reason, EndReason::kBadRecord);
    EXPECT_EQ(result.end, 0u);
    EXPECT_TRUE(result.detail.starts_with("offset 12: the header belongs to file 3"))
        << result.detail;
  }
}

TEST(RecordReader, ASoundHeaderOfALaterVersionIsUnimplemented) {
  std::string image = Image(FourPayloads());
  StoreLe32(image.data() + 8, 3);
  StoreLe32(image.data() + 36, Crc32c(std::string_view(image).substr(0, 36)));
  const auto reader = RecordReader::Open(OpenMemoryFile(image), kId);
  EXPECT_EQ(reader.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Message(reader.status()), "memory/file: offset 8: record file version 3 of kind 1");
}

TEST(RecordReader, ARecordTakenOutOfTheMiddleBreaksTheChain) {
  const std::vector<std::string> payloads = {"aaaa", "bbbb", "cccc"};
  std::string image = Image(payloads);
  image.erase(OffsetOf(payloads, 1), RecordBytes(4));
  EXPECT_EQ(ReadAll(image).payloads, (std::vector<std::string>{"aaaa"}));
}

TEST(RecordReader, ASoundRecordThatFollowsAnotherOneIsNotOfTheChain) {
  // Two histories of one file id: the second record of one after the first record of the other.
  const std::string one = Image({"aaaa", "bbbb"});
  const std::string two = Image({"AAAA", "BBBB"});
  const ReadResult result =
      ReadAll(one.substr(0, OffsetOf({"aaaa"}, 1)) + two.substr(OffsetOf({"AAAA"}, 1)));
  EXPECT_EQ(result.payloads, (std::vector<std::string>{"aaaa"}));
  EXPECT_EQ(result.detail, "offset 60: the record does not follow the one before it");
  EXPECT_EQ(result.behind, (std::vector<std::string>{"BBBB"}));
}

TEST(RecordReader, AFileThatContinuesAnotherChecksumYieldsNothing) {
  auto state = std::make_shared<MemoryFileState>();
  RecordWriter writer(OpenMemoryFile(state), kId, 77);
  writer.Stage("payload");
  ASSERT_TRUE(writer.Commit().ok());
  for (const uint32_t expected : {77u, 78u}) {
    auto reader = *RecordReader::Open(OpenMemoryFile(state), kId);
    reader->ExpectContinues(expected);
    std::string_view payload;
    EXPECT_EQ(*reader->Next(&payload), expected == 77);
    if (expected == 78) {
      EXPECT_EQ(reader->end_reason(), EndReason::kBrokenChain);
    }
  }
}

TEST(RecordReader, NonzeroPaddingUnderASoundChecksumIsABadRecord) {
  std::string image = Image({"abc"});
  image.back() = 1;
  StoreLe32(image.data() + 40, Crc32c(RecordChecksumSeed(kId.id, 40), image.substr(44)));
  EXPECT_EQ(ReadAll(image).detail, "offset 40: the record's padding is not 0");
}

TEST(RecordReader, ALengthBeyondTheFileIsBelievedByNobody) {
  std::string image = Image({"abc"});
  // A header whose own check holds, for a record of 1 GiB.
  std::string large(RecordBytes(1u << 20), 'x');
  SealRecord(large.data(), kId.id, 60, LoadLe32(image.data() + 40), 1u << 20);
  image += large.substr(0, 100);
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = image;
  const ReadResult result = ReadAll(state);
  EXPECT_EQ(result.payloads.size(), 1u);
  EXPECT_EQ(result.detail, "offset 60: a record of 1048592 bytes, 100 remain");
  EXPECT_LE(state->largest_read.Load(), image.size());
}

TEST(RecordReader, AnIoErrorIsNotTheEnd) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = Image({"first", std::string(100'000, 'x')});
  auto reader = *RecordReader::Open(OpenMemoryFile(state), kId);
  std::string_view payload;
  ASSERT_TRUE(*reader->Next(&payload));
  state->fail_reads_from.Store(0);
  EXPECT_EQ(Message(reader->Next(&payload).status()), "memory/file: read: EIO");
  state->fail_reads_from.Store(UINT64_MAX);
  ASSERT_TRUE(*reader->Next(&payload)) << "an error moves nothing";
  EXPECT_EQ(payload.size(), 100'000u);
  EXPECT_FALSE(*reader->Next(&payload));
}

TEST(RecordReader, AFileThatShrankWhileReadIsDataLoss) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = Image({"first", std::string(100'000, 'x')});
  auto reader = *RecordReader::Open(OpenMemoryFile(state), kId);
  std::string_view payload;
  ASSERT_TRUE(*reader->Next(&payload));
  state->bytes.resize(90'000);
  EXPECT_EQ(reader->Next(&payload).status().code(), absl::StatusCode::kDataLoss);
}

TEST(RecordReader, ReadIdTellsWhatTheHeaderSays) {
  EXPECT_EQ(*RecordReader::ReadId(*OpenMemoryFile(Image({}))), kId);
  EXPECT_EQ(RecordReader::ReadId(*OpenMemoryFile(std::string("abc"))).status().code(),
            absl::StatusCode::kDataLoss);
}

RC_GTEST_PROP(RecordReader, ReadsBackAnyPayloadsAndTheScanFindsAllBehindDamage, ()) {
  const auto sizes = *rc::gen::container<std::vector<size_t>>(
      rc::gen::oneOf(rc::gen::inRange<size_t>(1, 40), rc::gen::inRange<size_t>(60'000, 140'000)));
  std::vector<std::string> payloads;
  Random random(*rc::gen::arbitrary<uint64_t>());
  for (const size_t n : sizes) {
    payloads.emplace_back(n, '\0');
    for (char& c : payloads.back()) {
      c = static_cast<char>(random.Next());
    }
  }
  const auto version = *rc::gen::element(1u, 2u);
  std::string image = ImageOf(version, payloads);
  RC_ASSERT(ReadAll(image).payloads == payloads);
  if (payloads.empty()) {
    return;
  }
  const auto hit = *rc::gen::inRange<size_t>(0, payloads.size());
  const uint64_t start = OffsetOf(payloads, hit, version);
  const uint64_t place = start + random.Below(RecordBytes(payloads[hit].size(), version));
  image[place] = static_cast<char>(image[place] ^ 0x10);
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = image;
  const ReadResult result = ReadAll(state);
  RC_ASSERT(result.payloads.size() == hit);
  RC_ASSERT(result.scan.ok());
  RC_ASSERT(result.behind.size() == payloads.size() - hit - 1);
  for (size_t i = 0; i < result.behind.size(); ++i) {
    RC_ASSERT(result.behind[i] == payloads[hit + 1 + i].substr(0, RecordReader::kScanPrefixBytes));
  }
}

// Bytes of the other version are stale, whatever the header says about them.
TEST_P(RecordReaderOfVersion, RecordsOfTheOtherVersionAreNoneOfTheFile) {
  const std::string one = ImageOf(GetParam(), FourPayloads());
  const std::string other = ImageOf(3 - GetParam(), FourPayloads());
  const size_t middle = OffsetOf(FourPayloads(), 2, 1);
  const ReadResult result = ReadAll(one.substr(0, middle) + other.substr(middle));
  EXPECT_TRUE(result.behind.empty());
  EXPECT_EQ(result.reason, EndReason::kBadRecord);
  EXPECT_EQ(result.version, GetParam());
}

TEST(ScanBehindEnd, StopsWhenTheVisitorSaysSo) {
  std::string image = Image(FourPayloads());
  image[0] = 'x';
  auto reader = *RecordReader::Open(OpenMemoryFile(image), kId);
  int visits = 0;
  EXPECT_TRUE(reader
                  ->ScanBehindEnd([&](uint64_t offset, std::string_view) {
                    EXPECT_EQ(offset, kRecordFileHeaderBytes);
                    ++visits;
                    return false;
                  })
                  .ok());
  EXPECT_EQ(visits, 1);
}

TEST(ScanBehindEnd, AFileMadeOfOverlappingHeadersIsRefusedAfterBoundedWork) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = Image({"first"}) + std::string(size_t{2} << 20, 'x');
  // Every 16 bytes there is a header whose own check holds, for a record that reaches to the file's
  // end.
  std::string record(state->bytes.size(), 'x');
  const uint64_t size = state->bytes.size();
  for (uint64_t at = 64; at + 4096 < size; at += 16) {
    // The seal computes a checksum of the whole; a short one gives the header of the same form.
    const auto length = static_cast<uint32_t>(std::min<uint64_t>(size - at - 24, 1500));
    SealRecord(record.data(), kId.id, at, 0, length);
    std::memcpy(state->bytes.data() + at, record.data(), kRecordHeaderBytes);
    state->bytes[at] = static_cast<char>(state->bytes[at] ^ 1);
  }
  const ReadResult result = ReadAll(state);
  EXPECT_EQ(result.payloads.size(), 1u);
  EXPECT_EQ(result.scan.code(), absl::StatusCode::kDataLoss);
  EXPECT_LE(state->bytes_read.Load(), 3 * size);
}

}  // namespace
}  // namespace veralith
