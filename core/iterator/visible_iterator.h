// SPDX-License-Identifier: Apache-2.0

// What a reader sees at one moment: turns the newest versions of keys and the range tombstones into
// the keys that are there, each once, with its value. The methods and their meaning are those of
// DbIterator (veralith/db_iterator.h), which db implements with this class.
//
// Invariants
//   1. For each key inside the bounds, its newest version with ts <= snapshot decides. The key is
//      not there if that is a tombstone, or if a range tombstone with version.ts < its ts <=
//      snapshot covers the key.
//   2. Valid() and a non-OK status() never hold together; nothing unreadable is skipped.
//   3. key() and value() stay the same until the iterator moves or dies. Nothing is copied.
//   4. Timestamps are read where they decide (a range tombstone covers the key) or are asked for.
//   5. Over a stretch that a range tombstone hides it seeks, in sources that are older than the
//      tombstone.
//   6. Hidden keys that follow each other are passed one by one only until the known gaps are asked
//      for the stretch: after kAskAfter of them, and at each doubling. A stretch of kLearnAfter or
//      more that was passed one by one is learned.
//
// Thread rule: one thread at a time. Owns the cursor, and holds keep_alive (memtables, segments)
// until after it is destroyed.
#ifndef VERALITH_CORE_ITERATOR_VISIBLE_ITERATOR_H_
#define VERALITH_CORE_ITERATOR_VISIBLE_ITERATOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/iterator/key_cursor.h"
#include "core/iterator/known_gaps.h"
#include "core/iterator/range_tombstones.h"
#include "veralith/bound.h"
#include "veralith/types.h"

namespace veralith {

class VisibleIterator final {
 public:
  struct Source {
    std::shared_ptr<const void> keep_alive;  // destroyed last
    std::unique_ptr<KeyCursor> merged;       // all sources, at the snapshot; not null
    // All sources' range tombstones; null and empty lists are allowed.
    RangeTombstoneLists range_tombstones;
    NamespaceId ns = kDefaultNamespace;  // the cursor's
    Bound lower;
    Bound upper;
    Timestamp snapshot = kMaxTimestamp;  // the cursor's
    KnownGaps* gaps = nullptr;           // may be null; not owned
  };
  static constexpr uint64_t kAskAfter = 16;
  static constexpr uint64_t kLearnAfter = 32;

  // Invalid until the first Seek.
  explicit VisibleIterator(Source source);
  VisibleIterator(const VisibleIterator&) = delete;
  VisibleIterator& operator=(const VisibleIterator&) = delete;

  bool Valid() const { return valid_; }
  absl::Status status() const { return valid_ ? absl::OkStatus() : status_; }

  void SeekToFirst();
  void SeekToLast();
  // Moves to the first visible key at or after the target, inside the bounds. A target below the
  // lower bound seeks to the first key, one above the upper bound ends.
  void Seek(std::string_view target);
  // Moves to the last visible key at or before the target, inside the bounds likewise.
  void SeekForPrev(std::string_view target);
  // While Valid() only.
  void Next();
  void Prev();

  // While Valid() only.
  std::string_view key() const { return merged_->key(); }
  std::string_view value() const { return merged_->value(); }
  // May read; when that fails it is 0, and the iterator is invalid with the error.
  Timestamp timestamp();

  // Keys passed so far that were not there.
  uint64_t hidden_keys() const { return hidden_keys_; }

 private:
  std::string_view Keep(std::string_view target);
  bool BelowLower(std::string_view key) const;
  bool AboveUpper(std::string_view key) const;
  // What merged_ stands on: not there, there, or unreadable.
  enum class Visibility : uint8_t { kHidden, kHiddenByRange, kVisible, kUnreadable };
  Visibility Classify();
  bool HiddenByRange(bool* unreadable);

  void FindForward();
  void FindBackward();
  // Whether merged_'s key, the `hidden`th in a row that is not there, lies in a known gap: gap_.
  bool FindGap(uint64_t hidden);
  // The end of a gap whose last key is run_.
  std::string AfterRun() const { return run_ + '\0'; }
  // A run of hidden keys, the last `hidden` passed one by one, ended where merged_ stands.
  void LearnForward(uint64_t hidden);
  void LearnBackward(uint64_t hidden);

  // Nothing more to show: the bounds are reached, or merged_ ended, perhaps by an error.
  void End();
  // The target of a seek lies outside the bounds; merged_ was not asked.
  void EndOutside() {
    valid_ = false;
    status_ = absl::OkStatus();
  }

  const std::shared_ptr<const void> keep_alive_;
  const std::unique_ptr<KeyCursor> merged_;
  RangeTombstoneCursor tombstones_;
  const Bound lower_;
  const Bound upper_;
  const NamespaceId ns_;
  const Timestamp snapshot_;
  KnownGaps* const gaps_;

  KeyGap gap_;            // found
  std::string run_;       // the first key of the run that was asked for
  bool has_run_ = false;  // run_ is of this run
  uint64_t hidden_keys_ = 0;
  std::string target_;   // the last seek's
  bool valid_ = false;   // merged_ stands on the key shown, loaded
  absl::Status status_;  // meaningless while valid_
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_VISIBLE_ITERATOR_H_
