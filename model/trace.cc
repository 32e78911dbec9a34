// SPDX-License-Identifier: Apache-2.0

#include "model/trace.h"

#include "model/operation_text.h"

namespace veralith::model {
namespace {

constexpr std::string_view kFirstLine = "veralith trace 1";
constexpr std::string_view kConfiguration = "configuration ";

// Cuts the next line off `text` and returns it.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) {
    line.remove_suffix(1);
  }
  return line;
}

bool ParseConfiguration(std::string_view words, Trace* trace, std::string* error) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    const size_t equals = word.find('=');
    if (word.empty()) {
      continue;
    }
    if (equals == std::string_view::npos || equals == 0) {
      *error = "expected name=value, not " + std::string(word);
      return false;
    }
    trace->configuration[std::string(word.substr(0, equals))] = word.substr(equals + 1);
  }
  return true;
}

bool ParseLine(std::string_view line, Trace* trace, std::string* error) {
  if (line.empty() || line.front() == '#') {
    return true;
  }
  if (line.substr(0, kConfiguration.size()) == kConfiguration) {
    return ParseConfiguration(line.substr(kConfiguration.size()), trace, error);
  }
  return ParseOperation(line, &trace->operations.emplace_back(), error);
}

}  // namespace

std::string PrintTrace(const Trace& trace) {
  std::string text(kFirstLine);
  text += '\n';
  if (!trace.configuration.empty()) {
    text += "configuration";
    for (const auto& [name, value] : trace.configuration) {
      text.append(" ").append(name).append("=").append(value);
    }
    text += '\n';
  }
  for (const Operation& operation : trace.operations) {
    text += PrintOperation(operation);
    text += '\n';
  }
  return text;
}

bool ParseTrace(std::string_view text, Trace* trace, std::string* error) {
  *trace = {};
  error->clear();
  if (TakeLine(text) != kFirstLine) {
    *error = "line 1: expected \"" + std::string(kFirstLine) + "\"";
    return false;
  }
  for (int number = 2; !text.empty(); ++number) {
    std::string problem;
    if (!ParseLine(TakeLine(text), trace, &problem)) {
      *error = "line " + std::to_string(number) + ", " + problem;
      return false;
    }
  }
  return true;
}

}  // namespace veralith::model
