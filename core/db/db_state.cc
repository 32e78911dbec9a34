// SPDX-License-Identifier: Apache-2.0

#include "core/db/db_state.h"

#include <algorithm>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_mapping.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

FileSystem* FileSystemOf(const Options& options) {
  return options.file_system != nullptr ? options.file_system : PosixFileSystem();
}

Executor* ExecutorOf(const Options& options) {
  return options.executor != nullptr ? options.executor : DefaultExecutor();
}

}  // namespace

DbState::DbState(std::string directory_given, const Options& options_given,
                 std::function<void()> manifest_replaced)
    : directory(std::move(directory_given)),
      options(options_given),
      fs(FileSystemOf(options)),
      physical_clock(options.clock != nullptr ? options.clock : SystemClock()),
      executor(ExecutorOf(options)),
      compaction_options(ToCompactionOptions(options, executor->parallelism())),
      limiter(physical_clock, executor, options.background_bytes_per_second),
      seek_debt(options.seek_charge_bytes),
      random(options.random_seed.has_value() ? *options.random_seed : EntropySeed()),
      events(options.listeners),
      manifest_replaced_(std::move(manifest_replaced)) {}

WrittenBytes DbState::WrittenNow() const {
  WrittenBytes written = written_before;
  written.user += counters.user_bytes;
  written.logs += counters.log_bytes;
  written.flushes += counters.flush_bytes;
  written.compactions += counters.compaction_written_bytes;
  return written;
}

// Adds counts only to edits that are written anyway: a crash loses what is counted since the last
// one.
absl::Status DbState::Install(VersionEdit edit) {
  const ManifestState& state = versions->state();
  if (const WrittenBytes written = WrittenNow(); written != state.written) {
    edit.written = written;
  }
  if (const CompactionPolicyKind policy = options.compaction_policy; policy != state.policy) {
    edit.policy = policy;
  }
  const uint64_t manifest = versions->manifest_number();
  const absl::Status status = versions->LogAndApply(std::move(edit), mutex());
  if (versions->manifest_number() != manifest && !closing) {
    manifest_replaced_();
  }
  return status;
}

// If there was no memory for an edit, it has changed nothing; that is only an error.
absl::Status DbState::InstallOrFail(VersionEdit edit) {
  absl::Status status = Install(std::move(edit));
  const bool changed_nothing = absl::IsResourceExhausted(status) && versions->error().ok();
  return status.ok() || changed_nothing ? status : Fatal(status);
}

void DbState::PublishSuperVersion() noexcept {
  publish_due = !TryWithMemory(
      [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { current.Publish(NewSuperVersion()); });
}

SuperVersion* DbState::NewSuperVersion() {
  std::vector<Memtable*> memtables = {active.get()};
  for (auto it = frozen.rbegin(); it != frozen.rend(); ++it) {
    memtables.push_back(it->memtable.get());
  }
  return new SuperVersion(std::move(memtables), versions->current(),
                          versions->state().history_floor);
}

std::vector<Timestamp> DbState::Points() const {
  std::vector<Timestamp> points = snapshots.Timestamps();
  const Timestamp newest = visible.Load();
  if (points.empty() || points.back() < newest) {
    points.push_back(newest);
  }
  return points;
}

// After a failed write or sync of the log or the manifest, it is unknown what is on disk: nothing
// more may be acknowledged (hazards W4, W5).
absl::Status DbState::Fatal(const absl::Status& cause) {
  if (fatal.ok()) {
    fatal = FailedPrecondition("no write is possible until the database is opened again");
    TryWithMemory([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      fatal = FailedPrecondition(
          StrCat(Message(fatal), ", because an earlier write failed: ", ToString(cause)));
    });
    Tell(&Listener::OnBackgroundError, BackgroundErrorEvent{fatal, /*fatal=*/true, 0});
    changed.NotifyAll();
  }
  return cause;
}

absl::Status DbState::CheckWritable() const {
  if (closing) {
    return Closed();
  }
  if (options.read_only) {
    return FailedPrecondition("the database is open for reading only");
  }
  return fatal;
}

absl::Status DbState::Closed() const {
  return FailedPrecondition(
      is_inherited()
          ? "the database belongs to the process that this one was forked from, and cannot be "
            "used here: fork before you open it, or open it here once the other process has "
            "closed it"
          : "the database is closed");
}

void DbState::DeliverEvents() {
  if (events.idle()) {
    return;
  }
  events.Deliver(mutex());
  if (closing) {
    changed.NotifyAll();
  }
}

void DbState::CancelTimers(std::initializer_list<std::optional<Executor::TimerId>*> timers) {
  for (std::optional<Executor::TimerId>* timer : timers) {
    if (timer->has_value() && executor->Cancel(**timer)) {
      timer->reset();
    }
  }
  // A timer that could not be cancelled has started: it resets itself under the mutex.
  while (std::ranges::any_of(timers, [](const auto* timer) { return timer->has_value(); })) {
    executor->Await(mutex(), changed);
  }
}

}  // namespace veralith
