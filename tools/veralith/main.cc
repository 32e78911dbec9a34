// veralith: a command over one database directory. `veralith --help` lists what it can do.
#include <cstdio>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "tools/veralith/command.h"

namespace veralith::tools {
namespace {

std::vector<Command> AllCommands() {
  return {LoadCommand(),  PutCommand(),     GetCommand(),        DeleteCommand(),
          ScanCommand(),  FlushCommand(),   CompactCommand(),    CheckpointCommand(),
          StatsCommand(), CheckCommand(),   InspectCommand(),    RepairCommand()};
}

void PrintUsage(std::FILE* out) {
  std::fprintf(out,
               "usage: veralith COMMAND [OPTION...] ARGUMENT...\n\n"
               "Works on one Veralith database, a directory.\n\n");
  for (const Command& command : AllCommands()) {
    std::fprintf(out, "  %-11s %s\n", std::string(command.name).c_str(),
                 std::string(command.summary).c_str());
  }
  std::fprintf(out,
               "\n`veralith COMMAND --help` explains a command. \"--\" ends the options.\n"
               "Exit codes: 0 success; 1 the key is absent (get), damage was found (check), or\n"
               "something was lost (repair); 2 wrong usage; 3 the database or the disk returned an error.\n");
}

void PrintHelp(const Command& command) {
  std::printf("usage: veralith %s %s\n\n%s.\n\n%s", std::string(command.name).c_str(),
              std::string(command.synopsis).c_str(), std::string(command.summary).c_str(),
              std::string(command.details).c_str());
}

int RunCommand(const Command& command, const std::vector<std::string>& words) {
  absl::StatusOr<Arguments> arguments = Arguments::Parse(words, command.options);
  absl::Status status = arguments.status();
  if (status.ok() && (arguments->positional().size() < command.least_arguments ||
                      arguments->positional().size() > command.most_arguments)) {
    status = InvalidArgument("usage: veralith " + std::string(command.name) + " " +
                             std::string(command.synopsis));
  }
  return status.ok() ? command.run(*arguments) : Fail(status);
}

int Main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) {
    PrintUsage(stderr);
    return kExitUsage;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    PrintUsage(stdout);
    return kExitOk;
  }
  for (const Command& command : AllCommands()) {
    if (command.name != words[0]) {
      continue;
    }
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    for (const std::string& word : rest) {
      if (word == "--") {
        break;
      }
      if (word == "--help" || word == "-h") {
        PrintHelp(command);
        return kExitOk;
      }
    }
    return RunCommand(command, rest);
  }
  std::fprintf(stderr, "veralith: unknown command \"%s\"\n\n", words[0].c_str());
  PrintUsage(stderr);
  return kExitUsage;
}

}  // namespace
}  // namespace veralith::tools

int main(int argc, char** argv) {
  return veralith::tools::FinishOutput(veralith::tools::Main(argc, argv));
}
