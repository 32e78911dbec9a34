// SPDX-License-Identifier: Apache-2.0

// The order of the table of commands.
#include <algorithm>

#include "tools/veralith/command.h"

namespace veralith::tools {

const std::vector<Command>& AllCommands() {
  static const auto* const commands = new std::vector<Command>{
      PutCommand(),     GetCommand(),     DeleteCommand(),     DeleteRangeCommand(),
      ScanCommand(),    CountCommand(),   NamespacesCommand(), DumpCommand(),
      LoadCommand(),    FlushCommand(),   CompactCommand(),    CheckpointCommand(),
      PublishCommand(), StatsCommand(),   CheckCommand(),      InspectCommand(),
      RepairCommand(),  OptionsCommand(), HelpCommand(),       CompletionCommand(),
      ManCommand(),     VersionCommand()};
  return *commands;
}

const Command* FindCommand(std::string_view name) {
  const std::vector<Command>& commands = AllCommands();
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace veralith::tools
