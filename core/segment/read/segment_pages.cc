// SPDX-License-Identifier: Apache-2.0

#include "core/segment/read/segment_pages.h"

#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/per_thread.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/column_encoding.h"
#include "core/format/compression.h"
#include "core/format/parquet_metadata.h"
#include "core/segment/page/decode_scratch.h"

namespace veralith {
namespace {

// The first rows of a key page's value pages, from that page on: PerThread.
struct ValuePageStarts {
  std::vector<uint32_t> rows;
};

// KeyPage and ValuePage are made from one encoding each.
static_assert(EncodingsOf(SegmentColumn::kKey).size() == 1);
static_assert(EncodingsOf(SegmentColumn::kValue).size() == 1);

absl::Status CheckHeader(SegmentColumn column, const SegmentPage& place,
                         const parquet::PageHeader& header) {
  if (header.type != parquet::PageType::kDataPageV2) {
    return Unimplemented(StrCat("a page of type ", Name(header.type)));
  }
  const parquet::DataPageHeaderV2& v2 = header.data_v2;
  if (!IsEncodingOf(column, v2.encoding)) {
    return Unimplemented(StrCat("a page in encoding ", Name(v2.encoding)));
  }
  if (v2.num_values != v2.num_rows || v2.num_values < 0 ||
      static_cast<uint64_t>(v2.num_values) != place.rows) {
    return DataLoss("page header and segment block disagree on the rows of a page");
  }
  const bool optional = column == SegmentColumn::kValue;
  if (v2.num_nulls < 0 || v2.num_nulls > v2.num_values || v2.repetition_levels_byte_length != 0 ||
      v2.definition_levels_byte_length < 0 ||
      (!optional && (v2.num_nulls != 0 || v2.definition_levels_byte_length != 0))) {
    return DataLoss("page header with impossible levels");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SegmentPages::Parts> SegmentPages::Split(SegmentColumn column,
                                                        const SegmentPage& place,
                                                        std::string_view bytes) const {
  if (bytes.size() != place.bytes || Crc32c(bytes) != place.crc32c) {
    return DataLoss("page checksum mismatch");
  }
  size_t header_bytes = 0;
  VERALITH_ASSIGN_OR_RETURN(const parquet::PageHeader header,
                            parquet::DecodePageHeader(bytes, &header_bytes));
  VERALITH_RETURN_IF_ERROR(CheckHeader(column, place, header));
  const std::string_view body = bytes.substr(header_bytes);
  const auto levels = static_cast<size_t>(header.data_v2.definition_levels_byte_length);
  if (header.compressed_page_size < 0 || header.uncompressed_page_size < 0 ||
      static_cast<size_t>(header.compressed_page_size) != body.size() || levels > body.size() ||
      levels > static_cast<size_t>(header.uncompressed_page_size)) {
    return DataLoss("page header with impossible sizes");
  }
  Parts parts;
  parts.levels = body.substr(0, levels);
  parts.values = body.substr(levels);
  parts.raw_bytes =
      static_cast<uint32_t>(header.uncompressed_page_size) - static_cast<uint32_t>(levels);
  parts.nulls = static_cast<uint32_t>(header.data_v2.num_nulls);
  parts.header_bytes = static_cast<uint32_t>(header_bytes);
  parts.encoding = header.data_v2.encoding;
  parts.is_compressed = header.data_v2.is_compressed && column == SegmentColumn::kValue &&
                        CodecOf(place) != parquet::Codec::kNone;
  if (!parts.is_compressed && parts.raw_bytes != parts.values.size()) {
    return DataLoss("page header with impossible sizes");
  }
  return parts;
}

absl::StatusOr<PageRef<KeyPage>> SegmentPages::Decode(size_t i, const SegmentPage& place,
                                                      std::string_view bytes,
                                                      const KeyPage*) const {
  VERALITH_ASSIGN_OR_RETURN(const Parts parts, Split(SegmentColumn::kKey, place, bytes));
  const SegmentBlockView& block = segment_.block;
  const size_t first_value_page = block.PageOfRow(SegmentColumn::kValue, place.first_row);
  const uint64_t end_row = place.first_row + place.rows;
  const PerThread<ValuePageStarts> starts;
  starts->rows.clear();
  for (size_t v = first_value_page + 1; v < block.page_count(SegmentColumn::kValue); ++v) {
    const uint64_t row = block.Page(SegmentColumn::kValue, v).first_row;
    if (row >= end_row) {
      break;
    }
    starts->rows.push_back(static_cast<uint32_t>(row - place.first_row));
  }
  VERALITH_ASSIGN_OR_RETURN(
      PageRef<KeyPage> page,
      DecodeKeyPage(parts.values, place.first_row, static_cast<uint32_t>(place.rows),
                    static_cast<uint32_t>(first_value_page), starts->rows, segment_.memory_limit));
  page->set_begins_as_indexed(page->Compare(0, segment_.key_index.key(i)) == 0);
  return page;
}

absl::StatusOr<PageRef<TimestampPage>> SegmentPages::Decode(size_t, const SegmentPage& place,
                                                            std::string_view bytes,
                                                            const TimestampPage*) const {
  VERALITH_ASSIGN_OR_RETURN(const Parts parts, Split(SegmentColumn::kTimestamp, place, bytes));
  return DecodeTimestampPage(*FindIntegerEncoding(parts.encoding), parts.values, place.first_row,
                             static_cast<uint32_t>(place.rows), segment_.memory_limit);
}

absl::StatusOr<PageRef<ValuePage>> SegmentPages::NewValuePage(const SegmentPage& place,
                                                              bool nullable,
                                                              uint64_t body_bytes) const {
  return ValuePage::New(place.first_row, static_cast<uint32_t>(place.rows), nullable, body_bytes,
                        segment_.memory_limit);
}

absl::StatusOr<PageRef<ValuePage>> SegmentPages::Decode(size_t, const SegmentPage& place,
                                                        std::string_view bytes,
                                                        const ValuePage*) const {
  VERALITH_ASSIGN_OR_RETURN(const Parts parts, Split(SegmentColumn::kValue, place, bytes));
  return DecodeParts(place, parts);
}

absl::StatusOr<PageRef<ValuePage>> SegmentPages::DecodeParts(const SegmentPage& place,
                                                             const Parts& parts) const {
  VERALITH_ASSIGN_OR_RETURN(PageRef<ValuePage> page,
                            NewValuePage(place, parts.nulls > 0, parts.raw_bytes));
  const std::span<char> body = page->body();
  if (parts.is_compressed) {
    VERALITH_RETURN_IF_ERROR(parquet::Decompress(CodecOf(place), parts.values, body));
  } else if (!body.empty()) {
    std::memcpy(body.data(), parts.values.data(), body.size());
  }
  VERALITH_RETURN_IF_ERROR(page->Decode(parts.levels, {body.data(), body.size()}, parts.nulls));
  return page;
}

absl::StatusOr<PageRef<ValuePage>> SegmentPages::ReadInPlace(const SegmentPage& place) const {
  const bool nullable = segment_.block.counts().tombstones > 0;
  VERALITH_ASSIGN_OR_RETURN(PageRef<ValuePage> page, NewValuePage(place, nullable, place.bytes));
  const std::span<char> body = page->body();
  VERALITH_RETURN_IF_ERROR(ReadFully(*segment_.file, place.offset, body));
  VERALITH_ASSIGN_OR_RETURN(const Parts parts,
                            Split(SegmentColumn::kValue, place, {body.data(), body.size()}));
  if (parts.nulls > 0 && !nullable) {
    return DataLoss("a tombstone that the segment block does not count");
  }
  VERALITH_RETURN_IF_ERROR(page->Decode(parts.levels, parts.values, parts.nulls));
  return page;
}

template <typename PageType>
PageRef<PageType> SegmentPages::Cached(size_t i) {
  EpochGuard guard;
  Page* found = SlotsOf<PageType>().Find(i);
  return found == nullptr ? PageRef<PageType>()
                          : PageRef<PageType>::Share(static_cast<PageType*>(found));
}

template <typename PageType>
void SegmentPages::Keep(size_t i, CacheUse use, PageRef<PageType> page, PageRef<PageType>* out) {
  if (use == CacheUse::kNone) {
    *out = std::move(page);
    return;
  }
  PageRef<Page> kept = SlotsOf<PageType>().Insert(i, PageRef<Page>::Adopt(page.Release()),
                                                  /*may_displace=*/use == CacheUse::kDisplace);
  *out = PageRef<PageType>::Adopt(static_cast<PageType*>(kept.Release()));
}

template <typename PageType>
absl::Status SegmentPages::Load(size_t i, std::string_view bytes, CacheUse use,
                                PageRef<PageType>* out) {
  const SegmentPage place = segment_.block.Page(ColumnOf<PageType>(), i);
  absl::StatusOr<PageRef<PageType>> page =
      Decode(i, place, bytes, static_cast<const PageType*>(nullptr));
  if (!page.ok()) {
    return segment_.InFile(page.status(), place.offset);
  }
  Keep(i, use, *std::move(page), out);
  return absl::OkStatus();
}

absl::Status SegmentPages::LoadStored(size_t i, std::string_view bytes,
                                      ValuePageOffers::Place* place, PageRef<ValuePage>* out) {
  const SegmentPage at = segment_.block.Page(SegmentColumn::kValue, i);
  const absl::StatusOr<Parts> parts = Split(SegmentColumn::kValue, at, bytes);
  if (!parts.ok()) {
    return segment_.InFile(parts.status(), at.offset);
  }
  absl::StatusOr<PageRef<ValuePage>> page = DecodeParts(at, *parts);
  if (!page.ok()) {
    return segment_.InFile(page.status(), at.offset);
  }
  *out = *std::move(page);
  StoredValuePage& stored = *place->stored();
  if (!place->Wants(CodecOf(at), **out)) {
    stored.page.Reset();
    return absl::OkStatus();
  }
  stored.page = PageRef<ValuePage>::Share(out->get());
  stored.bytes.assign(bytes);
  stored.crc32c = at.crc32c;
  stored.nulls = parts->nulls;
  stored.uncompressed_bytes = parts->header_bytes + parts->levels.size() + parts->raw_bytes;
  stored.codec = CodecOf(at);
  return absl::OkStatus();
}

template <typename PageType>
absl::Status SegmentPages::Load(size_t i, CacheUse use, PageRef<PageType>* out) {
  const SegmentPage place = segment_.block.Page(ColumnOf<PageType>(), i);
  if (cache_ != nullptr) {
    cache_->CountMiss(account_);
  }
  if constexpr (ColumnOf<PageType>() == SegmentColumn::kValue) {
    if (CodecOf(place) == parquet::Codec::kNone) {
      absl::StatusOr<PageRef<ValuePage>> page = ReadInPlace(place);
      if (!page.ok()) {
        return segment_.InFile(page.status(), place.offset);
      }
      Keep(i, use, *std::move(page), out);
      return absl::OkStatus();
    }
  }
  const PerThread<DecodeScratch> scratch;
  const std::span<char> raw = scratch->Raw(place.bytes);
  if (absl::Status status = ReadFully(*segment_.file, place.offset, raw); !status.ok()) {
    return segment_.InFile(status);
  }
  return Load(i, std::string_view(raw.data(), raw.size()), use, out);
}

#define VERALITH_INSTANTIATE(PageType)                                            \
  template PageRef<PageType> SegmentPages::Cached(size_t);                        \
  template absl::Status SegmentPages::Load(size_t, CacheUse, PageRef<PageType>*); \
  template absl::Status SegmentPages::Load(size_t, std::string_view, CacheUse, PageRef<PageType>*)
VERALITH_INSTANTIATE(KeyPage);
VERALITH_INSTANTIATE(TimestampPage);
VERALITH_INSTANTIATE(ValuePage);
#undef VERALITH_INSTANTIATE

}  // namespace veralith
