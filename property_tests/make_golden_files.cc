// SPDX-License-Identifier: Apache-2.0

// make_golden_files DIRECTORY: wrote the folders of corpus/golden, each once. Run it only to see
// what the bytes would be now. A difference is a new format version, with a folder of its own.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "property_tests/golden_files.h"
#include "property_tests/golden_tables.h"

namespace {

void Write(const std::filesystem::path& directory, const veralith::Files& files) {
  std::filesystem::create_directories(directory);
  for (const auto& [name, bytes] : files) {
    std::filesystem::create_directories((directory / name).parent_path());
    std::ofstream(directory / name, std::ios::binary) << bytes;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_golden_files DIRECTORY\n");
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  Write(directory / "segments", veralith::MakeGoldenSegments());
  Write(directory / "logs", veralith::MakeGoldenLogs());
  Write(directory / "manifest", veralith::MakeGoldenManifest());
  Write(directory / "database", veralith::MakeGoldenDatabase());
  for (const int version : {2, 3}) {
    Write(directory / "tables" / std::to_string(version), veralith::MakeGoldenTable(version));
  }
  return 0;
}
