// SPDX-License-Identifier: Apache-2.0

// Iterates over the keys a reader sees at one moment, forward and backward, inside exact bounds.
//
//   std::unique_ptr<DbIterator> it = db->NewIterator({});
//   for (it->SeekToFirst(); it->Valid(); it->Next()) { ... it->key(), it->value() ... }
//   if (!it->status().ok()) { ... the loop ended early ... }
//
// Invariants
//   1. Yields each visible key of the namespace inside the bounds once, with its newest value at
//      the iterator's moment. Deleted keys are never yielded.
//   2. Valid() and a non-OK status() never hold together. Valid() is false at the end and after an
//      error: look at status(). Nothing unreadable is skipped.
//   3. key() and value() stay valid until the iterator moves or is destroyed.
//   4. Next and Prev do nothing while Valid() is false. A seek is always possible, even to the
//      iterator's own key().
//
// Errors, by status(): those of a read (db.h). After Close, and in a child of fork:
// FailedPrecondition.
//
// Cost: a seek searches each memtable and run; a step usually moves in one of them. Holds the
// memtables and segments it reads: in memory and on disk, until it is destroyed.
// Thread rule: one thread at a time.
#ifndef VERALITH_DB_ITERATOR_H_
#define VERALITH_DB_ITERATOR_H_

#include <string_view>

#include "absl/status/status.h"
#include "veralith/export.h"
#include "veralith/types.h"

namespace veralith {

class VERALITH_EXPORT DbIterator {
 public:
  virtual ~DbIterator() = default;

  // Returns whether the iterator is at a key.
  virtual bool Valid() const = 0;
  // Returns OK, or why the iterator could not go on.
  virtual absl::Status status() const = 0;

  // Moves to the first key inside the bounds.
  virtual void SeekToFirst() = 0;
  // Moves to the last key inside the bounds.
  virtual void SeekToLast() = 0;
  // Moves to the first key at or after `key`, inside the bounds.
  virtual void Seek(std::string_view key) = 0;
  // Moves to the last key at or before `key`, inside the bounds.
  virtual void SeekForPrev(std::string_view key) = 0;
  // Moves to the next key. There is none: Valid() becomes false.
  virtual void Next() = 0;
  // Moves to the key before. There is none: Valid() becomes false.
  virtual void Prev() = 0;

  // Returns the key. Requires Valid().
  virtual std::string_view key() const = 0;
  // Returns the value. Requires Valid().
  virtual std::string_view value() const = 0;
  // Returns the timestamp of the commit that wrote the value. Requires Valid(). May read it from a
  // file; if that fails it returns 0, Valid() becomes false and status() has the error.
  virtual Timestamp timestamp() const = 0;
};

}  // namespace veralith

#endif  // VERALITH_DB_ITERATOR_H_
