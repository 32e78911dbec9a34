// SPDX-License-Identifier: Apache-2.0

#include "model/kv_model.h"

#include <algorithm>

namespace veralith::model {
namespace {

// std::string compares as unsigned bytes: char_traits<char>::lt does.
bool Covers(const std::string& begin, const std::optional<std::string>& end,
            const std::string& key) {
  return begin <= key && (!end.has_value() || key < *end);
}

bool Replaces(const Write& later, const Write& earlier) {
  if (later.ns != earlier.ns || earlier.kind == Write::Kind::kDeleteRange) {
    return false;
  }
  return later.kind == Write::Kind::kDeleteRange ? Covers(later.key, later.end, earlier.key)
                                                 : later.key == earlier.key;
}

bool IsEmptyRange(const Write& write) {
  return write.kind == Write::Kind::kDeleteRange && write.end.has_value() &&
         *write.end <= write.key;
}

bool Above(const Bound& lower, const std::string& key) {
  return lower.kind == Bound::Kind::kOpen || lower.key < key ||
         (lower.kind == Bound::Kind::kInclusive && lower.key == key);
}

bool Below(const Bound& upper, const std::string& key) {
  return upper.kind == Bound::Kind::kOpen || key < upper.key ||
         (upper.kind == Bound::Kind::kInclusive && upper.key == key);
}

}  // namespace

std::vector<Write> Reduce(const std::vector<Write>& batch) {
  std::vector<Write> reduced;
  for (size_t i = 0; i < batch.size(); ++i) {
    const bool replaced =
        std::any_of(batch.begin() + static_cast<ptrdiff_t>(i) + 1, batch.end(),
                    [&](const Write& later) { return Replaces(later, batch[i]); });
    if (!replaced && !IsEmptyRange(batch[i])) {
      reduced.push_back(batch[i]);
    }
  }
  return reduced;
}

void KvModel::Commit(Timestamp timestamp, const std::vector<Write>& batch) {
  commits_.push_back(timestamp);
  for (const Write& write : Reduce(batch)) {
    Namespace& space = namespaces_[write.ns];
    switch (write.kind) {
      case Write::Kind::kPut:
        space.keys[write.key].push_back({timestamp, write.value});
        break;
      case Write::Kind::kDelete:
        space.keys[write.key].push_back({timestamp, std::nullopt});
        break;
      case Write::Kind::kDeleteRange:
        space.tombstones.push_back({timestamp, write.key, write.end});
        break;
    }
  }
}

std::optional<Row> KvModel::Get(NamespaceId ns, const std::string& key, Timestamp at) const {
  const auto space = namespaces_.find(ns);
  if (space == namespaces_.end()) {
    return std::nullopt;
  }
  const auto versions = space->second.keys.find(key);
  if (versions == space->second.keys.end()) {
    return std::nullopt;
  }
  const Version* newest = nullptr;
  for (const Version& version : versions->second) {
    if (version.timestamp <= at) {
      newest = &version;
    }
  }
  if (newest == nullptr || !newest->value.has_value()) {
    return std::nullopt;
  }
  for (const RangeTombstone& tombstone : space->second.tombstones) {
    if (tombstone.timestamp <= at && tombstone.timestamp > newest->timestamp &&
        Covers(tombstone.begin, tombstone.end, key)) {
      return std::nullopt;
    }
  }
  return Row{key, *newest->value, newest->timestamp};
}

std::vector<Row> KvModel::Scan(NamespaceId ns, const Bound& lower, const Bound& upper,
                               Timestamp at) const {
  std::vector<Row> rows;
  const auto space = namespaces_.find(ns);
  if (space == namespaces_.end()) {
    return rows;
  }
  for (const auto& [key, versions] : space->second.keys) {
    if (!Above(lower, key) || !Below(upper, key)) {
      continue;
    }
    if (std::optional<Row> row = Get(ns, key, at); row.has_value()) {
      rows.push_back(*std::move(row));
    }
  }
  return rows;
}

std::vector<NamespaceId> KvModel::Namespaces() const {
  std::vector<NamespaceId> ids;
  for (const auto& [ns, space] : namespaces_) {
    ids.push_back(ns);
  }
  return ids;
}

std::vector<std::string> KvModel::Keys(NamespaceId ns) const {
  std::vector<std::string> keys;
  if (const auto space = namespaces_.find(ns); space != namespaces_.end()) {
    for (const auto& [key, versions] : space->second.keys) {
      keys.push_back(key);
    }
  }
  return keys;
}

KvModel::Contents KvModel::All(Timestamp at) const {
  Contents contents;
  for (const NamespaceId ns : Namespaces()) {
    if (std::vector<Row> rows = Scan(ns, Bound::Open(), Bound::Open(), at); !rows.empty()) {
      contents[ns] = std::move(rows);
    }
  }
  return contents;
}

}  // namespace veralith::model
