// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/key_text.h"

#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/json_line.h"
#include "tools/veralith/suggestion.h"

namespace veralith::tools {
namespace {

Flag KeyFlag(std::string_view name, std::string_view help, char letter = 0) {
  return {.name = name, .letter = letter, .value = "KEY", .type = Flag::Type::kKey, .help = help};
}

// Takes printable characters other than a quote and a backslash, and escapes. Accepts also escapes
// that scan would not write, such as \x41.
std::optional<std::string> Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t taken = 1;
    if (text[0] == '\\') {
      const std::string_view rest = text.substr(1);
      const std::optional<std::string> byte =
          rest.starts_with('x') && rest.size() >= 3 ? HexDecode(rest.substr(1, 2)) : std::nullopt;
      if (byte.has_value()) {
        out += *byte;
      } else if (rest.starts_with('"') || rest.starts_with('\\')) {
        out.push_back(rest[0]);
      } else {
        return std::nullopt;
      }
      taken = byte.has_value() ? 4 : 2;
    } else if (text[0] > ' ' && text[0] < 0x7f && text[0] != '"') {
      out.push_back(text[0]);
    } else {
      return std::nullopt;
    }
    text.remove_prefix(taken);
  }
  return out;
}

std::string Hex(std::string_view bytes) { return "0x" + HexEncode(bytes); }

absl::Status ReadBound(const Arguments& arguments, std::string_view inclusive,
                       std::string_view exclusive, Bound* bound) {
  if (arguments.Has(inclusive) && arguments.Has(exclusive)) {
    return InvalidArgument(StrCat("--", inclusive, " and --", exclusive, " exclude each other"));
  }
  for (const std::string_view name : {inclusive, exclusive}) {
    if (const auto text = arguments.Value(name); text.has_value()) {
      VERALITH_ASSIGN_OR_RETURN(std::string key, KeyFromArgument(arguments, *text));
      *bound =
          name == inclusive ? Bound::Inclusive(std::move(key)) : Bound::Exclusive(std::move(key));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Flag> KeyFlags() {
  return {{.name = "quoted",
           .help = "keys are given in the form that scan prints: \\xHH for bytes that do not "
                   "print; "
                   "the quotes can be left out"},
          {.name = "hex",
           .letter = 'x',
           .help = "keys are given, and keys and values are printed, in hexadecimal digits"}};
}

absl::StatusOr<std::string> KeyFromArgument(const Arguments& arguments, std::string_view text) {
  if (arguments.Has("quoted") && arguments.Has("hex")) {
    return InvalidArgument("--quoted and --hex exclude each other");
  }
  std::optional<std::string> key;
  if (arguments.Has("hex")) {
    key = HexDecode(text.starts_with("0x") ? text.substr(2) : text);
    if (!key.has_value()) {
      return InvalidArgument(
          StrCat(ShowWord(text), " is not an even number of hexadecimal digits, as --hex needs"));
    }
  } else if (arguments.Has("quoted")) {
    const bool quotes = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    key = Unescape(quotes ? text.substr(1, text.size() - 2) : text);
    if (!key.has_value()) {
      return InvalidArgument(StrCat(ShowWord(text),
                                    " is not a quoted key: it has \\xHH for spaces "
                                    "and "
                                    "bytes that do not print, \\\" and \\\\: 'a\\x20b'"));
    }
  } else {
    key = text;
  }
  if (key->size() > kMaxKeyBytes) {
    return InvalidArgument(
        StrCat("a key of ", key->size(), " bytes is over the limit of ", kMaxKeyBytes, " bytes"));
  }
  return *std::move(key);
}

std::vector<Flag> RangeFlags() {
  std::vector<Flag> flags = {
      KeyFlag("from", "first key, inclusive"), KeyFlag("after", "first key, exclusive"),
      KeyFlag("to", "last key, inclusive"), KeyFlag("before", "last key, exclusive"),
      KeyFlag("prefix", "only keys that begin with it", 'p')};
  for (const Flag& flag : KeyFlags()) {
    flags.push_back(flag);
  }
  return flags;
}

absl::StatusOr<BoundPair> BoundsFrom(const Arguments& arguments) {
  BoundPair bounds;
  VERALITH_RETURN_IF_ERROR(ReadBound(arguments, "from", "after", &bounds.lower));
  VERALITH_RETURN_IF_ERROR(ReadBound(arguments, "to", "before", &bounds.upper));
  const std::optional<std::string> text = arguments.Value("prefix");
  if (!text.has_value()) {
    return bounds;
  }
  if (!bounds.is_open()) {
    return InvalidArgument("--prefix and other bounds exclude each other");
  }
  VERALITH_ASSIGN_OR_RETURN(const std::string prefix, KeyFromArgument(arguments, *text));
  bounds.lower = Bound::Inclusive(prefix);
  if (std::optional<std::string> end = KeyAfterPrefix(prefix); end.has_value()) {
    bounds.upper = Bound::Exclusive(*std::move(end));
  }
  return bounds;
}

std::optional<std::string> KeyAfter(std::string_view key) {
  return key.size() < kMaxKeyBytes ? std::string(key) + '\0' : KeyAfterPrefix(key);
}

std::optional<std::string> KeyAfterPrefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') {
    end.pop_back();
  }
  if (end.empty()) {
    return std::nullopt;
  }
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::string JsonRow(NamespaceId ns, std::string_view key, std::optional<std::string_view> value,
                    std::optional<Timestamp> timestamp) {
  std::string out = StrCat("{\"ns\":", ns, ",");
  AppendJsonBytes(&out, "key", key);
  if (value.has_value()) {
    out += ",";
    AppendJsonBytes(&out, "value", *value);
  }
  if (timestamp.has_value()) {
    StrAppend(&out, ",\"timestamp\":", *timestamp);
  }
  return out + "}\n";
}

std::string TextRow(bool hex, std::string_view key, std::optional<std::string_view> value) {
  std::string out = hex ? Hex(key) : QuoteKey(key);
  if (value.has_value()) {
    StrAppend(&out, "\t", hex ? Hex(*value) : QuoteKey(*value));
  }
  return out + "\n";
}

}  // namespace veralith::tools
