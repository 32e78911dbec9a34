// SPDX-License-Identifier: Apache-2.0

// One version of one key, as every layer passes it along, and the one order of versions.
//
// Order (DESIGN promise 1): namespace ascending, key bytes ascending (lexicographic, unsigned),
// timestamp descending. CompareEntries is that order on values; core/format/internal_key.h is the
// same order on bytes; property_tests hold the two together. Nothing else compares keys.
//
// Ownership: an EntryView owns nothing; whoever hands it out says how long its bytes live.
#ifndef VERALITH_CORE_FORMAT_ENTRY_H_
#define VERALITH_CORE_FORMAT_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "veralith/types.h"

namespace veralith {

// What an entry says of its key. The numbers are written to logs: never renumber.
enum class EntryKind : uint8_t {
  kPut = 1,
  kDelete = 2,  // a point tombstone
};

struct EntryView {
  NamespaceId ns = 0;
  std::string_view key;
  Timestamp ts = 0;
  EntryKind kind = EntryKind::kPut;
  std::string_view value;  // empty for a tombstone

  friend bool operator==(const EntryView&, const EntryView&) = default;
};

// All versions in [begin, end) of one namespace older than ts are hidden from readers at >= ts.
struct RangeTombstoneView {
  NamespaceId ns = 0;
  std::string_view begin;  // inclusive; "" is the first key of the namespace
  std::string_view end;    // exclusive; meaningless when open_end
  bool open_end = false;   // true: up to the end of the namespace
  Timestamp ts = 0;

  friend bool operator==(const RangeTombstoneView&, const RangeTombstoneView&) = default;
};

// Negative, zero or positive, as memcmp.
inline int CompareBytes(std::string_view a, std::string_view b) {
  const size_t common = a.size() < b.size() ? a.size() : b.size();
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  if (order != 0) {
    return order;
  }
  return a.size() < b.size() ? -1 : (a.size() > b.size() ? 1 : 0);
}

inline int CompareUserKeys(NamespaceId a_ns, std::string_view a, NamespaceId b_ns,
                           std::string_view b) {
  if (a_ns != b_ns) {
    return a_ns < b_ns ? -1 : 1;
  }
  return CompareBytes(a, b);
}

inline int CompareEntries(const EntryView& a, const EntryView& b) {
  if (const int order = CompareUserKeys(a.ns, a.key, b.ns, b.key); order != 0) {
    return order;
  }
  return a.ts > b.ts ? -1 : (a.ts < b.ts ? 1 : 0);
}

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_ENTRY_H_
