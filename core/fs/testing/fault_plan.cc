// SPDX-License-Identifier: Apache-2.0

#include "veralith/testing/fault_plan.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/status.h"

namespace veralith {
namespace {

constexpr std::array<std::string_view, 5> kEffectNames = {"eio", "enospc", "short", "short_space",
                                                          "late"};

template <typename Enum, size_t N>
std::optional<Enum> Find(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) {
    return std::nullopt;
  }
  return static_cast<Enum>(it - names.begin());
}

// Takes what comes before the first `separator` off `text`, together with the separator.
std::optional<std::string_view> TakeUntil(char separator, std::string_view& text) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

std::optional<FaultRule> ParseRule(std::string_view text) {
  const auto call = TakeUntil('@', text);
  const auto part = TakeUntil('#', text);
  auto nth = TakeUntil('=', text);
  if (!call || !part || !nth) {
    return std::nullopt;
  }
  FaultRule rule;
  const auto found_call = Find<FsCall>(kFsCallNames, *call);
  const auto found_effect = Find<FaultEffect>(kEffectNames, text);
  rule.from_then_on = nth->ends_with('+');
  if (rule.from_then_on) {
    nth->remove_suffix(1);
  }
  const auto [end, error] = std::from_chars(nth->data(), nth->data() + nth->size(), rule.nth);
  if (!found_call || !found_effect || error != std::errc() || end != nth->data() + nth->size() ||
      rule.nth == 0) {
    return std::nullopt;
  }
  rule.call = *found_call;
  rule.path_part = *part;
  rule.effect = *found_effect;
  return rule;
}

}  // namespace

std::string ToText(const FaultPlan& plan) {
  std::string text;
  for (const FaultRule& rule : plan) {
    if (!text.empty()) {
      text += ',';
    }
    text += kFsCallNames[static_cast<size_t>(rule.call)];
    text += '@' + rule.path_part + '#' + std::to_string(rule.nth);
    text += rule.from_then_on ? "+=" : "=";
    text += kEffectNames[static_cast<size_t>(rule.effect)];
  }
  return text;
}

absl::StatusOr<FaultPlan> ParseFaultPlan(std::string_view text) {
  FaultPlan plan;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, comma);
    const std::optional<FaultRule> rule = ParseRule(one);
    if (!rule) {
      return InvalidArgument("no fault rule: " + std::string(one));
    }
    plan.push_back(*rule);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return plan;
}

}  // namespace veralith
