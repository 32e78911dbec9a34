// SPDX-License-Identifier: Apache-2.0

// Turns a failed request for memory into an error.
//
// Inside the engine a failed request for memory throws std::bad_alloc, and so does a C library
// whose request failed. A thread that cannot be started is std::system_error. These exceptions pass
// through code whose state is owned: what it took is given back, and what it changed is changed as
// a whole or not at all. They end at a border: a call of the interface (core/db/guarded_db.h), a
// task of the executor, a part of a job, or a step that must not stop halfway. There CatchNoMemory
// turns them into ResourceExhausted.
#ifndef VERALITH_CORE_BASE_NO_MEMORY_H_
#define VERALITH_CORE_BASE_NO_MEMORY_H_

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "core/base/status.h"

namespace veralith {

// ResourceExhausted("out of memory in WHAT"). If there is no memory for these words either: the
// code alone.
inline absl::Status NoMemory(const char* what, const char* reason = nullptr) noexcept {
  try {
    std::string message = "out of memory in ";
    message.append(what);
    if (reason != nullptr) {
      message.append(": ").append(reason);
    }
    return ResourceExhausted(message);
  } catch (const std::bad_alloc&) {
    return absl::Status(absl::StatusCode::kResourceExhausted, "");
  }
}

// Returns the result of `action` (an absl::Status or absl::StatusOr), or an error if it ran out of
// memory. `what` tells people what was being done.
template <typename Action>
auto CatchNoMemory(const char* what, Action&& action) -> decltype(action()) {
  try {
    return action();
  } catch (const std::bad_alloc&) {
    return NoMemory(what);
  } catch (const std::length_error& error) {
    return NoMemory(what, error.what());
  } catch (const std::system_error& error) {
    return NoMemory(what, error.what());
  }
}

// For work that may be left undone: returns false when there was no memory for it.
template <typename Action>
bool TryWithMemory(Action&& action) {
  return CatchNoMemory("",
                       [&] {
                         action();
                         return absl::OkStatus();
                       })
      .ok();
}

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_NO_MEMORY_H_
