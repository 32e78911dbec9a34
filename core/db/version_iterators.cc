#include "core/db/version_iterators.h"

#include <string_view>
#include <utility>

#include "core/iterator/concatenating_iterator.h"
#include "core/segment/segment_reader.h"

namespace veralith {
namespace {

// Whether every key inside `bound` is below (ns, key).
bool EndsBelow(const KeyBound& bound, NamespaceId ns, std::string_view key) {
  if (bound.kind == KeyBound::Kind::kNamespaceEnd) {
    return bound.ns < ns;
  }
  const int order = CompareUserKeys(bound.ns, bound.key, ns, key);
  return bound.kind == KeyBound::Kind::kInclusive ? order < 0 : order <= 0;
}

class RunParts final : public ConcatenatedParts {
 public:
  RunParts(const SegmentRun& run, bool fill_cache) : run_(run), fill_cache_(fill_cache) {}

  size_t size() const override { return run_.segments.size(); }
  bool EndsBefore(size_t i, NamespaceId ns, std::string_view key) const override {
    return EndsBelow(run_.segments[i]->meta->largest, ns, key);
  }
  bool BeginsAfter(size_t i, NamespaceId ns, std::string_view key) const override {
    const FileMeta& meta = *run_.segments[i]->meta;
    return CompareUserKeys(meta.smallest_ns, meta.smallest_key, ns, key) > 0;
  }
  absl::StatusOr<std::unique_ptr<Iterator>> Open(size_t i) override {
    return run_.segments[i]->reader->NewIterator(fill_cache_);
  }

 private:
  const SegmentRun& run_;  // of the pinned super-version
  const bool fill_cache_;
};

}  // namespace

std::vector<std::unique_ptr<Iterator>> VersionIterators(
    const SuperVersion& pinned, bool fill_cache,
    std::vector<std::shared_ptr<const FragmentedRangeTombstones>>* range_tombstones) {
  std::vector<std::unique_ptr<Iterator>> iterators;
  for (const Memtable* memtable : pinned.memtables()) {
    memtable->AppendRangeTombstones(range_tombstones);
    iterators.push_back(memtable->NewIterator());
  }
  for (int level = 0; level < kLevels; ++level) {
    for (const SegmentRun& run : pinned.segments().runs(level)) {
      for (const std::shared_ptr<const Segment>& segment : run.segments) {
        if (segment->reader->fragmented_range_tombstones() != nullptr) {
          range_tombstones->push_back(segment->reader->fragmented_range_tombstones());
        }
      }
      if (run.segments.size() == 1) {
        iterators.push_back(run.segments[0]->reader->NewIterator(fill_cache));
      } else {
        iterators.push_back(
            NewConcatenatingIterator(std::make_unique<RunParts>(run, fill_cache)));
      }
    }
  }
  return iterators;
}

}  // namespace veralith
