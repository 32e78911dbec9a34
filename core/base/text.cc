// SPDX-License-Identifier: Apache-2.0

#include "core/base/text.h"

#include <cstddef>

namespace veralith {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

void AppendHexByte(std::string* out, char byte) {
  const auto value = static_cast<unsigned char>(byte);
  out->push_back(kDigits[value >> 4]);
  out->push_back(kDigits[value & 15]);
}

// Returns -1 if it is no digit.
int DigitValue(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

std::optional<char> HexByte(std::string_view two_digits) {
  if (two_digits.size() != 2) {
    return std::nullopt;
  }
  const int high = DigitValue(two_digits[0]);
  const int low = DigitValue(two_digits[1]);
  if (high < 0 || low < 0) {
    return std::nullopt;
  }
  return static_cast<char>(high * 16 + low);
}

bool StandsForItself(char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; }

// Takes one escape, the backslash included, off the front of *text.
std::optional<char> TakeEscape(std::string_view* text) {
  if (text->size() < 2) {
    return std::nullopt;
  }
  const char kind = (*text)[1];
  if (kind == '"' || kind == '\\') {
    text->remove_prefix(2);
    return kind;
  }
  const std::optional<char> byte = kind == 'x' ? HexByte(text->substr(2, 2)) : std::nullopt;
  if (byte.has_value()) {
    text->remove_prefix(4);
  }
  return byte;
}

}  // namespace

std::string HexEncode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    AppendHexByte(&out, byte);
  }
  return out;
}

std::optional<std::string> HexDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const std::optional<char> byte = HexByte(text.substr(i, 2));
    if (!byte.has_value()) {
      return std::nullopt;
    }
    out.push_back(*byte);
  }
  return out;
}

std::string QuoteKey(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    if (StandsForItself(c)) {
      out.push_back(c);
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else {
      out.append("\\x");
      AppendHexByte(&out, c);
    }
  }
  out.push_back('"');
  return out;
}

std::optional<std::string> UnquoteKey(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
    return std::nullopt;
  }
  const std::string_view whole = text;
  text = text.substr(1, text.size() - 2);
  std::string out;
  while (!text.empty()) {
    if (StandsForItself(text.front())) {
      out.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    const std::optional<char> byte = text.front() == '\\' ? TakeEscape(&text) : std::nullopt;
    if (!byte.has_value()) {
      return std::nullopt;
    }
    out.push_back(*byte);
  }
  // One form per value: an escape that was not needed, or in capitals, is not a QuoteKey.
  return QuoteKey(out) == whole ? std::optional<std::string>(std::move(out)) : std::nullopt;
}

}  // namespace veralith
