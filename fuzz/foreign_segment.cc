// SPDX-License-Identifier: Apache-2.0

// Bytes as a Parquet file of another writer (core/segment/foreign/foreign_segment.h). Within a
// memory limit, whatever opens is a segment:
//
//   rows ascend strictly and are valid entries, as many as the summary says, and the summary is
//   what they say; seeks agree with the sorted rows for keys there and not there; everything can be
//   read again (Check); and a segment written from the rows gives the same rows, and scans and
//   lookups of it give what they say.
//
// The mutator (foreign_mutator.h) changes footer, page headers, levels or values and repairs
// lengths, offsets and checksums around them.
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
#include "core/segment/foreign/foreign_segment.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "fuzz/foreign_mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size)
    __attribute__((weak));

namespace veralith {
namespace {

constexpr uint64_t kMemoryLimit = 8 << 20;
constexpr size_t kMaxRows = 2'000;  // step bounds: runs of equal rows cost almost no bytes
constexpr size_t kMaxSought = 40;

std::vector<OwnedEntry> Forward(std::unique_ptr<VersionStream> iterator) {
  std::vector<OwnedEntry> rows;
  for (iterator->SeekToFirst(); iterator->Valid() && rows.size() < kMaxRows; iterator->Next()) {
    rows.push_back(OwnedEntry(iterator->entry()));
  }
  VERALITH_CHECK(iterator->status().ok());
  return rows;
}

void CheckEntries(const std::vector<OwnedEntry>& rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    VERALITH_CHECK(i == 0 || CompareEntries(rows[i - 1].view(), rows[i].view()) < 0);
    VERALITH_CHECK(rows[i].ns <= kMaxNamespace && rows[i].key.size() <= kMaxKeyBytes);
    VERALITH_CHECK(rows[i].ts >= kMinTimestamp && rows[i].ts <= kMaxTimestamp);
    VERALITH_CHECK(rows[i].kind == EntryKind::kPut || rows[i].value.empty());
  }
}

void CheckSummary(const SegmentSummary& summary, const std::vector<OwnedEntry>& rows) {
  SegmentSummary expected;
  expected.file_bytes = summary.file_bytes;
  expected.entries = rows.size();
  bool any = false;
  for (const OwnedEntry& row : rows) {
    expected.tombstones += row.kind == EntryKind::kDelete ? 1 : 0;
    expected.raw_key_bytes += row.key.size();
    expected.raw_value_bytes += row.value.size();
    expected.min_ts = any ? std::min(expected.min_ts, row.ts) : row.ts;
    expected.max_ts = std::max(expected.max_ts, row.ts);
    WidenBounds(row.ns, row.key, {row.ns, row.key, KeyBound::Kind::kInclusive}, &any, &expected);
  }
  VERALITH_CHECK(summary == expected);
}

// A seek of a user key, against the sorted rows.
void CheckSought(VersionStream* iterator, const std::vector<OwnedEntry>& rows, NamespaceId ns,
                 std::string_view key) {
  const auto at = std::partition_point(rows.begin(), rows.end(), [&](const OwnedEntry& row) {
    return CompareUserKeys(row.ns, row.key, ns, key) < 0;
  });
  iterator->Seek(ns, key);
  VERALITH_CHECK(iterator->status().ok() && iterator->Valid() == (at != rows.end()));
  VERALITH_CHECK(at == rows.end() || OwnedEntry(iterator->entry()) == *at);
}

void CheckFound(const ForeignSegment& segment, const std::vector<OwnedEntry>& rows) {
  const auto iterator = segment.NewStream();
  const size_t step = 1 + rows.size() / kMaxSought;
  for (size_t i = 0; i < rows.size(); i += step) {
    CheckSought(iterator.get(), rows, rows[i].ns, rows[i].key);
    CheckSought(iterator.get(), rows, rows[i].ns, rows[i].key + '\0');
  }
  for (const NamespaceId ns : {NamespaceId{0}, kMaxNamespace}) {
    CheckSought(iterator.get(), rows, ns, "");
    CheckSought(iterator.get(), rows, ns, "\xff");
  }
}

// A lookup in a segment that holds `rows` and nothing else.
void CheckLookup(const SegmentReader& reader, const std::vector<OwnedEntry>& rows,
                 const OwnedEntry& target) {
  const OwnedEntry* const found = FindInModel(rows, target.ns, target.key, target.ts);
  const uint64_t hash = HashUserKey(target.ns, target.key);
  LookupResult result;
  EpochGuard guard;
  VERALITH_CHECK(
      reader.Get(target.ns, target.key, hash, target.ts, {.want_timestamp = true}, &result).ok());
  VERALITH_CHECK((result.kind != LookupResult::Kind::kAbsent) == (found != nullptr));
  if (found != nullptr) {
    VERALITH_CHECK(reader.MayContain(hash));
    VERALITH_CHECK(result.value == found->value && result.ts == found->ts);
    VERALITH_CHECK((result.kind == LookupResult::Kind::kPut) == (found->kind == EntryKind::kPut));
  }
}

// Scans and lookups of a segment that holds `rows` and nothing else.
void CheckScans(const SegmentReader& reader, const std::vector<OwnedEntry>& rows) {
  const size_t step = 1 + rows.size() / kMaxSought;
  for (size_t i = 0; i < rows.size(); i += step) {
    const OwnedEntry& row = rows[i];
    for (const Timestamp ts : {row.ts, row.ts - 1, kMaxTimestamp}) {
      CheckLookup(reader, rows, {row.ns, row.key, ts, EntryKind::kPut, ""});
    }
    for (const Timestamp snapshot : {row.ts, kMaxTimestamp}) {
      const auto keys = testing::NewestPerKey(rows, row.ns, snapshot);
      const auto cursor = reader.NewCursor(row.ns, snapshot, /*fill_cache=*/true);
      VERALITH_CHECK(testing::JudgeCursorWalks(cursor.get(), keys, testing::NoError).empty());
      for (const std::string& key : {row.key, row.key + '\0'}) {
        VERALITH_CHECK(
            testing::JudgeCursorSeeks(cursor.get(), keys, key, testing::NoError).empty());
      }
    }
  }
}

// What an import would do.
void CheckRewritten(const std::vector<OwnedEntry>& rows) {
  const auto written = WriteSegment(rows, {});
  VERALITH_CHECK(written.ok());
  const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), {});
  VERALITH_CHECK(reader.ok());
  VERALITH_CHECK(CheckSegment(**reader).ok());
  VERALITH_CHECK(Forward((*reader)->NewStream(false)) == rows);
  CheckScans(**reader, rows);
}

void Run(std::string_view bytes) {
  SegmentReaderOptions options;
  options.memory_limit_bytes = kMemoryLimit;
  const auto opened = OpenAnySegment(OpenMemoryFile(std::string(bytes)), options);
  if (!opened.ok() || opened->foreign == nullptr) {
    return;  // a segment: the target segment_reader is for those
  }
  const ForeignSegment& segment = *opened->foreign;
  const std::vector<OwnedEntry> rows = Forward(segment.NewStream());
  CheckEntries(rows);
  VERALITH_CHECK(segment.Check().ok());
  if (rows.size() < kMaxRows) {
    CheckSummary(segment.summary(), rows);
    CheckFound(segment, rows);
    CheckRewritten(rows);
  }
}

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
  const auto region = static_cast<ForeignRegion>(seed / 8 % kForeignRegions);
  if (seed % 8 == 0 || !MutateForeign(region, seed / 256, MutatePiece, &bytes) ||
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
