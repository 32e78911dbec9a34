// SPDX-License-Identifier: Apache-2.0

// The main job (./dev run): one database through its whole life on real data, compared with the
// executable specification at every stage. Prints a line per stage; the last line says whether
// engine and model agree. Exit codes: 0 they agree, 1 they differ, 2 wrong usage, 3 an error.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "model/kv_model.h"
#include "tools/input.h"
#include "tools/progress.h"
#include "tools/veralith/arguments.h"
#include "veralith/clock.h"
#include "veralith/db.h"

namespace veralith::tools {
namespace {

constexpr int kAgree = 0;
constexpr int kDiffer = 1;
constexpr int kUsage = 2;
constexpr int kError = 3;

constexpr NamespaceId kLoaded = 0;
constexpr NamespaceId kCrash = 1;
constexpr size_t kBatchEntries = 100;
constexpr uint64_t kCrashAfter = 400;  // acknowledged commits of the writer that is killed
constexpr uint64_t kCrashBatch = 10;   // entries per commit

// Says what went wrong as a Status: Internal for a difference between engine and model.
absl::Status Difference(const std::string& what) {
  return MakeStatus(absl::StatusCode::kInternal, what);
}

std::string CrashKey(uint64_t i) {
  char text[32];
  std::snprintf(text, sizeof(text), "crash/%010llu", static_cast<unsigned long long>(i));
  return text;
}

std::string CrashValue(uint64_t i) { return "value " + std::to_string(Random(i).Next()); }

// Commit n holds entries [n * kCrashBatch, (n + 1) * kCrashBatch).
std::vector<model::Write> CrashCommit(uint64_t n) {
  std::vector<model::Write> writes;
  for (uint64_t i = n * kCrashBatch; i < (n + 1) * kCrashBatch; ++i) {
    model::Write write;
    write.ns = kCrash;
    write.key = CrashKey(i);
    write.value = CrashValue(i);
    writes.push_back(std::move(write));
  }
  return writes;
}

WriteBatch ToBatch(const std::vector<model::Write>& writes) {
  WriteBatch batch;
  for (const model::Write& write : writes) {
    if (write.kind == model::Write::Kind::kPut) {
      batch.Put(write.ns, write.key, write.value);
    } else {
      batch.Delete(write.ns, write.key);
    }
  }
  return batch;
}

// --- The process that is killed ------------------------------------------------------------------

// Commits for ever, each commit synced, and prints on standard output which are acknowledged.
int RunWriter(const std::string& directory) {
  Options options;
  options.create_if_missing = false;
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, options);
  if (!db.ok()) {
    std::fprintf(stderr, "writer: %s\n", ToString(db.status()).c_str());
    return kError;
  }
  for (uint64_t n = 0;; ++n) {
    const absl::Status status =
        (*db)->Write({.sync = SyncMode::kCommit}, ToBatch(CrashCommit(n))).status();
    if (!status.ok()) {
      std::fprintf(stderr, "writer: %s\n", ToString(status).c_str());
      return kError;
    }
    const std::string line = std::to_string(n) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) {
      return kError;
    }
  }
}

// Starts the writer, and kills it once it has acknowledged kCrashAfter commits. Returns how many it
// had.
absl::StatusOr<uint64_t> KillAWriter(const std::string& directory) {
  int ends[2];
  if (::pipe(ends) != 0) {
    return Unavailable("pipe failed");
  }
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const pid_t child = ::fork();
  if (child < 0) {
    return Unavailable("fork failed");
  }
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl(self.c_str(), self.c_str(), "--writer", directory.c_str(), nullptr);
    std::_Exit(kError);
  }
  ::close(ends[1]);
  std::FILE* acknowledged = ::fdopen(ends[0], "r");
  uint64_t count = 0;
  unsigned long long n = 0;
  while (std::fscanf(acknowledged, "%llu", &n) == 1) {
    count = n + 1;
    if (count == kCrashAfter) {
      ::kill(child, SIGKILL);
    }
  }
  std::fclose(acknowledged);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
    return Unavailable("the writer process ended by itself");
  }
  return count;
}

// --- The job -------------------------------------------------------------------------------------

class Job {
 public:
  Job(std::string directory, std::vector<std::string> files, std::string veralith)
      : directory_(std::move(directory)),
        files_(std::move(files)),
        veralith_(std::move(veralith)) {}

  absl::Status Run() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(std::filesystem::path(directory_).parent_path());
    VERALITH_RETURN_IF_ERROR(Open());
    VERALITH_RETURN_IF_ERROR(Load());
    VERALITH_RETURN_IF_ERROR(UpdateAndDelete());
    VERALITH_RETURN_IF_ERROR(ScanBothWays());
    VERALITH_RETURN_IF_ERROR(Close());
    VERALITH_RETURN_IF_ERROR(CrashAndRecover());
    VERALITH_RETURN_IF_ERROR(FlushAndCompact());
    VERALITH_RETURN_IF_ERROR(CompareAll("after compaction"));
    VERALITH_RETURN_IF_ERROR(Close());
    VERALITH_RETURN_IF_ERROR(Open());
    VERALITH_RETURN_IF_ERROR(CompareAll("after reopening"));
    PrintSizes();
    return Close();
  }

  void PrintClosing() const {
    std::printf("\nThe data stays in %s. Try:\n", directory_.c_str());
    std::printf("  %s stats %s\n", veralith_.c_str(), directory_.c_str());
    std::printf("  %s scan %s --limit 5 --keys\n", veralith_.c_str(), directory_.c_str());
    std::printf("  %s check %s\n\n", veralith_.c_str(), directory_.c_str());
  }

 private:
  absl::Status Open() {
    const int64_t start = SystemClock()->MonotonicNanos();
    VERALITH_ASSIGN_OR_RETURN(db_, Db::Open(directory_, {}));
    std::fprintf(stderr, "open: %.1f ms\n",
                 static_cast<double>(SystemClock()->MonotonicNanos() - start) / 1e6);
    return absl::OkStatus();
  }

  absl::Status Close() {
    const Statistics now = db_->GetStatistics();
    written_ += now.log_bytes_written + now.flush_bytes_written + now.compaction_bytes_written;
    user_bytes_ += now.user_bytes_written;
    VERALITH_RETURN_IF_ERROR(db_->Close());
    db_.reset();
    return absl::OkStatus();
  }

  absl::Status Commit(const std::vector<model::Write>& writes) {
    VERALITH_ASSIGN_OR_RETURN(const Timestamp timestamp, db_->Write({}, ToBatch(writes)));
    if (timestamp <= model_.last_timestamp()) {
      return Difference("a commit's timestamp does not follow the last one's");
    }
    model_.Commit(timestamp, writes);
    return absl::OkStatus();
  }

  absl::Status LoadStream(std::istream& stream, const std::string& name, Progress& progress) {
    InputReader reader(stream, name, InputFormat::kAuto);
    std::vector<model::Write> writes;
    while (true) {
      InputEntry entry;
      VERALITH_ASSIGN_OR_RETURN(const bool more, reader.Next(&entry));
      if (more) {
        model::Write write;
        write.ns = kLoaded;
        write.key = std::move(entry.key);
        write.value = std::move(entry.value);
        writes.push_back(std::move(write));
      }
      if (!writes.empty() && (writes.size() == kBatchEntries || !more)) {
        VERALITH_RETURN_IF_ERROR(Commit(writes));
        loaded_ += writes.size();
        writes.clear();
        progress.Update(loaded_);
      }
      if (!more) {
        return absl::OkStatus();
      }
    }
  }

  absl::Status Load() {
    Progress progress("load", "entries", 0);
    for (const std::string& file : files_) {
      std::ifstream stream(file, std::ios::binary);
      if (!stream) {
        return NotFound(file + ": cannot be opened for reading");
      }
      VERALITH_RETURN_IF_ERROR(
          LoadStream(stream, std::filesystem::path(file).filename().string(), progress));
    }
    if (loaded_ == 0) {
      return InvalidArgument("nothing to load: the input is empty");
    }
    for (const model::Row& row :
         model_.Scan(kLoaded, Bound::Open(), Bound::Open(), model_.last_timestamp())) {
      keys_.push_back(row.key);
    }
    return absl::OkStatus();
  }

  // Rewrites every tenth key and deletes every twentieth, in atomic batches.
  absl::Status UpdateAndDelete() {
    Progress progress("update and delete", "entries", keys_.size() / 10 + keys_.size() / 20);
    Random random(1);
    std::vector<model::Write> writes;
    uint64_t done = 0;
    for (const std::string& key : keys_) {
      const uint64_t draw = random.Below(20);
      if (draw < 3) {
        model::Write write;
        write.kind = draw == 0 ? model::Write::Kind::kDelete : model::Write::Kind::kPut;
        write.key = key;
        write.value = draw == 0 ? std::string() : "updated: " + key;
        writes.push_back(std::move(write));
      }
      if (writes.size() == kBatchEntries || &key == &keys_.back()) {
        if (!writes.empty()) {
          VERALITH_RETURN_IF_ERROR(Commit(writes));
        }
        done += writes.size();
        writes.clear();
        progress.Update(done);
      }
    }
    return absl::OkStatus();
  }

  // Holds a snapshot, changes the database, and reads a range at the snapshot in both directions.
  absl::Status ScanBothWays() {
    const ScopedSnapshot snapshot(*db_);
    const Timestamp at = snapshot.get()->timestamp();
    model::Write later;
    later.key = keys_[keys_.size() / 2];
    later.value = "written after the snapshot";
    VERALITH_RETURN_IF_ERROR(Commit({later}));

    ScanOptions options;
    options.snapshot = snapshot.get();
    options.ns = kLoaded;
    options.lower = Bound::Inclusive(keys_[keys_.size() / 4]);
    options.upper = Bound::Exclusive(keys_[keys_.size() * 3 / 4]);
    std::vector<model::Row> expected = model_.Scan(kLoaded, options.lower, options.upper, at);
    VERALITH_RETURN_IF_ERROR(CompareScan(options, expected, /*reverse=*/false, "scan"));
    std::reverse(expected.begin(), expected.end());
    return CompareScan(options, expected, /*reverse=*/true, "scan backward");
  }

  absl::Status CompareScan(const ScanOptions& options, const std::vector<model::Row>& expected,
                           bool reverse, const std::string& what) {
    Progress progress(what, "entries", expected.size());
    const std::unique_ptr<DbIterator> rows = db_->NewIterator(options);
    size_t i = 0;
    reverse ? rows->SeekToLast() : rows->SeekToFirst();
    for (; rows->Valid(); reverse ? rows->Prev() : rows->Next(), ++i) {
      if (i == expected.size()) {
        return Difference(what + ": the engine has a key too many: " + QuoteKey(rows->key()));
      }
      const model::Row& row = expected[i];
      if (rows->key() != row.key || rows->value() != row.value ||
          rows->timestamp() != row.timestamp) {
        return Difference(what + ": row " + std::to_string(i) + " is " + QuoteKey(rows->key()) +
                          ", the model says " + QuoteKey(row.key));
      }
      progress.Update(i + 1);
    }
    VERALITH_RETURN_IF_ERROR(rows->status());
    if (i != expected.size()) {
      return Difference(what + ": the engine lacks " + QuoteKey(expected[i].key));
    }
    return absl::OkStatus();
  }

  absl::Status CrashAndRecover() {
    VERALITH_ASSIGN_OR_RETURN(const uint64_t acknowledged, KillAWriter(directory_));
    VERALITH_RETURN_IF_ERROR(Open());
    // Checks the commits of the killed process, in order: they must be a prefix, whole, and include
    // every acknowledged one.
    ScanOptions options;
    options.ns = kCrash;
    const std::unique_ptr<DbIterator> rows = db_->NewIterator(options);
    std::vector<Timestamp> timestamps;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      timestamps.push_back(rows->timestamp());
    }
    VERALITH_RETURN_IF_ERROR(rows->status());
    const uint64_t survived = timestamps.size() / kCrashBatch;
    for (uint64_t n = 0; n < survived; ++n) {
      model_.Commit(timestamps[n * kCrashBatch], CrashCommit(n));
    }
    std::printf(
        "killed a writer with SIGKILL: %s commits were acknowledged as synced, %s survived\n",
        Grouped(acknowledged).c_str(), Grouped(survived).c_str());
    if (survived < acknowledged || timestamps.size() % kCrashBatch != 0) {
      return Difference("a synced commit was lost, or a commit is there in part");
    }
    return CompareAll("after the crash");
  }

  absl::Status FlushAndCompact() {
    Progress progress("flush and compact", "entries", 0);
    VERALITH_RETURN_IF_ERROR(db_->Flush());
    VERALITH_RETURN_IF_ERROR(db_->CompactAll());
    progress.Update(model_.All(model_.last_timestamp()).at(kLoaded).size());
    return db_->Check();
  }

  // Compares every entry of every namespace by scan, and every key ever written by Get.
  absl::Status CompareAll(const std::string& when) {
    for (const NamespaceId ns : model_.Namespaces()) {
      ScanOptions options;
      options.ns = ns;
      VERALITH_RETURN_IF_ERROR(CompareScan(
          options, model_.Scan(ns, Bound::Open(), Bound::Open(), model_.last_timestamp()),
          /*reverse=*/false, "compare " + when + ", namespace " + std::to_string(ns)));
    }
    Progress progress("look up " + when, "keys", keys_.size());
    PinnedValue value;
    for (size_t i = 0; i < keys_.size(); ++i) {
      VERALITH_ASSIGN_OR_RETURN(const bool found, db_->Get({}, kLoaded, keys_[i], &value));
      const std::optional<model::Row> row = model_.Get(kLoaded, keys_[i], model_.last_timestamp());
      if (found != row.has_value() || (found && value.view() != row->value)) {
        return Difference(when + ": Get(" + QuoteKey(keys_[i]) + ") differs from the model");
      }
      progress.Update(i + 1);
    }
    return absl::OkStatus();
  }

  void PrintSizes() const {
    uint64_t on_disk = 0;
    for (const auto& item : std::filesystem::directory_iterator(directory_)) {
      on_disk += item.is_regular_file() ? item.file_size() : 0;
    }
    std::printf(
        "%s entries loaded, %s keys; written by the user %s, to disk %s: write "
        "amplification %.2f; on disk now %s\n",
        Grouped(loaded_).c_str(), Grouped(keys_.size()).c_str(), HumanBytes(user_bytes_).c_str(),
        HumanBytes(written_).c_str(),
        static_cast<double>(written_) / static_cast<double>(std::max<uint64_t>(1, user_bytes_)),
        HumanBytes(on_disk).c_str());
  }

  const std::string directory_;
  const std::vector<std::string> files_;
  const std::string veralith_;
  std::unique_ptr<Db> db_;
  model::KvModel model_;
  std::vector<std::string> keys_;
  uint64_t loaded_ = 0;
  uint64_t written_ = 0;
  uint64_t user_bytes_ = 0;
};

int Main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const absl::StatusOr<Arguments> arguments =
      Arguments::Parse(words, {{.name = "writer", .value = "DIR"},
                               {.name = "veralith", .value = "FILE"},
                               {.name = "data", .value = "DIR"},
                               {.name = "help", .letter = 'h'}});
  if (!arguments.ok()) {
    std::fprintf(stderr, "run: %s\n", ToString(arguments.status()).c_str());
    return kUsage;
  }
  if (const auto directory = arguments->Value("writer"); directory.has_value()) {
    return RunWriter(*directory);
  }
  if (arguments->Has("help") || arguments->positional().empty()) {
    std::fputs(
        "usage: ./dev run [--data DIR] [FILE...]\n\n"
        "Loads FILEs (Debian stanzas, key<TAB>value lines, or plain lines) into a new\n"
        "database in DIR (data/run), updates, scans, kills a writer, recovers, compacts, and\n"
        "compares with the model at every stage.\n",
        stdout);
    return arguments->Has("help") ? kAgree : kUsage;
  }
  Job job(arguments->Value("data").value_or("data/run"), arguments->positional(),
          arguments->Value("veralith").value_or("veralith"));
  const absl::Status status = job.Run();
  if (absl::IsInternal(status)) {
    std::printf("engine and model DIFFER: %s\n", std::string(Message(status)).c_str());
    return kDiffer;
  }
  if (!status.ok()) {
    std::fprintf(stderr, "run: %s\n", ToString(status).c_str());
    return absl::IsInvalidArgument(status) ? kUsage : kError;
  }
  job.PrintClosing();
  std::printf("engine and model agree\n");
  return kAgree;
}

}  // namespace
}  // namespace veralith::tools

int main(int argc, char** argv) { return veralith::tools::Main(argc, argv); }
