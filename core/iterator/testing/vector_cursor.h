// SPDX-License-Identifier: Apache-2.0

// For tests: a cursor over a sorted vector of versions. May be told to fail at one place, as a
// source with an unreadable page does.
#ifndef VERALITH_CORE_ITERATOR_TESTING_VECTOR_CURSOR_H_
#define VERALITH_CORE_ITERATOR_TESTING_VECTOR_CURSOR_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/iterator/key_cursor.h"
#include "core/iterator/testing/vector_stream.h"

namespace veralith::testing {

class VectorCursor final : public KeyCursor {
 public:
  // `entries` is sorted by EntryLess, of any namespaces.
  VectorCursor(std::vector<OwnedEntry> entries, NamespaceId ns, Timestamp snapshot)
      : entries_(std::move(entries)), ns_(ns), snapshot_(snapshot) {
    FindPlaces();
  }

  // Fails with `error` whenever it comes to the key of entry `position`, or would pass it, from
  // either side or by seeking to it, be a version of the key visible or not.
  void FailAt(size_t position, absl::Status error) {
    fails_ = position;
    error_ = std::move(error);
    FindPlaces();
  }
  // How often it was moved: a test's measure of work.
  size_t moves() const { return moves_; }

  void SeekToFirst() override { MoveTo(0); }
  void SeekToLast() override { MoveTo(places_.size() - 1); }
  void Seek(std::string_view key) override { MoveTo(FirstAtOrAfter(key)); }
  void SeekForPrev(std::string_view key) override {
    const size_t at = FirstAtOrAfter(key);
    MoveTo(at < places_.size() && entries_[places_[at]].key == key ? at : at - 1);
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

 protected:
  bool LoadEntry() override {
    kind_ = entries_[places_[at_]].kind;
    value_ = entries_[places_[at_]].value;
    is_loaded_ = true;
    return true;
  }
  bool ReadTimestamp() override {
    timestamp_ = entries_[places_[at_]].ts;
    has_timestamp_ = true;
    return true;
  }

 private:
  bool Fails(const OwnedEntry& entry) const {
    return fails_.has_value() && entries_[*fails_].ns == entry.ns &&
           entries_[*fails_].key == entry.key;
  }
  // The newest visible version of each key, and one of the key that fails.
  void FindPlaces() {
    places_.clear();
    for (size_t i = 0; i < entries_.size(); ++i) {
      const OwnedEntry& entry = entries_[i];
      const bool shows = entry.ns == ns_ && (entry.ts <= snapshot_ || Fails(entry));
      if (shows && (places_.empty() || entries_[places_.back()].key != entry.key)) {
        places_.push_back(i);
      }
    }
  }
  size_t FirstAtOrAfter(std::string_view key) const {
    return static_cast<size_t>(std::lower_bound(places_.begin(), places_.end(), key,
                                                [this](size_t place, std::string_view k) {
                                                  return CompareBytes(entries_[place].key, k) < 0;
                                                }) -
                               places_.begin());
  }
  // Beyond the end on either side (0 - 1 wraps around) is nowhere.
  void MoveTo(size_t at) {
    ++moves_;
    at_ = at;
    End();
    if (at >= places_.size()) {
      return;
    }
    if (Fails(entries_[places_[at]])) {
      Fail(error_);
    } else {
      SetKey(entries_[places_[at]].key);
    }
  }

  const std::vector<OwnedEntry> entries_;
  const NamespaceId ns_;
  const Timestamp snapshot_;
  std::vector<size_t> places_;  // where the cursor can stand: indices into entries_
  size_t at_ = 0;
  size_t moves_ = 0;
  std::optional<size_t> fails_;
  absl::Status error_;
};

}  // namespace veralith::testing

#endif  // VERALITH_CORE_ITERATOR_TESTING_VECTOR_CURSOR_H_
