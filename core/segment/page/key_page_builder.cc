// SPDX-License-Identifier: Apache-2.0

// Decodes pages of keys: first the shapes of the groups, then their rows.
#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/per_thread.h"
#include "core/base/status.h"
#include "core/format/delta_encoding.h"
#include "core/format/key_chunk.h"
#include "core/segment/page/decode_scratch.h"
#include "core/segment/page/key_fingerprint.h"
#include "core/segment/page/key_page.h"
#include "veralith/types.h"

namespace veralith {
namespace {

constexpr size_t kSlackBytes = KeyPage::kSlackBytes;
static_assert(kMaxKeyBytes <= UINT16_MAX, "KeyPage keeps lengths of keys in 16 bits");

// Rows of at most eight bytes are composed in a register (first byte lowest). Copies through memory
// would wait, row after row, for stores of other widths to the same place.

// Returns the n (0 to 8) bytes at `at`; may read up to 8, but not beyond `end`.
uint64_t LoadHead(const char* at, size_t n, const char* end) {
  uint64_t v = 0;
  if (end - at >= 8) [[likely]] {
    std::memcpy(&v, at, 8);
  } else if (n > 0) {
    std::memcpy(&v, at, n);
  }
  return v;
}

// Returns the lowest n (0 to 8) bytes of `bytes`.
uint64_t FirstBytes(uint64_t bytes, size_t n) {
  static constexpr uint64_t kMasks[] = {0,
                                        0xff,
                                        0xffff,
                                        0xffffff,
                                        0xffffffff,
                                        0xffffffffff,
                                        0xffffffffffff,
                                        0xffffffffffffff,
                                        0xffffffffffffffff};
  return bytes & kMasks[n];
}

// Returns the first `kept` bytes of `bytes`, then `tail`, cut to `length` (at most 8) bytes.
uint64_t ReplaceTail(uint64_t bytes, size_t kept, uint64_t tail, size_t length) {
  if (kept == 8) {
    return bytes;
  }
  return FirstBytes(FirstBytes(bytes, kept) | tail << (8 * kept), length);
}

// Copies n bytes; may write up to 15 bytes more and read as far beyond the source.
inline void CopyWithSlack(char* to, const char* from, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    char bytes[16];
    std::memcpy(bytes, from + i, sizeof(bytes));
    std::memcpy(to + i, bytes, sizeof(bytes));
  }
}

// A row as it is put together, after the page's prefix: at most eight bytes.
class ShortRow {
 public:
  void Replace(size_t kept, std::string_view fresh, const char* input_end) {
    const uint64_t tail = LoadHead(fresh.data(), fresh.size(), input_end);
    bytes_ = ReplaceTail(bytes_, kept, tail, kept + fresh.size());
  }
  uint32_t Head() const { return static_cast<uint32_t>(__builtin_bswap64(bytes_) >> 32); }
  // Writes what follows the first `skipped` bytes; into the slack, at the end.
  void Write(char* to, size_t skipped, size_t) const {
    const uint64_t rest = bytes_ >> (4 * skipped) >> (4 * skipped);  // 64 is too far for one shift
    std::memcpy(to, &rest, sizeof(rest));
  }

 private:
  uint64_t bytes_ = 0;
};

// The same of any length, in a buffer with slack. Rows come in order: each leaves its fingerprint.
class LongRow {
 public:
  LongRow(std::span<char> buffer, char* fingerprints)
      : bytes_(buffer.data()), fingerprint_(fingerprints) {}
  void Replace(size_t kept, std::string_view fresh, const char* input_end) {
    if (fresh.data() + fresh.size() + kSlackBytes <= input_end) [[likely]] {
      CopyWithSlack(bytes_ + kept, fresh.data(), fresh.size());
    } else {
      std::memcpy(bytes_ + kept, fresh.data(), fresh.size());
    }
    size_ = kept + fresh.size();
    *fingerprint_++ = static_cast<char>(KeyFingerprint({bytes_, size_}));
  }
  uint32_t Head() const { return static_cast<uint32_t>(KeyChunk({bytes_, size_}, 0) >> 32); }
  void Write(char* to, size_t skipped, size_t n) const { CopyWithSlack(to, bytes_ + skipped, n); }

 private:
  char* bytes_;
  char* fingerprint_;  // the next row's
  size_t size_ = 0;
};

// Writes the number's lowest n (1, 2 or 4) bytes.
void StoreEnd(char* to, uint64_t end, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    to[i] = static_cast<char>(end >> (8 * i));
  }
}

}  // namespace

// Builds a page from its decoded lengths: Plan, Allocate, which lays out the parts and writes all
// but the groups, then Fill. What the arguments point into outlives it.
class KeyPageBuilder {
 public:
  KeyPageBuilder(const parquet::DeltaByteArrayView& view, std::string_view values,
                 std::span<const uint32_t> value_page_starts, DecodeScratch* scratch)
      : view_(view),
        input_end_(values.data() + values.size()),
        value_page_starts_(value_page_starts),
        rows_(static_cast<uint32_t>(view.prefix_lengths.size())),
        has_one_length_(view.min_bytes == view.max_bytes),
        has_long_rows_(view.max_bytes - view.common_prefix > 8),
        scratch_(*scratch),
        shapes_(scratch->Groups((size_t{rows_} + kGroupRows - 1) / kGroupRows)) {}

  void Plan();
  absl::StatusOr<PageRef<KeyPage>> Allocate(uint64_t memory_limit);
  void Fill(KeyPage* page) const;

 private:
  static constexpr uint32_t kGroupRows = KeyGroup::kRows;

  // Where the parts are, from the start of the allocation.
  struct Layout {
    bool is_wide;
    uint64_t places_at;
    uint64_t value_starts_at;
    uint64_t prefix_at;
    uint64_t groups_at;
    uint64_t bytes;
  };
  Layout LayOut(bool is_wide) const;

  uint32_t EndOfGroup(uint32_t begin) const { return std::min(rows_, begin + kGroupRows); }
  uint32_t LengthOf(uint32_t row) const {
    return view_.prefix_lengths[row] + view_.suffix_offsets[row + 1] - view_.suffix_offsets[row];
  }
  KeyGroupShape ShapeOf(uint32_t begin, uint32_t end) const;

  template <typename Row>
  void FillGroups(KeyPage* page, Row row) const;
  template <typename PlaceType, typename Row>
  void FillGroupsAt(char* base, PlaceType* place, Row row) const;
  // Returns the row, put together out of the one before.
  template <typename Row>
  Row Composed(uint32_t number, Row row) const;
  // Both return the last row.
  template <typename Row>
  Row FillRows(uint32_t begin, uint32_t end, const KeyGroupShape& shape, char* out, Row row) const;
  template <typename Row>
  Row FillRowsByEnds(uint32_t begin, uint32_t end, const KeyGroupShape& shape, char* out,
                     Row row) const;

  const parquet::DeltaByteArrayView& view_;
  const char* const input_end_;
  const std::span<const uint32_t> value_page_starts_;
  const uint32_t rows_;
  const bool has_one_length_;
  const bool has_long_rows_;  // after the page's prefix
  DecodeScratch& scratch_;
  const std::span<KeyGroupShape> shapes_;
  uint64_t group_bytes_ = 0;  // of all groups
  bool needs_wide_ = false;   // one of them does not fit a narrow place
  Layout layout_ = {};
};

KeyGroupShape KeyPageBuilder::ShapeOf(uint32_t begin, uint32_t end) const {
  uint32_t least = LengthOf(begin);
  uint32_t most = least;
  uint32_t shared = least;
  for (uint32_t row = begin + 1; row < end; ++row) {
    shared = std::min(shared, view_.prefix_lengths[row]);
  }
  const uint32_t rows = end - begin;
  uint64_t bytes = uint64_t{least} * rows;
  if (!has_one_length_) {
    for (uint32_t row = begin + 1; row < end; ++row) {
      const uint32_t length = LengthOf(row);
      least = std::min(least, length);
      most = std::max(most, length);
      bytes += length;
      bytes -= LengthOf(begin);
    }
  }
  KeyGroupShape shape;
  shape.prefix_bytes = shared - view_.common_prefix;
  bytes -= uint64_t{shared} * rows;
  shape.stride = least == most         ? least - shared
                 : bytes <= UINT8_MAX  ? KeyGroup::kEnds8
                 : bytes <= UINT16_MAX ? KeyGroup::kEnds16
                                       : KeyGroup::kEnds32;
  bytes += least == most ? 0 : rows * KeyGroup::EndBytes(shape.stride);
  shape.bytes = static_cast<uint32_t>(shape.prefix_bytes + bytes);  // sixteen keys at most
  return shape;
}

void KeyPageBuilder::Plan() {
  KeyGroupShape* shape = shapes_.data();
  for (uint32_t begin = 0; begin < rows_; begin += kGroupRows) {
    *shape = ShapeOf(begin, EndOfGroup(begin));
    group_bytes_ += shape->bytes;
    needs_wide_ |= shape->prefix_bytes > UINT8_MAX ||
                   (shape->stride > KeyGroup::kMaxNarrowStride && shape->stride < KeyGroup::kEnds8);
    ++shape;
  }
}

KeyPageBuilder::Layout KeyPageBuilder::LayOut(bool is_wide) const {
  const size_t start = is_wide ? sizeof(uint32_t) : sizeof(uint16_t);
  const size_t place = is_wide ? sizeof(KeyGroup::WidePlace) : sizeof(KeyGroup::Place);
  Layout layout;
  layout.is_wide = is_wide;
  layout.places_at = KeyPage::PlacesAt(rows_, has_long_rows_);
  layout.value_starts_at = layout.places_at + shapes_.size() * place;
  layout.prefix_at = layout.value_starts_at + value_page_starts_.size() * start;
  layout.groups_at = layout.prefix_at + view_.common_prefix;
  layout.bytes = layout.groups_at + group_bytes_ + kSlackBytes;
  return layout;
}

absl::StatusOr<PageRef<KeyPage>> KeyPageBuilder::Allocate(uint64_t memory_limit) {
  layout_ = LayOut(/*is_wide=*/false);
  if (needs_wide_ || layout_.bytes > UINT16_MAX || rows_ > UINT16_MAX) {
    layout_ = LayOut(/*is_wide=*/true);
  }
  VERALITH_ASSIGN_OR_RETURN(
      PageRef<KeyPage> page,
      Page::NewWithin<KeyPage>(std::min<uint64_t>(memory_limit, UINT32_MAX), layout_.bytes, "key"));
  page->rows_ = rows_;
  page->value_starts_ = static_cast<uint32_t>(value_page_starts_.size());
  page->has_fingerprints_ = has_long_rows_;
  page->prefix_at_ = static_cast<uint32_t>(layout_.prefix_at);
  page->prefix_bytes_ = static_cast<uint16_t>(view_.common_prefix);
  page->max_key_bytes_ = static_cast<uint16_t>(view_.max_bytes);
  page->is_wide_ = layout_.is_wide;

  char* const base = page->base();
  std::memcpy(base + layout_.prefix_at, view_.suffixes.data(), view_.common_prefix);
  char* const starts = base + layout_.value_starts_at;
  if (layout_.is_wide) {
    std::copy(value_page_starts_.begin(), value_page_starts_.end(),
              reinterpret_cast<uint32_t*>(starts));
  } else {
    std::copy(value_page_starts_.begin(), value_page_starts_.end(),
              reinterpret_cast<uint16_t*>(starts));
  }
  return page;
}

void KeyPageBuilder::Fill(KeyPage* page) const {
  if (has_long_rows_) {
    const size_t longest = view_.max_bytes - view_.common_prefix;
    char* const fingerprints = page->base() + sizeof(KeyPage);
    std::memset(fingerprints, 0, layout_.places_at - sizeof(KeyPage));  // after the last row, too
    FillGroups(page, LongRow(scratch_.Row(longest + kSlackBytes), fingerprints));
  } else {
    FillGroups(page, ShortRow());
  }
}

template <typename Row>
void KeyPageBuilder::FillGroups(KeyPage* page, Row row) const {
  char* const places = page->base() + layout_.places_at;
  if (layout_.is_wide) {
    FillGroupsAt(page->base(), reinterpret_cast<KeyGroup::WidePlace*>(places), row);
  } else {
    FillGroupsAt(page->base(), reinterpret_cast<KeyGroup::Place*>(places), row);
  }
}

template <typename PlaceType, typename Row>
void KeyPageBuilder::FillGroupsAt(char* base, PlaceType* place, Row row) const {
  uint64_t at = layout_.groups_at;
  uint32_t begin = 0;
  for (const KeyGroupShape& shape : shapes_) {
    row = Composed(begin, row);
    place->head = row.Head();
    place->at = static_cast<decltype(place->at)>(at);
    place->prefix_bytes = static_cast<decltype(place->prefix_bytes)>(shape.prefix_bytes);
    place->stride = static_cast<decltype(place->stride)>(shape.stride);
    row.Write(base + at, 0, shape.prefix_bytes);
    const uint32_t end = EndOfGroup(begin);
    char* const rows = base + at + shape.prefix_bytes;
    row = shape.stride < KeyGroup::kEnds8 ? FillRows(begin, end, shape, rows, row)
                                          : FillRowsByEnds(begin, end, shape, rows, row);
    at += shape.bytes;
    begin = end;
    ++place;
  }
  VERALITH_CHECK(at + kSlackBytes == layout_.bytes);
}

// (Always inline: else a row goes through memory on its way in and out.)
template <typename Row>
[[gnu::always_inline]] inline Row KeyPageBuilder::Composed(uint32_t number, Row row) const {
  const size_t begin = view_.suffix_offsets[number];
  std::string_view fresh(view_.suffixes.data() + begin, view_.suffix_offsets[number + 1] - begin);
  if (number == 0) [[unlikely]] {
    fresh.remove_prefix(view_.common_prefix);
    row.Replace(0, fresh, input_end_);
  } else {
    row.Replace(view_.prefix_lengths[number] - view_.common_prefix, fresh, input_end_);
  }
  return row;
}

// The first row is put together already.
template <typename Row>
[[gnu::always_inline]] inline Row KeyPageBuilder::FillRows(uint32_t begin, uint32_t end,
                                                           const KeyGroupShape& shape, char* out,
                                                           Row row) const {
  row.Write(out, shape.prefix_bytes, shape.stride);
  for (uint32_t number = begin + 1; number < end; ++number) {
    row = Composed(number, row);
    out += shape.stride;
    row.Write(out, shape.prefix_bytes, shape.stride);
  }
  return row;
}

// Likewise.
template <typename Row>
Row KeyPageBuilder::FillRowsByEnds(uint32_t begin, uint32_t end, const KeyGroupShape& shape,
                                   char* out, Row row) const {
  const size_t end_bytes = KeyGroup::EndBytes(shape.stride);
  const size_t skipped = view_.common_prefix + size_t{shape.prefix_bytes};
  char* const rows = out + (end - begin) * end_bytes;
  uint64_t written = 0;
  for (uint32_t number = begin; number < end; ++number, out += end_bytes) {
    if (number != begin) {
      row = Composed(number, row);
    }
    const size_t length = LengthOf(number) - skipped;
    row.Write(rows + written, shape.prefix_bytes, length);
    written += length;
    StoreEnd(out, written, end_bytes);
  }
  return row;
}

absl::StatusOr<PageRef<KeyPage>> DecodeKeyPage(std::string_view values, uint64_t first_row,
                                               uint32_t rows, uint32_t first_value_page,
                                               std::span<const uint32_t> value_page_starts,
                                               uint64_t memory_limit) {
  if (rows == 0) {
    return DataLoss("a key page of no rows");
  }
  if (uint64_t{rows} * 16 > memory_limit) {
    return ResourceExhausted("a key page of more rows than the memory limit allows");
  }
  const PerThread<DecodeScratch> scratch;
  const std::span<uint32_t> prefix_lengths = scratch->First(rows);
  const std::span<uint32_t> suffix_offsets = scratch->Second(rows + size_t{1});
  VERALITH_ASSIGN_OR_RETURN(
      const parquet::DeltaByteArrayView view,
      parquet::DecodeDeltaByteArray(values, prefix_lengths, suffix_offsets, kMaxKeyBytes));
  if (view.consumed != values.size()) {
    return DataLoss("bytes after the last key of a page");
  }
  KeyPageBuilder builder(view, values, value_page_starts, &*scratch);
  builder.Plan();
  VERALITH_ASSIGN_OR_RETURN(PageRef<KeyPage> page, builder.Allocate(memory_limit));
  page->first_row_ = first_row;
  page->first_value_page_ = first_value_page;
  builder.Fill(&*page);
  return page;
}

}  // namespace veralith
