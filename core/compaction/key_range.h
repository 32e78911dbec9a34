// Ranges of user keys, beyond what core/manifest/version.h has for them. Always at the granularity
// of user keys (namespace and key, never a timestamp: hazard O4). Pure functions.
#ifndef VERALITH_CORE_COMPACTION_KEY_RANGE_H_
#define VERALITH_CORE_COMPACTION_KEY_RANGE_H_

#include <span>

#include "core/format/entry.h"
#include "core/manifest/version.h"

namespace veralith {

// Every key there can be.
KeyRange AllKeys();
KeyRange RangeOf(const RangeTombstoneView& tombstone);

bool Overlaps(const KeyRange& a, const KeyRange& b);

// The smallest range that holds all of `files`; there is at least one.
KeyRange HullOf(std::span<const FileRef> files);

// The files of one run that overlap `range`: neighbours, hence a subspan. O(log files).
std::span<const FileRef> OverlappingFiles(std::span<const FileRef> run, const KeyRange& range);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_KEY_RANGE_H_
