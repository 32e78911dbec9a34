// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/merging_stream.h"

#include <cstddef>
#include <utility>

#include "core/base/check.h"

namespace veralith {
namespace {

class EmptyStream final : public VersionStream {
 public:
  absl::Status status() const override { return absl::OkStatus(); }
  void SeekToFirst() override {}
  void Seek(NamespaceId, std::string_view) override {}
  void Next() override { VERALITH_CHECK(valid_); }
};

// A binary heap of the valid children, with the one whose entry is yielded on top. The better of
// the two below the top is remembered, so a top that stays on top costs one comparison.
//
// All children are at or after the current entry.
class MergingStream final : public VersionStream {
 public:
  explicit MergingStream(std::vector<std::unique_ptr<VersionStream>> children)
      : children_(std::move(children)) {
    heap_.reserve(children_.size());
  }

  absl::Status status() const override { return status_; }

  void SeekToFirst() override {
    for (auto& child : children_) {
      child->SeekToFirst();
    }
    Rebuild();
  }
  void Seek(NamespaceId ns, std::string_view key) override {
    for (auto& child : children_) {
      child->Seek(ns, key);
    }
    Rebuild();
  }
  void Next() override {
    VERALITH_DCHECK(valid_);
    Top()->Next();
    Settle();
  }

 private:
  VersionStream* Child(size_t heap_place) const { return children_[heap_[heap_place]].get(); }
  VersionStream* Top() const { return Child(0); }

  // Whether the child at one heap place comes before that at another.
  bool Before(size_t a, size_t b) const {
    const int order = CompareEntries(Child(a)->entry(), Child(b)->entry());
    return order != 0 ? order < 0 : heap_[a] < heap_[b];
  }

  void SiftDown(size_t place) {
    while (true) {
      size_t best = 2 * place + 1;
      if (best >= heap_.size()) {
        return;
      }
      if (best + 1 < heap_.size() && Before(best + 1, best)) {
        ++best;
      }
      if (!Before(best, place)) {
        return;
      }
      std::swap(heap_[place], heap_[best]);
      place = best;
    }
  }

  void FindRunnerUp() { runner_up_ = heap_.size() > 2 && Before(2, 1) ? 2 : 1; }

  // Called after the top child moved.
  void Settle() {
    if (!Top()->Valid()) [[unlikely]] {
      DropTop();
      return;
    }
    if (heap_.size() > 1 && Before(runner_up_, 0)) {
      std::swap(heap_[0], heap_[runner_up_]);
      SiftDown(runner_up_);
      FindRunnerUp();
    }
    entry_ = Top()->entry();
  }

  // Called when the top child ended: at its end, or by an error that ends the merge.
  void DropTop() {
    status_ = Top()->status();
    heap_[0] = heap_.back();
    heap_.pop_back();
    SiftDown(0);
    FindRunnerUp();
    ShowTop();
  }

  void ShowTop() {
    valid_ = status_.ok() && !heap_.empty();
    if (valid_) {
      entry_ = Top()->entry();
    }
  }

  // Called when all children have moved.
  void Rebuild() {
    status_ = absl::OkStatus();
    heap_.clear();
    for (size_t i = 0; i < children_.size(); ++i) {
      if (children_[i]->Valid()) {
        heap_.push_back(i);
      } else if (status_.ok()) {
        status_ = children_[i]->status();
      }
    }
    Heapify();
    ShowTop();
  }

  void Heapify() {
    for (size_t place = heap_.size() / 2; place-- > 0;) {
      SiftDown(place);
    }
    FindRunnerUp();
  }

  std::vector<std::unique_ptr<VersionStream>> children_;
  std::vector<size_t> heap_;  // indices of children
  size_t runner_up_ = 1;      // heap place; meaningful while the heap has two
  absl::Status status_;
};

}  // namespace

std::unique_ptr<VersionStream> NewMergingStream(
    std::vector<std::unique_ptr<VersionStream>> children) {
  if (children.empty()) {
    return std::make_unique<EmptyStream>();
  }
  if (children.size() == 1) {
    return std::move(children[0]);
  }
  return std::make_unique<MergingStream>(std::move(children));
}

}  // namespace veralith
