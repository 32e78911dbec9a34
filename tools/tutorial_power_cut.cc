// SPDX-License-Identifier: Apache-2.0

// The power cut of docs/TUTORIAL.md: one database, and every disk that may be left of it.
#include <iostream>
#include <memory>
#include <string>

#include "veralith/db.h"
#include "veralith/testing/simulated_file_system.h"

veralith::Options On(veralith::SimulatedFileSystem* disk) {
  veralith::Options options;
  options.file_system = disk;
  options.random_seed = 1;  // the same run each time
  return options;
}

absl::Status WriteAndCrash(veralith::SimulatedFileSystem* disk) {
  auto db = veralith::Db::Open("/shop", On(disk));
  if (!db.ok()) {
    return db.status();
  }
  absl::Status status = (*db)->Put({.sync = veralith::SyncMode::kCommit}, "apple", "red");
  status.Update((*db)->Put({}, "banana", "yellow"));  // nobody waits for the disk
  disk->CrashNow();
  return status;
}

absl::StatusOr<bool> Has(veralith::SimulatedFileSystem* disk, const std::string& key) {
  auto db = veralith::Db::Open("/shop", On(disk));
  veralith::PinnedValue value;
  return db.ok() ? (*db)->Get({}, key, &value) : db.status();
}

absl::Status CountSurvivors() {
  veralith::SimulatedFileSystem disk;
  if (absl::Status written = WriteAndCrash(&disk); !written.ok()) {
    return written;
  }
  size_t apples = 0;
  size_t bananas = 0;
  const auto survivors = disk.EnumerateSurvivors(64);
  for (const std::unique_ptr<veralith::SimulatedFileSystem>& survivor : survivors.images) {
    const absl::StatusOr<bool> apple = Has(survivor.get(), "apple");
    const absl::StatusOr<bool> banana = Has(survivor.get(), "banana");
    if (!apple.ok() || !banana.ok()) {
      return apple.ok() ? banana.status() : apple.status();
    }
    apples += *apple ? 1 : 0;
    bananas += *banana ? 1 : 0;
  }
  std::cout << "apple survives " << (apples == survivors.images.size() ? "always" : "sometimes")
            << ", banana "
            << (bananas == 0       ? "never"
                : bananas < apples ? "sometimes"
                                   : "always")
            << "\n";
  return absl::OkStatus();
}

int main() {
  const absl::Status status = CountSurvivors();
  std::cout << status << "\n";
  return status.ok() ? 0 : 1;
}
