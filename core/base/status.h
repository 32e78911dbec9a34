// SPDX-License-Identifier: Apache-2.0

// absl::Status helpers that take std::string, and the two propagation macros.
//
// Which code means what, everywhere in Veralith:
//   DataLoss            bytes on disk are not what was written; names file and offset
//   InvalidArgument     the caller's argument is outside the documented limits
//   FailedPrecondition  the call is right, the state is not (closed, read-only, locked by another)
//   OutOfRange          a read at a timestamp whose history is gone or not yet there
//   Unimplemented       valid bytes from a writer that knows more than this reader
//   NotFound            a file that is not there (an absent key is a value, not an error)
//   AlreadyExists       the name for something new is taken
//   ResourceExhausted   disk full, out of memory, or a configured limit reached
//   Unavailable         an I/O error, or a stall timeout; the message says which call on which file
//   Aborted             cancelled by Close, or by the caller (CompactOptions::cancel)
#ifndef VERALITH_CORE_BASE_STATUS_H_
#define VERALITH_CORE_BASE_STATUS_H_

#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith {

// If there is no memory for the message: the code alone.
inline absl::Status MakeStatus(absl::StatusCode code, std::string_view message) noexcept {
  try {
    return absl::Status(code, absl::string_view(message.data(), message.size()));
  } catch (const std::bad_alloc&) {
    return absl::Status(code, "");
  }
}
inline absl::Status DataLoss(std::string_view m) {
  return MakeStatus(absl::StatusCode::kDataLoss, m);
}
inline absl::Status InvalidArgument(std::string_view m) {
  return MakeStatus(absl::StatusCode::kInvalidArgument, m);
}
inline absl::Status FailedPrecondition(std::string_view m) {
  return MakeStatus(absl::StatusCode::kFailedPrecondition, m);
}
inline absl::Status OutOfRange(std::string_view m) {
  return MakeStatus(absl::StatusCode::kOutOfRange, m);
}
inline absl::Status Unimplemented(std::string_view m) {
  return MakeStatus(absl::StatusCode::kUnimplemented, m);
}
inline absl::Status NotFound(std::string_view m) {
  return MakeStatus(absl::StatusCode::kNotFound, m);
}
inline absl::Status AlreadyExists(std::string_view m) {
  return MakeStatus(absl::StatusCode::kAlreadyExists, m);
}
inline absl::Status ResourceExhausted(std::string_view m) {
  return MakeStatus(absl::StatusCode::kResourceExhausted, m);
}
inline absl::Status Unavailable(std::string_view m) {
  return MakeStatus(absl::StatusCode::kUnavailable, m);
}
inline absl::Status Aborted(std::string_view m) {
  return MakeStatus(absl::StatusCode::kAborted, m);
}

inline std::string_view Message(const absl::Status& status) {
  return std::string_view(status.message().data(), status.message().size());
}

// "NOT_FOUND: no such file": for people.
inline std::string ToString(const absl::Status& status) { return status.ToString(); }

// Returns the same error with "prefix: " before its message, if there is memory for it. OK stays
// OK.
inline absl::Status Annotate(const absl::Status& status, std::string_view prefix) noexcept {
  if (status.ok()) {
    return status;
  }
  try {
    std::string text(prefix);
    text.append(": ").append(Message(status));
    return MakeStatus(status.code(), text);
  } catch (const std::bad_alloc&) {
    return status;
  }
}

}  // namespace veralith

#define VERALITH_RETURN_IF_ERROR(expression)                                               \
  do {                                                                                     \
    if (absl::Status veralith_status = (expression); !veralith_status.ok()) [[unlikely]] { \
      return veralith_status;                                                              \
    }                                                                                      \
  } while (false)

#define VERALITH_STATUS_CONCAT_INNER(a, b) a##b
#define VERALITH_STATUS_CONCAT(a, b) VERALITH_STATUS_CONCAT_INNER(a, b)

// VERALITH_ASSIGN_OR_RETURN(auto x, CallThatReturnsStatusOr());
#define VERALITH_ASSIGN_OR_RETURN(declaration, expression)                                    \
  VERALITH_ASSIGN_OR_RETURN_IMPL(VERALITH_STATUS_CONCAT(veralith_or_, __LINE__), declaration, \
                                 expression)
#define VERALITH_ASSIGN_OR_RETURN_IMPL(temporary, declaration, expression) \
  auto temporary = (expression);                                           \
  if (!temporary.ok()) [[unlikely]] {                                      \
    return std::move(temporary).status();                                  \
  }                                                                        \
  declaration = *std::move(temporary)

#endif  // VERALITH_CORE_BASE_STATUS_H_
