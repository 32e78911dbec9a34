// veralith scan: the keys of a namespace between bounds, in order.
#include <cstdio>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/veralith/command.h"

namespace veralith::tools {
namespace {

absl::Status ReadBound(const Arguments& arguments, const std::string& inclusive,
                       const std::string& exclusive, Bound* bound) {
  if (arguments.Has(inclusive) && arguments.Has(exclusive)) {
    return InvalidArgument("--" + inclusive + " and --" + exclusive + " exclude each other");
  }
  for (const std::string& name : {inclusive, exclusive}) {
    if (const auto text = arguments.Value(name); text.has_value()) {
      VERALITH_ASSIGN_OR_RETURN(std::string key, KeyFromArgument(arguments, *text));
      *bound = name == inclusive ? Bound::Inclusive(std::move(key)) : Bound::Exclusive(std::move(key));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ScanOptions> ReadOptionsFrom(const Arguments& arguments) {
  ScanOptions options;
  options.fill_cache = false;
  VERALITH_ASSIGN_OR_RETURN(options.ns, NamespaceFrom(arguments));
  VERALITH_RETURN_IF_ERROR(ReadBound(arguments, "from", "after", &options.lower));
  VERALITH_RETURN_IF_ERROR(ReadBound(arguments, "to", "before", &options.upper));
  if (arguments.Has("at")) {
    VERALITH_ASSIGN_OR_RETURN(options.timestamp, arguments.Number("at", 0));
  }
  return options;
}

void PrintRow(const DbIterator& row, bool json, bool keys_only) {
  std::string line;
  if (json) {
    line = "{\"key\":" + JsonString(row.key());
    if (!keys_only) {
      line += ",\"value\":" + JsonString(row.value());
    }
    line += ",\"timestamp\":" + std::to_string(row.timestamp()) + "}";
  } else {
    line = QuoteKey(row.key());
    if (!keys_only) {
      line += "\t" + QuoteKey(row.value());
    }
  }
  line += "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
}

int Run(const Arguments& arguments) {
  const absl::StatusOr<ScanOptions> options = ReadOptionsFrom(arguments);
  const absl::StatusOr<uint64_t> limit = arguments.Number("limit", UINT64_MAX);
  if (!options.ok() || !limit.ok()) {
    return Fail(options.ok() ? limit.status() : options.status());
  }
  absl::StatusOr<std::unique_ptr<Db>> db = OpenDatabase(arguments.positional()[0], Access::kRead);
  if (!db.ok()) {
    return Fail(db.status());
  }
  const std::unique_ptr<DbIterator> rows = (*db)->NewIterator(*options);
  const bool reverse = arguments.Has("reverse");
  uint64_t printed = 0;
  reverse ? rows->SeekToLast() : rows->SeekToFirst();
  for (; rows->Valid() && printed < *limit && std::ferror(stdout) == 0;
       reverse ? rows->Prev() : rows->Next(), ++printed) {
    PrintRow(*rows, arguments.Has("json"), arguments.Has("keys"));
  }
  return rows->status().ok() ? kExitOk : Fail(rows->status());
}

}  // namespace

Command ScanCommand() {
  return {.name = "scan",
          .synopsis = "DIR [--ns N] [--from KEY | --after KEY] [--to KEY | --before KEY] "
                      "[--reverse] [--limit N] [--at TIMESTAMP] [--json] [--keys] [--quoted]",
          .summary = "Prints the keys and values of a namespace in order",
          .details =
              "  --ns N           namespace, 0 by default\n"
              "  --from KEY       first key, inclusive;  --after KEY: exclusive\n"
              "  --to KEY         last key, inclusive;   --before KEY: exclusive\n"
              "  --reverse        from the last key to the first\n"
              "  --limit N        at most N rows\n"
              "  --at TIMESTAMP   as it was then, in nanoseconds since the Unix epoch\n"
              "  --json           one JSON object a line: key, value, timestamp; bytes that are not\n"
              "                   UTF-8 appear as the characters U+0080 to U+00FF\n"
              "  --keys           without values\n"
              "  --quoted         the bounds are in the form that scan prints\n\n"
              "Text rows are key<TAB>value; bytes that do not print appear as \\xHH.\n"
              "Example: veralith scan /tmp/fruit --from a --before b --limit 10\n",
          .options = {.with_value = {"ns", "from", "after", "to", "before", "limit", "at"},
                      .switches = {"reverse", "json", "keys", "quoted"}},
          .least_arguments = 1,
          .most_arguments = 1,
          .run = Run};
}

}  // namespace veralith::tools
