// SPDX-License-Identifier: Apache-2.0

// One entry of a database as one line of JSON, exact for every byte: what `veralith dump` and
// `scan --json` print and `load` reads.
//
//   {"ns":0,"key":"apple","value":"red"}
//   {"ns":0,"key_base64":"/w==","value":"the key is the byte FF"}
//
// "key" and "value" are used if the bytes are UTF-8, otherwise "key_base64" and "value_base64". So
// different bytes never have the same line. "ns" may be missing: the reader chooses one.
// "timestamp" may be present and is ignored.
//
// Pure functions, any thread.
#ifndef VERALITH_TOOLS_JSON_LINE_H_
#define VERALITH_TOOLS_JSON_LINE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "veralith/types.h"

namespace veralith::tools {

// A JSON string. Text is UTF-8; any other byte appears as the character of its number (U+0080 to
// U+00FF), so this is for text to look at. Bytes that must be exact go through AppendJsonBytes.
std::string JsonString(std::string_view text);
// Appends "name":"bytes", or "name_base64":"..." when the bytes are not UTF-8.
void AppendJsonBytes(std::string* out, std::string_view name, std::string_view bytes);

struct JsonEntry {
  std::optional<NamespaceId> ns;
  std::string key;
  std::string value;
};
// InvalidArgument, naming the column and what was expected, for anything except such an object.
// That includes other or repeated members, values of another type, and strings that are not UTF-8.
absl::StatusOr<JsonEntry> ParseJsonEntry(std::string_view line);

// With padding, as in RFC 4648.
std::string Base64Encode(std::string_view bytes);
// Returns the bytes whose Base64Encode is `text`; nothing if there are none.
std::optional<std::string> Base64Decode(std::string_view text);

bool IsUtf8(std::string_view bytes);

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_JSON_LINE_H_
