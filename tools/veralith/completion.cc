// SPDX-License-Identifier: Apache-2.0

// Completion for shells, from the table of commands.
#include <string>

#include "core/base/text.h"
#include "tools/veralith/help.h"

namespace veralith::tools {
namespace {

std::string CommandNames() {
  std::string out;
  for (const Command& command : AllCommands()) {
    StrAppend(&out, out.empty() ? "" : " ", command.name);
  }
  return out;
}

std::string Joined(const std::vector<std::string_view>& words, std::string_view between) {
  std::string out;
  for (const std::string_view word : words) {
    StrAppend(&out, out.empty() ? "" : between, word);
  }
  return out;
}

// "put,--ns|put,-n": the patterns of an option of a command.
std::string Patterns(const Command& command, const Flag& flag) {
  std::string out = StrCat(command.name, ",--", flag.name);
  if (flag.letter != 0) {
    StrAppend(&out, "|", command.name, ",-", flag.letter);
  }
  return out;
}

// Returns lines of a `case` that give the values of options.
std::string BashValues() {
  std::string out;
  std::string no_file;  // options whose value is nothing that a shell can guess
  for (const Command& command : AllCommands()) {
    for (const Flag& flag : command.flags) {
      if (flag.type == Flag::Type::kChoice) {
        StrAppend(&out, "    ", Patterns(command, flag), ")\n      words=\"",
                  Joined(flag.choices, " "), "\" ;;\n");
      } else if (!flag.is_switch() && flag.type != Flag::Type::kFile) {
        StrAppend(&no_file, no_file.empty() ? "" : "|", Patterns(command, flag));
      } else if (flag.type == Flag::Type::kFile) {
        StrAppend(&out, "    ", Patterns(command, flag), ")\n      return ;;\n");
      }
    }
  }
  return StrCat(out, "    ", no_file, ")\n      compopt +o default 2>/dev/null; return ;;\n");
}

std::string BashCommands() {
  std::string out;
  for (const Command& command : AllCommands()) {
    std::string flags;
    for (const Flag& flag : FlagsOf(command)) {
      StrAppend(&flags, flags.empty() ? "--" : " --", flag.name);
    }
    StrAppend(&out, "    ", command.name, ") flags=\"", flags, "\"");
    if (!command.parameters.empty() && command.parameters[0].kind == Parameter::Kind::kCommand) {
      out += " words=$commands";
    } else if (!command.parameters.empty() &&
               command.parameters[0].kind == Parameter::Kind::kShell) {
      out += " words=\"bash zsh\"";
    }
    out += " ;;\n";
  }
  return out;
}

// For zsh: a phrase inside single quotes and, for _arguments, inside brackets.
std::string ZshText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == ':' || c == '[' || c == ']' || c == '\\') {
      out.append("\\").push_back(c);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string ZshFlag(const Flag& flag) {
  const std::string names = flag.letter == 0 ? "" : StrCat("-", flag.letter);
  std::string tail = StrCat("[", ZshText(flag.help), "]");
  if (!flag.is_switch()) {
    StrAppend(&tail, ":", flag.value, ":",
              flag.type == Flag::Type::kFile     ? std::string("_files")
              : flag.type == Flag::Type::kChoice ? StrCat("(", Joined(flag.choices, " "), ")")
                                                 : std::string(" "));
  }
  const std::string equals = flag.is_switch() ? "" : "=";
  if (flag.letter == 0) {
    return StrCat(" '--", flag.name, equals, tail, "'");
  }
  const std::string plus = flag.is_switch() ? "" : "+";
  return StrCat(" '(", names, " --", flag.name, ")'", names, plus, "'", tail, "' '(", names, " --",
                flag.name, ")'--", flag.name, equals, "'", tail, "'");
}

std::string ZshParameter(const Parameter& parameter) {
  const std::string action = parameter.kind == Parameter::Kind::kPath ? "_files"
                             : parameter.kind == Parameter::Kind::kCommand
                                 ? StrCat("(", CommandNames(), ")")
                             : parameter.kind == Parameter::Kind::kShell ? "(bash zsh)"
                                                                         : " ";
  const std::string_view colons = parameter.count == Parameter::Count::kOne        ? ":"
                                  : parameter.count == Parameter::Count::kOptional ? "::"
                                                                                   : "*:";
  return StrCat(" '", colons, parameter.name, ":", action, "'");
}

}  // namespace

std::string BashCompletion() {
  return StrCat("# bash completion for veralith, made by `veralith completion bash`.\n"
                "_veralith() {\n"
                "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                "  local command=${COMP_WORDS[1]} flags= words=\n"
                "  local commands=\"",
                CommandNames(),
                "\"\n"
                "  COMPREPLY=()\n"
                "  if [[ $COMP_CWORD -eq 1 ]]; then\n"
                "    COMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$current\"))\n"
                "    return\n"
                "  fi\n"
                "  if [[ $current == = ]]; then\n"
                "    current=\n"
                "  elif [[ $previous == = ]]; then\n"
                "    previous=${COMP_WORDS[COMP_CWORD-2]}\n"
                "  fi\n"
                "  case $command in\n",
                BashCommands(),
                "  esac\n"
                "  case $command,$previous in\n",
                BashValues(),
                "  esac\n"
                "  [[ $current == -* ]] && words=$flags\n"
                "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                "}\n"
                "complete -o default -F _veralith veralith\n");
}

std::string ZshCompletion() {
  std::string out = "#compdef veralith\n"
                    "# zsh completion for veralith, made by `veralith completion zsh`.\n"
                    "_veralith() {\n"
                    "  local -a commands\n"
                    "  commands=(\n";
  for (const Command& command : AllCommands()) {
    StrAppend(&out, "    '", command.name, ":", ZshText(command.summary), "'\n");
  }
  out += "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  local command=$words[2]\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $command in\n";
  for (const Command& command : AllCommands()) {
    StrAppend(&out, "    ", command.name, ") _arguments -s -S");
    for (const Flag& flag : FlagsOf(command)) {
      out += ZshFlag(flag);
    }
    for (const Parameter& parameter : command.parameters) {
      out += ZshParameter(parameter);
    }
    out += " ;;\n";
  }
  return out + "  esac\n"
               "}\n"
               "if [[ $funcstack[1] == _veralith ]]; then\n"
               "  _veralith \"$@\"\n"
               "else\n"
               "  compdef _veralith veralith\n"
               "fi\n";
}

}  // namespace veralith::tools
