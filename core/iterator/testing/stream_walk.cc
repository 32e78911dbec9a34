// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/testing/stream_walk.h"

#include "core/iterator/testing/visible_model.h"
#include "rapidcheck.h"

namespace veralith::testing {
namespace {

void CheckSamePlace(const VersionStream& actual, const VersionStream& expected) {
  RC_ASSERT(actual.status().ok());
  RC_ASSERT(actual.Valid() == expected.Valid());
  if (expected.Valid()) {
    RC_ASSERT(OwnedEntry(actual.entry()) == OwnedEntry(expected.entry()));
  }
}

// A user key to seek: an entry's, or one nearby.
OwnedEntry AnyTarget(const std::vector<OwnedEntry>& entries) {
  if (!entries.empty() && *rc::gen::inRange(0, 3) > 0) {
    return entries[*rc::gen::inRange<size_t>(0, entries.size())];
  }
  return AnyEntry();
}

enum class Move { kFirst, kSeek, kNext };

void Apply(Move move, const OwnedEntry& target, VersionStream* iterator) {
  switch (move) {
    case Move::kFirst:
      return iterator->SeekToFirst();
    case Move::kSeek:
      return iterator->Seek(target.ns, target.key);
    case Move::kNext:
      return iterator->Next();
  }
}

}  // namespace

void CheckYields(VersionStream* iterator, const std::vector<OwnedEntry>& expected) {
  VectorStream model(expected);
  for (iterator->SeekToFirst(), model.SeekToFirst(); model.Valid();
       iterator->Next(), model.Next()) {
    CheckSamePlace(*iterator, model);
  }
  CheckSamePlace(*iterator, model);
}

void CheckWalks(VersionStream* iterator, const std::vector<OwnedEntry>& expected, int moves) {
  VectorStream model(expected);
  model.SeekToFirst();
  iterator->SeekToFirst();
  CheckSamePlace(*iterator, model);
  for (int i = 0; i < moves; ++i) {
    const Move move = model.Valid() ? *rc::gen::weightedElement<Move>(
                                          {{1, Move::kFirst}, {3, Move::kSeek}, {8, Move::kNext}})
                                    : *rc::gen::element(Move::kFirst, Move::kSeek);
    const OwnedEntry target = move == Move::kSeek ? AnyTarget(expected) : OwnedEntry();
    Apply(move, target, &model);
    Apply(move, target, iterator);
    CheckSamePlace(*iterator, model);
  }
}

}  // namespace veralith::testing
