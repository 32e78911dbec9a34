// SPDX-License-Identifier: Apache-2.0

// Reads one segment: point lookups and iteration over an immutable file.
//
// Invariants
//   1. Nothing of the file is believed before it is checked. Open verifies the checksums of footer
//      and block, and that every place they name lies inside the file, in order. A page with its
//      header is verified against the block's CRC-32C each time it is read from the file.
//   2. An answer is right, or an error: DataLoss names the file and the offset of what is damaged,
//      Unimplemented names what this reader does not know. Nothing is skipped.
//   3. Open costs time and memory proportional to the metadata, about 1% of the file. A lookup
//      costs at most one key page, one value page and one timestamp page. (More only for a key
//      whose versions exceed 1 MiB.)
//   4. No allocation that the file's bytes ask for exceeds options.memory_limit_bytes.
//
// Thread rule: everything const is safe from any thread; lookups that hit the cache take no lock,
// and write nothing that is shared except the reference of a pin.
// Ownership: owns its file. Cache and account must outlive it. Streams, cursors and lookups must
// end before it is destroyed; pinned values may outlive it and the cache.
// Does not: hide entries that range tombstones cover (core/iterator/visible_iterator.h does).
#ifndef VERALITH_CORE_SEGMENT_READ_SEGMENT_READER_H_
#define VERALITH_CORE_SEGMENT_READ_SEGMENT_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/pin.h"
#include "core/format/entry.h"
#include "core/format/key_range.h"
#include "core/iterator/key_cursor.h"
#include "core/iterator/version_stream.h"
#include "core/segment/page/stored_value_page.h"
#include "core/segment/segment_summary.h"
#include "veralith/file_system.h"
#include "veralith/types.h"

namespace veralith {

class FragmentedRangeTombstones;
class PageCache;
struct CacheAccount;
struct SegmentFile;

struct SegmentReaderOptions {
  PageCache* cache = nullptr;       // not owned; null: every page is read anew
  CacheAccount* account = nullptr;  // not owned: whose pages these are; may be null
  // Beyond it: ResourceExhausted (a value is at most 256 MiB, so the default fits every segment).
  uint64_t memory_limit_bytes = uint64_t{1} << 30;
  // Streams and cursors that move on past the cache read this much at once.
  size_t readahead_bytes = size_t{256} << 10;
  // What the manifest says: another size is DataLoss, and so is a footer that names another writer
  // (without it, that is a foreign file: Unimplemented).
  std::optional<uint64_t> expected_file_bytes;
};

struct LookupOptions {
  bool fill_cache = true;  // false: pages read for this lookup are not kept
  // True: LookupResult::ts is exact, which may cost a timestamp page. False: it may be 0, unknown.
  bool want_timestamp = false;
  // A value up to this size on a page of the cache comes without a pin. Nothing that readers share
  // is written for it. It is valid as long as the caller's EpochGuard.
  size_t unpinned_bytes = 0;
};

struct LookupResult {
  enum class Kind : uint8_t { kAbsent, kPut, kDelete };

  Kind kind = Kind::kAbsent;
  Timestamp ts = 0;        // see LookupOptions::want_timestamp
  std::string_view value;  // kPut only; valid as long as pin, see LookupOptions::unpinned_bytes
  Pin pin;
};

class SegmentReader {
 public:
  static absl::StatusOr<std::unique_ptr<SegmentReader>> Open(std::unique_ptr<File> file,
                                                             const SegmentReaderOptions& options);
  virtual ~SegmentReader() = default;

  // The newest version of (ns, key) with a timestamp <= snapshot. `hash` is HashUserKey(ns, key)
  // (core/format/key_hash.h). The caller holds an EpochGuard. Pass kMaxTimestamp for the newest of
  // all: that never reads timestamps.
  virtual absl::Status Get(NamespaceId ns, std::string_view key, uint64_t hash, Timestamp snapshot,
                           const LookupOptions& options, LookupResult* result) const = 0;

  // False: (ns, key) has no version here, for sure. No I/O.
  virtual bool MayContain(uint64_t hash) const = 0;
  // Starts the cache miss that MayContain and Get for the hash will wait for.
  virtual void PrefetchFilter(uint64_t hash) const = 0;

  // Entries in order. fill_cache = false: pages are read ahead in runs and not kept (compaction,
  // large scans). Needs no EpochGuard of the caller.
  virtual std::unique_ptr<VersionStream> NewStream(bool fill_cache) const = 0;

  // The same for a job. `keep` (this reader, if it has no other owner) lives as long as the stream.
  // `offers`, if not null, is shown each value page as it is in the file (stored_value_page.h).
  // Value pages are then read past the cache. It outlives the stream.
  virtual std::unique_ptr<VersionStream> NewJobStream(std::shared_ptr<const SegmentReader> keep,
                                                      ValuePageOffers::Place* offers) const = 0;

  // Every version without its value: RowPlace (row_place.h) stands there instead, with `source`.
  // Reads past the cache, and value pages only if the segment has tombstones.
  virtual std::unique_ptr<VersionStream> NewPlaceStream(uint64_t source) const = 0;

  // The keys of a namespace as a reader at `snapshot` meets them; the same holds of fill_cache.
  virtual std::unique_ptr<KeyCursor> NewCursor(NamespaceId ns, Timestamp snapshot,
                                               bool fill_cache) const = 0;

  // The first namespace at or after `from` that has a version here. No I/O.
  virtual std::optional<NamespaceId> NextNamespace(NamespaceId from) const = 0;

  virtual const SegmentSummary& summary() const = 0;
  // Null when there are none.
  virtual const std::shared_ptr<const FragmentedRangeTombstones>& fragmented_range_tombstones()
      const = 0;
  // As written, sorted by (ns, begin, ts descending); views into the reader.
  virtual const std::vector<RangeTombstoneView>& range_tombstones() const = 0;

  // About how many of the file's bytes lie before (ns, key): for splitting jobs and for progress.
  // No I/O; exact to a page.
  virtual uint64_t ApproximateOffset(NamespaceId ns, std::string_view key) const = 0;
  // The first user key of each key page, thinned evenly to at most `limit`: keys that exist, for
  // splitting a job. No I/O.
  virtual std::vector<UserKey> SampleKeys(size_t limit) const = 0;

  // Bytes of memory held for the file's metadata (not its cached pages).
  virtual uint64_t memory_bytes() const = 0;
  virtual const std::string& path() const = 0;
  // The file and its metadata, for the structure check (segment_check.h).
  virtual const SegmentFile& file() const = 0;

 protected:
  SegmentReader() = default;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_SEGMENT_READER_H_
