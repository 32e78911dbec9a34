#include "model/conformance/configurations.h"

#include <functional>
#include <set>
#include <string>

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "model/conformance/byte_trace.h"

namespace veralith::model {
namespace {

TEST(Configurations, WordsAndBack) {
  Random random(7);
  const Below below = [&random](uint64_t bound) { return random.Below(bound); };
  std::vector<Configuration> all = NamedConfigurations();
  for (int i = 0; i < 500; ++i) {
    all.push_back(DrawConfiguration(below));
  }
  for (const Configuration& configuration : all) {
    Configuration parsed;
    std::string error;
    ASSERT_TRUE(ConfigurationFromWords(ConfigurationWords(configuration), &parsed, &error))
        << error;
    EXPECT_EQ(parsed, configuration);
  }
}

TEST(Configurations, NamesAreUniqueAndTheNamedOnesPrintAsTheirName) {
  std::set<std::string> names;
  for (const Configuration& configuration : NamedConfigurations()) {
    EXPECT_TRUE(names.insert(configuration.name).second) << configuration.name;
    EXPECT_EQ(ConfigurationWords(configuration).size(), 1u);
  }
}

TEST(Configurations, UnknownWordsAndValuesOutOfRangeAreErrors) {
  Configuration configuration;
  std::string error;
  EXPECT_FALSE(ConfigurationFromWords({{"name", "nothing"}}, &configuration, &error));
  EXPECT_EQ(error, "no configuration is called nothing");
  EXPECT_FALSE(ConfigurationFromWords({{"colour", "1"}}, &configuration, &error));
  EXPECT_FALSE(ConfigurationFromWords({{"seed", "x"}}, &configuration, &error));
  EXPECT_FALSE(ConfigurationFromWords({{"seed", "1x"}}, &configuration, &error));
  EXPECT_FALSE(ConfigurationFromWords({{"max_write_buffers", "1"}}, &configuration, &error));
  EXPECT_EQ(error, "configuration: cannot use max_write_buffers=1");
}

TEST(ByteTrace, EveryByteStringIsATraceAndItsBytesAreItself) {
  Random random(9);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random.Below(80), '\0');
    for (char& c : bytes) {
      c = static_cast<char>(random.Next());
    }
    const Trace trace = TraceFromBytes(bytes);
    EXPECT_EQ(TraceFromBytes(TraceToBytes(trace)), trace);
    Configuration configuration;
    std::string error;
    EXPECT_TRUE(ConfigurationFromWords(trace.configuration, &configuration, &error)) << error;
    EXPECT_EQ(configuration.posix, 0u);
  }
}

}  // namespace
}  // namespace veralith::model
