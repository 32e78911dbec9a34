// SPDX-License-Identifier: Apache-2.0

// Reads: single keys, iterators, snapshots.
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/c/border.h"

using absl::OkStatus;
using absl::Status;
using veralith::ReadOptions;
using veralith::c::CheckBytes;
using veralith::c::CheckNotNull;
using veralith::c::Return;
using veralith::c::TakeReadOptions;
using veralith::c::View;

namespace {

// A copy that veralith_free frees; never null.
char* Copy(std::string_view bytes) {
  char* const copy = static_cast<char*>(std::malloc(bytes.empty() ? 1 : bytes.size()));
  if (copy == nullptr) {
    throw std::bad_alloc();
  }
  if (!bytes.empty()) {
    std::memcpy(copy, bytes.data(), bytes.size());
  }
  return copy;
}

Status GetPinned(veralith_t* db, const veralith_read_options_t* options, uint64_t ns,
                 const void* key, size_t key_size, veralith_pinned_t* pinned) {
  VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
  VERALITH_RETURN_IF_ERROR(CheckBytes(key, key_size, "key"));
  ReadOptions read;
  VERALITH_RETURN_IF_ERROR(TakeReadOptions(options, &read));
  veralith::Timestamp timestamp = 0;
  VERALITH_ASSIGN_OR_RETURN(const bool found,
                            db->db->Get(read, ns, View(key, key_size), &pinned->value, &timestamp));
  pinned->timestamp = found ? timestamp : 0;
  return OkStatus();
}

Status CheckArrays(size_t count, const void* const* keys, const size_t* key_sizes, char** values,
                   size_t* value_sizes) {
  if (count == 0) {
    return OkStatus();
  }
  VERALITH_RETURN_IF_ERROR(CheckNotNull(values, "values"));
  VERALITH_RETURN_IF_ERROR(CheckNotNull(value_sizes, "value_sizes"));
  for (size_t i = 0; i < count; ++i) {
    values[i] = nullptr;
    value_sizes[i] = 0;
  }
  VERALITH_RETURN_IF_ERROR(CheckNotNull(keys, "keys"));
  return CheckNotNull(key_sizes, "key_sizes");
}

// Copies all values, or none.
void CopyAll(const std::vector<std::optional<std::string>>& found, char** values,
             size_t* value_sizes) {
  std::vector<std::unique_ptr<char, decltype(&std::free)>> copies;
  copies.reserve(found.size());
  for (const std::optional<std::string>& value : found) {
    copies.emplace_back(value.has_value() ? Copy(*value) : nullptr, &std::free);
  }
  for (size_t i = 0; i < copies.size(); ++i) {
    values[i] = copies[i].release();
    value_sizes[i] = found[i].has_value() ? found[i]->size() : 0;
  }
}

// Moves the iterator; why it could not go on.
template <typename Move>
veralith_status_t* MoveBy(const char* name, veralith_iterator_t* iterator, Move&& move) {
  return Return(name, [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(iterator, "iterator"));
    veralith::DbIterator& it = *iterator->iterator;
    move(it);
    return it.Valid() ? OkStatus() : it.status();
  });
}

template <typename Move>
veralith_status_t* SeekBy(const char* name, veralith_iterator_t* iterator, const void* key,
                          size_t key_size, Move&& move) {
  return Return(name, [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(iterator, "iterator"));
    VERALITH_RETURN_IF_ERROR(CheckBytes(key, key_size, "key"));
    veralith::DbIterator& it = *iterator->iterator;
    move(it, View(key, key_size));
    return it.Valid() ? OkStatus() : it.status();
  });
}

// Makes the object of a snapshot before the snapshot: what is held has an owner.
template <typename Hold>
veralith_status_t* HoldBy(const char* name, veralith_t* db, veralith_snapshot_t** snapshot,
                          Hold&& hold) {
  return Return(name, [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(snapshot, "snapshot"));
    *snapshot = nullptr;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    auto made = std::make_unique<veralith_snapshot_t>();
    made->open = db->open;
    VERALITH_RETURN_IF_ERROR(hold(*db->db, &made->snapshot));
    *snapshot = made.release();
    return OkStatus();
  });
}

}  // namespace

// --- Single keys ---------------------------------------------------------------------------------

veralith_status_t* veralith_get(veralith_t* db, const veralith_read_options_t* options, uint64_t ns,
                                const void* key, size_t key_size, char** value,
                                size_t* value_size) {
  return Return("veralith_get", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(value, "value"));
    *value = nullptr;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(value_size, "value_size"));
    *value_size = 0;
    veralith_pinned_t pinned;
    VERALITH_RETURN_IF_ERROR(GetPinned(db, options, ns, key, key_size, &pinned));
    if (pinned.timestamp != 0) {
      *value = Copy(pinned.value.view());
      *value_size = pinned.value.view().size();
    }
    return OkStatus();
  });
}

veralith_status_t* veralith_get_pinned(veralith_t* db, const veralith_read_options_t* options,
                                       uint64_t ns, const void* key, size_t key_size,
                                       veralith_pinned_t* pinned) {
  return Return("veralith_get_pinned", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(pinned, "pinned"));
    veralith_pinned_reset(pinned);
    return GetPinned(db, options, ns, key, key_size, pinned);
  });
}

veralith_status_t* veralith_pinned_create(veralith_pinned_t** pinned) {
  return Return("veralith_pinned_create", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(pinned, "pinned"));
    *pinned = nullptr;
    *pinned = new veralith_pinned_t();
    return OkStatus();
  });
}

const char* veralith_pinned_value(const veralith_pinned_t* pinned, size_t* size) {
  return veralith_pinned_timestamp(pinned) == 0 ? veralith::c::NoBytes(size)
                                                : veralith::c::Bytes(pinned->value.view(), size);
}

uint64_t veralith_pinned_timestamp(const veralith_pinned_t* pinned) {
  return pinned == nullptr ? 0 : pinned->timestamp;
}

void veralith_pinned_reset(veralith_pinned_t* pinned) {
  if (pinned != nullptr) {
    pinned->value.Reset();
    pinned->timestamp = 0;
  }
}

void veralith_pinned_free(veralith_pinned_t* pinned) { delete pinned; }

veralith_status_t* veralith_multi_get(veralith_t* db, const veralith_read_options_t* options,
                                      uint64_t ns, size_t count, const void* const* keys,
                                      const size_t* key_sizes, char** values, size_t* value_sizes) {
  return Return("veralith_multi_get", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckArrays(count, keys, key_sizes, values, value_sizes));
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    ReadOptions read;
    VERALITH_RETURN_IF_ERROR(TakeReadOptions(options, &read));
    std::vector<std::string_view> views;
    for (size_t i = 0; i < count; ++i) {
      VERALITH_RETURN_IF_ERROR(CheckBytes(keys[i], key_sizes[i], "a key"));
      views.push_back(View(keys[i], key_sizes[i]));
    }
    VERALITH_ASSIGN_OR_RETURN(const auto found, db->db->MultiGet(read, ns, views));
    CopyAll(found, values, value_sizes);
    return OkStatus();
  });
}

veralith_status_t* veralith_namespaces(veralith_t* db, const veralith_read_options_t* options,
                                       uint64_t** namespaces, size_t* count) {
  return Return("veralith_namespaces", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(namespaces, "namespaces"));
    *namespaces = nullptr;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(count, "count"));
    *count = 0;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    ReadOptions read;
    VERALITH_RETURN_IF_ERROR(TakeReadOptions(options, &read));
    VERALITH_ASSIGN_OR_RETURN(const auto found, db->db->ListNamespaces(read));
    if (!found.empty()) {
      const std::string_view bytes(reinterpret_cast<const char*>(found.data()),
                                   found.size() * sizeof(found[0]));
      *namespaces = reinterpret_cast<uint64_t*>(Copy(bytes));
      *count = found.size();
    }
    return OkStatus();
  });
}

// --- Iterators -----------------------------------------------------------------------------------

veralith_status_t* veralith_iterator_create(veralith_t* db, const veralith_read_options_t* options,
                                            uint64_t ns, const veralith_bound_t* lower,
                                            const veralith_bound_t* upper,
                                            veralith_iterator_t** iterator) {
  return Return("veralith_iterator_create", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(iterator, "iterator"));
    *iterator = nullptr;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(db, "db"));
    veralith::ScanOptions scan;
    scan.ns = ns;
    VERALITH_RETURN_IF_ERROR(TakeReadOptions(options, &scan));
    VERALITH_RETURN_IF_ERROR(veralith::c::TakeBound(lower, &scan.lower));
    VERALITH_RETURN_IF_ERROR(veralith::c::TakeBound(upper, &scan.upper));
    auto made = std::make_unique<veralith_iterator_t>();
    made->open = db->open;
    made->iterator = db->db->NewIterator(scan);
    VERALITH_RETURN_IF_ERROR(made->iterator->status());
    *iterator = made.release();
    return OkStatus();
  });
}

veralith_status_t* veralith_iterator_first(veralith_iterator_t* iterator) {
  return MoveBy("veralith_iterator_first", iterator, [](auto& it) { it.SeekToFirst(); });
}

veralith_status_t* veralith_iterator_last(veralith_iterator_t* iterator) {
  return MoveBy("veralith_iterator_last", iterator, [](auto& it) { it.SeekToLast(); });
}

veralith_status_t* veralith_iterator_seek(veralith_iterator_t* iterator, const void* key,
                                          size_t key_size) {
  return SeekBy("veralith_iterator_seek", iterator, key, key_size,
                [](auto& it, std::string_view to) { it.Seek(to); });
}

veralith_status_t* veralith_iterator_seek_for_prev(veralith_iterator_t* iterator, const void* key,
                                                   size_t key_size) {
  return SeekBy("veralith_iterator_seek_for_prev", iterator, key, key_size,
                [](auto& it, std::string_view to) { it.SeekForPrev(to); });
}

veralith_status_t* veralith_iterator_next(veralith_iterator_t* iterator) {
  return MoveBy("veralith_iterator_next", iterator, [](auto& it) { it.Next(); });
}

veralith_status_t* veralith_iterator_prev(veralith_iterator_t* iterator) {
  return MoveBy("veralith_iterator_prev", iterator, [](auto& it) { it.Prev(); });
}

int32_t veralith_iterator_valid(const veralith_iterator_t* iterator) {
  return iterator != nullptr && iterator->iterator->Valid() ? 1 : 0;
}

const char* veralith_iterator_key(const veralith_iterator_t* iterator, size_t* size) {
  return veralith_iterator_valid(iterator) != 0
             ? veralith::c::Bytes(iterator->iterator->key(), size)
             : veralith::c::NoBytes(size);
}

const char* veralith_iterator_value(const veralith_iterator_t* iterator, size_t* size) {
  return veralith_iterator_valid(iterator) != 0
             ? veralith::c::Bytes(iterator->iterator->value(), size)
             : veralith::c::NoBytes(size);
}

veralith_status_t* veralith_iterator_timestamp(const veralith_iterator_t* iterator,
                                               uint64_t* timestamp) {
  return Return("veralith_iterator_timestamp", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(timestamp, "timestamp"));
    *timestamp = 0;
    VERALITH_RETURN_IF_ERROR(CheckNotNull(iterator, "iterator"));
    const veralith::DbIterator& it = *iterator->iterator;
    if (it.Valid()) {
      *timestamp = it.timestamp();
    } else if (it.status().ok()) {
      return veralith::FailedPrecondition("the iterator is at no key");
    }
    return it.status();
  });
}

veralith_status_t* veralith_iterator_status(const veralith_iterator_t* iterator) {
  return Return("veralith_iterator_status", [&]() -> Status {
    VERALITH_RETURN_IF_ERROR(CheckNotNull(iterator, "iterator"));
    return iterator->iterator->status();
  });
}

void veralith_iterator_free(veralith_iterator_t* iterator) { delete iterator; }

// --- Snapshots -----------------------------------------------------------------------------------

veralith_status_t* veralith_snapshot_create(veralith_t* db, veralith_snapshot_t** snapshot) {
  return HoldBy("veralith_snapshot_create", db, snapshot,
                [](veralith::Db& of, const veralith::Snapshot** held) -> Status {
                  *held = of.GetSnapshot();
                  return OkStatus();
                });
}

veralith_status_t* veralith_snapshot_create_at(veralith_t* db, uint64_t timestamp,
                                               veralith_snapshot_t** snapshot) {
  return HoldBy("veralith_snapshot_create_at", db, snapshot,
                [&](veralith::Db& of, const veralith::Snapshot** held) -> Status {
                  VERALITH_ASSIGN_OR_RETURN(*held, of.GetSnapshotAt(timestamp));
                  return OkStatus();
                });
}

uint64_t veralith_snapshot_timestamp(const veralith_snapshot_t* snapshot) {
  return snapshot == nullptr ? 0 : snapshot->snapshot->timestamp();
}

void veralith_snapshot_free(veralith_snapshot_t* snapshot) {
  if (snapshot != nullptr) {
    snapshot->open->db->ReleaseSnapshot(snapshot->snapshot);
    delete snapshot;
  }
}
