// SPDX-License-Identifier: Apache-2.0

#include "core/format/range_tombstone_codec.h"

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/coding.h"
#include "veralith/types.h"

namespace veralith {
namespace {

constexpr uint8_t kClosed = 0;
constexpr uint8_t kOpenEnd = 1;
// Flags, a one-byte namespace, an empty begin, timestamp.
constexpr size_t kMinTombstoneBytes = 1 + 1 + 1 + 8;

bool IsLegal(const RangeTombstoneView& t) {
  const bool range = t.open_end ? t.end.empty() : t.begin < t.end;
  return range && t.ns <= kMaxNamespace && t.begin.size() <= kMaxKeyBytes &&
         t.end.size() <= kMaxKeyBytes && t.ts >= kMinTimestamp && t.ts <= kMaxTimestamp;
}

void AppendOne(std::string* out, const RangeTombstoneView& t) {
  out->push_back(static_cast<char>(t.open_end ? kOpenEnd : kClosed));
  AppendVarint64(out, t.ns);
  AppendLengthPrefixed(out, t.begin);
  if (!t.open_end) {
    AppendLengthPrefixed(out, t.end);
  }
  AppendFixed64(out, t.ts);
}

bool ReadOne(ByteReader* reader, RangeTombstoneView* t) {
  uint8_t flags = 0;
  const size_t start = reader->offset();
  if (!reader->ReadFixed8(&flags, "range tombstone flags")) {
    return false;
  }
  if (flags > kOpenEnd) {
    return reader->FailAtOffset(start, "unknown range tombstone flags");
  }
  t->open_end = flags == kOpenEnd;
  reader->ReadVarintUpTo(kMaxNamespace, &t->ns, "namespace");
  reader->ReadLengthPrefixed(kMaxKeyBytes, &t->begin, "begin key");
  if (!t->open_end) {
    reader->ReadLengthPrefixed(kMaxKeyBytes, &t->end, "end key");
  }
  reader->ReadFixed64(&t->ts, "timestamp");
  return reader->ok() &&
         (IsLegal(*t) || reader->FailAtOffset(start, "an empty range or a timestamp out of range"));
}

}  // namespace

absl::Status AppendRangeTombstones(std::string* out, std::span<const RangeTombstoneView> list) {
  for (const RangeTombstoneView& t : list) {
    if (!IsLegal(t)) {
      return InvalidArgument(StrCat("range tombstone ", t.ns, ":", QuoteKey(t.begin), " to ",
                                    t.open_end ? "open" : QuoteKey(t.end), " at ", t.ts));
    }
  }
  AppendVarint64(out, list.size());
  for (const RangeTombstoneView& t : list) {
    AppendOne(out, t);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RangeTombstoneView>> DecodeRangeTombstones(std::string_view bytes) {
  ByteReader reader(bytes);
  std::vector<RangeTombstoneView> list;
  uint64_t count = 0;
  if (reader.ReadVarintUpTo(bytes.size() / kMinTombstoneBytes, &count, "range tombstone count")) {
    list.resize(count);
  }
  for (RangeTombstoneView& t : list) {
    if (!ReadOne(&reader, &t)) {
      break;
    }
  }
  if (!reader.ExpectEnd("the range tombstones")) {
    return Annotate(reader.status(), "range tombstones");
  }
  return list;
}

}  // namespace veralith
