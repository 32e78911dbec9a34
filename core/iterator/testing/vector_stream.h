// SPDX-License-Identifier: Apache-2.0

// For tests: a stream over a sorted vector. May be told to fail at one place, as a source with
// an unreadable page does.
#ifndef VERALITH_CORE_ITERATOR_TESTING_VECTOR_STREAM_H_
#define VERALITH_CORE_ITERATOR_TESTING_VECTOR_STREAM_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/format/owned_entry.h"
#include "core/iterator/version_stream.h"

namespace veralith {

inline bool EntryLess(const OwnedEntry& a, const OwnedEntry& b) {
  return CompareEntries(a.view(), b.view()) < 0;
}

class VectorStream final : public VersionStream {
 public:
  // `entries` is sorted by EntryLess.
  explicit VectorStream(std::vector<OwnedEntry> entries) : entries_(std::move(entries)) {}

  // Reaching entry `position` fails with `error` from now on.
  void FailAt(size_t position, absl::Status error) {
    fail_at_ = position;
    error_ = std::move(error);
  }

  absl::Status status() const override { return status_; }
  void SeekToFirst() override { MoveTo(0); }
  void Seek(NamespaceId ns, std::string_view key) override {
    const EntryView target{ns, key, kMaxTimestamp, EntryKind::kPut, {}};
    const auto at = std::lower_bound(
        entries_.begin(), entries_.end(), target,
        [](const OwnedEntry& a, const EntryView& b) { return CompareEntries(a.view(), b) < 0; });
    MoveTo(static_cast<size_t>(at - entries_.begin()));
  }
  void Next() override {
    VERALITH_CHECK(valid_);
    MoveTo(at_ + 1);
  }

 private:
  // Beyond the end is nowhere.
  void MoveTo(size_t at) {
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
  absl::Status error_;
  absl::Status status_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_TESTING_VECTOR_STREAM_H_
