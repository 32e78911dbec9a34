// The mutator of the segment reader's fuzz target gets behind the checksums, into every region: what
// it makes is refused for what it says (or not at all), not for a checksum.
#include "fuzz/segment_mutator.h"

#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/segment/segment_reader.h"
#include "core/segment/testing/memory_file.h"
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

// One byte changed, inserted or removed.
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

// What reading everything says: a message without its numbers; "" when all is well.
std::string FaultOf(const std::string& file) {
  SegmentReaderOptions options;
  options.memory_limit_bytes = 8 << 20;
  const auto reader = SegmentReader::Open(OpenMemoryFile(file), options);
  const absl::Status status = reader.ok() ? (*reader)->Check() : reader.status();
  std::string fault(Message(status));
  std::erase_if(fault, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  return fault;
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
    const std::string fault = FaultOf(file);
    ++reached.changed;
    reached.stopped_by_checksum += IsChecksum(fault) ? 1 : 0;
    reached.accepted += fault.empty() ? 1 : 0;
    reached.faults.insert(fault);
  }
  return reached;
}

TEST(SegmentMutator, WithoutAChangeTheFileStaysTheSame) {
  for (const std::string& seed : Seeds()) {
    ASSERT_FALSE(seed.empty());
    for (int region = 0; region < kSegmentRegions; ++region) {
      for (uint32_t choice = 0; choice < 40; ++choice) {
        std::string file = seed;
        (void)MutateSegment(static_cast<SegmentRegion>(region), choice,
                            [](std::string*, size_t) {}, &file);
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

}  // namespace
}  // namespace veralith
