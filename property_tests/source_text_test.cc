// SPDX-License-Identifier: Apache-2.0

#include "property_tests/source_text.h"

#include "gtest/gtest.h"

namespace veralith {
namespace {

std::vector<std::string> Names(const std::vector<Stretch>& stretches) {
  std::vector<std::string> names;
  for (const Stretch& stretch : stretches) {
    names.push_back(stretch.name);
  }
  return names;
}

using Strings = std::vector<std::string>;

TEST(SourceText, CodeIsWithoutCommentsAndLiterals) {
  EXPECT_EQ(CodeOf("a(\"x\\\"{\", '}', 1'000);  // {\nb /* { */ c"),
            "a(\"    \", ' ', 1'000);      \nb         c");
  EXPECT_EQ(CodeOf("x = R\"re({\"\n)re\";"), "x =        \n    ;");
}

TEST(SourceText, CommentsAreWithoutCode) {
  EXPECT_EQ(CommentsOf("int x;  // of //core/db:db\n"), "           of //core/db:db\n");
}

TEST(SourceText, FunctionsAreFoundByTheirBraces) {
  const std::string code = CodeOf(R"code(
namespace n {
struct S {
  explicit S(int x) : a_{x}, b_(x) { F({1, 2}); }
  bool operator==(const S&) const { return true; }
  void Declared(const S& s = {});
  int a_{0};
};
enum class E { kOne };
const int kTable[] = {1, F(2)};
const auto lambda = [](int x) { return x; };
template <typename T, int n = (1)>
class C : public S {
 public:
  virtual T Get() const { if (x) { y(); } }
};
TEST(Suite, Name) { struct Local { void M() {} }; }
#define MACRO(x) \
  do {           \
  } while (x)
std::vector<int> C::Free(int x = 3)
    noexcept {
}
})code");
  const Structure structure = StructureOf(code);
  EXPECT_EQ(Names(structure.functions),
            (Strings{"S", "operator==", "Get", "Suite.Name", "C::Free"}));
  EXPECT_EQ(Names(structure.classes), (Strings{"S", "C"}));
  const Stretch& free = structure.functions.back();
  EXPECT_EQ(LineAt(code, free.end) - LineAt(code, free.begin) + 1, 3u);
}

}  // namespace
}  // namespace veralith
