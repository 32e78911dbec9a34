#include "core/iterator/merging_iterator.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/base/check.h"

namespace veralith {
namespace {

class EmptyIterator final : public Iterator {
 public:
  absl::Status status() const override { return absl::OkStatus(); }
  void SeekToFirst() override {}
  void SeekToLast() override {}
  void Seek(NamespaceId, std::string_view, Timestamp) override {}
  void SeekForPrev(NamespaceId, std::string_view, Timestamp) override {}
  void Next() override { VERALITH_CHECK(valid_); }
  void Prev() override { VERALITH_CHECK(valid_); }
  Timestamp max_timestamp() const override { return 0; }
};

// A binary heap of the valid children, with the one whose entry is yielded on top. The better of
// the two below the top is remembered, so a top that stays on top costs one comparison.
//
// All children are at or after the current entry in the direction of travel.
class MergingIterator final : public Iterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<Iterator>> children)
      : children_(std::move(children)) {
    heap_.reserve(children_.size());
  }

  absl::Status status() const override { return status_; }

  void SeekToFirst() override {
    for (auto& child : children_) {
      child->SeekToFirst();
    }
    Rebuild(/*forward=*/true);
  }
  void SeekToLast() override {
    for (auto& child : children_) {
      child->SeekToLast();
    }
    Rebuild(/*forward=*/false);
  }
  void Seek(NamespaceId ns, std::string_view key, Timestamp ts) override {
    for (auto& child : children_) {
      child->Seek(ns, key, ts);
    }
    Rebuild(/*forward=*/true);
  }
  void SeekForPrev(NamespaceId ns, std::string_view key, Timestamp ts) override {
    for (auto& child : children_) {
      child->SeekForPrev(ns, key, ts);
    }
    Rebuild(/*forward=*/false);
  }

  void Next() override {
    VERALITH_DCHECK(valid_);
    if (!forward_) [[unlikely]] {
      TurnForward();
      return;
    }
    Top()->Next();
    Settle<true>();
  }
  void Prev() override {
    VERALITH_DCHECK(valid_);
    if (forward_) [[unlikely]] {
      TurnBackward();
      return;
    }
    Top()->Prev();
    Settle<false>();
  }

  Timestamp max_timestamp() const override {
    Timestamp newest = 0;
    for (const auto& child : children_) {
      newest = std::max(newest, child->max_timestamp());
    }
    return newest;
  }
  void SkipCovered(const RangeTombstoneView& range) override {
    if (forward_) {
      ForEachInside(range, [&](Iterator* child) { child->SkipCovered(range); });
    }
  }
  void SkipCoveredBackward(const RangeTombstoneView& range) override {
    if (!forward_) {
      ForEachInside(range, [&](Iterator* child) { child->SkipCoveredBackward(range); });
    }
  }

 private:
  Iterator* Child(size_t heap_place) const { return children_[heap_[heap_place]].get(); }
  Iterator* Top() const { return Child(0); }

  // Whether the child at one heap place comes before that at another, in the direction of travel.
  template <bool kForward>
  bool Before(size_t a, size_t b) const {
    const int order = CompareEntries(Child(a)->entry(), Child(b)->entry());
    if (order != 0) {
      return kForward ? order < 0 : order > 0;
    }
    return kForward ? heap_[a] < heap_[b] : heap_[a] > heap_[b];
  }

  template <bool kForward>
  void SiftDown(size_t place) {
    while (true) {
      size_t best = 2 * place + 1;
      if (best >= heap_.size()) {
        return;
      }
      if (best + 1 < heap_.size() && Before<kForward>(best + 1, best)) {
        ++best;
      }
      if (!Before<kForward>(best, place)) {
        return;
      }
      std::swap(heap_[place], heap_[best]);
      place = best;
    }
  }

  template <bool kForward>
  void FindRunnerUp() {
    runner_up_ = heap_.size() > 2 && Before<kForward>(2, 1) ? 2 : 1;
  }

  // Called after the top child moved.
  template <bool kForward>
  void Settle() {
    if (!Top()->Valid()) [[unlikely]] {
      DropTop<kForward>();
      return;
    }
    if (heap_.size() > 1 && Before<kForward>(runner_up_, 0)) {
      std::swap(heap_[0], heap_[runner_up_]);
      SiftDown<kForward>(runner_up_);
      FindRunnerUp<kForward>();
    }
    entry_ = Top()->entry();
  }

  // Called when the top child ended: at its end, or by an error that ends the merge.
  template <bool kForward>
  void DropTop() {
    status_ = Top()->status();
    heap_[0] = heap_.back();
    heap_.pop_back();
    SiftDown<kForward>(0);
    FindRunnerUp<kForward>();
    ShowTop();
  }

  void ShowTop() {
    valid_ = status_.ok() && !heap_.empty();
    if (valid_) {
      entry_ = Top()->entry();
    }
  }

  // Called when all children have moved.
  void Rebuild(bool forward) {
    forward_ = forward;
    status_ = absl::OkStatus();
    heap_.clear();
    for (size_t i = 0; i < children_.size(); ++i) {
      if (children_[i]->Valid()) {
        heap_.push_back(i);
      } else if (status_.ok()) {
        status_ = children_[i]->status();
      }
    }
    forward ? Heapify<true>() : Heapify<false>();
    ShowTop();
  }

  template <bool kForward>
  void Heapify() {
    for (size_t place = heap_.size() / 2; place-- > 0;) {
      SiftDown<kForward>(place);
    }
    FindRunnerUp<kForward>();
  }

  // The others go to their first entry behind the current one; equal entries of children before
  // the current one have been yielded.
  void TurnForward() {
    const size_t current = heap_[0];
    const EntryView at = entry_;
    for (size_t i = 0; i < children_.size(); ++i) {
      if (i == current) {
        continue;
      }
      children_[i]->Seek(at.ns, at.key, at.ts);
      if (i < current && IsAt(i, at)) {
        children_[i]->Next();
      }
    }
    children_[current]->Next();
    Rebuild(/*forward=*/true);
  }

  void TurnBackward() {
    const size_t current = heap_[0];
    const EntryView at = entry_;
    for (size_t i = 0; i < children_.size(); ++i) {
      if (i == current) {
        continue;
      }
      children_[i]->SeekForPrev(at.ns, at.key, at.ts);
      if (i > current && IsAt(i, at)) {
        children_[i]->Prev();
      }
    }
    children_[current]->Prev();
    Rebuild(/*forward=*/false);
  }

  bool IsAt(size_t i, const EntryView& entry) const {
    return children_[i]->Valid() && CompareEntries(children_[i]->entry(), entry) == 0;
  }

  static bool IsInside(const EntryView& entry, const RangeTombstoneView& range) {
    return entry.ns == range.ns && CompareBytes(range.begin, entry.key) <= 0 &&
           (range.open_end || CompareBytes(entry.key, range.end) < 0);
  }

  template <typename Skip>
  void ForEachInside(const RangeTombstoneView& range, Skip skip) {
    for (auto& child : children_) {
      if (child->Valid() && IsInside(child->entry(), range)) {
        skip(child.get());
      }
    }
    Rebuild(forward_);
  }

  std::vector<std::unique_ptr<Iterator>> children_;
  std::vector<size_t> heap_;  // indices of children
  size_t runner_up_ = 1;      // heap place; meaningful while the heap has two
  bool forward_ = true;
  absl::Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewMergingIterator(std::vector<std::unique_ptr<Iterator>> children) {
  if (children.empty()) {
    return std::make_unique<EmptyIterator>();
  }
  if (children.size() == 1) {
    return std::move(children[0]);
  }
  return std::make_unique<MergingIterator>(std::move(children));
}

}  // namespace veralith
