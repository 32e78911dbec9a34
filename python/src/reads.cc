// SPDX-License-Identifier: Apache-2.0

// Reads of single keys.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "python/src/database.h"

namespace veralith::python {
namespace {

// A value that the engine holds; a memoryview of it copies nothing. Its buffer keeps it alive.
struct PinnedView {
  PinnedValue value;
  Timestamp timestamp = 0;
};

// Returns whether the key is there.
bool Find(const Database& self, NamespaceId ns, nb::handle key, const Snapshot* snapshot,
          nb::handle timestamp, PinnedView* found) {
  const Bytes bytes(key);
  const Moment moment(snapshot, timestamp);
  return self.Run([&](Db& db) {
    return db.Get(moment.options, ns, bytes.view(), &found->value, &found->timestamp);
  });
}

nb::object Get(const Database& self, NamespaceId ns, nb::handle key, const Snapshot* snapshot,
               nb::handle timestamp) {
  PinnedView found;
  return Find(self, ns, key, snapshot, timestamp, &found) ? ToBytes(found.value.view())
                                                          : nb::object(nb::none());
}

nb::object GetVersion(const Database& self, NamespaceId ns, nb::handle key,
                      const Snapshot* snapshot, nb::handle timestamp) {
  PinnedView found;
  return Find(self, ns, key, snapshot, timestamp, &found)
             ? nb::make_tuple(ToBytes(found.value.view()), found.timestamp)
             : nb::object(nb::none());
}

bool Contains(const Database& self, NamespaceId ns, nb::handle key, const Snapshot* snapshot,
              nb::handle timestamp) {
  PinnedView found;
  return Find(self, ns, key, snapshot, timestamp, &found);
}

nb::object GetView(const Database& self, NamespaceId ns, nb::handle key, const Snapshot* snapshot,
                   nb::handle timestamp) {
  auto found = std::make_unique<PinnedView>();
  if (!Find(self, ns, key, snapshot, timestamp, found.get())) {
    return nb::none();
  }
  const nb::object owner = nb::cast(found.release(), nb::rv_policy::take_ownership);
  PyObject* const view = PyMemoryView_FromObject(owner.ptr());
  if (view == nullptr) {
    throw nb::python_error();
  }
  return nb::steal(view);
}

nb::list GetMany(const Database& self, NamespaceId ns, nb::iterable keys, const Snapshot* snapshot,
                 nb::handle timestamp) {
  std::vector<Bytes> held;
  std::vector<std::string_view> views;
  for (const nb::handle key : keys) {
    held.emplace_back(key);
    views.push_back(held.back().view());
  }
  const Moment moment(snapshot, timestamp);
  const auto found = self.Run([&](Db& db) { return db.MultiGet(moment.options, ns, views); });
  nb::list values;
  for (const std::optional<std::string>& value : found) {
    values.append(value.has_value() ? ToBytes(*value) : nb::object(nb::none()));
  }
  return values;
}

std::vector<NamespaceId> Namespaces(const Database& self, const Snapshot* snapshot,
                                    nb::handle timestamp) {
  const Moment moment(snapshot, timestamp);
  return self.Run([&](Db& db) { return db.ListNamespaces(moment.options); });
}

int GetBuffer(PyObject* self, Py_buffer* buffer, int flags) {
  const std::string_view value = nb::inst_ptr<PinnedView>(self)->value.view();
  static char empty = 0;
  void* const bytes = value.empty() ? &empty : const_cast<char*>(value.data());
  return PyBuffer_FillInfo(buffer, self, bytes, static_cast<Py_ssize_t>(value.size()),
                           /*readonly=*/1, flags);
}

PyType_Slot buffer_slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(GetBuffer)}, {0, nullptr}};

}  // namespace

void BindReads(nb::module_& module, nb::class_<Database>& database) {
  nb::class_<PinnedView>(module, "PinnedView", nb::type_slots(buffer_slots));
  const auto snapshot = [] { return nb::arg("snapshot").none(); };
  const auto timestamp = [] { return nb::arg("timestamp").none(); };
  const nb::arg ns("ns");
  const nb::arg key("key");
  database.def("get", &Get, ns, key, snapshot(), timestamp())
      .def("get_version", &GetVersion, ns, key, snapshot(), timestamp())
      .def("contains", &Contains, ns, key, snapshot(), timestamp())
      .def("get_view", &GetView, ns, key, snapshot(), timestamp())
      .def("get_many", &GetMany, ns, nb::arg("keys"), snapshot(), timestamp())
      .def("namespaces", &Namespaces, snapshot(), timestamp());
}

}  // namespace veralith::python
