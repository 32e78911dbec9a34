// SPDX-License-Identifier: Apache-2.0

// The keys of one namespace of one source as a reader at one snapshot meets them: each user key
// that has a version at or below the snapshot, once, with the newest such version. What scans
// merge. (Jobs need every version: they read core/iterator/version_stream.h.)
//
// Invariants
//   1. Keys ascend bytewise. Tombstones are keys like others; range tombstones are not applied.
//   2. A version comes in parts. Its key is there as soon as Valid(); Load() brings kind and value,
//      LoadTimestamp() the timestamp: a source that keeps them apart reads them only when asked. So
//      a scan pays nothing for the value of a version that a newer source hides.
//   3. Valid() and a non-OK status() never hold together. What cannot be read, now or in a Load,
//      makes the cursor invalid with that error until the next seek; nothing is skipped.
//   4. While Valid(), key() and what was loaded stay the same until the next call that moves.
//   5. Moving or loading an invalid cursor is a caller's mistake (CHECK in debug builds).
//
// Valid() and the accessors are not virtual: implementations set the fields as they move.
// Thread rule: one thread at a time.
#ifndef VERALITH_CORE_ITERATOR_KEY_CURSOR_H_
#define VERALITH_CORE_ITERATOR_KEY_CURSOR_H_

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "core/format/entry.h"
#include "veralith/types.h"

namespace veralith {

class KeyCursor {
 public:
  virtual ~KeyCursor() = default;
  KeyCursor() = default;
  KeyCursor(const KeyCursor&) = delete;
  KeyCursor& operator=(const KeyCursor&) = delete;

  bool Valid() const { return valid_; }
  // OK when invalid only because an end was reached.
  const absl::Status& status() const { return status_; }
  std::string_view key() const { return key_; }

  // False: unreadable, see status().
  bool Load() {
    VERALITH_DCHECK(valid_);
    return is_loaded_ || LoadEntry();
  }
  bool LoadTimestamp() {
    VERALITH_DCHECK(valid_);
    return has_timestamp_ || ReadTimestamp();
  }
  // After a Load() that was true.
  EntryKind kind() const { return kind_; }
  std::string_view value() const { return value_; }  // empty for a tombstone
  // After a LoadTimestamp() that was true.
  Timestamp timestamp() const { return timestamp_; }

  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Seek(std::string_view key) = 0;         // to the first key at or after `key`
  virtual void SeekForPrev(std::string_view key) = 0;  // to the last key at or before `key`
  virtual void Next() = 0;
  virtual void Prev() = 0;

  // No version that was in this source when the cursor was made is newer. May be too large, never
  // too small.
  virtual Timestamp max_timestamp() const = 0;

  // The caller, on a key of `range` (of the cursor's namespace), wants no version inside the range
  // that is older than range.ts: a range tombstone hides them all. Moves past as many of them as is
  // cheap, perhaps none, perhaps the current one, never past another one. SkipCovered goes forward,
  // SkipCoveredBackward backward.
  virtual void SkipCovered(const RangeTombstoneView& range) {
    if (max_timestamp() >= range.ts) {
      return;
    }
    if (range.open_end) {
      End();
    } else {
      Seek(range.end);
    }
  }
  virtual void SkipCoveredBackward(const RangeTombstoneView& range) {
    if (max_timestamp() < range.ts) {
      SeekForPrev(range.begin);
    }
  }

 protected:
  // Load kind_ and value_, or timestamp_, of the current version; see Load and LoadTimestamp.
  virtual bool LoadEntry() = 0;
  virtual bool ReadTimestamp() = 0;

  // On a key, of which nothing else was brought.
  void SetKey(std::string_view key) {
    key_ = key;
    valid_ = true;
    is_loaded_ = false;
    has_timestamp_ = false;
  }
  // Nowhere, without an error.
  void End() {
    valid_ = false;
    status_ = absl::OkStatus();
  }
  bool Fail(absl::Status status) {
    valid_ = false;
    status_ = std::move(status);
    return false;
  }

  bool valid_ = false;
  bool is_loaded_ = false;
  bool has_timestamp_ = false;
  EntryKind kind_ = EntryKind::kPut;
  std::string_view key_;
  std::string_view value_;
  Timestamp timestamp_ = 0;
  absl::Status status_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_KEY_CURSOR_H_
