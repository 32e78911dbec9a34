// SPDX-License-Identifier: Apache-2.0

#include "fuzz/c_api_wrong_calls.h"

namespace veralith {
namespace {

constexpr veralith_write_options_t kShort = {sizeof(kShort) - 1, 0, 0};
constexpr veralith_write_options_t kHuge = {SIZE_MAX, 0, 0};
constexpr veralith_write_options_t kNoSync = {sizeof(kNoSync), 4, 0};
constexpr veralith_write_options_t kReserved = {sizeof(kReserved), 0, 1};
constexpr veralith_read_options_t kNoRead = {0, nullptr, nullptr, 0, 0};
constexpr veralith_read_options_t kNoSwitch = {sizeof(kNoSwitch), nullptr, nullptr, 2, 0};
constexpr veralith_publish_options_t kNoPublish = {
    sizeof(kNoPublish), nullptr, nullptr, nullptr, 0, 0, 0, 1};
constexpr veralith_bound_t kNoBound = {3, 0, "a", 1};
constexpr veralith_bound_t kNullBound = {VERALITH_BOUND_INCLUSIVE, 0, nullptr, 1};
constexpr veralith_bound_t kLongBound = {VERALITH_BOUND_INCLUSIVE, 0, "a", SIZE_MAX};

constexpr size_t kWrongWrites = 18;

veralith_status_t* WriteWrongly(size_t choice, veralith_t* db, veralith_batch_t* batch) {
  switch (choice) {
    case 0:
      return veralith_put(nullptr, nullptr, 0, "a", 1, "", 0);
    case 1:
      return veralith_put(db, nullptr, 0, nullptr, 1, "", 0);
    case 2:
      return veralith_put(db, nullptr, 0, "a", 1, nullptr, 1);
    case 3:
      return veralith_put(db, &kShort, 0, "a", 1, "", 0);
    case 4:
      return veralith_put(db, &kHuge, 0, "a", 1, "", 0);
    case 5:
      return veralith_put(db, &kNoSync, 0, "a", 1, "", 0);
    case 6:
      return veralith_put(db, &kReserved, 0, "a", 1, "", 0);
    case 7:
      return veralith_delete(db, nullptr, 0, nullptr, SIZE_MAX);
    case 8:
      return veralith_delete_range(db, nullptr, 0, "a", 1, nullptr, 0);
    case 9:
      return veralith_delete_from(db, &kNoSync, 0, "a", 1);
    case 10:
      return veralith_write(db, nullptr, nullptr, nullptr);
    case 11:
      return veralith_batch_put(batch, UINT64_MAX, "a", 1, "", 0);
    case 12:
      return veralith_batch_put(batch, 0, "a", SIZE_MAX, "", 0);
    case 13:
      return veralith_batch_put(batch, 0, "a", 1, "", SIZE_MAX);
    case 14:
      return veralith_batch_put(batch, 0, nullptr, 1, "", 0);
    case 15:
      return veralith_batch_delete(batch, 0, "a", VERALITH_MAX_KEY_BYTES + 1);
    case 16:
      return veralith_batch_delete_range(batch, 0, "a", 1, nullptr, 0);
    default:
      return veralith_batch_delete_from(nullptr, 0, "a", 1);
  }
}

veralith_status_t* ReadWrongly(size_t choice, veralith_t* db, veralith_iterator_t* iterator,
                               WrongOutputs* out) {
  switch (choice) {
    case 0:
      return veralith_get(db, nullptr, 0, "a", 1, nullptr, &out->size);
    case 1:
      return veralith_get(db, nullptr, 0, nullptr, 1, &out->value, &out->size);
    case 2:
      return veralith_get(db, &kNoRead, 0, "a", 1, &out->value, &out->size);
    case 3:
      return veralith_get(db, &kNoSwitch, 0, "a", 1, &out->value, &out->size);
    case 4:
      return veralith_get_pinned(db, nullptr, 0, "a", 1, nullptr);
    case 5:
      return veralith_multi_get(db, nullptr, 0, 1, nullptr, &out->size, &out->value, &out->size);
    case 6:
      return veralith_iterator_create(db, nullptr, 0, &kNoBound, nullptr, &out->iterator);
    case 7:
      return veralith_iterator_create(db, nullptr, 0, nullptr, &kNullBound, &out->iterator);
    case 8:
      return veralith_iterator_create(db, nullptr, 0, &kLongBound, nullptr, &out->iterator);
    case 9:
      return veralith_iterator_create(db, nullptr, 0, nullptr, nullptr, nullptr);
    case 10:
      return veralith_iterator_seek(iterator, nullptr, 1);
    case 11:
      return veralith_iterator_seek_for_prev(iterator, nullptr, 1);
    case 12:
      return veralith_iterator_timestamp(iterator, nullptr);
    case 13:
      return veralith_snapshot_create(nullptr, &out->snapshot);
    case 14:
      return veralith_compact(db, nullptr, 0, &kNoBound, nullptr);
    case 15:
      return veralith_checkpoint(db, nullptr);
    case 16:
      return veralith_open(nullptr, nullptr, &out->db);
    case 17:
      return veralith_statistics(nullptr, &out->report);
    case 18:
      return veralith_namespaces(db, nullptr, nullptr, &out->size);
    case 19:
      return veralith_namespaces(db, &kNoSwitch, &out->numbers, &out->size);
    case 20:
      return veralith_publish_iceberg(db, nullptr, nullptr, &out->report);
    case 21:
      return veralith_publish_iceberg(db, "table2", &kNoPublish, &out->report);
    case 22:
      return veralith_options_add_listener(nullptr, nullptr);
    case 23:
      return veralith_repair_database(nullptr, nullptr, "repaired", nullptr, &out->report);
    default:
      return veralith_report_number(nullptr, "a", &out->number);
  }
}

}  // namespace

veralith_status_t* CallWrongly(size_t choice, veralith_t* db, veralith_batch_t* batch,
                               veralith_iterator_t* iterator, WrongOutputs* out) {
  return choice < kWrongWrites ? WriteWrongly(choice, db, batch)
                               : ReadWrongly(choice - kWrongWrites, db, iterator, out);
}

}  // namespace veralith
