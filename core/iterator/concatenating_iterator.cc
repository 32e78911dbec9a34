#include "core/iterator/concatenating_iterator.h"

#include <utility>

#include "core/base/check.h"

namespace veralith {
namespace {

class ConcatenatingIterator final : public Iterator {
 public:
  explicit ConcatenatingIterator(std::unique_ptr<ConcatenatedParts> parts)
      : parts_(std::move(parts)) {}

  absl::Status status() const override { return status_; }
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
  void Seek(NamespaceId ns, std::string_view key, Timestamp ts) override {
    if (Enter(FirstPart([&](size_t i) { return !parts_->EndsBefore(i, ns, key); }))) {
      part_->Seek(ns, key, ts);
      SettleForward();
    }
  }
  void SeekForPrev(NamespaceId ns, std::string_view key, Timestamp ts) override {
    if (Enter(FirstPart([&](size_t i) { return parts_->BeginsAfter(i, ns, key); }) - 1)) {
      part_->SeekForPrev(ns, key, ts);
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

 private:
  // The first part for which `holds`, which holds for every later one; size() when there is none.
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

  // Opens part i unless it is open. False, and invalid, when there is no such part (beyond either
  // end; 0 - 1 wraps around) or it does not open.
  bool Enter(size_t i) {
    valid_ = false;
    status_ = absl::OkStatus();
    if (i >= parts_->size()) {
      return false;
    }
    if (part_ != nullptr && at_ == i) {
      return true;
    }
    part_.reset();
    absl::StatusOr<std::unique_ptr<Iterator>> opened = parts_->Open(i);
    if (!opened.ok()) {
      status_ = std::move(opened).status();
      return false;
    }
    part_ = *std::move(opened);
    at_ = i;
    return true;
  }

  // On the part's entry, or on the first one of a later part.
  void SettleForward() {
    while (!part_->Valid()) {
      if (Failed() || !Enter(at_ + 1)) {
        return;
      }
      part_->SeekToFirst();
    }
    Show();
  }
  void SettleBackward() {
    while (!part_->Valid()) {
      if (Failed() || !Enter(at_ - 1)) {
        return;
      }
      part_->SeekToLast();
    }
    Show();
  }

  bool Failed() {
    valid_ = false;
    status_ = part_->status();
    return !status_.ok();
  }
  void Show() {
    valid_ = true;
    entry_ = part_->entry();
  }

  const std::unique_ptr<ConcatenatedParts> parts_;
  std::unique_ptr<Iterator> part_;  // of part at_; null: none is open
  size_t at_ = 0;
  absl::Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewConcatenatingIterator(std::unique_ptr<ConcatenatedParts> parts) {
  return std::make_unique<ConcatenatingIterator>(std::move(parts));
}

}  // namespace veralith
