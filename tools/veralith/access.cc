// SPDX-License-Identifier: Apache-2.0

// veralith put, get, delete: one key; delete-range: all keys between bounds.
#include <cstdio>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "tools/veralith/database.h"
#include "tools/veralith/key_text.h"

namespace veralith::tools {
namespace {

struct Place {
  std::unique_ptr<Db> db;
  NamespaceId ns;
  std::string key;
};

// Opens DIR, and takes KEY from the command line.
absl::StatusOr<Place> OpenPlace(const Arguments& arguments, Access access) {
  Place place;
  place.ns = NamespaceFrom(arguments);
  VERALITH_ASSIGN_OR_RETURN(place.key, KeyFromArgument(arguments, arguments.positional()[1]));
  VERALITH_ASSIGN_OR_RETURN(place.db, OpenDatabase(arguments.positional()[0], access));
  return place;
}

// Returns VALUE, or standard input unchanged.
absl::StatusOr<std::string> ValueFrom(const Arguments& arguments) {
  if (arguments.positional().size() < 3) {
    return ReadStandardInput(kMaxValueBytes);
  }
  const std::string_view text = arguments.positional()[2];
  if (!arguments.Has("hex")) {
    return std::string(text);
  }
  std::optional<std::string> value = HexDecode(text.starts_with("0x") ? text.substr(2) : text);
  if (!value.has_value()) {
    return InvalidArgument("VALUE is not an even number of hexadecimal digits, as --hex needs");
  }
  return *std::move(value);
}

// The words are checked and the value is read before the database is opened. Until then nobody is
// kept out, and nothing is made.
int RunPut(const Arguments& arguments) {
  const absl::StatusOr<std::string> key = KeyFromArgument(arguments, arguments.positional()[1]);
  if (!key.ok()) {
    return Fail(key.status());
  }
  const absl::StatusOr<std::string> value = ValueFrom(arguments);
  if (!value.ok()) {
    return Fail(value.status());
  }
  if (value->size() > kMaxValueBytes) {
    return Fail(
        InvalidArgument(StrCat("the value is over the limit of ", kMaxValueBytes, " bytes")));
  }
  absl::StatusOr<Place> place = OpenPlace(arguments, Access::kCreate);
  if (!place.ok()) {
    return Fail(place.status());
  }
  const absl::Status status =
      place->db->Put({.sync = SyncMode::kCommit}, place->ns, place->key, *value);
  return CloseDatabase(*place->db, status.ok() ? kExitOk : Fail(status));
}

int PrintValue(const Arguments& arguments, const Place& place, std::string_view value,
               Timestamp written) {
  std::string text;
  if (arguments.Has("json")) {
    text = JsonRow(place.ns, place.key, value, written);
  } else {
    text = arguments.Has("hex") ? "0x" + HexEncode(value) : std::string(value);
    text += arguments.Has("raw") ? "" : "\n";
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (arguments.Has("timestamp")) {
    std::fprintf(stderr, "written at %llu ns\n", static_cast<unsigned long long>(written));
  }
  return kExitOk;
}

int RunGet(const Arguments& arguments) {
  absl::StatusOr<Place> place = OpenPlace(arguments, Access::kRead);
  if (!place.ok()) {
    return Fail(place.status());
  }
  PinnedValue value;
  Timestamp written = 0;
  const absl::StatusOr<bool> found =
      place->db->Get(ReadOptionsFrom(arguments), place->ns, place->key, &value, &written);
  if (!found.ok()) {
    return Fail(found.status());
  }
  if (!*found) {
    std::fprintf(stderr, "veralith: absent\n");
    return kExitNo;
  }
  return PrintValue(arguments, *place, value.view(), written);
}

int RunDelete(const Arguments& arguments) {
  absl::StatusOr<Place> place = OpenPlace(arguments, Access::kWrite);
  if (!place.ok()) {
    return Fail(place.status());
  }
  const absl::Status status = place->db->Delete({.sync = SyncMode::kCommit}, place->ns, place->key);
  return CloseDatabase(*place->db, status.ok() ? kExitOk : Fail(status));
}

// The bounds as DeleteRange takes them: the first key, and the first key that stays.
struct HalfOpen {
  std::string begin;
  std::optional<std::string> end;
};

// Nothing when no key is between the bounds.
std::optional<HalfOpen> ToHalfOpen(const BoundPair& bounds) {
  HalfOpen range;
  if (bounds.lower.kind == Bound::Kind::kExclusive) {
    const std::optional<std::string> after = KeyAfter(bounds.lower.key);
    if (!after.has_value()) {
      return std::nullopt;
    }
    range.begin = *after;
  } else {
    range.begin = bounds.lower.key;
  }
  if (bounds.upper.kind == Bound::Kind::kInclusive) {
    range.end = KeyAfter(bounds.upper.key);
  } else if (bounds.upper.kind == Bound::Kind::kExclusive) {
    range.end = bounds.upper.key;
  }
  return range.end.has_value() && range.begin >= *range.end ? std::nullopt : std::optional(range);
}

int RunDeleteRange(const Arguments& arguments) {
  const absl::StatusOr<BoundPair> bounds = BoundsFrom(arguments);
  if (!bounds.ok()) {
    return Fail(bounds.status());
  }
  if (bounds->covers_all() != arguments.Has("all")) {
    return Fail(InvalidArgument("delete-range: give bounds (--from, --after, --to, --before, "
                                "--prefix), or --all for every key of the namespace"));
  }
  const std::optional<HalfOpen> range = ToHalfOpen(*bounds);
  absl::StatusOr<std::unique_ptr<Db>> db = OpenDatabase(arguments.positional()[0], Access::kWrite);
  if (!db.ok()) {
    return Fail(db.status());
  }
  if (!range.has_value()) {
    std::fprintf(stderr, "veralith: no key can be between these bounds: nothing is deleted\n");
    return CloseDatabase(**db, kExitOk);
  }
  const absl::Status status = (*db)->DeleteRange(
      {.sync = SyncMode::kCommit}, NamespaceFrom(arguments), range->begin, range->end);
  return CloseDatabase(**db, status.ok() ? kExitOk : Fail(status));
}

// `flags` before those of keys.
std::vector<Flag> WithKeyFlags(std::vector<Flag> flags) {
  for (const Flag& flag : KeyFlags()) {
    flags.push_back(flag);
  }
  return flags;
}

}  // namespace

Command PutCommand() {
  return {.name = "put",
          .parameters = {kDirectory, kKey, {.name = "VALUE", .count = Parameter::Count::kOptional}},
          .summary = "Writes one key, durably; its value is VALUE or standard input",
          .details = "The database is created if it is missing. With --hex, KEY and VALUE are "
                     "hexadecimal digits; standard input is taken unchanged.",
          .flags = WithKeyFlags({NamespaceFlag()}),
          .examples = {"veralith put /tmp/fruit apple red",
                       "veralith put /tmp/fruit photo < photo.png"},
          .hint = "quote a value with spaces for the shell",
          .also = {"set", "write", "insert"},
          .run = RunPut};
}

Command GetCommand() {
  return {.name = "get",
          .parameters = {kDirectory, kKey},
          .summary = "Prints the value of one key",
          .flags = WithKeyFlags(
              {NamespaceFlag(),
               AtFlag(),
               {.name = "raw", .help = "no newline after the value"},
               {.name = "json", .letter = 'j', .help = "as a line of `scan --json`"},
               {.name = "timestamp",
                .help = "also prints, on standard error, when the value was written"}}),
          .examples = {"veralith get /tmp/fruit apple"},
          .no = "the key is absent",
          .hint = "it takes one key; `scan` prints many",
          .also = {"read", "cat"},
          .run = RunGet};
}

Command DeleteCommand() {
  return {.name = "delete",
          .parameters = {kDirectory, kKey},
          .summary = "Deletes one key, durably; deleting an absent key is no error",
          .flags = WithKeyFlags({NamespaceFlag()}),
          .examples = {"veralith delete /tmp/fruit apple"},
          .hint = "it takes one key; `delete-range` deletes many",
          .also = {"del", "rm", "remove"},
          .run = RunDelete};
}

Command DeleteRangeCommand() {
  std::vector<Flag> flags = {NamespaceFlag()};
  for (const Flag& flag : RangeFlags()) {
    flags.push_back(flag);
  }
  flags.push_back({.name = "all", .help = "every key of the namespace"});
  return {.name = "delete-range",
          .parameters = {kDirectory},
          .summary = "Deletes all keys between bounds, in one durable atomic commit",
          .details = "Deleted keys cannot be recovered. `count` with the same bounds says how "
                     "many keys will be deleted.",
          .flags = flags,
          .examples = {"veralith delete-range /tmp/fruit --prefix app",
                       "veralith delete-range /tmp/fruit --from a --before b"},
          .hint = "bounds are --from, --after, --to, --before and --prefix",
          .also = {"deleterange", "delrange", "truncate", "clear"},
          .run = RunDeleteRange};
}

}  // namespace veralith::tools
