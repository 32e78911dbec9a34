// SPDX-License-Identifier: Apache-2.0

#include "core/segment/testing/small_segments.h"

#include <memory>
#include <set>
#include <utility>

#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/base/status.h"
#include "core/format/key_hash.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/read/segment_reader.h"

namespace veralith {
namespace {

bool IsHonest(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsUnimplemented(status);
}

SegmentOptions OptionsOf(const SmallSegmentSettings& settings) {
  constexpr parquet::Codec kCodecs[] = {parquet::Codec::kNone, parquet::Codec::kLz4Raw,
                                        parquet::Codec::kSnappy, parquet::Codec::kZstd};
  constexpr uint32_t kIntervals[] = {1, 2, 16};
  SegmentOptions options;
  options.value_codec = kCodecs[settings[0]];
  options.sparse_index_interval = kIntervals[settings[1]];
  options.key_page_bytes = settings[2] != 0 ? 20 : 4096;
  options.value_page_bytes = settings[3] != 0 ? 50 : 4096;
  options.timestamp_page_rows = settings[4] != 0 ? 3 : 1000;
  options.filter_bits_per_key = settings[5] != 0 ? 0 : 10;
  options.write_parquet_bloom_filter = settings[6] != 0;
  options.write_hex_index = settings[7] != 0;
  return options;
}

std::vector<OwnedEntry> EntriesOf(const SmallSegmentSettings& settings) {
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 5; ++i) {
    OwnedEntry entry;
    entry.ns = settings[8] != 0 ? static_cast<NamespaceId>(i / 3 * 7) : 0;
    entry.key = "key" + std::to_string(settings[10] != 0 ? i / 2 : i);
    entry.ts = static_cast<Timestamp>(100 - i);
    if (i == 3) {
      entry.kind = EntryKind::kDelete;
    } else {
      entry.value = std::string(static_cast<size_t>(i * 6), static_cast<char>('a' + i % 3));
    }
    entries.push_back(entry);
  }
  SortEntries(&entries);
  return entries;
}

// Entries stand at 96 to 100: a snapshot that sees all, some between, one that sees nothing.
std::vector<SmallSegmentView> ViewsOf(const std::vector<OwnedEntry>& entries) {
  std::set<NamespaceId> namespaces = {1};
  for (const OwnedEntry& entry : entries) {
    namespaces.insert(entry.ns);
  }
  std::vector<SmallSegmentView> views;
  for (const NamespaceId ns : namespaces) {
    for (const Timestamp snapshot : {kMaxTimestamp, Timestamp{99}, Timestamp{97}, Timestamp{95}}) {
      views.push_back({ns, snapshot, testing::NewestPerKey(entries, ns, snapshot)});
    }
  }
  return views;
}

std::vector<std::string> SoughtIn(const std::vector<OwnedEntry>& entries) {
  std::set<std::string> keys = {"", "kez"};
  for (const OwnedEntry& entry : entries) {
    keys.insert(entry.key);
    keys.insert(entry.key + '\0');
  }
  return {keys.begin(), keys.end()};
}

std::string JudgeForward(const SmallSegment& segment, VersionStream* iterator) {
  size_t i = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++i) {
    if (i >= segment.entries.size() || iterator->entry() != segment.entries[i].view()) {
      return "iteration gives another entry";
    }
  }
  const bool fine =
      iterator->status().ok() ? i == segment.entries.size() : IsHonest(iterator->status());
  return fine ? "" : "iteration ends early: " + iterator->status().ToString();
}

// Where an iterator must stand: at `expected`, or nowhere when that is null.
bool StandsAt(const VersionStream& iterator, const OwnedEntry* expected) {
  if (!iterator.status().ok()) {
    return !iterator.Valid() && IsHonest(iterator.status());
  }
  return expected == nullptr ? !iterator.Valid()
                             : iterator.Valid() && iterator.entry() == expected->view();
}

std::string JudgeSeek(const SmallSegment& segment, const OwnedEntry& target,
                      VersionStream* iterator) {
  const OwnedEntry* next = nullptr;
  for (const OwnedEntry& entry : segment.entries) {
    if (next == nullptr && CompareUserKeys(entry.ns, entry.key, target.ns, target.key) >= 0) {
      next = &entry;
    }
  }
  iterator->Seek(target.ns, target.key);
  return StandsAt(*iterator, next) ? "" : "a seek stands elsewhere";
}

std::string JudgeView(const SmallSegment& segment, const SmallSegmentView& view,
                      const SegmentReader& reader) {
  const auto ahead = reader.NewCursor(view.ns, view.snapshot, /*fill_cache=*/false);
  std::string wrong = testing::JudgeCursorWalks(ahead.get(), view.keys, IsHonest);
  const auto cursor = reader.NewCursor(view.ns, view.snapshot, /*fill_cache=*/true);
  for (const std::string& key : segment.sought) {
    if (wrong.empty()) {
      wrong = testing::JudgeCursorSeeks(cursor.get(), view.keys, key, IsHonest);
    }
  }
  return wrong.empty() ? "" : "cursor at " + std::to_string(view.snapshot) + ": " + wrong;
}

std::string JudgeLookup(const SmallSegment& segment, const OwnedEntry& target,
                        const SegmentReader& reader) {
  const OwnedEntry* const expected = FindInModel(segment.entries, target.ns, target.key, target.ts);
  LookupResult result;
  EpochGuard guard;
  const absl::Status status =
      reader.Get(target.ns, target.key, HashUserKey(target.ns, target.key), target.ts,
                 {.fill_cache = true, .want_timestamp = true}, &result);
  if (!status.ok()) {
    return IsHonest(status) ? "" : "lookup: " + status.ToString();
  }
  if (expected == nullptr) {
    return result.kind == LookupResult::Kind::kAbsent ? "" : "a lookup finds what is not there";
  }
  const auto kind =
      expected->kind == EntryKind::kPut ? LookupResult::Kind::kPut : LookupResult::Kind::kDelete;
  const bool same = result.kind == kind && result.ts == expected->ts &&
                    (kind == LookupResult::Kind::kDelete || result.value == expected->value);
  return same ? "" : "a lookup gives another answer";
}

std::vector<OwnedEntry> TargetsFor(const SmallSegment& segment) {
  std::vector<OwnedEntry> targets;
  for (const OwnedEntry& entry : segment.entries) {
    targets.push_back(entry);
    targets.push_back(entry);
    targets.back().ts = kMaxTimestamp;
    targets.push_back(entry);
    targets.back().ts = 1;
    targets.push_back(entry);
    targets.back().key += '\0';
    targets.push_back(entry);
    targets.back().ns += 1;
  }
  return targets;
}

std::string JudgeReader(const SmallSegment& segment, const SegmentReader& reader) {
  if (reader.range_tombstones() != segment.tombstones) {
    return "other range tombstones";
  }
  if (reader.summary() != segment.summary) {
    return "another summary";
  }
  const std::unique_ptr<VersionStream> ahead = reader.NewStream(false);
  const std::unique_ptr<VersionStream> iterator = reader.NewStream(true);
  std::string wrong = JudgeForward(segment, ahead.get());
  for (const SmallSegmentView& view : segment.views) {
    if (wrong.empty()) {
      wrong = JudgeView(segment, view, reader);
    }
  }
  for (const OwnedEntry& target : TargetsFor(segment)) {
    if (wrong.empty()) {
      wrong = JudgeSeek(segment, target, iterator.get());
    }
    if (wrong.empty()) {
      wrong = JudgeLookup(segment, target, reader);
    }
  }
  return wrong;
}

}  // namespace

const std::array<SmallSegmentSettings, kSmallSegmentConfigurations>& SmallSegmentConfigurations() {
  static constexpr std::array<SmallSegmentSettings, kSmallSegmentConfigurations> kConfigurations = {
      {
          {0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1},
          {0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0},
          {0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0},
          {1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1},
          {1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0},
          {1, 2, 1, 1, 0, 1, 0, 1, 1, 1, 0},
          {2, 0, 1, 0, 1, 1, 1, 1, 0, 1, 1},
          {2, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1},
          {2, 2, 1, 1, 1, 0, 0, 1, 1, 0, 0},
          {3, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0},
          {3, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1},
          {3, 2, 1, 0, 1, 1, 0, 0, 1, 0, 1},
      }};
  return kConfigurations;
}

int SettingsOf(size_t factor) { return factor == 0 ? 4 : factor == 1 ? 3 : 2; }

SmallSegment MakeSmallSegment(int number) {
  const bool has_rows = number + 1 < kSmallSegments;
  const SmallSegmentSettings& settings =
      SmallSegmentConfigurations()[static_cast<size_t>(number) % kSmallSegmentConfigurations];
  SegmentOptions options = OptionsOf(settings);
  if (number >= static_cast<int>(kSmallSegmentConfigurations)) {
    options.row_group_rows = 3;
  }
  SmallSegment segment;
  if (has_rows) {
    segment.entries = EntriesOf(settings);
  }
  segment.views = ViewsOf(segment.entries);
  segment.sought = SoughtIn(segment.entries);
  if (settings[9] != 0 || !has_rows) {
    segment.tombstones = {{0, "key1", "key7", false, 90}, {1, "x", "", true, 3}};
  }
  auto written = WriteSegment(segment.entries, options, segment.tombstones);
  VERALITH_CHECK(written.ok());
  segment.summary = std::move(written->summary);
  segment.bytes = std::move(written->bytes);
  return segment;
}

std::string JudgeDamage(const SmallSegment& segment, std::string damaged, bool known) {
  PageCache cache(1 << 20);
  SegmentReaderOptions options;
  options.cache = &cache;
  options.memory_limit_bytes = kSmallSegmentMemoryLimit;
  options.readahead_bytes = 64;
  if (known) {
    options.expected_file_bytes = damaged.size();
  }
  const auto reader = SegmentReader::Open(OpenMemoryFile(std::move(damaged)), options);
  if (!reader.ok()) {
    return IsHonest(reader.status()) ? "" : "open: " + reader.status().ToString();
  }
  return JudgeReader(segment, **reader);
}

}  // namespace veralith
