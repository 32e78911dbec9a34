// SPDX-License-Identifier: Apache-2.0

// Keys and bounds on the command line, and rows in print.
//
// A key is given as it is; with --quoted, in the form that scan prints, with or without its quotes;
// with --hex, in hexadecimal digits, with or without 0x.
#ifndef VERALITH_TOOLS_VERALITH_KEY_TEXT_H_
#define VERALITH_TOOLS_VERALITH_KEY_TEXT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/veralith/arguments.h"
#include "veralith/options.h"
#include "veralith/types.h"

namespace veralith::tools {

// --quoted and --hex.
std::vector<Flag> KeyFlags();
// Returns the key that `text` means under these options. InvalidArgument if it is none.
absl::StatusOr<std::string> KeyFromArgument(const Arguments& arguments, std::string_view text);

// --from, --after, --to, --before, --prefix, and KeyFlags.
std::vector<Flag> RangeFlags();
struct BoundPair {
  Bound lower;
  Bound upper;

  bool is_open() const {
    return lower.kind == Bound::Kind::kOpen && upper.kind == Bound::Kind::kOpen;
  }
  // Whether every key is between the bounds; also true if an empty key as a bound says so.
  bool covers_all() const {
    return upper.kind == Bound::Kind::kOpen && lower.kind != Bound::Kind::kExclusive &&
           lower.key.empty();
  }
};
absl::StatusOr<BoundPair> BoundsFrom(const Arguments& arguments);

// Returns the smallest key after `key`; nothing if there is none, because of the limit of keys'
// length.
std::optional<std::string> KeyAfter(std::string_view key);
// Returns the smallest key after all keys that begin with `prefix`; nothing if there is none.
std::optional<std::string> KeyAfterPrefix(std::string_view prefix);

// {"ns":0,"key":"apple","value":"red","timestamp":17}, the last two only if they are given.
std::string JsonRow(NamespaceId ns, std::string_view key, std::optional<std::string_view> value,
                    std::optional<Timestamp> timestamp);
// "apple"<TAB>"red", or in hexadecimal digits.
std::string TextRow(bool hex, std::string_view key, std::optional<std::string_view> value);

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_KEY_TEXT_H_
