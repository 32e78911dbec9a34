// SPDX-License-Identifier: Apache-2.0

// The module veralith._veralith: the engine with as little Python as possible. What people use is
// the package around it.
#include <nanobind/nanobind.h>

#include "python/src/database.h"

NB_MODULE(_veralith, module) {
  namespace nb = nanobind;
  using veralith::python::Database;
  using veralith::python::Snapshot;
  nb::class_<Snapshot>(module, "Snapshot")
      .def_prop_ro("timestamp", &Snapshot::timestamp)
      .def_prop_ro("released", &Snapshot::released)
      .def("release", &Snapshot::Release);
  nb::class_<Database> database(module, "Database");
  veralith::python::BindDatabase(database);
  veralith::python::BindReads(module, database);
  veralith::python::BindWrites(module, database);
  veralith::python::BindScans(module, database);
  veralith::python::BindUpkeep(database);
  veralith::python::BindDirectories(module);
}
