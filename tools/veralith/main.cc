// SPDX-License-Identifier: Apache-2.0

// veralith: a command over one database directory. `veralith --help` lists what it can do.
#include <cstdio>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/veralith/command.h"
#include "tools/veralith/database.h"
#include "tools/veralith/help.h"

namespace veralith::tools {
namespace {

// If somebody asks for help, help is shown, whatever is wrong with the rest of the line.
bool AsksForHelp(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") {
      return false;
    }
    if (word == "--help" || word == "-h") {
      return true;
    }
  }
  return false;
}

int RunCommand(const Command& command, const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = ParseFor(command, words);
  if (arguments.ok() ? arguments->Has("help") : AsksForHelp(words)) {
    std::fputs(HelpOf(command).c_str(), stdout);
    return kExitOk;
  }
  if (!arguments.ok()) {
    const int code = Fail(Annotate(arguments.status(), command.name));
    std::fprintf(stderr, "usage: %s (`veralith help %s` explains it)\n", Synopsis(command).c_str(),
                 std::string(command.name).c_str());
    return code;
  }
  return command.run(*arguments);
}

int Main(int argc, char** argv) {
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.empty()) {
    std::fputs(Overview().c_str(), stderr);
    return kExitUsage;
  }
  if (words[0] == "--help" || words[0] == "-h") {
    words[0] = "help";
  } else if (words[0] == "--version" || words[0] == "-V") {
    words[0] = "version";
  }
  if (const Command* const command = FindCommand(words[0]); command != nullptr) {
    return RunCommand(*command, {words.begin() + 1, words.end()});
  }
  const int code = Fail(InvalidArgument(
      words[0].starts_with("-") ? StrCat("unknown option ", words[0],
                                         "; options follow the command: veralith COMMAND "
                                         "...")
                                : UnknownCommand(words[0])));
  std::fputs("`veralith help` lists the commands\n", stderr);
  return code;
}

}  // namespace
}  // namespace veralith::tools

int main(int argc, char** argv) {
  return veralith::tools::FinishOutput(veralith::tools::Main(argc, argv));
}
