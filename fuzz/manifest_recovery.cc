// SPDX-License-Identifier: Apache-2.0

// Recovery of a directory image. Bytes become CURRENT and MANIFEST-000001, raw or as correctly
// framed records (so that edits are reached despite the checksums). Recovery must end with a state
// or an error, and a recovered state must survive being written and recovered again.
//
//   byte 0   bit 0: framed   bit 1: no CURRENT   bit 2: a log and a segment are there
//            bit 3: the framed manifest is closed
//   raw      byte 1: length of CURRENT; CURRENT; MANIFEST-000001
//   framed   byte 1: how many bytes are cut off the end; then records: length (2 bytes), edit
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/coding.h"
#include "core/fs/file_helpers.h"
#include "core/log/record_writer.h"
#include "core/manifest/manifest_log.h"
#include "core/version_set/version_set.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

constexpr CurrentPointer kPointer{1, 42};
const std::string kDirectory = "/db";

void Write(FileSystem& fs, std::string_view name, std::string_view bytes) {
  auto file = fs.Open(JoinPath(kDirectory, name), OpenMode::kCreate);
  VERALITH_CHECK(file.ok() && (*file)->Append(bytes).ok());
}

std::string_view Take(std::string_view& bytes, size_t n) {
  const std::string_view taken = bytes.substr(0, n);
  bytes.remove_prefix(taken.size());
  return taken;
}

uint8_t TakeByte(std::string_view& bytes) {
  const std::string_view taken = Take(bytes, 1);
  return taken.empty() ? 0 : static_cast<uint8_t>(taken[0]);
}

void StageRecord(RecordWriter& writer, std::string_view edit) {
  std::string payload;
  AppendFixed64(&payload, writer.staged_offset());
  payload.append(edit);
  writer.Stage(payload);
}

void WriteFramed(FileSystem& fs, std::string_view bytes, bool closed) {
  const uint8_t cut = TakeByte(bytes);
  const std::string path = JoinPath(kDirectory, ManifestFileName(1));
  auto file = fs.Open(path, OpenMode::kCreate);
  VERALITH_CHECK(file.ok());
  RecordWriter writer(*std::move(file), ManifestFileId(kPointer));
  while (bytes.size() >= 2) {
    const size_t length = TakeByte(bytes) + size_t{256} * TakeByte(bytes);
    StageRecord(writer, Take(bytes, length));
  }
  if (closed) {
    StageRecord(writer, "");
  }
  VERALITH_CHECK(writer.Commit().ok());
  VERALITH_CHECK(
      writer.file()
          ->Truncate(writer.committed_offset() - std::min<uint64_t>(cut, writer.committed_offset()))
          .ok());
}

void MakeImage(FileSystem& fs, std::string_view bytes) {
  const uint8_t flags = TakeByte(bytes);
  const bool framed = (flags & 1) != 0;
  const bool has_current = (flags & 2) == 0;
  VERALITH_CHECK(fs.CreateDirectory(kDirectory).ok());
  if ((flags & 4) != 0) {
    Write(fs, LogFileName(2), "log");
    Write(fs, SegmentFileName(3), "segment");
  }
  if (framed) {
    WriteFramed(fs, bytes, (flags & 8) != 0);
  }
  const std::string_view current = framed ? std::string_view() : Take(bytes, TakeByte(bytes));
  if (has_current) {
    Write(fs, kCurrentFileName, framed ? std::string_view(CurrentText(kPointer)) : current);
  }
  if (!framed) {
    Write(fs, ManifestFileName(1), bytes);
  }
}

VersionEdit Essence(const ManifestState& state) {
  VersionEdit edit = state.Snapshot();
  edit.next_file_number.reset();
  edit.next_run_id.reset();
  return edit;
}

absl::StatusOr<std::unique_ptr<VersionSet>> Open(FileSystem& fs, Executor& executor) {
  VersionSetOptions options;
  options.fs = &fs;
  options.executor = &executor;
  options.directory = kDirectory;
  options.new_database_id = 42;
  options.open_segment = [](const FileMeta&) { return std::shared_ptr<SegmentReader>(); };
  return VersionSet::Open(std::move(options));
}

void RecoverTwice(FileSystem& fs) {
  const auto names = fs.List(kDirectory);
  VERALITH_CHECK(names.ok());
  const auto recovered = RecoverManifest(&fs, kDirectory, *names);
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  const auto first = Open(fs, executor);
  if (!recovered.ok()) {
    VERALITH_CHECK(!first.ok() && !Message(recovered.status()).empty());
    return;
  }
  if (!first.ok()) {
    return;  // a log is missing, or the version breaks an invariant
  }
  VERALITH_CHECK((*first)->created() == !recovered->has_value());
  if (recovered->has_value()) {
    VERALITH_CHECK(Essence((*first)->state()) == Essence((*recovered)->state));
  }
  const auto second = Open(fs, executor);
  VERALITH_CHECK(second.ok());
  VERALITH_CHECK(Essence((*second)->state()) == Essence((*first)->state()));
  VERALITH_CHECK((*second)->manifest_number() > (*first)->manifest_number());
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  veralith::SimulatedFileSystem fs;
  veralith::MakeImage(fs, {reinterpret_cast<const char*>(data), size});
  veralith::RecoverTwice(fs);
  const auto scan = veralith::ScanManifest(
      &fs, veralith::JoinPath(veralith::kDirectory, veralith::ManifestFileName(1)), 1,
      [](uint64_t, const veralith::VersionEdit&) { return absl::OkStatus(); });
  VERALITH_CHECK(scan.ok() || !veralith::Message(scan.status()).empty());
  return 0;
}
