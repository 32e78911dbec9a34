// SPDX-License-Identifier: Apache-2.0

// docs/TUTORIAL.md as one program: it shows these functions one by one.
#include <filesystem>
#include <iostream>
#include <string>

#include "veralith/db.h"

absl::Status Stock(veralith::Db& db) {
  veralith::WriteBatch batch;
  batch.Put("fruit/apple", "red");
  batch.Put("fruit/banana", "yellow");
  batch.Put("fruit/cherry", "red");
  batch.Put("vegetable/leek", "green");
  absl::Status status = db.Write({.sync = veralith::SyncMode::kCommit}, batch).status();
  status.Update(db.Flush());  // not needed: now these rows are in a Parquet file
  return status;
}

absl::Status PrintFruit(veralith::Db& db, veralith::ScanOptions options) {
  options.lower = veralith::Bound::Inclusive("fruit/");
  options.upper = veralith::Bound::Exclusive("fruit0");  // the byte after '/' is '0'
  const auto it = db.NewIterator(options);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    std::cout << "  " << it->key() << " is " << it->value() << "\n";
  }
  return it->status();
}

absl::Status ChangeAndLookBack(veralith::Db& db) {
  const veralith::ScopedSnapshot morning(db);
  veralith::WriteBatch batch;
  batch.Put("fruit/banana", "brown");
  batch.Delete("fruit/cherry");
  absl::Status status = db.Write({}, batch).status();
  std::cout << "now:\n";
  status.Update(PrintFruit(db, {}));
  std::cout << "at the snapshot:\n";
  veralith::ScanOptions before;
  before.snapshot = morning.get();
  status.Update(PrintFruit(db, before));
  return status;
}

absl::Status PrintBananaAt(veralith::Db& db, veralith::Timestamp moment) {
  veralith::ReadOptions past;
  past.timestamp = moment;
  veralith::PinnedValue value;
  const absl::StatusOr<bool> found = db.Get(past, "fruit/banana", &value);
  if (absl::IsOutOfRange(found.status())) {
    std::cout << "banana: compaction dropped that history\n";
    return absl::OkStatus();
  }
  if (found.ok()) {
    std::cout << "banana was " << (*found ? value.view() : "absent") << "\n";
  }
  return found.status();
}

absl::Status CopyTwice(veralith::Db& db, const std::string& home) {
  absl::Status status = db.DeleteRange({}, veralith::kDefaultNamespace, "vegetable/", std::nullopt);
  status.Update(db.Checkpoint(home + "/copy"));
  status.Update(db.CompactAll());  // what is deleted or replaced leaves the files
  status.Update(db.Checkpoint(home + "/compacted"));
  return status;
}

absl::Status Use(veralith::Db& db, const std::string& home) {
  if (absl::Status stocked = Stock(db); !stocked.ok()) {
    return stocked;
  }
  const veralith::Timestamp stocked_at = db.LastTimestamp();
  absl::Status status = ChangeAndLookBack(db);
  status.Update(PrintBananaAt(db, stocked_at));
  status.Update(CopyTwice(db, home));
  status.Update(PrintBananaAt(db, stocked_at));
  return status;
}

int main(int argc, char** argv) {
  const std::string home = argc > 1 ? argv[1] : "/tmp/veralith-tutorial";
  std::filesystem::create_directory(home);
  veralith::Options options;
  options.error_if_exists = true;
  options.disable_automatic_compaction = true;  // here alone: to show what compaction does
  auto db = veralith::Db::Open(home + "/shop", options);
  absl::Status status = db.ok() ? Use(**db, home) : db.status();
  if (db.ok()) {
    status.Update((*db)->Close());
  }
  std::cout << status << "\n";
  return status.ok() ? 0 : 1;
}
