// An iterator over a sorted vector: for tests and models, and for small lists that are already in
// memory. May be told to fail at one place, as a source with an unreadable page does.
#ifndef VERALITH_CORE_ITERATOR_VECTOR_ITERATOR_H_
#define VERALITH_CORE_ITERATOR_VECTOR_ITERATOR_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/format/owned_entry.h"
#include "core/iterator/iterator.h"

namespace veralith {

inline bool EntryLess(const OwnedEntry& a, const OwnedEntry& b) {
  return CompareEntries(a.view(), b.view()) < 0;
}

class VectorIterator final : public Iterator {
 public:
  // `entries` is sorted by EntryLess.
  explicit VectorIterator(std::vector<OwnedEntry> entries) : entries_(std::move(entries)) {}

  // Reaching entry `position`, from either side or by seeking, fails with `error` from now on.
  void FailAt(size_t position, absl::Status error) {
    fail_at_ = position;
    error_ = std::move(error);
  }
  // How often it was moved: a test's measure of work.
  size_t moves() const { return moves_; }

  absl::Status status() const override { return status_; }
  void SeekToFirst() override { MoveTo(0); }
  void SeekToLast() override { MoveTo(entries_.size() - 1); }
  void Seek(NamespaceId ns, std::string_view key, Timestamp ts) override {
    MoveTo(LowerBound({ns, key, ts, EntryKind::kPut, {}}));
  }
  void SeekForPrev(NamespaceId ns, std::string_view key, Timestamp ts) override {
    const EntryView target{ns, key, ts, EntryKind::kPut, {}};
    size_t at = LowerBound(target);
    while (at < entries_.size() && CompareEntries(entries_[at].view(), target) == 0) {
      ++at;
    }
    MoveTo(at - 1);
  }
  void Next() override {
    VERALITH_CHECK(valid_);
    MoveTo(at_ + 1);
  }
  void Prev() override {
    VERALITH_CHECK(valid_);
    MoveTo(at_ - 1);
  }
  Timestamp max_timestamp() const override {
    Timestamp newest = 0;
    for (const OwnedEntry& entry : entries_) {
      newest = std::max(newest, entry.ts);
    }
    return newest;
  }

 private:
  size_t LowerBound(const EntryView& target) const {
    return static_cast<size_t>(std::lower_bound(entries_.begin(), entries_.end(), target,
                                                [](const OwnedEntry& a, const EntryView& b) {
                                                  return CompareEntries(a.view(), b) < 0;
                                                }) -
                               entries_.begin());
  }
  // Beyond the end on either side (0 - 1 wraps around) is nowhere.
  void MoveTo(size_t at) {
    ++moves_;
    at_ = at;
    const bool inside = at < entries_.size();
    const bool fails = inside && at == fail_at_;
    status_ = fails ? error_ : absl::OkStatus();
    valid_ = inside && !fails;
    entry_ = valid_ ? entries_[at].view() : EntryView{};
  }

  const std::vector<OwnedEntry> entries_;
  size_t at_ = 0;
  size_t fail_at_ = ~size_t{0};
  size_t moves_ = 0;
  absl::Status error_;
  absl::Status status_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_VECTOR_ITERATOR_H_
