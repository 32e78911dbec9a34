// SPDX-License-Identifier: Apache-2.0

#include "property_tests/golden_tables.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "core/iceberg/testing/table_reader.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

constexpr const char* kText = "contents.txt";
constexpr const char* kTable = "table";
constexpr NamespaceId kNamespaces[] = {0, 7};

// --- Files and disks -----------------------------------------------------------------------------

// Makes the folders that a path names, each durably.
void MakeFolders(const std::string& path, FileSystem* fs) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const absl::Status made = fs->CreateDirectory(path.substr(0, slash));
    VERALITH_CHECK(made.ok() || absl::IsAlreadyExists(made));
  }
}

void Install(const Files& files, FileSystem* fs) {
  for (const auto& [path, bytes] : files) {
    if (path == kText) {
      continue;
    }
    MakeFolders(path, fs);
    auto file = fs->Open(path, OpenMode::kCreate);
    VERALITH_CHECK(file.ok() && (*file)->Append(bytes).ok() && (*file)->Sync().ok() &&
                   (*file)->Close().ok());
  }
}

Files Collect(const SimulatedFileSystem& fs) {
  Files files;
  for (const auto& [path, bytes] : fs.Files()) {
    files[path.substr(path.find_first_not_of('/'))] = bytes;
  }
  return files;
}

// --- Texts ---------------------------------------------------------------------------------------

void AppendRow(std::string* text, NamespaceId ns, std::string_view key, Timestamp ts,
               std::string_view value) {
  StrAppend(text, ns, " x", HexEncode(key), " ", ts, " x", HexEncode(value), "\n");
}

// What the database shows now, as a snapshot of the table must.
void AppendScan(std::string* text, Db& db) {
  StrAppend(text, "snapshot at ", db.LastTimestamp(), "\n");
  for (const NamespaceId ns : kNamespaces) {
    ScanOptions scan;
    scan.ns = ns;
    const auto it = db.NewIterator(scan);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      AppendRow(text, ns, it->key(), it->timestamp(), it->value());
    }
    VERALITH_CHECK(it->status().ok());
  }
}

absl::StatusOr<std::string> Describe(FileSystem& fs) {
  std::string text;
  VERALITH_ASSIGN_OR_RETURN(const iceberg::TableContents current, iceberg::ReadTable(fs, kTable));
  for (const int64_t id : current.snapshot_ids) {
    VERALITH_ASSIGN_OR_RETURN(const iceberg::TableContents table,
                              iceberg::ReadTable(fs, kTable, id));
    StrAppend(&text, "snapshot at ", table.at, "\n");
    for (const iceberg::TableRow& row : table.rows) {
      AppendRow(&text, row.ns, row.key, row.ts, row.value);
    }
  }
  return text;
}

// --- Writing -------------------------------------------------------------------------------------

void Put(Db& db, NamespaceId ns, const std::string& key, const std::string& value) {
  VERALITH_CHECK(db.Put({}, ns, key, value).ok());
}

void Publish(Simulation& simulation, Db& db, int format_version) {
  simulation.clock().Advance(1'000'000'000);
  PublishOptions options;
  options.format_version = format_version;
  VERALITH_CHECK(db.PublishIceberg(kTable, options).ok());
}

std::string Key(int number) { return "key/" + std::to_string(1000 + number * 37 % 200); }

}  // namespace

Files MakeGoldenTable(int format_version) {
  Simulation simulation;
  Options options = simulation.SmallOptions();
  options.disable_automatic_compaction = true;
  auto opened = simulation.Open(options);
  VERALITH_CHECK(opened.ok());
  Db& db = **opened;
  std::string text;
  for (int i = 0; i < 60; ++i) {
    Put(db, i % 3 == 0 ? 7 : 0, Key(i), "first " + std::to_string(i));
  }
  VERALITH_CHECK(db.Delete({}, 0, Key(1)).ok() && db.DeleteRange({}, 7, Key(3), Key(9)).ok());
  AppendScan(&text, db);
  Publish(simulation, db, format_version);
  for (int i = 20; i < 40; ++i) {
    Put(db, i % 3 == 0 ? 7 : 0, Key(i), "second " + std::to_string(i));
  }
  Put(db, 0, "", std::string("\0\xff", 2));
  VERALITH_CHECK(db.DeleteRange({}, 0, "key/115", "key/12").ok());
  VERALITH_CHECK(db.Delete({}, 7, Key(42)).ok());
  AppendScan(&text, db);
  Publish(simulation, db, 0);
  VERALITH_CHECK(db.Close().ok());
  Files files = Collect(simulation.disk());
  files[kText] = std::move(text);
  return files;
}

absl::StatusOr<std::string> DescribeTable(const Files& files) {
  SimulatedFileSystem fs;
  Install(files, &fs);
  return Describe(fs);
}

absl::StatusOr<Files> ContinueTable(const Files& files) {
  Simulation simulation;
  Install(files, &simulation.disk());
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, simulation.Open());
  Put(*db, 7, "key/2000", "written since");
  std::string text = files.at(kText);
  AppendScan(&text, *db);
  Publish(simulation, *db, 0);
  VERALITH_RETURN_IF_ERROR(db->Close());
  Files left = Collect(simulation.disk());
  left[kText] = std::move(text);
  return left;
}

}  // namespace veralith
