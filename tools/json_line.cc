// SPDX-License-Identifier: Apache-2.0

#include "tools/json_line.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"

namespace veralith::tools {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Suffix = "_base64";

// Returns the length of the UTF-8 sequence at the beginning of `bytes`; 0 if there is none.
size_t Utf8Length(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0 || length > bytes.size()) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool beyond = first == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

// Returns how many bytes at the beginning of `bytes` stand for themselves in a JSON string.
size_t PlainLength(std::string_view bytes) {
  size_t length = 0;
  while (length < bytes.size() && bytes[length] >= 0x20 && bytes[length] != '"' &&
         bytes[length] != '\\') {
    ++length;  // char is signed: what is no ASCII is negative
  }
  return length;
}

void AppendUtf8(std::string* out, uint32_t code) {
  const auto tail = [&](int shift) {
    out->push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3f)));
  };
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | (code >> 6)));
    tail(0);
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | (code >> 12)));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xf0 | (code >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::array<int8_t, 256> Base64Digits() {
  std::array<int8_t, 256> digits;
  digits.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return digits;
}

// Reads one line from left to right.
class LineParser {
 public:
  explicit LineParser(std::string_view line) : line_(line) {}

  absl::StatusOr<JsonEntry> Parse() {
    VERALITH_RETURN_IF_ERROR(Expect('{', "an object, {\"key\":...}"));
    if (!TakeIf('}')) {
      do {
        VERALITH_RETURN_IF_ERROR(TakeMember());
      } while (TakeIf(','));
      VERALITH_RETURN_IF_ERROR(Expect('}', "a comma or }"));
    }
    SkipSpace();
    if (at_ < line_.size()) {
      return Fault("expected the end of the line after the object");
    }
    if (!key_.has_value() || !value_.has_value()) {
      return InvalidArgument(StrCat("the entry has no ", key_.has_value() ? "value" : "key"));
    }
    return JsonEntry{ns_, *std::move(key_), *std::move(value_)};
  }

 private:
  absl::Status Fault(std::string_view what) const {
    return InvalidArgument(StrCat("column ", at_ + 1, ": ", what));
  }

  void SkipSpace() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r')) {
      ++at_;
    }
  }

  bool TakeIf(char c) {
    SkipSpace();
    const bool taken = at_ < line_.size() && line_[at_] == c;
    at_ += taken ? 1 : 0;
    return taken;
  }

  absl::Status Expect(char c, std::string_view what) {
    return TakeIf(c) ? absl::OkStatus() : Fault(StrCat("expected ", what));
  }

  absl::Status TakeMember() {
    SkipSpace();
    const size_t begin = at_;
    VERALITH_ASSIGN_OR_RETURN(std::string name, TakeString());
    const auto refuse = [&](std::string_view what) {
      at_ = begin;
      return Fault(StrCat("\"", name, "\" ", what));
    };
    VERALITH_RETURN_IF_ERROR(Expect(':', "a colon"));
    if (name == "ns" || name == "timestamp") {
      VERALITH_ASSIGN_OR_RETURN(const uint64_t number, TakeNumber());
      if (name == "ns" && ns_.has_value()) {
        return refuse("occurs twice");
      }
      if (name == "ns" && number > kMaxNamespace) {
        return refuse("is over the limit of 2^63-1");
      }
      ns_ = name == "ns" ? std::optional(number) : ns_;
      return absl::OkStatus();
    }
    const bool encoded = name.ends_with(kBase64Suffix);
    const std::string_view plain =
        std::string_view(name).substr(0, name.size() - (encoded ? kBase64Suffix.size() : 0));
    std::optional<std::string>* const target = plain == "key"     ? &key_
                                               : plain == "value" ? &value_
                                                                  : nullptr;
    if (target == nullptr) {
      return refuse("is no member of an entry: ns, key, value, key_base64, value_base64, "
                    "timestamp");
    }
    if (target->has_value()) {
      return refuse("occurs twice");
    }
    VERALITH_ASSIGN_OR_RETURN(*target, TakeString());
    if (encoded) {
      *target = Base64Decode(**target);
      return target->has_value() ? absl::OkStatus() : refuse("is not base64");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> TakeNumber() {
    SkipSpace();
    uint64_t number = 0;
    const char* const begin = line_.data() + at_;
    const auto [stop, error] = std::from_chars(begin, line_.data() + line_.size(), number);
    if (error != std::errc()) {
      return Fault("expected a whole number from 0 to 2^64-1");
    }
    at_ += static_cast<size_t>(stop - begin);
    return number;
  }

  absl::StatusOr<std::string> TakeString() {
    VERALITH_RETURN_IF_ERROR(Expect('"', "a string"));
    std::string out;
    while (at_ < line_.size()) {
      // Bytes that stand for themselves, in one piece.
      const size_t plain = PlainLength(line_.substr(at_));
      out.append(line_.substr(at_, plain));
      at_ += plain;
      if (at_ == line_.size()) {
        break;
      }
      if (TakeRaw('"')) {
        return out;
      }
      VERALITH_RETURN_IF_ERROR(line_[at_] == '\\' ? TakeEscape(&out) : TakeCharacter(&out));
    }
    return Fault("the string has no end: the line was cut");
  }

  bool TakeRaw(char c) {
    const bool taken = at_ < line_.size() && line_[at_] == c;
    at_ += taken ? 1 : 0;
    return taken;
  }

  absl::Status TakeCharacter(std::string* out) {
    const size_t length = Utf8Length(line_.substr(at_));
    if (length == 0 || (length == 1 && static_cast<unsigned char>(line_[at_]) < 0x20)) {
      return Fault("expected UTF-8 without control characters; other bytes are given as base64");
    }
    out->append(line_.substr(at_, length));
    at_ += length;
    return absl::OkStatus();
  }

  absl::Status TakeEscape(std::string* out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = at_ + 1 < line_.size() ? line_[at_ + 1] : '\0';
    if (const size_t index = kLetters.find(letter); letter != '\0' && index != kLetters.npos) {
      out->push_back(kMeanings[index]);
      at_ += 2;
      return absl::OkStatus();
    }
    std::optional<uint32_t> code = TakeUnicode();
    if (code.has_value() && *code >= 0xd800 && *code < 0xdc00) {
      const std::optional<uint32_t> low = TakeUnicode();
      code = low.has_value() && *low >= 0xdc00 && *low < 0xe000
                 ? std::optional(0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00))
                 : std::nullopt;
    } else if (code.has_value() && *code >= 0xdc00 && *code < 0xe000) {
      code.reset();
    }
    if (!code.has_value()) {
      return Fault("expected an escape of JSON: \\n, \\u00e9, a pair of surrogates...");
    }
    AppendUtf8(out, *code);
    return absl::OkStatus();
  }

  // \uXXXX.
  std::optional<uint32_t> TakeUnicode() {
    const std::string_view text = line_.substr(at_, 6);
    const std::optional<std::string> bytes =
        text.starts_with("\\u") && text.size() == 6 ? HexDecode(text.substr(2)) : std::nullopt;
    if (!bytes.has_value()) {
      return std::nullopt;
    }
    at_ += 6;
    return static_cast<uint32_t>(static_cast<unsigned char>((*bytes)[0])) << 8 |
           static_cast<unsigned char>((*bytes)[1]);
  }

  const std::string_view line_;
  size_t at_ = 0;
  std::optional<NamespaceId> ns_;
  std::optional<std::string> key_;
  std::optional<std::string> value_;
};

}  // namespace

bool IsUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t plain = PlainLength(bytes);
    const size_t length = plain > 0 ? plain : Utf8Length(bytes);
    if (length == 0) {
      return false;
    }
    bytes.remove_prefix(length);
  }
  return true;
}

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  while (true) {
    const size_t plain = PlainLength(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const unsigned char first = static_cast<unsigned char>(text[0]);
    const size_t length = Utf8Length(text);
    if (first == '"' || first == '\\') {
      out.append({'\\', static_cast<char>(first)});
    } else if (length == 0 || first < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", first);
      out += escape;
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

void AppendJsonBytes(std::string* out, std::string_view name, std::string_view bytes) {
  if (IsUtf8(bytes)) {
    StrAppend(out, "\"", name, "\":", JsonString(bytes));
  } else {
    StrAppend(out, "\"", name, kBase64Suffix, "\":\"", Base64Encode(bytes), "\"");
  }
}

absl::StatusOr<JsonEntry> ParseJsonEntry(std::string_view line) { return LineParser(line).Parse(); }

std::string Base64Encode(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  char* next = out.data();
  for (size_t i = 0; i < bytes.size(); i += 3, next += 4) {
    const auto byte = [&](size_t at) -> uint32_t {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
    };
    const uint32_t three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    const size_t digits = bytes.size() - i >= 3 ? 4 : bytes.size() - i + 1;
    for (size_t digit = 0; digit < digits; ++digit) {
      next[digit] = kAlphabet[three >> (18 - 6 * digit) & 63];
    }
  }
  return out;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  static const std::array<int8_t, 256> digits = Base64Digits();
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string out(text.size() / 4 * 3 - padding, '\0');
  char* next = out.data();
  for (size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    uint32_t three = 0;
    for (size_t j = 0; j < 4; ++j) {
      const bool pad = last && j >= 4 - padding;
      const int8_t digit = pad ? int8_t{0} : digits[static_cast<unsigned char>(text[i + j])];
      if (digit < 0) {
        return std::nullopt;
      }
      three = three << 6 | static_cast<uint32_t>(digit);
    }
    const size_t bytes = last ? 3 - padding : 3;
    for (size_t j = 0; j < bytes; ++j) {
      *next++ = static_cast<char>(three >> (16 - 8 * j));
    }
    if ((three & ((1u << (8 * (3 - bytes))) - 1)) != 0) {
      return std::nullopt;  // bits that belong to no byte
    }
  }
  return out;
}

}  // namespace veralith::tools
