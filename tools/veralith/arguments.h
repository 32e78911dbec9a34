// SPDX-License-Identifier: Apache-2.0

// The words of a command line: options (--name VALUE, --name=VALUE, -n VALUE, -nVALUE, or a lone
// name for a switch; -rk is -r -k) and arguments. "--" ends the options; so an argument that begins
// with "-" can be given. A lone "-" is an argument.
//
// A command declares what it takes. Anything else is an error that names the word and what was
// probably meant. A value that is no number, no key, or none of the choices is such an error, too:
// so a command that runs has only values that fit.
#ifndef VERALITH_TOOLS_VERALITH_ARGUMENTS_H_
#define VERALITH_TOOLS_VERALITH_ARGUMENTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith::tools {

// An option.
struct Flag {
  enum class Type { kText, kNumber, kKey, kFile, kChoice };

  std::string_view name = {};   // without "--"
  char letter = 0;              // without "-"; 0: none
  std::string_view value = {};  // the name of its value in help; empty: a switch, which has none
  Type type = Type::kText;      // type of its value
  std::string_view help = {};   // a phrase
  std::vector<std::string_view> choices = {};  // for kChoice
  uint64_t most = UINT64_MAX;                  // for kNumber

  bool is_switch() const { return value.empty(); }
};

class Arguments {
 public:
  // InvalidArgument for an option that is not in `flags`, one without its value, or a wrong value.
  static absl::StatusOr<Arguments> Parse(const std::vector<std::string>& words,
                                         const std::vector<Flag>& flags);

  const std::vector<std::string>& positional() const { return positional_; }
  bool Has(std::string_view name) const { return values_.contains(name); }
  std::optional<std::string> Value(std::string_view name) const;
  // Returns `otherwise` if the option is absent. Only for options of kNumber.
  uint64_t Number(std::string_view name, uint64_t otherwise) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::vector<std::string> positional_;
};

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_ARGUMENTS_H_
