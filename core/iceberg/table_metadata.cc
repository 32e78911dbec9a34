// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/table_metadata.h"

#include <algorithm>

#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace veralith::iceberg {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kDatabaseIdProperty = "veralith.database-id";
constexpr const char* kOursProperty = "veralith.commit-timestamp";  // of a snapshot
constexpr int kMostDepth = 64;
constexpr int64_t kMostCounted = int64_t{1} << 62;  // so that adding to it overflows nothing

// Whether brackets nest no deeper than kMostDepth: what walks a value later does so by recursion.
bool IsShallow(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\') {
      ++i;  // what is escaped ends nothing
    } else if (in_string) {
      in_string = text[i] != '"';
    } else if (text[i] == '"') {
      in_string = true;
    } else if (text[i] == '[' || text[i] == '{') {
      if (++depth > kMostDepth) {
        return false;
      }
    } else if (text[i] == ']' || text[i] == '}') {
      --depth;
    }
  }
  return true;
}

OrderedJson SchemaJson() {
  const auto field = [](int id, const char* name, bool required, const char* type) {
    return OrderedJson{{"id", id}, {"name", name}, {"required", required}, {"type", type}};
  };
  OrderedJson schema = {{"type", "struct"}, {"schema-id", 0}};
  schema["fields"] = OrderedJson::array(
      {field(kNsFieldId, "ns", true, "long"), field(kKeyFieldId, "key", true, "binary"),
       field(kTsFieldId, "ts", true, "long"), field(kValueFieldId, "value", false, "binary")});
  return schema;
}

OrderedJson SortOrderJson() {
  const auto field = [](int id, const char* direction) {
    return OrderedJson{{"transform", "identity"},
                       {"source-id", id},
                       {"direction", direction},
                       {"null-order", "nulls-first"}};
  };
  OrderedJson order = {{"order-id", kSortOrderId}};
  order["fields"] = OrderedJson::array(
      {field(kNsFieldId, "asc"), field(kKeyFieldId, "asc"), field(kTsFieldId, "desc")});
  return order;
}

bool HasInteger(const OrderedJson& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer();
}

bool HasText(const OrderedJson& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string();
}

// The member, or -1: ids and numbers of Iceberg are never negative.
int64_t Integer(const OrderedJson& object, const char* name) {
  return HasInteger(object, name) ? object.at(name).get<int64_t>() : -1;
}

std::string Text(const OrderedJson& object, const char* name) {
  return HasText(object, name) ? object.at(name).get<std::string>() : std::string();
}

// Makes the member, an object or an array, if it is missing. False: it is of another type. (Members
// of an object are neighbours in memory: a new one moves them.)
bool MakeContainer(OrderedJson& object, const char* name, OrderedJson::value_t type) {
  OrderedJson& member = object[name];
  if (member.is_null()) {
    member = OrderedJson(type);
  }
  return member.type() == type;
}

absl::Status Wrong(std::string_view what) {
  return DataLoss("no metadata of an Iceberg table: " + std::string(what));
}

absl::StatusOr<TableSnapshot> ReadSnapshot(const OrderedJson& json) {
  if (!json.is_object() || Integer(json, "snapshot-id") < 0 ||
      Integer(json, "sequence-number") < 0 || Integer(json, "timestamp-ms") < 0 ||
      !HasText(json, "manifest-list")) {
    return Wrong("a snapshot lacks its id, sequence number, time or manifest list");
  }
  TableSnapshot snapshot;
  snapshot.id = Integer(json, "snapshot-id");
  if (HasInteger(json, "parent-snapshot-id")) {
    snapshot.parent_id = Integer(json, "parent-snapshot-id");
  }
  snapshot.sequence_number = Integer(json, "sequence-number");
  snapshot.timestamp_ms = Integer(json, "timestamp-ms");
  snapshot.manifest_list = Text(json, "manifest-list");
  const auto summary = json.find("summary");
  snapshot.is_ours =
      summary != json.end() && summary->is_object() && HasText(*summary, kOursProperty);
  return snapshot;
}

bool IsOneOf(const std::vector<int64_t>& ids, const OrderedJson& object) {
  return std::find(ids.begin(), ids.end(), Integer(object, "snapshot-id")) != ids.end();
}

}  // namespace

struct TableMetadata::Json {
  OrderedJson root;
};

TableMetadata::TableMetadata() : json_(std::make_unique<Json>()) {}
TableMetadata::TableMetadata(TableMetadata&&) noexcept = default;
TableMetadata& TableMetadata::operator=(TableMetadata&&) noexcept = default;
TableMetadata::~TableMetadata() = default;

std::string TableSchema() { return SchemaJson().dump(); }

absl::StatusOr<TableMetadata> TableMetadata::Create(int format_version, std::string_view uuid,
                                                    const std::string& location,
                                                    std::string_view database_id, int64_t now_ms) {
  TableMetadata table;
  OrderedJson& root = table.json_->root;
  root = {{"format-version", format_version},
          {"table-uuid", uuid},
          {"location", location},
          {"last-sequence-number", 0},
          {"last-updated-ms", now_ms},
          {"last-column-id", kValueFieldId}};
  root["schemas"] = OrderedJson::array({SchemaJson()});
  root["current-schema-id"] = 0;
  OrderedJson unpartitioned = {{"spec-id", 0}};
  unpartitioned["fields"] = OrderedJson::array();
  root["partition-specs"] = OrderedJson::array({unpartitioned});
  root["default-spec-id"] = 0;
  root["last-partition-id"] = 999;
  root["sort-orders"] = OrderedJson::array({SortOrderJson()});
  root["default-sort-order-id"] = kSortOrderId;
  root["properties"] = OrderedJson::object();
  root["properties"][kDatabaseIdProperty] = database_id;
  if (format_version >= 3) {
    root["next-row-id"] = 0;
  }
  try {
    root.dump();
  } catch (const OrderedJson::type_error&) {
    return InvalidArgument("the table's location is not UTF-8");
  }
  VERALITH_RETURN_IF_ERROR(table.Check());
  return table;
}

absl::StatusOr<TableMetadata> TableMetadata::Parse(std::string_view text) {
  if (!IsShallow(text)) {
    return Wrong("it nests too deeply");
  }
  TableMetadata table;
  table.json_->root = OrderedJson::parse(text, nullptr, /*allow_exceptions=*/false);
  VERALITH_RETURN_IF_ERROR(table.Check());
  return table;
}

absl::Status TableMetadata::Check() {
  OrderedJson& root = json_->root;
  if (!root.is_object()) {
    return Wrong("no JSON object");
  }
  const int64_t version = Integer(root, "format-version");
  if (version < 2) {
    return version == 1 ? Unimplemented("Iceberg's format version 1") : Wrong("no format-version");
  }
  if (version > 3) {
    return Unimplemented("Iceberg's format version " + std::to_string(version));
  }
  if (!HasText(root, "location") || Integer(root, "last-sequence-number") < 0 ||
      Integer(root, "last-updated-ms") < 0 || (version == 3 && Integer(root, "next-row-id") < 0)) {
    return Wrong("location, last-sequence-number, last-updated-ms or next-row-id is missing");
  }
  for (const char* counter : {"last-sequence-number", "last-updated-ms", "next-row-id"}) {
    if (Integer(root, counter) > kMostCounted) {
      return Wrong(std::string(counter) + " is too large to go on");
    }
  }
  location_ = Text(root, "location");
  using Type = OrderedJson::value_t;
  if (!MakeContainer(root, "properties", Type::object) ||
      !MakeContainer(root, "refs", Type::object) ||
      !MakeContainer(root, "snapshots", Type::array) ||
      !MakeContainer(root, "snapshot-log", Type::array) ||
      !MakeContainer(root, "metadata-log", Type::array)) {
    return Wrong("properties, refs, snapshots or a log is of another type");
  }
  database_id_ = Text(root["properties"], kDatabaseIdProperty);
  for (const OrderedJson& ref : root["refs"]) {
    if (!ref.is_object() || Integer(ref, "snapshot-id") < 0) {
      return Wrong("a reference names no snapshot");
    }
  }
  snapshots_.clear();
  for (const OrderedJson& json : root["snapshots"]) {
    VERALITH_ASSIGN_OR_RETURN(snapshots_.emplace_back(), ReadSnapshot(json));
  }
  return HasInteger(root, "current-snapshot-id") && Integer(root, "current-snapshot-id") >= 0 &&
                 current() == nullptr
             ? Wrong("the current snapshot is not there")
             : absl::OkStatus();
}

std::string TableMetadata::ToText() const { return json_->root.dump(); }

int TableMetadata::format_version() const {
  return static_cast<int>(Integer(json_->root, "format-version"));
}

int64_t TableMetadata::last_sequence_number() const {
  return Integer(json_->root, "last-sequence-number");
}

int64_t TableMetadata::last_updated_ms() const { return Integer(json_->root, "last-updated-ms"); }

int64_t TableMetadata::next_row_id() const { return Integer(json_->root, "next-row-id"); }

const TableSnapshot* TableMetadata::current() const {
  const int64_t id = Integer(json_->root, "current-snapshot-id");
  const auto found =
      std::find_if(snapshots_.begin(), snapshots_.end(),
                   [id](const TableSnapshot& snapshot) { return snapshot.id == id; });
  return found == snapshots_.end() ? nullptr : &*found;
}

bool TableMetadata::IsReferred(int64_t snapshot_id) const {
  const OrderedJson& refs = json_->root.at("refs");
  for (auto ref = refs.begin(); ref != refs.end(); ++ref) {
    if (ref.key() != "main" && Integer(ref.value(), "snapshot-id") == snapshot_id) {
      return true;
    }
  }
  return false;
}

void TableMetadata::Upgrade() {
  OrderedJson& root = json_->root;
  if (format_version() < 3) {
    root["format-version"] = 3;
    root["next-row-id"] = 0;
  }
}

void TableMetadata::AddSnapshot(const NewSnapshot& snapshot) {
  OrderedJson& root = json_->root;
  OrderedJson summary = {{"operation", snapshot.operation}};
  for (const auto& [name, value] : snapshot.summary) {
    summary[name] = value;
  }
  OrderedJson json = {{"sequence-number", snapshot.sequence_number}, {"snapshot-id", snapshot.id}};
  if (const TableSnapshot* parent = current(); parent != nullptr) {
    json["parent-snapshot-id"] = parent->id;
  }
  json["timestamp-ms"] = snapshot.timestamp_ms;
  json["summary"] = std::move(summary);
  json["manifest-list"] = snapshot.manifest_list;
  json["schema-id"] = 0;
  if (format_version() >= 3) {
    json["first-row-id"] = next_row_id();
    json["added-rows"] = snapshot.added_rows;
    root["next-row-id"] = next_row_id() + snapshot.added_rows;
  }
  root["snapshots"].push_back(std::move(json));
  root["snapshot-log"].push_back(
      {{"timestamp-ms", snapshot.timestamp_ms}, {"snapshot-id", snapshot.id}});
  root["current-snapshot-id"] = snapshot.id;
  root["refs"]["main"] = {{"snapshot-id", snapshot.id}, {"type", "branch"}};
  root["last-sequence-number"] = snapshot.sequence_number;
  root["last-updated-ms"] = snapshot.timestamp_ms;
  Check().IgnoreError();  // reads the snapshots anew; what was added is right
}

void TableMetadata::Drop(const std::vector<int64_t>& ids) {
  for (const char* list : {"snapshots", "snapshot-log"}) {
    OrderedJson kept = OrderedJson::array();
    for (OrderedJson& item : json_->root[list]) {
      if (!item.is_object() || !IsOneOf(ids, item)) {
        kept.push_back(std::move(item));
      }
    }
    json_->root[list] = std::move(kept);
  }
  Check().IgnoreError();
}

void TableMetadata::LogPrevious(const std::string& uri, int64_t timestamp_ms, size_t most) {
  OrderedJson& log = json_->root["metadata-log"];
  log.push_back({{"timestamp-ms", timestamp_ms}, {"metadata-file", uri}});
  while (log.size() > most) {
    log.erase(0);
  }
}

}  // namespace veralith::iceberg
