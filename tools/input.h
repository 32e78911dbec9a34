// Turns text into keys and values: what `veralith load` and the main job read.
//
// Formats
//   tsv      key<TAB>value, one entry a line; a line without a tab is an error
//   stanzas  Debian control stanzas (apt-cache dumpavail): key = the Package field, value = stanza
//   lines    key = "<name>:<line number, ten digits>", value = the line
//   auto     stanzas if the first line is a Package field, tsv if it has a tab, else lines
#ifndef VERALITH_TOOLS_INPUT_H_
#define VERALITH_TOOLS_INPUT_H_

#include <cstdint>
#include <istream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith::tools {

enum class InputFormat { kAuto, kTsv, kStanzas, kLines };

// InvalidArgument, naming the formats, for any other name.
absl::StatusOr<InputFormat> ParseInputFormat(const std::string& name);

class InputReader {
 public:
  // `name` is for messages and for the keys of lines.
  InputReader(std::istream& stream, std::string name, InputFormat format);

  // True: an entry; false: the end. InvalidArgument, naming file and line, for what does not fit the
  // format; Unavailable for a read error.
  absl::StatusOr<bool> Next(std::string* key, std::string* value);
  // InvalidArgument, naming file and line, when the entry read last is over a limit of databases.
  absl::Status CheckEntry(const std::string& key, const std::string& value) const;
  InputFormat format() const { return format_; }  // what kAuto turned out to be
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  bool ReadLine(std::string* line);
  absl::StatusOr<bool> NextStanza(std::string* key, std::string* value);
  absl::Status Fault(const std::string& what) const;

  std::istream& stream_;
  const std::string name_;
  InputFormat format_;
  std::string peeked_;
  bool has_peeked_ = false;
  uint64_t line_number_ = 0;
  uint64_t bytes_read_ = 0;
};

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_INPUT_H_
