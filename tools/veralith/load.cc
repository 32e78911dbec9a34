// veralith load: text into a database, in batches, with a progress bar.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>

#include "core/base/status.h"
#include "tools/input.h"
#include "tools/progress.h"
#include "tools/veralith/command.h"

namespace veralith::tools {
namespace {

struct Loader {
  Db& db;
  NamespaceId ns;
  InputFormat format;
  uint64_t batch_entries;
  Progress& progress;
  uint64_t entries = 0;
  uint64_t bytes = 0;   // of input files finished
  uint64_t loaded = 0;  // bytes of text whose entries are committed
  std::set<std::string> names = {};  // of files whose lines are loaded

  absl::Status Load(std::istream& stream, const std::string& name) {
    InputReader reader(stream, name, format);
    if (reader.format() == InputFormat::kLines && !names.insert(name).second) {
      return InvalidArgument("keys of lines begin with the file's name, and another file is called " +
                             name + ", too: load them with --ns apart, or rename one");
    }
    WriteBatch batch;
    std::string key;
    std::string value;
    while (true) {
      VERALITH_ASSIGN_OR_RETURN(const bool more, reader.Next(&key, &value));
      if (more) {
        VERALITH_RETURN_IF_ERROR(reader.CheckEntry(key, value));
        batch.Put(ns, key, value);
      }
      if (batch.count() >= batch_entries || batch.bytes() > (size_t{4} << 20) || !more) {
        VERALITH_RETURN_IF_ERROR(db.Write({}, batch).status());
        entries += batch.count();
        batch.Clear();
        loaded = bytes + reader.bytes_read();
        progress.Update(bytes + reader.bytes_read());
      }
      if (!more) {
        bytes += reader.bytes_read();
        return absl::OkStatus();
      }
    }
  }
};

uint64_t TotalBytes(const std::vector<std::string>& files) {
  uint64_t total = 0;
  for (const std::string& file : files) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    total += error ? 0 : size;
  }
  return total;
}

absl::Status LoadFiles(Loader& loader, const std::vector<std::string>& files) {
  if (files.empty()) {
    // Beside stdio: with a buffer of its own, and with read errors that are not taken for the end.
    std::ios::sync_with_stdio(false);
    return loader.Load(std::cin, "stdin");
  }
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      return NotFound(file + ": cannot be opened for reading");
    }
    const absl::Status status =
        loader.Load(stream, std::filesystem::path(file).filename().string());
    VERALITH_RETURN_IF_ERROR(Annotate(status, "loading " + file));
  }
  return absl::OkStatus();
}

int Run(const Arguments& arguments) {
  const absl::StatusOr<NamespaceId> ns = NamespaceFrom(arguments);
  const absl::StatusOr<uint64_t> batch = arguments.Number("batch", 100);
  const absl::StatusOr<InputFormat> format =
      ParseInputFormat(arguments.Value("format").value_or("auto"));
  for (const absl::Status& status : {ns.status(), batch.status(), format.status()}) {
    if (!status.ok()) {
      return Fail(status);
    }
  }
  const std::vector<std::string> files(arguments.positional().begin() + 1,
                                       arguments.positional().end());
  absl::StatusOr<std::unique_ptr<Db>> db = OpenDatabase(arguments.positional()[0], Access::kCreate);
  if (!db.ok()) {
    return Fail(db.status());
  }
  Progress progress("load", "bytes", TotalBytes(files));
  Loader loader{**db, *ns, *format, *batch == 0 ? 1 : *batch, progress};
  const absl::Status status = LoadFiles(loader, files);
  progress.Finish();
  // For readers of segments. Should it fail, the logs have all of it, and Close says if not.
  (*db)->Flush().IgnoreError();
  // An error of the database is Close's, too: it is said once.
  const absl::Status closed = (*db)->Close();
  const int code = !status.ok() ? Fail(status) : closed.ok() ? kExitOk : Fail(closed);
  std::printf("loaded %s entries from %s of text%s\n", Grouped(loader.entries).c_str(),
              HumanBytes(loader.loaded).c_str(), status.ok() ? "" : " before the error");
  return code;
}

}  // namespace

Command LoadCommand() {
  return {.name = "load",
          .synopsis = "DIR [FILE...] [--ns N] [--format F] [--batch N]",
          .summary = "Loads text, from files or standard input, into a database (made if missing)",
          .details =
              "  --ns N       namespace, 0 by default\n"
              "  --format F   auto (default), tsv (key<TAB>value lines), stanzas (Debian control\n"
              "               stanzas, key = Package), lines (key = file name:line number)\n"
              "  --batch N    entries per atomic commit, 100 by default\n\n"
              "Everything loaded is durable when the command ends. Examples:\n"
              "  printf 'apple\\tred\\nplum\\tblue\\n' | veralith load /tmp/fruit\n"
              "  apt-cache dumpavail | veralith load /tmp/packages --format stanzas\n",
          .options = {.with_value = {"ns", "format", "batch"}, .switches = {}},
          .least_arguments = 1,
          .most_arguments = 1'000'000,
          .run = Run};
}

}  // namespace veralith::tools
