#include "tools/veralith/arguments.h"

#include <charconv>

#include "core/base/status.h"

namespace veralith::tools {

absl::StatusOr<Arguments> Arguments::Parse(const std::vector<std::string>& words,
                                           const OptionNames& names) {
  Arguments result;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      result.positional_.insert(result.positional_.end(),
                                words.begin() + static_cast<ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (!word.starts_with("--")) {
      result.positional_.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    if (names.switches.contains(name) && equals == std::string::npos) {
      result.values_[name] = "";
    } else if (!names.with_value.contains(name)) {
      return InvalidArgument("unknown option " + word);
    } else if (equals != std::string::npos) {
      result.values_[name] = word.substr(equals + 1);
    } else if (++i < words.size()) {
      result.values_[name] = words[i];
    } else {
      return InvalidArgument("option " + word + " needs a value");
    }
  }
  return result;
}

std::optional<std::string> Arguments::Value(const std::string& name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::nullopt : std::optional(it->second);
}

absl::StatusOr<uint64_t> Arguments::Number(const std::string& name, uint64_t otherwise) const {
  const std::optional<std::string> text = Value(name);
  if (!text.has_value()) {
    return otherwise;
  }
  uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || text->empty()) {
    return InvalidArgument("--" + name + " takes a decimal number, not \"" + *text + "\"");
  }
  return number;
}

}  // namespace veralith::tools
