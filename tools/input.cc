// SPDX-License-Identifier: Apache-2.0

#include "tools/input.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/json_line.h"

namespace veralith::tools {
namespace {

constexpr std::string_view kPackageField = "Package: ";
constexpr size_t kPieceBytes = size_t{1} << 16;
constexpr std::string_view kHexPrefix = "0x";

// Splits a line at its first tab; returns nothing if it has none.
std::optional<std::pair<std::string_view, std::string_view>> SplitAtTab(std::string_view line) {
  const size_t tab = line.find('\t');
  if (tab == std::string_view::npos) {
    return std::nullopt;
  }
  return std::pair(line.substr(0, tab), line.substr(tab + 1));
}

std::optional<std::string> DecodeHexWord(std::string_view word) {
  return word.starts_with(kHexPrefix) ? HexDecode(word.substr(kHexPrefix.size())) : std::nullopt;
}

std::optional<std::string> DecodeWord(InputFormat format, std::string_view word) {
  return format == InputFormat::kQuoted ? UnquoteKey(word) : DecodeHexWord(word);
}

bool IsPairOf(InputFormat format, std::string_view line) {
  const auto halves = SplitAtTab(line);
  return halves.has_value() && DecodeWord(format, halves->first).has_value() &&
         DecodeWord(format, halves->second).has_value();
}

// Returns what a first line looks like if it has no known format and is hardly plain text; else
// empty.
std::string_view UnlikeAnyFormat(std::string_view line) {
  if (UnquoteKey(line).has_value() || DecodeHexWord(line).has_value()) {
    return "it looks like the output of `scan --keys`, which has no values";
  }
  for (const std::string_view mark : {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"}) {
    if (line.starts_with(mark)) {
      return "it begins with a byte order mark, as some editors write it: remove it";
    }
  }
  if (line.starts_with('[')) {
    const size_t next = line.find_first_not_of(" \r", 1);
    if (next == line.npos || line[next] == '{') {
      return "it looks like an array of JSON, and load takes one object per line (`jq -c '.[]'`)";
    }
  }
  return "";
}

}  // namespace

const std::vector<std::string_view>& InputFormatNames() {
  static const auto* const names = new std::vector<std::string_view>{
      "auto", "jsonl", "quoted", "hex", "tsv", "stanzas", "lines"};
  return *names;
}

absl::StatusOr<InputFormat> ParseInputFormat(std::string_view name) {
  const std::vector<std::string_view>& names = InputFormatNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    std::string all;
    for (const std::string_view known : names) {
      StrAppend(&all, all.empty() ? "" : ", ", known);
    }
    return InvalidArgument(StrCat("unknown format \"", name, "\"; there are ", all));
  }
  return static_cast<InputFormat>(found - names.begin());
}

InputReader::InputReader(std::istream& stream, std::string name, InputFormat format)
    : stream_(stream), name_(std::move(name)), format_(format) {
  if (format_ == InputFormat::kAuto) {
    Guess();
  }
}

void InputReader::Guess() {
  has_peeked_ = ReadBytes(&peeked_);
  line_number_ = 1;  // for the error
  const size_t first = peeked_.find_first_not_of(' ');
  if (std::string_view what = UnlikeAnyFormat(peeked_); !what.empty()) {
    error_ = Fault(StrCat(what, "; if it is plain text, use --format lines"));
  } else if (first != std::string::npos && peeked_[first] == '{') {
    format_ = InputFormat::kJsonl;
  } else if (IsPairOf(InputFormat::kQuoted, peeked_)) {
    format_ = InputFormat::kQuoted;
  } else if (IsPairOf(InputFormat::kHex, peeked_)) {
    error_ = Fault("it looks like the output of `scan --hex` and like text with tabs: use --format "
                   "hex or --format tsv");
  } else {
    format_ = peeked_.starts_with(kPackageField)        ? InputFormat::kStanzas
              : peeked_.find('\t') != std::string::npos ? InputFormat::kTsv
                                                        : InputFormat::kLines;
  }
  line_number_ = has_peeked_ ? 0 : 1;
}

// Longer lines cannot hold an entry, whatever follows: an escape takes up to six bytes for one.
size_t InputReader::LineLimit(char first) const {
  const size_t widest = first == '{' ? 6 : first == '"' ? 4 : first == '0' ? 2 : 1;
  return widest * (kMaxKeyBytes + kMaxValueBytes) + 1024;
}

// Reads up to a newline, which is taken and not stored, or to the end of the stream.
bool InputReader::ReadBytes(std::string* line) {
  line->clear();
  line_ended_ = false;
  char piece[kPieceBytes];
  while (!line_ended_ && error_.ok() && stream_) {
    stream_.getline(piece, kPieceBytes);
    size_t bytes = static_cast<size_t>(stream_.gcount());
    bytes_read_ += bytes;
    if (stream_.eof() || stream_.bad()) {
      // All of `piece` is text.
    } else if (stream_.fail()) {
      stream_.clear();  // the piece is full
    } else {
      line_ended_ = true;
      --bytes;
    }
    line->append(piece, bytes);
    if (line->size() > LineLimit((*line)[0])) {
      ++line_number_;
      error_ = Fault(StrCat("a line of more than ", line->size() - kPieceBytes,
                            " bytes is longer than any entry can be"));
    }
  }
  return line_ended_ || !line->empty();
}

bool InputReader::ReadLine(std::string* line) {
  if (!(has_peeked_ ? true : ReadBytes(line))) {
    return false;
  }
  if (std::exchange(has_peeked_, false)) {
    *line = std::move(peeked_);
  }
  ++line_number_;
  return true;
}

absl::Status InputReader::Fault(std::string_view what) const {
  return InvalidArgument(StrCat(name_, " line ", line_number_, ": ", what));
}

absl::Status InputReader::CheckLimits(const InputEntry& entry) const {
  const auto check = [&](const char* what, size_t bytes, size_t limit) {
    return bytes <= limit ? absl::OkStatus()
                          : Fault(StrCat(what, " of ", bytes, " bytes is over the limit of ", limit,
                                         " bytes"));
  };
  VERALITH_RETURN_IF_ERROR(check("a key", entry.key.size(), kMaxKeyBytes));
  return check("a value", entry.value.size(), kMaxValueBytes);
}

absl::StatusOr<bool> InputReader::NextStanza(InputEntry* entry) {
  std::string line;
  bool has_package = false;
  while (ReadLine(&line)) {
    if (line.empty()) {
      if (entry->value.empty()) {
        continue;
      }
      break;
    }
    if (line.starts_with(kPackageField)) {
      entry->key = line.substr(kPackageField.size());
      has_package = true;
    }
    entry->value.append(line).push_back('\n');
  }
  if (entry->value.empty()) {
    return false;
  }
  if (!has_package) {
    return Fault("a stanza without a Package field ends here");
  }
  return true;
}

absl::Status InputReader::ParsePair(std::string_view line, InputEntry* entry) const {
  const auto halves = SplitAtTab(line);
  if (!halves.has_value()) {
    return Fault("expected key<TAB>value");
  }
  if (format_ == InputFormat::kTsv) {
    entry->key = halves->first;
    entry->value = halves->second;
    return absl::OkStatus();
  }
  std::optional<std::string> key = DecodeWord(format_, halves->first);
  std::optional<std::string> value = DecodeWord(format_, halves->second);
  if (!key.has_value() || !value.has_value()) {
    return Fault(StrCat("the ", key.has_value() ? "value" : "key",
                        format_ == InputFormat::kQuoted
                            ? " is not quoted as `scan` does it; text as it is needs --format tsv"
                            : " is not 0x and an even number of hexadecimal digits"));
  }
  if (!line_ended_) {
    return Fault("the last line has no end: the input was cut");
  }
  entry->key = *std::move(key);
  entry->value = *std::move(value);
  return absl::OkStatus();
}

absl::StatusOr<bool> InputReader::NextLine(InputEntry* entry) {
  std::string line;
  do {
    if (!ReadLine(&line)) {
      return false;
    }
  } while (format_ == InputFormat::kJsonl && line.empty());
  if (format_ == InputFormat::kJsonl) {
    absl::StatusOr<JsonEntry> parsed = ParseJsonEntry(line);
    if (!parsed.ok()) {
      return Fault(StrCat(Message(parsed.status()), " (--format lines takes any text)"));
    }
    *entry = {parsed->ns, std::move(parsed->key), std::move(parsed->value)};
  } else if (format_ == InputFormat::kLines) {
    char number[32];
    std::snprintf(number, sizeof(number), ":%010llu",
                  static_cast<unsigned long long>(line_number_));
    entry->key = name_ + number;
    entry->value = std::move(line);
  } else {
    VERALITH_RETURN_IF_ERROR(ParsePair(line, entry));
  }
  return true;
}

absl::StatusOr<bool> InputReader::Next(InputEntry* entry) {
  *entry = {};
  VERALITH_RETURN_IF_ERROR(error_);
  const absl::StatusOr<bool> found =
      format_ == InputFormat::kStanzas ? NextStanza(entry) : NextLine(entry);
  VERALITH_RETURN_IF_ERROR(error_);
  if (stream_.bad()) {
    return Unavailable(StrCat(name_, ": read error after ", bytes_read_, " bytes"));
  }
  if (found.ok() && *found) {
    VERALITH_RETURN_IF_ERROR(CheckLimits(*entry));
  }
  return found;
}

}  // namespace veralith::tools
