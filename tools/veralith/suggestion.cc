// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/suggestion.h"

#include <algorithm>

#include "core/base/text.h"

namespace veralith::tools {
namespace {

constexpr size_t kShownBytes = 60;
constexpr size_t kLongestWord = 40;  // longer ones are keys, not slips

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::optional<std::string_view> Nearest(std::string_view word,
                                        const std::vector<std::string_view>& known) {
  std::optional<std::string_view> nearest;
  if (word.empty() || word.size() > kLongestWord) {
    return nearest;
  }
  size_t least = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const bool begins = word.find_first_not_of('-') != word.npos && candidate.starts_with(word);
    const size_t distance = begins ? 0 : EditDistance(word, candidate);
    // A word of one or two letters is at one letter's distance from too many others.
    if (distance < least && distance < word.size() && (begins || word.size() > 2)) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string ShowWord(std::string_view word) {
  return word.size() <= kShownBytes
             ? StrCat("\"", word, "\"")
             : StrCat("\"", word.substr(0, kShownBytes), "...\" (", word.size(), " bytes)");
}

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known) {
  const std::optional<std::string_view> nearest = Nearest(word, known);
  return nearest.has_value() ? StrCat("; did you mean ", *nearest, "?") : "";
}

}  // namespace veralith::tools
