// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/key_page.h"

#include <algorithm>

#include "core/base/byte_lanes.h"
#include "core/format/entry.h"
#include "core/format/key_chunk.h"
#include "core/segment/page/key_fingerprint.h"

namespace veralith {
namespace {

// Returns the mask of the first n (0 to 8) bytes of a chunk.
uint64_t FirstBytes(size_t n) { return n == 0 ? 0 : ~uint64_t{0} << (64 - 8 * n); }

// Returns whether n bytes are the same, without a call for the usual few.
bool SameBytes(const char* a, const char* b, size_t n) {
  if (n > 32) {
    return std::memcmp(a, b, n) == 0;
  }
  if (n >= 8) {
    uint64_t differences = LoadLe64(a + n - 8) ^ LoadLe64(b + n - 8);
    for (size_t i = 0; i + 8 < n; i += 8) {
      differences |= LoadLe64(a + i) ^ LoadLe64(b + i);
    }
    return differences == 0;
  }
  for (size_t i = 0; i < n; ++i) {
    if (a[i] != b[i]) {
      return false;
    }
  }
  return true;
}

// Returns the first of [begin, end) that is not `below`; those below are the first ones.
template <typename Below>
inline uint32_t PartitionPoint(uint32_t begin, uint32_t end, Below below) {
  while (begin < end) {
    const uint32_t middle = begin + (end - begin) / 2;
    if (below(middle)) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

// Returns the same. Asks what costs little, at every fourth of sixteen and then of four neighbours:
// few answers wait for others, and there is no branch to guess.
template <typename Below>
inline uint32_t CountedPartitionPoint(uint32_t begin, uint32_t end, Below below) {
  uint32_t left = end - begin;
  while (left > 16) {
    const uint32_t half = left / 2;
    begin += half & (0 - uint32_t{below(begin + half - 1)});  // a choice would become a branch
    left -= half;
  }
  const auto count = [](auto is_below) {
    const uint32_t fourth = 4 * (is_below(3) + is_below(7) + is_below(11));
    return fourth + is_below(fourth) + is_below(fourth + 1) + is_below(fourth + 2) +
           is_below(fourth + 3);
  };
  if (left == 16) [[likely]] {
    return begin + count([&](uint32_t i) { return uint32_t{below(begin + i)}; });
  }
  if (left == 0) {
    return begin;
  }
  return begin + count([&](uint32_t i) {
           return uint32_t{i < left} & uint32_t{below(begin + std::min(i, left - 1))};
         });
}

constexpr size_t kLineBytes = 64;  // of the processor's caches
// Usually the rest of what a search needs beside a group.
constexpr size_t kPrefetchedBytes = 3 * kLineBytes;

// Fetches lines of which a search will need some, in an order that the processor cannot guess.
inline void Prefetch(const char* begin, size_t bytes) {
  for (size_t i = 0; i < bytes; i += kLineBytes) {
    __builtin_prefetch(begin + i);
  }
}

// Returns how two lengths compare.
int Difference(size_t a, size_t b) { return a < b ? -1 : (a > b ? 1 : 0); }

}  // namespace

// --- Groups ------------------------------------------------------------------------------------

template <typename End>
std::string_view KeyGroup::SuffixBy(uint32_t i) const {
  const auto end_of = [this](uint32_t row) {
    End end;
    std::memcpy(&end, rows_at_ + size_t{row} * sizeof(End), sizeof(End));
    return size_t{end};
  };
  const size_t begin = i == 0 ? 0 : end_of(i - 1);
  return {rows_at_ + size_t{rows_} * sizeof(End) + begin, end_of(i) - begin};
}

std::string_view KeyGroup::SuffixByEnds(uint32_t i) const {
  switch (stride_) {
    case kEnds8:
      return SuffixBy<uint8_t>(i);
    case kEnds16:
      return SuffixBy<uint16_t>(i);
    default:
      return SuffixBy<uint32_t>(i);
  }
}

int KeyGroup::Compare(uint32_t row, std::string_view rest) const {
  if (const int order = CompareBytes(prefix(), rest.substr(0, prefix_bytes_)); order != 0) {
    return order;
  }
  return CompareBytes(suffix(row), rest.substr(prefix_bytes_));
}

bool KeyGroup::Is(uint32_t row, std::string_view rest) const {
  const std::string_view end = suffix(row);
  return rest.size() == prefix_bytes_ + end.size() &&
         SameBytes(prefix_, rest.data(), prefix_bytes_) &&
         SameBytes(end.data(), rest.data() + prefix_bytes_, end.size());
}

template <bool kOrEqual, typename HeadAt>
inline KeyGroup::Found KeyGroup::SearchHeads(std::string_view wanted, uint64_t wanted_head,
                                             uint32_t begin, uint32_t end, HeadAt head_at) const {
  uint32_t row =
      CountedPartitionPoint(begin, end, [&](uint32_t i) { return head_at(i) < wanted_head; });
  for (; row < end && head_at(row) == wanted_head; ++row) {
    const int order =
        stride_ <= 8 ? Difference(stride_, wanted.size()) : CompareBytes(suffix(row), wanted);
    if (kOrEqual ? order > 0 : order >= 0) {
      return {row, order == 0};
    }
  }
  return {row, false};
}

inline bool KeyGroup::IsPrefixOf(std::string_view key, size_t at) const {
  if (key.size() - at < prefix_bytes_) {
    return false;
  }
  if (prefix_bytes_ <= 8) [[likely]] {
    const uint64_t differences = LoadBe64(prefix_) ^ KeyChunk(key, at);
    return prefix_bytes_ == 0 || differences >> (64 - 8 * prefix_bytes_) == 0;
  }
  return SameBytes(prefix_, key.data() + at, prefix_bytes_);
}

template <bool kOrEqual>
inline KeyGroup::Found KeyGroup::Search(std::string_view key, size_t at, uint32_t begin,
                                        uint32_t end) const {
  const std::string_view rest(key.data() + at, key.size() - at);
  if (!IsPrefixOf(key, at)) [[unlikely]] {
    return {CompareBytes(prefix(), rest.substr(0, prefix_bytes_)) < 0 ? end : begin, false};
  }
  const std::string_view wanted = rest.substr(prefix_bytes_);
  const uint64_t wanted_head = KeyChunk(key, at + prefix_bytes_);
  if (stride_ >= kEnds8) [[unlikely]] {
    return SearchHeads<kOrEqual>(wanted, wanted_head, begin, end,
                                 [this](uint32_t row) { return KeyChunkWithSlack(suffix(row)); });
  }
  const uint64_t kept = FirstBytes(std::min(stride_, 8u));
  const char* const rows = rows_at_ - size_t{begin_} * stride_;
  return SearchHeads<kOrEqual>(wanted, wanted_head, begin, end, [=, this](uint32_t row) {
    return LoadBe64(rows + size_t{row} * stride_) & kept;
  });
}

// --- Searching ---------------------------------------------------------------------------------

inline bool KeyPage::HasPrefix(std::string_view key) const {
  return key.size() >= prefix_bytes_ && SameBytes(prefix().data(), key.data(), prefix_bytes_);
}

template <bool kOrEqual, typename PlaceType>
inline uint32_t KeyPage::BoundOfGroups(std::string_view key, uint32_t head, uint32_t begin,
                                       uint32_t end) const {
  const PlaceType* const places = this->places<PlaceType>();
  const uint32_t low =
      CountedPartitionPoint(begin, end, [&](uint32_t group) { return places[group].head < head; });
  if (low == end || places[low].head != head) [[likely]] {
    return low;
  }
  const uint32_t high =
      PartitionPoint(low, end, [&](uint32_t group) { return places[group].head == head; });
  const std::string_view rest = key.substr(prefix_bytes_);
  return PartitionPoint(low, high, [&](uint32_t number) {
    const KeyGroup group = Group(number);
    const int order = group.Compare(group.begin(), rest);
    return kOrEqual ? order <= 0 : order < 0;
  });
}

template <bool kOrEqual>
inline KeyGroup::Found KeyPage::Search(std::string_view key, uint32_t begin, uint32_t end) const {
  // The first group may begin with rows before `begin`, which need not ascend.
  const uint32_t first = begin / KeyGroup::kRows;
  const uint32_t groups_end = (end - 1) / KeyGroup::kRows + 1;
  const auto head = static_cast<uint32_t>(KeyChunk(key, prefix_bytes_) >> 32);
  const uint32_t behind =
      is_wide_ ? BoundOfGroups<kOrEqual, KeyGroup::WidePlace>(key, head, first + 1, groups_end)
               : BoundOfGroups<kOrEqual, KeyGroup::Place>(key, head, first + 1, groups_end);
  const KeyGroup group = Group(behind - 1);
  if (has_fingerprints_) {  // and rows long enough for several lines
    Prefetch(group.rows_at_, kPrefetchedBytes);
  }
  const KeyGroup::Found found = group.Search<kOrEqual>(
      key, prefix_bytes_, std::max(begin, group.begin()), std::min(end, group.end()));
  if (!kOrEqual && found.row == group.end() && found.row < end) [[unlikely]] {
    return {found.row, Group(behind).Is(found.row, key.substr(prefix_bytes_))};
  }
  return found;
}

template <bool kOrEqual>
inline uint32_t KeyPage::Bound(std::string_view key, uint32_t begin, uint32_t end) const {
  if (begin >= end) {
    return begin;
  }
  Prefetch(base() + kLineBytes, kPrefetchedBytes);
  if (!HasPrefix(key)) [[unlikely]] {
    return CompareBytes(prefix(), key.substr(0, prefix_bytes_)) < 0 ? end : begin;
  }
  return Search<kOrEqual>(key, begin, end).row;
}

uint32_t KeyPage::LowerBound(std::string_view key, uint32_t begin, uint32_t end) const {
  return Bound</*kOrEqual=*/false>(key, begin, end);
}

uint32_t KeyPage::UpperBound(std::string_view key, uint32_t begin, uint32_t end) const {
  return Bound</*kOrEqual=*/true>(key, begin, end);
}

uint32_t KeyPage::FindShort(std::string_view key, uint32_t begin, uint32_t end) const {
  if (key.size() - prefix_bytes_ > 8) {
    return kNotFound;
  }
  const uint64_t wanted = KeyChunk(key, prefix_bytes_);
  const auto head = static_cast<uint32_t>(wanted >> 32);
  const auto* const places = this->places<KeyGroup::Place>();
  const uint32_t groups_end = (end - 1) / KeyGroup::kRows + 1;
  const uint32_t behind = std::max(
      1u, CountedPartitionPoint(0, groups_end, [=](uint32_t i) { return places[i].head < head; }));
  const KeyGroup::Place place = places[behind - 1];
  if (place.stride > 8 || (behind < groups_end && places[behind].head == head)) [[unlikely]] {
    const KeyGroup::Found found = Search</*kOrEqual=*/false>(key, begin, end);
    return found.is_equal ? found.row : kNotFound;
  }
  // All rows of the group have one length, and the wanted one is in no other.
  const size_t skipped = 4 * size_t{place.prefix_bytes};  // bits, twice: 64 is too far for a shift
  const uint64_t kept = FirstBytes(place.stride);
  const uint64_t wanted_row = wanted << skipped << skipped;
  const char* const prefix = base() + place.at;
  const char* const rows = prefix + place.prefix_bytes;
  const auto row_at = [=](uint32_t i) { return LoadBe64(rows + size_t{i} * place.stride) & kept; };
  const uint32_t first = (behind - 1) * KeyGroup::kRows;
  const uint32_t count = std::min(KeyGroup::kRows, end - first);
  const uint32_t row =
      CountedPartitionPoint(0, count, [=](uint32_t i) { return row_at(i) < wanted_row; });
  const bool is_equal = row < count && row_at(row) == wanted_row &&
                        key.size() - prefix_bytes_ == size_t{place.prefix_bytes} + place.stride &&
                        ((LoadBe64(prefix) ^ wanted) & FirstBytes(place.prefix_bytes)) == 0;
  return is_equal ? first + row : kNotFound;
}

uint32_t KeyPage::FindByFingerprint(std::string_view rest, uint32_t begin, uint32_t end) const {
  const char* const fingerprints = base() + sizeof(KeyPage);
  const ByteLanes needle = ByteLanes::All(KeyFingerprint(rest));
  for (uint32_t first = begin / kLanes * kLanes; first < end; first += kLanes) {
    uint64_t matches = ByteLanes::Load(fingerprints + first).Equal(needle);
    if (first < begin) {
      matches &= ~ByteLanes::FirstLanes(begin - first);
    }
    for (; matches != 0; matches &= matches - 1) {
      const uint32_t row = first + ByteLanes::LaneOf(matches);
      if (row >= end) {
        return kNotFound;
      }
      if (GroupOf(row).Is(row, rest)) {
        return row;
      }
    }
  }
  return kNotFound;
}

uint32_t KeyPage::Find(std::string_view key, uint32_t begin, uint32_t end) const {
  if (begin >= end) {
    return kNotFound;
  }
  Prefetch(base() + kLineBytes, kPrefetchedBytes);
  if (!HasPrefix(key)) [[unlikely]] {
    return kNotFound;
  }
  if (has_fingerprints_) {
    return FindByFingerprint(key.substr(prefix_bytes_), begin, end);
  }
  if (begin == 0 && !is_wide_) [[likely]] {
    return FindShort(key, begin, end);
  }
  const KeyGroup::Found found = Search</*kOrEqual=*/false>(key, begin, end);
  return found.is_equal ? found.row : kNotFound;
}

int KeyPage::Compare(uint32_t row, std::string_view key) const {
  if (const int order = CompareBytes(prefix(), key.substr(0, prefix_bytes_)); order != 0) {
    return order;
  }
  return GroupOf(row).Compare(row, key.substr(prefix_bytes_));
}

// --- Value pages -------------------------------------------------------------------------------

template <typename Start>
uint32_t KeyPage::ValuePagesBefore(uint32_t row) const {
  const Start* starts = reinterpret_cast<const Start*>(base() + prefix_at_) - value_starts_;
  const Start* const end = starts + value_starts_;
  if (value_starts_ > 16) {
    return static_cast<uint32_t>(std::upper_bound(starts, end, row) - starts);
  }
  uint32_t pages = 0;
  for (; starts != end; ++starts) {
    pages += *starts <= row ? 1 : 0;
  }
  return pages;
}

uint32_t KeyPage::ValuePageOf(uint32_t row) const {
  return first_value_page_ +
         (is_wide_ ? ValuePagesBefore<uint32_t>(row) : ValuePagesBefore<uint16_t>(row));
}

}  // namespace veralith
