// SPDX-License-Identifier: Apache-2.0

// read_segments FILE...: opens each file as a segment, files of other writers included, and prints
// a line for it: name, "ok", rows, the CRC-32 of its rows in canonical form (make_segments.cc),
// range tombstones; or name, the error's code, its message. A file that opens is read whole, and
// then every row (of large files every 997th) is sought. A segment of ours is also scanned backward
// and its rows are looked up, and all must agree.
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/key_hash.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/foreign/foreign_segment.h"
#include "core/segment/read/segment_reader.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

void AppendRow(const EntryView& entry, std::string* row) {
  AppendFixed64(row, entry.ns);
  AppendFixed32(row, static_cast<uint32_t>(entry.key.size()));
  row->append(entry.key);
  AppendFixed64(row, entry.ts);
  row->push_back(entry.kind == EntryKind::kPut ? '\1' : '\0');
  AppendFixed32(row, static_cast<uint32_t>(entry.value.size()));
  row->append(entry.value);
}

constexpr uint64_t kCheckAll = 100'000;

uint64_t StepOf(const SegmentSummary& summary) { return summary.entries <= kCheckAll ? 1 : 997; }

// Rows read, and of each key the newest one.
struct Rows {
  uint64_t count = 0;
  uint32_t crc = 0;
  uint64_t keys = 0;
  uint64_t key_sum = 0;  // of the checksums of the newest rows: the same in any order
  std::vector<NamespaceId> namespaces;

  void AddNewest(std::string_view row) {
    ++keys;
    key_sum += Crc32(0, row);
  }
};

// `sought` is a second iterator over the same.
absl::Status ReadForward(std::unique_ptr<VersionStream> iterator,
                         std::unique_ptr<VersionStream> sought, uint64_t step, Rows* rows) {
  std::string row;
  std::string key;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const EntryView& entry = iterator->entry();
    row.clear();
    AppendRow(entry, &row);
    rows->crc = Crc32(rows->crc, row);
    const bool new_namespace = rows->namespaces.empty() || rows->namespaces.back() != entry.ns;
    if (new_namespace) {
      rows->namespaces.push_back(entry.ns);
    }
    if (new_namespace || key != entry.key) {
      key.assign(entry.key);
      rows->AddNewest(row);
    }
    if (rows->count++ % step == 0) {
      sought->Seek(entry.ns, entry.key);
      while (sought->Valid() && sought->entry().ts > entry.ts) {
        sought->Next();
      }
      VERALITH_RETURN_IF_ERROR(sought->status());
      if (!sought->Valid() || sought->entry() != entry) {
        return DataLoss(StrCat("a seek of ", QuoteKey(entry.key), " finds another row"));
      }
    }
  }
  return iterator->status();
}

absl::Status CheckLookup(const SegmentReader& reader, const EntryView& entry) {
  EpochGuard guard;
  LookupResult result;
  LookupOptions options;
  options.want_timestamp = true;
  VERALITH_RETURN_IF_ERROR(reader.Get(entry.ns, entry.key, HashUserKey(entry.ns, entry.key),
                                      entry.ts, options, &result));
  const auto kind =
      entry.kind == EntryKind::kPut ? LookupResult::Kind::kPut : LookupResult::Kind::kDelete;
  if (result.kind != kind || result.ts != entry.ts || result.value != entry.value) {
    return DataLoss(StrCat("a lookup of ", QuoteKey(entry.key), " differs from the scan"));
  }
  return absl::OkStatus();
}

absl::Status CheckLookups(const SegmentReader& reader) {
  const uint64_t step = StepOf(reader.summary());
  uint64_t count = 0;
  const auto iterator = reader.NewStream(false);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    if (count++ % step == 0) {
      VERALITH_RETURN_IF_ERROR(CheckLookup(reader, iterator->entry()));
    }
  }
  return iterator->status();
}

// As scans read.
absl::Status ReadBackward(const SegmentReader& reader, NamespaceId ns, Rows* rows) {
  std::string row;
  const auto cursor = reader.NewCursor(ns, kMaxTimestamp, /*fill_cache=*/false);
  for (cursor->SeekToLast(); cursor->Valid() && cursor->Load() && cursor->LoadTimestamp();
       cursor->Prev()) {
    row.clear();
    AppendRow({ns, cursor->key(), cursor->timestamp(), cursor->kind(), cursor->value()}, &row);
    rows->AddNewest(row);
  }
  return cursor->status();
}

absl::Status CheckScans(const SegmentReader& reader, const Rows& forward) {
  Rows backward;
  for (const NamespaceId ns : forward.namespaces) {
    VERALITH_RETURN_IF_ERROR(ReadBackward(reader, ns, &backward));
  }
  if (forward.keys != backward.keys || forward.key_sum != backward.key_sum) {
    return DataLoss("the rows differ forward and backward");
  }
  return absl::OkStatus();
}

absl::StatusOr<Rows> ReadOurs(const SegmentReader& reader) {
  Rows rows;
  VERALITH_RETURN_IF_ERROR(ReadForward(reader.NewStream(false), reader.NewStream(true),
                                       StepOf(reader.summary()), &rows));
  VERALITH_RETURN_IF_ERROR(CheckLookups(reader));
  VERALITH_RETURN_IF_ERROR(CheckScans(reader, rows));
  VERALITH_RETURN_IF_ERROR(CheckSegment(reader));
  return rows;
}

absl::StatusOr<Rows> ReadForeign(const ForeignSegment& segment) {
  Rows rows;
  VERALITH_RETURN_IF_ERROR(
      ReadForward(segment.NewStream(), segment.NewStream(), StepOf(segment.summary()), &rows));
  VERALITH_RETURN_IF_ERROR(segment.Check());
  return rows;
}

absl::Status Read(const std::string& path, std::string* line) {
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                            PosixFileSystem()->Open(path, OpenMode::kRead));
  VERALITH_ASSIGN_OR_RETURN(const AnySegment segment, OpenAnySegment(std::move(file), {}));
  const bool ours = segment.ours != nullptr;
  VERALITH_ASSIGN_OR_RETURN(const Rows rows,
                            ours ? ReadOurs(*segment.ours) : ReadForeign(*segment.foreign));
  const SegmentSummary& summary = ours ? segment.ours->summary() : segment.foreign->summary();
  if (rows.count != summary.entries) {
    return DataLoss("the summary counts other rows");
  }
  const size_t range_tombstones = ours ? segment.ours->range_tombstones().size() : 0;
  *line = StrCat("ok\t", rows.count, "\t", rows.crc, "\t", range_tombstones);
  return absl::OkStatus();
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: read_segments FILE...\n");
    return 2;
  }
  for (int i = 1; i < argc; ++i) {
    std::string line;
    const absl::Status status = veralith::Read(argv[i], &line);
    if (!status.ok()) {
      const std::string code = absl::StatusCodeToString(status.code());
      line = veralith::StrCat(code, "\t", veralith::Message(status));
    }
    std::printf("%s\t%s\n", argv[i], line.c_str());
  }
  return 0;
}
