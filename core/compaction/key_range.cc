#include "core/compaction/key_range.h"

#include <algorithm>
#include <string>

#include "core/base/check.h"
#include "core/format/key_bound.h"

namespace veralith {

KeyRange AllKeys() {
  return {0, std::string(), {kMaxNamespace, std::string(), KeyBound::Kind::kNamespaceEnd}};
}

KeyRange RangeOf(const RangeTombstoneView& tombstone) {
  KeyRange range{tombstone.ns, std::string(tombstone.begin), {}};
  range.largest.ns = tombstone.ns;
  range.largest.kind =
      tombstone.open_end ? KeyBound::Kind::kNamespaceEnd : KeyBound::Kind::kExclusive;
  range.largest.key = tombstone.open_end ? std::string() : std::string(tombstone.end);
  return range;
}

bool Overlaps(const KeyRange& a, const KeyRange& b) {
  return IsWithin(a.smallest_ns, a.smallest_key, b.largest) &&
         IsWithin(b.smallest_ns, b.smallest_key, a.largest);
}

KeyRange HullOf(std::span<const FileRef> files) {
  VERALITH_CHECK(!files.empty());
  KeyRange hull = RangeOf(*files.front());
  for (const FileRef& file : files.subspan(1)) {
    hull = UnionOf(hull, RangeOf(*file));
  }
  return hull;
}

std::span<const FileRef> OverlappingFiles(std::span<const FileRef> run, const KeyRange& range) {
  const auto first = std::partition_point(run.begin(), run.end(), [&](const FileRef& file) {
    return !IsWithin(range.smallest_ns, range.smallest_key, file->largest);
  });
  const auto last = std::partition_point(first, run.end(), [&](const FileRef& file) {
    return IsWithin(file->smallest_ns, file->smallest_key, range.largest);
  });
  return {first, last};
}

}  // namespace veralith
