// SPDX-License-Identifier: Apache-2.0

// The border between C and the engine: errors on their way out, arguments on their way in.
//
// Invariants
//   1. No exception passes. What Return runs may throw; the caller gets an error.
//   2. An argument that C can get wrong is looked at here, before the engine sees it.
//
// Pure functions, any thread.
#ifndef VERALITH_CORE_C_BORDER_H_
#define VERALITH_CORE_C_BORDER_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/no_memory.h"
#include "core/base/status.h"
#include "core/c/objects.h"

namespace veralith::c {

// Null for OK; otherwise an error that the caller owns.
veralith_status_t* Give(const absl::Status& status) noexcept;

// Runs `action`, which returns an absl::Status, for the C function `name`.
template <typename Action>
veralith_status_t* Return(const char* name, Action&& action) noexcept {
  try {
    return Give(CatchNoMemory(name, action));
  } catch (...) {
    return Give(absl::Status(absl::StatusCode::kInternal, "an unexpected exception"));
  }
}

// InvalidArgument that names the argument, if it is null.
inline absl::Status CheckNotNull(const void* argument, const char* name) {
  if (argument != nullptr) [[likely]] {
    return absl::OkStatus();
  }
  return InvalidArgument(std::string(name) + " is null");
}

inline absl::Status CheckBytes(const void* bytes, size_t size, const char* name) {
  if (bytes != nullptr || size == 0) [[likely]] {
    return absl::OkStatus();
  }
  return InvalidArgument(std::string(name) + " is null and its size is not 0");
}

inline std::string_view View(const void* bytes, size_t size) {
  return bytes == nullptr ? std::string_view("")
                          : std::string_view(static_cast<const char*>(bytes), size);
}

// The bytes of a view for C: never null. `size` may be null.
inline const char* Bytes(std::string_view view, size_t* size) {
  if (size != nullptr) {
    *size = view.size();
  }
  return view.data() == nullptr ? "" : view.data();
}
inline const char* NoBytes(size_t* size) {
  if (size != nullptr) {
    *size = 0;
  }
  return nullptr;
}

// A struct that may grow, as this library knows it; null: all 0. A smaller struct_size is
// InvalidArgument. In a larger one, whatever lies beyond must be 0: Unimplemented otherwise.
template <typename Struct>
absl::Status TakeStruct(const Struct* given, Struct* known) {
  constexpr size_t kLargest = 4096;  // beyond it is no struct
  *known = {};
  if (given == nullptr) {
    return absl::OkStatus();
  }
  const size_t size = given->struct_size;
  if (size < sizeof(Struct) || size > kLargest) {
    return InvalidArgument("struct_size is not the size of the struct");
  }
  const char* const bytes = reinterpret_cast<const char*>(given);
  if (std::any_of(bytes + sizeof(Struct), bytes + size, [](char c) { return c != 0; })) {
    return Unimplemented("the struct has a field that this library does not know");
  }
  *known = *given;
  return absl::OkStatus();
}

// 0 is false, 1 is true.
absl::Status TakeSwitch(int32_t number, const char* name, bool* value);
absl::Status CheckReserved(int32_t reserved);

absl::Status TakeReadOptions(const veralith_read_options_t* given, ReadOptions* options);
absl::Status TakeWriteOptions(const veralith_write_options_t* given, WriteOptions* options);
absl::Status TakeBound(const veralith_bound_t* given, Bound* bound);
// Null: the defaults.
Options OptionsOf(const veralith_options_t* options);

}  // namespace veralith::c

#endif  // VERALITH_CORE_C_BORDER_H_
