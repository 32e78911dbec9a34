// SPDX-License-Identifier: Apache-2.0

#include "core/format/segment_footer.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/thrift_compact.h"

namespace veralith {
namespace {

constexpr std::string_view kZeroDigits = "00000000";

// The last key-value entry of a footer: views into it.
struct LastEntry {
  std::string_view key;
  std::string_view value;
};

LastEntry ReadEntry(thrift::CompactReader& r) {
  LastEntry entry;
  r.ReadStruct([&](int16_t id, thrift::Type type) {
    switch (id) {
      case 1:
        entry.key = r.ReadBinary(type);
        break;
      case 2:
        entry.value = r.ReadBinary(type);
        break;
      default:
        r.Skip(type);
    }
  });
  return entry;
}

LastEntry FindLastEntry(std::string_view footer) {
  constexpr int16_t kKeyValueMetadata = 5;
  LastEntry last;
  thrift::CompactReader r(footer);
  r.ReadStruct([&](int16_t id, thrift::Type type) {
    if (id != kKeyValueMetadata) {
      return r.Skip(type);
    }
    r.ReadList(type, thrift::Type::kStruct, [&] { last = ReadEntry(r); });
  });
  return r.ok() ? last : LastEntry();
}

// Returns where the checksum's digits stand in the footer; npos if it has none.
size_t FindDigits(std::string_view footer) {
  const LastEntry last = FindLastEntry(footer);
  if (last.key != kFooterChecksumKey || last.value.size() != kZeroDigits.size()) {
    return std::string_view::npos;
  }
  return static_cast<size_t>(last.value.data() - footer.data());
}

std::string Digits(uint32_t crc) {
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) {
    digits.push_back("0123456789abcdef"[crc >> shift & 15]);
  }
  return digits;
}

// The checksum of the footer as if its digits were zeros.
uint32_t ChecksumWithoutDigits(std::string_view footer, size_t digits_at) {
  uint32_t crc = Crc32c(0, footer.substr(0, digits_at));
  crc = Crc32c(crc, kZeroDigits);
  return Crc32c(crc, footer.substr(digits_at + kZeroDigits.size()));
}

}  // namespace

void AppendSealedFooter(parquet::FileMetaData metadata, std::string* out) {
  metadata.key_value_metadata.push_back(
      {.key = std::string(kFooterChecksumKey), .value = std::string(kZeroDigits)});
  const size_t start = out->size();
  AppendFileMetaData(metadata, out);
  const std::string_view footer = std::string_view(*out).substr(start);
  const size_t at = FindDigits(footer);
  VERALITH_CHECK(at != std::string_view::npos);
  out->replace(start + at, kZeroDigits.size(), Digits(ChecksumWithoutDigits(footer, at)));
}

absl::Status CheckFooter(std::string_view footer, const parquet::FileMetaData& metadata) {
  const auto& entries = metadata.key_value_metadata;
  if (entries.empty() || entries.back().key != kFooterChecksumKey) {
    return NotFound(StrCat("footer without ", kFooterChecksumKey));
  }
  const size_t at = FindDigits(footer);
  if (at == std::string_view::npos ||
      entries.back().value != footer.substr(at, kZeroDigits.size())) {
    return DataLoss(StrCat("footer entry ", kFooterChecksumKey, " malformed"));
  }
  if (*entries.back().value != Digits(ChecksumWithoutDigits(footer, at))) {
    return DataLoss("footer checksum mismatch");
  }
  return absl::OkStatus();
}

}  // namespace veralith
