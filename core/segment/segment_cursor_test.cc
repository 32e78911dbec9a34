// What a cursor over a segment reads, and what it does when it cannot. (What it shows:
// segment_round_trip_test.)
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/segment/page_cache.h"
#include "core/segment/segment_reader.h"
#include "core/segment/testing/segment_model.h"

namespace veralith {
namespace {

constexpr int kKeys = 2000;

std::string KeyOf(int i) { return "key" + std::to_string(100'000 + i); }

// kKeys keys, one version each unless `versions` says otherwise, one timestamp to a page.
class SegmentCursorTest : public ::testing::Test {
 protected:
  void Write(int versions = 1) {
    std::vector<OwnedEntry> entries;
    for (int i = 0; i < kKeys; ++i) {
      for (int version = versions; version > 0; --version) {
        entries.push_back({0, KeyOf(i), static_cast<Timestamp>(10 * version), EntryKind::kPut,
                           "value " + std::to_string(i) + "." + std::to_string(version)});
      }
    }
    SegmentOptions options;
    options.key_page_bytes = 400;
    options.value_page_bytes = 400;
    options.timestamp_page_rows = 1;
    const auto written = WriteSegment(entries, options);
    ASSERT_TRUE(written.ok()) << written.status();
    file_->bytes = written->bytes;
    SegmentReaderOptions reader_options;
    reader_options.cache = &cache_;
    reader_options.readahead_bytes = 2000;  // a few pages
    auto reader = SegmentReader::Open(OpenMemoryFile(file_), reader_options);
    ASSERT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
    opened_ = file_->bytes_read.Load();
  }
  uint64_t BytesRead() const { return file_->bytes_read.Load() - opened_; }

  PageCache cache_{20'000};
  std::shared_ptr<MemoryFileState> file_ = std::make_shared<MemoryFileState>();
  std::unique_ptr<SegmentReader> reader_;
  uint64_t opened_ = 0;
};

TEST_F(SegmentCursorTest, StandsOnTheFirstKeyOfAPageWithoutReadingIt) {
  Write();
  const auto cursor = reader_->NewCursor(0, kMaxTimestamp, true);
  for (const char* key : {"", "a", "key1"}) {
    cursor->Seek(key);
    ASSERT_TRUE(cursor->Valid());
    EXPECT_EQ(cursor->key(), KeyOf(0));
  }
  for (const auto& first : reader_->SampleKeys(1'000'000)) {
    cursor->Seek(first.key);
    ASSERT_TRUE(cursor->Valid());
    EXPECT_EQ(cursor->key(), first.key);
  }
  EXPECT_EQ(BytesRead(), 0u);
  cursor->Next();
  EXPECT_GT(BytesRead(), 0u);
}

TEST_F(SegmentCursorTest, ReadsKeyPagesAloneUnlessAskedForMore) {
  Write();
  const auto cursor = reader_->NewCursor(0, 10, true);
  int keys = 0;
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    ++keys;
  }
  for (cursor->SeekToLast(); cursor->Valid(); cursor->Prev()) {
    ++keys;
  }
  EXPECT_EQ(keys, 2 * kKeys);
  EXPECT_LT(BytesRead(), file_->bytes.size() / 8);  // timestamps and values are most of the file
}

TEST_F(SegmentCursorTest, ReadsTimestampsWhereTheSnapshotMayNotSeeAVersion) {
  Write(/*versions=*/3);
  for (const Timestamp snapshot : {9, 10, 25, 30}) {
    const auto cursor = reader_->NewCursor(0, snapshot, true);
    int keys = 0;
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      ASSERT_TRUE(cursor->Load());
      EXPECT_EQ(cursor->value(), "value " + std::to_string(keys) + "." +
                                     std::to_string(snapshot / 10));
      ++keys;
    }
    EXPECT_EQ(keys, snapshot < 10 ? 0 : kKeys);
  }
}

TEST_F(SegmentCursorTest, WhatCannotBeReadEndsItUntilTheNextSeek) {
  Write();
  const auto cursor = reader_->NewCursor(0, kMaxTimestamp, false);
  const auto fails = [&](auto move) {
    cursor->Seek(KeyOf(300));
    ASSERT_TRUE(cursor->Valid());
    file_->fail_reads_from.Store(0);
    move();
    EXPECT_FALSE(cursor->Valid());
    EXPECT_TRUE(absl::IsUnavailable(cursor->status())) << cursor->status();
    file_->fail_reads_from.Store(UINT64_MAX);
  };
  fails([&] { EXPECT_FALSE(cursor->Load()); });
  fails([&] { EXPECT_FALSE(cursor->LoadTimestamp()); });
  fails([&] {
    while (cursor->Valid()) cursor->Next();
  });
  fails([&] {
    while (cursor->Valid()) cursor->Prev();
  });
  fails([&] { cursor->Seek(KeyOf(5) + "+"); });
  fails([&] { cursor->SeekForPrev(KeyOf(5) + "+"); });
  fails([&] { cursor->SeekToLast(); });
}

TEST_F(SegmentCursorTest, ALongScanDisplacesNothingFromAFullCache) {
  Write();
  const auto cursor = reader_->NewCursor(0, kMaxTimestamp, true);
  for (int i = 0; i < kKeys; i += 7) {
    cursor->Seek(KeyOf(i * 31 % kKeys));
    ASSERT_TRUE(cursor->Load());
  }
  const uint64_t before = cache_.evictions();
  ASSERT_GT(before, 0u);  // it is full
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    ASSERT_TRUE(cursor->Load());
  }
  EXPECT_TRUE(cursor->status().ok());
  EXPECT_LT(cache_.evictions() - before, 50u);  // where the cache interrupts a stretch
}

}  // namespace
}  // namespace veralith
