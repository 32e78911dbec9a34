// SPDX-License-Identifier: Apache-2.0

// Files with our schema that pyarrow, DuckDB and polars wrote (tools/interop/foreign_files.py, run
// once into corpus/golden/foreign): they are read right, or refused by name.
#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/coding.h"
#include "core/format/parquet_metadata.h"
#include "core/fs/testing/memory_file.h"
#include "core/segment/foreign/foreign_chunk.h"
#include "core/segment/foreign/foreign_segment.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/write/segment_writer.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

const std::string kDirectory = "corpus/golden/foreign/";

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::vector<std::string>> Table(const std::string& name) {
  std::vector<std::vector<std::string>> lines;
  std::ifstream in(kDirectory + name);
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string>& fields = lines.emplace_back(1);
    for (const char c : line) {
      if (c == '\t') {
        fields.emplace_back();
      } else {
        fields.back().push_back(c);
      }
    }
  }
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

struct Row {
  NamespaceId ns;
  std::string key;
  Timestamp ts;
  EntryKind kind;
  std::string value;

  EntryView view() const { return {ns, key, ts, kind, value}; }
};

std::string Unhex(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::vector<Row> ExpectedRows() {
  std::vector<Row> rows;
  for (const std::vector<std::string>& fields : Table("ROWS.tsv")) {
    const bool put = fields[3] != "-";
    rows.push_back({std::stoull(fields[0]), Unhex(fields[1]), std::stoull(fields[2]),
                    put ? EntryKind::kPut : EntryKind::kDelete,
                    put ? Unhex(fields[3]) : std::string()});
  }
  return rows;
}

std::vector<std::string> NamesWithOutcome(bool ok) {
  std::vector<std::string> names;
  for (const std::vector<std::string>& fields : Table("OUTCOMES.tsv")) {
    if ((fields[1] == "ok") == ok) {
      names.push_back(fields[0]);
    }
  }
  return names;
}

absl::StatusOr<std::unique_ptr<ForeignSegment>> Open(std::shared_ptr<MemoryFileState> state,
                                                     const SegmentReaderOptions& options = {}) {
  VERALITH_ASSIGN_OR_RETURN(AnySegment segment,
                            OpenAnySegment(OpenMemoryFile(std::move(state)), options));
  EXPECT_EQ(segment.ours, nullptr);
  return std::move(segment.foreign);
}

absl::StatusOr<std::unique_ptr<ForeignSegment>> Open(std::string bytes,
                                                     const SegmentReaderOptions& options = {}) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = std::move(bytes);
  return Open(std::move(state), options);
}

std::unique_ptr<ForeignSegment> OpenGolden(const std::string& name) {
  auto segment = Open(ReadFile(kDirectory + name));
  EXPECT_TRUE(segment.ok()) << name << ": " << segment.status();
  return segment.ok() ? *std::move(segment) : nullptr;
}

// Returns what a scan gives; stops at an error.
std::vector<Row> Scan(const ForeignSegment& segment, absl::Status* status) {
  std::vector<Row> rows;
  const auto iterator = segment.NewStream();
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const EntryView& e = iterator->entry();
    rows.push_back({e.ns, std::string(e.key), e.ts, e.kind, std::string(e.value)});
  }
  *status = iterator->status();
  return rows;
}

void ExpectRows(const std::vector<Row>& found, const std::vector<Row>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].view(), expected[i].view()) << "row " << i;
  }
}

TEST(ForeignSegment, ReadsEveryRowThatOtherWritersWrote) {
  const std::vector<Row> expected = ExpectedRows();
  for (const std::string& name : NamesWithOutcome(true)) {
    SCOPED_TRACE(name);
    const auto reader = OpenGolden(name);
    ASSERT_NE(reader, nullptr);
    absl::Status status;
    ExpectRows(Scan(*reader, &status), expected);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(reader->Check().ok());
  }
}

TEST(ForeignSegment, NamesWhatItRefuses) {
  for (const std::vector<std::string>& fields : Table("OUTCOMES.tsv")) {
    if (fields[1] == "ok") {
      continue;
    }
    SCOPED_TRACE(fields[0]);
    const auto reader = Open(ReadFile(kDirectory + fields[0]));
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(std::string(absl::StatusCodeToString(reader.status().code())), fields[1]);
    EXPECT_NE(Message(reader.status()).find(fields[2]), std::string_view::npos) << reader.status();
  }
}

TEST(ForeignSegment, SeeksToTheRowAtOrAfter) {
  const std::vector<Row> rows = ExpectedRows();
  for (const std::string& name : NamesWithOutcome(true)) {
    SCOPED_TRACE(name);
    const auto reader = OpenGolden(name);
    ASSERT_NE(reader, nullptr);
    const auto iterator = reader->NewStream();
    for (const Row& row : rows) {
      for (const std::string& key : {row.key, row.key + '\0'}) {
        size_t at = 0;
        while (at < rows.size() && CompareUserKeys(rows[at].ns, rows[at].key, row.ns, key) < 0) {
          ++at;
        }
        iterator->Seek(row.ns, key);
        ASSERT_EQ(iterator->Valid(), at < rows.size());
        if (at < rows.size()) {
          EXPECT_EQ(iterator->entry(), rows[at].view());
        }
      }
    }
  }
}

TEST(ForeignSegment, SummarySaysWhatTheRowsSay) {
  const std::vector<Row> rows = ExpectedRows();
  const auto reader = OpenGolden("pyarrow_page_index.parquet");
  ASSERT_NE(reader, nullptr);
  const SegmentSummary& summary = reader->summary();
  EXPECT_EQ(summary.entries, rows.size());
  EXPECT_EQ(summary.smallest_ns, rows.front().ns);
  EXPECT_EQ(summary.smallest_key, rows.front().key);
  EXPECT_EQ(summary.largest,
            (KeyBound{rows.back().ns, rows.back().key, KeyBound::Kind::kInclusive}));
  uint64_t tombstones = 0;
  for (const Row& row : rows) {
    tombstones += row.kind == EntryKind::kDelete;
  }
  EXPECT_EQ(summary.tombstones, tombstones);
}

// The file with its footer decoded, changed, and encoded again.
std::string WithFooter(const std::string& name,
                       const std::function<void(parquet::FileMetaData*)>& edit) {
  std::string file = ReadFile(kDirectory + name);
  const size_t tail = file.size() - 8;
  const size_t start = tail - LoadLe32(file.data() + tail);
  auto footer = parquet::DecodeFileMetaData(std::string_view(file).substr(start, tail - start));
  EXPECT_TRUE(footer.ok()) << footer.status();
  edit(&*footer);
  file.resize(start);
  AppendFileMetaData(*footer, &file);
  AppendFixed32(&file, static_cast<uint32_t>(file.size() - start));
  return file + std::string(parquet::kMagic);
}

TEST(ForeignSegment, FootersOfAnotherShapeAreRefusedByName) {
  const auto refusal = [](const std::function<void(parquet::FileMetaData*)>& edit) {
    const auto reader = Open(WithFooter("pyarrow_plain_v1.parquet", edit));
    return reader.ok() ? "accepted" : std::string(Message(reader.status()));
  };
  EXPECT_EQ(refusal([](parquet::FileMetaData* f) { f->schema[2].name = "ns"; }),
            "memory/file: two columns ns");
  EXPECT_EQ(refusal([](parquet::FileMetaData* f) { f->row_groups[0].columns[1].file_path = "x"; }),
            "memory/file: row group 0: column key: a column chunk in another file");
  EXPECT_EQ(refusal([](parquet::FileMetaData* f) {
              f->row_groups[0].num_rows = int64_t{1} << 40;
              for (parquet::ColumnChunk& chunk : f->row_groups[0].columns) {
                chunk.meta_data.num_values = int64_t{1} << 40;
              }
            }),
            "memory/file: row group 0: a row group larger than the memory limit allows");
}

TEST(ForeignSegment, RowGroupsWithoutRowsArePassedOver) {
  const auto with_empty = Open(WithFooter("pyarrow_plain_v1.parquet", [](parquet::FileMetaData* f) {
    parquet::RowGroup empty;
    empty.columns.resize(4);
    f->row_groups.insert(f->row_groups.begin() + 1, empty);
  }));
  ASSERT_TRUE(with_empty.ok()) << with_empty.status();
  absl::Status status;
  ExpectRows(Scan(**with_empty, &status), ExpectedRows());
  const auto none = Open(WithFooter("pyarrow_plain_v1.parquet", [](parquet::FileMetaData* f) {
    f->row_groups.clear();
    f->num_rows = 0;
  }));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ((*none)->summary().entries, 0u);
  EXPECT_TRUE(Scan(**none, &status).empty());
  EXPECT_TRUE(status.ok()) << status;
}

// Two data pages; the second one says that it is a dictionary.
TEST(ForeignSegment, ADictionaryBehindRowsIsRefused) {
  std::string chunk;
  for (const parquet::PageType type :
       {parquet::PageType::kDataPage, parquet::PageType::kDictionaryPage}) {
    parquet::PageHeader header;
    header.type = type;
    header.uncompressed_page_size = header.compressed_page_size = 8;
    header.data.num_values = 1;
    AppendPageHeader(header, &chunk);
    chunk.append(8, '\1');
  }
  ForeignChunkPlace place;
  place.offset = 4;
  place.bytes = chunk.size();
  place.rows = 2;
  MemoryBudget budget(1 << 20);
  EXPECT_NE(Message(DecodeForeignChunk(chunk, place, &budget).status())
                .find("a dictionary page that is not the first page"),
            std::string_view::npos);
  place.rows = 1000;
  MemoryBudget small(1000);
  EXPECT_TRUE(absl::IsResourceExhausted(DecodeForeignChunk(chunk, place, &small).status()));
}

// Row groups are read again whenever they are needed.
TEST(ForeignSegment, AFileThatChangesUnderItsReaderIsDataLoss) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = ReadFile(kDirectory + "pyarrow_plain_v1.parquet");
  const auto reader = Open(state);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto iterator = (*reader)->NewStream();
  const Row last = ExpectedRows().back();
  const auto expect_loss = [&](std::string_view message) {
    iterator->Seek(last.ns, last.key);  // in another row group
    iterator->SeekToFirst();
    EXPECT_FALSE(iterator->Valid());
    EXPECT_NE(Message(iterator->status()).find(message), std::string_view::npos)
        << iterator->status();
    EXPECT_TRUE(absl::IsDataLoss((*reader)->Check()));
  };
  // The timestamp of the first row, 9 before 2^63-1, becomes 8: still in order.
  const size_t at = state->bytes.find(std::string("\x09\0\0\0\0\0\0\0\xff\xff", 10));
  ASSERT_NE(at, std::string::npos);
  iterator->Seek(last.ns, last.key);
  state->bytes[at] = 8;
  expect_loss("row group 0 has changed since the file was opened");
  std::fill_n(state->bytes.begin() + 4, 200, '\0');
  expect_loss("memory/file: ");
}

TEST(ForeignSegment, IsNeverPartOfADatabase) {
  const std::string bytes = ReadFile(kDirectory + "pyarrow_delta_v2.parquet");
  const auto open = [&](const SegmentReaderOptions& options) {
    auto state = std::make_shared<MemoryFileState>();
    state->bytes = bytes;
    return SegmentReader::Open(OpenMemoryFile(std::move(state)), options).status();
  };
  EXPECT_TRUE(absl::IsUnimplemented(open({}))) << open({});
  SegmentReaderOptions known;
  known.expected_file_bytes = bytes.size();
  EXPECT_TRUE(absl::IsDataLoss(open(known))) << open(known);
}

TEST(ForeignSegment, ASegmentOfOursIsReadAsOne) {
  auto state = std::make_shared<MemoryFileState>();
  auto writer = SegmentWriter::Create(OpenMemoryFile(state), {});
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Add({0, "k", 1, EntryKind::kPut, "v"}).ok());
  ASSERT_TRUE((*writer)->AddRangeTombstone({0, "a", "b", false, 2}).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  const auto opened = OpenAnySegment(OpenMemoryFile(state), {});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->foreign, nullptr);
  ASSERT_NE(opened->ours, nullptr);
  EXPECT_EQ(opened->ours->range_tombstones().size(), 1u);
  // Damage to the writer's name does not make it foreign: that would lose the range tombstones.
  std::string damaged = state->bytes;
  const size_t name = damaged.rfind("veralith version");
  ASSERT_NE(name, std::string::npos);
  damaged[name] = 'w';
  EXPECT_FALSE(Open(damaged).ok());
}

TEST(ForeignSegment, AMemoryLimitIsKept) {
  SegmentReaderOptions options;
  options.memory_limit_bytes = 1 << 18;
  EXPECT_TRUE(Open(ReadFile(kDirectory + "pyarrow_plain_v1.parquet"), options).ok());
  options.memory_limit_bytes = 2000;
  EXPECT_TRUE(absl::IsResourceExhausted(
      Open(ReadFile(kDirectory + "pyarrow_plain_v1.parquet"), options).status()));
}

// Without a checksum over everything, a changed byte may give other rows. It must never give rows
// out of order, or anything worse.
void ReadHostile(std::string bytes) {
  SegmentReaderOptions options;
  options.memory_limit_bytes = uint64_t{1} << 22;
  const auto reader = Open(std::move(bytes), options);
  if (!reader.ok()) {
    return;
  }
  absl::Status status;
  const std::vector<Row> rows = Scan(**reader, &status);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(rows.size(), (*reader)->summary().entries);
  for (size_t i = 1; i < rows.size(); ++i) {
    ASSERT_LT(CompareEntries(rows[i - 1].view(), rows[i].view()), 0);
  }
}

TEST(ForeignSegment, HostileBytesGiveAnErrorOrRowsInOrder) {
  for (const char* name : {"pyarrow_dictionary_v1_zstd", "duckdb_v2_snappy", "polars_small_pages",
                           "pyarrow_delta_v2"}) {
    SCOPED_TRACE(name);
    const std::string bytes = ReadFile(StrCat(kDirectory, name, ".parquet"));
    for (size_t i = 0; i < bytes.size(); ++i) {
      for (const int change : {0x01, 0x80, 0xff}) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ change);
        ReadHostile(std::move(changed));
      }
      ReadHostile(bytes.substr(0, i));
    }
  }
}

TEST(ForeignSegment, PageChecksumsAreVerified) {
  const std::string bytes = ReadFile(kDirectory + "pyarrow_checksums.parquet");
  const std::vector<Row> expected = ExpectedRows();
  const auto footer = static_cast<size_t>(static_cast<uint8_t>(bytes[bytes.size() - 8])) |
                      static_cast<size_t>(static_cast<uint8_t>(bytes[bytes.size() - 7])) << 8;
  size_t mismatches = 0;
  for (size_t i = 4; i < bytes.size() - 8 - footer; ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    const auto reader = Open(std::move(changed));
    mismatches += Message(reader.status()).find("checksum mismatch") != std::string_view::npos;
  }
  EXPECT_GT(mismatches, (bytes.size() - footer) / 3);
}

}  // namespace
}  // namespace veralith
