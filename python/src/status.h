// SPDX-License-Identifier: Apache-2.0

// Errors on their way from the engine to Python.
//
// Check and Value throw a Python exception of veralith._errors, chosen by the status's code. They
// need the GIL.
#ifndef VERALITH_PYTHON_SRC_STATUS_H_
#define VERALITH_PYTHON_SRC_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith::python {

void Check(const absl::Status& status);

template <typename T>
T Value(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

// Throws FailedPrecondition with `message`.
[[noreturn]] void Refuse(const char* message);

}  // namespace veralith::python

#endif  // VERALITH_PYTHON_SRC_STATUS_H_
