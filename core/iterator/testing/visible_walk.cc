// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/testing/visible_walk.h"

#include <string>

#include "core/iterator/testing/visible_model.h"
#include "rapidcheck.h"

namespace veralith::testing {
namespace {

size_t FirstAtOrAfter(const std::vector<OwnedEntry>& visible, const std::string& key) {
  size_t at = 0;
  while (at < visible.size() && visible[at].key < key) {
    ++at;
  }
  return at;
}

// Returns visible.size() if there is none: 0 - 1 wraps around, and anything outside is nowhere.
size_t LastAtOrBefore(const std::vector<OwnedEntry>& visible, const std::string& key) {
  size_t at = 0;
  while (at < visible.size() && visible[at].key <= key) {
    ++at;
  }
  return at - 1;
}

std::string AnyTarget(const std::vector<OwnedEntry>& visible) {
  if (!visible.empty() && *rc::gen::arbitrary<bool>()) {
    return visible[*rc::gen::inRange<size_t>(0, visible.size())].key;
  }
  return AnyKey();
}

}  // namespace

void CheckShows(VisibleIterator& iterator, const std::vector<OwnedEntry>& visible, size_t at) {
  RC_ASSERT(iterator.status().ok());
  RC_ASSERT(iterator.Valid() == (at < visible.size()));
  if (iterator.Valid()) {
    RC_ASSERT(std::string(iterator.key()) == visible[at].key);
    RC_ASSERT(std::string(iterator.value()) == visible[at].value);
    RC_ASSERT(iterator.timestamp() == visible[at].ts);
  }
}

void CheckVisibleWalks(VisibleIterator* iterator, const std::vector<OwnedEntry>& visible,
                       int moves) {
  size_t at = 0;
  iterator->SeekToFirst();
  CheckShows(*iterator, visible, at);
  for (int i = 0; i < moves; ++i) {
    int move = *rc::gen::inRange(0, at < visible.size() ? 10 : 4);
    if (move == 0) {
      iterator->SeekToFirst();
      at = 0;
    } else if (move == 1) {
      iterator->SeekToLast();
      at = visible.size() - 1;
    } else if (move == 2) {
      const std::string key = AnyTarget(visible);
      iterator->Seek(key);
      at = FirstAtOrAfter(visible, key);
      if (iterator->Valid() && *rc::gen::inRange(0, 4) == 0) {
        iterator->Seek(iterator->key());
      }
    } else if (move == 3) {
      const std::string key = AnyTarget(visible);
      iterator->SeekForPrev(key);
      at = LastAtOrBefore(visible, key);
    } else if (move < 7) {
      iterator->Next();
      ++at;
    } else {
      iterator->Prev();
      --at;
    }
    CheckShows(*iterator, visible, at);
  }
}

}  // namespace veralith::testing
