// SPDX-License-Identifier: Apache-2.0

// What a writer refuses, and what it says about a file while it writes it.
#include "core/segment/write/segment_writer.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/format/parquet_metadata.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/read/segment_file.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "gtest/gtest.h"
#include "veralith/types.h"

namespace veralith {
namespace {

std::unique_ptr<SegmentWriter> NewWriter(const SegmentOptions& options = {}) {
  auto writer = SegmentWriter::Create(OpenMemoryFile(std::string()), options);
  EXPECT_TRUE(writer.ok()) << writer.status();
  return *std::move(writer);
}

std::string Refusal(const absl::Status& status) {
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  return std::string(Message(status));
}

TEST(SegmentWriter, RefusesOptionsOutOfRange) {
  std::vector<SegmentOptions> bad(11);
  bad[0].key_page_bytes = 0;
  bad[1].row_group_bytes = 0;
  bad[2].key_page_bytes = (size_t{64} << 20) + 1;
  bad[3].value_page_bytes = (size_t{64} << 20) + 1;
  bad[4].timestamp_page_rows = (1 << 20) + 1;
  bad[5].namespace_page_rows = (1 << 20) + 1;
  bad[6].row_group_rows = (uint64_t{1} << 30) + 1;
  bad[7].row_group_bytes = (uint64_t{1} << 30) + 1;
  bad[8].filter_bits_per_key = -1;
  bad[9].filter_bits_per_key = 101;
  bad[10].filter_bits_per_key = std::numeric_limits<double>::quiet_NaN();
  for (const SegmentOptions& options : bad) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        SegmentWriter::Create(OpenMemoryFile(std::string()), options).status()));
  }
}

TEST(SegmentWriter, RefusesEntriesOutOfRange) {
  const std::string key(kMaxKeyBytes + 1, 'k');
  EXPECT_EQ(Refusal(NewWriter()->Add({kMaxNamespace + 1, "k", 1, EntryKind::kPut, ""})),
            "namespace beyond 2^63-1");
  EXPECT_EQ(Refusal(NewWriter()->Add({0, "k", 0, EntryKind::kPut, ""})),
            "timestamp outside 1..2^63-1");
  EXPECT_EQ(Refusal(NewWriter()->Add({0, "k", kMaxTimestamp + 1, EntryKind::kPut, ""})),
            "timestamp outside 1..2^63-1");
  EXPECT_EQ(Refusal(NewWriter()->Add({0, key, 1, EntryKind::kPut, ""})), "key or value too long");
  EXPECT_EQ(Refusal(NewWriter()->Add({0, "k", 1, static_cast<EntryKind>(9), ""})),
            "unknown kind of entry");
  EXPECT_EQ(Refusal(NewWriter()->Add({0, "k", 1, EntryKind::kDelete, "v"})),
            "a tombstone with a value");
}

TEST(SegmentWriter, AfterARefusalSaysTheSameOfEverything) {
  const auto writer = NewWriter();
  const std::string refusal = Refusal(writer->Add({0, "k", 0, EntryKind::kPut, ""}));
  EXPECT_EQ(Refusal(writer->Add({0, "k", 1, EntryKind::kPut, ""})), refusal);
  EXPECT_EQ(Refusal(writer->Finish().status()), refusal);
}

TEST(SegmentWriter, RefusesRangeTombstonesOutOfRange) {
  const std::string key(kMaxKeyBytes + 1, 'k');
  const auto refusal = [](const RangeTombstoneView& tombstone) {
    return Refusal(NewWriter()->AddRangeTombstone(tombstone));
  };
  EXPECT_EQ(refusal({kMaxNamespace + 1, "a", "b", false, 1}),
            "range tombstone: namespace beyond 2^63-1");
  EXPECT_EQ(refusal({0, "a", "b", false, 0}), "range tombstone: timestamp outside 1..2^63-1");
  EXPECT_EQ(refusal({0, key, "", true, 1}), "range tombstone: key too long");
  EXPECT_EQ(refusal({0, "a", key, false, 1}), "range tombstone: key too long");
  EXPECT_EQ(refusal({0, "a", "a", false, 1}), "range tombstone: empty range");
}

TEST(SegmentWriter, RefusesEntriesThatDoNotAscend) {
  const auto after_b5 = [](const EntryView& entry) {
    const auto writer = NewWriter();
    EXPECT_TRUE(writer->Add({1, "b", 5, EntryKind::kPut, ""}).ok());
    return writer->Add(entry);
  };
  EXPECT_TRUE(absl::IsInvalidArgument(after_b5({1, "b", 5, EntryKind::kPut, ""})));
  EXPECT_TRUE(absl::IsInvalidArgument(after_b5({1, "b", 6, EntryKind::kPut, ""})));
  EXPECT_TRUE(absl::IsInvalidArgument(after_b5({1, "a", 4, EntryKind::kPut, ""})));
  EXPECT_TRUE(absl::IsInvalidArgument(after_b5({0, "c", 4, EntryKind::kPut, ""})));
  EXPECT_TRUE(after_b5({1, "b", 4, EntryKind::kPut, ""}).ok());
}

TEST(SegmentWriter, SortsRangeTombstonesByBeginThenNewestFirst) {
  const std::vector<RangeTombstoneView> sorted = {{0, "a", "c", false, 9}, {0, "a", "b", false, 5},
                                                  {0, "a", "c", false, 5}, {0, "a", "", true, 5},
                                                  {0, "b", "c", false, 9}, {1, "a", "c", false, 9}};
  const auto written = WriteSegment({}, {}, {sorted.rbegin(), sorted.rend()});
  ASSERT_TRUE(written.ok());
  const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), {});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->range_tombstones(), sorted);
}

// "key" or "key=value" of each entry, without the values of block and checksum.
std::vector<std::string> FooterEntries(const std::string& file) {
  const auto footer =
      ReadSegmentFooter(*OpenMemoryFile(file), file.size(), uint64_t{1} << 30, /*known=*/true);
  EXPECT_TRUE(footer.ok()) << footer.status();
  std::vector<std::string> entries;
  for (const parquet::KeyValue& entry : footer->metadata.key_value_metadata) {
    const bool shown = entry.value.has_value() && entry.value->size() < 8;
    entries.push_back(shown ? entry.key + "=" + *entry.value : entry.key);
  }
  return entries;
}

TEST(SegmentWriter, WritesItsFooterEntriesInTheOrderOfTheFormat) {
  const std::vector<OwnedEntry> rows = {{0, "k", 1, EntryKind::kPut, "v"}};
  std::vector<RangeTombstoneView> tombstones;
  for (Timestamp ts = 1; ts <= 12; ++ts) {
    tombstones.push_back({0, "a", "b", false, ts});
  }
  SegmentOptions options;
  options.write_hex_index = true;
  const auto whole = WriteSegment(rows, options, tombstones);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(FooterEntries(whole->bytes),
            (std::vector<std::string>{"veralith.block", "veralith.range_tombstones=12",
                                      "merutable.kv_index.v1", "veralith.crc"}));
  const auto plain = WriteSegment(rows, {});
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(FooterEntries(plain->bytes),
            (std::vector<std::string>{"veralith.block", "veralith.crc"}));
}

std::vector<OwnedEntry> Numbered(int count) {
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < count; ++i) {
    entries.push_back({0, "key" + std::to_string(100'000 + i), static_cast<Timestamp>(i + 1),
                       EntryKind::kPut, std::string(50, 'v')});
  }
  return entries;
}

TEST(SegmentWriter, EstimatesTheFileWithinATenth) {
  SegmentOptions options;
  options.value_codec = parquet::Codec::kNone;
  options.write_parquet_bloom_filter = false;
  options.row_group_rows = 4000;
  for (const int count : {1000, 4000, 20'000}) {
    const auto writer = NewWriter(options);
    for (const OwnedEntry& entry : Numbered(count)) {
      ASSERT_TRUE(writer->Add(entry.view()).ok());
    }
    EXPECT_EQ(writer->entries(), static_cast<uint64_t>(count));
    const auto estimate = static_cast<double>(writer->EstimatedBytes());
    const auto summary = writer->Finish();
    ASSERT_TRUE(summary.ok());
    EXPECT_NEAR(estimate / static_cast<double>(summary->file_bytes), 1.0, 0.1) << count;
  }
}

TEST(SegmentReader, TellsWhereKeysLieAndSamplesKeysThatExist) {
  const std::vector<OwnedEntry> entries = Numbered(10'000);
  const auto written = WriteSegment(entries, {});
  ASSERT_TRUE(written.ok());
  const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), {});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->path(), "memory/file");
  EXPECT_GT((*reader)->memory_bytes(), 1000u);
  EXPECT_EQ((*reader)->ApproximateOffset(0, ""), 0u);
  uint64_t last = 0;
  for (const OwnedEntry& entry : entries) {
    const uint64_t offset = (*reader)->ApproximateOffset(entry.ns, entry.key);
    ASSERT_GE(offset, last);
    last = offset;
  }
  EXPECT_GT(last, written->bytes.size() / 3);  // indexes, block and footer follow the rows
  EXPECT_LE(last, written->bytes.size());
  const auto keys = (*reader)->SampleKeys(7);
  ASSERT_EQ(keys.size(), 7u);
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_NE(FindInModel(entries, keys[i].ns, keys[i].key, kMaxTimestamp), nullptr);
    EXPECT_TRUE(i == 0 || keys[i - 1].key < keys[i].key);
  }
}

TEST(SegmentWriter, MoreRowGroupsThanOrdinalsCanNumberAreReadBack) {
  SegmentOptions options;
  options.row_group_rows = 1;
  options.write_parquet_bloom_filter = false;
  const std::vector<OwnedEntry> entries = Numbered(32'770);
  const auto written = WriteSegment(entries, options);
  ASSERT_TRUE(written.ok()) << written.status();
  SegmentReaderOptions reading;
  reading.memory_limit_bytes = uint64_t{8} << 30;  // at 128 bytes per byte of footer
  const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), reading);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto iterator = (*reader)->NewStream(false);
  size_t i = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ASSERT_EQ(iterator->entry(), entries[i++].view());
  }
  EXPECT_TRUE(iterator->status().ok() && i == entries.size()) << iterator->status();
}

TEST(SegmentWriter, KeysOfNothingButTheLargestByteHaveBoundsThatHold) {
  std::vector<OwnedEntry> entries = Numbered(3);
  entries.push_back({0, std::string(3000, '\xff'), 1, EntryKind::kPut, ""});
  const auto written = WriteSegment(entries, {});
  ASSERT_TRUE(written.ok());
  const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), {});
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE(CheckSegment(**reader).ok()) << CheckSegment(**reader);
}

TEST(SegmentWriter, ValuePagesManyToAKeyPageAreFound) {
  SegmentOptions options;
  options.value_page_bytes = 10;
  const std::vector<OwnedEntry> entries = Numbered(100);
  const auto written = WriteSegment(entries, options);
  ASSERT_TRUE(written.ok());
  const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), {});
  ASSERT_TRUE(reader.ok());
  const auto iterator = (*reader)->NewStream(true);
  for (const OwnedEntry& entry : entries) {
    iterator->Seek(entry.ns, entry.key);
    ASSERT_TRUE(iterator->Valid());
    EXPECT_EQ(iterator->entry(), entry.view());
  }
  EXPECT_TRUE(CheckSegment(**reader).ok()) << CheckSegment(**reader);
}

}  // namespace
}  // namespace veralith
