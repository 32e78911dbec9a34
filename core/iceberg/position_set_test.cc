// SPDX-License-Identifier: Apache-2.0

// Positions as roaring bitmaps, as deletion vectors in Puffin files and as files of position
// deletes, read by decoders that share no code with what writes them.
#include "core/iceberg/position_set.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/text.h"
#include "core/iceberg/position_deletes.h"
#include "core/iceberg/puffin.h"
#include "core/iceberg/testing/roaring_rows.h"
#include "gtest/gtest.h"

namespace veralith::iceberg {
namespace {

using Rows = std::vector<uint64_t>;

PositionSet SetOf(const Rows& rows) {
  PositionSet set;
  for (const uint64_t row : rows) {
    set.Add(row);
  }
  set.Finish();
  return set;
}

Rows RunsOf(const PositionSet& set) {
  Rows rows;
  set.ForEachRun([&](uint64_t begin, uint64_t end) {
    for (uint64_t row = begin; row < end; ++row) {
      rows.push_back(row);
    }
  });
  return rows;
}

void ExpectRoundTrip(const Rows& rows) {
  const PositionSet set = SetOf(rows);
  EXPECT_EQ(set.size(), rows.size());
  EXPECT_EQ(RunsOf(set), rows);
  const auto read = RoaringReader(set.Encode()).Read();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, rows);
}

// Each row with a chance of one in `n`.
Rows Draw(Random& random, uint64_t rows, uint64_t n) {
  Rows drawn;
  for (uint64_t row = 0; row < rows; ++row) {
    if (random.OneIn(n)) {
      drawn.push_back(row);
    }
  }
  return drawn;
}

TEST(PositionSet, HasItsGoldenBytes) {
  EXPECT_EQ(HexEncode(SetOf({1, 5}).Encode()),
            "0100000000000000"
            "00000000"  // one bitmap, of rows below 2^32
            "3a300000"
            "01000000"
            "00000100"  // without runs: one container, key 0, 2 rows
            "10000000"
            "01000500");  // its offset; the rows
  EXPECT_EQ(HexEncode(SetOf({7, 8, 9, 10}).Encode()),
            "0100000000000000"
            "00000000"
            "3b300000"
            "01"
            "00000300"  // with runs: the first container is one
            "01000700"
            "0300");  // one run: from 7, 3 more
}

TEST(PositionSet, EveryKindOfContainerIsReadBack) {
  Random random(1);
  ExpectRoundTrip({});
  ExpectRoundTrip({0});
  ExpectRoundTrip({65535, 65536});
  ExpectRoundTrip({(uint64_t{1} << 32) - 1, uint64_t{1} << 32, (uint64_t{1} << 40) + 3});
  for (const uint64_t n : {1, 2, 3, 10, 17, 100, 5000}) {
    ExpectRoundTrip(Draw(random, 400'000, n));
  }
  Rows sizes;  // around the limit of arrays
  for (uint64_t i = 0; i < 4097; ++i) {
    sizes.push_back(i * 3);
    if (i >= 4094) {
      ExpectRoundTrip(sizes);
    }
  }
}

TEST(PositionSet, RangesAreTheirRows) {
  PositionSet set;
  set.AddRange(10, 200'000);
  set.AddRange(200'000, 200'000);
  set.Add(200'000);
  set.AddRange(300'000, 300'002);
  set.Finish();
  Rows rows;
  for (uint64_t row = 10; row <= 200'000; ++row) {
    rows.push_back(row);
  }
  rows.insert(rows.end(), {300'000, 300'001});
  EXPECT_EQ(RunsOf(set), rows);
  EXPECT_LT(set.Encode().size(), 100u);
}

TEST(PositionSet, ARowCostsAtMostTwoBytes) {
  Random random(2);
  for (const uint64_t n : {2, 5, 20, 200}) {
    const Rows rows = Draw(random, 1'000'000, n);
    EXPECT_LE(SetOf(rows).Encode().size(), rows.size() * 2 + 16 * 16 + 100) << "1 of " << n;
  }
}

TEST(Puffin, HasItsGoldenBytes) {
  const std::string blob = DeletionVectorBlob(SetOf({1, 5}));
  EXPECT_EQ(HexEncode(blob), "00000024"
                             "d1d33964" +
                                 HexEncode(SetOf({1, 5}).Encode()) + "3e6e302f");
  PuffinBuilder puffin;
  EXPECT_TRUE(puffin.empty());
  EXPECT_EQ(puffin.Add(blob, "file:///t/data/x.parquet", 2), 4u);
  const std::string file = puffin.Finish();
  const std::string payload =
      R"({"blobs":[{"type":"deletion-vector-v1","fields":[2147483645],"snapshot-id":-1,)"
      R"("sequence-number":-1,"offset":4,"length":44,"properties":{"referenced-data-file":)"
      R"("file:///t/data/x.parquet","cardinality":"2"}}],"properties":{"created-by":)";
  EXPECT_EQ(file.substr(0, 4 + blob.size() + 4 + payload.size()), "PFA1" + blob + "PFA1" + payload);
  EXPECT_EQ(HexEncode(file.substr(file.size() - 8)), "00000000" + HexEncode("PFA1"));
}

TEST(PositionDeletes, EqualSetsAreEqualFiles) {
  Random random(3);
  const Rows rows = Draw(random, 300'000, 3);
  const std::string file = PositionDeleteFile("file:///t/data/x.parquet", SetOf(rows));
  EXPECT_EQ(PositionDeleteFile("file:///t/data/x.parquet", SetOf(rows)), file);
  EXPECT_NE(PositionDeleteFile("file:///t/data/y.parquet", SetOf(rows)), file);
  EXPECT_TRUE(file.starts_with("PAR1") && file.ends_with("PAR1"));
  EXPECT_LT(file.size(), rows.size());
}

}  // namespace
}  // namespace veralith::iceberg
