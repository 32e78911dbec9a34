// SPDX-License-Identifier: Apache-2.0

// Text for people and for traces: concatenation, hexadecimal, and a printable form of arbitrary
// bytes that can be read back.
//
// Pure functions, any thread. Not for hot paths: each returns a new string.
#ifndef VERALITH_CORE_BASE_TEXT_H_
#define VERALITH_CORE_BASE_TEXT_H_

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace veralith {

namespace text_internal {

inline void AppendPiece(std::string& out, std::string_view piece) { out.append(piece); }
template <typename Number>
  requires(std::integral<Number> || std::floating_point<Number>)
void AppendPiece(std::string& out, Number piece) {
  if constexpr (std::same_as<Number, bool>) {
    out.append(piece ? "true" : "false");
  } else if constexpr (std::same_as<Number, char>) {
    out.push_back(piece);
  } else {
    char digits[64];
    out.append(digits, std::to_chars(digits, digits + sizeof(digits), piece).ptr);
  }
}
template <typename Enum>
  requires std::is_enum_v<Enum>
void AppendPiece(std::string& out, Enum piece) {
  AppendPiece(out, static_cast<int64_t>(piece));
}

}  // namespace text_internal

// Appends strings as they are, a char as itself, a bool as true or false, other numbers in decimal
// (uint8_t too), and enumerators as their numbers.
template <typename... Pieces>
void StrAppend(std::string* out, const Pieces&... pieces) {
  (text_internal::AppendPiece(*out, pieces), ...);
}
template <typename... Pieces>
std::string StrCat(const Pieces&... pieces) {
  std::string out;
  StrAppend(&out, pieces...);
  return out;
}

// Two lower-case digits per byte.
std::string HexEncode(std::string_view bytes);
// The bytes; nothing unless `text` is an even number of hexadecimal digits (either case).
std::optional<std::string> HexDecode(std::string_view text);

// Any bytes as one printable ASCII word without spaces, quotes included: letters, digits and
// punctuation stand for themselves, " is \", \ is \\, everything else (space too) is \x and two
// lower-case digits. QuoteKey("a b") is "a\x20b". Different bytes have different forms.
std::string QuoteKey(std::string_view bytes);
// The bytes whose QuoteKey is `text`; nothing if there are none.
std::optional<std::string> UnquoteKey(std::string_view text);

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_TEXT_H_
