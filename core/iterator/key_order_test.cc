// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/key_order.h"

#include <gtest/gtest.h>

#include <string>

#include "core/format/entry.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

int Sign(int order) { return order < 0 ? -1 : (order > 0 ? 1 : 0); }

RC_GTEST_PROP(KeyOrder, IsTheOneOrderOfBytes, ()) {
  // Lengths around the word's, equal up to a place near either end.
  const std::string common(*rc::gen::inRange<size_t>(0, 40), *rc::gen::element('\0', 'a', '\xff'));
  const auto tail = [] {
    std::string bytes(*rc::gen::inRange<size_t>(0, 12), '\0');
    for (char& byte : bytes) {
      byte = *rc::gen::element('\0', '\1', '\x7f', '\x80', '\xff');
    }
    return bytes;
  };
  const std::string a = common + tail();
  const std::string b = *rc::gen::arbitrary<bool>() ? a + tail() : common + tail();
  RC_ASSERT(Sign(CompareKeys(a, b)) == Sign(CompareBytes(a, b)));
  RC_ASSERT(Sign(CompareKeys(b, a)) == Sign(CompareBytes(b, a)));
  RC_ASSERT(CompareKeys(a, a) == 0);
  RC_ASSERT(SameKey(a, b) == (a == b));
  RC_ASSERT(SameKey(a, std::string(a)));
}

}  // namespace
}  // namespace veralith
