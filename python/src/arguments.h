// SPDX-License-Identifier: Apache-2.0

// Arguments on their way from Python to the engine, and the GIL.
#ifndef VERALITH_PYTHON_SRC_ARGUMENTS_H_
#define VERALITH_PYTHON_SRC_ARGUMENTS_H_

#include <nanobind/nanobind.h>

#include <optional>
#include <string_view>
#include <utility>

#include "veralith/bound.h"
#include "veralith/options.h"

namespace veralith::python {

namespace nb = nanobind;

// Runs `action` without the GIL. It must not touch a Python object.
template <typename Action>
auto WithoutGil(Action&& action) {
  const nb::gil_scoped_release released;
  return std::forward<Action>(action)();
}

// A key or value. The view is of a bytes object, which never changes: it may be read without the
// GIL as long as this lives. Other buffers (bytearray, memoryview) may change: they are copied.
// Anything else is a TypeError.
class Bytes {
 public:
  explicit Bytes(nb::handle given);
  std::string_view view() const { return view_; }

 private:
  nb::object holder_;
  std::string_view view_;
};

// None is nullopt.
std::optional<Bytes> MaybeBytes(nb::handle given);
std::optional<Timestamp> MaybeTimestamp(nb::handle given);

// None: Options::sync_mode; true: kCommit; false: kManual.
WriteOptions WriteOptionsOf(std::optional<bool> sync);

// None: open.
Bound BoundOf(nb::handle key, bool included);

nb::bytes ToBytes(std::string_view bytes);

}  // namespace veralith::python

#endif  // VERALITH_PYTHON_SRC_ARGUMENTS_H_
