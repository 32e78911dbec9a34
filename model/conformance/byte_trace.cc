// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/byte_trace.h"

#include <algorithm>

#include "model/conformance/configurations.h"
#include "model/operation_bytes.h"

namespace veralith::model {
namespace {
constexpr size_t kHeaderBytes = 3;
}  // namespace

std::string_view OperationBytes(std::string_view bytes) {
  return bytes.substr(std::min(bytes.size(), kHeaderBytes));
}

Trace TraceFromBytes(std::string_view bytes) {
  std::string header(bytes.substr(0, kHeaderBytes));
  header.resize(kHeaderBytes);
  const auto byte = [&header](size_t i) { return static_cast<uint8_t>(header[i]); };
  const std::vector<Configuration>& named = NamedConfigurations();
  Configuration configuration = named[byte(0) % named.size()];
  if (configuration.posix != 0) {
    configuration = named[0];
  }
  configuration.seed = byte(1) + 256u * byte(2);
  Trace trace;
  trace.configuration = ConfigurationWords(configuration);
  trace.operations = DecodeOperations(OperationBytes(bytes), kMaxByteTraceOperations);
  return trace;
}

std::string TraceToBytes(const Trace& trace) {
  Configuration configuration;
  std::string ignored;
  ConfigurationFromWords(trace.configuration, &configuration, &ignored);
  const std::vector<Configuration>& named = NamedConfigurations();
  const auto place = std::find_if(named.begin(), named.end(), [&](const Configuration& c) {
    return c.name == configuration.name;
  });
  std::string bytes;
  bytes += static_cast<char>(place - named.begin());
  bytes += static_cast<char>(configuration.seed & 0xff);
  bytes += static_cast<char>(configuration.seed >> 8 & 0xff);
  return bytes + EncodeOperations(trace.operations);
}

}  // namespace veralith::model
