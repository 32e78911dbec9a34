// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/help.h"

#include <algorithm>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/veralith/suggestion.h"

namespace veralith::tools {
namespace {

constexpr size_t kColumns = 80;
constexpr size_t kCommandColumn = 16;
constexpr size_t kOptionColumn = 24;

// Wraps the words of `text`, from column `at` on, with `indent` spaces before every further line.
std::string Wrap(std::string_view text, size_t at, size_t indent) {
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    if (!out.empty() && at + 1 + word.size() > kColumns) {
      StrAppend(&out, "\n", std::string(indent, ' '));
      at = indent;
    } else if (!out.empty()) {
      out.push_back(' ');
      ++at;
    }
    StrAppend(&out, word);
    at += word.size();
    begin = end + 1;
  }
  return out;
}

// Wraps paragraphs; lines that begin with two spaces stay unchanged.
std::string WrapParagraphs(std::string_view text) {
  std::string out;
  std::string paragraph;
  const auto end_paragraph = [&] {
    StrAppend(&out, Wrap(paragraph, 0, 0), paragraph.empty() ? "" : "\n");
    paragraph.clear();
  };
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty() || line.starts_with("  ")) {
      end_paragraph();
      StrAppend(&out, line, "\n");
    } else {
      StrAppend(&paragraph, paragraph.empty() ? "" : " ", line);
    }
  }
  end_paragraph();
  return out;
}

// "  name   text", the text from `column` on.
std::string Entry(std::string_view name, std::string_view text, size_t column) {
  std::string out = StrCat("  ", name);
  if (out.size() + 2 > column) {
    StrAppend(&out, "\n", std::string(column, ' '));
  } else {
    out.resize(column, ' ');
  }
  return StrCat(out, Wrap(text, column, column), "\n");
}

// "-n, --ns N".
std::string OptionText(const Flag& flag) {
  std::string out = flag.letter == 0 ? "    " : StrCat("-", flag.letter, ", ");
  StrAppend(&out, "--", flag.name, flag.is_switch() ? "" : " ", flag.value);
  return out;
}

std::string OptionHelp(const Flag& flag) {
  std::string out(flag.help);
  for (size_t i = 0; i < flag.choices.size(); ++i) {
    StrAppend(&out, i == 0 ? ": " : ", ", flag.choices[i]);
  }
  return out;
}

}  // namespace

std::vector<Flag> FlagsOf(const Command& command) {
  std::vector<Flag> flags = command.flags;
  flags.push_back({.name = "help", .letter = 'h', .help = "this text"});
  return flags;
}

std::string Synopsis(const Command& command) {
  std::string out = StrCat("veralith ", command.name);
  for (const Parameter& parameter : command.parameters) {
    const bool one = parameter.count == Parameter::Count::kOne;
    StrAppend(&out, one ? " " : " [", parameter.name,
              parameter.count == Parameter::Count::kAny ? "..." : "", one ? "" : "]");
  }
  return StrCat(out, command.flags.empty() ? "" : " [OPTION...]");
}

std::vector<std::string> ExitCodesOf(const Command& command) {
  std::vector<std::string> codes = {"0 success"};
  if (!command.no.empty()) {
    codes.push_back(StrCat("1 ", command.no));
  }
  codes.push_back("2 wrong usage");
  codes.push_back("3 the database or the disk returned an error");
  return codes;
}

std::string Overview() {
  std::string out = "usage: veralith COMMAND ARGUMENT... [OPTION...]\n\n"
                    "Works on one Veralith database, a directory.\n\n";
  for (const Command& command : AllCommands()) {
    out += Entry(command.name, command.summary, kCommandColumn);
  }
  return out +
         "\n`veralith help COMMAND` explains a command. \"--\" ends the options: what follows\n"
         "is an argument, even if it begins with \"-\".\n\n"
         "Exit codes: 0 success; 1 the key is absent (get), damage was found (check), or\n"
         "something was lost (repair); 2 wrong usage; 3 the database or the disk returned\n"
         "an error.\n";
}

std::string HelpOf(const Command& command) {
  std::string out =
      StrCat("usage: ", Synopsis(command), "\n\n", Wrap(StrCat(command.summary, "."), 0, 0), "\n");
  if (!command.details.empty()) {
    StrAppend(&out, "\n", WrapParagraphs(command.details));
  }
  out += "\nOptions:\n";
  for (const Flag& flag : FlagsOf(command)) {
    out += Entry(OptionText(flag), OptionHelp(flag), kOptionColumn);
  }
  std::string codes = "Exit codes: ";
  for (const std::string& code : ExitCodesOf(command)) {
    StrAppend(&codes, codes.ends_with(": ") ? "" : "; ", code);
  }
  StrAppend(&out, "\n", Wrap(codes + ".", 0, 0), "\n");
  if (!command.examples.empty()) {
    StrAppend(&out, "\n", command.examples.size() == 1 ? "Example:\n" : "Examples:\n");
  }
  for (const std::string_view example : command.examples) {
    StrAppend(&out, "  ", example, "\n");
  }
  return out;
}

absl::StatusOr<Arguments> ParseFor(const Command& command, const std::vector<std::string>& words) {
  VERALITH_ASSIGN_OR_RETURN(Arguments arguments, Arguments::Parse(words, FlagsOf(command)));
  if (arguments.Has("help")) {
    return arguments;
  }
  const std::vector<std::string>& given = arguments.positional();
  size_t most = 0;
  for (const Parameter& parameter : command.parameters) {
    if (parameter.count == Parameter::Count::kOne && most >= given.size()) {
      return InvalidArgument(StrCat(parameter.name, " is missing"));
    }
    most = parameter.count == Parameter::Count::kAny ? SIZE_MAX : most + 1;
  }
  if (given.size() > most) {
    return InvalidArgument(StrCat("unexpected argument ", ShowWord(given[most]),
                                  command.hint.empty() ? "" : "; ", command.hint));
  }
  for (size_t i = 0; i < command.parameters.size() && i < given.size(); ++i) {
    if (command.parameters[i].kind == Parameter::Kind::kPath && given[i].empty()) {
      return InvalidArgument(StrCat(command.parameters[i].name, " is an empty word"));
    }
  }
  return arguments;
}

std::string UnknownCommand(std::string_view word) {
  std::vector<std::string_view> names;
  for (const Command& command : AllCommands()) {
    if (std::find(command.also.begin(), command.also.end(), word) != command.also.end()) {
      return StrCat("unknown command ", ShowWord(word), "; did you mean ", command.name, "?");
    }
    names.push_back(command.name);
  }
  return StrCat("unknown command ", ShowWord(word), DidYouMean(word, names));
}

}  // namespace veralith::tools
