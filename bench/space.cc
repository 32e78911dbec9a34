// SPDX-License-Identifier: Apache-2.0

// space DIRECTORY [rows] [value bytes]: the same entries as one Veralith segment and as one RocksDB
// table per codec, and the ratio of their sizes, with Veralith's timestamp column counted apart.
//
// RocksDB's file is what its SstFileWriter makes: 4 KiB blocks, a Bloom filter of 10 bits per key,
// otherwise its defaults. Its sequence numbers are all 0 there, so its file holds no history. A
// segment holds a timestamp per entry, so timestamps are counted apart. The entries are those of a
// database filled in random order: keys of 16 bytes, half of each value random, and a commit
// timestamp from its place in that order. bench/space.sh installs librocksdb-dev and runs this.
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/format/parquet_metadata.h"
#include "core/fs/file_helpers.h"
#include "core/segment/read/segment_file.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

struct Workload {
  std::string name;
  std::vector<std::string> keys;  // ascending
  std::vector<Timestamp> timestamps;
  size_t value_bytes = 100;
};

// The i-th key's value: half of it random, half of it one byte.
std::string Value(const Workload& workload, uint64_t i) {
  Random random(i);
  std::string value(workload.value_bytes, 'v');
  for (size_t at = 0; at < workload.value_bytes / 2; ++at) {
    value[at] = static_cast<char>(random.Next());
  }
  return value;
}

std::string DecimalKey(uint64_t n) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%016" PRIu64, n);
  return buffer;
}

std::string RandomKey(uint64_t n) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%016" PRIx64, uint64_t{n * 0x9e3779b97f4a7c15u});
  return buffer;
}

// Commits come in random order of the keys, about one each 3 microseconds.
Workload Make(std::string name, std::string (*key)(uint64_t), uint64_t rows, size_t value_bytes) {
  Workload workload;
  workload.name = std::move(name);
  workload.value_bytes = value_bytes;
  Random random(7);
  Timestamp now = 1'700'000'000'000'000'000;
  for (uint64_t i = 0; i < rows; ++i) {
    workload.keys.push_back(key(i));
    now += 1000 + random.Below(4000);
    workload.timestamps.push_back(now);
  }
  std::sort(workload.keys.begin(), workload.keys.end());
  for (uint64_t i = rows; i > 1; --i) {
    std::swap(workload.timestamps[i - 1], workload.timestamps[random.Below(i)]);
  }
  return workload;
}

uint64_t RocksDbBytes(const Workload& workload, rocksdb::CompressionType codec,
                      const std::string& path) {
  rocksdb::Options options;
  options.compression = codec;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 4096;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
  VERALITH_CHECK(writer.Open(path).ok());
  for (size_t i = 0; i < workload.keys.size(); ++i) {
    VERALITH_CHECK(writer.Put(workload.keys[i], Value(workload, i)).ok());
  }
  VERALITH_CHECK(writer.Finish().ok());
  return std::filesystem::file_size(path);
}

struct SegmentBytes {
  uint64_t file = 0;
  uint64_t columns[kSegmentColumns] = {};
  uint64_t timestamps = 0;  // column and its indexes
  uint64_t bloom = 0;
  uint64_t indexes = 0;  // Parquet's, for the other columns
  uint64_t block = 0;
};

SegmentBytes Measure(const std::string& path) {
  auto file = PosixFileSystem()->Open(path, OpenMode::kRead);
  VERALITH_CHECK(file.ok());
  SegmentBytes bytes;
  bytes.file = *(*file)->Size();
  const auto footer = ReadSegmentFooter(**file, bytes.file, uint64_t{1} << 30, true);
  VERALITH_CHECK(footer.ok());
  for (const parquet::RowGroup& group : footer->metadata.row_groups) {
    for (size_t c = 0; c < kSegmentColumns; ++c) {
      const parquet::ColumnChunk& chunk = group.columns[c];
      const uint64_t indexes =
          chunk.offset_index_length.value_or(0) + chunk.column_index_length.value_or(0);
      const auto pages = static_cast<uint64_t>(chunk.meta_data.total_compressed_size);
      bytes.columns[c] += pages;
      if (c == static_cast<size_t>(SegmentColumn::kTimestamp)) {
        bytes.timestamps += pages + indexes;
      } else {
        bytes.indexes += indexes;
      }
      bytes.bloom += chunk.meta_data.bloom_filter_length.value_or(0);
    }
  }
  auto opened = OpenSegmentFile(*std::move(file), uint64_t{1} << 30, bytes.file);
  VERALITH_CHECK(opened.ok());
  bytes.block = (*opened)->block_size;
  return bytes;
}

SegmentBytes VeralithBytes(const Workload& workload, parquet::Codec codec,
                           const std::string& path) {
  FileSystem* const fs = PosixFileSystem();
  (void)fs->Remove(path);
  auto file = fs->Open(path, OpenMode::kCreate);
  VERALITH_CHECK(file.ok());
  SegmentOptions options;
  options.value_codec = codec;
  auto writer = SegmentWriter::Create(*std::move(file), options);
  VERALITH_CHECK(writer.ok());
  for (size_t i = 0; i < workload.keys.size(); ++i) {
    VERALITH_CHECK((*writer)
                       ->Add({0, workload.keys[i], workload.timestamps[i], EntryKind::kPut,
                              Value(workload, i)})
                       .ok());
  }
  VERALITH_CHECK((*writer)->Finish().ok());
  return Measure(path);
}

struct CodecPair {
  const char* name;
  parquet::Codec ours;
  rocksdb::CompressionType theirs;
};
constexpr CodecPair kCodecs[] = {
    {"none", parquet::Codec::kNone, rocksdb::kNoCompression},
    {"LZ4", parquet::Codec::kLz4Raw, rocksdb::kLZ4Compression},
    {"Snappy", parquet::Codec::kSnappy, rocksdb::kSnappyCompression},
    {"ZSTD", parquet::Codec::kZstd, rocksdb::kZSTD},
};

void PrintRow(const char* codec, const SegmentBytes& ours, uint64_t theirs, uint64_t rows) {
  const auto per_row = [rows](uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(rows);
  };
  std::printf("| %s | %.2f | %.2f | **%.3f** | %.2f | %.3f | %.2f | %.2f | %.2f | %.2f | %.2f |\n",
              codec, per_row(theirs), per_row(ours.file - ours.timestamps),
              static_cast<double>(ours.file - ours.timestamps) / static_cast<double>(theirs),
              per_row(ours.timestamps),
              static_cast<double>(ours.file) / static_cast<double>(theirs),
              per_row(ours.columns[1]), per_row(ours.columns[3]), per_row(ours.bloom),
              per_row(ours.indexes), per_row(ours.block));
}

void Compare(const Workload& workload, const std::string& directory) {
  std::printf("\n%s, %zu rows, values of %zu bytes; bytes per row\n\n", workload.name.c_str(),
              workload.keys.size(), workload.value_bytes);
  std::printf("| codec | RocksDB | Veralith without timestamps | ratio | timestamps | ratio with "
              "them | keys | values | Parquet bloom | page indexes | block |\n"
              "|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (const CodecPair& codec : kCodecs) {
    const uint64_t theirs =
        RocksDbBytes(workload, codec.theirs, JoinPath(directory, "rocksdb.sst"));
    const SegmentBytes ours =
        VeralithBytes(workload, codec.ours, JoinPath(directory, "veralith.parquet"));
    PrintRow(codec.name, ours, theirs, workload.keys.size());
  }
}

int Main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: space DIRECTORY [rows] [value bytes]\n");
    return 2;
  }
  const uint64_t rows = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const size_t value_bytes = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 100;
  Compare(Make("Decimal keys, all numbers", DecimalKey, rows, value_bytes), argv[1]);
  Compare(Make("Hexadecimal keys, spread", RandomKey, rows, value_bytes), argv[1]);
  return 0;
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) { return veralith::Main(argc, argv); }
