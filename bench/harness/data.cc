// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/data.h"

#include <bit>
#include <cstring>

namespace veralith::bench {
namespace {

void WriteDecimal(uint64_t number, char* end, size_t digits) {
  for (size_t i = 0; i < digits; ++i, number /= 10) {
    *--end = static_cast<char>('0' + number % 10);
  }
}

void WriteHex(uint64_t number, char* end) {
  for (int i = 0; i < 16; ++i, number >>= 4) {
    *--end = "0123456789abcdef"[number & 15];
  }
}

}  // namespace

std::string_view Keys::Decimal(uint64_t i) {
  WriteDecimal(i, text_ + 16, 16);
  return {text_, 16};
}

// tenant/0007/table/users/pk/<16 digits of i>/<16 digits that look random>
std::string_view Keys::Long(uint64_t i) {
  constexpr std::string_view kForm = "tenant/0000/table/users/pk/0000000000000000/0000000000000000";
  static_assert(kForm.size() == 60);
  std::memcpy(text_, kForm.data(), kForm.size());
  WriteDecimal(i % 10, text_ + 11, 4);
  WriteHex(i, text_ + 43);
  WriteHex(Random::Mixed(i), text_ + 60);
  return {text_, kForm.size()};
}

std::string_view Keys::MissingAfter(uint64_t i) {
  const std::string_view key = Of(i);
  text_[key.size()] = '.';
  return {text_, key.size() + 1};
}

Values::Values(size_t value_size) : value_size_(value_size) {
  Random random(301);
  while (pool_.size() < kPool + value_size) {
    for (size_t i = 0; i < value_size / 2; ++i) {
      pool_.push_back(static_cast<char>(random.Next()));
    }
    pool_.append(value_size - value_size / 2, '0');
  }
}

Shuffle::Shuffle(uint64_t n) : n_(n) {
  const int bits = std::bit_width(n > 1 ? n - 1 : 1);
  mask_ = (uint64_t{1} << bits) - 1;
  shift_ = static_cast<uint64_t>(bits / 2 + 1);
}

}  // namespace veralith::bench
