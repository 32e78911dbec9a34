// SPDX-License-Identifier: Apache-2.0

#include "property_tests/generators/traces.h"

#include <string>

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "model/conformance/database_under_test.h"
#include "model/simplify.h"

namespace veralith::model {
namespace {

uint64_t Seed(rc::Random random) { return random.next(); }

// Draws whatever the seed gives, not shrunk; the size of the case does not matter.
template <typename Draw>
auto Drawn(Draw draw) {
  using T = decltype(draw(std::declval<const Below&>()));
  return rc::Gen<T>([draw](const rc::Random& chance, int) {
    Random random(Seed(chance));
    return rc::shrinkable::just(draw([&random](uint64_t bound) { return random.Below(bound); }));
  });
}

rc::Gen<Trace> TraceOf(const Profile& profile, const Configuration& configuration) {
  return rc::gen::map(rc::gen::container<std::vector<Operation>>(AnyOperation(profile)),
                      [configuration](std::vector<Operation> operations) {
                        return Trace{ConfigurationWords(configuration), std::move(operations)};
                      });
}

}  // namespace

void showValue(const Trace& trace, std::ostream& os) { os << PrintTrace(trace); }

rc::Gen<Operation> AnyOperation(const Profile& profile) {
  return rc::Gen<Operation>([profile](const rc::Random& chance, int) {
    Random random(Seed(chance));
    return rc::shrinkable::shrinkRecur(
        DrawOperation(profile, [&random](uint64_t bound) { return random.Below(bound); }),
        [](const Operation& operation) {
          return rc::seq::fromContainer(Simplifications(operation));
        });
  });
}

rc::Gen<Trace> AnyTrace(const Profile& profile) {
  const auto settings = Drawn([profile](const Below& below) {
    return std::pair(Swarm(profile, below), DrawConfiguration(below));
  });
  return rc::gen::mapcat(settings, [](const std::pair<Profile, Configuration>& drawn) {
    return TraceOf(drawn.first, drawn.second);
  });
}

rc::Gen<Trace> AnyTrace(const Profile& profile, const Configuration& configuration) {
  return TraceOf(profile, configuration);
}

Profile Only(std::initializer_list<std::pair<OperationKind, uint32_t>> weights) {
  Profile profile;
  for (const auto& [kind, weight] : weights) {
    profile.weight(kind) = weight;
  }
  return profile;
}

void CheckAgrees(const Trace& trace, Marks* marks) {
  const RunResult result = RunTrace(trace, OpenDatabaseUnderTest);
  if (marks != nullptr) {
    for (const auto& [name, count] : result.marks) {
      (*marks)[name] += count;
    }
  }
  if (!result.ok()) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const std::string file =
        WriteTraceFile(trace, test != nullptr ? test->test_suite_name() : "property");
    RC_FAIL("at " + result.where + ":\n  " + result.difference.words() + "\n" + PrintTrace(trace) +
            "replay: " + ReplayCommand(file) + "\n");
  }
}

}  // namespace veralith::model
