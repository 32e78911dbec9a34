// SPDX-License-Identifier: Apache-2.0

// Traces for RapidCheck, and the property that most tests state with them: engine and model agree.
//
// Shrinking removes operations, then makes each simpler (model/simplify.h); the configuration and
// the swarm stay. The last failing trace is left in the test's output directory with the one
// command that replays it.
#ifndef VERALITH_PROPERTY_TESTS_GENERATORS_TRACES_H_
#define VERALITH_PROPERTY_TESTS_GENERATORS_TRACES_H_

#include <initializer_list>
#include <ostream>
#include <utility>

#include "model/conformance/configurations.h"
#include "model/conformance/runner.h"
#include "model/operation_draw.h"
#include "model/trace.h"
#include "rapidcheck.h"

namespace veralith::model {

// How RapidCheck prints a trace.
void showValue(const Trace& trace, std::ostream& os);

rc::Gen<Operation> AnyOperation(const Profile& profile);

// Traces under a random configuration, with whole kinds of the profile dropped and sizes drawn
// (Swarm).
rc::Gen<Trace> AnyTrace(const Profile& profile);
// Traces under exactly these.
rc::Gen<Trace> AnyTrace(const Profile& profile, const Configuration& configuration);

// Returns the profile in which only these kinds happen, this often.
Profile Only(std::initializer_list<std::pair<OperationKind, uint32_t>> weights);

// Fails the property, with the report, unless the database under test agrees with the model. Adds
// what was seen to `marks`, if given.
void CheckAgrees(const Trace& trace, Marks* marks = nullptr);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_GENERATORS_TRACES_H_
