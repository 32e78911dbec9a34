// SPDX-License-Identifier: Apache-2.0

// What somebody may have meant by an unknown word.
//
// Pure functions, any thread.
#ifndef VERALITH_TOOLS_VERALITH_SUGGESTION_H_
#define VERALITH_TOOLS_VERALITH_SUGGESTION_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace veralith::tools {

// Returns how many letters must be added, dropped, replaced, or swapped with a neighbour.
size_t EditDistance(std::string_view a, std::string_view b);

// Returns the known word nearest to `word`: one that begins with it, or one at a distance of at
// most a third of its letters; nothing if none is near.
std::optional<std::string_view> Nearest(std::string_view word,
                                        const std::vector<std::string_view>& known);

// Returns a word in double quotes for a message, cut if it is long.
std::string ShowWord(std::string_view word);

// "; did you mean X?", or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_SUGGESTION_H_
