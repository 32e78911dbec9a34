// A subcommand of `veralith`, and what they share: exit codes, opening, printing bytes.
#ifndef VERALITH_TOOLS_VERALITH_COMMAND_H_
#define VERALITH_TOOLS_VERALITH_COMMAND_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/db/db.h"
#include "tools/veralith/arguments.h"

namespace veralith::tools {

// Scripts can rely on these.
inline constexpr int kExitOk = 0;
inline constexpr int kExitNo = 1;     // get: the key is absent; check: damage; repair: losses
inline constexpr int kExitUsage = 2;  // the words of the command line are wrong
inline constexpr int kExitError = 3;  // the database or the disk returned an error

struct Command {
  std::string_view name;
  std::string_view synopsis;  // behind "veralith NAME "
  std::string_view summary;   // one line
  std::string_view details;   // for --help
  OptionNames options;
  size_t least_arguments;
  size_t most_arguments;
  int (*run)(const Arguments& arguments);
};

Command LoadCommand();
Command PutCommand();
Command GetCommand();
Command DeleteCommand();
Command ScanCommand();
Command FlushCommand();
Command CompactCommand();
Command CheckpointCommand();
Command StatsCommand();
Command CheckCommand();
Command InspectCommand();
Command RepairCommand();

// A table of the levels, to standard output.
void PrintLevels(const Statistics& statistics);

// Prints "veralith: <status>" to standard error; the exit code for it.
int Fail(const absl::Status& status);

// `code`, unless something printed did not reach standard output: then that is the error.
int FinishOutput(int code);

// What standard input holds, read up to `limit` bytes and one more.
absl::StatusOr<std::string> ReadStandardInput(size_t limit);

// Opens for writing (creating only if `create`) or for reading. Says on standard error what opening
// dropped.
enum class Access { kRead, kWrite, kCreate };
absl::StatusOr<std::unique_ptr<Db>> OpenDatabase(const std::string& directory, Access access);
// Closes; the exit code: `code` unless closing failed.
int CloseDatabase(Db& db, int code);

// A key as given on the command line: as it is, or, with --quoted, in the form that scan prints.
absl::StatusOr<std::string> KeyFromArgument(const Arguments& arguments, const std::string& text);
absl::StatusOr<NamespaceId> NamespaceFrom(const Arguments& arguments);

// A JSON string: UTF-8 as it is, other bytes as \u00XX (Latin-1), control characters escaped.
std::string JsonString(std::string_view bytes);

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_COMMAND_H_
