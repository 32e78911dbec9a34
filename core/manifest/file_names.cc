// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/file_names.h"

#include <cstddef>

namespace veralith {
namespace {

constexpr std::string_view kManifestPrefix = "MANIFEST-";
constexpr std::string_view kLogSuffix = ".log";
constexpr std::string_view kSegmentSuffix = ".parquet";
constexpr size_t kMinDigits = 6;

std::string Digits(uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kMinDigits) {
    digits.insert(0, kMinDigits - digits.size(), '0');
  }
  return digits;
}

// Returns 0 if `text` is not what Digits makes of a number.
uint64_t ParseDigits(std::string_view text) {
  if (text.size() < kMinDigits || text.size() > 19) {
    return 0;
  }
  uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return 0;
    }
    number = number * 10 + static_cast<uint64_t>(c - '0');  // 19 digits cannot overflow
  }
  const bool padded_too_far = text.size() > kMinDigits && text[0] == '0';
  return padded_too_far || number > kMaxFileNumber ? 0 : number;
}

std::optional<FileName> Numbered(FileKind kind, std::string_view digits) {
  const uint64_t number = ParseDigits(digits);
  if (number == 0) {
    return std::nullopt;
  }
  return FileName{kind, number};
}

}  // namespace

std::string ManifestFileName(uint64_t number) {
  return std::string(kManifestPrefix) + Digits(number);
}

std::string LogFileName(uint64_t number) { return Digits(number) + std::string(kLogSuffix); }

std::string SegmentFileName(uint64_t number) {
  return Digits(number) + std::string(kSegmentSuffix);
}

std::string ToString(const FileName& name) {
  switch (name.kind) {
    case FileKind::kCurrent:
      return std::string(kCurrentFileName);
    case FileKind::kCurrentTemporary:
      return std::string(kCurrentTemporaryFileName);
    case FileKind::kLock:
      return std::string(kLockFileName);
    case FileKind::kManifest:
      return ManifestFileName(name.number);
    case FileKind::kLog:
      return LogFileName(name.number);
    case FileKind::kSegment:
      return SegmentFileName(name.number);
  }
  return "?";
}

std::optional<FileName> ParseFileName(std::string_view name) {
  if (name == kCurrentFileName) {
    return FileName{FileKind::kCurrent, 0};
  }
  if (name == kCurrentTemporaryFileName) {
    return FileName{FileKind::kCurrentTemporary, 0};
  }
  if (name == kLockFileName) {
    return FileName{FileKind::kLock, 0};
  }
  if (name.starts_with(kManifestPrefix)) {
    return Numbered(FileKind::kManifest, name.substr(kManifestPrefix.size()));
  }
  if (name.ends_with(kLogSuffix)) {
    return Numbered(FileKind::kLog, name.substr(0, name.size() - kLogSuffix.size()));
  }
  if (name.ends_with(kSegmentSuffix)) {
    return Numbered(FileKind::kSegment, name.substr(0, name.size() - kSegmentSuffix.size()));
  }
  return std::nullopt;
}

}  // namespace veralith
