// The README's example, whole: opens a database, writes, reads and scans.
#include <iostream>

#include "core/base/status.h"
#include "veralith/db.h"

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/tmp/veralith-example";
  absl::StatusOr<std::unique_ptr<veralith::Db>> opened = veralith::Db::Open(directory, {});
  if (!opened.ok()) {
    std::cerr << opened.status() << "\n";
    return 1;
  }
  veralith::Db& db = **opened;
  for (const auto& [key, value] : {std::pair("apple", "red"), std::pair("plum", "blue")}) {
    if (absl::Status status = db.Put({.sync = veralith::SyncMode::kCommit}, key, value);
        !status.ok()) {
      std::cerr << status << "\n";
      return 1;
    }
  }
  veralith::PinnedValue value;
  if (absl::StatusOr<bool> found = db.Get({}, "apple", &value); found.ok() && *found) {
    std::cout << "apple is " << value.view() << "\n";
  }
  const std::unique_ptr<veralith::DbIterator> it = db.NewIterator({});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    std::cout << it->key() << "=" << it->value() << "\n";
  }
  const absl::Status closed = it->status().ok() ? db.Close() : it->status();
  std::cout << closed << "\n";
  return closed.ok() ? 0 : 1;
}
