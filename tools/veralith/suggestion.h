// What somebody may have meant by a word that is not known.
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

// How many letters must be added, dropped, replaced or swapped with a neighbour.
size_t EditDistance(std::string_view a, std::string_view b);

// The known word nearest to `word`: one that it begins, or one at a distance of at most a third of
// its letters; nothing when none is near.
std::optional<std::string_view> Nearest(std::string_view word,
                                        const std::vector<std::string_view>& known);

// A word in double quotes for a message, cut when it is long.
std::string ShowWord(std::string_view word);

// "; did you mean X?", or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_SUGGESTION_H_
