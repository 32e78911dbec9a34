#include "core/format/segment_footer.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"

namespace veralith {
namespace {

constexpr std::string_view kZeroDigits = "00000000";

// How the entry begins on the wire: field 1 (key), then field 2 (value) of 8 bytes.
std::string EntryStart() {
  std::string start = "\x18";
  start.push_back(static_cast<char>(kFooterChecksumKey.size()));
  start.append(kFooterChecksumKey).append("\x18\x08");
  return start;
}

// Where the checksum's digits stand in the footer; npos when nowhere.
size_t FindDigits(std::string_view footer) {
  const std::string start = EntryStart();
  const size_t at = footer.rfind(start);
  if (at == std::string_view::npos || footer.size() - at - start.size() < kZeroDigits.size()) {
    return std::string_view::npos;
  }
  return at + start.size();
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
