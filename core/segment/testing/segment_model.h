// SPDX-License-Identifier: Apache-2.0

// A sorted vector of entries as the model of a segment, and a writer of whole segments in memory.
#ifndef VERALITH_CORE_SEGMENT_TESTING_SEGMENT_MODEL_H_
#define VERALITH_CORE_SEGMENT_TESTING_SEGMENT_MODEL_H_

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/entry.h"
#include "core/format/owned_entry.h"
#include "core/fs/testing/memory_file.h"
#include "core/segment/write/segment_writer.h"

namespace veralith {

inline std::ostream& operator<<(std::ostream& out, const OwnedEntry& entry) {
  return out << entry.ns << "/" << QuoteKey(entry.key) << "@" << entry.ts
             << (entry.kind == EntryKind::kPut ? "=" + QuoteKey(entry.value.substr(0, 40))
                                               : std::string(" deleted"));
}

// Sorts, and keeps one of equal (ns, key, ts).
inline void SortEntries(std::vector<OwnedEntry>* entries) {
  std::sort(entries->begin(), entries->end(),
            [](const auto& a, const auto& b) { return CompareEntries(a.view(), b.view()) < 0; });
  entries->erase(std::unique(entries->begin(), entries->end(),
                             [](const auto& a, const auto& b) {
                               return CompareEntries(a.view(), b.view()) == 0;
                             }),
                 entries->end());
}

struct WrittenSegment {
  std::string bytes;
  SegmentSummary summary;
};

inline absl::StatusOr<WrittenSegment> WriteSegment(
    const std::vector<OwnedEntry>& entries, const SegmentOptions& options,
    const std::vector<RangeTombstoneView>& tombstones = {}) {
  auto state = std::make_shared<MemoryFileState>();
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<SegmentWriter> writer,
                            SegmentWriter::Create(OpenMemoryFile(state), options));
  for (const OwnedEntry& entry : entries) {
    VERALITH_RETURN_IF_ERROR(writer->Add(entry.view()));
  }
  for (const RangeTombstoneView& tombstone : tombstones) {
    VERALITH_RETURN_IF_ERROR(writer->AddRangeTombstone(tombstone));
  }
  WrittenSegment written;
  VERALITH_ASSIGN_OR_RETURN(written.summary, writer->Finish());
  written.bytes = state->bytes;
  return written;
}

// The newest version at or below the snapshot; null: none.
inline const OwnedEntry* FindInModel(const std::vector<OwnedEntry>& entries, NamespaceId ns,
                                     std::string_view key, Timestamp snapshot) {
  for (const OwnedEntry& entry : entries) {
    if (entry.ns == ns && entry.key == key && entry.ts <= snapshot) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_TESTING_SEGMENT_MODEL_H_
