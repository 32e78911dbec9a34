// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/concatenating_cursor.h"

#include <utility>

#include "core/base/check.h"

namespace veralith {
namespace {

class ConcatenatingCursor final : public KeyCursor {
 public:
  explicit ConcatenatingCursor(std::unique_ptr<CursorParts> parts) : parts_(std::move(parts)) {}

  Timestamp max_timestamp() const override { return parts_->max_timestamp(); }

  void SeekToFirst() override {
    if (Enter(0)) {
      part_->SeekToFirst();
      SettleForward();
    }
  }
  void SeekToLast() override {
    if (Enter(parts_->size() - 1)) {
      part_->SeekToLast();
      SettleBackward();
    }
  }
  void Seek(std::string_view key) override {
    if (Enter(FirstPart([&](size_t i) { return !parts_->EndsBefore(i, key); }))) {
      part_->Seek(key);
      SettleForward();
    }
  }
  void SeekForPrev(std::string_view key) override {
    if (Enter(FirstPart([&](size_t i) { return parts_->BeginsAfter(i, key); }) - 1)) {
      part_->SeekForPrev(key);
      SettleBackward();
    }
  }
  void Next() override {
    VERALITH_DCHECK(valid_);
    part_->Next();
    SettleForward();
  }
  void Prev() override {
    VERALITH_DCHECK(valid_);
    part_->Prev();
    SettleBackward();
  }
  // The run may be newer than the tombstone elsewhere: the part alone may be older.
  void SkipCovered(const RangeTombstoneView& range) override {
    VERALITH_DCHECK(valid_);
    if (max_timestamp() < range.ts) {
      KeyCursor::SkipCovered(range);
      return;
    }
    part_->SkipCovered(range);
    SettleForward();
  }
  void SkipCoveredBackward(const RangeTombstoneView& range) override {
    VERALITH_DCHECK(valid_);
    if (max_timestamp() < range.ts) {
      KeyCursor::SkipCoveredBackward(range);
      return;
    }
    part_->SkipCoveredBackward(range);
    SettleBackward();
  }

 protected:
  bool LoadEntry() override {
    if (!part_->Load()) {
      return Fail(part_->status());
    }
    kind_ = part_->kind();
    value_ = part_->value();
    is_loaded_ = true;
    return true;
  }
  bool ReadTimestamp() override {
    if (!part_->LoadTimestamp()) {
      return Fail(part_->status());
    }
    timestamp_ = part_->timestamp();
    has_timestamp_ = true;
    return true;
  }

 private:
  // Returns the first part for which `holds`, which holds for every later one; size() if there is
  // none.
  template <typename Predicate>
  size_t FirstPart(Predicate holds) const {
    size_t low = 0;
    size_t high = parts_->size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (holds(middle)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  // Opens part i unless it is open. Returns false, and becomes invalid, if there is no such part
  // (beyond either end; 0 - 1 wraps around).
  bool Enter(size_t i) {
    End();
    if (i >= parts_->size()) {
      return false;
    }
    if (part_ == nullptr || at_ != i) {
      part_.reset();
      part_ = parts_->Open(i);
      at_ = i;
    }
    return true;
  }

  // Settles on the part's key, or on the first key of a later part.
  void SettleForward() {
    while (!part_->Valid()) {
      if (Failed() || !Enter(at_ + 1)) {
        return;
      }
      part_->SeekToFirst();
    }
    SetKey(part_->key());
  }
  void SettleBackward() {
    while (!part_->Valid()) {
      if (Failed() || !Enter(at_ - 1)) {
        return;
      }
      part_->SeekToLast();
    }
    SetKey(part_->key());
  }
  bool Failed() { return !part_->status().ok() && !Fail(part_->status()); }

  const std::unique_ptr<CursorParts> parts_;
  std::unique_ptr<KeyCursor> part_;  // of part at_; null: none is open
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<KeyCursor> NewConcatenatingCursor(std::unique_ptr<CursorParts> parts) {
  return std::make_unique<ConcatenatingCursor>(std::move(parts));
}

}  // namespace veralith
