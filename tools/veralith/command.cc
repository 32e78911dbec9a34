#include "tools/veralith/command.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/status.h"
#include "core/base/text.h"

namespace veralith::tools {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "veralith: %s\n", ToString(status).c_str());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitError;
}

int FinishOutput(int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
    return code;
  }
  const std::string cause = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
  return Fail(Unavailable("standard output cannot be written" + cause +
                          "; what was printed is not all there"));
}

absl::StatusOr<std::string> ReadStandardInput(size_t limit) {
  constexpr size_t kStep = size_t{1} << 20;
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

absl::StatusOr<std::unique_ptr<Db>> OpenDatabase(const std::string& directory, Access access) {
  Options options;
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

absl::StatusOr<std::string> KeyFromArgument(const Arguments& arguments, const std::string& text) {
  if (!arguments.Has("quoted")) {
    return text;
  }
  std::optional<std::string> key = UnquoteKey(text);
  if (!key.has_value()) {
    return InvalidArgument("\"" + text + "\" is not a quoted key (\\xHH for bytes that do not print)");
  }
  return *std::move(key);
}

absl::StatusOr<NamespaceId> NamespaceFrom(const Arguments& arguments) {
  return arguments.Number("ns", kDefaultNamespace);
}

namespace {

// The length of the UTF-8 sequence at the beginning of `bytes`; 0 when it is not one.
size_t Utf8Length(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length == 0 || length > bytes.size()) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool beyond = first == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

}  // namespace

std::string JsonString(std::string_view bytes) {
  std::string out = "\"";
  while (!bytes.empty()) {
    const unsigned char first = static_cast<unsigned char>(bytes[0]);
    const size_t length = Utf8Length(bytes);
    if (first == '"' || first == '\\') {
      out.append({'\\', static_cast<char>(first)});
    } else if (length == 0 || first < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", first);
      out += escape;
    } else {
      out.append(bytes.substr(0, length));
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

}  // namespace veralith::tools
