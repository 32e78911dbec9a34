// SPDX-License-Identifier: Apache-2.0

// Everything that the table of commands says, in each form that somebody needs.
//
// Pure functions, any thread.
#ifndef VERALITH_TOOLS_VERALITH_HELP_H_
#define VERALITH_TOOLS_VERALITH_HELP_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/veralith/command.h"

namespace veralith::tools {

// Returns all options of a command, including --help.
std::vector<Flag> FlagsOf(const Command& command);
// "veralith put DIR KEY [VALUE]".
std::string Synopsis(const Command& command);
// What `veralith --help` prints.
std::string Overview();
// What `veralith help COMMAND` prints.
std::string HelpOf(const Command& command);
// "0 success", "1 damage was found"...: one for each exit code that the command has.
std::vector<std::string> ExitCodesOf(const Command& command);

// Parses the arguments of a command; InvalidArgument says which one is missing or too many.
absl::StatusOr<Arguments> ParseFor(const Command& command, const std::vector<std::string>& words);
// "unknown command "stat"; did you mean stats?"
std::string UnknownCommand(std::string_view word);

// A page for man(1), in roff.
std::string ManPage();
// Scripts for bash and zsh.
std::string BashCompletion();
std::string ZshCompletion();

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_HELP_H_
