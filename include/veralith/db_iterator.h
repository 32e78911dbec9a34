// Iterates over the keys a reader sees at one moment, forward and backward, inside exact bounds.
//
// Invariants
//   1. Yields each visible key of the namespace inside the bounds once, with its newest value at
//      the iterator's timestamp; tombstones are never yielded.
//   2. Valid() and a non-OK status() never hold together: after a loop that ends because Valid()
//      is false, look at status(). Nothing unreadable is skipped.
//   3. key() and value() stay valid until the iterator moves or dies. A move of an iterator that is
//      not Valid() does nothing; a seek is always possible, to its own key() too.
//
// Thread rule: one thread at a time. Holds the memtables and segments it reads.
#ifndef VERALITH_DB_ITERATOR_H_
#define VERALITH_DB_ITERATOR_H_

#include <string_view>

#include "absl/status/status.h"
#include "veralith/types.h"

namespace veralith {

class DbIterator {
 public:
  virtual ~DbIterator() = default;

  virtual bool Valid() const = 0;
  virtual absl::Status status() const = 0;

  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  // To the first key at or after `key` (clamped to the bounds).
  virtual void Seek(std::string_view key) = 0;
  // To the last key at or before `key` (clamped to the bounds).
  virtual void SeekForPrev(std::string_view key) = 0;
  virtual void Next() = 0;
  virtual void Prev() = 0;

  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // Of the commit that wrote the value. May read it from a file: when that fails it is 0, and the
  // iterator is no longer Valid() but has the error as its status().
  virtual Timestamp timestamp() const = 0;
};

}  // namespace veralith

#endif  // VERALITH_DB_ITERATOR_H_
