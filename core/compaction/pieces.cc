// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/pieces.h"

#include <algorithm>
#include <utility>

#include "core/format/entry.h"
#include "core/iterator/cover_map.h"

namespace veralith {
namespace {

// Returns ascending keys, none of them the smallest, with about the same number of bytes between
// neighbours.
std::vector<SampledKey> ChooseBounds(std::vector<SampledKey> samples, size_t most) {
  std::sort(samples.begin(), samples.end(),
            [](const SampledKey& a, const SampledKey& b) { return a.key < b.key; });
  double total = 0;
  for (const SampledKey& sample : samples) {
    total += static_cast<double>(sample.bytes);
  }
  std::vector<SampledKey> bounds;
  double before = 0;
  for (const SampledKey& sample : samples) {
    const SampledKey& last = bounds.empty() ? samples.front() : bounds.back();
    const double due = total * static_cast<double>(bounds.size() + 1) / static_cast<double>(most);
    if (bounds.size() + 1 < most && before >= due && sample.key > last.key) {
      bounds.push_back(sample);
    }
    before += static_cast<double>(sample.bytes);
  }
  return bounds;
}

class PieceStream final : public VersionStream {
 public:
  PieceStream(std::unique_ptr<VersionStream> whole, Piece piece)
      : whole_(std::move(whole)), piece_(std::move(piece)) {}

  absl::Status status() const override { return whole_->status(); }
  void SeekToFirst() override {
    if (piece_.lower.has_value()) {
      whole_->Seek(piece_.lower->ns, piece_.lower->key);
    } else {
      whole_->SeekToFirst();
    }
    Take();
  }
  void Next() override {
    whole_->Next();
    Take();
  }
  void Seek(NamespaceId ns, std::string_view key) override {
    if (piece_.lower.has_value() &&
        CompareUserKeys(ns, key, piece_.lower->ns, piece_.lower->key) <= 0) {
      SeekToFirst();
      return;
    }
    whole_->Seek(ns, key);
    Take();
  }

 private:
  int OrderTo(const UserKey& bound) const {
    return CompareUserKeys(whole_->entry().ns, whole_->entry().key, bound.ns, bound.key);
  }

  bool IsInside() { return !piece_.upper.has_value() || OrderTo(*piece_.upper) < 0; }

  void Take() {
    valid_ = whole_->Valid() && IsInside();
    if (valid_) {
      entry_ = whole_->entry();
    }
  }

  const std::unique_ptr<VersionStream> whole_;
  const Piece piece_;
};

// The result may be an empty range.
RangeTombstoneView Clip(RangeTombstoneView range, const Piece& piece) {
  const auto& lower = piece.lower;
  const auto& upper = piece.upper;
  if ((lower.has_value() && range.ns < lower->ns) || (upper.has_value() && range.ns > upper->ns)) {
    return {range.ns, {}, {}, false, range.ts};
  }
  if (lower.has_value() && range.ns == lower->ns && CompareBytes(range.begin, lower->key) < 0) {
    range.begin = lower->key;
  }
  if (upper.has_value() && range.ns == upper->ns &&
      (range.open_end || CompareBytes(range.end, upper->key) > 0)) {
    range.end = upper->key;
    range.open_end = false;
  }
  return range;
}

}  // namespace

std::vector<Piece> CutIntoPieces(std::vector<SampledKey> samples, size_t most) {
  std::vector<Piece> pieces(1);
  for (SampledKey& bound : ChooseBounds(std::move(samples), most)) {
    pieces.back().upper = std::move(bound.key);
    Piece next;
    next.lower = pieces.back().upper;
    pieces.push_back(std::move(next));
  }
  return pieces;
}

std::unique_ptr<VersionStream> NewPieceStream(std::unique_ptr<VersionStream> whole, Piece piece) {
  return piece.IsWhole() ? std::move(whole)
                         : std::make_unique<PieceStream>(std::move(whole), std::move(piece));
}

std::vector<RangeTombstoneView> ClipToPiece(std::vector<RangeTombstoneView> whole,
                                            const Piece& piece) {
  for (RangeTombstoneView& range : whole) {
    range = Clip(range, piece);
  }
  std::erase_if(whole, IsEmptyRange);
  return whole;
}

}  // namespace veralith
