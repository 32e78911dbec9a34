// SPDX-License-Identifier: Apache-2.0

// Options by name and text, for command lines, files of settings and other languages. The names are
// those of the members of Options; docs/OPTIONS.md lists them with their limits.
//
//   veralith::Options options;
//   absl::Status set = veralith::SetOption("write_buffer_bytes", "8388608", &options);
//
// Options without a text (doors, listeners, the random seed) are not here: set their members.
// Pure functions, any thread.
#ifndef VERALITH_OPTIONS_TEXT_H_
#define VERALITH_OPTIONS_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "veralith/export.h"
#include "veralith/options.h"

namespace veralith {

// Sets the option `name` to what `text` says: a number in decimal, "true" or "false", or the name
// of a choice ("tiered"). A switch is also 0 or 1, a choice also its number in its enumeration.
// Errors; the option keeps its value:
//   NotFound         No option has the name.
//   InvalidArgument  The text says no value, or an illegal one; names the legal ones.
VERALITH_EXPORT absl::Status SetOption(std::string_view name, std::string_view text,
                                       Options* options);

// One option, for people and for SetOption.
struct OptionText {
  std::string_view name;      // lives for ever, as do all views here
  std::string text;           // the value, as SetOption reads it
  std::string limits;         // the legal values, for people: "0 to 64"
  std::string_view unit;      // "bytes"; empty: none
  std::string_view sentence;  // what it is for
};

// Returns every option that has a text, with its value in `options`, in the order of options.h.
VERALITH_EXPORT std::vector<OptionText> OptionTexts(const Options& options);

}  // namespace veralith

#endif  // VERALITH_OPTIONS_TEXT_H_
