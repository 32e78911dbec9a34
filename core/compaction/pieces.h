// SPDX-License-Identifier: Apache-2.0

// Cutting a job into pieces that can run side by side (subcompactions): where to cut, and what one
// piece sees of the inputs.
//
// Invariants
//   1. Pieces ascend; each begins where the one before it ends; the first has no lower bound, the
//      last no upper one. Together they hold every key there can be, each in exactly one of them
//      (hazard C3): a largest key needs no bound of its own.
//   2. Bounds are user keys: all versions of a key are in one piece.
//   3. Bounds are keys that exist in the inputs, and no piece but the first holds none of the keys
//      sampled (the first holds the smallest one).
//
// Pure functions; streams own what they are given. Thread rule: one thread per piece.
#ifndef VERALITH_CORE_COMPACTION_PIECES_H_
#define VERALITH_CORE_COMPACTION_PIECES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/format/entry.h"
#include "core/format/key_range.h"
#include "core/iterator/version_stream.h"
#include "veralith/types.h"

namespace veralith {

// A key of the inputs, and how many of their bytes begin there.
struct SampledKey {
  UserKey key;
  uint64_t bytes = 0;
};

// User keys in [lower, upper); a missing bound is open.
struct Piece {
  std::optional<UserKey> lower;
  std::optional<UserKey> upper;

  bool IsWhole() const { return !lower.has_value() && !upper.has_value(); }
  friend bool operator==(const Piece&, const Piece&) = default;
};

// At least one and at most `most` pieces of about equal bytes. `samples` in any order.
std::vector<Piece> CutIntoPieces(std::vector<SampledKey> samples, size_t most);

// The entries of `whole` that lie in the piece, forwards only: SeekToFirst and Next.
std::unique_ptr<VersionStream> NewPieceStream(std::unique_ptr<VersionStream> whole, Piece piece);

// The parts of range tombstones that lie in the piece. They point into what `whole` points into,
// and into the piece.
std::vector<RangeTombstoneView> ClipToPiece(std::vector<RangeTombstoneView> whole,
                                            const Piece& piece);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_PIECES_H_
