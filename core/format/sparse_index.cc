// SPDX-License-Identifier: Apache-2.0

#include "core/format/sparse_index.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/coding.h"
#include "core/format/common_prefix.h"
#include "core/format/entry.h"

namespace veralith {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderBytes = 24;
constexpr size_t kEntryHeaderBytes = 4;
constexpr size_t kLocationBytes = 20;

absl::Status Bad(std::string_view what) { return DataLoss(StrCat("sparse index: ", what)); }

absl::Status BadEntry(uint32_t number, uint64_t offset, std::string_view what) {
  return Bad(StrCat("offset ", offset, ": entry ", number, ": ", what));
}

struct Header {
  uint32_t num_entries = 0;
  uint32_t restart_interval = 0;
  uint32_t entries_size = 0;
  uint32_t num_restarts = 0;
};

absl::StatusOr<Header> ParseHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) {
    return Bad(StrCat("expected a header of ", kHeaderBytes, " bytes, found ", bytes.size()));
  }
  const char* const at = bytes.data();
  const uint32_t version_and_reserved = LoadLe32(at);
  if (static_cast<uint8_t>(version_and_reserved) != kVersion) {
    return Unimplemented(
        StrCat("sparse index: version ", static_cast<uint8_t>(version_and_reserved)));
  }
  if ((version_and_reserved >> 8) != 0 || LoadLe32(at + 20) != 0) {
    return Bad("reserved bytes of the header are not 0");
  }
  return Header{LoadLe32(at + 4), LoadLe32(at + 8), LoadLe32(at + 12), LoadLe32(at + 16)};
}

absl::Status CheckHeader(const Header& header, uint64_t total_bytes) {
  if (header.restart_interval == 0) {
    return Bad("restart interval 0");
  }
  const uint64_t num_restarts =
      (uint64_t{header.num_entries} + header.restart_interval - 1) / header.restart_interval;
  if (header.num_restarts != num_restarts) {
    return Bad(StrCat("expected ", num_restarts, " restarts for ", header.num_entries,
                      " entries at interval ", header.restart_interval, ", found ",
                      header.num_restarts));
  }
  const uint64_t expected_bytes = kHeaderBytes + uint64_t{header.entries_size} + 4 * num_restarts;
  if (expected_bytes != total_bytes) {
    return Bad(StrCat("expected ", expected_bytes, " bytes, found ", total_bytes));
  }
  return absl::OkStatus();
}

// Walks the entries section once, rebuilding one key at a time.
class EntriesCheck {
 public:
  EntriesCheck(const Header& header, std::string_view entries, const char* restarts)
      : header_(header), entries_(entries), restarts_(restarts) {}

  absl::Status Run() {
    for (uint32_t i = 0; i < header_.num_entries; ++i) {
      VERALITH_RETURN_IF_ERROR(CheckEntry(i));
    }
    if (offset_ != entries_.size()) {
      return Bad(StrCat("offset ", kHeaderBytes + offset_, ": ", entries_.size() - offset_,
                        " bytes left over after the last entry"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckEntry(uint32_t i) {
    const uint64_t at = kHeaderBytes + offset_;
    const size_t remaining = entries_.size() - offset_;
    if (remaining < kEntryHeaderBytes) {
      return BadEntry(i, at, "its header overruns the entries");
    }
    const uint16_t shared = LoadLe16(entries_.data() + offset_);
    const uint16_t suffix_bytes = LoadLe16(entries_.data() + offset_ + 2);
    const size_t entry_bytes = kEntryHeaderBytes + suffix_bytes + kLocationBytes;
    if (remaining < entry_bytes) {
      return BadEntry(i, at, "its body overruns the entries");
    }
    if (i % header_.restart_interval == 0) {
      VERALITH_RETURN_IF_ERROR(CheckRestart(i, shared));
    }
    if (shared > key_.size()) {
      return BadEntry(i, at, "shares more than the previous key has");
    }
    if (size_t{shared} + suffix_bytes > kMaxSparseIndexKeyBytes) {
      return BadEntry(i, at, "its key is longer than 65535 bytes");
    }
    const std::string_view suffix = entries_.substr(offset_ + kEntryHeaderBytes, suffix_bytes);
    if (i > 0 && CompareBytes(suffix, std::string_view(key_).substr(shared)) <= 0) {
      return BadEntry(i, at, "its key is not above the previous one");
    }
    key_.resize(shared);
    key_.append(suffix);
    offset_ += entry_bytes;
    return absl::OkStatus();
  }

  absl::Status CheckRestart(uint32_t i, uint16_t shared) const {
    const uint64_t at = kHeaderBytes + offset_;
    if (shared != 0) {
      return BadEntry(i, at, "a restart shares a prefix");
    }
    const uint32_t stated = LoadLe32(restarts_ + size_t{4} * (i / header_.restart_interval));
    if (stated != offset_) {
      return BadEntry(i, at, StrCat("its restart offset is ", stated, ", not ", offset_));
    }
    return absl::OkStatus();
  }

  const Header header_;
  const std::string_view entries_;
  const char* const restarts_;
  size_t offset_ = 0;  // start of the next entry
  std::string key_;    // key of the previous entry
};

}  // namespace

SparseIndexBuilder::SparseIndexBuilder(uint32_t restart_interval, uint32_t max_entries_bytes)
    : restart_interval_(std::max(restart_interval, 1u)), max_entries_bytes_(max_entries_bytes) {}

absl::Status SparseIndexBuilder::Add(std::string_view key, const PageLocation& page) {
  if (key.size() > kMaxSparseIndexKeyBytes) {
    return InvalidArgument(StrCat("sparse index: a key of ", key.size(), " bytes"));
  }
  if (num_entries_ > 0 && CompareBytes(key, last_key_) <= 0) {
    return InvalidArgument("sparse index: a key that is not above the previous one");
  }
  const bool is_restart = num_entries_ % restart_interval_ == 0;
  const size_t shared = is_restart ? 0 : CommonPrefix(key, last_key_);
  const std::string_view suffix = key.substr(shared);
  const uint64_t entry_bytes = kEntryHeaderBytes + suffix.size() + kLocationBytes;
  if (entries_.size() + entry_bytes > max_entries_bytes_) {
    return InvalidArgument(StrCat("sparse index: more than ", max_entries_bytes_, " bytes"));
  }
  if (is_restart) {
    AppendFixed32(&restarts_, static_cast<uint32_t>(entries_.size()));
  }
  AppendFixed16(&entries_, static_cast<uint16_t>(shared));
  AppendFixed16(&entries_, static_cast<uint16_t>(suffix.size()));
  entries_.append(suffix);
  AppendFixed64(&entries_, page.offset);
  AppendFixed32(&entries_, page.size);
  AppendFixed64(&entries_, page.first_row);
  last_key_.resize(shared);
  last_key_.append(suffix);
  ++num_entries_;
  return absl::OkStatus();
}

size_t SparseIndexBuilder::EstimatedBytes() const {
  return kHeaderBytes + entries_.size() + restarts_.size();
}

std::string SparseIndexBuilder::Finish() {
  std::string out;
  out.reserve(EstimatedBytes());
  AppendFixed32(&out, kVersion);
  AppendFixed32(&out, num_entries_);
  AppendFixed32(&out, restart_interval_);
  AppendFixed32(&out, static_cast<uint32_t>(entries_.size()));
  AppendFixed32(&out, static_cast<uint32_t>(restarts_.size() / 4));
  AppendFixed32(&out, 0);
  out.append(entries_).append(restarts_);
  num_entries_ = 0;
  entries_.clear();
  restarts_.clear();
  last_key_.clear();
  return out;
}

absl::StatusOr<SparseIndexView> SparseIndexView::Parse(std::string_view bytes) {
  VERALITH_ASSIGN_OR_RETURN(const Header header, ParseHeader(bytes));
  VERALITH_RETURN_IF_ERROR(CheckHeader(header, bytes.size()));
  SparseIndexView view;
  view.entries_ = bytes.data() + kHeaderBytes;
  view.restarts_ = view.entries_ + header.entries_size;
  view.num_entries_ = header.num_entries;
  view.restart_interval_ = header.restart_interval;
  EntriesCheck check(header, bytes.substr(kHeaderBytes, header.entries_size), view.restarts_);
  VERALITH_RETURN_IF_ERROR(check.Run());
  return view;
}

SparseIndexView::RawEntry SparseIndexView::ReadEntry(const char* at) {
  const uint16_t suffix_bytes = LoadLe16(at + 2);
  const char* const suffix = at + kEntryHeaderBytes;
  const char* const location = suffix + suffix_bytes;
  return RawEntry{LoadLe16(at), std::string_view(suffix, suffix_bytes), location,
                  location + kLocationBytes};
}

PageLocation SparseIndexView::ReadLocation(const char* at) {
  return PageLocation{LoadLe64(at), LoadLe32(at + 8), LoadLe64(at + 12)};
}

uint32_t SparseIndexView::num_restarts() const {
  return static_cast<uint32_t>((uint64_t{num_entries_} + restart_interval_ - 1) /
                               restart_interval_);
}

const char* SparseIndexView::RestartEntry(uint32_t restart) const {
  return entries_ + LoadLe32(restarts_ + size_t{4} * restart);
}

std::string_view SparseIndexView::RestartKey(uint32_t restart) const {
  return ReadEntry(RestartEntry(restart)).suffix;
}

std::optional<uint32_t> SparseIndexView::FindRestart(std::string_view target) const {
  uint32_t first = 0;  // all restarts before it are <= target
  uint32_t last = num_restarts();
  while (first < last) {
    const uint32_t middle = first + (last - first) / 2;
    if (CompareBytes(RestartKey(middle), target) <= 0) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first == 0 ? std::nullopt : std::optional<uint32_t>(first - 1);
}

std::optional<SparseIndexView::Found> SparseIndexView::Find(std::string_view target) const {
  const std::optional<uint32_t> restart = FindRestart(target);
  if (!restart.has_value()) {
    return std::nullopt;
  }
  uint64_t number = uint64_t{*restart} * restart_interval_;
  const uint64_t group_end = std::min<uint64_t>(number + restart_interval_, num_entries_);
  RawEntry entry = ReadEntry(RestartEntry(*restart));
  // Keys are not rebuilt: `entry` is <= target and equals it in exactly the first `matched` bytes.
  size_t matched = CommonPrefix(entry.suffix, target);
  while (number + 1 < group_end) {
    const RawEntry next = ReadEntry(entry.end);
    // If it shares more than was matched, the next key differs from target at the same byte, in the
    // same direction, as this one.
    if (next.shared <= matched) {
      const std::string_view rest = target.substr(next.shared);
      const size_t common = CommonPrefix(next.suffix, rest);
      if (CompareBytes(next.suffix.substr(common), rest.substr(common)) > 0) {
        break;
      }
      matched = next.shared + common;
    }
    entry = next;
    ++number;
  }
  Found found{static_cast<uint32_t>(number), ReadLocation(entry.location), std::nullopt};
  if (number + 1 < num_entries_) {
    found.next_first_row = ReadLocation(ReadEntry(entry.end).location).first_row;
  }
  return found;
}

SparseIndexCursor::SparseIndexCursor(const SparseIndexView& index)
    : index_(index), next_(index.entries_) {
  Load();
}

void SparseIndexCursor::Next() {
  VERALITH_DCHECK(Valid());
  ++number_;
  Load();
}

void SparseIndexCursor::Load() {
  if (!Valid()) {
    return;
  }
  const SparseIndexView::RawEntry entry = SparseIndexView::ReadEntry(next_);
  key_.resize(entry.shared);
  key_.append(entry.suffix);
  page_ = SparseIndexView::ReadLocation(entry.location);
  next_ = entry.end;
}

}  // namespace veralith
