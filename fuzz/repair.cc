// SPDX-License-Identifier: Apache-2.0

// Repair of a directory image. Bytes become the life of a small database, and then what happens to
// its files: damage, and records that are correctly framed but hold anything. It is repaired into
// another directory, from a disk that must not change. The result opens, passes the check, and
// holds no entry that no input file holds.
//
//   byte 0    bit 0: behind damage   bit 1: the database was closed   bit 2: a dry run first
//   byte 1    n % 16; n bytes: letters, of which the low 3 bits say what and the others where
//   then      changes: kind % 8, file (index in the sorted list), and
//     0 flip: offset (2 bytes), mask
//     1 cut: bytes (2)
//     2 remove
//     3 overwrite: offset (2), length (1), bytes
//     4 copy over: file
//     5 a record more: length (2), payload
//     6 a new file: kind, number, length (2), bytes
//     7 swap: file
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/log_record.h"
#include "core/format/record_frame.h"
#include "core/fs/file_helpers.h"
#include "core/log/record_reader.h"
#include "core/log/record_writer.h"
#include "core/manifest/file_names.h"
#include "core/segment/check/segment_salvage.h"
#include "veralith/check_database.h"
#include "veralith/db.h"
#include "veralith/repair.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

constexpr const char* kSource = "source";
constexpr const char* kTarget = "target";
constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr uint64_t kMemoryLimitBytes = uint64_t{64} << 20;

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::string_view Take(size_t n) {
    const std::string_view taken = bytes_.substr(0, n);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  size_t Byte() {
    const std::string_view taken = Take(1);
    return taken.empty() ? 0 : static_cast<uint8_t>(taken[0]);
  }
  size_t Two() {
    const size_t low = Byte();
    return low + 256 * Byte();
  }

 private:
  std::string_view bytes_;
};

// --- The database --------------------------------------------------------------------------------

class Machine {
 public:
  Options SmallOptions() {
    Options options;
    options.file_system = &disk;
    options.clock = &clock_;
    options.executor = &executor_;
    options.random_seed = 7;
    options.write_buffer_bytes = 4096;
    options.cache_bytes = 4096;
    options.key_page_bytes = options.value_page_bytes = 256;
    options.min_free_bytes = 0;
    return options;
  }

  SimulatedFileSystem disk;

 private:
  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_, SimulatedExecutor::Order::kFifo};
};

absl::Status Apply(Db& db, size_t letter, size_t position) {
  const std::string key(1 + (letter >> 3 & 1), static_cast<char>('a' + (letter >> 4 & 3)));
  WriteOptions options;
  options.sync = (letter & 64) != 0 ? SyncMode::kCommit : SyncMode::kManual;
  WriteBatch batch;
  switch (letter & 7) {
    case 2:
      batch.Delete(0, key);
      break;
    case 3:
      batch.DeleteRange(0, key, std::nullopt);
      break;
    case 4:
      batch.Put(0, key, std::string(3000, 'v'));
      break;
    case 5:
      return db.Flush();
    case 6:
      return db.CompactAll();
    case 7:
      return db.Sync();
    default:
      batch.Put(0, key, "value " + std::to_string(position));
  }
  return db.Write(options, std::move(batch)).status();
}

using Image = std::map<std::string, std::string>;  // name -> bytes

Image Live(Input& input, bool closed) {
  Machine machine;
  auto db = Db::Open(kSource, machine.SmallOptions());
  VERALITH_CHECK(db.ok());
  const size_t letters = input.Byte() % 16;
  for (size_t i = 0; i < letters; ++i) {
    VERALITH_CHECK(Apply(**db, input.Byte(), i).ok());
  }
  const auto killed = machine.disk.CloneWithEverything();
  VERALITH_CHECK((*db)->Close().ok());
  Image image;
  const std::string prefix = std::string("/") + kSource + "/";
  for (auto& [path, bytes] : (closed ? machine.disk : *killed).Files()) {
    if (path.starts_with(prefix)) {
      image.emplace(path.substr(prefix.size()), std::move(bytes));
    }
  }
  return image;
}

// --- What befalls it -----------------------------------------------------------------------------

void Write(FileSystem& fs, const std::string& path, std::string_view bytes) {
  auto file = fs.Open(path, OpenMode::kCreate);
  VERALITH_CHECK(file.ok() && (*file)->Append(bytes).ok());
}

// Adds one record to the file, if it is a whole log or manifest.
void AddRecord(std::string& bytes, std::string_view record) {
  const auto header = ParseRecordFileHeader(
      std::string_view(bytes).substr(0, std::min(bytes.size(), kRecordFileHeaderBytes)));
  if (!header.ok() || record.empty()) {
    return;
  }
  SimulatedFileSystem fs;
  Write(fs, "old", bytes);
  auto reader = RecordReader::Open(*fs.Open("old", OpenMode::kRead), header->file);
  if (!reader.ok()) {
    return;
  }
  RecordWriter writer(*fs.Open("new", OpenMode::kCreate), header->file, header->continues);
  std::string_view payload;
  for (auto more = (*reader)->Next(&payload); more.ok() && *more;
       more = (*reader)->Next(&payload)) {
    writer.Stage(payload);
  }
  writer.Stage(record);
  VERALITH_CHECK(writer.Commit().ok());
  bytes = *ReadWholeFile(fs, "new", kMaxBytes);
}

std::string NewName(size_t kind, uint64_t number) {
  switch (kind % 4) {
    case 0:
      return ManifestFileName(number + 1);
    case 1:
      return LogFileName(number + 1);
    case 2:
      return SegmentFileName(number + 1);
    default:
      return std::string(kCurrentFileName);
  }
}

void Change(Image& image, Input& input) {
  const size_t kind = input.Byte() % 8;
  const auto at = [&image](size_t index) {
    return std::next(image.begin(), static_cast<ptrdiff_t>(index % image.size()));
  };
  const auto file = at(input.Byte());
  std::string& bytes = file->second;
  if (kind == 0) {
    const size_t offset = input.Two();
    const size_t mask = input.Byte();
    if (!bytes.empty()) {
      bytes[offset % bytes.size()] ^= static_cast<char>(mask);
    }
  } else if (kind == 1) {
    bytes.resize(bytes.size() - std::min(bytes.size(), input.Two()));
  } else if (kind == 2 && image.size() > 1) {
    image.erase(file);
  } else if (kind == 3) {
    const size_t offset = std::min(input.Two(), bytes.size());
    const std::string_view with = input.Take(input.Byte());
    bytes.replace(offset, std::min(with.size(), bytes.size() - offset), with);
  } else if (kind == 4) {
    bytes = at(input.Byte())->second;
  } else if (kind == 5) {
    AddRecord(bytes, input.Take(input.Two()));
  } else if (kind == 6) {
    const size_t name = input.Byte();
    const uint64_t number = input.Byte();
    image[NewName(name, number)] = input.Take(input.Two());
  } else if (kind == 7) {
    std::swap(bytes, at(input.Byte())->second);
  }
}

// --- What its files hold -------------------------------------------------------------------------

using Entry = std::tuple<NamespaceId, std::string, Timestamp, bool, std::string>;

void CollectSegment(SimulatedFileSystem& disk, const std::string& path, std::set<Entry>* entries) {
  SegmentReceiver receiver;
  receiver.entry = [entries](const EntryView& entry) {
    entries->emplace(entry.ns, std::string(entry.key), entry.ts, entry.kind == EntryKind::kPut,
                     std::string(entry.value));
    return absl::OkStatus();
  };
  receiver.range_tombstone = [](const RangeTombstoneView&) { return absl::OkStatus(); };
  const auto file = disk.Open(path, OpenMode::kRead);
  VERALITH_CHECK(file.ok() && SalvageSegment(**file, kMemoryLimitBytes, receiver).ok());
}

void CollectRecord(std::string_view payload, uint32_t version, std::set<Entry>* entries) {
  const auto record = LogRecordView::Parse(payload, version);
  if (!record.ok()) {
    return;
  }
  LogOperation operation;
  for (auto cursor = record->operations(); cursor.Next(&operation);) {
    if (operation.kind != LogOperation::Kind::kDeleteRange) {
      entries->emplace(operation.ns, std::string(operation.key), record->ts(),
                       operation.kind == LogOperation::Kind::kPut, std::string(operation.value));
    }
  }
}

// Collects every record that is sound in itself, wherever it lies, under every id that the log may
// have.
void CollectLog(SimulatedFileSystem& disk, const std::string& path, const RecordFileId& id,
                std::set<Entry>* entries) {
  auto reader = RecordReader::Open(*disk.Open(path, OpenMode::kRead), id);
  if (!reader.ok()) {
    return;
  }
  while (true) {
    std::string_view payload;
    const auto more = (*reader)->Next(&payload);
    if (!more.ok()) {
      return;
    }
    if (*more) {
      CollectRecord(payload, (*reader)->version(), entries);
    } else if (const auto found = (*reader)->GoOnBehindEnd(); !found.ok() || !*found) {
      return;
    }
  }
}

// Returns the ids of logs: those that any header of the life had, and the life's own.
std::set<uint64_t> IdsOfLogs(const Image& image) {
  std::set<uint64_t> ids;
  for (const auto& [name, bytes] : image) {
    const auto header = ParseRecordFileHeader(
        std::string_view(bytes).substr(0, std::min<size_t>(bytes.size(), kRecordFileHeaderBytes)));
    if (header.ok()) {
      ids.insert(header->file.id);
    }
  }
  return ids;
}

std::set<Entry> EntriesOf(SimulatedFileSystem& disk, const std::string& directory,
                          const std::set<uint64_t>& ids) {
  std::set<Entry> entries;
  const auto names = disk.List(directory);
  VERALITH_CHECK(names.ok());
  for (const std::string& name : *names) {
    const auto file = ParseFileName(name);
    if (file.has_value() && file->kind == FileKind::kSegment) {
      CollectSegment(disk, JoinPath(directory, name), &entries);
    } else if (file.has_value() && file->kind == FileKind::kLog) {
      for (const uint64_t id : ids) {
        CollectLog(disk, JoinPath(directory, name), {RecordFileKind::kLog, file->number, id},
                   &entries);
      }
    }
  }
  return entries;
}

// --- The target ----------------------------------------------------------------------------------

void CheckTarget(Machine& machine, const std::set<Entry>& held) {
  CheckReport check;
  VERALITH_CHECK(CheckDatabase(machine.disk, kTarget, nullptr, &check).ok());
  VERALITH_CHECK(check.damage.empty());
  for (const Entry& entry : EntriesOf(machine.disk, kTarget, {})) {
    VERALITH_CHECK(held.contains(entry));
  }
  Options options = machine.SmallOptions();
  options.create_if_missing = false;
  const auto db = Db::Open(kTarget, options);
  VERALITH_CHECK(db.ok());
  const auto it = (*db)->NewIterator({});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    VERALITH_CHECK(held.contains(
        {0, std::string(it->key()), it->timestamp(), true, std::string(it->value())}));
  }
  VERALITH_CHECK(it->status().ok());
}

std::vector<std::pair<std::string, std::string>> SourceFiles(const SimulatedFileSystem& disk) {
  auto files = disk.Files();
  std::erase_if(files, [](const auto& file) { return !file.first.starts_with("/source/"); });
  return files;
}

void Repair(const Image& image, const std::set<uint64_t>& ids, RepairOptions repair, bool dry) {
  Machine machine;
  VERALITH_CHECK(machine.disk.CreateDirectory(kSource).ok());
  for (const auto& [name, bytes] : image) {
    Write(machine.disk, JoinPath(kSource, name), bytes);
  }
  const auto before = SourceFiles(machine.disk);
  RepairReport report;
  if (dry) {
    const uint64_t steps = machine.disk.steps();
    RepairOptions only = repair;
    only.dry_run = true;
    RepairDatabase(machine.SmallOptions(), kSource, kTarget, only, &report).IgnoreError();
    VERALITH_CHECK(machine.disk.steps() == steps);
  }
  const absl::Status status =
      RepairDatabase(machine.SmallOptions(), kSource, kTarget, repair, &report);
  VERALITH_CHECK(SourceFiles(machine.disk) == before);
  if (status.ok()) {
    CheckTarget(machine, EntriesOf(machine.disk, kSource, ids));
  } else {
    VERALITH_CHECK(!Message(status).empty() && !*machine.disk.Exists(kTarget));
  }
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith;
  Input input({reinterpret_cast<const char*>(data), size});
  const size_t flags = input.Byte();
  Image image = Live(input, (flags & 2) != 0);
  std::set<uint64_t> ids = IdsOfLogs(image);
  for (int changes = 0; changes < 16 && !input.empty(); ++changes) {
    Change(image, input);
  }
  ids.merge(IdsOfLogs(image));
  RepairOptions repair;
  repair.behind_damage = (flags & 1) != 0;
  Repair(image, ids, repair, (flags & 4) != 0);
  return 0;
}
