// SPDX-License-Identifier: Apache-2.0

// Damaged files give the right answers or an error, never wrong answers: every bit flip, every byte
// set to 00 and FF, every truncation and some extensions of small files, in configurations that
// cover every pair of settings. (All 255 changes of every byte: segment_exhaustive_test.cc.)
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/format/key_hash.h"
#include "core/format/testing/allocation_count.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "core/segment/testing/small_segments.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

bool IsHonest(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsUnimplemented(status);
}

std::string Damaged(const SmallSegment& segment, size_t at, char byte) {
  std::string damaged = segment.bytes;
  damaged[at] = byte;
  return damaged;
}

TEST(SmallSegments, HoldEveryPairOfSettings) {
  const auto& configurations = SmallSegmentConfigurations();
  for (size_t a = 0; a < kSmallSegmentFactors; ++a) {
    for (size_t b = a + 1; b < kSmallSegmentFactors; ++b) {
      std::set<std::pair<int, int>> pairs;
      for (const SmallSegmentSettings& settings : configurations) {
        pairs.emplace(settings[a], settings[b]);
      }
      EXPECT_EQ(pairs.size(), static_cast<size_t>(SettingsOf(a) * SettingsOf(b))) << a << "," << b;
    }
  }
}

class SegmentDamage : public ::testing::TestWithParam<int> {
 protected:
  const SmallSegment segment_ = MakeSmallSegment(GetParam());
};

TEST_P(SegmentDamage, TheIntactFileIsRead) {
  EXPECT_LE(segment_.bytes.size(), GetParam() < 12 ? 2048u : 3072u);
  EXPECT_EQ(JudgeDamage(segment_, segment_.bytes), "");
  EXPECT_EQ(JudgeDamage(segment_, segment_.bytes, /*known=*/true), "");
  SegmentReaderOptions options;
  options.memory_limit_bytes = kSmallSegmentMemoryLimit;
  const auto reader = SegmentReader::Open(OpenMemoryFile(segment_.bytes), options);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(CheckSegment(**reader).ok()) << CheckSegment(**reader);
}

TEST_P(SegmentDamage, EveryBitFlipGivesTheSameAnswersOrAnError) {
  for (size_t bit = 0; bit < segment_.bytes.size() * 8; ++bit) {
    const auto byte = static_cast<char>(segment_.bytes[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(JudgeDamage(segment_, Damaged(segment_, bit / 8, byte)), "")
        << "bit " << bit % 8 << " of " << bit / 8;
  }
}

TEST_P(SegmentDamage, EveryByteSetToZerosOrOnesGivesTheSameAnswersOrAnError) {
  for (size_t at = 0; at < segment_.bytes.size(); ++at) {
    for (const char byte : {'\x00', '\xff'}) {
      ASSERT_EQ(JudgeDamage(segment_, Damaged(segment_, at, byte), /*known=*/true), "")
          << "byte " << at;
    }
  }
}

TEST_P(SegmentDamage, NoDamageMakesTheReaderAskForMoreThanTheLimit) {
  ForgetLargestAllocation();
  for (size_t at = 0; at < segment_.bytes.size(); ++at) {
    (void)JudgeDamage(segment_, Damaged(segment_, at, '\xff'));
    (void)JudgeDamage(segment_, Damaged(segment_, at, '\x7f'));
    // The page cache and the test's own copies stay far below.
    ASSERT_LE(LargestAllocation(), kSmallSegmentMemoryLimit) << "byte " << at;
  }
}

TEST_P(SegmentDamage, TheStructureCheckFindsEveryFlippedBit) {
  const std::string& bytes = segment_.bytes;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto byte = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    const auto reader = SegmentReader::Open(OpenMemoryFile(Damaged(segment_, bit / 8, byte)), {});
    const absl::Status status = reader.ok() ? CheckSegment(**reader) : reader.status();
    EXPECT_TRUE(IsHonest(status)) << "bit " << bit % 8 << " of " << bit / 8 << ": " << status;
  }
}

TEST_P(SegmentDamage, NoFileCutShortOpens) {
  for (size_t size = 0; size < segment_.bytes.size(); ++size) {
    const auto reader = SegmentReader::Open(OpenMemoryFile(segment_.bytes.substr(0, size)), {});
    ASSERT_FALSE(reader.ok()) << size;
    ASSERT_TRUE(IsHonest(reader.status())) << reader.status();
  }
}

TEST_P(SegmentDamage, NoExtendedFileOpens) {
  const std::string& bytes = segment_.bytes;
  const std::string tail = bytes.substr(bytes.size() - 8);
  for (const std::string& extension : {std::string("\0", 1), std::string(8, '\0'),
                                       std::string(4096, '\xff'), tail, bytes, bytes.substr(4)}) {
    const auto reader = SegmentReader::Open(OpenMemoryFile(bytes + extension), {});
    ASSERT_FALSE(reader.ok()) << "opened with " << extension.size() << " bytes more";
    ASSERT_TRUE(IsHonest(reader.status())) << reader.status();
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, SegmentDamage, ::testing::Range(0, kSmallSegments));

TEST(SegmentOpen, ASizeOtherThanTheManifestsIsDataLoss) {
  const SmallSegment subject = MakeSmallSegment(4);
  SegmentReaderOptions options;
  options.expected_file_bytes = subject.bytes.size() + 1;
  EXPECT_TRUE(
      absl::IsDataLoss(SegmentReader::Open(OpenMemoryFile(subject.bytes), options).status()));
}

TEST(SegmentOpen, AnotherWritersNameIsDamageWhereTheManifestKnowsTheFile) {
  const SmallSegment subject = MakeSmallSegment(4);
  std::string damaged = subject.bytes;
  damaged[damaged.rfind("veralith version")] ^= 1;
  EXPECT_TRUE(absl::IsUnimplemented(SegmentReader::Open(OpenMemoryFile(damaged), {}).status()));
  SegmentReaderOptions options;
  options.expected_file_bytes = damaged.size();
  EXPECT_TRUE(absl::IsDataLoss(SegmentReader::Open(OpenMemoryFile(damaged), options).status()));
}

TEST(SegmentOpen, ErrorsNameFileAndOffset) {
  const SmallSegment subject = MakeSmallSegment(4);
  std::string damaged = subject.bytes;
  damaged[subject.bytes.size() - 1] ^= 1;
  const auto reader = SegmentReader::Open(OpenMemoryFile(damaged), {});
  ASSERT_FALSE(reader.ok());
  const std::string message(Message(reader.status()));
  EXPECT_NE(message.find("memory/file: offset "), std::string::npos) << message;
}

TEST(SegmentRead, AFileThatShrinksUnderItsReaderIsDataLoss) {
  const SmallSegment subject = MakeSmallSegment(3);
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = subject.bytes;
  const auto reader = SegmentReader::Open(OpenMemoryFile(state), {});
  ASSERT_TRUE(reader.ok());
  state->bytes.resize(10);
  const auto iterator = (*reader)->NewStream(false);
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(absl::IsDataLoss(iterator->status())) << iterator->status();
}

std::vector<OwnedEntry> Numbered(int count) {
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < count; ++i) {
    entries.push_back({0, std::to_string(1'000'000 + i), 1, EntryKind::kPut, ""});
  }
  return entries;
}

// Segments that need much memory: for a value, for keys, for the number of rows in a page, for a
// page of timestamps, or for a page of namespaces.
std::vector<WrittenSegment> LargeSegments() {
  std::vector<std::vector<OwnedEntry>> contents(3);
  contents[0].push_back({0, "k", 1, EntryKind::kPut, std::string(1 << 20, 'v')});
  for (int i = 0; i < 40; ++i) {
    contents[1].push_back(
        {0, std::string(30'000, static_cast<char>('0' + i)), 1, EntryKind::kPut, ""});
  }
  contents[2] = Numbered(200'000);
  SegmentOptions options;
  options.key_page_bytes = size_t{16} << 20;
  options.value_page_bytes = size_t{16} << 20;
  options.timestamp_page_rows = 1 << 20;
  options.namespace_page_rows = 1 << 20;
  options.row_group_rows = 1 << 20;
  std::vector<WrittenSegment> written;
  for (const auto& entries : contents) {
    written.push_back(WriteSegment(entries, options).value());
  }
  options.key_page_bytes = options.value_page_bytes = 4096;
  for (const bool many_timestamps : {true, false}) {
    options.timestamp_page_rows = many_timestamps ? 1 << 20 : 1000;
    options.namespace_page_rows = many_timestamps ? 1000 : 1 << 20;
    written.push_back(WriteSegment(Numbered(20'000), options).value());
  }
  return written;
}

TEST(SegmentRead, UnderAnyMemoryLimitTheAnswerIsWholeOrResourceExhausted) {
  std::string refusals;
  for (const WrittenSegment& written : LargeSegments()) {
    for (uint64_t limit = 1 << 10; limit <= (1 << 26); limit *= 2) {
      SegmentReaderOptions options;
      options.memory_limit_bytes = limit;
      const auto reader = SegmentReader::Open(OpenMemoryFile(written.bytes), options);
      absl::Status status = reader.status();
      if (status.ok()) {
        const auto iterator = (*reader)->NewStream(false);
        uint64_t rows = 0;
        for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
          ++rows;
        }
        status = iterator->status();
        ASSERT_TRUE(!status.ok() || rows == written.summary.entries);
        const absl::Status checked = CheckSegment(**reader);
        ASSERT_TRUE(checked.ok() || absl::IsResourceExhausted(checked)) << checked;
        refusals += Message(checked);
        LookupResult result;
        EpochGuard guard;
        const absl::Status found = (*reader)->Get(
            0, written.summary.smallest_key, HashUserKey(0, written.summary.smallest_key),
            kMaxTimestamp, {.fill_cache = true, .want_timestamp = true}, &result);
        ASSERT_TRUE(found.ok() ? result.ts == 1 : absl::IsResourceExhausted(found)) << found;
        refusals += Message(found);
      }
      ASSERT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
      ASSERT_TRUE(status.ok() || limit < (1 << 26));
      refusals += Message(status);
    }
  }
  for (const char* refusal : {"a footer larger", "a segment block larger", "a value page larger",
                              "a key page of more rows", "a key page larger",
                              "a timestamp page larger", "a namespace page larger"}) {
    EXPECT_NE(refusals.find(refusal), std::string::npos) << refusal;
  }
}

TEST(SegmentCheck, FindsDamageThatLookupsNeverRead) {
  const SmallSegment subject = MakeSmallSegment(4);
  std::string damaged = subject.bytes;
  damaged[6] ^= 1;  // in the first namespace page
  EXPECT_EQ(JudgeDamage(subject, damaged), "");
  const auto reader = SegmentReader::Open(OpenMemoryFile(damaged), {});
  ASSERT_TRUE(reader.ok());
  const absl::Status checked = CheckSegment(**reader);
  EXPECT_TRUE(absl::IsDataLoss(checked)) << checked;
  EXPECT_NE(Message(checked).find("memory/file: offset 4: "), std::string_view::npos) << checked;
}

TEST(SegmentRead, AnIoErrorIsThatErrorAndNothingIsSkipped) {
  const SmallSegment subject = MakeSmallSegment(4);
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = subject.bytes;
  const auto reader = SegmentReader::Open(OpenMemoryFile(state), {});
  ASSERT_TRUE(reader.ok());
  for (uint64_t from = 0; from < subject.bytes.size(); from += 10) {
    state->fail_reads_from.Store(from);
    const auto iterator = (*reader)->NewStream(false);
    size_t rows = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      ASSERT_EQ(iterator->entry(), subject.entries[rows].view());
      ++rows;
    }
    ASSERT_TRUE(rows == subject.entries.size() || absl::IsUnavailable(iterator->status()));
    LookupResult result;
    EpochGuard guard;
    const OwnedEntry& entry = subject.entries.back();
    const absl::Status status = (*reader)->Get(
        entry.ns, entry.key, HashUserKey(entry.ns, entry.key), kMaxTimestamp, {}, &result);
    ASSERT_TRUE(status.ok() ? result.kind != LookupResult::Kind::kAbsent
                            : absl::IsUnavailable(status));
  }
}

}  // namespace
}  // namespace veralith
