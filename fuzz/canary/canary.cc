// SPDX-License-Identifier: Apache-2.0

// The canary: the operations target over a database that is broken on purpose. It must fail. If it
// does not, the fuzzing set-up finds nothing at all. canary_test.cc checks that.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "model/conformance/byte_trace.h"
#include "model/conformance/model_db.h"
#include "model/conformance/runner.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith::model;
  const Trace trace = TraceFromBytes({reinterpret_cast<const char*>(data), size});
  const Difference report =
      CheckTrace(trace, [](const std::string& directory, const veralith::Options& options) {
        return OpenModelDb(directory, options, Defect::kRangeDeleteTakesItsEnd);
      });
  if (report.differs()) {
    std::fprintf(stderr, "engine and model differ %s", report.words().c_str());
    std::abort();
  }
  return 0;
}
