// SPDX-License-Identifier: Apache-2.0

// A trace: a configuration and a list of operations. Every producer makes traces; the runner runs
// them.
//
//   veralith trace 1
//   configuration name=tiny seed=7 write_buffer_bytes=4096
//   # free text
//   put 0 k1 10 -
//   reopen
//
// The configuration is kept as words name=value; model/conformance/configurations.h gives them
// meaning. Comments and blank lines are dropped by the parser; positions of operations (which name
// their values) count operations only, from 0.
#ifndef VERALITH_MODEL_TRACE_H_
#define VERALITH_MODEL_TRACE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/operation.h"

namespace veralith::model {

struct Trace {
  std::map<std::string, std::string> configuration;
  std::vector<Operation> operations;
  bool operator==(const Trace&) const = default;
};

std::string PrintTrace(const Trace& trace);

// Returns false and sets `error` ("line 3, column 7: expected ...") if it is none. Total.
bool ParseTrace(std::string_view text, Trace* trace, std::string* error);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_TRACE_H_
