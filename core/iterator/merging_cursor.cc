// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/merging_cursor.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/iterator/key_order.h"

namespace veralith {
namespace {

class EmptyCursor final : public KeyCursor {
 public:
  void SeekToFirst() override {}
  void SeekToLast() override {}
  void Seek(std::string_view) override {}
  void SeekForPrev(std::string_view) override {}
  void Next() override { VERALITH_CHECK(valid_); }
  void Prev() override { VERALITH_CHECK(valid_); }
  Timestamp max_timestamp() const override { return 0; }

 protected:
  bool LoadEntry() override { return false; }
  bool ReadTimestamp() override { return false; }
};

// Holds the valid children, ordered by key in the direction of travel. Children on one key are
// ordered by age: the first is the current key's newest. All are at or after the current key.
class MergingCursor final : public KeyCursor {
 public:
  explicit MergingCursor(std::vector<std::unique_ptr<KeyCursor>> children)
      : children_(std::move(children)) {
    order_.reserve(children_.size());
  }

  void SeekToFirst() override {
    MoveAll</*kForward=*/true>([](KeyCursor& child) { child.SeekToFirst(); });
  }
  void SeekToLast() override {
    MoveAll</*kForward=*/false>([](KeyCursor& child) { child.SeekToLast(); });
  }
  void Seek(std::string_view key) override {
    MoveAll</*kForward=*/true>([key](KeyCursor& child) { child.Seek(key); });
  }
  void SeekForPrev(std::string_view key) override {
    MoveAll</*kForward=*/false>([key](KeyCursor& child) { child.SeekForPrev(key); });
  }

  void Next() override {
    VERALITH_DCHECK(valid_);
    if (forward_) [[likely]] {
      Advance</*kForward=*/true>();
      return;
    }
    turned_at_.assign(key_);
    MoveAll</*kForward=*/true>([this](KeyCursor& child) {
      child.Seek(turned_at_);
      if (child.Valid() && SameKey(child.key(), turned_at_)) {
        child.Next();
      }
    });
  }
  void Prev() override {
    VERALITH_DCHECK(valid_);
    if (!forward_) [[likely]] {
      Advance</*kForward=*/false>();
      return;
    }
    turned_at_.assign(key_);
    MoveAll</*kForward=*/false>([this](KeyCursor& child) {
      child.SeekForPrev(turned_at_);
      if (child.Valid() && SameKey(child.key(), turned_at_)) {
        child.Prev();
      }
    });
  }

  Timestamp max_timestamp() const override {
    Timestamp newest = 0;
    for (const auto& child : children_) {
      newest = std::max(newest, child->max_timestamp());
    }
    return newest;
  }
  void SkipCovered(const RangeTombstoneView& range) override {
    VERALITH_DCHECK(forward_);
    MoveAll</*kForward=*/true>([&range](KeyCursor& child) {
      if (child.Valid() && IsInside(child.key(), range)) {
        child.SkipCovered(range);
      }
    });
  }
  void SkipCoveredBackward(const RangeTombstoneView& range) override {
    VERALITH_DCHECK(!forward_);
    MoveAll</*kForward=*/false>([&range](KeyCursor& child) {
      if (child.Valid() && IsInside(child.key(), range)) {
        child.SkipCoveredBackward(range);
      }
    });
  }

 protected:
  bool LoadEntry() override {
    KeyCursor& child = *order_[0].cursor;
    if (!child.Load()) {
      return Fail(child.status());
    }
    kind_ = child.kind();
    value_ = child.value();
    is_loaded_ = true;
    return true;
  }
  bool ReadTimestamp() override {
    KeyCursor& child = *order_[0].cursor;
    if (!child.LoadTimestamp()) {
      return Fail(child.status());
    }
    timestamp_ = child.timestamp();
    has_timestamp_ = true;
    return true;
  }

 private:
  struct Live {
    KeyCursor* cursor;
    size_t age;  // 0: the newest source
  };

  static constexpr size_t kLinearSteps = 4;

  static bool IsInside(std::string_view key, const RangeTombstoneView& range) {
    return CompareKeys(range.begin, key) <= 0 &&
           (range.open_end || CompareKeys(key, range.end) < 0);
  }

  template <bool kForward>
  static bool Before(const Live& a, const Live& b) {
    const int order = CompareKeys(a.cursor->key(), b.cursor->key());
    return order != 0 ? (kForward ? order < 0 : order > 0) : a.age < b.age;
  }

  template <bool kForward, typename Move>
  void MoveAll(Move move) {
    forward_ = kForward;
    status_ = absl::OkStatus();
    order_.clear();
    for (size_t i = 0; i < children_.size(); ++i) {
      KeyCursor& child = *children_[i];
      move(child);
      if (child.Valid()) {
        order_.push_back({&child, i});
      } else if (!child.status().ok()) {
        Fail(child.status());
        return;
      }
    }
    for (size_t i = order_.size(); i-- > 0;) {
      PutInPlace<kForward>(i);
    }
    ShowFirst();
  }

  template <bool kForward>
  void Advance() {
    for (size_t i = on_key_; i-- > 0;) {
      KeyCursor& child = *order_[i].cursor;
      kForward ? child.Next() : child.Prev();
      if (child.Valid()) [[likely]] {
        PutInPlace<kForward>(i);
      } else if (child.status().ok()) {
        order_.erase(order_.begin() + static_cast<ptrdiff_t>(i));
      } else {
        Fail(child.status());
        return;
      }
    }
    ShowFirst();
  }

  // Puts child i in its place: the children after place i are in order already.
  template <bool kForward>
  void PutInPlace(size_t i) {
    const Live moved = order_[i];
    size_t to = i + 1;  // children before `to` come before the child
    const size_t linear_end = std::min(order_.size(), to + kLinearSteps);
    while (to < linear_end && Before<kForward>(order_[to], moved)) {
      order_[to - 1] = order_[to];
      ++to;
    }
    if (to == linear_end && to < order_.size()) {
      const auto end = std::partition_point(
          order_.begin() + static_cast<ptrdiff_t>(to), order_.end(),
          [&moved](const Live& other) { return Before<kForward>(other, moved); });
      std::move(order_.begin() + static_cast<ptrdiff_t>(to), end,
                order_.begin() + static_cast<ptrdiff_t>(to) - 1);
      to = static_cast<size_t>(end - order_.begin());
    }
    order_[to - 1] = moved;
  }

  void ShowFirst() {
    if (order_.empty()) {
      End();
      return;
    }
    const std::string_view key = order_[0].cursor->key();
    SetKey(key);
    on_key_ = 1;
    while (on_key_ < order_.size() && SameKey(order_[on_key_].cursor->key(), key)) {
      ++on_key_;
    }
  }

  const std::vector<std::unique_ptr<KeyCursor>> children_;
  std::vector<Live> order_;
  size_t on_key_ = 0;  // number of children on the current key: the first ones
  bool forward_ = true;
  std::string turned_at_;
};

}  // namespace

std::unique_ptr<KeyCursor> NewMergingCursor(std::vector<std::unique_ptr<KeyCursor>> children) {
  if (children.empty()) {
    return std::make_unique<EmptyCursor>();
  }
  if (children.size() == 1) {
    return std::move(children[0]);
  }
  return std::make_unique<MergingCursor>(std::move(children));
}

}  // namespace veralith
