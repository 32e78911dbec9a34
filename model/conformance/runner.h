// SPDX-License-Identifier: Apache-2.0

// Runs traces against a database and the model, and makes failures small and repeatable.
//
// A run is a function of its trace and of the engine: same trace, same decisions, same bytes (in a
// simulated configuration); RunResult::fingerprint covers all answers, the scheduler's choices and
// the final disk.
//
// Thread rule: one thread.
#ifndef VERALITH_MODEL_CONFORMANCE_RUNNER_H_
#define VERALITH_MODEL_CONFORMANCE_RUNNER_H_

#include <functional>
#include <string>

#include "model/conformance/session.h"
#include "model/trace.h"

namespace veralith::model {

struct RunResult {
  Difference difference = Agree();
  std::string where;        // the operation it was found at, or the opening or the end
  std::string fingerprint;  // of answers, disk and schedule
  Marks marks;

  bool ok() const { return difference.agrees(); }
};

RunResult RunTrace(const Trace& trace, const DbOpener& open);

// Returns a trace that still fails, and in which no operation can be removed or made simpler, nor
// the configuration. If `budget` runs are used up before: the smallest so far.
Trace Minimize(const Trace& trace, const std::function<bool(const Trace&)>& fails, size_t budget);

// Runs the trace. If engine and model differ: minimizes it, writes it to a file in the test's
// output directory (or the temporary one), and returns a report: what differs, the trace, and the
// one command that replays it. Should the process die in the run, the same is printed, without
// minimizing.
Difference CheckTrace(const Trace& trace, const DbOpener& open);

// Writes the trace to failing-NAME.trace in the test's output directory; returns its path.
std::string WriteTraceFile(const Trace& trace, const std::string& name);
// "./dev replay FILE".
std::string ReplayCommand(const std::string& file);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_RUNNER_H_
