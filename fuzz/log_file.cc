// SPDX-License-Identifier: Apache-2.0

// A whole log file, log number 1 of id 0x5eed. The input is an image. If its first byte is not that
// of an image, it is a recipe: bytes from which records with sound seals are made, in each version,
// and then damaged, so that the fuzzer gets past checksums.
//
// Oracle: the records read, written again, are the file's bytes up to end(). Nothing is read that
// was not written. The scan after the end terminates within its bound, and shows only records that
// were written at that place.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/format/coding.h"
#include "core/format/record_frame.h"
#include "core/format/testing/version_1.h"
#include "core/fs/testing/memory_file.h"
#include "core/log/log_reader.h"
#include "core/log/log_writer.h"
#include "core/log/record_reader.h"

namespace veralith {
namespace {

constexpr RecordFileId kId = {RecordFileKind::kLog, 1, 0x5eed};

std::shared_ptr<MemoryFileState> FileOf(std::string bytes) {
  auto state = std::make_shared<MemoryFileState>();
  state->bytes = std::move(bytes);
  return state;
}

// Offsets and payloads of what a recipe wrote; empty for an image.
using Written = std::map<uint64_t, std::string>;

// Takes a length byte, that many bytes of payload, and so on. The last quarter is damage: (place,
// xor).
std::string Cook(std::string_view recipe, uint32_t version, Written* written) {
  const size_t damage_bytes = recipe.size() / 4 / 3 * 3;
  std::string_view damage = recipe.substr(recipe.size() - damage_bytes);
  recipe.remove_suffix(damage_bytes);
  testing::RecordFileImage image({.file = kId, .version = version});
  while (!recipe.empty()) {
    const size_t n = std::min<size_t>(1 + static_cast<uint8_t>(recipe[0]) % 80, recipe.size());
    (*written)[image.bytes().size()] = recipe.substr(0, n);
    image.Add(recipe.substr(0, n));
    recipe.remove_prefix(n);
  }
  std::string bytes = image.bytes();
  for (; damage.size() >= 3; damage.remove_prefix(3)) {
    char& place = bytes[LoadLe16(damage.data()) % bytes.size()];
    place = static_cast<char>(place ^ damage[2]);
  }
  return bytes;
}

// Returns the file's header; any header if it has none.
RecordFileHeader HeaderOf(const std::string& image) {
  const auto header = ParseRecordFileHeader(image);
  return header.ok() ? *header : RecordFileHeader{.file = kId};
}

void CheckRecords(const std::string& image, const Written* written) {
  auto reader = RecordReader::Open(OpenMemoryFile(FileOf(image)), kId);
  if (!reader.ok()) {
    VERALITH_CHECK(absl::IsUnimplemented(reader.status()));
    return;
  }
  testing::RecordFileImage again(HeaderOf(image));
  std::string_view payload;
  while (*(*reader)->Next(&payload)) {
    VERALITH_CHECK(written == nullptr || written->at((*reader)->record_offset()) == payload);
    again.Add(payload);
  }
  const uint64_t end = (*reader)->end_offset();
  VERALITH_CHECK(end % RecordAlignment((*reader)->version()) == 0 && end <= image.size());
  VERALITH_CHECK(end == 0 || again.bytes() == image.substr(0, end));
  uint64_t last = end;
  const absl::Status scan = (*reader)->ScanBehindEnd([&](uint64_t offset, std::string_view prefix) {
    VERALITH_CHECK(offset >= last && offset < image.size());
    VERALITH_CHECK(written == nullptr || written->at(offset).starts_with(prefix));
    VERALITH_CHECK(offset % RecordAlignment((*reader)->version()) == 0);
    last = offset + kRecordHeaderBytes + prefix.size();
    return true;
  });
  VERALITH_CHECK(scan.ok() || absl::IsDataLoss(scan));
}

// Checks the log above the records: an error, or batches that, staged again, give the same bytes.
void CheckBatches(const std::string& image) {
  auto reader = LogReader::Open(OpenMemoryFile(FileOf(image)), kId.number, kId.id);
  if (!reader.ok()) {
    return;
  }
  const RecordFileHeader header = HeaderOf(image);
  auto written = FileOf("");
  LogWriter writer(OpenMemoryFile(written), kId.number, kId.id, header.continues);
  testing::RecordFileImage old(header);
  LogRecordView record;
  absl::StatusOr<bool> more = (*reader)->Next(&record);
  for (; more.ok() && *more; more = (*reader)->Next(&record)) {
    std::vector<LogOperation> operations;
    LogOperation operation;
    for (auto cursor = record.operations(); cursor.Next(&operation);) {
      operations.push_back(operation);
    }
    writer.Stage(record.ts(), record.synced_through(), operations);
    old.Add(testing::Version1LogPayload(record.ts(), record.synced_through(), operations));
  }
  if (!more.ok()) {
    VERALITH_CHECK(!(*reader)->Next(&record).ok());
    return;
  }
  VERALITH_CHECK(writer.Commit().ok());
  const uint64_t end = (*reader)->end().offset;
  const std::string& again = header.version == 1 ? old.bytes() : written->bytes;
  VERALITH_CHECK(end == 0 || again == image.substr(0, end));
  (void)(*reader)->FurthestSyncedBehindDamage();
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith;  // NOLINT: a harness
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size == 0 || bytes[0] == 'V') {
    CheckRecords(std::string(bytes), nullptr);
    CheckBatches(std::string(bytes));
    return 0;
  }
  for (uint32_t version = kOldestRecordFormatVersion; version <= kRecordFormatVersion; ++version) {
    Written written;
    const std::string image = Cook(bytes, version, &written);
    CheckRecords(image, &written);
    CheckBatches(image);
  }
  return 0;
}
