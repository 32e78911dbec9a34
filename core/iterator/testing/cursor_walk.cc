// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/testing/cursor_walk.h"

#include <algorithm>
#include <string>

#include "rapidcheck.h"

namespace veralith::testing {
namespace {

void CheckShows(KeyCursor* cursor, const std::vector<ShownKey>& expected, size_t at, bool load,
                bool load_timestamp) {
  RC_ASSERT(cursor->status().ok());
  RC_ASSERT(cursor->Valid() == (at < expected.size()));
  if (!cursor->Valid()) {
    return;
  }
  RC_ASSERT(std::string(cursor->key()) == expected[at].key);
  if (load_timestamp) {
    RC_ASSERT(cursor->LoadTimestamp());
    RC_ASSERT(cursor->timestamp() == expected[at].ts);
  }
  if (load) {
    RC_ASSERT(cursor->Load());
    RC_ASSERT(cursor->kind() == expected[at].kind);
    RC_ASSERT(std::string(cursor->value()) == expected[at].value);
  }
  RC_ASSERT(std::string(cursor->key()) == expected[at].key);
}

std::string AnyTarget(const std::vector<ShownKey>& expected) {
  if (expected.empty() || *rc::gen::inRange(0, 10) == 0) {
    return std::string(*rc::gen::inRange<size_t>(0, 3), *rc::gen::element('\0', 'm', '\xff'));
  }
  std::string key = expected[*rc::gen::inRange<size_t>(0, expected.size())].key;
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return key + '\0';
    case 1:
      return key + '\xff';
    case 2:
      return key.substr(0, key.size() / 2);
    case 3:
      return key.substr(0, key.empty() ? 0 : key.size() - 1);
    default:
      return key;
  }
}

}  // namespace

void CheckCursorYields(KeyCursor* cursor, const std::vector<ShownKey>& expected) {
  RC_ASSERT(JudgeCursorWalks(cursor, expected, NoError) == "");
}

void CheckCursorWalks(KeyCursor* cursor, const std::vector<ShownKey>& expected, int moves) {
  const auto first_at_or_after = [&](const std::string& key) {
    return static_cast<size_t>(std::count_if(
        expected.begin(), expected.end(), [&](const ShownKey& shown) { return shown.key < key; }));
  };
  size_t at = expected.size();  // anything outside is nowhere: 0 - 1 wraps around
  for (int i = 0; i < moves; ++i) {
    const int move = *rc::gen::inRange(0, at < expected.size() ? 10 : 4);
    if (move == 0) {
      cursor->SeekToFirst();
      at = 0;
    } else if (move == 1) {
      cursor->SeekToLast();
      at = expected.size() - 1;
    } else if (move == 2) {
      const std::string key = AnyTarget(expected);
      cursor->Seek(key);
      at = first_at_or_after(key);
    } else if (move == 3) {
      const std::string key = AnyTarget(expected);
      cursor->SeekForPrev(key);
      at = first_at_or_after(key);
      at -= at < expected.size() && expected[at].key == key ? 0 : 1;
    } else if (move < 7) {
      cursor->Next();
      ++at;
    } else {
      cursor->Prev();
      --at;
    }
    CheckShows(cursor, expected, at, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>());
  }
}

}  // namespace veralith::testing
