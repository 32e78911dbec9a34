// SPDX-License-Identifier: Apache-2.0

// Counts words in a database that keeps its counts:  word_count DIRECTORY < TEXT
#include <charconv>
#include <cstdint>
#include <iostream>
#include <string>

#include "veralith/db.h"

namespace {

uint64_t Number(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

absl::Status Count(veralith::Db& db, std::istream& text) {
  std::string word;
  veralith::PinnedValue count;
  while (text >> word) {
    const absl::StatusOr<bool> found = db.Get({}, word, &count);
    if (!found.ok()) {
      return found.status();
    }
    const uint64_t seen = *found ? Number(count.view()) : 0;
    if (absl::Status put = db.Put({}, word, std::to_string(seen + 1)); !put.ok()) {
      return put;
    }
  }
  const auto it = db.NewIterator({});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    std::cout << it->value() << " " << it->key() << "\n";
  }
  return it->status();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: word_count DIRECTORY < TEXT\n";
    return 2;
  }
  auto db = veralith::Db::Open(argv[1], {});
  absl::Status status = db.ok() ? Count(**db, std::cin) : db.status();
  if (status.ok()) {
    status = (*db)->Close();
  }
  if (!status.ok()) {
    std::cerr << "word_count: " << status << "\n";
    return 1;
  }
  return 0;
}
