// SPDX-License-Identifier: Apache-2.0

// Traces as bytes, for libFuzzer: one byte that chooses the named configuration, two bytes of seed,
// then operations (model/operation_bytes.h). Every byte string is a trace; PrintTrace shows it as
// text.
#ifndef VERALITH_MODEL_CONFORMANCE_BYTE_TRACE_H_
#define VERALITH_MODEL_CONFORMANCE_BYTE_TRACE_H_

#include <string>
#include <string_view>

#include "model/trace.h"

namespace veralith::model {

// Longer inputs are cut: a run compares everything often.
inline constexpr size_t kMaxByteTraceOperations = 200;

// Returns the part of a byte trace that is operations.
std::string_view OperationBytes(std::string_view bytes);
// Decodes any bytes; never gives the posix configuration.
Trace TraceFromBytes(std::string_view bytes);
// Keeps only name and seed (modulo 2^16) of the configuration.
std::string TraceToBytes(const Trace& trace);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_BYTE_TRACE_H_
