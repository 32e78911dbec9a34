// SPDX-License-Identifier: Apache-2.0

// What scans learn and use of stretches in which every key is deleted, so that each pays for such a
// stretch once. core/db/gap_cache.h keeps them.
#ifndef VERALITH_CORE_ITERATOR_KNOWN_GAPS_H_
#define VERALITH_CORE_ITERATOR_KNOWN_GAPS_H_

#include <string>
#include <string_view>

#include "veralith/types.h"

namespace veralith {

// Keys of one namespace: [begin, end), or to the end of the namespace.
struct KeyGap {
  NamespaceId ns = 0;
  std::string begin;
  std::string end;  // meaningless when open_end
  bool open_end = false;

  bool Holds(NamespaceId other_ns, std::string_view key) const {
    return ns == other_ns && begin <= key && (open_end || key < end);
  }
};

// Thread rule: any thread.
class KnownGaps {
 public:
  virtual ~KnownGaps() = default;

  // True: `*gap` holds the key, and at `snapshot` no key in it is visible.
  virtual bool Find(NamespaceId ns, std::string_view key, Timestamp snapshot, KeyGap* gap) = 0;
  // A scan saw that at `snapshot` no key in `gap` is visible.
  virtual void Learn(Timestamp snapshot, KeyGap gap) = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_KNOWN_GAPS_H_
