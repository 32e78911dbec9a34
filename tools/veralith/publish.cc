// SPDX-License-Identifier: Apache-2.0

// veralith publish: the database as a snapshot of an Iceberg table.
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "tools/progress.h"
#include "tools/veralith/command.h"
#include "tools/veralith/database.h"

namespace veralith::tools {
namespace {

// Nanoseconds of "90s", "30m", "12h" or "7d"; nothing for anything else.
std::optional<uint64_t> ParseDuration(std::string_view text) {
  constexpr uint64_t kSecond = 1'000'000'000;
  constexpr uint64_t kMost = UINT64_MAX / kSecond / 86'400;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end + 1 != text.data() + text.size() || number > kMost) {
    return std::nullopt;
  }
  switch (*end) {
    case 's':
      return number * kSecond;
    case 'm':
      return number * 60 * kSecond;
    case 'h':
      return number * 3'600 * kSecond;
    case 'd':
      return number * 86'400 * kSecond;
    default:
      return std::nullopt;
  }
}

absl::StatusOr<PublishOptions> PublishOptionsFrom(const Arguments& arguments) {
  PublishOptions options;
  if (arguments.Has("at")) {
    options.at = arguments.Number("at", 0);
  }
  if (arguments.Has("ns")) {
    options.ns = arguments.Number("ns", 0);
  }
  if (const std::optional<std::string> format = arguments.Value("format"); format.has_value()) {
    options.format_version = *format == "3" ? 3 : 2;
  }
  options.keep = arguments.Number("keep", 0);
  if (const std::optional<std::string> text = arguments.Value("keep-for"); text.has_value()) {
    const std::optional<uint64_t> nanos = ParseDuration(*text);
    if (!nanos.has_value() || *nanos == 0) {
      return InvalidArgument("--keep-for " + *text +
                             ": a duration is a number and s, m, h or d, such as 7d");
    }
    options.keep_nanos = *nanos;
  }
  options.location = arguments.Value("location").value_or("");
  return options;
}

void Print(const PublishReport& report) {
  std::printf("%s snapshot %" PRId64 " (format %d, as of %" PRIu64 "): %s rows in %s files\n",
              report.is_new ? "published" : "nothing changed since", report.snapshot_id,
              report.format_version, report.at, Grouped(report.rows).c_str(),
              Grouped(report.data_files).c_str());
  std::printf("%s files linked, %s copied; %s rows hidden, by %s of new deletes\n",
              Grouped(report.linked_files).c_str(), Grouped(report.copied_files).c_str(),
              Grouped(report.hidden_rows).c_str(), HumanBytes(report.delete_bytes).c_str());
  std::printf("%s snapshots expired, %s files removed\n", Grouped(report.expired_snapshots).c_str(),
              Grouped(report.removed_files).c_str());
  std::printf("%s\n", report.metadata_file.c_str());
}

int RunPublish(const Arguments& arguments) {
  const std::optional<std::string> table = arguments.Value("to");
  if (!table.has_value()) {
    return Fail(InvalidArgument("publish needs --to TABLE, the table's folder"));
  }
  const absl::StatusOr<PublishOptions> options = PublishOptionsFrom(arguments);
  if (!options.ok()) {
    return Fail(options.status());
  }
  absl::StatusOr<std::unique_ptr<Db>> db = OpenDatabase(arguments.positional()[0], Access::kWrite);
  if (!db.ok()) {
    return Fail(db.status());
  }
  const absl::StatusOr<PublishReport> report = (*db)->PublishIceberg(*table, *options);
  if (report.ok()) {
    Print(*report);
  }
  return CloseDatabase(**db, report.ok() ? kExitOk : Fail(report.status()));
}

}  // namespace

Command PublishCommand() {
  return {
      .name = "publish",
      .parameters = {kDirectory},
      .summary = "Shows the database to Iceberg readers, without a copy",
      .details =
          "The folder TABLE becomes an Apache Iceberg table. Its data files are links to the "
          "segments; rows that are superseded or deleted are hidden. Each call adds a snapshot, "
          "which shares files with the one before. The parent of TABLE must exist.\n\n"
          "Format 2 is what every reader takes. Format 3 hides rows by deletion vectors, which "
          "are smaller.\n\n"
          "Links keep disk space until their snapshots expire: with --keep, all but the newest "
          "N; with --keep-for, those that are older; with both, those that neither keeps.",
      .flags = {{.name = "to",
                 .value = "TABLE",
                 .type = Flag::Type::kFile,
                 .help = "the table's folder"},
                {.name = "format",
                 .value = "VERSION",
                 .type = Flag::Type::kChoice,
                 .help = "Iceberg's format version; default the table's own, 2 for a new one",
                 .choices = {"2", "3"}},
                AtFlag(),
                {.name = "ns",
                 .letter = 'n',
                 .value = "N",
                 .type = Flag::Type::kNumber,
                 .help = "only this namespace; default all",
                 .most = kMaxNamespace},
                {.name = "keep",
                 .value = "N",
                 .type = Flag::Type::kNumber,
                 .help = "expires all snapshots but the newest N"},
                {.name = "keep-for",
                 .value = "DURATION",
                 .help = "expires snapshots that are older: 90s, 30m, 12h, 7d"},
                {.name = "location",
                 .value = "URI",
                 .help = "where readers find a new table; default file:// and its path"}},
      .examples = {"veralith publish /tmp/fruit --to /tmp/fruit-table --keep 10"},
      .also = {"iceberg", "lakehouse", "table"},
      .run = RunPublish};
}

}  // namespace veralith::tools
