// SPDX-License-Identifier: Apache-2.0

// A value page of a segment together with its bytes as they stand there: what a job writes again as
// it is, where all rows of the page survive next to each other (value_column.h).
//
// The stream over an input offers each page when it comes to its first row; the job's writer
// takes the offer when that row comes to it, if it ever does. The bytes were verified, and the page
// decoded from them, by the stream that offers them; nothing else makes a StoredValuePage.
//
// Thread rule: one job's, or one piece's, thread.
#ifndef VERALITH_CORE_SEGMENT_PAGE_STORED_VALUE_PAGE_H_
#define VERALITH_CORE_SEGMENT_PAGE_STORED_VALUE_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/format/compression.h"
#include "core/format/entry.h"
#include "core/segment/page/page.h"
#include "core/segment/page/value_page.h"
#include "core/segment/segment_options.h"
#include "veralith/types.h"

namespace veralith {

struct StoredValuePage {
  PageRef<ValuePage> page;  // null: there is none, the rest is meaningless
  std::string bytes;        // header included
  uint32_t crc32c = 0;      // checksum of the bytes
  uint32_t nulls = 0;
  uint64_t uncompressed_bytes = 0;  // header included
  parquet::Codec codec = parquet::Codec::kNone;
  uint64_t* misses = nullptr;  // 0 again when the page is copied: ValuePageOffers::Place

  // Raw bytes as SegmentOptions::value_page_bytes counts them.
  uint64_t raw_bytes() const { return RawBytesOfRows(page->rows(), page->value_bytes()); }
  static uint64_t RawBytesOfRows(uint64_t rows, uint64_t value_bytes) {
    return rows * kValueRowRawBytes + value_bytes;
  }
  // Whether the row's value is the entry's: the very same memory, so that bytes need no comparing.
  bool Holds(uint32_t row, const EntryView& entry) const {
    if (page->IsNull(row)) {
      return entry.kind == EntryKind::kDelete;
    }
    const std::string_view value = page->value(row);
    return entry.kind == EntryKind::kPut && value.size() == entry.value.size() &&
           (value.empty() || value.data() == entry.value.data());
  }
};

// Whether a writer with these options could have cut the page so: of its codec, and below its limit
// before the last row.
bool IsPageOf(const SegmentOptions& options, parquet::Codec codec, const ValuePage& page);

// The pages that the inputs of a job have come to. A place per input holds its latest page.
class ValuePageOffers {
 public:
  // `output`: how the job writes. Pages that it could not have written are not offered.
  explicit ValuePageOffers(const SegmentOptions& output) : output_(output) {}

  class Place {
   public:
    explicit Place(ValuePageOffers* offers) : offers_(offers) {}
    // Called once for every page. Where the last ones of the input were not copied (its rows lie
    // between those of others, or go), only some are wanted: to keep their bytes costs something.
    bool Wants(parquet::Codec codec, const ValuePage& page) {
      const bool tries = misses_ < kMissesInARow || misses_ % kTriedOneIn == 0;
      ++misses_;
      stored_.misses = &misses_;
      return tries && IsPageOf(offers_->output_, codec, page);
    }
    // What is filled in here (no page: nothing) and then offered under the entry of its first row
    // replaces the last offer.
    StoredValuePage* stored() { return &stored_; }
    void Offer(const EntryView& first);
    // The input has left the page: whoever asks for it now is too late.
    void Withdraw() { stored_.page.Reset(); }

   private:
    friend class ValuePageOffers;
    static constexpr uint64_t kMissesInARow = 4;
    static constexpr uint64_t kTriedOneIn = 8;

    ValuePageOffers* const offers_;
    uint64_t misses_ = 0;  // pages since the last one that was copied
    StoredValuePage stored_;
    NamespaceId ns_ = 0;
    std::string key_;
    Timestamp ts_ = 0;
    bool waits_ = false;  // is in waiting_
  };

  // For one more input. Lives as long as this.
  Place* AddInput();

  // The page that begins with the entry, once; null: none. Valid until its input moves on.
  StoredValuePage* Take(const EntryView& entry) { return waiting_.empty() ? nullptr : Find(entry); }

 private:
  StoredValuePage* Find(const EntryView& entry);

  const SegmentOptions output_;
  std::vector<std::unique_ptr<Place>> places_;
  std::vector<Place*> waiting_;  // offered and not taken
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_PAGE_STORED_VALUE_PAGE_H_
