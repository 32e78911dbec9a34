// SPDX-License-Identifier: Apache-2.0

// A lookup on cached pages allocates nothing on the heap.
#include <string>
#include <vector>

#include "core/base/epoch.h"
#include "core/format/key_hash.h"
#include "core/format/testing/allocation_count.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

std::vector<OwnedEntry> TwoVersionsEach() {
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 2000; ++i) {
    OwnedEntry entry;
    entry.ns = static_cast<NamespaceId>(i / 1000);
    entry.key = "a key longer than any small string buffer / " + std::to_string(100'000 + i / 2);
    entry.ts = static_cast<Timestamp>(10'000 - i);
    entry.kind = i % 7 == 3 ? EntryKind::kDelete : EntryKind::kPut;
    entry.value = i % 7 == 3 ? "" : std::string(50, static_cast<char>('a' + i % 20));
    entries.push_back(entry);
  }
  SortEntries(&entries);
  return entries;
}

// Looks up every entry and a key beside it; returns how many it found.
size_t LookUpAll(const SegmentReader& reader, const std::vector<OwnedEntry>& entries,
                 const std::vector<OwnedEntry>& absent) {
  size_t found = 0;
  for (const auto* list : {&entries, &absent}) {
    for (const OwnedEntry& entry : *list) {
      for (const Timestamp snapshot : {entry.ts, kMaxTimestamp}) {
        LookupResult result;
        EpochGuard guard;
        const absl::Status status =
            reader.Get(entry.ns, entry.key, HashUserKey(entry.ns, entry.key), snapshot,
                       {.fill_cache = true, .want_timestamp = true}, &result);
        EXPECT_TRUE(status.ok());
        found += result.kind != LookupResult::Kind::kAbsent ? 1 : 0;
      }
    }
  }
  return found;
}

TEST(SegmentAllocation, LookupsOnCachedPagesAllocateNothing) {
  for (const auto codec : {parquet::Codec::kNone, parquet::Codec::kLz4Raw}) {
    const std::vector<OwnedEntry> entries = TwoVersionsEach();
    std::vector<OwnedEntry> absent = entries;
    for (OwnedEntry& entry : absent) {
      entry.key += "x";
    }
    SegmentOptions options;
    options.value_codec = codec;
    options.filter_bits_per_key = 2;  // many absent keys pass, and are searched for
    const auto written = WriteSegment(entries, options);
    ASSERT_TRUE(written.ok());
    PageCache cache(64 << 20);
    SegmentReaderOptions reading;
    reading.cache = &cache;
    const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), reading);
    ASSERT_TRUE(reader.ok());
    const size_t found = LookUpAll(**reader, entries, absent);
    EXPECT_EQ(found, 2 * entries.size());
    const uint64_t before = AllocationCount();
    EXPECT_EQ(LookUpAll(**reader, entries, absent), found);
    EXPECT_EQ(AllocationCount(), before);
  }
}

}  // namespace
}  // namespace veralith
