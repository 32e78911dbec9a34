// SPDX-License-Identifier: Apache-2.0

// veralith load: text into a database, in batches, with a progress bar.
//
// Inputs are checked before the database is opened or made: a file that is missing, is no file, or
// does not begin with an entry leaves nothing behind.
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/fs/errno_status.h"
#include "tools/input.h"
#include "tools/progress.h"
#include "tools/veralith/database.h"

namespace veralith::tools {
namespace {

constexpr size_t kBatchBytes = size_t{4} << 20;
constexpr std::string_view kStandardInput = "-";

struct LoadOptions {
  std::string directory;
  std::optional<NamespaceId> ns;
  InputFormat format;
  uint64_t batch_entries;
  Options database;
};

std::string NameOf(const std::string& file) {
  return file == kStandardInput ? "stdin" : std::filesystem::path(file).filename().string();
}

// A name that the shell or the kernel gives to an open stream.
bool IsOpenStream(const std::string& file) {
  return file == kStandardInput || file == "/dev/stdin" || file.starts_with("/dev/fd/") ||
         file.starts_with("/proc/");
}

class Loader {
 public:
  explicit Loader(LoadOptions options) : options_(std::move(options)) {}

  absl::Status Load(std::istream& stream, const std::string& name, Progress& progress) {
    InputReader reader(stream, name, options_.format);
    VERALITH_RETURN_IF_ERROR(NoteNameOfLines(reader, name, &names_));
    WriteBatch batch;
    InputEntry entry;
    while (true) {
      VERALITH_ASSIGN_OR_RETURN(const bool more, reader.Next(&entry));
      if (more) {
        VERALITH_ASSIGN_OR_RETURN(const NamespaceId ns, NamespaceOf(reader, entry));
        batch.Put(ns, entry.key, entry.value);
      }
      if (batch.count() >= options_.batch_entries || batch.bytes() > kBatchBytes || !more) {
        VERALITH_RETURN_IF_ERROR(Commit(&batch));
        loaded_ = bytes_ + reader.bytes_read();
        progress.Update(loaded_);
      }
      if (!more) {
        bytes_ += reader.bytes_read();
        return absl::OkStatus();
      }
    }
  }

  // Closes the database if it was opened. Then what was loaded is in segments, for other readers.
  // If that fails, the logs have all of it; if they do not, Close says so.
  absl::Status Close() {
    if (db_ == nullptr) {
      return absl::OkStatus();
    }
    db_->Flush().IgnoreError();
    return db_->Close();
  }

  // Keys of lines begin with the file's name: two files with one name would overwrite each other's.
  static absl::Status NoteNameOfLines(const InputReader& reader, const std::string& name,
                                      std::set<std::string>* names) {
    if (reader.format() == InputFormat::kLines && !names->insert(name).second) {
      return InvalidArgument(
          StrCat("keys of lines begin with the file's name, and another file is called ", name,
                 ", too: load them into namespaces of their own (--ns), or rename one"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<NamespaceId> NamespaceOf(const InputReader& reader,
                                          const InputEntry& entry) const {
    if (entry.ns.has_value() && options_.ns.has_value() && *entry.ns != *options_.ns) {
      return reader.Fault(StrCat("the entry names namespace ", *entry.ns, ", and --ns says ",
                                 *options_.ns, "; without --ns, each goes to its own"));
    }
    return entry.ns.value_or(options_.ns.value_or(kDefaultNamespace));
  }

  uint64_t entries() const { return entries_; }
  uint64_t loaded() const { return loaded_; }

 private:
  // The first commit opens the database, also when it is empty.
  absl::Status Commit(WriteBatch* batch) {
    if (db_ == nullptr) {
      VERALITH_ASSIGN_OR_RETURN(
          db_, OpenDatabase(options_.directory, Access::kCreate, options_.database));
    }
    VERALITH_RETURN_IF_ERROR(db_->Write({}, *batch).status());
    entries_ += batch->count();
    batch->Clear();
    return absl::OkStatus();
  }

  const LoadOptions options_;
  std::unique_ptr<Db> db_;
  uint64_t entries_ = 0;
  uint64_t bytes_ = 0;           // in finished inputs
  uint64_t loaded_ = 0;          // bytes of text whose entries are committed
  std::set<std::string> names_;  // of inputs whose lines are loaded
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

absl::Status CannotOpen(const std::string& file) {
  return ErrnoStatus(file, "open", errno == 0 ? EIO : errno);
}

// Checks that the first entry of a file fits, as far as possible without taking it from a stream.
absl::Status CheckInput(const Loader& loader, const std::string& file, InputFormat format,
                        std::set<std::string>* names) {
  if (IsOpenStream(file)) {
    return absl::OkStatus();
  }
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return FailedPrecondition(StrCat(file,
                                     std::filesystem::is_directory(status)
                                         ? ": it is a directory; load takes files"
                                         : ": it is not a regular file; give it to standard "
                                           "input: veralith load DIR < ",
                                     file));
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return CannotOpen(file);
  }
  InputReader reader(stream, NameOf(file), format);
  absl::Status fits = Loader::NoteNameOfLines(reader, NameOf(file), names);
  InputEntry entry;
  if (fits.ok()) {
    fits = reader.Next(&entry).status();
  }
  if (fits.ok()) {
    fits = loader.NamespaceOf(reader, entry).status();
  }
  return Annotate(fits, "loading " + file);
}

absl::Status LoadFile(Loader& loader, const std::string& file, Progress& progress) {
  if (file == kStandardInput) {
    // Bypasses stdio: the stream has its own buffer, and read errors are not taken for the end.
    std::ios::sync_with_stdio(false);
    SayThatATerminalIsRead();
    return loader.Load(std::cin, NameOf(file), progress);
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return CannotOpen(file);
  }
  return Annotate(loader.Load(stream, NameOf(file), progress), "loading " + file);
}

absl::Status CheckInputs(const Loader& loader, const std::vector<std::string>& files,
                         InputFormat format) {
  std::set<std::string> names;
  for (const std::string& file : files) {
    VERALITH_RETURN_IF_ERROR(CheckInput(loader, file, format, &names));
  }
  return absl::OkStatus();
}

absl::Status LoadFiles(Loader& loader, const std::vector<std::string>& files, Progress& progress) {
  for (const std::string& file : files) {
    VERALITH_RETURN_IF_ERROR(LoadFile(loader, file, progress));
  }
  return absl::OkStatus();
}

int Run(const Arguments& arguments) {
  const absl::StatusOr<InputFormat> format =
      ParseInputFormat(arguments.Value("format").value_or("auto"));
  if (!format.ok()) {
    return Fail(format.status());
  }
  const absl::StatusOr<Options> options = OptionsFrom(arguments);
  if (!options.ok()) {
    return Fail(options.status());
  }
  std::vector<std::string> files(arguments.positional().begin() + 1, arguments.positional().end());
  if (files.empty()) {
    files.emplace_back(kStandardInput);
  }
  Loader loader({.directory = arguments.positional()[0],
                 .ns = arguments.Has("ns") ? std::optional(NamespaceFrom(arguments)) : std::nullopt,
                 .format = *format,
                 .batch_entries = std::max<uint64_t>(1, arguments.Number("batch", 100)),
                 .database = *options});
  if (const absl::Status fits = CheckInputs(loader, files, *format); !fits.ok()) {
    return Fail(fits);
  }
  Progress progress("load", "bytes", TotalBytes(files));
  const absl::Status status = LoadFiles(loader, files, progress);
  progress.Finish();
  // Close returns the database's error, too: it is printed once.
  const absl::Status closed = loader.Close();
  const int code = !status.ok() ? Fail(status) : closed.ok() ? kExitOk : Fail(closed);
  std::printf("loaded %s entries from %s of text%s\n", Grouped(loader.entries()).c_str(),
              HumanBytes(loader.loaded()).c_str(), status.ok() ? "" : " before the error");
  return code;
}

}  // namespace

Command LoadCommand() {
  return {.name = "load",
          .parameters = {kDirectory, {"FILE", Parameter::Kind::kPath, Parameter::Count::kAny}},
          .summary = "Loads entries from files or standard input",
          .details =
              "The database is created if it is missing, once an entry is read. Formats:\n"
              "\n"
              "  jsonl    lines of `dump` or `scan --json`: "
              "{\"ns\":0,\"key\":\"a\",\"value\":\"b\"}\n"
              "  quoted   lines of `scan`: \"key\"<TAB>\"value\"\n"
              "  hex      lines of `scan --hex`: 0xKEY<TAB>0xVALUE\n"
              "  tsv      key<TAB>value, bytes as they are\n"
              "  stanzas  Debian control stanzas; the key is the Package field\n"
              "  lines    the key is file name:line number, the value is the line\n"
              "  auto     the one that the first line looks like; lines if none\n"
              "\n"
              "A line that does not fit the format is an error that names it. The entries before "
              "it are loaded, and the last line printed says how many. Everything loaded is "
              "durable when the command ends. FILE - is standard input.",
          .flags = {{.name = "ns",
                     .letter = 'n',
                     .value = "N",
                     .type = Flag::Type::kNumber,
                     .help = "namespace of entries that name none, 0 by default; entries that "
                             "name another are refused",
                     .most = kMaxNamespace},
                    {.name = "format",
                     .letter = 'f',
                     .value = "F",
                     .type = Flag::Type::kChoice,
                     .help = "format of all inputs, auto by default",
                     .choices = InputFormatNames()},
                    {.name = "batch",
                     .letter = 'b',
                     .value = "N",
                     .type = Flag::Type::kNumber,
                     .help = "entries of an atomic commit, 100 by default"},
                    OptionFlag()},
          .examples = {"printf 'apple\\tred\\nplum\\tblue\\n' | veralith load /tmp/fruit",
                       "veralith dump /tmp/fruit | veralith load /tmp/copy",
                       "apt-cache dumpavail | veralith load /tmp/packages --format stanzas"},
          .also = {"import", "restore", "read-in"},
          .run = Run};
}

}  // namespace veralith::tools
