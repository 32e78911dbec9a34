// SPDX-License-Identifier: Apache-2.0

// Operations against the model: bytes are a trace (model/conformance/byte_trace.h), which must give
// the same answers from the engine as from the model, including crashes and failing calls.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "model/conformance/byte_trace.h"
#include "model/conformance/database_under_test.h"
#include "model/conformance/runner.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith::model;
  const Trace trace = TraceFromBytes({reinterpret_cast<const char*>(data), size});
  if (const Difference report = CheckTrace(trace, OpenDatabaseUnderTest); report.differs()) {
    std::fprintf(stderr, "engine and model differ %s", report.words().c_str());
    std::abort();
  }
  return 0;
}
