// SPDX-License-Identifier: Apache-2.0

// What is written is read back: all rows by iteration, every row by lookup at every snapshot.
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/format/key_hash.h"
#include "core/iterator/testing/cursor_walk.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "core/segment/write/segment_writer.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using testing::CheckCursorWalks;
using testing::CheckCursorYields;
using testing::NewestPerKey;

SegmentOptions TinyOptions() {
  SegmentOptions options;
  options.key_page_bytes = 64;
  options.value_page_bytes = 64;
  options.timestamp_page_rows = 5;
  options.namespace_page_rows = 7;
  options.row_group_rows = 23;
  options.sparse_index_interval = 3;
  return options;
}

SegmentOptions DrawOptions() {
  SegmentOptions options;
  options.key_page_bytes = *rc::gen::element<size_t>(1, 64, 256, 4096);
  options.value_page_bytes = *rc::gen::element<size_t>(1, 64, 256, 4096);
  options.timestamp_page_rows = *rc::gen::element<size_t>(1, 5, 1024);
  options.namespace_page_rows = *rc::gen::element<size_t>(1, 7, 20480);
  options.value_codec = *rc::gen::element(parquet::Codec::kNone, parquet::Codec::kLz4Raw,
                                          parquet::Codec::kSnappy, parquet::Codec::kZstd);
  options.filter_bits_per_key = *rc::gen::element(0.0, 1.0, 10.0);
  options.write_parquet_bloom_filter = *rc::gen::arbitrary<bool>();
  options.write_hex_index = *rc::gen::arbitrary<bool>();
  options.row_group_rows = *rc::gen::element<uint64_t>(1, 10, 122'880);
  options.row_group_bytes = *rc::gen::element<uint64_t>(100, uint64_t{16} << 20);
  options.sparse_index_interval = *rc::gen::element<uint32_t>(1, 2, 16);
  return options;
}

std::string DrawKey() {
  const std::string prefix =
      *rc::gen::element<std::string>("", "tenant/0001/", "tenant/0002/users/");
  return prefix +
         *rc::gen::container<std::string>(rc::gen::element('\0', 'a', 'b', '\xff', '0', '1'));
}

std::string DrawValue() {
  const auto length = *rc::gen::weightedElement<size_t>({{3, 0}, {5, 10}, {3, 100}, {1, 5000}});
  const char byte = *rc::gen::arbitrary<char>();
  std::string value(length, byte);
  for (size_t i = 0; i < value.size(); i += 3) {
    value[i] = static_cast<char>(i * 37);
  }
  return value;
}

std::vector<OwnedEntry> DrawEntries() {
  auto entries = *rc::gen::container<std::vector<OwnedEntry>>(rc::gen::exec([] {
    OwnedEntry entry;
    entry.ns = *rc::gen::element<NamespaceId>(0, 1, 256, kMaxNamespace);
    entry.key = DrawKey();
    entry.ts = *rc::gen::element<Timestamp>(1, 2, 3, 1000, kMaxTimestamp);
    entry.kind =
        *rc::gen::weightedElement<EntryKind>({{3, EntryKind::kPut}, {1, EntryKind::kDelete}});
    if (entry.kind == EntryKind::kPut) {
      entry.value = DrawValue();
    }
    return entry;
  }));
  SortEntries(&entries);
  return entries;
}

std::unique_ptr<SegmentReader> Open(const std::string& bytes, PageCache* cache) {
  SegmentReaderOptions options;
  options.cache = cache;
  options.readahead_bytes = 300;
  auto reader = SegmentReader::Open(OpenMemoryFile(bytes), options);
  EXPECT_TRUE(reader.ok()) << reader.status();
  return reader.ok() ? *std::move(reader) : nullptr;
}

std::vector<OwnedEntry> ReadForward(VersionStream* iterator) {
  std::vector<OwnedEntry> entries;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    entries.push_back(OwnedEntry(iterator->entry()));
  }
  EXPECT_TRUE(iterator->status().ok()) << iterator->status();
  return entries;
}

void CheckGet(const SegmentReader& reader, const std::vector<OwnedEntry>& model, NamespaceId ns,
              const std::string& key, Timestamp snapshot, bool fill_cache) {
  LookupResult result;
  {
    EpochGuard guard;
    const absl::Status status = reader.Get(ns, key, HashUserKey(ns, key), snapshot,
                                           {fill_cache, /*want_timestamp=*/true}, &result);
    ASSERT_TRUE(status.ok()) << status;
  }
  const OwnedEntry* expected = FindInModel(model, ns, key, snapshot);
  if (expected == nullptr) {
    EXPECT_EQ(result.kind, LookupResult::Kind::kAbsent);
  } else {
    EXPECT_EQ(result.ts, expected->ts);
    EXPECT_EQ(result.kind, expected->kind == EntryKind::kPut ? LookupResult::Kind::kPut
                                                             : LookupResult::Kind::kDelete);
    EXPECT_EQ(result.value, expected->value);
  }
}

RC_GTEST_PROP(SegmentRoundTrip, IterationGivesTheSortedEntries, ()) {
  const std::vector<OwnedEntry> entries = DrawEntries();
  const auto written = WriteSegment(entries, DrawOptions());
  RC_ASSERT(written.ok());
  PageCache cache(*rc::gen::element<size_t>(0, 300, 1 << 20));
  const auto reader = Open(written->bytes, &cache);
  RC_ASSERT(reader != nullptr);
  RC_ASSERT(reader->summary() == written->summary);
  const auto iterator = reader->NewStream(*rc::gen::arbitrary<bool>());
  RC_ASSERT(ReadForward(iterator.get()) == entries);
  const absl::Status checked = CheckSegment(*reader);
  RC_ASSERT(checked.ok());
}

RC_GTEST_PROP(SegmentRoundTrip, LookupsEqualTheModelAtEverySnapshot, ()) {
  const std::vector<OwnedEntry> entries = DrawEntries();
  const auto written = WriteSegment(entries, DrawOptions());
  RC_ASSERT(written.ok());
  PageCache cache(*rc::gen::element<size_t>(0, 300, 1 << 20));
  const auto reader = Open(written->bytes, &cache);
  RC_ASSERT(reader != nullptr);
  const bool fill_cache = *rc::gen::arbitrary<bool>();
  std::set<std::pair<NamespaceId, std::string>> keys;
  for (const OwnedEntry& entry : entries) {
    keys.insert({entry.ns, entry.key});
    keys.insert({entry.ns, entry.key + '\0'});
    keys.insert({entry.ns ^ 1, entry.key});
    keys.insert({entry.ns, entry.key.substr(0, entry.key.size() / 2)});
  }
  keys.insert({0, ""});
  keys.insert({kMaxNamespace, "\xff\xff\xff"});
  for (const auto& [ns, key] : keys) {
    for (const Timestamp snapshot : {Timestamp{1}, Timestamp{2}, Timestamp{4}, Timestamp{1000},
                                     kMaxTimestamp - 1, kMaxTimestamp}) {
      CheckGet(*reader, entries, ns, key, snapshot, fill_cache);
    }
  }
}

RC_GTEST_PROP(SegmentRoundTrip, SeeksAndStepsEqualTheSortedVector, ()) {
  const std::vector<OwnedEntry> entries = DrawEntries();
  const auto written = WriteSegment(entries, DrawOptions());
  RC_ASSERT(written.ok());
  PageCache cache(*rc::gen::element<size_t>(0, 300, 1 << 20));
  const auto reader = Open(written->bytes, &cache);
  RC_ASSERT(reader != nullptr);
  const auto iterator = reader->NewStream(*rc::gen::arbitrary<bool>());
  size_t at = entries.size();
  for (int step = 0; step < 60; ++step) {
    if (at < entries.size() && *rc::gen::inRange(0, 3) > 0) {
      iterator->Next();
      ++at;
    } else {
      OwnedEntry target;
      if (!entries.empty()) {
        target = entries[*rc::gen::inRange<size_t>(0, entries.size())];
      }
      if (*rc::gen::inRange(0, 3) == 0) {
        target.key = DrawKey();
      }
      target.ts = kMaxTimestamp;
      iterator->Seek(target.ns, target.key);
      at = static_cast<size_t>(std::lower_bound(entries.begin(), entries.end(), target,
                                                [](const auto& a, const auto& b) {
                                                  return CompareEntries(a.view(), b.view()) < 0;
                                                }) -
                               entries.begin());
    }
    RC_ASSERT(iterator->status().ok());
    RC_ASSERT(iterator->Valid() == (at < entries.size()));
    if (iterator->Valid()) {
      RC_ASSERT(OwnedEntry(iterator->entry()) == entries[at]);
    }
  }
}

RC_GTEST_PROP(SegmentRoundTrip, CursorsShowEachKeyWithItsNewestVersionAtTheSnapshot, ()) {
  const std::vector<OwnedEntry> entries = DrawEntries();
  const auto written = WriteSegment(entries, DrawOptions());
  RC_ASSERT(written.ok());
  PageCache cache(*rc::gen::element<size_t>(0, 300, 1 << 20));
  const auto reader = Open(written->bytes, &cache);
  RC_ASSERT(reader != nullptr);
  for (const NamespaceId ns : {NamespaceId{0}, NamespaceId{1}, kMaxNamespace}) {
    const auto snapshot = *rc::gen::element<Timestamp>(0, 1, 2, 999, 1000, kMaxTimestamp);
    const auto shown = NewestPerKey(entries, ns, snapshot);
    const auto cursor = reader->NewCursor(ns, snapshot, *rc::gen::arbitrary<bool>());
    CheckCursorYields(cursor.get(), shown);
    CheckCursorWalks(cursor.get(), shown, 40);
  }
}

TEST(SegmentRoundTrip, AFileWithoutRowsHoldsRangeTombstones) {
  const std::vector<RangeTombstoneView> tombstones = {{0, "a", "c", false, 5},
                                                      {7, "b", "", true, 9}};
  const auto written = WriteSegment({}, TinyOptions(), tombstones);
  ASSERT_TRUE(written.ok()) << written.status();
  const auto reader = Open(written->bytes, nullptr);
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->range_tombstones(), tombstones);
  EXPECT_NE(reader->fragmented_range_tombstones(), nullptr);
  EXPECT_EQ(reader->summary(), written->summary);
  EXPECT_EQ(reader->summary().largest, (KeyBound{7, "", KeyBound::Kind::kNamespaceEnd}));
  EXPECT_EQ(reader->summary().min_ts, 5u);
  EXPECT_EQ(reader->summary().max_ts, 9u);
  const auto iterator = reader->NewStream(true);
  EXPECT_TRUE(ReadForward(iterator.get()).empty());
  iterator->Seek(0, "a");
  EXPECT_FALSE(iterator->Valid());
  const auto cursor = reader->NewCursor(0, kMaxTimestamp, true);
  cursor->Seek("a");
  EXPECT_FALSE(cursor->Valid());
  cursor->SeekForPrev("a");
  EXPECT_FALSE(cursor->Valid());
  CheckGet(*reader, {}, 0, "a", kMaxTimestamp, true);
  EXPECT_TRUE(CheckSegment(*reader).ok());
}

TEST(SegmentRoundTrip, AnEmptySegmentIsLegal) {
  const auto written = WriteSegment({}, {});
  ASSERT_TRUE(written.ok()) << written.status();
  const auto reader = Open(written->bytes, nullptr);
  ASSERT_NE(reader, nullptr);
  EXPECT_TRUE(ReadForward(reader->NewStream(false).get()).empty());
  EXPECT_EQ(reader->fragmented_range_tombstones(), nullptr);
}

TEST(SegmentRoundTrip, VersionsOfOneKeyThatFillPagesAreFoundAtEverySnapshot) {
  SegmentOptions options = TinyOptions();
  std::vector<OwnedEntry> entries;
  entries.push_back({0, "before", 4, EntryKind::kPut, "b"});
  // More than the megabyte that one key page may hold: the key straddles pages and row groups.
  const std::string key(31'000, 'k');
  for (Timestamp ts = 200; ts > 0; --ts) {
    entries.push_back({0, key, ts, EntryKind::kPut, "v" + std::to_string(ts)});
  }
  entries.push_back({0, key + "+", 7, EntryKind::kDelete, ""});
  const auto written = WriteSegment(entries, options);
  ASSERT_TRUE(written.ok()) << written.status();
  PageCache cache(1 << 20);
  const auto reader = Open(written->bytes, &cache);
  ASSERT_NE(reader, nullptr);
  for (Timestamp snapshot = 0; snapshot <= 210; ++snapshot) {
    CheckGet(*reader, entries, 0, key, snapshot, true);
  }
  CheckGet(*reader, entries, 0, key + "+", 10, true);
  CheckGet(*reader, entries, 0, "before", 10, true);
  const auto iterator = reader->NewStream(true);
  EXPECT_EQ(ReadForward(iterator.get()), entries);
  for (const Timestamp snapshot : {1, 2, 3, 4, 6, 7, 50, 199, 200, 201}) {
    const auto cursor = reader->NewCursor(0, snapshot, true);
    const auto shown = NewestPerKey(entries, 0, snapshot);
    std::vector<std::string> forward;
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      ASSERT_TRUE(cursor->Load());
      ASSERT_LT(forward.size(), shown.size());
      EXPECT_EQ(cursor->value(), shown[forward.size()].value);
      forward.emplace_back(cursor->key());
    }
    std::vector<std::string> backward;
    for (cursor->SeekToLast(); cursor->Valid(); cursor->Prev()) {
      ASSERT_TRUE(cursor->LoadTimestamp());
      ASSERT_LT(backward.size(), shown.size());
      EXPECT_EQ(cursor->timestamp(), shown[shown.size() - 1 - backward.size()].ts);
      backward.emplace_back(cursor->key());
    }
    EXPECT_EQ(forward.size(), shown.size());
    EXPECT_EQ(backward.size(), shown.size());
    cursor->SeekForPrev(key);
    ASSERT_TRUE(cursor->Valid() && cursor->LoadTimestamp());
    EXPECT_EQ(cursor->timestamp(), std::min<Timestamp>(snapshot, 200));
    cursor->Seek(key);
    ASSERT_TRUE(cursor->Valid() && cursor->LoadTimestamp());
    EXPECT_EQ(cursor->timestamp(), std::min<Timestamp>(snapshot, 200));
  }
  iterator->Seek(0, key);
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->entry().ts, 200u);
}

TEST(SegmentRoundTrip, KeysAndValuesLargerThanAPageAreReadBack) {
  std::vector<OwnedEntry> entries;
  entries.push_back(
      {3, std::string(kMaxKeyBytes, 'a'), 9, EntryKind::kPut, std::string(10 << 20, 'v')});
  entries.push_back({3, std::string(kMaxKeyBytes, 'b'), 9, EntryKind::kPut, ""});
  entries.push_back({3, std::string(kMaxKeyBytes, 'b'), 8, EntryKind::kPut, std::string(100, 'x')});
  for (const parquet::Codec codec : {parquet::Codec::kNone, parquet::Codec::kZstd}) {
    SegmentOptions options;
    options.value_codec = codec;
    const auto written = WriteSegment(entries, options);
    ASSERT_TRUE(written.ok()) << written.status();
    const auto reader = Open(written->bytes, nullptr);
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(ReadForward(reader->NewStream(false).get()), entries);
    for (const OwnedEntry& entry : entries) {
      CheckGet(*reader, entries, 3, entry.key, entry.ts, false);
    }
  }
}

TEST(SegmentRoundTrip, SameEntriesGiveTheSameBytes) {
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 500; ++i) {
    entries.push_back({0, "key" + std::to_string(1000 + i), 5, EntryKind::kPut,
                       std::string(static_cast<size_t>(i % 90), 'v')});
  }
  const auto first = WriteSegment(entries, TinyOptions());
  const auto second = WriteSegment(entries, TinyOptions());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->bytes, second->bytes);
}

}  // namespace
}  // namespace veralith
