// SPDX-License-Identifier: Apache-2.0

// Shared by the commands: exit codes for errors, opening and closing, standard streams.
#ifndef VERALITH_TOOLS_VERALITH_DATABASE_H_
#define VERALITH_TOOLS_VERALITH_DATABASE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/manifest/manifest_state.h"
#include "tools/veralith/arguments.h"
#include "tools/veralith/command.h"
#include "veralith/db.h"

namespace veralith::tools {

// Prints "veralith: <status>" to standard error and returns the exit code for it. For
// InvalidArgument (wrong usage) it prints only the message.
int Fail(const absl::Status& status);

// Returns `code`, unless some output did not reach standard output: that is the error then.
int FinishOutput(int code);

// Reads standard input up to `limit` bytes and one more. Says so if people must type it.
absl::StatusOr<std::string> ReadStandardInput(size_t limit);
// Says on standard error that the command waits for somebody to type, if it does.
void SayThatATerminalIsRead();

// Opens for writing (creating only if `create`) or for reading, whatever `options` say of that.
// Says on standard error what opening dropped.
enum class Access { kRead, kWrite, kCreate };
absl::StatusOr<std::unique_ptr<Db>> OpenDatabase(const std::string& directory, Access access,
                                                 Options options = {});
// Closes the database. Returns `code`, or the exit code for the error if closing failed.
int CloseDatabase(Db& db, int code);

// Returns what the manifest of a database says; opens nothing else. NotFound if there is no
// database.
absl::StatusOr<ManifestState> ReadManifest(const std::string& directory);

// The options --ns and --at, which several commands have.
Flag NamespaceFlag();
Flag AtFlag();
// The option --option NAME=VALUE,..., and the options of the database that it says. InvalidArgument
// names a word that is none.
Flag OptionFlag();
absl::StatusOr<Options> OptionsFrom(const Arguments& arguments);
NamespaceId NamespaceFrom(const Arguments& arguments);
// Reads at --at, or now. Pages that are read do not displace others.
ReadOptions ReadOptionsFrom(const Arguments& arguments);

// Prints a table of the levels to standard output.
void PrintLevels(const Statistics& statistics);

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_DATABASE_H_
