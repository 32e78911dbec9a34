// SPDX-License-Identifier: Apache-2.0

// The pages of one segment: read, verified, decoded, and kept in the cache.
//
// Invariants
//   1. Bytes of a page are used only after their CRC-32C, header included, matched the block's.
//   2. A page header is believed only where it agrees with the block and the column.
//   3. No page allocates beyond the file's memory limit.
//
// Thread rule: any thread; a hit takes no lock.
#ifndef VERALITH_CORE_SEGMENT_READ_SEGMENT_PAGES_H_
#define VERALITH_CORE_SEGMENT_READ_SEGMENT_PAGES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_block.h"
#include "core/segment/page/key_page.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/page/stored_value_page.h"
#include "core/segment/page/timestamp_page.h"
#include "core/segment/page/value_page.h"
#include "core/segment/read/segment_file.h"

namespace veralith {

// Whether a page that was read is kept in the cache.
enum class CacheUse : uint8_t {
  kNone,
  kIfRoom,    // if none has to leave for it
  kDisplace,  // as any page that is asked for by itself
};

class SegmentPages {
 public:
  SegmentPages(const SegmentFile& segment, PageCache* cache, CacheAccount* account = nullptr)
      : segment_(segment),
        cache_(cache),
        account_(account),
        key_slots_(cache, segment.block.page_count(SegmentColumn::kKey), account),
        timestamp_slots_(cache, segment.block.page_count(SegmentColumn::kTimestamp), account),
        value_slots_(cache, segment.block.page_count(SegmentColumn::kValue), account) {}

  // Page `i` of the column that belongs to the type. The caller holds an EpochGuard; `*page` is
  // valid while both the guard and `*hold` last.
  template <typename PageType>
  absl::Status Find(size_t i, bool fill_cache, PageRef<PageType>* hold, const PageType** page) {
    if (Page* found = SlotsOf<PageType>().Find(i); found != nullptr) [[likely]] {
      *page = static_cast<const PageType*>(found);
      return absl::OkStatus();
    }
    absl::Status status = Load(i, fill_cache ? CacheUse::kDisplace : CacheUse::kNone, hold);
    *page = hold->get();
    return status;
  }

  // The cached page, or a null reference. Needs no guard.
  template <typename PageType>
  PageRef<PageType> Cached(size_t i);

  // Reads page `i` from the file, past the cache.
  template <typename PageType>
  absl::Status Load(size_t i, CacheUse use, PageRef<PageType>* out);

  // The same from bytes that were read already: exactly the page.
  template <typename PageType>
  absl::Status Load(size_t i, std::string_view bytes, CacheUse use, PageRef<PageType>* out);

  // The same of a value page, past the cache. Where `place` wants the page, its bytes are kept
  // there beside it.
  absl::Status LoadStored(size_t i, std::string_view bytes, ValuePageOffers::Place* place,
                          PageRef<ValuePage>* out);

  const SegmentFile& segment() const { return segment_; }

  // Verifies the checksum and splits a page; what it returns points into `bytes`.
  struct Parts {
    std::string_view levels;
    std::string_view values;  // as stored
    uint32_t raw_bytes = 0;   // size of the values, decompressed
    uint32_t nulls = 0;
    uint32_t header_bytes = 0;
    parquet::Encoding encoding = parquet::Encoding::kPlain;  // one of the column's
    bool is_compressed = false;
  };
  absl::StatusOr<Parts> Split(SegmentColumn column, const SegmentPage& place,
                              std::string_view bytes) const;

 private:
  template <typename PageType>
  PageSlots& SlotsOf();

  absl::StatusOr<PageRef<KeyPage>> Decode(size_t i, const SegmentPage& place,
                                          std::string_view bytes, const KeyPage*) const;
  absl::StatusOr<PageRef<TimestampPage>> Decode(size_t i, const SegmentPage& place,
                                                std::string_view bytes, const TimestampPage*) const;
  absl::StatusOr<PageRef<ValuePage>> Decode(size_t i, const SegmentPage& place,
                                            std::string_view bytes, const ValuePage*) const;
  absl::StatusOr<PageRef<ValuePage>> DecodeParts(const SegmentPage& place,
                                                 const Parts& parts) const;
  // Reads a page of an uncompressed chunk into the place where it stays.
  absl::StatusOr<PageRef<ValuePage>> ReadInPlace(const SegmentPage& place) const;
  absl::StatusOr<PageRef<ValuePage>> NewValuePage(const SegmentPage& place, bool nullable,
                                                  uint64_t body_bytes) const;
  parquet::Codec CodecOf(const SegmentPage& place) const {
    return segment_.value_codecs[segment_.block.RowGroupOfRow(place.first_row)];
  }
  template <typename PageType>
  void Keep(size_t i, CacheUse use, PageRef<PageType> page, PageRef<PageType>* out);

  const SegmentFile& segment_;
  PageCache* const cache_;
  CacheAccount* const account_;
  PageSlots key_slots_;
  PageSlots timestamp_slots_;
  PageSlots value_slots_;
};

template <>
inline PageSlots& SegmentPages::SlotsOf<KeyPage>() {
  return key_slots_;
}
template <>
inline PageSlots& SegmentPages::SlotsOf<TimestampPage>() {
  return timestamp_slots_;
}
template <>
inline PageSlots& SegmentPages::SlotsOf<ValuePage>() {
  return value_slots_;
}

// The column whose pages a type decodes.
template <typename PageType>
constexpr SegmentColumn ColumnOf();
template <>
constexpr SegmentColumn ColumnOf<KeyPage>() {
  return SegmentColumn::kKey;
}
template <>
constexpr SegmentColumn ColumnOf<TimestampPage>() {
  return SegmentColumn::kTimestamp;
}
template <>
constexpr SegmentColumn ColumnOf<ValuePage>() {
  return SegmentColumn::kValue;
}

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_SEGMENT_PAGES_H_
