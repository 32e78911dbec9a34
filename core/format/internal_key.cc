// SPDX-License-Identifier: Apache-2.0

#include "core/format/internal_key.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/coding.h"

namespace veralith {
namespace {

constexpr size_t kNamespaceBytes = 8;
constexpr size_t kTimestampBytes = 8;

const char* FindZero(const char* from, const char* end) {
  const void* zero = from == end ? nullptr : std::memchr(from, 0, end - from);
  return zero == nullptr ? end : static_cast<const char*>(zero);
}

char* StoreEscaped(char* out, std::string_view key) {
  const char* at = key.data();
  const char* const end = at + key.size();
  while (at != end) {
    const char* const zero = FindZero(at, end);
    std::memcpy(out, at, zero - at);
    out += zero - at;
    at = zero;
    if (at != end) {
      *out++ = '\x00';
      *out++ = '\xff';
      ++at;
    }
  }
  return out;
}

char* StoreTimestamp(char* out, Timestamp ts) {
  VERALITH_DCHECK(ts <= kMaxTimestamp);
  StoreBe64(out, ~ts);
  return out + kTimestampBytes;
}

// Makes room for an encoding with `fixed` bytes besides the escaped key; returns where it begins.
char* Extend(std::string* out, std::string_view key, size_t fixed) {
  const size_t old_bytes = out->size();
  const auto zeros = static_cast<size_t>(std::count(key.begin(), key.end(), '\0'));
  out->resize(old_bytes + fixed + key.size() + zeros);
  return out->data() + old_bytes;
}

// The escaped key without its end mark: its bytes in `encoded`, and whether it has escapes.
struct EscapedKey {
  std::string_view bytes;
  bool has_escapes = false;
};

bool ReadEscapedKey(std::string_view encoded, ByteReader* reader, EscapedKey* key) {
  const size_t start = reader->offset();
  const char* const end = encoded.data() + encoded.size();
  const char* at = encoded.data() + start;
  while (true) {
    const char* const zero = FindZero(at, end);
    const size_t offset = zero - encoded.data();
    if (end - zero < 2) {
      return reader->FailAtOffset(offset, "the key has no end");
    }
    if (zero[1] == '\x00') {
      key->bytes = encoded.substr(start, offset - start);
      return reader->Skip(offset + 2 - start, "key");
    }
    if (zero[1] != '\xff') {
      return reader->FailAtOffset(offset + 1, "expected FF or 00 after a 00 byte of the key");
    }
    key->has_escapes = true;
    at = zero + 2;
  }
}

// `escaped` must be well formed.
void Unescape(std::string_view escaped, std::string* key) {
  key->clear();
  while (!escaped.empty()) {
    const size_t plain = std::min(escaped.find('\0'), escaped.size() - 1) + 1;
    key->append(escaped.substr(0, plain));
    const bool is_escape = key->back() == '\0';
    escaped.remove_prefix(plain + (is_escape ? 1 : 0));
  }
}

}  // namespace

char* StoreUserKey(char* out, NamespaceId ns, std::string_view key) {
  VERALITH_DCHECK(ns <= kMaxNamespace);
  StoreBe64(out, ns);
  out = StoreEscaped(out + kNamespaceBytes, key);
  *out++ = '\x00';
  *out++ = '\x00';
  return out;
}

char* StoreInternalKey(char* out, NamespaceId ns, std::string_view key, Timestamp ts) {
  return StoreTimestamp(StoreUserKey(out, ns, key), ts);
}

void AppendUserKey(std::string* out, NamespaceId ns, std::string_view key) {
  StoreUserKey(Extend(out, key, kNamespaceBytes + 2), ns, key);
}

void AppendInternalKey(std::string* out, NamespaceId ns, std::string_view key, Timestamp ts) {
  StoreInternalKey(Extend(out, key, kMinInternalKeyBytes), ns, key, ts);
}

absl::Status DecodeInternalKey(std::string_view encoded, std::string* scratch,
                               InternalKeyView* view) {
  ByteReader reader(encoded);
  uint64_t ns = 0;
  EscapedKey escaped;
  uint64_t complement = 0;
  if (reader.ReadFixed64(&ns, "namespace") && ReadEscapedKey(encoded, &reader, &escaped)) {
    reader.ReadFixed64(&complement, "timestamp");
    reader.ExpectEnd("the internal key");
  }
  view->ns = __builtin_bswap64(ns);
  view->ts = ~__builtin_bswap64(complement);
  if (reader.ok() && view->ns > kMaxNamespace) {
    reader.FailAtOffset(0, "namespace out of range");
  }
  if (reader.ok() && view->ts > kMaxTimestamp) {
    reader.FailAtOffset(encoded.size() - kTimestampBytes, "timestamp out of range");
  }
  if (!reader.ok()) {
    return Annotate(reader.status(), "internal key");
  }
  view->key = escaped.bytes;
  if (escaped.has_escapes) {
    Unescape(escaped.bytes, scratch);
    view->key = *scratch;
  }
  return absl::OkStatus();
}

absl::StatusOr<InternalKey> DecodeInternalKey(std::string_view encoded) {
  InternalKey result;
  InternalKeyView view;
  VERALITH_RETURN_IF_ERROR(DecodeInternalKey(encoded, &result.key, &view));
  if (view.key.data() != result.key.data()) {
    result.key.assign(view.key);
  }
  result.ns = view.ns;
  result.ts = view.ts;
  return result;
}

}  // namespace veralith
