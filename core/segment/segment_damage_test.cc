// Damaged files give the right answers or an error, never wrong ones: every bit flip, every byte
// set to 00 and FF, every truncation and some extensions of small files in pairwise different
// configurations.
#include <memory>
#include <string>
#include <vector>

#include "core/base/epoch.h"
#include "core/format/key_hash.h"
#include "core/segment/page_cache.h"
#include "core/segment/segment_reader.h"
#include "core/segment/segment_writer.h"
#include "core/segment/testing/segment_model.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

bool IsHonest(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsUnimplemented(status);
}

struct Subject {
  std::vector<OwnedEntry> entries;
  std::vector<RangeTombstoneView> tombstones;
  std::string bytes;
};

// "": the same answers, or an honest error; else what is wrong.
std::string Judge(const Subject& subject, std::string damaged) {
  PageCache cache(1 << 20);
  SegmentReaderOptions options;
  options.cache = &cache;
  options.memory_limit_bytes = 8 << 20;
  auto reader = SegmentReader::Open(OpenMemoryFile(std::move(damaged)), options);
  if (!reader.ok()) {
    return IsHonest(reader.status()) ? "" : "open: " + reader.status().ToString();
  }
  if ((*reader)->range_tombstones() != subject.tombstones) {
    return "other range tombstones";
  }
  const auto iterator = (*reader)->NewIterator(false);
  size_t i = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++i) {
    if (i >= subject.entries.size() || iterator->entry() != subject.entries[i].view()) {
      return "iteration gives another entry";
    }
  }
  if (iterator->status().ok() ? i != subject.entries.size() : !IsHonest(iterator->status())) {
    return "iteration ends early: " + iterator->status().ToString();
  }
  for (const OwnedEntry& entry : subject.entries) {
    LookupResult result;
    EpochGuard guard;
    const absl::Status status =
        (*reader)->Get(entry.ns, entry.key, HashUserKey(entry.ns, entry.key), entry.ts,
                       {true, true}, &result);
    if (!status.ok()) {
      if (!IsHonest(status)) {
        return "lookup: " + status.ToString();
      }
      continue;
    }
    const bool same = result.kind == (entry.kind == EntryKind::kPut ? LookupResult::Kind::kPut
                                                                    : LookupResult::Kind::kDelete) &&
                      result.ts == entry.ts && result.value == entry.value;
    if (!same) {
      return "a lookup gives another answer";
    }
  }
  return "";
}

Subject MakeSubject(int number) {
  Subject subject;
  SegmentOptions options;
  constexpr parquet::Codec kCodecs[] = {parquet::Codec::kNone, parquet::Codec::kLz4Raw,
                                        parquet::Codec::kSnappy, parquet::Codec::kZstd};
  options.value_codec = kCodecs[number % 4];
  options.key_page_bytes = number % 3 == 0 ? 64 : 4096;
  options.value_page_bytes = number % 3 == 1 ? 64 : 200;
  options.timestamp_page_rows = number % 2 == 0 ? 4 : 1000;
  options.row_group_rows = number % 5 == 0 ? 8 : 1000;
  options.filter_bits_per_key = number % 4 == 1 ? 0 : 10;
  options.write_parquet_bloom_filter = number % 3 != 2;
  options.write_hex_index = number % 6 == 3;
  options.sparse_index_interval = 1 + static_cast<uint32_t>(number % 3);
  const int rows = number == 11 ? 0 : 14;
  for (int i = 0; i < rows; ++i) {
    OwnedEntry entry;
    entry.ns = number % 2 == 0 ? 0 : static_cast<NamespaceId>(i / 5);
    entry.key = "key" + std::to_string(100 + i / (1 + number % 3));
    entry.ts = static_cast<Timestamp>(1000 - i);
    if (i % 5 == 3) {
      entry.kind = EntryKind::kDelete;
    } else {
      entry.value = std::string(static_cast<size_t>(i * 3), static_cast<char>('a' + i % 3));
    }
    subject.entries.push_back(entry);
  }
  SortEntries(&subject.entries);
  if (number % 2 == 1) {
    subject.tombstones = {{0, "key101", "key107", false, 900}, {1, "x", "", true, 3}};
  }
  const auto written = WriteSegment(subject.entries, options, subject.tombstones);
  EXPECT_TRUE(written.ok()) << written.status();
  subject.bytes = written->bytes;
  return subject;
}

class SegmentDamage : public testing::TestWithParam<int> {};

TEST_P(SegmentDamage, TheIntactFileIsRead) {
  const Subject subject = MakeSubject(GetParam());
  EXPECT_LE(subject.bytes.size(), 6000u);
  EXPECT_EQ(Judge(subject, subject.bytes), "");
  const auto reader = SegmentReader::Open(OpenMemoryFile(subject.bytes), {});
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE((*reader)->Check().ok()) << (*reader)->Check();
}

TEST_P(SegmentDamage, EveryBitFlipGivesTheSameAnswersOrAnError) {
  const Subject subject = MakeSubject(GetParam());
  for (size_t bit = 0; bit < subject.bytes.size() * 8; ++bit) {
    std::string damaged = subject.bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(Judge(subject, std::move(damaged)), "") << "bit " << bit % 8 << " of " << bit / 8;
  }
}

TEST_P(SegmentDamage, EveryByteSetToZerosOrOnesGivesTheSameAnswersOrAnError) {
  const Subject subject = MakeSubject(GetParam());
  for (size_t at = 0; at < subject.bytes.size(); ++at) {
    for (const char byte : {'\x00', '\xff'}) {
      std::string damaged = subject.bytes;
      damaged[at] = byte;
      ASSERT_EQ(Judge(subject, std::move(damaged)), "") << "byte " << at;
    }
  }
}

TEST_P(SegmentDamage, NoFileCutShortOpens) {
  const Subject subject = MakeSubject(GetParam());
  for (size_t size = 0; size < subject.bytes.size(); ++size) {
    const auto reader = SegmentReader::Open(OpenMemoryFile(subject.bytes.substr(0, size)), {});
    ASSERT_FALSE(reader.ok()) << size;
    ASSERT_TRUE(IsHonest(reader.status())) << reader.status();
  }
}

TEST_P(SegmentDamage, NoExtendedFileOpens) {
  const Subject subject = MakeSubject(GetParam());
  const std::string tail = subject.bytes.substr(subject.bytes.size() - 8);
  for (const std::string& extension :
       {std::string("\0", 1), std::string(8, '\0'), std::string(4096, '\xff'), tail, subject.bytes,
        subject.bytes.substr(4)}) {
    const auto reader = SegmentReader::Open(OpenMemoryFile(subject.bytes + extension), {});
    EXPECT_FALSE(reader.ok()) << "opened with " << extension.size() << " bytes more";
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, SegmentDamage, testing::Range(0, 12));

TEST(SegmentOpen, ASizeOtherThanTheManifestsIsDataLoss) {
  const Subject subject = MakeSubject(0);
  SegmentReaderOptions options;
  options.expected_file_bytes = subject.bytes.size() + 1;
  EXPECT_TRUE(absl::IsDataLoss(
      SegmentReader::Open(OpenMemoryFile(subject.bytes), options).status()));
}

TEST(SegmentOpen, AnotherWritersNameIsDamageWhereTheManifestKnowsTheFile) {
  const Subject subject = MakeSubject(0);
  std::string damaged = subject.bytes;
  damaged[damaged.rfind("veralith version")] ^= 1;
  EXPECT_TRUE(absl::IsUnimplemented(SegmentReader::Open(OpenMemoryFile(damaged), {}).status()));
  SegmentReaderOptions options;
  options.expected_file_bytes = damaged.size();
  EXPECT_TRUE(absl::IsDataLoss(SegmentReader::Open(OpenMemoryFile(damaged), options).status()));
}

TEST(SegmentOpen, ErrorsNameFileAndOffset) {
  const Subject subject = MakeSubject(0);
  std::string damaged = subject.bytes;
  damaged[subject.bytes.size() - 1] ^= 1;
  const auto reader = SegmentReader::Open(OpenMemoryFile(damaged), {});
  ASSERT_FALSE(reader.ok());
  const std::string message(Message(reader.status()));
  EXPECT_NE(message.find("memory: offset "), std::string::npos) << message;
}

TEST(SegmentCheck, FindsDamageThatLookupsNeverRead) {
  const Subject subject = MakeSubject(0);
  std::string damaged = subject.bytes;
  damaged[6] ^= 1;  // in the first namespace page
  EXPECT_EQ(Judge(subject, damaged), "");
  const auto reader = SegmentReader::Open(OpenMemoryFile(damaged), {});
  ASSERT_TRUE(reader.ok());
  const absl::Status checked = (*reader)->Check();
  EXPECT_TRUE(absl::IsDataLoss(checked)) << checked;
  EXPECT_NE(Message(checked).find("memory: offset 4: "), std::string_view::npos) << checked;
}

TEST(SegmentRead, AnIoErrorIsThatErrorAndNothingIsSkipped) {
  const Subject subject = MakeSubject(0);
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = subject.bytes;
  const auto reader = SegmentReader::Open(OpenMemoryFile(state), {});
  ASSERT_TRUE(reader.ok());
  for (uint64_t from = 0; from < subject.bytes.size(); from += 10) {
    state->fail_reads_from.Store(from);
    const auto iterator = (*reader)->NewIterator(false);
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
