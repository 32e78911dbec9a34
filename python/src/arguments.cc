// SPDX-License-Identifier: Apache-2.0

#include "python/src/arguments.h"

#include <string>

namespace veralith::python {

Bytes::Bytes(nb::handle given) {
  if (PyBytes_Check(given.ptr())) [[likely]] {
    holder_ = nb::borrow(given);
  } else if (PyObject_CheckBuffer(given.ptr())) {
    holder_ = nb::steal(PyBytes_FromObject(given.ptr()));
    if (!holder_.is_valid()) {
      throw nb::python_error();
    }
  } else {
    PyErr_Format(PyExc_TypeError, "keys and values are bytes, not %s: encode text first",
                 Py_TYPE(given.ptr())->tp_name);
    throw nb::python_error();
  }
  view_ = {PyBytes_AS_STRING(holder_.ptr()), static_cast<size_t>(PyBytes_GET_SIZE(holder_.ptr()))};
}

std::optional<Bytes> MaybeBytes(nb::handle given) {
  return given.is_none() ? std::nullopt : std::optional<Bytes>(std::in_place, given);
}

std::optional<Timestamp> MaybeTimestamp(nb::handle given) {
  if (given.is_none()) {
    return std::nullopt;
  }
  const Timestamp timestamp = PyLong_AsUnsignedLongLong(given.ptr());
  if (PyErr_Occurred() != nullptr) {
    throw nb::python_error();
  }
  return timestamp;
}

WriteOptions WriteOptionsOf(std::optional<bool> sync) {
  if (!sync.has_value()) {
    return {};
  }
  return {.sync = *sync ? SyncMode::kCommit : SyncMode::kManual};
}

Bound BoundOf(nb::handle key, bool included) {
  if (key.is_none()) {
    return Bound::Open();
  }
  std::string copy(Bytes(key).view());
  return included ? Bound::Inclusive(std::move(copy)) : Bound::Exclusive(std::move(copy));
}

nb::bytes ToBytes(std::string_view bytes) { return nb::bytes(bytes.data(), bytes.size()); }

}  // namespace veralith::python
