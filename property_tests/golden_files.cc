// SPDX-License-Identifier: Apache-2.0

#include "property_tests/golden_files.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "core/format/key_hash.h"
#include "core/fs/file_helpers.h"
#include "core/fs/testing/memory_file.h"
#include "core/log/log_reader.h"
#include "core/log/log_writer.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/check_database.h"
#include "veralith/repair.h"
#include "veralith/testing/simulated_file_system.h"
#include "veralith/write_batch.h"

namespace veralith {
namespace {

constexpr uint64_t kReadLimit = uint64_t{1} << 24;
constexpr const char* kText = "contents.txt";

// --- Files and disks -----------------------------------------------------------------------------

void Install(const Files& files, const std::string& directory, FileSystem* fs) {
  VERALITH_CHECK(fs->CreateDirectory(directory).ok());
  for (const auto& [name, bytes] : files) {
    auto file = fs->Open(JoinPath(directory, name), OpenMode::kCreate);
    VERALITH_CHECK(file.ok() && (*file)->Append(bytes).ok() && (*file)->Sync().ok() &&
                   (*file)->Close().ok());
  }
  VERALITH_CHECK(fs->SyncDirectory(directory).ok());
}

Files Collect(const std::string& directory, FileSystem* fs) {
  Files files;
  const auto names = fs->List(directory);
  VERALITH_CHECK(names.ok());
  for (const std::string& name : *names) {
    auto bytes = ReadWholeFile(*fs, JoinPath(directory, name), kReadLimit);
    VERALITH_CHECK(bytes.ok());
    files[name] = *std::move(bytes);
  }
  return files;
}

// --- Segments ------------------------------------------------------------------------------------

// Bytes that compress a little, and never change.
std::string SomeBytes(uint64_t seed, size_t count) {
  std::string bytes;
  uint64_t state = seed * 2 + 1;
  while (bytes.size() < count) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    bytes.push_back(static_cast<char>(state >> 61 < 4 ? 'a' : state >> 56));
  }
  return bytes;
}

std::string FourDigits(uint64_t n) {
  const std::string digits = std::to_string(n);
  return std::string(4 - digits.size(), '0') + digits;
}

std::vector<GoldenEntry> MixedEntries() {
  std::vector<GoldenEntry> entries;
  for (const NamespaceId ns : {NamespaceId{0}, NamespaceId{1}, NamespaceId{300}, kMaxNamespace}) {
    entries.push_back({ns, "", 9, EntryKind::kPut, ""});
    entries.push_back({ns, std::string("\0", 1), kMaxTimestamp, EntryKind::kDelete, ""});
    for (uint64_t i = 0; i < 25; ++i) {
      const std::string key = "users/" + FourDigits(i * 7) + "/name";
      for (uint64_t version = 0; version <= i % 3; ++version) {
        const bool put = (i + version) % 5 != 0;
        entries.push_back({ns, key, 1'700'000'000'000'000'000 + 1000 * i - version,
                           put ? EntryKind::kPut : EntryKind::kDelete,
                           put ? SomeBytes(ns + i, (i * 11) % 70) : std::string()});
      }
    }
    entries.push_back({ns, "\xff\xff", 1, EntryKind::kPut, "last"});
  }
  return entries;
}

std::vector<GoldenEntry> NumberedEntries(uint64_t count, EntryKind kind, std::string_view value) {
  std::vector<GoldenEntry> entries;
  for (uint64_t i = 0; i < count; ++i) {
    entries.push_back({5, FourDigits(i), 100 + i, kind, std::string(value)});
  }
  return entries;
}

std::vector<GoldenEntry> VersionsOfOneKey() {
  std::vector<GoldenEntry> entries;
  for (Timestamp ts = 200; ts > 0; --ts) {
    entries.push_back({0, "key", ts, EntryKind::kPut, std::to_string(ts)});
  }
  return entries;
}

std::vector<GoldenEntry> LargeEntries() {
  return {{0, "a", 3, EntryKind::kPut, SomeBytes(1, 6'000)},
          {0, std::string(kMaxKeyBytes, '\0'), 3, EntryKind::kPut, "the longest key"},
          {0, "b", 3, EntryKind::kPut, std::string(6'000, 'b')}};
}

std::vector<GoldenEntry> SortedLargeEntries() {
  std::vector<GoldenEntry> entries = LargeEntries();
  std::swap(entries[0], entries[1]);
  return entries;
}

void AppendSegmentText(std::string* text, const EntryView& entry) {
  const bool put = entry.kind == EntryKind::kPut;
  StrAppend(text, put ? "put " : "delete ", entry.ns, " x", HexEncode(entry.key), " ", entry.ts);
  if (put) {
    StrAppend(text, " x", HexEncode(entry.value));
  }
  text->push_back('\n');
}

void AppendSegmentText(std::string* text, const RangeTombstoneView& tombstone) {
  StrAppend(text, "delete-range ", tombstone.ns, " x", HexEncode(tombstone.begin), " ",
            tombstone.open_end ? std::string("open") : "x" + HexEncode(tombstone.end), " ",
            tombstone.ts, "\n");
}

RangeTombstoneView View(const GoldenRangeTombstone& t) {
  return {t.ns, t.begin, t.end, t.open_end, t.ts};
}
EntryView View(const GoldenEntry& e) { return {e.ns, e.key, e.ts, e.kind, e.value}; }

std::string WriteSegment(const GoldenSegment& golden) {
  auto state = std::make_shared<MemoryFileState>();
  auto writer = SegmentWriter::Create(OpenMemoryFile(state), golden.options);
  VERALITH_CHECK(writer.ok());
  for (const GoldenEntry& entry : golden.entries) {
    VERALITH_CHECK((*writer)->Add(View(entry)).ok());
  }
  for (const GoldenRangeTombstone& tombstone : golden.range_tombstones) {
    VERALITH_CHECK((*writer)->AddRangeTombstone(View(tombstone)).ok());
  }
  VERALITH_CHECK((*writer)->Finish().ok());
  return state->bytes;
}

std::string SegmentText(const GoldenSegment& golden) {
  std::string text;
  for (const GoldenEntry& entry : golden.entries) {
    AppendSegmentText(&text, View(entry));
  }
  for (const GoldenRangeTombstone& tombstone : golden.range_tombstones) {
    AppendSegmentText(&text, View(tombstone));
  }
  return text;
}

// Checks that a lookup of the entry at its own timestamp finds it.
absl::Status CheckLookup(const SegmentReader& reader, const EntryView& entry) {
  EpochGuard guard;
  LookupResult result;
  VERALITH_RETURN_IF_ERROR(reader.Get(entry.ns, entry.key, HashUserKey(entry.ns, entry.key),
                                      entry.ts, {.want_timestamp = true}, &result));
  const bool put = result.kind == LookupResult::Kind::kPut;
  if (result.kind == LookupResult::Kind::kAbsent || put != (entry.kind == EntryKind::kPut) ||
      result.ts != entry.ts || result.value != entry.value) {
    return DataLoss("a lookup differs from the scan");
  }
  return absl::OkStatus();
}

// --- Logs ----------------------------------------------------------------------------------------

constexpr uint64_t kLogNumbers[] = {7, 8};
constexpr uint64_t kLogIds[] = {0x1122334455667788, 0x0102030405060708};

using Kind = LogOperation::Kind;

std::vector<std::vector<LogOperation>> LogBatches(size_t log) {
  if (log == 0) {
    return {{{Kind::kPut, false, 0, "key", "value"}},
            {{Kind::kDelete, false, 0, "key", ""}, {Kind::kPut, false, 300, "", ""}},
            {{Kind::kDeleteRange, false, 1, "a", "c"}, {Kind::kDeleteRange, true, 1, "x", ""}}};
  }
  return {{{Kind::kPut, false, kMaxNamespace, "\xff", "after the first log"}}, {}};
}

void AppendLogText(std::string* text, Timestamp ts, LogPosition synced) {
  StrAppend(text, "record ", ts, " synced ", synced.log_number, ":", synced.offset, "\n");
}

void AppendLogText(std::string* text, const LogOperation& operation) {
  StrAppend(text, "  ", static_cast<int>(operation.kind), " ", operation.ns, " x",
            HexEncode(operation.key), operation.open_end ? " open" : " x",
            HexEncode(operation.value), "\n");
}

// --- The manifest --------------------------------------------------------------------------------

FileMeta SomeFile(uint64_t number, NamespaceId ns, std::string first, KeyBound largest) {
  FileMeta file;
  file.number = number;
  file.bytes = 4096 * number;
  file.entries = 10;
  file.tombstones = 2;
  file.range_tombstones = 1;
  file.smallest_ns = ns;
  file.smallest_key = std::move(first);
  file.largest = std::move(largest);
  file.min_ts = 5;
  file.max_ts = 900;
  file.created_by_job = 3;
  return file;
}

std::vector<VersionEdit> ManifestEdits() {
  VersionEdit flush;
  flush.added_files = {{0, 1, SomeFile(9, 0, "a", {0, "m", KeyBound::Kind::kInclusive})},
                       {3, 2, SomeFile(10, 0, "", {0, "f", KeyBound::Kind::kExclusive})},
                       {3, 2, SomeFile(11, 4, "k", {4, "", KeyBound::Kind::kNamespaceEnd})}};
  flush.removed_logs = {7};
  flush.added_logs = {{12, 0xaabbccdd}};
  flush.timestamp_ceiling = 1000;
  flush.last_timestamp = 900;
  VersionEdit compaction;
  compaction.removed_files = {{0, 9}};
  compaction.added_files = {{3, 2, SomeFile(13, 0, "f", {0, "m", KeyBound::Kind::kInclusive})}};
  compaction.cursors = {{3, 4, "k"}};
  compaction.history_floor = 12;
  return {flush, compaction};
}

ManifestState FirstState() {
  ManifestState state;
  state.database_id = 0x0123456789abcdef;
  state.next_file_number = 8;
  state.logs = {{7, kLogIds[0]}};
  state.timestamp_ceiling = 100;
  return state;
}

// --- The database --------------------------------------------------------------------------------

// What a scan of a namespace shows: key -> (timestamp, value).
using Contents = std::map<std::string, std::pair<Timestamp, std::string>>;
constexpr NamespaceId kNamespaces[] = {0, 5, kMaxNamespace};

void AppendDatabaseText(std::string* text, NamespaceId ns, std::string_view key, Timestamp ts,
                        std::string_view value) {
  StrAppend(text, ns, " x", HexEncode(key), " ", ts, " x", HexEncode(value), "\n");
}

// Writes to the database and notes what must be there.
class Scribe {
 public:
  Scribe(Db* db, SimulatedClock* clock) : db_(*db), clock_(*clock) {}

  void Put(NamespaceId ns, const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.Put(ns, key, value);
    contents_[ns][key] = {Commit(batch), value};
  }
  void Delete(NamespaceId ns, const std::string& key) {
    WriteBatch batch;
    batch.Delete(ns, key);
    Commit(batch);
    contents_[ns].erase(key);
  }
  void DeleteRange(NamespaceId ns, const std::string& begin, std::optional<std::string> end) {
    WriteBatch batch;
    batch.DeleteRange(ns, begin,
                      end.has_value() ? std::optional<std::string_view>(*end) : std::nullopt);
    Commit(batch);
    Contents& keys = contents_[ns];
    keys.erase(keys.lower_bound(begin), end.has_value() ? keys.lower_bound(*end) : keys.end());
  }
  void Fill(NamespaceId ns, uint64_t first, uint64_t count, size_t value_bytes) {
    for (uint64_t i = first; i < first + count; ++i) {
      Put(ns, "key/" + FourDigits(i * 37 % 1000), SomeBytes(i, value_bytes));
    }
  }
  std::string Text() {
    std::string text;
    for (const NamespaceId ns : kNamespaces) {
      for (const auto& [key, version] : contents_[ns]) {
        AppendDatabaseText(&text, ns, key, version.first, version.second);
      }
    }
    return text;
  }

 private:
  Timestamp Commit(const WriteBatch& batch) {
    clock_.Advance(1000);
    const auto committed = db_.Write({}, batch);
    VERALITH_CHECK(committed.ok());
    return *committed;
  }

  Db& db_;
  SimulatedClock& clock_;
  std::map<NamespaceId, Contents> contents_;
};

absl::Status DescribeNamespace(Db* db, NamespaceId ns, std::string* text) {
  ScanOptions scan;
  scan.ns = ns;
  const auto iterator = db->NewIterator(scan);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    AppendDatabaseText(text, ns, iterator->key(), iterator->timestamp(), iterator->value());
  }
  return iterator->status();
}

absl::StatusOr<std::string> DescribeOpened(Db* db) {
  VERALITH_RETURN_IF_ERROR(db->Check());
  std::string text;
  for (const NamespaceId ns : kNamespaces) {
    VERALITH_RETURN_IF_ERROR(DescribeNamespace(db, ns, &text));
  }
  VERALITH_RETURN_IF_ERROR(db->Close());
  return text;
}

absl::Status CheckFiles(FileSystem& fs) {
  CheckReport report;
  VERALITH_RETURN_IF_ERROR(CheckDatabase(fs, Simulation::kDirectory, nullptr, &report));
  return report.damage.empty() ? absl::OkStatus() : DataLoss(report.damage.front());
}

// Installs all except the text.
void InstallDatabase(Files files, FileSystem* fs) {
  files.erase(kText);
  Install(files, Simulation::kDirectory, fs);
}

}  // namespace

std::vector<GoldenSegment> GoldenSegments() {
  std::vector<GoldenSegment> all;
  const std::vector<GoldenRangeTombstone> ranges = {{1, "users/0010", "users/0020", false, 77},
                                                    {300, "", "", true, 78}};
  for (const parquet::Codec codec : {parquet::Codec::kNone, parquet::Codec::kLz4Raw,
                                     parquet::Codec::kSnappy, parquet::Codec::kZstd}) {
    SegmentOptions options;
    options.value_codec = codec;
    all.push_back({"mixed_" + std::string(CodecName(codec)), options, MixedEntries(), ranges});
  }
  SegmentOptions small;
  small.key_page_bytes = small.value_page_bytes = 256;
  small.timestamp_page_rows = small.namespace_page_rows = 16;
  small.row_group_rows = 64;
  small.write_hex_index = true;
  small.sparse_index_interval = 3;
  all.push_back({"small_pages", small, MixedEntries(), ranges});
  all.push_back({"versions_of_one_key", small, VersionsOfOneKey(), {}});
  all.push_back({"large", {}, SortedLargeEntries(), {}});
  all.push_back({"one_row", {}, NumberedEntries(1, EntryKind::kPut, "value"), {}});
  all.push_back({"tombstones", {}, NumberedEntries(50, EntryKind::kDelete, ""), {}});
  all.push_back({"empty_values", {}, NumberedEntries(50, EntryKind::kPut, ""), {}});
  all.push_back({"range_tombstones_only", {}, {}, ranges});
  all.push_back({"nothing", {}, {}, {}});
  SegmentOptions bare;
  bare.filter_bits_per_key = 0;
  bare.write_parquet_bloom_filter = false;
  all.push_back({"no_filters", bare, NumberedEntries(50, EntryKind::kPut, "v"), {}});
  return all;
}

Files MakeGoldenSegments() {
  Files files;
  for (const GoldenSegment& golden : GoldenSegments()) {
    files[golden.name + ".parquet"] = WriteSegment(golden);
    files[golden.name + ".txt"] = SegmentText(golden);
  }
  return files;
}

absl::StatusOr<std::string> DescribeSegment(const std::string& bytes) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = bytes;
  SegmentReaderOptions options;
  options.expected_file_bytes = bytes.size();
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<SegmentReader> reader,
                            SegmentReader::Open(OpenMemoryFile(state), options));
  VERALITH_RETURN_IF_ERROR(CheckSegment(*reader));
  std::string text;
  const auto iterator = reader->NewStream(false);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    AppendSegmentText(&text, iterator->entry());
    VERALITH_RETURN_IF_ERROR(CheckLookup(*reader, iterator->entry()));
  }
  VERALITH_RETURN_IF_ERROR(iterator->status());
  for (const RangeTombstoneView& tombstone : reader->range_tombstones()) {
    AppendSegmentText(&text, tombstone);
  }
  return text;
}

Files MakeGoldenLogs() {
  Files files;
  std::string& text = files[kText];
  uint32_t continues = 0;
  LogPosition synced;
  Timestamp ts = 100;
  for (size_t log = 0; log < 2; ++log) {
    auto state = std::make_shared<MemoryFileState>();
    LogWriter writer(OpenMemoryFile(state), kLogNumbers[log], kLogIds[log], continues);
    for (const std::vector<LogOperation>& batch : LogBatches(log)) {
      writer.Stage(++ts, synced, batch);
      VERALITH_CHECK(writer.Commit().ok() && writer.Sync().ok());
      AppendLogText(&text, ts, synced);
      for (const LogOperation& operation : batch) {
        AppendLogText(&text, operation);
      }
      synced = writer.synced();
    }
    continues = writer.checksum();
    files[LogFileName(kLogNumbers[log])] = state->bytes;
  }
  return files;
}

absl::StatusOr<std::string> DescribeLogs(const Files& files) {
  std::string text;
  std::optional<uint32_t> continues;
  for (size_t log = 0; log < 2; ++log) {
    auto state = std::make_shared<MemoryFileState>();
    state->bytes = files.at(LogFileName(kLogNumbers[log]));
    VERALITH_ASSIGN_OR_RETURN(
        const std::unique_ptr<LogReader> reader,
        LogReader::Open(OpenMemoryFile(state), kLogNumbers[log], kLogIds[log]));
    if (continues.has_value()) {
      reader->ExpectContinues(*continues);
    }
    LogRecordView record;
    for (;;) {
      VERALITH_ASSIGN_OR_RETURN(const bool more, reader->Next(&record));
      if (!more) {
        break;
      }
      AppendLogText(&text, record.ts(), record.synced_through());
      LogOperation operation;
      for (auto cursor = record.operations(); cursor.Next(&operation);) {
        AppendLogText(&text, operation);
      }
    }
    if (reader->end_reason() != LogReader::EndReason::kEndOfFile) {
      return DataLoss(reader->end_detail());
    }
    continues = reader->checksum();
  }
  return text;
}

Files MakeGoldenManifest() {
  SimulatedFileSystem fs;
  VERALITH_CHECK(fs.CreateDirectory("manifest").ok());
  ManifestState state = FirstState();
  auto manifest = ManifestLog::Create(&fs, "manifest", 5, state);
  VERALITH_CHECK(manifest.ok());
  for (const VersionEdit& edit : ManifestEdits()) {
    VERALITH_CHECK((*manifest)->Append(edit).ok());
    auto next = state.Apply(edit);
    VERALITH_CHECK(next.ok());
    state = *std::move(next);
  }
  VERALITH_CHECK((*manifest)->Close().ok());
  Files files = Collect("manifest", &fs);
  files[kText] = state.DebugString();
  return files;
}

absl::StatusOr<std::string> DescribeManifest(const Files& files) {
  SimulatedFileSystem fs;
  Install(files, "manifest", &fs);
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List("manifest"));
  VERALITH_ASSIGN_OR_RETURN(const std::optional<RecoveredManifest> recovered,
                            RecoverManifest(&fs, "manifest", names));
  if (!recovered.has_value() || recovered->discarded_bytes != 0) {
    return DataLoss("no manifest, or one with a torn tail");
  }
  return recovered->state.DebugString();
}

Files MakeGoldenDatabase() {
  Simulation simulation;
  Options options = simulation.SmallOptions();
  options.disable_automatic_compaction = true;
  auto db = simulation.Open(options);
  VERALITH_CHECK(db.ok());
  Scribe scribe(db->get(), &simulation.clock());
  scribe.Fill(0, 0, 120, 60);
  scribe.Fill(5, 0, 30, 10);
  VERALITH_CHECK((*db)->Compact(std::nullopt, {}, {}).ok());
  scribe.Put(kMaxNamespace, "", "");
  scribe.Delete(0, "key/0037");
  scribe.DeleteRange(0, "key/02", "key/03");
  scribe.DeleteRange(5, "key/05", std::nullopt);
  VERALITH_CHECK((*db)->Flush().ok());
  scribe.Fill(0, 100, 15, 40);
  scribe.Put(5, std::string("\0\xff", 2), "in the log only");
  VERALITH_CHECK((*db)->Sync().ok());
  // As a killed process leaves it: the newest writes are in a log.
  Files files = Collect(Simulation::kDirectory, &simulation.disk());
  files[kText] = scribe.Text();
  VERALITH_CHECK((*db)->Close().ok());
  return files;
}

absl::StatusOr<std::string> DescribeDatabase(const Files& files) {
  Simulation simulation;
  InstallDatabase(files, &simulation.disk());
  VERALITH_RETURN_IF_ERROR(CheckFiles(simulation.disk()));
  Options read_only = simulation.SmallOptions();
  read_only.read_only = true;
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<Db> reader, simulation.Open(read_only));
  VERALITH_ASSIGN_OR_RETURN(const std::string read, DescribeOpened(reader.get()));
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, simulation.Open());
  VERALITH_ASSIGN_OR_RETURN(const std::string text, DescribeOpened(db.get()));
  return text == read ? absl::StatusOr<std::string>(text)
                      : DataLoss("opening for reading only shows something else");
}

absl::StatusOr<Files> ContinueDatabase(const Files& files) {
  Simulation simulation;
  InstallDatabase(files, &simulation.disk());
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, simulation.Open());
  WriteBatch batch;
  batch.Put(kMaxNamespace, "\xff", "written since");
  VERALITH_ASSIGN_OR_RETURN(const Timestamp ts, db->Write({.sync = SyncMode::kCommit}, batch));
  Files left = Collect(Simulation::kDirectory, &simulation.disk());
  left[kText] = files.at(kText);
  AppendDatabaseText(&left[kText], kMaxNamespace, "\xff", ts, "written since");
  VERALITH_RETURN_IF_ERROR(db->Close());
  return left;
}

absl::StatusOr<Files> RepairOfDatabase(const Files& files) {
  Simulation simulation;
  InstallDatabase(files, &simulation.disk());
  RepairReport report;
  VERALITH_RETURN_IF_ERROR(RepairDatabase(simulation.SmallOptions(), Simulation::kDirectory,
                                          "repaired", RepairOptions(), &report));
  if (!report.lost.empty()) {
    return DataLoss(report.lost.front().what);
  }
  return Collect("repaired", &simulation.disk());
}

}  // namespace veralith
