// SPDX-License-Identifier: Apache-2.0

// The table of options: one row says everything about an option except what it does in full, which
// options.h says. From the rows come the check of what callers pass (option_mapping.cc), the
// configurations of conformance tests (model/conformance), `veralith options` and docs/OPTIONS.md.
//
// To add an option: its member in options.h and its row in option_table.cc. option_table_test
// compares the two.
//
// Pure functions, any thread.
#ifndef VERALITH_CORE_DB_OPTION_TABLE_H_
#define VERALITH_CORE_DB_OPTION_TABLE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "veralith/options.h"

namespace veralith {

// A member of `Struct` and the values that it may have, both ends included.
template <typename Struct, typename T>
struct OptionPlace {
  T Struct::* member;
  T least;
  T most;
};

template <typename Struct>
struct OptionRow {
  using Place = std::variant<OptionPlace<Struct, bool>, OptionPlace<Struct, int>,
                             OptionPlace<Struct, int64_t>, OptionPlace<Struct, uint64_t>,
                             OptionPlace<Struct, double>, OptionPlace<Struct, SyncMode>,
                             OptionPlace<Struct, Codec>, OptionPlace<Struct, CompactionPolicyKind>>;

  std::string_view name;  // the member's
  Place place;
  std::string_view unit;      // "bytes"; empty for switches, choices and plain numbers
  std::string_view sentence;  // what it is for

  // InvalidArgument that names the option and its legal values, when `options` has another.
  absl::Status Check(const Struct& options) const;
  // Returns the value in `options` as text that Set reads: "4096", "true", "tiered".
  std::string Text(const Struct& options) const;
  // Sets the value that `text` says. A switch is also 0 or 1, a choice also its number in its
  // enumeration, from 0. InvalidArgument, and no change, when it says none, or an illegal one.
  absl::Status Set(std::string_view text, Struct* options) const;
  // Returns the legal values for people: "1024 or more", "0 to 64", "commit, interval or manual".
  std::string Limits() const;
  // Returns the texts of all legal values of a switch or a choice; none for a number.
  std::vector<std::string_view> Choices() const;
};

// All rows, in the order of options.h.
std::span<const OptionRow<Options>> OptionRows();
std::span<const OptionRow<ReadOptions>> ReadOptionRows();
std::span<const OptionRow<WriteOptions>> WriteOptionRows();

// An option whose values have no text: an object of the program, or a part of one call.
struct OtherOption {
  std::string_view of;  // the struct
  std::string_view name;
  std::string_view sentence;
};
std::span<const OtherOption> OtherOptions();

// Returns null when no option of this kind has the name.
const OptionRow<Options>* FindOption(std::string_view name);

}  // namespace veralith

#endif  // VERALITH_CORE_DB_OPTION_TABLE_H_
