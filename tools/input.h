// SPDX-License-Identifier: Apache-2.0

// Turns text into entries: what `veralith load` and the main job read.
//
// Formats
//   jsonl    an entry is an object on a line of its own (tools/json_line.h): `dump`, `scan --json`
//   quoted   "key"<TAB>"value", each as QuoteKey writes it: `scan`
//   hex      0xKEY<TAB>0xVALUE in hexadecimal digits: `scan --hex`
//   tsv      key<TAB>value, bytes as they are; the value ends with the line
//   stanzas  Debian control stanzas (apt-cache dumpavail): key = the Package field, value = stanza
//   lines    key = "<name>:<line number, ten digits>", value = the line
//   auto     what the first line looks like: an object, two quoted words, a Package field, a tab;
//            anything else is lines. If it looks like two formats, or like a format that load does
//            not read, that is an error that says so.
// A line that does not fit the format is an error; no format is replaced by another one.
#ifndef VERALITH_TOOLS_INPUT_H_
#define VERALITH_TOOLS_INPUT_H_

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "veralith/types.h"

namespace veralith::tools {

enum class InputFormat { kAuto, kJsonl, kQuoted, kHex, kTsv, kStanzas, kLines };

// The names of the formats, in the order of the enumerators.
const std::vector<std::string_view>& InputFormatNames();
// InvalidArgument, naming the formats, for any other name.
absl::StatusOr<InputFormat> ParseInputFormat(std::string_view name);

struct InputEntry {
  std::optional<NamespaceId> ns;  // if the line states it
  std::string key;
  std::string value;
};

class InputReader {
 public:
  // `name` is for messages and for the keys of lines. Reads the first line if the format is kAuto.
  InputReader(std::istream& stream, std::string name, InputFormat format);

  // Returns true for an entry, false at the end. InvalidArgument, naming file and line, if a line
  // does not fit the format or exceeds a limit of databases; Unavailable for a read error.
  absl::StatusOr<bool> Next(InputEntry* entry);
  InputFormat format() const { return format_; }  // what kAuto turned out to be
  uint64_t bytes_read() const { return bytes_read_; }
  // Returns "name line 7: what", for the line read last.
  absl::Status Fault(std::string_view what) const;

 private:
  bool ReadLine(std::string* line);
  bool ReadBytes(std::string* line);
  size_t LineLimit(char first) const;
  void Guess();
  absl::StatusOr<bool> NextStanza(InputEntry* entry);
  absl::StatusOr<bool> NextLine(InputEntry* entry);
  absl::Status ParsePair(std::string_view line, InputEntry* entry) const;
  absl::Status CheckLimits(const InputEntry& entry) const;

  std::istream& stream_;
  const std::string name_;
  InputFormat format_;
  absl::Status error_;  // from guessing, or for a line that is too long
  std::string peeked_;
  bool has_peeked_ = false;
  bool line_ended_ = false;  // whether the line read last ended with a newline
  uint64_t line_number_ = 0;
  uint64_t bytes_read_ = 0;
};

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_INPUT_H_
