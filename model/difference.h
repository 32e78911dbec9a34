// SPDX-License-Identifier: Apache-2.0

// What a comparison of engine and model found: that they agree, or how they differ, in words.
//
// Agreement is said aloud (Agree()), and an answer cannot be dropped: the class is [[nodiscard]],
// and the build takes that for an error, so a check whose answer nobody looks at does not compile.
#ifndef VERALITH_MODEL_DIFFERENCE_H_
#define VERALITH_MODEL_DIFFERENCE_H_

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace veralith::model {

class [[nodiscard]] Difference {
 public:
  // A difference, also where the words are empty. Implicit, so that words can be returned.
  Difference(std::string words) : words_(std::move(words)) {}  // NOLINT
  Difference(const char* words) : words_(words) {}             // NOLINT

  bool agrees() const { return !words_.has_value(); }
  bool differs() const { return words_.has_value(); }
  // What differs; "" on agreement.
  std::string words() const { return words_.value_or(""); }

  // The same with words before it that say where; agreement stays agreement.
  Difference In(std::string_view where) && {
    if (words_.has_value()) {
      words_->insert(0, where);
    }
    return std::move(*this);
  }

  bool operator==(const Difference&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Difference& difference) {
    return out << (difference.agrees() ? "(agreement)" : *difference.words_);
  }

 private:
  friend Difference Agree();
  Difference() = default;
  std::optional<std::string> words_;
};

inline Difference Agree() { return {}; }

}  // namespace veralith::model

// Returns what the expression found, unless that is agreement.
#define VERALITH_RETURN_IF_DIFFERENT(expression)                          \
  do {                                                                    \
    if (::veralith::model::Difference veralith_difference = (expression); \
        veralith_difference.differs()) {                                  \
      return veralith_difference;                                         \
    }                                                                     \
  } while (false)

#endif  // VERALITH_MODEL_DIFFERENCE_H_
