// SPDX-License-Identifier: Apache-2.0

#include "core/c/border.h"

#include <array>

#include "veralith/bound.h"

namespace veralith::c {

namespace {

constexpr size_t kCodes = 17;

// The error of each code for when there is no memory for another one.
veralith_status_t* WithoutMemory(int32_t code) {
  static auto errors = [] {
    std::array<veralith_status_t, kCodes> all;
    for (size_t i = 0; i < kCodes; ++i) {
      all[i].code = static_cast<int32_t>(i);
      all[i].is_static = true;
    }
    return all;
  }();
  const auto number = static_cast<size_t>(code);
  return &errors[number < kCodes ? number : size_t{VERALITH_UNKNOWN}];
}

}  // namespace

veralith_status_t* Give(const absl::Status& status) noexcept {
  if (status.ok()) [[likely]] {
    return nullptr;
  }
  const auto code = static_cast<int32_t>(status.code());
  try {
    auto error = std::make_unique<veralith_status_t>();
    error->code = code;
    error->message = Message(status);
    return error.release();
  } catch (const std::bad_alloc&) {
    return WithoutMemory(code);
  }
}

absl::Status TakeSwitch(int32_t number, const char* name, bool* value) {
  *value = number == 1;
  return number == 0 || number == 1 ? absl::OkStatus()
                                    : InvalidArgument(std::string(name) + " is neither 0 nor 1");
}

absl::Status CheckReserved(int32_t reserved) {
  return reserved == 0 ? absl::OkStatus() : Unimplemented("a reserved field is not 0");
}

absl::Status TakeReadOptions(const veralith_read_options_t* given, ReadOptions* options) {
  if (given == nullptr) [[likely]] {
    return absl::OkStatus();
  }
  veralith_read_options_t known;
  VERALITH_RETURN_IF_ERROR(TakeStruct(given, &known));
  VERALITH_RETURN_IF_ERROR(CheckReserved(known.reserved));
  bool spare_cache = false;
  VERALITH_RETURN_IF_ERROR(TakeSwitch(known.spare_cache, "spare_cache", &spare_cache));
  options->fill_cache = !spare_cache;
  options->snapshot = known.snapshot == nullptr ? nullptr : known.snapshot->snapshot;
  if (known.timestamp != nullptr) {
    options->timestamp = *known.timestamp;
  }
  return absl::OkStatus();
}

absl::Status TakeWriteOptions(const veralith_write_options_t* given, WriteOptions* options) {
  if (given == nullptr) [[likely]] {
    return absl::OkStatus();
  }
  veralith_write_options_t known;
  VERALITH_RETURN_IF_ERROR(TakeStruct(given, &known));
  VERALITH_RETURN_IF_ERROR(CheckReserved(known.reserved));
  if (known.sync < VERALITH_SYNC_DEFAULT || known.sync > VERALITH_SYNC_MANUAL) {
    return InvalidArgument("sync is none of VERALITH_SYNC_*");
  }
  options->sync = static_cast<SyncMode>(known.sync);
  return absl::OkStatus();
}

absl::Status TakeBound(const veralith_bound_t* given, Bound* bound) {
  *bound = Bound::Open();
  if (given == nullptr) {
    return absl::OkStatus();
  }
  VERALITH_RETURN_IF_ERROR(CheckReserved(given->reserved));
  if (given->kind == VERALITH_BOUND_OPEN) {
    return absl::OkStatus();
  }
  if (given->kind != VERALITH_BOUND_INCLUSIVE && given->kind != VERALITH_BOUND_EXCLUSIVE) {
    return InvalidArgument("kind is none of VERALITH_BOUND_*");
  }
  VERALITH_RETURN_IF_ERROR(CheckBytes(given->key, given->key_size, "key of a bound"));
  if (given->key_size > kMaxKeyBytes) {
    return InvalidArgument("key of a bound is over the limit of 32000 bytes");
  }
  bound->kind = static_cast<Bound::Kind>(given->kind);
  bound->key = View(given->key, given->key_size);
  return absl::OkStatus();
}

Options OptionsOf(const veralith_options_t* options) {
  if (options == nullptr) {
    return {};
  }
  Options result = options->options;
  if (options->executor != nullptr) {
    result.executor = options->executor.get();
  }
  return result;
}

static_assert(static_cast<int>(SyncMode::kDefault) == VERALITH_SYNC_DEFAULT);
static_assert(static_cast<int>(SyncMode::kCommit) == VERALITH_SYNC_COMMIT);
static_assert(static_cast<int>(SyncMode::kInterval) == VERALITH_SYNC_INTERVAL);
static_assert(static_cast<int>(SyncMode::kManual) == VERALITH_SYNC_MANUAL);
static_assert(static_cast<int>(Bound::Kind::kInclusive) == VERALITH_BOUND_INCLUSIVE);
static_assert(static_cast<int>(Bound::Kind::kExclusive) == VERALITH_BOUND_EXCLUSIVE);
static_assert(kMaxKeyBytes == VERALITH_MAX_KEY_BYTES);
static_assert(kMaxValueBytes == VERALITH_MAX_VALUE_BYTES);
static_assert(kMaxBatchBytes == VERALITH_MAX_BATCH_BYTES);

}  // namespace veralith::c
