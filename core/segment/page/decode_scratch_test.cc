// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/decode_scratch.h"

#include <cstdint>
#include <new>
#include <span>

#include "gtest/gtest.h"

namespace veralith {
namespace {

TEST(DecodeScratch, IsAsGoodAsNewAfterMemoryWasLacking) {
  // Half as much again is 2^62 numbers: more bytes than can be asked for.
  constexpr size_t kTooMany = 3'074'457'345'618'258'603;
  DecodeScratch scratch;
  EXPECT_THROW(scratch.First(kTooMany), std::bad_alloc);
  const std::span<uint32_t> buffer = scratch.First(8);
  ASSERT_NE(buffer.data(), nullptr);
  EXPECT_EQ(buffer.size(), 8u);
}

}  // namespace
}  // namespace veralith
