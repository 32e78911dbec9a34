// SPDX-License-Identifier: Apache-2.0

// The mutator of other writers' files reaches every region. What it makes is read, or refused for
// what it says, and not because lengths or checksums around the change are wrong.
#include "fuzz/foreign_mutator.h"

#include <cctype>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/segment/foreign/foreign_segment.h"
#include "core/segment/testing/segment_model.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

constexpr const char* kRegionNames[kForeignRegions] = {"footer", "page headers", "levels",
                                                       "values"};

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// The golden files that open.
std::vector<std::string> Seeds() {
  const std::string folder = "corpus/golden/foreign/";
  std::istringstream outcomes(ReadFile(folder + "OUTCOMES.tsv"));
  std::vector<std::string> seeds;
  for (std::string line; std::getline(outcomes, line);) {
    const size_t tab = line.find('\t');
    if (tab != std::string::npos && line.substr(tab + 1) == "ok") {
      seeds.push_back(ReadFile(folder + line.substr(0, tab)));
    }
  }
  return seeds;
}

// Returns a message without its numbers, "" if all is well; and the rows.
std::string FaultOf(const std::string& file, std::vector<OwnedEntry>* rows) {
  rows->clear();
  SegmentReaderOptions options;
  options.memory_limit_bytes = 8 << 20;
  const auto segment = OpenAnySegment(OpenMemoryFile(file), options);
  std::string fault(Message(segment.status()));
  std::erase_if(fault, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  if (segment.ok() && segment->foreign == nullptr) {
    return "ours";
  }
  if (segment.ok()) {
    const auto iterator = segment->foreign->NewStream();
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      rows->push_back(OwnedEntry(iterator->entry()));
    }
  }
  return fault;
}

TEST(ForeignMutator, WithoutAChangeTheRowsStayTheSame) {
  const std::vector<std::string> seeds = Seeds();
  ASSERT_EQ(seeds.size(), 29u);
  for (const std::string& seed : seeds) {
    std::vector<OwnedEntry> expected;
    ASSERT_EQ(FaultOf(seed, &expected), "");
    for (int region = 0; region < kForeignRegions; ++region) {
      for (uint32_t choice = 0; choice < 30; ++choice) {
        std::string file = seed;
        (void)MutateForeign(
            static_cast<ForeignRegion>(region), choice, [](std::string*, size_t) {}, &file);
        std::vector<OwnedEntry> rows;
        ASSERT_EQ(FaultOf(file, &rows), "") << kRegionNames[region];
        ASSERT_EQ(rows, expected) << kRegionNames[region];
      }
    }
  }
}

// Changes one byte, or inserts one after the piece.
void ChangeAByte(Random* random, std::string* piece, size_t max_bytes) {
  if (piece->size() < max_bytes && random->OneIn(8)) {
    piece->push_back(static_cast<char>(random->Below(256)));
  } else if (!piece->empty()) {
    (*piece)[random->Below(piece->size())] = static_cast<char>(random->Below(256));
  }
}

TEST(ForeignMutator, ReachesEveryRegion) {
  const std::vector<std::string> seeds = Seeds();
  std::printf("%-14s %8s %9s %9s %7s\n", "region", "changed", "checksum", "accepted", "faults");
  for (int region = 0; region < kForeignRegions; ++region) {
    Random random(static_cast<uint64_t>(region) + 1);
    int changed = 0;
    int checksum = 0;
    int accepted = 0;
    std::set<std::string> faults;
    for (int i = 0; i < 3000; ++i) {
      std::string file = seeds[static_cast<size_t>(i) % seeds.size()];
      const auto mutate = [&](std::string* piece, size_t max_bytes) {
        ChangeAByte(&random, piece, max_bytes);
      };
      if (!MutateForeign(static_cast<ForeignRegion>(region), static_cast<uint32_t>(random.Next()),
                         mutate, &file)) {
        continue;
      }
      std::vector<OwnedEntry> rows;
      const std::string fault = FaultOf(file, &rows);
      ++changed;
      checksum += fault.find("checksum") != std::string::npos ? 1 : 0;
      accepted += fault.empty() ? 1 : 0;
      faults.insert(fault);
    }
    std::printf("%-14s %8d %9d %9d %7zu\n", kRegionNames[region], changed, checksum, accepted,
                faults.size());
    EXPECT_GT(changed, 500) << kRegionNames[region];
    EXPECT_LT(checksum, changed / 5) << kRegionNames[region];
    EXPECT_GT(accepted, 0) << kRegionNames[region];
    EXPECT_GT(faults.size(), 5u) << kRegionNames[region];
  }
}

}  // namespace
}  // namespace veralith
