// SPDX-License-Identifier: Apache-2.0

// Bytes as an internal key: what decodes is exactly the encoding of its result. Cut into two user
// keys, their encodings order as the entries do.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/format/entry.h"
#include "core/format/internal_key.h"

namespace veralith {
namespace {

std::string Encode(const EntryView& entry) {
  std::string out;
  AppendInternalKey(&out, entry.ns, entry.key, entry.ts);
  return out;
}

int Sign(int order) { return order < 0 ? -1 : (order > 0 ? 1 : 0); }

void CheckDecoding(std::string_view bytes) {
  const auto key = DecodeInternalKey(bytes);
  std::string scratch;
  InternalKeyView view;
  VERALITH_CHECK(DecodeInternalKey(bytes, &scratch, &view).ok() == key.ok());
  if (key.ok()) {
    VERALITH_CHECK(view == (InternalKeyView{key->ns, key->key, key->ts}));
    std::string again;
    AppendInternalKey(&again, key->ns, key->key, key->ts);
    VERALITH_CHECK(again == bytes);
  }
}

void CheckOrder(std::string_view bytes) {
  if (bytes.size() < 4) {
    return;
  }
  const auto number = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const std::string_view keys = bytes.substr(4);
  const size_t cut = number(0) * keys.size() / 255;
  const EntryView a{number(1), keys.substr(0, cut), number(2), EntryKind::kPut, ""};
  const EntryView b{static_cast<NamespaceId>(number(1) + number(3) % 2), keys.substr(cut),
                    static_cast<Timestamp>(number(3) / 2), EntryKind::kPut, ""};
  VERALITH_CHECK(Sign(CompareBytes(Encode(a), Encode(b))) == Sign(CompareEntries(a, b)));
  CheckDecoding(Encode(a));
  CheckDecoding(Encode(b));
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  veralith::CheckDecoding(bytes);
  veralith::CheckOrder(bytes);
  return 0;
}
