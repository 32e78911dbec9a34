// SPDX-License-Identifier: Apache-2.0

// A forward stream of versions of keys, tombstones included, in the order of core/format/entry.h,
// over a memtable, a segment, or a merge of them: what jobs read. (Readers meet each key once, in
// both directions: core/iterator/key_cursor.h.)
//
// Invariants
//   1. Valid() and a non-OK status() never hold together; a stream that met an error stays invalid
//      until the next seek, and nothing is skipped to get past an error.
//   2. While Valid(), entry() and the bytes it points to stay the same until the next call that
//      moves the stream.
//   3. Moving an invalid stream is a caller's mistake (CHECK in debug builds).
//   4. Values are delivered with the entry: an unreadable value makes the stream invalid.
//
// Valid() and entry() are not virtual: implementations set valid_ and entry_ as they move.
// Thread rule: one thread at a time. Range tombstones are not entries: see
// core/iterator/range_tombstones.h.
#ifndef VERALITH_CORE_ITERATOR_VERSION_STREAM_H_
#define VERALITH_CORE_ITERATOR_VERSION_STREAM_H_

#include <string_view>

#include "absl/status/status.h"
#include "core/format/entry.h"
#include "veralith/types.h"

namespace veralith {

class VersionStream {
 public:
  virtual ~VersionStream() = default;
  VersionStream() = default;
  VersionStream(const VersionStream&) = delete;
  VersionStream& operator=(const VersionStream&) = delete;

  bool Valid() const { return valid_; }
  const EntryView& entry() const { return entry_; }
  // OK when invalid only because the end was reached.
  virtual absl::Status status() const = 0;

  virtual void SeekToFirst() = 0;
  // Moves to the first entry at or after the user key: its newest version, or the newest version of
  // the next key.
  virtual void Seek(NamespaceId ns, std::string_view key) = 0;
  virtual void Next() = 0;

 protected:
  bool valid_ = false;
  EntryView entry_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_VERSION_STREAM_H_
