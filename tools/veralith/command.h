// SPDX-License-Identifier: Apache-2.0

// The table of commands. One row says everything about a command. Parsing, `--help`, `help
// COMMAND`, the man page, shell completion and "did you mean" are made from it.
#ifndef VERALITH_TOOLS_VERALITH_COMMAND_H_
#define VERALITH_TOOLS_VERALITH_COMMAND_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "tools/veralith/arguments.h"

namespace veralith::tools {

// Scripts can rely on these.
inline constexpr int kExitOk = 0;
inline constexpr int kExitNo = 1;     // get: the key is absent; check: damage; repair: losses
inline constexpr int kExitUsage = 2;  // words of the command line, or lines of input, are wrong
inline constexpr int kExitError = 3;  // the database or the disk returned an error

// An argument that is no option.
struct Parameter {
  enum class Kind { kPath, kText, kCommand, kShell };
  enum class Count { kOne, kOptional, kAny };

  std::string_view name;
  Kind kind = Kind::kText;
  Count count = Count::kOne;
};

inline constexpr Parameter kDirectory = {"DIR", Parameter::Kind::kPath};
inline constexpr Parameter kKey = {"KEY"};

struct Command {
  std::string_view name;
  std::vector<Parameter> parameters = {};
  std::string_view summary = {};  // one line, a sentence without its full stop
  std::string_view details = {};  // paragraphs; lines that begin with two spaces stay
  std::vector<Flag> flags = {};   // without --help, which every command has
  std::vector<std::string_view> examples = {};
  std::string_view no = {};                 // meaning of exit code 1; empty: it is not used
  std::string_view hint = {};               // for people who give an argument too many
  std::vector<std::string_view> also = {};  // words for it that people know from other tools
  int (*run)(const Arguments& arguments) = nullptr;
};

// In the order in which help shows them.
const std::vector<Command>& AllCommands();
// Returns null if there is none.
const Command* FindCommand(std::string_view name);

Command PutCommand();
Command GetCommand();
Command DeleteCommand();
Command DeleteRangeCommand();
Command ScanCommand();
Command CountCommand();
Command NamespacesCommand();
Command DumpCommand();
Command LoadCommand();
Command FlushCommand();
Command CompactCommand();
Command CheckpointCommand();
Command PublishCommand();
Command StatsCommand();
Command CheckCommand();
Command InspectCommand();
Command RepairCommand();
Command OptionsCommand();
Command HelpCommand();
Command CompletionCommand();
Command ManCommand();
Command VersionCommand();

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_COMMAND_H_
