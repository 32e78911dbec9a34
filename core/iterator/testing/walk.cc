#include "core/iterator/testing/walk.h"

#include "core/iterator/testing/visible_model.h"
#include "rapidcheck.h"

namespace veralith::testing {
namespace {

void CheckSamePlace(const Iterator& actual, const Iterator& expected) {
  RC_ASSERT(actual.status().ok());
  RC_ASSERT(actual.Valid() == expected.Valid());
  if (expected.Valid()) {
    RC_ASSERT(OwnedEntry(actual.entry()) == OwnedEntry(expected.entry()));
  }
}

// A place to seek to: an entry's, or one nearby.
OwnedEntry AnyTarget(const std::vector<OwnedEntry>& entries) {
  OwnedEntry target = AnyEntry();
  if (!entries.empty() && *rc::gen::inRange(0, 3) > 0) {
    target = entries[*rc::gen::inRange<size_t>(0, entries.size())];
  }
  if (*rc::gen::inRange(0, 2) == 0) {
    target.ts = *rc::gen::oneOf(rc::gen::just<Timestamp>(0), rc::gen::just(kMaxTimestamp),
                                rc::gen::inRange<Timestamp>(0, 13));
  }
  return target;
}

enum class Move { kFirst, kLast, kSeek, kSeekForPrev, kNext, kPrev };

void Apply(Move move, const OwnedEntry& target, Iterator* iterator) {
  switch (move) {
    case Move::kFirst:
      return iterator->SeekToFirst();
    case Move::kLast:
      return iterator->SeekToLast();
    case Move::kSeek:
      return iterator->Seek(target.ns, target.key, target.ts);
    case Move::kSeekForPrev:
      return iterator->SeekForPrev(target.ns, target.key, target.ts);
    case Move::kNext:
      return iterator->Next();
    case Move::kPrev:
      return iterator->Prev();
  }
}

}  // namespace

void CheckYields(Iterator* iterator, const std::vector<OwnedEntry>& expected) {
  VectorIterator model(expected);
  for (iterator->SeekToFirst(), model.SeekToFirst(); model.Valid();
       iterator->Next(), model.Next()) {
    CheckSamePlace(*iterator, model);
  }
  CheckSamePlace(*iterator, model);
  for (iterator->SeekToLast(), model.SeekToLast(); model.Valid(); iterator->Prev(), model.Prev()) {
    CheckSamePlace(*iterator, model);
  }
  CheckSamePlace(*iterator, model);
}

void CheckWalks(Iterator* iterator, const std::vector<OwnedEntry>& expected, int moves) {
  VectorIterator model(expected);
  model.SeekToFirst();
  iterator->SeekToFirst();
  CheckSamePlace(*iterator, model);
  for (int i = 0; i < moves; ++i) {
    const Move move = model.Valid() ? *rc::gen::weightedElement<Move>({{1, Move::kFirst},
                                                                       {1, Move::kLast},
                                                                       {3, Move::kSeek},
                                                                       {3, Move::kSeekForPrev},
                                                                       {8, Move::kNext},
                                                                       {8, Move::kPrev}})
                                    : *rc::gen::element(Move::kFirst, Move::kLast, Move::kSeek,
                                                        Move::kSeekForPrev);
    const bool seeks = move == Move::kSeek || move == Move::kSeekForPrev;
    const OwnedEntry target = seeks ? AnyTarget(expected) : OwnedEntry();
    Apply(move, target, &model);
    Apply(move, target, iterator);
    CheckSamePlace(*iterator, model);
  }
}

}  // namespace veralith::testing
