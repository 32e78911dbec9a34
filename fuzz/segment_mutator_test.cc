// SPDX-License-Identifier: Apache-2.0

// The mutator of the segment reader's fuzz target gets past the checksums, into every region: what
// it makes is refused for what it says (or not at all), not for a checksum.
#include "fuzz/segment_mutator.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/format/key_hash.h"
#include "core/format/parquet_metadata.h"
#include "core/format/sparse_index.h"
#include "core/fs/testing/memory_file.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/small_segments.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (int i = 0; i < 14; ++i) {
    std::ifstream stream("corpus/segment_reader/segment_" + std::to_string(i), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return seeds;
}

// Changes, inserts or removes one byte.
void ChangeAByte(Random* random, std::string* piece, size_t max_bytes) {
  const uint64_t kind = piece->empty() ? 1 : random->Below(4);
  const size_t at = piece->empty() ? 0 : random->Below(piece->size());
  const auto byte = static_cast<char>(random->OneIn(2) ? random->Below(256) : random->Below(3) - 1);
  if (kind == 1 && piece->size() < max_bytes) {
    piece->insert(at, 1, byte);
  } else if (kind == 2 && piece->size() > 1) {
    piece->erase(at, 1);
  } else if (kind == 3) {
    (*piece)[at] = static_cast<char>((*piece)[at] ^ 1 << random->Below(8));
  } else {
    (*piece)[at] = byte;
  }
}

// Returns a message without its numbers; "" if all is well.
std::string FaultOf(const absl::Status& status) {
  std::string fault(Message(status));
  std::erase_if(fault, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  return fault;
}

// Returns what opening says, or else the structure check; and what reading all rows says.
std::pair<std::string, std::string> FaultsOf(const std::string& file) {
  SegmentReaderOptions options;
  options.memory_limit_bytes = 8 << 20;
  const auto reader = SegmentReader::Open(OpenMemoryFile(file), options);
  if (!reader.ok()) {
    return {FaultOf(reader.status()), ""};
  }
  const auto iterator = (*reader)->NewStream(true);
  iterator->SeekToFirst();
  for (int i = 0; i < 100 && iterator->Valid(); ++i) {
    iterator->Next();
  }
  return {FaultOf(CheckSegment(**reader)), FaultOf(iterator->status())};
}

bool IsChecksum(const std::string& fault) { return fault.find("checksum") != std::string::npos; }

struct Reached {
  int changed = 0;
  int stopped_by_checksum = 0;
  int accepted = 0;
  std::set<std::string> faults;
};

Reached Reach(SegmentRegion region, const std::vector<std::string>& seeds) {
  Reached reached;
  Random random(static_cast<uint64_t>(region) + 1);
  for (int i = 0; i < 4000; ++i) {
    std::string file = seeds[static_cast<size_t>(i) % seeds.size()];
    const auto mutate = [&](std::string* piece, size_t max_bytes) {
      ChangeAByte(&random, piece, max_bytes);
    };
    if (!MutateSegment(region, static_cast<uint32_t>(random.Next()), mutate, &file)) {
      continue;
    }
    const auto [fault, fault_reading] = FaultsOf(file);
    ++reached.changed;
    reached.stopped_by_checksum += IsChecksum(fault) ? 1 : 0;
    reached.accepted += fault.empty() ? 1 : 0;
    reached.faults.insert(fault);
    reached.faults.insert(fault_reading);
  }
  return reached;
}

TEST(SegmentMutator, WithoutAChangeTheFileStaysTheSame) {
  for (const std::string& seed : Seeds()) {
    ASSERT_FALSE(seed.empty());
    for (int region = 0; region < kSegmentRegions; ++region) {
      for (uint32_t choice = 0; choice < 40; ++choice) {
        std::string file = seed;
        (void)MutateSegment(
            static_cast<SegmentRegion>(region), choice, [](std::string*, size_t) {}, &file);
        ASSERT_EQ(file, seed) << RegionName(static_cast<SegmentRegion>(region));
      }
    }
  }
}

TEST(SegmentMutator, LeavesAloneWhatIsNotASegment) {
  for (const std::string& bytes : {std::string(), std::string("PAR1"), std::string(100, 'x')}) {
    std::string file = bytes;
    EXPECT_FALSE(MutateSegment(SegmentRegion::kFooter, 0, [](std::string*, size_t) {}, &file));
    EXPECT_EQ(file, bytes);
  }
}

TEST(SegmentMutator, ReachesEveryRegionBehindItsChecksums) {
  const std::vector<std::string> seeds = Seeds();
  std::printf("%-28s %8s %9s %9s %7s\n", "region", "changed", "checksum", "accepted", "faults");
  for (int i = 0; i < kSegmentRegions; ++i) {
    const auto region = static_cast<SegmentRegion>(i);
    const Reached reached = Reach(region, seeds);
    std::printf("%-28s %8d %9d %9d %7zu\n", RegionName(region), reached.changed,
                reached.stopped_by_checksum, reached.accepted, reached.faults.size());
    EXPECT_GT(reached.changed, 500) << RegionName(region);
    EXPECT_LT(reached.stopped_by_checksum, reached.changed / 5) << RegionName(region);
    EXPECT_GE(reached.faults.size(), 2u) << RegionName(region);
  }
}

// What opening, reading and the structure check say about segments with correct checksums, found by
// changes of single bytes. (The tests below make faults that need more.)
constexpr const char* kFaultsOfTheReader[] = {
    // Opening.
    " of another type belongs",
    "the footer and the segment block place a column chunk differently",
    "the footer and the segment block count rows differently",
    "the footer and the segment block describe a row group differently",
    "the sparse index and the namespace table disagree",
    "range tombstones are counted wrongly",
    "the footer does not name the segment block",
    // Pages.
    "a page of type ",
    "a page in encoding ",
    "page header and segment block disagree on the rows of a page",
    "page header with impossible levels",
    "page header with impossible sizes",
    "bytes after the last key of a page",
    "bytes after the last timestamp of a page",
    "a timestamp below ",
    "bytes after the last value of a page",
    "definition levels that contradict the page header",
    // The structure check.
    "the hex index differs from the sparse index",
    "an index or filter is missing or lies outside the file",
    "a column chunk without statistics",
    "the offset index places a page differently",
    "a column index with nulls where none can be",
    "statistics count nulls differently",
    "does not match",  // the CRC-32 in a page header
    "bytes after the last namespace of a page",
    "the sparse index has another first key for a key page",
    "the namespace table and the namespace column disagree",
    "a timestamp outside the range that the segment block says",
    " is not after the row before it",
    "several versions of a key where the segment block says one",
    "a key that the filter denies",
    "a key that Parquet's bloom filter denies",
    "a key outside the bounds of its column index or statistics",
    "outside the bounds of its column index or statistics",
    "the segment block has another last key",
    "the segment block counts rows or bytes wrongly",
    "range tombstones out of order",
};

TEST(SegmentMutator, MakesTheReaderReportTheseFaults) {
  const std::vector<std::string> seeds = Seeds();
  std::set<std::string> faults;
  for (int i = 0; i < kSegmentRegions; ++i) {
    faults.merge(Reach(static_cast<SegmentRegion>(i), seeds).faults);
  }
  for (const std::string fault : kFaultsOfTheReader) {
    const bool seen = std::any_of(faults.begin(), faults.end(), [&](const std::string& each) {
      return each.find(fault) != std::string::npos;
    });
    EXPECT_TRUE(seen) << fault;
  }
}

using Footer = parquet::FileMetaData;

std::string FaultAfter(const std::function<void(Footer*)>& edit, int segment = 0) {
  std::string file = MakeSmallSegment(segment).bytes;
  EXPECT_TRUE(EditFooter(edit, &file));
  return FaultsOf(file).first;
}

TEST(SegmentMutator, FootersOfAnotherShapeAreRefused) {
  const auto contains = [](const std::string& fault, std::string_view part) {
    return fault.find(part) != std::string::npos ? std::string(part) : fault;
  };
  const auto expect = [&](std::string_view part, const std::function<void(Footer*)>& edit) {
    EXPECT_EQ(contains(FaultAfter(edit), part), part);
  };
  expect("a schema without all of ns, key, ts and value", [](Footer* f) { f->schema.pop_back(); });
  expect("column \"kind\"", [](Footer* f) {
    f->schema.push_back(f->schema.back());
    f->schema.back().name = "kind";
  });
  expect("a column chunk with a dictionary or in another file",
         [](Footer* f) { f->row_groups[0].columns[1].meta_data.dictionary_page_offset = 4; });
  expect("a column chunk with a dictionary or in another file",
         [](Footer* f) { f->row_groups[0].columns[3].file_path = "elsewhere"; });
  expect("codec ZSTD on column key",
         [](Footer* f) { f->row_groups[0].columns[1].meta_data.codec = 6; });
  expect("the offset index has another number of pages", [](Footer* f) {
    auto& columns = f->row_groups[0].columns;
    columns[0].offset_index_offset = columns[1].offset_index_offset;
    columns[0].offset_index_length = columns[1].offset_index_length;
  });
  expect("a column index of another shape than its chunk", [](Footer* f) {
    auto& columns = f->row_groups[0].columns;
    columns[0].column_index_offset = columns[1].column_index_offset;
    columns[0].column_index_length = columns[1].column_index_length;
  });
  const auto entry = [](Footer* f, std::string_view value) {
    f->key_value_metadata.push_back({"veralith.range_tombstones", std::string(value)});
  };
  expect("the footer says  range tombstones, the segment block ",
         [&](Footer* f) { entry(f, "1"); });
  expect("a column without a column index",
         [](Footer* f) { f->row_groups[0].columns[2].column_index_offset.reset(); });
}

// Changes a section of the block of a small segment by hand.
std::pair<std::string, std::string> FaultsAfter(SegmentRegion region, int segment,
                                                const std::function<void(std::string*)>& edit) {
  std::string file = MakeSmallSegment(segment).bytes;
  EXPECT_TRUE(MutateSegment(region, 1, [&](std::string* piece, size_t) { edit(piece); }, &file));
  return FaultsOf(file);
}

// One key with enough versions to go on in a second key page, whose keys are then changed.
TEST(SegmentMutator, ALookupDoesNotTakeAKeyForAbsentThatTheIndexSays) {
  constexpr Timestamp kVersions = 65'600;
  std::vector<OwnedEntry> rows;
  for (Timestamp ts = kVersions; ts > 0; --ts) {
    rows.push_back({0, "k", ts, EntryKind::kPut, ""});
  }
  std::string file = WriteSegment(rows, {}).value().bytes;
  const auto oldest = [&](LookupResult* result) {
    const auto reader = SegmentReader::Open(OpenMemoryFile(file), {});
    EXPECT_TRUE(reader.ok()) << reader.status();
    EpochGuard guard;
    return (*reader)->Get(0, "k", HashUserKey(0, "k"), 1, {.want_timestamp = true}, result);
  };
  LookupResult result;
  ASSERT_TRUE(oldest(&result).ok());
  EXPECT_EQ(result.ts, 1u);
  const auto to_j = [](std::string* page, size_t) { page->back() = 'j'; };
  ASSERT_TRUE(MutateSegment(SegmentRegion::kKeyPage, /*choice=*/2, to_j, &file));
  const absl::Status status = oldest(&result);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_NE(Message(status).find("does not begin with the key that the sparse index says"),
            std::string_view::npos)
      << status;
  // Nor does a scan believe the index alone, the first time or again.
  const auto reader = SegmentReader::Open(OpenMemoryFile(file), {});
  ASSERT_TRUE(reader.ok());
  const auto cursor = (*reader)->NewCursor(0, /*snapshot=*/1, /*fill_cache=*/true);
  for (int again = 0; again < 2; ++again) {
    cursor->SeekToFirst();
    EXPECT_FALSE(cursor->Valid());
    EXPECT_TRUE(absl::IsDataLoss(cursor->status())) << cursor->status();
  }
}

TEST(SegmentMutator, BlocksThatContradictTheRowsAreRefused) {
  const auto tombstones =
      FaultsAfter(SegmentRegion::kCounts, 1, [](std::string* counts) { (*counts)[8] = 0; });
  EXPECT_NE(tombstones.first, "");
  EXPECT_NE(tombstones.second.find("a tombstone that the segment block does not count"),
            std::string::npos)
      << tombstones.second;
  const auto first_key =
      FaultsAfter(SegmentRegion::kCounts, 1, [](std::string* counts) { (*counts)[88] = 'j'; });
  EXPECT_NE(first_key.first.find("the segment block has another first key"), std::string::npos)
      << first_key.first;
  const auto entries = FaultsAfter(SegmentRegion::kSparseIndex, 1, [](std::string* index) {
    *index = SparseIndexBuilder().Finish();
  });
  EXPECT_NE(entries.first.find("the sparse index does not have one entry per key page"),
            std::string::npos)
      << entries.first;
}

}  // namespace
}  // namespace veralith
