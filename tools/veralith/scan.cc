// SPDX-License-Identifier: Apache-2.0

// veralith scan, count: the keys of a namespace between bounds, in order; namespaces, dump: all of
// them.
#include <cstdio>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/veralith/database.h"
#include "tools/veralith/key_text.h"

namespace veralith::tools {
namespace {

absl::StatusOr<ScanOptions> ScanOptionsFrom(const Arguments& arguments) {
  ScanOptions options;
  static_cast<ReadOptions&>(options) = ReadOptionsFrom(arguments);
  options.ns = NamespaceFrom(arguments);
  VERALITH_ASSIGN_OR_RETURN(BoundPair bounds, BoundsFrom(arguments));
  options.lower = std::move(bounds.lower);
  options.upper = std::move(bounds.upper);
  return options;
}

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

bool OutputFailed() { return std::ferror(stdout) != 0; }

// A reader's view of the bounds that the options say, opened.
struct OpenedScan {
  ScanOptions options;
  std::unique_ptr<Db> db;
};

absl::StatusOr<OpenedScan> OpenScan(const Arguments& arguments) {
  OpenedScan scan;
  VERALITH_ASSIGN_OR_RETURN(scan.options, ScanOptionsFrom(arguments));
  VERALITH_ASSIGN_OR_RETURN(scan.db, OpenDatabase(arguments.positional()[0], Access::kRead));
  return scan;
}

void PrintRow(const Arguments& arguments, NamespaceId ns, const DbIterator& row) {
  const std::optional<std::string_view> value =
      arguments.Has("keys") ? std::nullopt : std::optional(row.value());
  Print(arguments.Has("json") ? JsonRow(ns, row.key(), value, row.timestamp())
                              : TextRow(arguments.Has("hex"), row.key(), value));
}

int RunScan(const Arguments& arguments) {
  const absl::StatusOr<OpenedScan> scan = OpenScan(arguments);
  if (!scan.ok()) {
    return Fail(scan.status());
  }
  const std::unique_ptr<DbIterator> rows = scan->db->NewIterator(scan->options);
  const bool reverse = arguments.Has("reverse");
  const uint64_t limit = arguments.Number("limit", UINT64_MAX);
  uint64_t printed = 0;
  if (limit > 0) {
    reverse ? rows->SeekToLast() : rows->SeekToFirst();
  }
  for (; rows->Valid() && !OutputFailed(); reverse ? rows->Prev() : rows->Next()) {
    PrintRow(arguments, scan->options.ns, *rows);
    if (++printed == limit) {
      break;
    }
  }
  return rows->status().ok() ? kExitOk : Fail(rows->status());
}

absl::StatusOr<uint64_t> CountKeys(Db& db, const ScanOptions& options) {
  const std::unique_ptr<DbIterator> rows = db.NewIterator(options);
  uint64_t keys = 0;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    ++keys;
  }
  VERALITH_RETURN_IF_ERROR(rows->status());
  return keys;
}

int RunCount(const Arguments& arguments) {
  const absl::StatusOr<OpenedScan> scan = OpenScan(arguments);
  if (!scan.ok()) {
    return Fail(scan.status());
  }
  const absl::StatusOr<uint64_t> keys = CountKeys(*scan->db, scan->options);
  if (!keys.ok()) {
    return Fail(keys.status());
  }
  Print(StrCat(*keys, "\n"));
  return kExitOk;
}

absl::Status PrintNamespaces(const Arguments& arguments) {
  const std::string& directory = arguments.positional()[0];
  ScanOptions options;
  static_cast<ReadOptions&>(options) = ReadOptionsFrom(arguments);
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, OpenDatabase(directory, Access::kRead));
  VERALITH_ASSIGN_OR_RETURN(const std::vector<NamespaceId> namespaces, db->ListNamespaces(options));
  for (const NamespaceId ns : namespaces) {
    std::string line = StrCat(ns);
    if (arguments.Has("count")) {
      options.ns = ns;
      VERALITH_ASSIGN_OR_RETURN(const uint64_t keys, CountKeys(*db, options));
      StrAppend(&line, "\t", keys);
    }
    Print(line + "\n");
  }
  return absl::OkStatus();
}

int RunNamespaces(const Arguments& arguments) {
  const absl::Status status = PrintNamespaces(arguments);
  return status.ok() ? kExitOk : Fail(status);
}

absl::Status Dump(const Arguments& arguments) {
  const std::string& directory = arguments.positional()[0];
  VERALITH_ASSIGN_OR_RETURN(ScanOptions options, ScanOptionsFrom(arguments));
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, OpenDatabase(directory, Access::kRead));
  std::vector<NamespaceId> namespaces = {options.ns};
  if (!arguments.Has("ns")) {
    VERALITH_ASSIGN_OR_RETURN(namespaces, db->ListNamespaces(options));
  }
  for (const NamespaceId ns : namespaces) {
    options.ns = ns;
    const std::unique_ptr<DbIterator> rows = db->NewIterator(options);
    for (rows->SeekToFirst(); rows->Valid() && !OutputFailed(); rows->Next()) {
      Print(JsonRow(ns, rows->key(), rows->value(), std::nullopt));
    }
    VERALITH_RETURN_IF_ERROR(rows->status());
  }
  return absl::OkStatus();
}

int RunDump(const Arguments& arguments) {
  const absl::Status status = Dump(arguments);
  return status.ok() ? kExitOk : Fail(status);
}

std::vector<Flag> Flags(std::vector<Flag> flags, const std::vector<Flag>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

constexpr std::string_view kBoundsHint = "bounds are --from, --after, --to, --before and --prefix";

}  // namespace

Command ScanCommand() {
  return {.name = "scan",
          .parameters = {kDirectory},
          .summary = "Prints the keys and values of a namespace in order",
          .details =
              "Text rows are key<TAB>value, each in double quotes, with \\xHH for a space and "
              "every "
              "byte that does not print; with --hex, 0x and hexadecimal digits. With --json, rows "
              "are lines of `dump` with a \"timestamp\". `load` reads all three.",
          .flags = Flags({NamespaceFlag()},
                         Flags(RangeFlags(),
                               {{.name = "reverse", .letter = 'r', .help = "from the last key on"},
                                {.name = "limit",
                                 .letter = 'l',
                                 .value = "N",
                                 .type = Flag::Type::kNumber,
                                 .help = "at most N rows"},
                                AtFlag(),
                                {.name = "json", .letter = 'j', .help = "one JSON object per line"},
                                {.name = "keys", .letter = 'k', .help = "without values"}})),
          .examples = {"veralith scan /tmp/fruit --from a --before b --limit 10",
                       "veralith scan /tmp/fruit --prefix app -l 3"},
          .hint = kBoundsHint,
          .also = {"list", "ls", "iterate", "range", "keys"},
          .run = RunScan};
}

Command CountCommand() {
  return {.name = "count",
          .parameters = {kDirectory},
          .summary = "Counts the keys of a namespace, or those between bounds",
          .details = "Counts by reading, not by estimate. `namespaces --count` counts all "
                     "namespaces.",
          .flags = Flags({NamespaceFlag()}, Flags(RangeFlags(), {AtFlag()})),
          .examples = {"veralith count /tmp/fruit --prefix app"},
          .hint = kBoundsHint,
          .also = {"size", "len", "dbsize"},
          .run = RunCount};
}

Command NamespacesCommand() {
  return {.name = "namespaces",
          .parameters = {kDirectory},
          .summary = "Lists the namespaces that hold a key, one per line",
          .flags = {{.name = "count", .help = "also prints a tab and how many keys each has"},
                    AtFlag()},
          .examples = {"veralith namespaces /tmp/fruit --count"},
          .also = {"list-namespaces", "tables", "column-families"},
          .run = RunNamespaces};
}

Command DumpCommand() {
  return {.name = "dump",
          .parameters = {kDirectory},
          .summary = "Prints all entries of all namespaces as lines of JSON",
          .details =
              "One JSON object per line, by namespace and key:\n"
              "\n"
              "  {\"ns\":0,\"key\":\"apple\",\"value\":\"red\"}\n"
              "  {\"ns\":5,\"key_base64\":\"/w==\",\"value\":\"the key is the byte FF\"}\n"
              "\n"
              "\"key\" and \"value\" are used if the bytes are UTF-8, otherwise \"key_base64\" and "
              "\"value_base64\": `load` restores every byte. A dump leaves out deletions, older "
              "values, and the times at which entries were written; `checkpoint` keeps those. In a "
              "pipe, `set -o pipefail` makes an error of dump an error of the pipe.",
          .flags = Flags({{.name = "ns",
                           .letter = 'n',
                           .value = "N",
                           .type = Flag::Type::kNumber,
                           .help = "only this namespace; all by default",
                           .most = kMaxNamespace}},
                         Flags(RangeFlags(), {AtFlag()})),
          .examples = {"veralith dump /tmp/fruit > fruit.jsonl",
                       "veralith dump /tmp/fruit | veralith load /tmp/copy"},
          .hint = kBoundsHint,
          .also = {"export", "unload"},
          .run = RunDump};
}

}  // namespace veralith::tools
