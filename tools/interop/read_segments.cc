// read_segments FILE...: opens each file as a segment, including files of other writers, and prints
// one line for it. That is its name, "ok", rows, the CRC-32 of its rows in canonical form
// (make_segments.cc) and range tombstones; or its name, the error's code and its message. A file
// that opens is read forward, backward and by a lookup of every row (every 997th of large ones),
// and the three must agree.
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/epoch.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/key_hash.h"
#include "core/segment/segment_reader.h"
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

struct Rows {
  uint64_t count = 0;
  uint32_t crc = 0;
  uint64_t sum = 0;  // of the rows' checksums, the same in any order
};

absl::Status ReadForward(const SegmentReader& reader, Rows* rows) {
  constexpr uint64_t kLookupAll = 100'000;
  const uint64_t step = reader.summary().entries <= kLookupAll ? 1 : 997;
  std::string row;
  const auto iterator = reader.NewIterator(false);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    row.clear();
    AppendRow(iterator->entry(), &row);
    rows->crc = Crc32(rows->crc, row);
    rows->sum += Crc32(0, row);
    if (rows->count++ % step == 0) {
      VERALITH_RETURN_IF_ERROR(CheckLookup(reader, iterator->entry()));
    }
  }
  return iterator->status();
}

absl::Status ReadBackward(const SegmentReader& reader, Rows* rows) {
  std::string row;
  const auto iterator = reader.NewIterator(false);
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
    row.clear();
    AppendRow(iterator->entry(), &row);
    rows->sum += Crc32(0, row);
    ++rows->count;
  }
  return iterator->status();
}

absl::Status Read(const std::string& path, std::string* line) {
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                            PosixFileSystem()->Open(path, OpenMode::kRead));
  SegmentReaderOptions options;
  options.allow_foreign = true;
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<SegmentReader> reader,
                            SegmentReader::Open(std::move(file), options));
  Rows forward;
  VERALITH_RETURN_IF_ERROR(ReadForward(*reader, &forward));
  Rows backward;
  VERALITH_RETURN_IF_ERROR(ReadBackward(*reader, &backward));
  if (forward.count != backward.count || forward.sum != backward.sum ||
      forward.count != reader->summary().entries) {
    return DataLoss("the rows differ forward and backward");
  }
  VERALITH_RETURN_IF_ERROR(reader->Check());
  *line = StrCat("ok\t", forward.count, "\t", forward.crc, "\t", reader->range_tombstones().size());
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
