// SPDX-License-Identifier: Apache-2.0

#include "python/src/status.h"

#include <nanobind/nanobind.h>

#include <string>

namespace nb = nanobind;

namespace veralith::python {
namespace {

[[noreturn]] void Raise(const absl::Status& status) {
  const std::string message(status.message());
  const nb::object text = nb::steal(PyUnicode_DecodeUTF8(
      message.data(), static_cast<Py_ssize_t>(message.size()), "backslashreplace"));
  if (!text.is_valid()) {
    throw nb::python_error();
  }
  const nb::object error = nb::module_::import_("veralith._errors")
                               .attr("error_of")(static_cast<int>(status.code()), text);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  throw nb::python_error();
}

}  // namespace

void Check(const absl::Status& status) {
  if (!status.ok()) [[unlikely]] {
    Raise(status);
  }
}

void Refuse(const char* message) {
  Raise(absl::Status(absl::StatusCode::kFailedPrecondition, message));
}

}  // namespace veralith::python
