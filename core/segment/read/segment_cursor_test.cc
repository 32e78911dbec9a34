// SPDX-License-Identifier: Apache-2.0

// What a cursor over a segment reads, and what it does when it cannot. (What it shows:
// segment_round_trip_test.)
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/read/segment_file.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"

namespace veralith {
namespace {

constexpr int kKeys = 2000;

std::string KeyOf(int i) { return "key" + std::to_string(100'000 + i); }

// kKeys keys, with one version each unless `versions` says otherwise, and one timestamp per page.
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
      EXPECT_EQ(cursor->value(),
                "value " + std::to_string(keys) + "." + std::to_string(snapshot / 10));
      ++keys;
    }
    EXPECT_EQ(keys, snapshot < 10 ? 0 : kKeys);
  }
}

// One timestamp to a page, so that every timestamp looked at is read.
TEST(SegmentCursor, DoesNotLookAtAllVersionsOfAHotKey) {
  constexpr int kVersions = 10'000;
  std::vector<OwnedEntry> entries;
  for (const char* key : {"a", "b", "c"}) {
    for (int version = kVersions; version > 0; --version) {
      entries.push_back({0, key, static_cast<Timestamp>(version), EntryKind::kPut, ""});
    }
  }
  SegmentOptions options;
  options.timestamp_page_rows = 1;
  const auto written = WriteSegment(entries, options);
  ASSERT_TRUE(written.ok()) << written.status();
  auto file = std::make_shared<MemoryFileState>();
  file->bytes = written->bytes;
  PageCache cache(1 << 20);
  SegmentReaderOptions reader_options;
  reader_options.cache = &cache;
  reader_options.readahead_bytes = 1;
  const auto reader = SegmentReader::Open(OpenMemoryFile(file), reader_options);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const uint64_t opened = file->bytes_read.Load();
  for (const Timestamp snapshot : {Timestamp{1}, Timestamp{5'000}, kMaxTimestamp}) {
    const auto cursor = (*reader)->NewCursor(0, snapshot, true);
    int keys = 0;
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      ++keys;
    }
    for (cursor->SeekToLast(); cursor->Valid(); cursor->Prev()) {
      ++keys;
    }
    EXPECT_EQ(keys, 6);
  }
  EXPECT_LT(file->bytes_read.Load() - opened, file->bytes.size() / 10);
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
    while (cursor->Valid()) {
      cursor->Next();
    }
  });
  fails([&] {
    while (cursor->Valid()) {
      cursor->Prev();
    }
  });
  fails([&] { cursor->Seek(KeyOf(5) + "+"); });
  fails([&] { cursor->SeekForPrev(KeyOf(5) + "+"); });
  fails([&] { cursor->SeekToLast(); });
}

// Forty keys of one to four versions (timestamps 10, 20, ..), a few per page; one page is damaged.
class DamagedPageTest : public ::testing::TestWithParam<Timestamp> {
 protected:
  void SetUp() override {
    for (int i = 0; i < 40; ++i) {
      for (int version = 1 + i * 7 % 4; version > 0; --version) {
        entries_.push_back(
            {0, KeyOf(i), static_cast<Timestamp>(10 * version), EntryKind::kPut, "v"});
      }
    }
    SegmentOptions options;
    options.key_page_bytes = 100;
    options.timestamp_page_rows = 3;
    state_->bytes = WriteSegment(entries_, options)->bytes;
    for (const OwnedEntry& entry : entries_) {
      if (entry.ts <= snapshot() && (visible_.empty() || visible_.back() != entry.key)) {
        visible_.push_back(entry.key);
      }
    }
    file_ = *OpenSegmentFile(OpenMemoryFile(state_), uint64_t{1} << 30, std::nullopt);
    reader_ = *SegmentReader::Open(OpenMemoryFile(state_), {});
  }
  Timestamp snapshot() const { return GetParam(); }

  // Flips a bit of the page's last byte; a second call heals it.
  void Flip(const SegmentPage& page) { state_->bytes[page.offset + page.bytes - 1] ^= 1; }

  // Walks to the end of `expected`, or until the damage ends the walk. Returns true if the damage
  // did.
  bool Walk(KeyCursor* cursor, bool forward, const std::vector<std::string>& expected,
            const SegmentPage& damaged) {
    size_t shown = 0;
    for (; cursor->Valid(); forward ? cursor->Next() : cursor->Prev(), ++shown) {
      if (shown == expected.size() || cursor->key() != expected[shown]) {
        ADD_FAILURE() << "another key: " << cursor->key();
        return false;
      }
    }
    if (cursor->status().ok()) {
      EXPECT_EQ(shown, expected.size()) << "keys were skipped";
      return false;
    }
    EXPECT_EQ(cursor->status(), DataLoss("memory/file: offset " + std::to_string(damaged.offset) +
                                         ": page checksum mismatch"));
    return true;
  }

  // Returns what a walk from key number `at` shows; nothing if there is no such key.
  std::vector<std::string> KeysFrom(size_t at, bool forward) const {
    if (at >= visible_.size()) {
      return {};
    }
    const auto stands = visible_.begin() + static_cast<ptrdiff_t>(at);
    std::vector<std::string> keys(forward ? stands : visible_.begin(),
                                  forward ? visible_.end() : stands + 1);
    if (!forward) {
      std::reverse(keys.begin(), keys.end());
    }
    return keys;
  }

  // Walks from every key on, after seeks from either side, in both directions. Returns how many
  // walks the damage ended.
  int WalkFromEveryKey(const SegmentPage& damaged) {
    int ended = 0;
    for (int i = 0; i < 40; ++i) {
      const std::string key = KeyOf(i);
      const auto at = static_cast<size_t>(std::lower_bound(visible_.begin(), visible_.end(), key) -
                                          visible_.begin());
      const bool is_there = at < visible_.size() && visible_[at] == key;
      for (const bool forward : {true, false}) {
        const auto cursor = reader_->NewCursor(0, snapshot(), /*fill_cache=*/false);
        cursor->Seek(key);
        ended += Walk(cursor.get(), forward, KeysFrom(at, forward), damaged);
        cursor->SeekForPrev(key);
        ended += Walk(cursor.get(), forward, KeysFrom(is_there ? at : at - 1, forward), damaged);
      }
    }
    return ended;
  }

  std::vector<OwnedEntry> entries_;
  std::vector<std::string> visible_;  // the keys
  std::shared_ptr<MemoryFileState> state_ = std::make_shared<MemoryFileState>();
  std::unique_ptr<SegmentFile> file_;
  std::unique_ptr<SegmentReader> reader_;
};

TEST_P(DamagedPageTest, EndsTheWalksThatNeedItByNameAndSkipsNothing) {
  for (const SegmentColumn column : {SegmentColumn::kKey, SegmentColumn::kTimestamp}) {
    int ended = 0;
    ASSERT_GT(file_->block.page_count(column), 5u);
    for (size_t i = 0; i < file_->block.page_count(column); ++i) {
      const SegmentPage page = file_->block.Page(column, i);
      Flip(page);
      ended += WalkFromEveryKey(page);
      Flip(page);
      EXPECT_EQ(WalkFromEveryKey(page), 0);
      if (HasFailure()) {
        return;
      }
    }
    // If nothing is newer than the snapshot, timestamps are not read.
    EXPECT_EQ(ended > 0, column == SegmentColumn::kKey || snapshot() < 40) << ended;
  }
}

INSTANTIATE_TEST_SUITE_P(Snapshots, DamagedPageTest,
                         ::testing::Values(5, 10, 25, 40, kMaxTimestamp));

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
