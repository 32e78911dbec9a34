// SPDX-License-Identifier: Apache-2.0

// The sparse index, wire format v1 (FORMAT.md, "Sparse index"): a front-coded, searchable map from
// the first key of each data page to the page's place.
//
// Invariants
//   1. What the builder makes, Parse accepts; whatever Parse accepts has strictly ascending keys of
//      at most 65,535 bytes and can be searched and iterated without further checks.
//   2. Find and SparseIndexCursor agree with an ordered map of the entries.
//   3. Find allocates nothing and writes nothing.
// Not checked here: page offsets, sizes and rows against the file (the segment reader's task).
//
// Ownership: SparseIndexView points into the parsed bytes. Thread rule: a view from any thread; a
// builder and a cursor from one at a time.
#ifndef VERALITH_CORE_FORMAT_SPARSE_INDEX_H_
#define VERALITH_CORE_FORMAT_SPARSE_INDEX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith {

inline constexpr uint32_t kDefaultRestartInterval = 16;
inline constexpr size_t kMaxSparseIndexKeyBytes = 65'535;

// Where a data page lies.
struct PageLocation {
  uint64_t offset = 0;     // absolute, in the file
  uint32_t size = 0;       // bytes in the file, page header included
  uint64_t first_row = 0;  // number in the file of the page's first row

  friend bool operator==(const PageLocation&, const PageLocation&) = default;
};

class SparseIndexBuilder {
 public:
  // An interval of 0 counts as 1. `max_entries_bytes`: less than the format's limit, for tests.
  explicit SparseIndexBuilder(uint32_t restart_interval = kDefaultRestartInterval,
                              uint32_t max_entries_bytes = UINT32_MAX);

  // InvalidArgument, with the builder unchanged, if a key is too long or not above the previous
  // one, or if the entries would pass 2^32-1 bytes (so their number never does).
  absl::Status Add(std::string_view key, const PageLocation& page);

  uint64_t num_entries() const { return num_entries_; }
  // Bytes that Finish would return now.
  size_t EstimatedBytes() const;
  // Returns the index; the builder is then empty.
  std::string Finish();

 private:
  const uint32_t restart_interval_;
  const uint32_t max_entries_bytes_;
  uint32_t num_entries_ = 0;
  std::string entries_;
  std::string restarts_;  // encoded offsets
  std::string last_key_;
};

class SparseIndexView {
 public:
  struct Found {
    uint32_t entry = 0;  // its number
    PageLocation page;
    std::optional<uint64_t> next_first_row;  // of the following entry; none for the last

    friend bool operator==(const Found&, const Found&) = default;
  };

  // An empty index.
  SparseIndexView() = default;

  // Validates everything once, in time linear in the bytes; DataLoss names the fault and its
  // offset, another version is Unimplemented. Needs memory for one key.
  static absl::StatusOr<SparseIndexView> Parse(std::string_view bytes);

  uint32_t num_entries() const { return num_entries_; }
  uint32_t restart_interval() const { return restart_interval_; }

  // Returns the entry with the largest key <= target; nothing if target is below the first key.
  // O(log restarts + interval) comparisons.
  std::optional<Found> Find(std::string_view target) const;

 private:
  friend class SparseIndexCursor;

  // The fields of one entry as they lie in the buffer.
  struct RawEntry {
    uint16_t shared;
    std::string_view suffix;
    const char* location;  // 20 bytes
    const char* end;       // end of the entry
  };
  static RawEntry ReadEntry(const char* at);
  static PageLocation ReadLocation(const char* at);

  const char* RestartEntry(uint32_t restart) const;
  std::string_view RestartKey(uint32_t restart) const;
  uint32_t num_restarts() const;
  // The last restart whose key is <= target, or none.
  std::optional<uint32_t> FindRestart(std::string_view target) const;

  const char* entries_ = nullptr;
  const char* restarts_ = nullptr;  // also the end of the entries
  uint32_t num_entries_ = 0;
  uint32_t restart_interval_ = 1;
};

// All entries in order:
//   for (SparseIndexCursor c(index); c.Valid(); c.Next()) { c.key() ... c.page() ... }
class SparseIndexCursor {
 public:
  explicit SparseIndexCursor(const SparseIndexView& index);

  bool Valid() const { return number_ < index_.num_entries_; }
  void Next();
  uint32_t number() const { return number_; }
  // Valid until the next move.
  std::string_view key() const { return key_; }
  const PageLocation& page() const { return page_; }

 private:
  void Load();

  SparseIndexView index_;
  uint32_t number_ = 0;
  const char* next_;
  std::string key_;
  PageLocation page_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_SPARSE_INDEX_H_
