// The words of a command line: options (--name value, --name=value, or a lone --name for a switch)
// and positional arguments. "--" ends the options; so a key that begins with "--" can be given.
//
// A command declares what it takes; anything else is an error that names the word.
#ifndef VERALITH_TOOLS_VERALITH_ARGUMENTS_H_
#define VERALITH_TOOLS_VERALITH_ARGUMENTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith::tools {

struct OptionNames {
  std::set<std::string> with_value;
  std::set<std::string> switches;
};

class Arguments {
 public:
  // InvalidArgument for an option that is not in `names`, or one without its value.
  static absl::StatusOr<Arguments> Parse(const std::vector<std::string>& words,
                                         const OptionNames& names);

  const std::vector<std::string>& positional() const { return positional_; }
  bool Has(const std::string& name) const { return values_.contains(name); }
  std::optional<std::string> Value(const std::string& name) const;
  // `otherwise` when the option is absent; InvalidArgument when it is not a decimal number.
  absl::StatusOr<uint64_t> Number(const std::string& name, uint64_t otherwise) const;

 private:
  std::map<std::string, std::string> values_;
  std::vector<std::string> positional_;
};

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_ARGUMENTS_H_
