// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/pieces.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/iterator/testing/vector_stream.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

Piece Between(const char* lower, const char* upper) {
  Piece piece;
  if (lower != nullptr) {
    piece.lower = UserKey{0, lower};
  }
  if (upper != nullptr) {
    piece.upper = UserKey{0, upper};
  }
  return piece;
}

std::vector<OwnedEntry> Read(VersionStream& iterator) {
  std::vector<OwnedEntry> entries;
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
    entries.emplace_back(iterator.entry());
  }
  return entries;
}

std::vector<OwnedEntry> Read(const std::vector<OwnedEntry>& all, const Piece& piece) {
  return Read(*NewPieceStream(std::make_unique<VectorStream>(all), piece));
}

OwnedEntry Put(NamespaceId ns, std::string key, Timestamp ts) {
  return {ns, std::move(key), ts, EntryKind::kPut, ""};
}

TEST(Pieces, AreCutWhereTheBytesAreHalved) {
  EXPECT_EQ(CutIntoPieces({{{0, "a"}, 10}, {{0, "b"}, 10}, {{0, "c"}, 20}}, 2),
            (std::vector<Piece>{Between(nullptr, "c"), Between("c", nullptr)}));
  EXPECT_EQ(CutIntoPieces({{{0, "c"}, 10}, {{0, "a"}, 70}, {{0, "b"}, 10}}, 2),
            (std::vector<Piece>{Between(nullptr, "b"), Between("b", nullptr)}));
}

TEST(Pieces, AreOneWhereThereIsNothingToCutAt) {
  const std::vector<Piece> whole(1);
  EXPECT_EQ(CutIntoPieces({}, 4), whole);
  EXPECT_EQ(CutIntoPieces({{{0, "a"}, 10}}, 4), whole);
  EXPECT_EQ(CutIntoPieces({{{0, "a"}, 10}, {{0, "a"}, 10}, {{0, "a"}, 10}}, 4), whole);
  EXPECT_EQ(CutIntoPieces({{{0, "a"}, 10}, {{0, "b"}, 10}}, 1), whole);
}

// Hazard C3: each version of each key is in exactly one piece, also the largest key's, and no two
// pieces have versions of one key.
TEST(Pieces, TogetherHoldEveryVersionOnceAndSplitNoKey) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<OwnedEntry> all;
    std::vector<SampledKey> samples;
    for (uint64_t i = random.Below(40); i > 0; --i) {
      all.push_back(
          Put(random.Below(2), std::string(1, static_cast<char>('a' + random.Below(12))), i));
      if (random.OneIn(3)) {
        samples.push_back({{all.back().ns, all.back().key}, random.Below(50)});
      }
    }
    std::sort(all.begin(), all.end(), EntryLess);
    const size_t most = 1 + random.Below(6);
    const std::vector<Piece> pieces = CutIntoPieces(samples, most);
    EXPECT_LE(pieces.size(), most);
    std::vector<OwnedEntry> together;
    for (const Piece& piece : pieces) {
      const std::vector<OwnedEntry> entries = Read(all, piece);
      if (!together.empty() && !entries.empty()) {
        EXPECT_LT(CompareUserKeys(together.back().ns, together.back().key, entries.front().ns,
                                  entries.front().key),
                  0);
      }
      together.insert(together.end(), entries.begin(), entries.end());
    }
    EXPECT_EQ(together, all);
  }
}

TEST(Pieces, AnUnreadableEntryEndsThePieceThatHoldsItAndNoOther) {
  const std::vector<OwnedEntry> all = {Put(0, "a", 1), Put(0, "b", 1), Put(0, "c", 1)};
  const auto status_of = [&](const Piece& piece) {
    auto whole = std::make_unique<VectorStream>(all);
    whole->FailAt(1, absl::DataLossError("unreadable"));
    const auto iterator = NewPieceStream(std::move(whole), piece);
    Read(*iterator);
    return iterator->status().code();
  };
  EXPECT_EQ(status_of(Between(nullptr, nullptr)), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status_of(Between(nullptr, "c")), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status_of(Between("c", nullptr)), absl::StatusCode::kOk);
}

TEST(Pieces, ClipRangeTombstones) {
  using Ranges = std::vector<RangeTombstoneView>;
  const Ranges whole = {{0, "a", "f", false, 5}, {1, "", "", true, 7}, {0, "c", "", true, 9}};
  const Piece middle = Between("b", "d");
  EXPECT_EQ(ClipToPiece(whole, middle), (Ranges{{0, "b", "d", false, 5}, {0, "c", "d", false, 9}}));
  const Piece last = Between("d", nullptr);
  EXPECT_EQ(ClipToPiece(whole, last),
            (Ranges{{0, "d", "f", false, 5}, {1, "", "", true, 7}, {0, "d", "", true, 9}}));
  EXPECT_EQ(ClipToPiece(whole, Piece()), whole);
}

}  // namespace
}  // namespace veralith
