// SPDX-License-Identifier: Apache-2.0

// Metadata files: what is written is read back, what others wrote stays, what is no metadata is an
// error.
#include "core/iceberg/table_metadata.h"

#include <string>
#include <utility>

#include "core/base/status.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace veralith::iceberg {
namespace {

using Json = nlohmann::json;

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")

TableMetadata Table(int version) {
  return *TableMetadata::Create(version, "uuid", "file:///t", "00000000000000ab", 1000);
}

NewSnapshot Snapshot(int64_t id) {
  NewSnapshot snapshot;
  snapshot.id = id;
  snapshot.sequence_number = id;
  snapshot.timestamp_ms = 1000 + id;
  snapshot.manifest_list = "file:///t/metadata/" + std::to_string(id) + "-snapshot.avro";
  snapshot.operation = "append";
  snapshot.summary = {{"veralith.commit-timestamp", "17"}};
  snapshot.added_rows = 10;
  return snapshot;
}

TEST(TableMetadata, WhatIsWrittenIsReadBack) {
  for (const int version : {2, 3}) {
    TableMetadata table = Table(version);
    EXPECT_EQ(table.current(), nullptr);
    table.AddSnapshot(Snapshot(1));
    table.AddSnapshot(Snapshot(2));
    table.LogPrevious("file:///t/metadata/v1.metadata.json", 1000, 5);
    const absl::StatusOr<TableMetadata> read = TableMetadata::Parse(table.ToText());
    ASSERT_OK(read.status());
    EXPECT_EQ(read->ToText(), table.ToText());
    EXPECT_EQ(read->format_version(), version);
    EXPECT_EQ(read->location(), "file:///t");
    EXPECT_EQ(read->database_id(), "00000000000000ab");
    EXPECT_EQ(read->last_sequence_number(), 2);
    EXPECT_EQ(read->last_updated_ms(), 1002);
    EXPECT_EQ(read->next_row_id(), version == 3 ? 20 : -1);
    ASSERT_EQ(read->snapshots().size(), 2u);
    EXPECT_TRUE(read->snapshots()[1].is_ours);
    EXPECT_EQ(read->snapshots()[1].parent_id, 1);
    EXPECT_EQ(read->current()->id, 2);
  }
}

TEST(TableMetadata, HasTheMembersThatReadersNeed) {
  TableMetadata table = Table(3);
  table.AddSnapshot(Snapshot(1));
  const Json json = Json::parse(table.ToText());
  for (const char* member :
       {"table-uuid", "last-column-id", "current-schema-id", "schemas", "default-spec-id",
        "partition-specs", "last-partition-id", "default-sort-order-id", "sort-orders", "refs",
        "snapshot-log", "metadata-log", "next-row-id"}) {
    EXPECT_TRUE(json.contains(member)) << member;
  }
  EXPECT_EQ(json.at("schemas").at(0).at("fields").at(1),
            Json::parse(R"({"id":2,"name":"key","required":true,"type":"binary"})"));
  EXPECT_EQ(json.at("refs").at("main").at("snapshot-id"), 1);
  EXPECT_EQ(json.at("snapshots").at(0).at("first-row-id"), 0);
}

TEST(TableMetadata, WhatOthersWroteStays) {
  Json json = Json::parse(Table(2).ToText());
  json["properties"]["owner"] = "somebody";
  json["statistics"] = Json::array({{{"snapshot-id", 4}}});
  json["snapshots"] = Json::array({{{"snapshot-id", 4},
                                    {"sequence-number", 1},
                                    {"timestamp-ms", 5},
                                    {"manifest-list", "s3://x"},
                                    {"summary", {{"operation", "append"}}}}});
  json["refs"]["audit"] = {{"snapshot-id", 4}, {"type", "tag"}};
  absl::StatusOr<TableMetadata> table = TableMetadata::Parse(json.dump());
  ASSERT_OK(table.status());
  EXPECT_FALSE(table->snapshots()[0].is_ours);
  table->AddSnapshot(Snapshot(9));
  table->AddSnapshot(Snapshot(10));
  table->Upgrade();
  EXPECT_EQ(table->Expire([](const TableSnapshot&) { return false; }), 1u);
  const Json after = Json::parse(table->ToText());
  EXPECT_EQ(after.at("properties").at("owner"), "somebody");
  EXPECT_EQ(after.at("statistics"), json.at("statistics"));
  EXPECT_EQ(after.at("refs").at("audit").at("snapshot-id"), 4);
  EXPECT_EQ(after.at("snapshots").size(), 2u);  // the tagged one and the current one
  EXPECT_EQ(after.at("snapshot-log").size(), 1u);
  EXPECT_EQ(after.at("format-version"), 3);
}

TEST(TableMetadata, WhatIsNoMetadataIsAnError) {
  for (const char* text : {"", "{", "[]", "null", "{}", R"({"format-version":"2"})",
                           R"({"format-version":2,"location":5})"}) {
    EXPECT_TRUE(absl::IsDataLoss(TableMetadata::Parse(text).status())) << text;
  }
  for (const int version : {1, 4}) {
    Json json = Json::parse(Table(2).ToText());
    json["format-version"] = version;
    EXPECT_TRUE(absl::IsUnimplemented(TableMetadata::Parse(json.dump()).status()));
  }
  for (const char* member : {"location", "last-sequence-number", "last-updated-ms"}) {
    Json json = Json::parse(Table(2).ToText());
    json.erase(member);
    EXPECT_TRUE(absl::IsDataLoss(TableMetadata::Parse(json.dump()).status())) << member;
  }
  Json of_three = Json::parse(Table(3).ToText());
  of_three["next-row-id"] = -1;  // only format 3 has it
  EXPECT_TRUE(absl::IsDataLoss(TableMetadata::Parse(of_three.dump()).status()));
  of_three.erase("next-row-id");
  EXPECT_TRUE(absl::IsDataLoss(TableMetadata::Parse(of_three.dump()).status()));
  Json json = Json::parse(Table(2).ToText());
  json["current-snapshot-id"] = 5;
  EXPECT_TRUE(absl::IsDataLoss(TableMetadata::Parse(json.dump()).status()));
  EXPECT_TRUE(absl::IsDataLoss(TableMetadata::Parse(std::string(1'000'000, '[')).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(TableMetadata::Create(2, "uuid", "file:///\xff", "ab", 1).status()));
}

}  // namespace
}  // namespace veralith::iceberg
