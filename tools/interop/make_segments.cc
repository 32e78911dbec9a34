// SPDX-License-Identifier: Apache-2.0

// make_segments DIRECTORY: writes one segment per configuration that other readers of Parquet must
// open, and MANIFEST.tsv. That has one line per file with its name, its rows, the CRC-32 of its
// rows in canonical form, and its range tombstones. check_segments.py reads both.
//
// A row in canonical form: namespace (8 bytes), key length (4), key, timestamp (8), 1 or 0 for a
// value or a tombstone, value length (4), value; integers little-endian.
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/fs/file_helpers.h"
#include "core/segment/page/stored_value_page.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

// Passes entries on to a writer and remembers what readers must find.
class RecordingWriter {
 public:
  explicit RecordingWriter(SegmentWriter* writer) : writer_(writer) {}

  absl::Status Add(const EntryView& entry, StoredValuePage* begins = nullptr) {
    row_.clear();
    AppendFixed64(&row_, entry.ns);
    AppendFixed32(&row_, static_cast<uint32_t>(entry.key.size()));
    row_.append(entry.key);
    AppendFixed64(&row_, entry.ts);
    row_.push_back(entry.kind == EntryKind::kPut ? '\1' : '\0');
    AppendFixed32(&row_, static_cast<uint32_t>(entry.value.size()));
    row_.append(entry.value);
    crc_ = Crc32(crc_, row_);
    ++rows_;
    return writer_->Add(entry, begins);
  }
  absl::Status Put(NamespaceId ns, std::string_view key, Timestamp ts, std::string_view value) {
    return Add({ns, key, ts, EntryKind::kPut, value});
  }
  absl::Status Delete(NamespaceId ns, std::string_view key, Timestamp ts) {
    return Add({ns, key, ts, EntryKind::kDelete, ""});
  }
  absl::Status DeleteRange(const RangeTombstoneView& tombstone) {
    return writer_->AddRangeTombstone(tombstone);
  }
  CopiedPages copied_value_pages() const { return writer_->copied_value_pages(); }
  uint64_t rows() const { return rows_; }
  uint32_t crc() const { return crc_; }

 private:
  SegmentWriter* const writer_;
  std::string row_;
  uint64_t rows_ = 0;
  uint32_t crc_ = 0;
};

std::string Decimal(uint64_t n, size_t digits) {
  std::string text = std::to_string(n);
  return std::string(digits - text.size(), '0') + text;
}

// Returns `bytes` bytes, half of which compress.
std::string Value(Random* random, size_t bytes) {
  std::string value(bytes, 'x');
  for (size_t i = 0; i < bytes / 2; ++i) {
    value[i] = static_cast<char>(random->Next());
  }
  return value;
}

using Fill = std::function<absl::Status(RecordingWriter*)>;

absl::Status Plain(RecordingWriter* writer, uint64_t rows) {
  Random random(rows);
  for (uint64_t i = 0; i < rows; ++i) {
    VERALITH_RETURN_IF_ERROR(writer->Put(0, Decimal(i * 7, 16),
                                         1'700'000'000'000'000'000 + random.Below(1'000'000'000),
                                         Value(&random, 100)));
  }
  return absl::OkStatus();
}

absl::Status Mixed(RecordingWriter* writer) {
  Random random(5);
  for (const NamespaceId ns :
       {NamespaceId{0}, NamespaceId{1}, NamespaceId{255}, NamespaceId{256}, kMaxNamespace}) {
    VERALITH_RETURN_IF_ERROR(writer->Put(ns, "", 9, ""));  // the empty key, an empty value
    for (uint64_t i = 0; i < 4000; ++i) {
      std::string key = "tenant/" + Decimal(i / 100, 4) + "/users/" + Decimal(i, 8);
      if (i % 50 == 0) {
        key.push_back('\0');
        key.push_back('\xff');
      }
      const Timestamp newest = kMaxTimestamp - random.Below(1000);
      for (uint64_t version = 0; version <= i % 3; ++version) {
        const Timestamp ts = newest - 5000 * version;
        if ((i + version) % 7 == 0) {
          VERALITH_RETURN_IF_ERROR(writer->Delete(ns, key, ts));
        } else {
          VERALITH_RETURN_IF_ERROR(
              writer->Put(ns, key, ts, Value(&random, random.Below(200) * (i % 5))));
        }
      }
    }
  }
  return writer->DeleteRange({1, "tenant/0003", "tenant/0005", false, 77});
}

absl::Status Large(RecordingWriter* writer) {
  Random random(6);
  VERALITH_RETURN_IF_ERROR(writer->Put(0, "a", 3, Value(&random, size_t{10} << 20)));
  VERALITH_RETURN_IF_ERROR(writer->Put(0, "b", 3, "small"));
  VERALITH_RETURN_IF_ERROR(writer->Put(0, std::string(kMaxKeyBytes, 'c'), 3, "long key"));
  return writer->Put(0, "d", 3, Value(&random, size_t{12} << 20));
}

absl::Status Tombstones(RecordingWriter* writer) {
  for (uint64_t i = 0; i < 5000; ++i) {
    VERALITH_RETURN_IF_ERROR(writer->Delete(2, Decimal(i, 10), 5));
  }
  return absl::OkStatus();
}

// Writes what a compaction makes of the segment at `path` if it drops one row in 997: most value
// pages are copied unchanged.
absl::Status Compacted(const std::string& path, const SegmentOptions& options,
                       RecordingWriter* writer) {
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                            PosixFileSystem()->Open(path, OpenMode::kRead));
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<SegmentReader> reader,
                            SegmentReader::Open(std::move(file), {}));
  ValuePageOffers offers(options);
  const std::unique_ptr<VersionStream> input = reader->NewJobStream(nullptr, offers.AddInput());
  uint64_t row = 0;
  for (input->SeekToFirst(); input->Valid(); input->Next()) {
    if (++row % 997 != 0) {
      VERALITH_RETURN_IF_ERROR(writer->Add(input->entry(), offers.Take(input->entry())));
    }
  }
  VERALITH_RETURN_IF_ERROR(input->status());
  const uint64_t pages = writer->copied_value_pages().pages;
  return pages > 10 ? absl::OkStatus()
                    : FailedPrecondition(StrCat("only ", pages, " value pages were copied"));
}

absl::Status OneRow(RecordingWriter* writer) { return writer->Put(0, "key", 1, "value"); }

absl::Status EmptyValues(RecordingWriter* writer) {
  for (uint64_t i = 0; i < 5000; ++i) {
    VERALITH_RETURN_IF_ERROR(writer->Put(0, Decimal(i, 10), 5, ""));
  }
  return absl::OkStatus();
}

absl::Status NoRows(RecordingWriter* writer) { return writer->DeleteRange({0, "a", "", true, 5}); }

// Keys of 100 KB are refused, and leave no segment.
absl::Status LongKeyIsRefused(RecordingWriter* writer) {
  const absl::Status status = writer->Put(0, std::string(100'000, 'k'), 1, "value");
  return absl::IsInvalidArgument(status)
             ? absl::OkStatus()
             : FailedPrecondition(StrCat("a key of 100 KB: ", ToString(status)));
}

struct Configuration {
  std::string name;
  SegmentOptions options;
  Fill fill;
};

std::vector<Configuration> Configurations(const std::string& directory) {
  std::vector<Configuration> all;
  const std::pair<const char*, parquet::Codec> codecs[] = {{"none", parquet::Codec::kNone},
                                                           {"lz4", parquet::Codec::kLz4Raw},
                                                           {"snappy", parquet::Codec::kSnappy},
                                                           {"zstd", parquet::Codec::kZstd}};
  for (const auto& [name, codec] : codecs) {
    SegmentOptions options;
    options.value_codec = codec;
    all.push_back({StrCat("mixed_", name), options, Mixed});
    const std::string mixed = JoinPath(directory, all.back().name + ".parquet");
    all.push_back({StrCat("compacted_", name), options, [mixed, options](RecordingWriter* writer) {
                     return Compacted(mixed, options, writer);
                   }});
    all.push_back({StrCat("large_", name), options, Large});
    all.push_back({StrCat("one_row_", name), options, OneRow});
    options.key_page_bytes = options.value_page_bytes = 256;
    options.timestamp_page_rows = options.namespace_page_rows = 50;
    options.row_group_rows = 3000;
    options.write_hex_index = true;
    all.push_back({StrCat("tiny_pages_", name), options, Mixed});
  }
  SegmentOptions options;
  all.push_back({"tombstones", options, Tombstones});
  all.push_back({"empty_values", options, EmptyValues});
  all.push_back({"no_rows", options, NoRows});
  options.write_parquet_bloom_filter = false;
  options.filter_bits_per_key = 0;
  all.push_back({"no_filters", options, Mixed});
  all.push_back({"million", {}, [](RecordingWriter* writer) { return Plain(writer, 1'000'000); }});
  return all;
}

absl::Status Make(const std::string& directory, const Configuration& configuration,
                  std::string* manifest) {
  FileSystem* const fs = PosixFileSystem();
  const std::string path = JoinPath(directory, configuration.name + ".parquet");
  if (absl::Status removed = fs->Remove(path); !removed.ok() && !absl::IsNotFound(removed)) {
    return removed;
  }
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs->Open(path, OpenMode::kCreate));
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<SegmentWriter> writer,
                            SegmentWriter::Create(std::move(file), configuration.options));
  RecordingWriter recording(writer.get());
  VERALITH_RETURN_IF_ERROR(configuration.fill(&recording));
  VERALITH_ASSIGN_OR_RETURN(const SegmentSummary summary, writer->Finish());
  StrAppend(manifest, configuration.name, ".parquet\t", recording.rows(), "\t", recording.crc(),
            "\t", summary.range_tombstones, "\n");
  return absl::OkStatus();
}

absl::Status CheckRefusals(const std::string& directory) {
  const std::string path = JoinPath(directory, "refused.parquet");
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                            PosixFileSystem()->Open(path, OpenMode::kCreate));
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<SegmentWriter> writer,
                            SegmentWriter::Create(std::move(file), {}));
  RecordingWriter recording(writer.get());
  VERALITH_RETURN_IF_ERROR(LongKeyIsRefused(&recording));
  std::printf("make_segments: a key of 100 KB is refused\n");
  return PosixFileSystem()->Remove(path);
}

absl::Status MakeAll(const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(CheckRefusals(directory));
  std::string manifest;
  for (const Configuration& configuration : Configurations(directory)) {
    VERALITH_RETURN_IF_ERROR(
        Annotate(Make(directory, configuration, &manifest), configuration.name));
  }
  FileSystem* const fs = PosixFileSystem();
  const std::string path = JoinPath(directory, "MANIFEST.tsv");
  if (absl::Status removed = fs->Remove(path); !removed.ok() && !absl::IsNotFound(removed)) {
    return removed;
  }
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs->Open(path, OpenMode::kCreate));
  return file->Append(manifest);
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_segments DIRECTORY\n");
    return 2;
  }
  if (const absl::Status status = veralith::MakeAll(argv[1]); !status.ok()) {
    std::fprintf(stderr, "make_segments: %s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}
