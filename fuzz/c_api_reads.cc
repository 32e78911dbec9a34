// SPDX-License-Identifier: Apache-2.0

// The moment of a read, and gets: one key, pinned, many.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "fuzz/c_api_run.h"
#include "veralith/c.h"

namespace veralith::c_api {
namespace {

Timestamp Floor(veralith_t* db) {
  veralith_report_t* report = nullptr;
  uint64_t floor = 0;
  VERALITH_CHECK(CodeOf(veralith_statistics(db, &report)) == VERALITH_OK);
  VERALITH_CHECK(CodeOf(veralith_report_number(report, "history_floor", &floor)) == VERALITH_OK);
  veralith_report_free(report);
  return floor;
}

}  // namespace

// Now, a snapshot's moment, or that of a commit and one more or less.
void Run::TakeMoment(Moment* taken) {
  Moment& moment = *taken;
  moment.at = model_.last_timestamp();
  const size_t byte = input_.Byte();
  moment.options.spare_cache = static_cast<int32_t>(byte >> 7);
  if (const HeldSnapshot& held = snapshots_[byte / 4 % kSlots]; byte % 4 == 1 && held.c) {
    moment.options.snapshot = held.c;
    moment.at = held.at;
    moment.may_be_refused = moment.must_be_refused = held.opening != opening_;
  } else if (byte % 4 == 2) {
    const std::vector<Timestamp>& commits = model_.commits();
    const Timestamp commit = commits.empty() ? 1 : commits[input_.Byte() % commits.size()];
    moment.at = commit + byte / 4 % 3 - 1;
    moment.options.timestamp = &moment.at;
    moment.must_be_refused = moment.at > veralith_last_timestamp(db_);
    moment.may_be_refused = moment.must_be_refused || moment.at < Floor(db_);
  }
}

bool Run::Admit(int32_t code, const Moment& moment) const {
  if (closed_) {
    VERALITH_CHECK(code == VERALITH_FAILED_PRECONDITION ||
                   (moment.may_be_refused && code != VERALITH_OK));
    return false;
  }
  if (code == VERALITH_OK) {
    VERALITH_CHECK(!moment.must_be_refused);
    return true;
  }
  VERALITH_CHECK(moment.may_be_refused);
  VERALITH_CHECK(code == (moment.options.snapshot != nullptr ? VERALITH_INVALID_ARGUMENT
                                                             : VERALITH_OUT_OF_RANGE));
  return false;
}

void Run::Get() {
  Moment moment;
  TakeMoment(&moment);
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  char other = 'x';
  char* value = &other;
  size_t size = 1;
  const int32_t code =
      CodeOf(veralith_get(db_, &moment.options, ns, key.data(), key.size(), &value, &size));
  if (!Admit(code, moment)) {
    VERALITH_CHECK(value == nullptr && size == 0);
    return;
  }
  const std::optional<Row> row = model_.Get(ns, key, moment.at);
  VERALITH_CHECK(row.has_value() == (value != nullptr));
  VERALITH_CHECK(!row.has_value() || row->value == std::string_view(value, size));
  veralith_free(value);
}

void Run::CheckPinned(const Pinned& pinned) const {
  size_t size = 1;
  const char* const value = veralith_pinned_value(pinned.c, &size);
  VERALITH_CHECK(pinned.expected.has_value() == (value != nullptr));
  VERALITH_CHECK(value == nullptr || *pinned.expected == std::string_view(value, size));
}

void Run::GetPinned() {
  Pinned& pinned = pinned_[input_.Byte() % kSlots];
  CheckPinned(pinned);
  Moment moment;
  TakeMoment(&moment);
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  const int32_t code =
      CodeOf(veralith_get_pinned(db_, &moment.options, ns, key.data(), key.size(), pinned.c));
  pinned.expected.reset();
  if (Admit(code, moment)) {
    if (const std::optional<Row> row = model_.Get(ns, key, moment.at); row.has_value()) {
      pinned.expected = row->value;
      VERALITH_CHECK(veralith_pinned_timestamp(pinned.c) == row->timestamp);
    }
  }
  CheckPinned(pinned);
}

void Run::ResetPinned() {
  Pinned& pinned = pinned_[input_.Byte() % kSlots];
  CheckPinned(pinned);
  veralith_pinned_reset(pinned.c);
  pinned.expected.reset();
  CheckPinned(pinned);
  VERALITH_CHECK(veralith_pinned_timestamp(pinned.c) == 0);
}

void Run::Namespaces() {
  Moment moment;
  TakeMoment(&moment);
  uint64_t other = 1;
  uint64_t* namespaces = &other;
  size_t count = 1;
  const int32_t code = CodeOf(veralith_namespaces(db_, &moment.options, &namespaces, &count));
  std::vector<uint64_t> expected;
  if (Admit(code, moment)) {
    for (const auto& [ns, rows] : model_.All(moment.at)) {
      expected.push_back(ns);
    }
  }
  VERALITH_CHECK((namespaces == nullptr) == (count == 0));
  VERALITH_CHECK(expected == std::vector<uint64_t>(namespaces, namespaces + count));
  veralith_free(namespaces);
}

void Run::MultiGet() {
  Moment moment;
  TakeMoment(&moment);
  const uint64_t ns = input_.Namespace();
  std::vector<std::string> keys(input_.Byte() % 6);
  std::vector<const void*> bytes;
  std::vector<size_t> sizes;
  for (std::string& key : keys) {
    key = input_.Key();
    bytes.push_back(key.data());
    sizes.push_back(key.size());
  }
  std::vector<char*> values(keys.size());
  std::vector<size_t> value_sizes(keys.size(), 1);
  const int32_t code =
      CodeOf(veralith_multi_get(db_, &moment.options, ns, keys.size(), bytes.data(), sizes.data(),
                                values.data(), value_sizes.data()));
  const bool admitted = Admit(code, moment);
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<Row> row =
        admitted ? model_.Get(ns, keys[i], moment.at) : std::optional<Row>();
    VERALITH_CHECK(row.has_value() == (values[i] != nullptr));
    VERALITH_CHECK(std::string_view(values[i], value_sizes[i]) == (row ? row->value : ""));
    veralith_free(values[i]);
  }
}

}  // namespace veralith::c_api
