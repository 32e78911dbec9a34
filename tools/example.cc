// SPDX-License-Identifier: Apache-2.0

#include <iostream>

#include "veralith/db.h"

absl::Status Use(veralith::Db& db) {
  const veralith::WriteOptions synced = {.sync = veralith::SyncMode::kCommit};
  if (absl::Status put = db.Put(synced, "apple", "red"); !put.ok()) {  // OK: it is on disk
    return put;
  }
  veralith::PinnedValue value;  // a large one is the engine's own bytes, not a copy
  absl::StatusOr<bool> found = db.Get({}, "apple", &value);
  if (!found.ok()) {
    return found.status();
  }
  std::cout << "apple is " << (*found ? value.view() : "absent") << "\n";
  const auto it = db.NewIterator({});  // sees one moment
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    std::cout << it->key() << "=" << it->value() << "\n";
  }
  return it->status();  // an error ends a scan; nothing unreadable is skipped
}

int main(int argc, char** argv) {
  auto db = veralith::Db::Open(argc > 1 ? argv[1] : "/tmp/veralith-example", {});
  absl::Status status = db.ok() ? Use(**db) : db.status();
  if (db.ok()) {
    status.Update((*db)->Close());
  }
  std::cout << status << "\n";
  return status.ok() ? 0 : 1;
}
