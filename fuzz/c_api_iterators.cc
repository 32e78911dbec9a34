// SPDX-License-Identifier: Apache-2.0

// Iterators and snapshots.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "fuzz/c_api_input.h"
#include "fuzz/c_api_run.h"
#include "veralith/c.h"

namespace veralith::c_api {

void Run::CreateIterator() {
  Iterator& iterator = iterators_[input_.Byte() % kSlots];
  veralith_iterator_free(iterator.c);
  Moment moment;
  TakeMoment(&moment);
  const uint64_t ns = input_.Namespace();
  const Range range(input_);
  const int32_t code = CodeOf(
      veralith_iterator_create(db_, &moment.options, ns, &range.from, &range.to, &iterator.c));
  VERALITH_CHECK((code == VERALITH_OK) == (iterator.c != nullptr));
  iterator.place = -1;
  iterator.is_closed = closed_;
  if (Admit(code, moment)) {
    iterator.rows = model_.Scan(ns, range.lower, range.upper, moment.at);
  }
}

void Run::CheckIterator(const Iterator& iterator) const {
  const bool valid = !iterator.is_closed && iterator.place >= 0 &&
                     iterator.place < static_cast<ptrdiff_t>(iterator.rows.size());
  VERALITH_CHECK(veralith_iterator_valid(iterator.c) == (valid ? 1 : 0));
  VERALITH_CHECK(CodeOf(veralith_iterator_status(iterator.c)) ==
                 (iterator.is_closed ? VERALITH_FAILED_PRECONDITION : VERALITH_OK));
  size_t size = 1;
  uint64_t timestamp = 1;
  const char* const key = veralith_iterator_key(iterator.c, &size);
  const int32_t code = CodeOf(veralith_iterator_timestamp(iterator.c, &timestamp));
  VERALITH_CHECK(code == (valid ? VERALITH_OK : VERALITH_FAILED_PRECONDITION));
  if (!valid) {
    VERALITH_CHECK(key == nullptr && size == 0 && timestamp == 0);
    VERALITH_CHECK(veralith_iterator_value(iterator.c, nullptr) == nullptr);
    return;
  }
  const Row& row = iterator.rows[static_cast<size_t>(iterator.place)];
  VERALITH_CHECK(std::string_view(key, size) == row.key && timestamp == row.timestamp);
  const char* const value = veralith_iterator_value(iterator.c, &size);
  VERALITH_CHECK(std::string_view(value, size) == row.value);
}

void Run::MoveIterator() {
  Iterator& it = iterators_[input_.Byte() % kSlots];
  const size_t move = input_.Byte() % 6;
  if (it.c == nullptr) {
    return;
  }
  const std::string key = move >= 4 ? input_.Key() : "";
  const auto size = static_cast<ptrdiff_t>(it.rows.size());
  const bool at_one = it.place >= 0 && it.place < size;
  const auto count = [&](auto&& is_before) {
    return static_cast<ptrdiff_t>(std::count_if(it.rows.begin(), it.rows.end(), is_before));
  };
  veralith_status_t* error = nullptr;
  if (move == 0) {
    error = veralith_iterator_first(it.c);
    it.place = 0;
  } else if (move == 1) {
    error = veralith_iterator_last(it.c);
    it.place = size - 1;
  } else if (move == 2) {
    error = veralith_iterator_next(it.c);
    it.place += at_one ? 1 : 0;
  } else if (move == 3) {
    error = veralith_iterator_prev(it.c);
    it.place -= at_one ? 1 : 0;
  } else if (move == 4) {
    error = veralith_iterator_seek(it.c, key.data(), key.size());
    it.place = count([&](const Row& row) { return row.key < key; });
  } else {
    error = veralith_iterator_seek_for_prev(it.c, key.data(), key.size());
    it.place = count([&](const Row& row) { return row.key <= key; }) - 1;
  }
  VERALITH_CHECK(CodeOf(error) == (it.is_closed ? VERALITH_FAILED_PRECONDITION : VERALITH_OK));
  CheckIterator(it);
}

void Run::Hold() {
  HeldSnapshot& held = snapshots_[input_.Byte() % kSlots];
  veralith_snapshot_free(held.c);
  held = {nullptr, 0, opening_};
  Moment moment;
  TakeMoment(&moment);
  if (moment.options.timestamp == nullptr) {
    VERALITH_CHECK(CodeOf(veralith_snapshot_create(db_, &held.c)) == VERALITH_OK);
    held.at = model_.last_timestamp();
  } else {
    const int32_t code = CodeOf(veralith_snapshot_create_at(db_, moment.at, &held.c));
    if (!Admit(code, moment)) {
      VERALITH_CHECK(held.c == nullptr);
      return;
    }
    held.at = moment.at;
  }
  VERALITH_CHECK(closed_ || veralith_snapshot_timestamp(held.c) == held.at);
}

void Run::Release() {
  const size_t byte = input_.Byte();
  if (byte % 2 == 0) {
    HeldSnapshot& held = snapshots_[byte / 2 % kSlots];
    veralith_snapshot_free(held.c);
    held = {};
    return;
  }
  Iterator& iterator = iterators_[byte / 2 % kSlots];
  veralith_iterator_free(iterator.c);
  iterator = {};
}

// Everything in the database is what the model has.
void Run::CompareAll(veralith_t* db) {
  for (const NamespaceId ns : model_.Namespaces()) {
    Iterator iterator;
    VERALITH_CHECK(CodeOf(veralith_iterator_create(db, nullptr, ns, nullptr, nullptr,
                                                   &iterator.c)) == VERALITH_OK);
    iterator.rows = model_.Scan(ns, Bound::Open(), Bound::Open(), model_.last_timestamp());
    VERALITH_CHECK(CodeOf(veralith_iterator_first(iterator.c)) == VERALITH_OK);
    for (iterator.place = 0; iterator.place < static_cast<ptrdiff_t>(iterator.rows.size());
         ++iterator.place) {
      CheckIterator(iterator);
      VERALITH_CHECK(CodeOf(veralith_iterator_next(iterator.c)) == VERALITH_OK);
    }
    CheckIterator(iterator);
    veralith_iterator_free(iterator.c);
  }
}

}  // namespace veralith::c_api
