// SPDX-License-Identifier: Apache-2.0

// Copied pages: a job over segments writes the rows it is given, whatever is copied, and pages keep
// to the sizes that value_column.h promises.
#include "core/segment/write/value_column.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/page/stored_value_page.h"
#include "core/segment/read/segment_file.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "core/segment/write/segment_writer.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

struct Written {
  std::string bytes;
  CopiedPages copied;
};

// One input of a job.
struct Input {
  std::unique_ptr<SegmentReader> reader;
  std::unique_ptr<VersionStream> iterator;
};

// Merges the segments, drops each entry for which `drops` is true, and writes the rest.
class Job {
 public:
  Job(const std::vector<std::string>& segments, const SegmentOptions& output, bool offer)
      : offers_(output), output_(output) {
    for (const std::string& segment : segments) {
      SegmentReaderOptions options;
      options.readahead_bytes = 300;
      inputs_.emplace_back();
      inputs_.back().reader = *SegmentReader::Open(OpenMemoryFile(segment), options);
      inputs_.back().iterator =
          offer ? inputs_.back().reader->NewJobStream(nullptr, offers_.AddInput())
                : inputs_.back().reader->NewStream(/*fill_cache=*/false);
      inputs_.back().iterator->SeekToFirst();
    }
  }

  template <typename Drops>
  Written Run(Drops drops) {
    auto state = std::make_shared<MemoryFileState>();
    const auto writer = *SegmentWriter::Create(OpenMemoryFile(state), output_);
    for (VersionStream* next = Least(); next != nullptr; next->Next(), next = Least()) {
      if (!drops(next->entry())) {
        const absl::Status added = writer->Add(next->entry(), offers_.Take(next->entry()));
        EXPECT_TRUE(added.ok()) << added;
      }
    }
    EXPECT_TRUE(writer->Finish().ok());
    return {state->bytes, writer->copied_value_pages()};
  }

 private:
  VersionStream* Least() {
    VersionStream* least = nullptr;
    for (const Input& input : inputs_) {
      EXPECT_TRUE(input.iterator->status().ok()) << input.iterator->status();
      if (input.iterator->Valid() &&
          (least == nullptr || CompareEntries(input.iterator->entry(), least->entry()) < 0)) {
        least = input.iterator.get();
      }
    }
    return least;
  }

  ValuePageOffers offers_;
  const SegmentOptions output_;
  std::vector<Input> inputs_;
};

std::vector<OwnedEntry> ReadAll(const std::string& bytes) {
  const auto reader = *SegmentReader::Open(OpenMemoryFile(bytes), {});
  EXPECT_TRUE(CheckSegment(*reader).ok()) << CheckSegment(*reader);
  const std::unique_ptr<VersionStream> iterator = reader->NewStream(/*fill_cache=*/false);
  std::vector<OwnedEntry> entries;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    entries.push_back(OwnedEntry(iterator->entry()));
  }
  EXPECT_TRUE(iterator->status().ok()) << iterator->status();
  return entries;
}

// Raw bytes of a value page: of all its rows, and of all but the last.
struct PageSize {
  uint64_t all = 0;
  uint64_t before_last_row = 0;
};
std::vector<std::vector<PageSize>> SizesOfPages(const std::string& bytes) {
  const std::vector<OwnedEntry> entries = ReadAll(bytes);
  const auto file = *OpenSegmentFile(OpenMemoryFile(bytes), uint64_t{1} << 30, std::nullopt);
  std::vector<std::vector<PageSize>> groups(file->block.row_groups().size());
  for (size_t i = 0; i < file->block.page_count(SegmentColumn::kValue); ++i) {
    const SegmentPage place = file->block.Page(SegmentColumn::kValue, i);
    PageSize size;
    for (uint64_t row = place.first_row; row < place.first_row + place.rows; ++row) {
      size.before_last_row = size.all;
      size.all += kValueRowRawBytes + entries[row].value.size();
    }
    groups[file->block.RowGroupOfRow(place.first_row)].push_back(size);
  }
  return groups;
}

// Invariant 2 of value_column.h.
void ExpectSizes(const std::string& bytes, size_t page_bytes) {
  for (const std::vector<PageSize>& group : SizesOfPages(bytes)) {
    for (size_t i = 0; i < group.size(); ++i) {
      EXPECT_LT(group[i].before_last_row, page_bytes) << "page " << i;
      if (i > 0 && i + 1 < group.size()) {
        EXPECT_GE(group[i - 1].all + group[i].all, page_bytes) << "pages " << i - 1 << ", " << i;
      }
    }
  }
}

std::string Key(uint64_t number) {
  std::string text = std::to_string(number);
  return "key" + std::string(6 - text.size(), '0') + text;
}

std::vector<OwnedEntry> Entries(uint64_t first, uint64_t count, uint64_t step, Timestamp ts) {
  std::vector<OwnedEntry> entries;
  for (uint64_t i = 0; i < count; ++i) {
    OwnedEntry entry{0, Key(first + i * step), ts, EntryKind::kPut, std::string(i % 13, 'v')};
    if (i % 7 == 3) {
      entry.kind = EntryKind::kDelete;
      entry.value.clear();
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

SegmentOptions SmallPages(parquet::Codec codec = parquet::Codec::kLz4Raw) {
  SegmentOptions options;
  options.key_page_bytes = 100;
  options.value_page_bytes = 100;
  options.row_group_rows = 100;
  options.value_codec = codec;
  return options;
}

uint64_t ValuePages(const std::string& bytes) {
  uint64_t pages = 0;
  for (const std::vector<PageSize>& group : SizesOfPages(bytes)) {
    pages += group.size();
  }
  return pages;
}

constexpr auto kNothing = [](const EntryView&) { return false; };

TEST(ValueColumn, CopiesEveryPageOfASegmentThatNothingChanges) {
  for (const parquet::Codec codec : {parquet::Codec::kNone, parquet::Codec::kLz4Raw,
                                     parquet::Codec::kSnappy, parquet::Codec::kZstd}) {
    const std::string segment = WriteSegment(Entries(0, 350, 1, 5), SmallPages(codec))->bytes;
    const Written written = Job({segment}, SmallPages(codec), true).Run(kNothing);
    EXPECT_EQ(written.bytes, segment);
    EXPECT_EQ(written.copied.pages, ValuePages(segment));
    EXPECT_GT(written.copied.bytes, 0u);
  }
}

TEST(ValueColumn, EncodesAgainOnlyThePageThatLosesARow) {
  const std::string segment = WriteSegment(Entries(0, 90, 1, 5), SmallPages())->bytes;
  const Written written = Job({segment}, SmallPages(), true).Run([](const EntryView& entry) {
    return entry.key == Key(30);
  });
  EXPECT_EQ(written.copied.pages + 1, ValuePages(segment));
  ExpectSizes(written.bytes, 100);
}

TEST(ValueColumn, CopiesThePagesBetweenTheRowsOfAnotherInput) {
  const std::string base = WriteSegment(Entries(0, 1000, 1, 5), SmallPages())->bytes;
  const std::string update = WriteSegment(Entries(0, 4, 200, 6), SmallPages())->bytes;
  const Written written = Job({base, update}, SmallPages(), true).Run(kNothing);
  EXPECT_GT(written.copied.pages, ValuePages(base) * 3 / 4);
  EXPECT_EQ(ReadAll(written.bytes).size(), 1004u);
  ExpectSizes(written.bytes, 100);
}

// Takes rows from two inputs in turn: it writes what it would write without any offer.
TEST(ValueColumn, WritesTheSameBytesWhereNothingCanBeCopied) {
  const std::string even = WriteSegment(Entries(0, 300, 2, 5), SmallPages())->bytes;
  const std::string odd = WriteSegment(Entries(1, 300, 2, 6), SmallPages())->bytes;
  const Written written = Job({even, odd}, SmallPages(), true).Run(kNothing);
  EXPECT_EQ(written.copied, CopiedPages());
  EXPECT_EQ(written.bytes, Job({even, odd}, SmallPages(), false).Run(kNothing).bytes);
}

TEST(ValueColumn, CopiesNoPageThatItsWriterCouldNotHaveWritten) {
  const std::vector<OwnedEntry> entries = Entries(0, 90, 1, 5);  // one row group
  const std::string segment = WriteSegment(entries, SmallPages())->bytes;
  EXPECT_EQ(Job({segment}, SmallPages(parquet::Codec::kZstd), true).Run(kNothing).copied.pages, 0u);
  SegmentOptions smaller = SmallPages();
  smaller.value_page_bytes = 50;
  const Written written = Job({segment}, smaller, true).Run(kNothing);
  EXPECT_LE(written.copied.pages, 1u);  // the last one, which is not full
  // Pages of half the size stay below the limit, and two of them reach it.
  const std::string halves = WriteSegment(entries, smaller)->bytes;
  ExpectSizes(Job({halves}, SmallPages(), true).Run(kNothing).bytes, 100);
}

// An offer that is not the entry's, as no iterator makes it, changes no row.
TEST(ValueColumn, BelievesNoOfferThatDoesNotHoldTheEntry) {
  const std::string segment = WriteSegment(Entries(0, 60, 1, 5), SmallPages())->bytes;
  const auto reader = *SegmentReader::Open(OpenMemoryFile(segment), {});
  ValuePageOffers offers(SmallPages());
  ValuePageOffers::Place* const place = offers.AddInput();
  const std::unique_ptr<VersionStream> iterator = reader->NewJobStream(nullptr, place);
  iterator->SeekToFirst();
  ASSERT_TRUE(place->stored()->page);
  auto state = std::make_shared<MemoryFileState>();
  const auto writer = *SegmentWriter::Create(OpenMemoryFile(state), SmallPages());
  const OwnedEntry other{0, "a", 1, EntryKind::kPut, "another value"};
  ASSERT_TRUE(writer->Add(other.view(), place->stored()).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(ReadAll(state->bytes), std::vector<OwnedEntry>{other});
}

TEST(ValueColumn, CopiesNoPageThatWasOfferedForAnotherWriter) {
  const std::string segment = WriteSegment(Entries(0, 90, 1, 5), SmallPages())->bytes;
  const auto reader = *SegmentReader::Open(OpenMemoryFile(segment), {});
  SegmentOptions smaller = SmallPages();
  smaller.value_page_bytes = 50;
  for (const SegmentOptions& output : {SmallPages(parquet::Codec::kZstd), smaller}) {
    ValuePageOffers offers(SmallPages());
    const std::unique_ptr<VersionStream> iterator =
        reader->NewJobStream(nullptr, offers.AddInput());
    auto state = std::make_shared<MemoryFileState>();
    const auto writer = *SegmentWriter::Create(OpenMemoryFile(state), output);
    int offered = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      StoredValuePage* const stored = offers.Take(iterator->entry());
      offered += stored != nullptr ? 1 : 0;
      ASSERT_TRUE(writer->Add(iterator->entry(), stored).ok());
    }
    ASSERT_TRUE(writer->Finish().ok());
    EXPECT_GT(offered, 3);
    EXPECT_LE(writer->copied_value_pages().pages, 1u);  // the last one, which is not full
    EXPECT_EQ(ReadAll(state->bytes), ReadAll(segment));
    ExpectSizes(state->bytes, output.value_page_bytes);
  }
}

// --- Pages that inputs come to -------------------------------------------------------------------

TEST(ValuePageOffers, OnlyAPageEnteredAtItsFirstRowIsOffered) {
  const std::vector<OwnedEntry> entries = Entries(0, 90, 1, 5);
  const std::string segment = WriteSegment(entries, SmallPages())->bytes;
  const auto file = *OpenSegmentFile(OpenMemoryFile(segment), uint64_t{1} << 30, std::nullopt);
  const auto reader = *SegmentReader::Open(OpenMemoryFile(segment), {});
  for (uint64_t row = 0; row < entries.size(); ++row) {
    ValuePageOffers offers(SmallPages());
    ValuePageOffers::Place* const place = offers.AddInput();
    const std::unique_ptr<VersionStream> iterator = reader->NewJobStream(nullptr, place);
    iterator->Seek(0, entries[row].key);
    ASSERT_TRUE(iterator->Valid()) << iterator->status();
    EXPECT_EQ(iterator->entry(), entries[row].view());
    const SegmentPage page =
        file->block.Page(SegmentColumn::kValue, file->block.PageOfRow(SegmentColumn::kValue, row));
    EXPECT_EQ(offers.Take(iterator->entry()) != nullptr, row == page.first_row) << "row " << row;
    EXPECT_EQ(place->stored()->page.get() != nullptr, row == page.first_row) << "row " << row;
  }
}

// Returns the error of a job's iterator over the segment when it reaches value page number `at`;
// all rows before it must be read.
absl::Status ErrorAtPage(const std::string& segment, uint64_t memory_limit, size_t at,
                         const SegmentFile& whole) {
  SegmentReaderOptions options;
  options.memory_limit_bytes = memory_limit;
  const auto reader = *SegmentReader::Open(OpenMemoryFile(segment), options);
  ValuePageOffers offers(SmallPages());
  ValuePageOffers::Place* const place = offers.AddInput();
  const std::unique_ptr<VersionStream> iterator = reader->NewJobStream(nullptr, place);
  uint64_t rows = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ++rows;
  }
  EXPECT_EQ(rows, whole.block.Page(SegmentColumn::kValue, at).first_row);
  EXPECT_FALSE(place->stored()->page) << "what could not be read is offered";
  return iterator->status();
}

TEST(ValuePageOffers, APageThatCannotBeReadIsTheErrorOfItsReader) {
  std::vector<OwnedEntry> entries = Entries(0, 90, 1, 5);
  entries[60].kind = EntryKind::kPut;
  entries[60].value.assign(2'000'000, 'v');
  const std::string segment = WriteSegment(entries, SmallPages())->bytes;
  const auto file = *OpenSegmentFile(OpenMemoryFile(segment), uint64_t{1} << 30, std::nullopt);
  const auto in_file = [](const SegmentPage& page, std::string_view message) {
    return StrCat("memory/file: offset ", page.offset, ": ", message);
  };
  const size_t large = file->block.PageOfRow(SegmentColumn::kValue, 60);
  EXPECT_EQ(ErrorAtPage(segment, 1'000'000, large, *file),
            ResourceExhausted(in_file(file->block.Page(SegmentColumn::kValue, large),
                                      "a value page larger than the memory limit")));
  const SegmentPage damaged = file->block.Page(SegmentColumn::kValue, 3);
  std::string bytes = segment;
  bytes[damaged.offset + damaged.bytes / 2] ^= 1;
  EXPECT_EQ(ErrorAtPage(bytes, uint64_t{1} << 30, 3, *file),
            DataLoss(in_file(damaged, "page checksum mismatch")));
}

// --- Any segments --------------------------------------------------------------------------------

parquet::Codec AnyCodec() {
  return *rc::gen::element(parquet::Codec::kNone, parquet::Codec::kLz4Raw, parquet::Codec::kSnappy,
                           parquet::Codec::kZstd);
}

SegmentOptions AnyOptions(parquet::Codec codec) {
  SegmentOptions options;
  options.key_page_bytes = *rc::gen::element<size_t>(1, 64, 4096);
  options.value_page_bytes = *rc::gen::element<size_t>(1, 40, 64, 256);
  options.timestamp_page_rows = *rc::gen::element<size_t>(1, 5, 1024);
  options.value_codec = codec;
  options.row_group_rows = *rc::gen::element<uint64_t>(1, 20, 100, 122'880);
  options.row_group_bytes = *rc::gen::element<uint64_t>(300, uint64_t{16} << 20);
  return options;
}

// Stretches of neighbouring keys, some far apart: whole pages survive, or not.
std::vector<OwnedEntry> AnyEntries(Timestamp ts) {
  std::vector<OwnedEntry> entries;
  for (int stretch = *rc::gen::inRange(1, 5); stretch > 0; --stretch) {
    const auto first = *rc::gen::inRange<uint64_t>(0, 400);
    const auto step = *rc::gen::element<uint64_t>(1, 1, 2, 30);
    const auto sizes =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::weightedElement<size_t>(
            {{2, 0}, {8, 9}, {3, 40}, {1, 600}, {4, size_t{1} << 20}})));
    const auto rows = *rc::gen::inRange<uint64_t>(1, 80);
    for (uint64_t i = 0; i < rows; ++i) {
      const size_t size = sizes[i % sizes.size()];
      const bool deleted = size == size_t{1} << 20;
      OwnedEntry entry{*rc::gen::weightedElement<NamespaceId>({{30, 0}, {1, 1}}),
                       Key(first + i * step), ts, deleted ? EntryKind::kDelete : EntryKind::kPut,
                       std::string(deleted ? 0 : size, static_cast<char>('a' + i % 26))};
      entries.push_back(std::move(entry));
    }
  }
  SortEntries(&entries);
  return entries;
}

RC_GTEST_PROP(ValueColumnProperty, TheRowsAreThoseAddedWhateverIsCopied, ()) {
  const parquet::Codec codec = AnyCodec();
  const SegmentOptions output = AnyOptions(codec);
  std::vector<std::string> segments;
  std::vector<OwnedEntry> expected;
  const int inputs = *rc::gen::inRange(1, 4);
  for (int i = 0; i < inputs; ++i) {
    const std::vector<OwnedEntry> entries = AnyEntries(10 - static_cast<Timestamp>(i));
    const bool alike = *rc::gen::weightedElement<bool>({{3, true}, {1, false}});
    segments.push_back(WriteSegment(entries, alike ? output : AnyOptions(AnyCodec()))->bytes);
    expected.insert(expected.end(), entries.begin(), entries.end());
  }
  SortEntries(&expected);
  const auto dropped = *rc::gen::element<uint64_t>(1'000'000, 50, 3);
  const auto drops = [&](const EntryView& entry) {
    return std::hash<std::string_view>()(entry.key) % dropped == 0;
  };
  std::erase_if(expected, [&](const OwnedEntry& entry) { return drops(entry.view()); });
  const Written written = Job(segments, output, true).Run(drops);
  RC_TAG(written.copied.pages > 0 ? "copied" : "none");
  RC_ASSERT(ReadAll(written.bytes) == expected);
  ExpectSizes(written.bytes, output.value_page_bytes);
  RC_ASSERT(Job(segments, output, true).Run(drops).bytes == written.bytes);
  const Written encoded = Job(segments, output, false).Run(drops);
  RC_ASSERT(encoded.copied == CopiedPages());
  RC_ASSERT(ReadAll(encoded.bytes) == expected);
  if (written.copied.pages == 0) {
    RC_ASSERT(written.bytes == encoded.bytes);
  }
}

}  // namespace
}  // namespace veralith
