// SPDX-License-Identifier: Apache-2.0

// Key pages answer as a sorted vector of strings does, and stay within the sizes that key_page.h
// promises.
#include "core/segment/page/key_page.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/format/delta_encoding.h"
#include "core/format/entry.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "veralith/types.h"

namespace veralith {
namespace {

using Keys = std::vector<std::string>;

std::string Encode(const Keys& keys) {
  parquet::DeltaByteArrayEncoder encoder;
  for (const std::string& key : keys) {
    encoder.Add(key);
  }
  std::string body;
  encoder.Finish(&body);
  return body;
}

absl::StatusOr<PageRef<KeyPage>> Decode(const Keys& keys,
                                        const std::vector<uint32_t>& value_pages = {},
                                        uint64_t memory_limit = uint64_t{1} << 30) {
  return DecodeKeyPage(Encode(keys), /*first_row=*/1000, static_cast<uint32_t>(keys.size()),
                       /*first_value_page=*/7, value_pages, memory_limit);
}

std::string KeyOf(const KeyPage& page, uint32_t row) {
  const KeyGroup group = page.GroupOf(row);
  EXPECT_TRUE(group.Holds(row));
  return std::string(page.prefix()) + std::string(group.prefix()) + std::string(group.suffix(row));
}

// --- Sizes -------------------------------------------------------------------------------------

// Returns the cached bytes of a row when pages end as a segment writer ends them by default, with
// a value page for every forty rows.
double BytesPerRow(const Keys& keys) {
  size_t bytes = 0;
  Keys page;
  size_t raw = 0;
  std::vector<uint32_t> value_pages;
  const auto finish = [&] {
    bytes += (*Decode(page, value_pages))->bytes();
    page.clear();
    value_pages.clear();
    raw = 0;
  };
  for (const std::string& key : keys) {
    if (!page.empty() && page.size() % 40 == 0) {
      value_pages.push_back(static_cast<uint32_t>(page.size()));
    }
    page.push_back(key);
    raw += key.size();
    if (raw >= 4096 || page.size() == 1024) {
      finish();
    }
  }
  if (!page.empty()) {
    finish();
  }
  return static_cast<double>(bytes) / static_cast<double>(keys.size());
}

std::string Text(const char* format, unsigned long long a, unsigned long long b = 0) {
  char buffer[100];
  std::snprintf(buffer, sizeof(buffer), format, a, b);
  return buffer;
}

constexpr int kRows = 20'000;

TEST(KeyPage, DecimalKeysInOrderTakeLittle) {
  Keys keys;
  for (int i = 0; i < kRows; ++i) {
    keys.push_back(Text("%016llu", i));
  }
  EXPECT_LT(BytesPerRow(keys), 3.3);
}

TEST(KeyPage, EverySecondDecimalKeyOnAverageTakesLittle) {
  Random random(1);
  Keys keys;
  for (int i = 0; i < 2 * kRows; ++i) {
    if (random.Below(2) == 0) {
      keys.push_back(Text("%016llu", i));
    }
  }
  EXPECT_LT(BytesPerRow(keys), 3.5);
}

TEST(KeyPage, RandomKeysTakeHardlyMoreThanTheirBytes) {
  Random random(2);
  Keys keys(kRows, std::string(16, '\0'));
  for (std::string& key : keys) {
    for (char& byte : key) {
      byte = static_cast<char>(random.Next());
    }
  }
  std::sort(keys.begin(), keys.end());
  EXPECT_LT(BytesPerRow(keys), 17.3);
}

TEST(KeyPage, LongKeysThatShareMuchTakeLittle) {
  Keys keys;
  for (int i = 0; i < kRows; ++i) {
    keys.push_back(Text("tenant/%08llu/a-long-directory/that-many-share/%011llu", i / 1000, i * 7));
    ASSERT_EQ(keys.back().size(), 60u);
  }
  EXPECT_LT(BytesPerRow(keys), 7.0);
}

TEST(KeyPage, KeysOfManyLengthsTakeLittle) {
  Random random(3);
  Keys keys;
  for (int i = 0; i < kRows; ++i) {
    keys.push_back(Text("user%llu/", random.Below(1000)) + std::string(random.Below(20), 'x') +
                   std::to_string(random.Below(1'000'000)));
  }
  std::sort(keys.begin(), keys.end());
  EXPECT_LT(BytesPerRow(keys), 20.5);
}

TEST(KeyPage, VersionsOfOneKeyTakeAboutAByteEach) {
  EXPECT_LT(BytesPerRow(Keys(kRows, "a key of some bytes")), 1.15);
  EXPECT_LT(BytesPerRow(Keys(kRows, "")), 0.8);
}

TEST(KeyPage, TheLongestKeysTakeWhatTheyDifferIn) {
  Keys keys;
  for (int i = 0; i < 64; ++i) {
    keys.push_back(std::string(kMaxKeyBytes - 4, 'k') + Text("%04llu", i));
  }
  EXPECT_LT((*Decode(keys))->bytes(), kMaxKeyBytes + 64 * 4);
  // And where they differ early, so that nothing is shared, what they have.
  keys.clear();
  for (int i = 0; i < 64; ++i) {
    keys.push_back(Text("%04llu", i) + std::string(kMaxKeyBytes - 4, 'k'));
  }
  EXPECT_LT((*Decode(keys))->bytes(), 64 * kMaxKeyBytes + 1024);
}

// --- Answers -----------------------------------------------------------------------------------

// Keys made of a few letters behind shared beginnings, with zeros, bytes that look negative, empty
// ones, equal ones, proper beginnings of others and some that are long.
rc::Gen<Keys> SortedKeys() {
  return rc::gen::exec([] {
    const auto letter = rc::gen::element<char>('\0', '0', '1', '5', '9', 'a', '\x7f', '\xff');
    const Keys beginnings = *rc::gen::container<Keys>(3, rc::gen::container<std::string>(letter));
    const int tail = *rc::gen::element(0, 1, 2, 3, 8, 9, 20, 300);
    const bool one_length = *rc::gen::arbitrary<bool>();
    const size_t rows = *rc::gen::inRange<size_t>(1, 120);
    const size_t begins = *rc::gen::inRange<size_t>(1, 4);
    Keys keys;
    for (size_t i = 0; i < rows; ++i) {
      const int size = one_length ? tail : *rc::gen::inRange(0, tail + 1);
      keys.push_back(beginnings[*rc::gen::inRange<size_t>(0, begins)] +
                     *rc::gen::container<std::string>(static_cast<size_t>(size), letter));
      if (*rc::gen::inRange(0, 8) == 0) {
        keys.insert(keys.end(), *rc::gen::inRange<size_t>(1, 40), keys.back());
      }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  });
}

// Keys to ask for: those of the page, and others next to them.
Keys Questions(const Keys& keys) {
  Keys questions = {"", std::string(1, '\0'), "\xff\xff"};
  for (size_t i = 0; i < keys.size(); i += 1 + keys.size() / 64) {
    const std::string& key = keys[i];
    questions.insert(questions.end(), {key, key + '\0', key + 'z', key.substr(0, key.size() / 2),
                                       key.substr(0, key.empty() ? 0 : key.size() - 1)});
    if (!key.empty()) {
      std::string other = key;
      other[i % key.size()] = static_cast<char>(other[i % key.size()] + (i % 2 == 0 ? 1 : -1));
      questions.push_back(other);
      other = key;
      other.back() = static_cast<char>(other.back() + (i % 2 == 0 ? -1 : 1));
      questions.push_back(other);
    }
  }
  return questions;
}

int Sign(int order) { return (order > 0) - (order < 0); }

// Holds all answers about rows [begin, end) to the vector's.
void ExpectAnswers(const KeyPage& page, const Keys& keys, size_t begin, size_t end,
                   const Keys& questions) {
  const auto first = keys.begin() + static_cast<ptrdiff_t>(begin);
  const auto last = keys.begin() + static_cast<ptrdiff_t>(end);
  const auto b = static_cast<uint32_t>(begin);
  const auto e = static_cast<uint32_t>(end);
  for (const std::string& key : questions) {
    const auto lower = static_cast<uint32_t>(std::lower_bound(first, last, key) - keys.begin());
    const auto upper = static_cast<uint32_t>(std::upper_bound(first, last, key) - keys.begin());
    ASSERT_EQ(page.LowerBound(key, b, e), lower);
    ASSERT_EQ(page.UpperBound(key, b, e), upper);
    ASSERT_EQ(page.Find(key, b, e), lower < upper ? lower : KeyPage::kNotFound);
    for (const uint32_t row : {lower, upper}) {
      if (row < end) {
        ASSERT_EQ(Sign(page.Compare(row, key)), Sign(CompareBytes(keys[row], key)));
      }
    }
  }
}

void ExpectPage(const Keys& keys, Keys questions) {
  const auto page = Decode(keys);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ((*page)->rows(), keys.size());
  ASSERT_EQ((*page)->first_row(), 1000u);
  for (uint32_t row = 0; row < keys.size(); ++row) {
    ASSERT_EQ(KeyOf(**page, row), keys[row]);
  }
  ExpectAnswers(**page, keys, 0, keys.size(), questions);
  for (size_t begin = 0; begin <= keys.size(); begin += 1 + begin) {
    ExpectAnswers(**page, keys, begin, keys.size(), questions);
    ExpectAnswers(**page, keys, begin, begin, questions);
    ExpectAnswers(**page, keys, begin, begin + (keys.size() - begin) / 2, questions);
  }
}

RC_GTEST_PROP(KeyPage, AnswersAsASortedVectorDoes, ()) {
  const Keys keys = *SortedKeys();
  ExpectPage(keys, Questions(keys));
  RC_ASSERT(!testing::Test::HasFailure());
}

// Several namespaces: keys ascend within each part, and searches stay within one.
RC_GTEST_PROP(KeyPage, PartsOfAPageAreSearchedAlone, ()) {
  Keys keys;
  std::vector<size_t> starts = {0};
  const int parts = *rc::gen::inRange(2, 4);
  for (int i = 0; i < parts; ++i) {
    const Keys part = *SortedKeys();
    keys.insert(keys.end(), part.begin(), part.end());
    starts.push_back(keys.size());
  }
  const auto page = Decode(keys);
  RC_ASSERT(page.ok());
  for (uint32_t row = 0; row < keys.size(); ++row) {
    RC_ASSERT(KeyOf(**page, row) == keys[row]);
  }
  const Keys questions = Questions(keys);
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    ExpectAnswers(**page, keys, starts[i], starts[i + 1], questions);
  }
  RC_ASSERT(!testing::Test::HasFailure());
}

TEST(KeyPage, EveryLengthAndEveryNumberOfRowsIsSearched) {
  for (const size_t shared : {0, 1, 4, 7, 8, 9, 15, 33}) {
    for (size_t digits = 1; digits < 20; ++digits) {
      for (const size_t rows : {1, 2, 15, 16, 17, 33, 257}) {
        Keys keys;
        for (size_t i = 0; i < rows; ++i) {
          std::string digit = std::to_string(3 * i + 1);
          digit.insert(0, digits > digit.size() ? digits - digit.size() : 0, '0');
          keys.push_back(std::string(shared, 's') + digit);
        }
        std::sort(keys.begin(), keys.end());
        ExpectPage(keys, Questions(keys));
        if (HasFatalFailure()) {
          return;
        }
      }
    }
  }
}

TEST(KeyPage, LongKeysAndManyRowsAreSearched) {
  for (const size_t size : {100u, 254u, 300u, 4096u, 20'000u}) {
    Keys early;
    Keys late;
    Keys lengths;
    for (unsigned i = 0; i < 40; ++i) {
      const std::string rest(size, 'r');
      early.push_back(Text("%03llu", i) + rest);
      late.push_back(rest + Text("%03llu", i));
      lengths.push_back(rest.substr(0, size - 40 + i));
    }
    for (const Keys& keys : {early, late, lengths}) {
      ExpectPage(keys, Questions(keys));
    }
  }
  Keys many;
  for (unsigned i = 0; i < 70'000; ++i) {
    many.push_back(Text("%07llu", i / 2));
  }
  const auto page = Decode(many, {40, 65'535, 65'536, 69'999});
  ASSERT_TRUE(page.ok());
  ExpectAnswers(**page, many, 0, many.size(), Questions(many));
  EXPECT_EQ((*page)->ValuePageOf(39), 7u);
  EXPECT_EQ((*page)->ValuePageOf(65'534), 8u);
  EXPECT_EQ((*page)->ValuePageOf(65'535), 9u);
  EXPECT_EQ((*page)->ValuePageOf(65'536), 10u);
  EXPECT_EQ((*page)->ValuePageOf(69'999), 11u);
}

TEST(KeyPage, RowsAreInTheValuePagesThatBeginAtOrBeforeThem) {
  Keys keys;
  for (int i = 0; i < 100; ++i) {
    keys.push_back(Text("%03llu", i));
  }
  for (const uint32_t step : {1u, 3u, 40u, 99u}) {
    std::vector<uint32_t> starts;
    for (uint32_t row = step; row < 100; row += step) {
      starts.push_back(row);
    }
    const auto page = Decode(keys, starts);
    for (uint32_t row = 0; row < 100; ++row) {
      EXPECT_EQ((*page)->ValuePageOf(row), 7 + row / step) << step << " " << row;
    }
  }
}

// A file says of few bytes that they are large keys.
TEST(KeyPage, NoPageIsLargerThanTheLimit) {
  const Keys keys(1000, std::string(10'000, 'k'));
  EXPECT_TRUE(Decode(keys, {}, 100'000).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Decode(keys, {}, 10'000).status()));
  Keys apart;
  for (int i = 0; i < 1000; ++i) {
    apart.push_back(std::string(1, static_cast<char>(i / 4)) + std::string(1000, 'k'));
  }
  EXPECT_TRUE(absl::IsResourceExhausted(Decode(apart, {}, 1'000'000).status()));
  EXPECT_TRUE(Decode(apart, {}, 1'100'000).ok());
}

TEST(KeyPage, BytesAfterTheLastKeyAreDamage) {
  const std::string body = Encode({"a", "b"}) + "x";
  EXPECT_TRUE(absl::IsDataLoss(DecodeKeyPage(body, 0, 2, 0, {}, 1 << 20).status()));
}

}  // namespace
}  // namespace veralith
