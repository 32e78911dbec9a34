// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/database.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/manifest/manifest_log.h"
#include "veralith/posix_file_system.h"

namespace veralith::tools {

int Fail(const absl::Status& status) {
  const bool usage = absl::IsInvalidArgument(status);
  const std::string text = usage ? std::string(Message(status)) : ToString(status);
  std::fprintf(stderr, "veralith: %s\n", text.c_str());
  return usage ? kExitUsage : kExitError;
}

int FinishOutput(int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
    return code;
  }
  const std::string cause = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
  return Fail(
      Unavailable("standard output cannot be written" + cause + "; the output is incomplete"));
}

void SayThatATerminalIsRead() {
  if (isatty(STDIN_FILENO) != 0) {
    std::fprintf(stderr, "veralith: reading from the terminal; end with ^D\n");
  }
}

absl::StatusOr<std::string> ReadStandardInput(size_t limit) {
  constexpr size_t kStep = size_t{1} << 20;
  SayThatATerminalIsRead();
  std::string bytes;
  while (bytes.size() <= limit) {
    const size_t before = bytes.size();
    const size_t room = std::min(kStep, limit + 1 - before);
    bytes.resize(before + room);
    bytes.resize(before + std::fread(bytes.data() + before, 1, room, stdin));
    if (std::ferror(stdin) != 0) {
      return Unavailable("stdin: read error after " + std::to_string(bytes.size()) +
                         " bytes: " + std::strerror(errno));
    }
    if (bytes.size() < before + room) {
      break;
    }
  }
  return bytes;
}

absl::StatusOr<std::unique_ptr<Db>> OpenDatabase(const std::string& directory, Access access,
                                                 Options options) {
  options.read_only = access == Access::kRead;
  options.create_if_missing = access == Access::kCreate;
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<Db> db, Db::Open(directory, options));
  if (const std::string report = db->GetStatistics().recovery_report; !report.empty()) {
    std::fprintf(stderr, "veralith: note: opening %s %s\n", directory.c_str(), report.c_str());
  }
  return db;
}

int CloseDatabase(Db& db, int code) {
  const absl::Status status = db.Close();
  return status.ok() ? code : Fail(status);
}

absl::StatusOr<ManifestState> ReadManifest(const std::string& directory) {
  FileSystem* const fs = PosixFileSystem();
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs->List(directory));
  VERALITH_ASSIGN_OR_RETURN(const std::optional<RecoveredManifest> recovered,
                            RecoverManifest(fs, directory, names));
  if (!recovered.has_value()) {
    return NotFound(directory + ": no database here");
  }
  return recovered->state;
}

Flag NamespaceFlag() {
  return {.name = "ns",
          .letter = 'n',
          .value = "N",
          .type = Flag::Type::kNumber,
          .help = "namespace, 0 by default",
          .most = kMaxNamespace};
}

Flag AtFlag() {
  return {.name = "at",
          .value = "TIMESTAMP",
          .type = Flag::Type::kNumber,
          .help = "reads the state at this time, in nanoseconds since the Unix epoch"};
}

NamespaceId NamespaceFrom(const Arguments& arguments) {
  return arguments.Number("ns", kDefaultNamespace);
}

ReadOptions ReadOptionsFrom(const Arguments& arguments) {
  ReadOptions options;
  options.fill_cache = false;
  if (arguments.Has("at")) {
    options.timestamp = arguments.Number("at", 0);
  }
  return options;
}

}  // namespace veralith::tools
