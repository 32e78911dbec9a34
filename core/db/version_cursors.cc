// SPDX-License-Identifier: Apache-2.0

#include "core/db/version_cursors.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "core/iterator/concatenating_cursor.h"
#include "core/segment/read/segment_reader.h"

namespace veralith {
namespace {

using Segments = std::span<const std::shared_ptr<const Segment>>;

// Returns the segments of a run that may have keys of the namespace or of later ones.
Segments FromNamespace(const SegmentRun& run, NamespaceId ns) {
  const auto begin = std::partition_point(
      run.segments.begin(), run.segments.end(),
      [ns](const std::shared_ptr<const Segment>& s) { return s->meta->largest.ns < ns; });
  return {begin, run.segments.end()};
}

// Returns the segments of a run that may have keys of the namespace.
Segments OfNamespace(const SegmentRun& run, NamespaceId ns) {
  const Segments from = FromNamespace(run, ns);
  const auto end = std::partition_point(
      from.begin(), from.end(),
      [ns](const std::shared_ptr<const Segment>& s) { return s->meta->smallest_ns <= ns; });
  return {from.begin(), end};
}

// Whether every key inside `bound` is below (ns, key).
bool EndsBelow(const KeyBound& bound, NamespaceId ns, std::string_view key) {
  if (bound.kind == KeyBound::Kind::kNamespaceEnd) {
    return bound.ns < ns;
  }
  const int order = CompareUserKeys(bound.ns, bound.key, ns, key);
  return bound.kind == KeyBound::Kind::kInclusive ? order < 0 : order <= 0;
}

class RunParts final : public CursorParts {
 public:
  RunParts(Segments segments, NamespaceId ns, Timestamp snapshot, bool fill_cache)
      : segments_(segments), ns_(ns), snapshot_(snapshot), fill_cache_(fill_cache) {}

  size_t size() const override { return segments_.size(); }
  bool EndsBefore(size_t i, std::string_view key) const override {
    return EndsBelow(segments_[i]->meta->largest, ns_, key);
  }
  bool BeginsAfter(size_t i, std::string_view key) const override {
    const FileMeta& meta = *segments_[i]->meta;
    return CompareUserKeys(meta.smallest_ns, meta.smallest_key, ns_, key) > 0;
  }
  std::unique_ptr<KeyCursor> Open(size_t i) override {
    return segments_[i]->reader->NewCursor(ns_, snapshot_, fill_cache_);
  }
  Timestamp max_timestamp() const override {
    if (newest_ == 0) {
      for (const std::shared_ptr<const Segment>& segment : segments_) {
        newest_ = std::max(newest_, segment->reader->summary().max_ts);
      }
    }
    return newest_;
  }

 private:
  const Segments segments_;  // in the pinned super-version
  const NamespaceId ns_;
  const Timestamp snapshot_;
  const bool fill_cache_;
  mutable Timestamp newest_ = 0;  // 0: not asked for yet
};

}  // namespace

std::vector<std::unique_ptr<KeyCursor>> VersionCursors(const SuperVersion& pinned, NamespaceId ns,
                                                       Timestamp snapshot, bool fill_cache,
                                                       RangeTombstoneLists* range_tombstones) {
  std::vector<std::unique_ptr<KeyCursor>> cursors;
  for (const Memtable* memtable : pinned.memtables()) {
    if (memtable->has_range_tombstones()) {
      range_tombstones->push_back(memtable->range_tombstones());
    }
    cursors.push_back(memtable->NewCursor(ns, snapshot));
  }
  for (int level = 0; level < kLevels; ++level) {
    for (const SegmentRun& run : pinned.segments().runs(level)) {
      const Segments segments = OfNamespace(run, ns);
      for (const std::shared_ptr<const Segment>& segment : segments) {
        if (segment->reader->fragmented_range_tombstones() != nullptr) {
          range_tombstones->push_back(segment->reader->fragmented_range_tombstones());
        }
      }
      if (segments.size() == 1) {
        cursors.push_back(segments[0]->reader->NewCursor(ns, snapshot, fill_cache));
      } else if (!segments.empty()) {
        cursors.push_back(
            NewConcatenatingCursor(std::make_unique<RunParts>(segments, ns, snapshot, fill_cache)));
      }
    }
  }
  return cursors;
}

std::optional<NamespaceId> NextNamespace(const SuperVersion& pinned, NamespaceId from) {
  std::optional<NamespaceId> first;
  const auto consider = [&first](std::optional<NamespaceId> ns) {
    first = !first.has_value() || (ns.has_value() && *ns < *first) ? ns : first;
    return ns.has_value();
  };
  for (const Memtable* memtable : pinned.memtables()) {
    consider(memtable->NextNamespace(from));
  }
  for (int level = 0; level < kLevels; ++level) {
    for (const SegmentRun& run : pinned.segments().runs(level)) {
      for (const std::shared_ptr<const Segment>& segment : FromNamespace(run, from)) {
        if (consider(segment->reader->NextNamespace(from))) {
          break;  // later segments of a run hold larger ones
        }
      }
    }
  }
  return first;
}

size_t Level0Runs(const SuperVersion& pinned, NamespaceId ns) {
  const std::vector<SegmentRun>& runs = pinned.segments().runs(0);
  return static_cast<size_t>(std::count_if(runs.begin(), runs.end(), [ns](const SegmentRun& run) {
    return !OfNamespace(run, ns).empty();
  }));
}

}  // namespace veralith
