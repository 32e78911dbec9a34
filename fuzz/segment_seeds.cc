// SPDX-License-Identifier: Apache-2.0

// Writes the seed inputs of the segment reader's fuzz target: small real segments in various
// configurations.  segment_seeds <corpus folder>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/segment/testing/segment_model.h"

namespace veralith {
namespace {

SegmentOptions Options(int number) {
  constexpr parquet::Codec kCodecs[] = {parquet::Codec::kNone, parquet::Codec::kLz4Raw,
                                        parquet::Codec::kSnappy, parquet::Codec::kZstd};
  SegmentOptions options;
  options.value_codec = kCodecs[number % 4];
  options.key_page_bytes = number % 3 == 0 ? 64 : 4096;
  options.value_page_bytes = number % 3 == 1 ? 64 : 200;
  options.timestamp_page_rows = number % 2 == 0 ? 4 : 1000;
  options.row_group_rows = number % 5 == 0 ? 8 : 1000;
  options.filter_bits_per_key = number % 4 == 1 ? 0 : 10;
  options.write_parquet_bloom_filter = number % 3 == 0;
  options.write_hex_index = number % 6 == 3;
  options.sparse_index_interval = 1 + static_cast<uint32_t>(number % 3);
  return options;
}

std::vector<OwnedEntry> Entries(int number) {
  std::vector<OwnedEntry> entries;
  const int rows = number % 7 == 6 ? 0 : 1 + number * 3;
  for (int i = 0; i < rows; ++i) {
    OwnedEntry entry;
    entry.ns = number % 2 == 0 ? 0 : static_cast<NamespaceId>(i / 5);
    entry.key = i == 0 ? "" : "key" + std::to_string(100 + i / (1 + number % 3));
    entry.ts = static_cast<Timestamp>(1000 - i);
    if (i % 5 == 3) {
      entry.kind = EntryKind::kDelete;
    } else {
      entry.value = std::string(static_cast<size_t>(i * 3), static_cast<char>('a' + i % 3));
    }
    entries.push_back(entry);
  }
  SortEntries(&entries);
  return entries;
}

void WriteSeeds(const std::string& folder) {
  std::filesystem::create_directories(folder);
  for (int number = 0; number < 14; ++number) {
    std::vector<RangeTombstoneView> tombstones;
    if (number % 2 == 0) {
      tombstones = {{0, "key101", "key107", false, 900}, {1, "x", "", true, 3}};
    }
    const auto written = WriteSegment(Entries(number), Options(number), tombstones);
    VERALITH_CHECK(written.ok());
    std::ofstream stream(StrCat(folder, "/segment_", number), std::ios::binary);
    stream.write(written->bytes.data(), static_cast<std::streamsize>(written->bytes.size()));
    VERALITH_CHECK(stream.good());
  }
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  VERALITH_CHECK(argc == 2);
  veralith::WriteSeeds(std::string(argv[1]) + "/segment_reader");
  return 0;
}
