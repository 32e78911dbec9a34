// SPDX-License-Identifier: Apache-2.0

// Entries and range tombstones that own their bytes.
#ifndef VERALITH_CORE_FORMAT_OWNED_ENTRY_H_
#define VERALITH_CORE_FORMAT_OWNED_ENTRY_H_

#include <string>
#include <string_view>
#include <utility>

#include "core/format/entry.h"
#include "veralith/types.h"

namespace veralith {

struct OwnedEntry {
  NamespaceId ns = 0;
  std::string key;
  Timestamp ts = 0;
  EntryKind kind = EntryKind::kPut;
  std::string value;

  OwnedEntry() = default;
  OwnedEntry(NamespaceId n, std::string k, Timestamp t, EntryKind e, std::string v)
      : ns(n), key(std::move(k)), ts(t), kind(e), value(std::move(v)) {}
  explicit OwnedEntry(const EntryView& e)
      : ns(e.ns), key(e.key), ts(e.ts), kind(e.kind), value(e.value) {}
  EntryView view() const { return {ns, key, ts, kind, value}; }
  friend bool operator==(const OwnedEntry&, const OwnedEntry&) = default;
};

// The members mean what those of RangeTombstoneView do.
struct OwnedRangeTombstone {
  NamespaceId ns = 0;
  std::string begin;
  std::string end;
  bool open_end = false;
  Timestamp ts = 0;

  RangeTombstoneView view() const { return {ns, begin, end, open_end, ts}; }
  bool Covers(NamespaceId n, std::string_view key) const {
    return n == ns && begin <= key && (open_end || key < end);
  }
  friend bool operator==(const OwnedRangeTombstone&, const OwnedRangeTombstone&) = default;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_OWNED_ENTRY_H_
