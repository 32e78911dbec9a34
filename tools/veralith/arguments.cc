// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/arguments.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/veralith/suggestion.h"

namespace veralith::tools {
namespace {

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

absl::Status CheckValue(const Flag& flag, std::string_view value) {
  if (flag.type == Flag::Type::kNumber) {
    const std::optional<uint64_t> number = ParseNumber(value);
    if (!number.has_value() || *number > flag.most) {
      return InvalidArgument(StrCat("--", flag.name, " takes a whole number from 0 to ", flag.most,
                                    ", not ", ShowWord(value)));
    }
  }
  if (flag.type == Flag::Type::kChoice &&
      std::find(flag.choices.begin(), flag.choices.end(), value) == flag.choices.end()) {
    std::string all;
    for (const std::string_view choice : flag.choices) {
      StrAppend(&all, all.empty() ? "" : ", ", choice);
    }
    return InvalidArgument(StrCat("--", flag.name, " takes one of ", all, ", not ", ShowWord(value),
                                  DidYouMean(value, flag.choices)));
  }
  if (flag.type == Flag::Type::kFile && value.empty()) {
    return InvalidArgument(StrCat("--", flag.name, " takes the name of a file, not an empty word"));
  }
  return absl::OkStatus();
}

absl::Status Unknown(std::string_view option, const std::vector<Flag>& flags) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) {
    names.push_back(StrCat("--", flag.name));
  }
  return InvalidArgument(StrCat(
      "unknown option ", option,
      DidYouMean(option, std::vector<std::string_view>(names.begin(), names.end())),
      option.starts_with("--") ? ""
                               : "; an argument that begins with \"-\" is given after \"--\""));
}

// Takes words from the front to the back.
class Parser {
 public:
  using Values = std::map<std::string, std::string, std::less<>>;

  Parser(const std::vector<std::string>& words, const std::vector<Flag>& flags, Values* values)
      : words_(words), flags_(flags), values_(*values) {}

  absl::StatusOr<std::vector<std::string>> Run() {
    std::vector<std::string> positional;
    for (; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      if (word == "--") {
        positional.insert(positional.end(), words_.begin() + static_cast<ptrdiff_t>(at_) + 1,
                          words_.end());
        break;
      }
      if (word.starts_with("--")) {
        VERALITH_RETURN_IF_ERROR(TakeLong(word));
      } else if (word.size() > 1 && word[0] == '-') {
        VERALITH_RETURN_IF_ERROR(TakeLetters(word));
      } else {
        positional.push_back(word);
      }
    }
    return positional;
  }

 private:
  absl::Status TakeLong(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto flag =
        std::find_if(flags_.begin(), flags_.end(), [&](const Flag& f) { return f.name == name; });
    if (flag == flags_.end()) {
      return Unknown(word.substr(0, equals), flags_);
    }
    if (equals == std::string::npos) {
      return flag->is_switch() ? Set(*flag, "") : TakeNext(*flag, word);
    }
    if (flag->is_switch()) {
      return InvalidArgument(
          StrCat("--", flag->name, " takes no value, but here is ", ShowWord(word)));
    }
    return Set(*flag, word.substr(equals + 1));
  }

  absl::Status TakeLetters(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                     [&](const Flag& f) { return f.letter == word[i]; });
      if (flag == flags_.end()) {
        return Unknown(i == 1 ? word : StrCat("-", word[i], " (in ", word, ")"), flags_);
      }
      if (!flag->is_switch()) {
        return i + 1 < word.size() ? Set(*flag, word.substr(i + 1))
                                   : TakeNext(*flag, StrCat("-", word[i]));
      }
      VERALITH_RETURN_IF_ERROR(Set(*flag, ""));
    }
    return absl::OkStatus();
  }

  absl::Status TakeNext(const Flag& flag, std::string_view option) {
    if (++at_ == words_.size()) {
      return InvalidArgument(
          StrCat("option ", option, " needs a value: ", option, " ", flag.value));
    }
    return Set(flag, words_[at_]);
  }

  absl::Status Set(const Flag& flag, std::string value) {
    if (!flag.is_switch()) {
      VERALITH_RETURN_IF_ERROR(CheckValue(flag, value));
    }
    values_[std::string(flag.name)] = std::move(value);
    return absl::OkStatus();
  }

  const std::vector<std::string>& words_;
  const std::vector<Flag>& flags_;
  Values& values_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<Arguments> Arguments::Parse(const std::vector<std::string>& words,
                                           const std::vector<Flag>& flags) {
  Arguments result;
  VERALITH_ASSIGN_OR_RETURN(result.positional_, Parser(words, flags, &result.values_).Run());
  return result;
}

std::optional<std::string> Arguments::Value(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::nullopt : std::optional(it->second);
}

uint64_t Arguments::Number(std::string_view name, uint64_t otherwise) const {
  const auto it = values_.find(name);
  return it == values_.end() ? otherwise : ParseNumber(it->second).value_or(otherwise);
}

}  // namespace veralith::tools
