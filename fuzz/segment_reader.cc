// SPDX-License-Identifier: Apache-2.0

// Bytes as a segment file: whatever opens can be iterated, scanned both ways, sought in and looked
// up in without undefined behaviour, within a memory limit. Unless the structure check finds the
// file to contradict itself, it agrees with itself: what cursors of several snapshots show, in both
// directions and after seeks from both sides, is what the rows of the iterator say, and every row
// is found by seeking and by looking it up.
//
// The mutator (segment_mutator.h) changes one region of the file and repairs the checksums, lengths
// and offsets around it.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/format/key_hash.h"
#include "core/iterator/testing/cursor_judge.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "fuzz/segment_mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size)
    __attribute__((weak));

namespace veralith {
namespace {

constexpr uint64_t kMemoryLimit = 64 << 20;
constexpr size_t kMaxRows = 20'000;  // step bounds: runs of equal rows cost almost no bytes
constexpr size_t kMaxSought = 100;

std::vector<OwnedEntry> Forward(const SegmentReader& reader, bool* whole) {
  std::vector<OwnedEntry> rows;
  const auto iterator = reader.NewStream(false);
  for (iterator->SeekToFirst(); iterator->Valid() && rows.size() < kMaxRows; iterator->Next()) {
    rows.push_back(OwnedEntry(iterator->entry()));
  }
  *whole = iterator->status().ok() && !iterator->Valid();
  return rows;
}

// Cursors over the namespace of `rows`, which are all it has.
void CheckCursors(const SegmentReader& reader, const std::vector<OwnedEntry>& rows) {
  const NamespaceId ns = rows.front().ns;
  const Timestamp middle = rows[rows.size() / 2].ts;
  for (const Timestamp snapshot : {kMaxTimestamp, middle, middle - 1}) {
    const auto keys = testing::NewestPerKey(rows, ns, snapshot);
    const auto ahead = reader.NewCursor(ns, snapshot, /*fill_cache=*/false);
    VERALITH_CHECK(testing::JudgeCursorWalks(ahead.get(), keys, testing::NoError).empty());
    const auto cursor = reader.NewCursor(ns, snapshot, /*fill_cache=*/true);
    for (size_t i = 0; i < rows.size(); i += 1 + rows.size() / kMaxSought) {
      for (const std::string& key : {rows[i].key, rows[i].key + '\0'}) {
        VERALITH_CHECK(
            testing::JudgeCursorSeeks(cursor.get(), keys, key, testing::NoError).empty());
      }
    }
  }
}

void CheckScans(const SegmentReader& reader, const std::vector<OwnedEntry>& rows) {
  for (auto begin = rows.begin(); begin != rows.end();) {
    const auto end =
        std::find_if(begin, rows.end(), [&](const OwnedEntry& row) { return row.ns != begin->ns; });
    CheckCursors(reader, {begin, end});
    begin = end;
  }
}

void CheckFound(const SegmentReader& reader, const std::vector<OwnedEntry>& rows) {
  const auto iterator = reader.NewStream(true);
  const OwnedEntry* sought = nullptr;
  for (const OwnedEntry& row : rows) {
    if (sought != nullptr && sought->ns == row.ns && sought->key == row.key) {
      iterator->Next();
    } else {
      iterator->Seek(row.ns, row.key);
    }
    sought = &row;
    VERALITH_CHECK(iterator->Valid() && OwnedEntry(iterator->entry()) == row);
    LookupResult result;
    EpochGuard guard;
    VERALITH_CHECK(
        reader.Get(row.ns, row.key, HashUserKey(row.ns, row.key), row.ts, {}, &result).ok());
    VERALITH_CHECK(result.kind != LookupResult::Kind::kAbsent && result.value == row.value);
  }
}

// For files that contradict themselves: nothing but that it ends.
void Wander(const SegmentReader& reader) {
  const auto iterator = reader.NewStream(true);
  for (const std::string_view key : {"", "key", "tenant/0001", "\xff"}) {
    for (const NamespaceId ns : {NamespaceId{0}, NamespaceId{1}, kMaxNamespace}) {
      iterator->Seek(ns, key);
      for (const Timestamp snapshot : {Timestamp{5}, kMaxTimestamp}) {
        const auto cursor = reader.NewCursor(ns, snapshot, /*fill_cache=*/true);
        cursor->Seek(key);
        for (int i = 0; i < 50 && cursor->Valid() && cursor->Load(); ++i) {
          cursor->Next();
        }
        cursor->SeekForPrev(key);
        for (int i = 0; i < 50 && cursor->Valid() && cursor->LoadTimestamp(); ++i) {
          cursor->Prev();
        }
      }
      LookupResult result;
      EpochGuard guard;
      (void)reader.Get(ns, key, HashUserKey(ns, key), 7, {.want_timestamp = true}, &result);
    }
  }
  const auto last = reader.NewCursor(0, 5, /*fill_cache=*/true);
  last->SeekToLast();
  for (int i = 0; i < 50 && last->Valid(); ++i) {
    last->Prev();
  }
}

void Run(std::string_view bytes) {
  PageCache cache(4096);
  SegmentReaderOptions options;
  options.cache = &cache;
  options.memory_limit_bytes = kMemoryLimit;
  options.readahead_bytes = 512;
  const auto reader = SegmentReader::Open(OpenMemoryFile(std::string(bytes)), options);
  if (!reader.ok()) {
    return;
  }
  bool whole = false;
  const std::vector<OwnedEntry> rows = Forward(**reader, &whole);
  Wander(**reader);
  if (whole && CheckSegment(**reader).ok()) {
    CheckScans(**reader, rows);
    CheckFound(**reader, rows);
    VERALITH_CHECK(rows.size() == (*reader)->summary().entries);
  }
}

// --- The mutator ---------------------------------------------------------------------------------

void MutatePiece(std::string* piece, size_t max_bytes) {
  const size_t size = piece->size();
  piece->resize(std::max(size, max_bytes));
  piece->resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(piece->data()), size, max_bytes));
}

}  // namespace
}  // namespace veralith

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  using namespace veralith;  // NOLINT: a harness
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto region = static_cast<SegmentRegion>(seed / 16 % kSegmentRegions);
  if (seed % 16 == 0 || !MutateSegment(region, seed / 256, MutatePiece, &bytes) ||
      bytes.size() > max_size) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  veralith::Run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
