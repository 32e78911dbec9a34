// SPDX-License-Identifier: Apache-2.0

#include "core/version_set/check_ages.h"

#include <memory>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/entry.h"
#include "core/iterator/version_stream.h"

namespace veralith {
namespace {

// Reads all versions of one run, one after another.
class RunReader {
 public:
  explicit RunReader(std::vector<const SegmentReader*> segments) : segments_(std::move(segments)) {}

  absl::Status Start() { return Open(0); }
  bool AtEnd() const { return versions_ == nullptr; }
  const EntryView& entry() const { return versions_->entry(); }
  const std::string& path() const { return segments_[at_]->path(); }
  absl::Status Next() {
    versions_->Next();
    return Settle();
  }

 private:
  absl::Status Open(size_t i) {
    versions_.reset();
    at_ = i;
    if (i == segments_.size()) {
      return absl::OkStatus();
    }
    versions_ = segments_[i]->NewStream(/*fill_cache=*/false);
    versions_->SeekToFirst();
    return Settle();
  }
  absl::Status Settle() {
    if (versions_->Valid()) {
      return absl::OkStatus();
    }
    VERALITH_RETURN_IF_ERROR(versions_->status());
    return Open(at_ + 1);
  }

  const std::vector<const SegmentReader*> segments_;
  size_t at_ = 0;
  std::unique_ptr<VersionStream> versions_;
};

struct Place {
  NamespaceId ns = 0;
  std::string key;

  bool Is(const EntryView& entry) const { return entry.ns == ns && entry.key == key; }
};

// Finds the smallest user key at which a run is; returns false if all runs are at their ends.
bool FindSmallest(const std::vector<RunReader>& runs, Place* smallest) {
  const EntryView* found = nullptr;
  for (const RunReader& run : runs) {
    if (!run.AtEnd() && (found == nullptr || CompareUserKeys(run.entry().ns, run.entry().key,
                                                             found->ns, found->key) < 0)) {
      found = &run.entry();
    }
  }
  if (found != nullptr) {
    smallest->ns = found->ns;
    smallest->key.assign(found->key);
  }
  return found != nullptr;
}

// Reads past all versions of the key, run by run.
absl::Status CheckKey(const Place& place, std::vector<RunReader>* runs) {
  Timestamp oldest = 0;  // in the newer runs; 0: they do not have the key
  std::string oldest_in;
  for (RunReader& run : *runs) {
    if (run.AtEnd() || !place.Is(run.entry())) {
      continue;
    }
    if (oldest != 0 && run.entry().ts >= oldest) {
      return DataLoss(StrCat(run.path(), ": key ", QuoteKey(place.key), " of namespace ", place.ns,
                             " has a version at ", run.entry().ts, ", but ", oldest_in,
                             ", which is in a newer run, has one at ", oldest));
    }
    oldest_in = run.path();
    while (!run.AtEnd() && place.Is(run.entry())) {
      oldest = run.entry().ts;
      VERALITH_RETURN_IF_ERROR(run.Next());
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAges(const std::vector<std::vector<const SegmentReader*>>& runs) {
  if (runs.size() < 2) {
    return absl::OkStatus();
  }
  std::vector<RunReader> readers;
  readers.reserve(runs.size());
  for (const auto& run : runs) {
    VERALITH_RETURN_IF_ERROR(readers.emplace_back(run).Start());
  }
  Place place;
  while (FindSmallest(readers, &place)) {
    VERALITH_RETURN_IF_ERROR(CheckKey(place, &readers));
  }
  return absl::OkStatus();
}

}  // namespace veralith
