// SPDX-License-Identifier: Apache-2.0

// veralith help, completion, man, version: the command about itself.
#include <cstdio>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/veralith/database.h"
#include "tools/veralith/help.h"
#include "tools/veralith/suggestion.h"
#include "veralith/version.h"

namespace veralith::tools {
namespace {

int Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kExitOk;
}

int RunHelp(const Arguments& arguments) {
  if (arguments.positional().empty()) {
    return Print(Overview());
  }
  const std::string& name = arguments.positional()[0];
  const Command* const command = FindCommand(name);
  return command == nullptr ? Fail(InvalidArgument(UnknownCommand(name))) : Print(HelpOf(*command));
}

int RunCompletion(const Arguments& arguments) {
  const std::string& shell = arguments.positional()[0];
  if (shell != "bash" && shell != "zsh") {
    return Fail(
        InvalidArgument(StrCat("there is completion for bash and zsh, not for ", ShowWord(shell))));
  }
  return Print(shell == "bash" ? BashCompletion() : ZshCompletion());
}

int RunMan(const Arguments&) { return Print(ManPage()); }

int RunVersion(const Arguments&) { return Print(StrCat("veralith ", kVersion, "\n")); }

}  // namespace

Command HelpCommand() {
  return {.name = "help",
          .parameters = {{"COMMAND", Parameter::Kind::kCommand, Parameter::Count::kOptional}},
          .summary = "Explains a command, or lists all of them",
          .examples = {"veralith help scan"},
          .run = RunHelp};
}

Command CompletionCommand() {
  return {.name = "completion",
          .parameters = {{"SHELL", Parameter::Kind::kShell}},
          .summary = "Prints a script for bash or zsh that completes this command's words",
          .examples = {"source <(veralith completion bash)", "source <(veralith completion zsh)"},
          .run = RunCompletion};
}

Command ManCommand() {
  return {.name = "man",
          .summary = "Prints the manual page, for man(1)",
          .examples = {"veralith man > veralith.1 && man -l veralith.1"},
          .run = RunMan};
}

Command VersionCommand() {
  return {.name = "version",
          .summary = "Prints the version",
          .details = "`veralith --version` does the same.",
          .examples = {"veralith version"},
          .run = RunVersion};
}

}  // namespace veralith::tools
