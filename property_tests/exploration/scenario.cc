// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/scenario.h"

#include <algorithm>
#include <charconv>

#include "model/operation_text.h"

namespace veralith::model {
namespace {

constexpr std::string_view kBetween = " / ";
constexpr std::string_view kRolling = "rolling";

bool ParseNumber(std::string_view* text, size_t* number) {
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), *number);
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return code == std::errc();
}

bool ParsePowerCut(std::string_view text, PowerCut* cut) {
  if (!ParseNumber(&text, &cut->point) || text.empty() || text.front() != '.') {
    return false;
  }
  text.remove_prefix(1);
  return ParseNumber(&text, &cut->survivor) && text.empty();
}

}  // namespace

std::string PrintScenario(const Scenario& scenario) {
  std::string text(scenario.rolling ? kRolling : "");
  for (const Operation& operation : scenario.operations) {
    text += (text.empty() ? "" : std::string(kBetween)) + PrintOperation(operation);
  }
  for (const PowerCut& cut : scenario.power_cuts) {
    text += (text.empty() ? "@" : " @") + std::to_string(cut.point) + "." +
            std::to_string(cut.survivor);
  }
  return text;
}

bool ParseScenario(std::string_view text, Scenario* scenario, std::string* error) {
  *scenario = {};
  for (size_t at = text.rfind('@');
       at != std::string_view::npos && (at == 0 || text[at - 1] == ' ') &&
       scenario->power_cuts.size() < 2;
       at = text.rfind('@')) {
    PowerCut cut;
    if (!ParsePowerCut(text.substr(at + 1), &cut)) {
      *error = "expected a power cut such as @7.3, not " + std::string(text.substr(at));
      return false;
    }
    scenario->power_cuts.insert(scenario->power_cuts.begin(), cut);
    text = text.substr(0, at == 0 ? 0 : at - 1);
  }
  if (text.starts_with(kRolling)) {
    scenario->rolling = true;
    text.remove_prefix(std::min(kRolling.size() + kBetween.size(), text.size()));
  }
  while (!text.empty()) {
    const size_t end = std::min(text.find(kBetween), text.size());
    if (!ParseOperation(text.substr(0, end), &scenario->operations.emplace_back(), error)) {
      return false;
    }
    text.remove_prefix(std::min(end + kBetween.size(), text.size()));
  }
  return true;
}

}  // namespace veralith::model
