// Where memory that cannot be had becomes an error.
//
// Inside the engine a request for memory that fails throws std::bad_alloc, and so does one of the C
// libraries that is refused; a thread that cannot be started is std::system_error. They pass
// through code whose state is owned (what it took is given back, what it changed is changed as a
// whole or not at all), and end at a border: a call of the interface (core/db/guarded_db.h), a task
// of the executor, a part of a job, a step that must not stop halfway. There CatchNoMemory makes
// ResourceExhausted of them.
#ifndef VERALITH_CORE_BASE_NO_MEMORY_H_
#define VERALITH_CORE_BASE_NO_MEMORY_H_

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "core/base/status.h"

namespace veralith {

// ResourceExhausted("out of memory in WHAT"). Where there is none for these words either: the code
// alone.
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

// The result of `action`, an absl::Status or absl::StatusOr, or the error of the memory that it
// lacks. `what` is done there, for people.
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

// For what may be left undone: false when there was no memory for it.
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
