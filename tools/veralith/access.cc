// veralith put, get, delete: one key.
#include <cstdio>
#include <string>

#include "core/base/status.h"
#include "tools/veralith/command.h"

namespace veralith::tools {
namespace {

struct Place {
  std::unique_ptr<Db> db;
  NamespaceId ns;
  std::string key;
};

// DIR and KEY of the command line, opened.
absl::StatusOr<Place> OpenPlace(const Arguments& arguments, Access access) {
  Place place;
  VERALITH_ASSIGN_OR_RETURN(place.ns, NamespaceFrom(arguments));
  VERALITH_ASSIGN_OR_RETURN(place.key, KeyFromArgument(arguments, arguments.positional()[1]));
  VERALITH_ASSIGN_OR_RETURN(place.db, OpenDatabase(arguments.positional()[0], access));
  return place;
}

// The value is read before the database is opened: until it is there nobody is kept out, and nothing
// is made.
int RunPut(const Arguments& arguments) {
  const absl::StatusOr<std::string> value = arguments.positional().size() > 2
                                                ? absl::StatusOr<std::string>(arguments.positional()[2])
                                                : ReadStandardInput(kMaxValueBytes);
  if (!value.ok()) {
    return Fail(value.status());
  }
  if (value->size() > kMaxValueBytes) {
    return Fail(InvalidArgument("the value is over the limit of " + std::to_string(kMaxValueBytes) +
                                " bytes"));
  }
  absl::StatusOr<Place> place = OpenPlace(arguments, Access::kCreate);
  if (!place.ok()) {
    return Fail(place.status());
  }
  const absl::Status status =
      place->db->Put({.sync = SyncMode::kCommit}, place->ns, place->key, *value);
  return CloseDatabase(*place->db, status.ok() ? kExitOk : Fail(status));
}

int RunGet(const Arguments& arguments) {
  ReadOptions options;
  if (arguments.Has("at")) {
    const absl::StatusOr<uint64_t> at = arguments.Number("at", 0);
    if (!at.ok()) {
      return Fail(at.status());
    }
    options.timestamp = *at;
  }
  absl::StatusOr<Place> place = OpenPlace(arguments, Access::kRead);
  if (!place.ok()) {
    return Fail(place.status());
  }
  PinnedValue value;
  Timestamp written = 0;
  const absl::StatusOr<bool> found =
      place->db->Get(options, place->ns, place->key, &value, &written);
  if (!found.ok()) {
    return Fail(found.status());
  }
  if (!*found) {
    std::fprintf(stderr, "veralith: absent\n");
    return kExitNo;
  }
  std::fwrite(value.view().data(), 1, value.view().size(), stdout);
  if (!arguments.Has("raw")) {
    std::fputc('\n', stdout);
  }
  if (arguments.Has("timestamp")) {
    std::fprintf(stderr, "written at %llu ns\n", static_cast<unsigned long long>(written));
  }
  return kExitOk;
}

int RunDelete(const Arguments& arguments) {
  absl::StatusOr<Place> place = OpenPlace(arguments, Access::kWrite);
  if (!place.ok()) {
    return Fail(place.status());
  }
  const absl::Status status =
      place->db->Delete({.sync = SyncMode::kCommit}, place->ns, place->key);
  return CloseDatabase(*place->db, status.ok() ? kExitOk : Fail(status));
}

}  // namespace

Command PutCommand() {
  return {.name = "put",
          .synopsis = "DIR KEY [VALUE] [--ns N] [--quoted]",
          .summary = "Writes one key, durably; without VALUE, the value is standard input",
          .details = "  --ns N     namespace, 0 by default\n"
                     "  --quoted   KEY is in the form that scan prints (\\xHH for other bytes)\n\n"
                     "The database is made if it is missing.\n"
                     "Example: veralith put /tmp/fruit apple red\n",
          .options = {.with_value = {"ns"}, .switches = {"quoted"}},
          .least_arguments = 2,
          .most_arguments = 3,
          .run = RunPut};
}

Command GetCommand() {
  return {.name = "get",
          .synopsis = "DIR KEY [--ns N] [--at TIMESTAMP] [--quoted] [--raw] [--timestamp]",
          .summary = "Prints the value of one key; exit code 1 when it is absent",
          .details =
              "  --ns N          namespace, 0 by default\n"
              "  --at TIMESTAMP  as it was then, in nanoseconds since the Unix epoch\n"
              "  --quoted        KEY is in the form that scan prints\n"
              "  --raw           no newline behind the value\n"
              "  --timestamp     also prints, on standard error, when the value was written\n\n"
              "Example: veralith get /tmp/fruit apple\n",
          .options = {.with_value = {"ns", "at"}, .switches = {"quoted", "raw", "timestamp"}},
          .least_arguments = 2,
          .most_arguments = 2,
          .run = RunGet};
}

Command DeleteCommand() {
  return {.name = "delete",
          .synopsis = "DIR KEY [--ns N] [--quoted]",
          .summary = "Deletes one key, durably; deleting an absent key is no error",
          .details = "  --ns N     namespace, 0 by default\n"
                     "  --quoted   KEY is in the form that scan prints\n\n"
                     "Example: veralith delete /tmp/fruit apple\n",
          .options = {.with_value = {"ns"}, .switches = {"quoted"}},
          .least_arguments = 2,
          .most_arguments = 2,
          .run = RunDelete};
}

}  // namespace veralith::tools
