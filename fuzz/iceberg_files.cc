// SPDX-License-Identifier: Apache-2.0

// Bytes as a file of an Iceberg table that is read back: metadata, a manifest or a manifest list,
// by the first byte. What decodes is written again and read as the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/iceberg/manifest_file.h"
#include "core/iceberg/table_metadata.h"

namespace veralith::iceberg {
namespace {

void ReadMetadata(std::string_view bytes) {
  absl::StatusOr<TableMetadata> table = TableMetadata::Parse(bytes);
  if (!table.ok()) {
    return;
  }
  const std::string text = table->ToText();
  const absl::StatusOr<TableMetadata> again = TableMetadata::Parse(text);
  VERALITH_CHECK(again.ok() && again->ToText() == text);
  NewSnapshot snapshot;
  snapshot.id = INT64_MAX;
  snapshot.sequence_number = 1;
  snapshot.operation = "append";
  table->AddSnapshot(snapshot);
  VERALITH_CHECK(table->current() != nullptr);
  table->Upgrade();
  table->Expire([](const TableSnapshot&) { return false; });
  table->LogPrevious("v1", 1, 2);
  VERALITH_CHECK(TableMetadata::Parse(table->ToText()).ok());
}

void ReadManifest(std::string_view bytes) {
  const auto entries = DecodeManifest(bytes);
  if (entries.ok()) {
    const auto again = DecodeManifest(EncodeManifest(3, FileContent::kData, "", *entries));
    VERALITH_CHECK(again.ok() && *again == *entries);
  }
}

void ReadManifestList(std::string_view bytes) {
  const auto lines = DecodeManifestList(bytes);
  if (lines.ok()) {
    const auto again = DecodeManifestList(EncodeManifestList(3, 1, 2, 3, *lines));
    VERALITH_CHECK(again.ok() && *again == *lines);
  }
}

}  // namespace
}  // namespace veralith::iceberg

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith::iceberg;  // NOLINT: a harness
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      ReadMetadata(bytes);
      break;
    case 1:
      ReadManifest(bytes);
      break;
    default:
      ReadManifestList(bytes);
  }
  return 0;
}
