// SPDX-License-Identifier: Apache-2.0

// No name is dead: what a header of core or model declares is named somewhere else in the tree.
//
// The check goes by identifiers, not by meaning: a name counts as used if it stands anywhere that
// is neither a comment or literal nor its own declaration or definition. So a dead function that
// shares its name with a live one is not found, nor one that only itself or a test calls; what is
// found is dead. Looked at are functions and members, classes, and constants (kName).
//
// Reads the source tree itself, so it runs every time.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "property_tests/source_text.h"
#include "property_tests/source_tree.h"

namespace veralith {
namespace {

namespace fs = std::filesystem;

// Called by the language or a library, never by name.
const std::set<std::string> kCalledUnnamed = {"begin", "end", "main"};

struct Name {
  std::string text;
  size_t at = 0;
};

std::vector<Name> NamesIn(const std::string& code) {
  std::vector<Name> names;
  for (size_t i = 0; i < code.size();) {
    if (!IsNameByte(code[i])) {
      ++i;
      continue;
    }
    const size_t begin = i;
    while (i < code.size() && IsNameByte(code[i])) {
      ++i;
    }
    if (std::isdigit(static_cast<unsigned char>(code[begin])) == 0) {
      names.push_back({code.substr(begin, i - begin), begin});
    }
  }
  return names;
}

// What of `code` is outside functions' bodies and initializers, the rest blank.
std::string DeclarationsOf(const std::string& code, const Structure& structure) {
  std::string declarations = code;
  for (const std::vector<Stretch>* blocks : {&structure.functions, &structure.initializers}) {
    for (const Stretch& block : *blocks) {
      std::fill(declarations.begin() + static_cast<ptrdiff_t>(block.body),
                declarations.begin() + static_cast<ptrdiff_t>(block.end), ';');
    }
  }
  return declarations;
}

bool IsMacro(const std::string& name) {
  return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

char Next(const std::string& code, size_t at) {
  const size_t next = code.find_first_not_of(" \n", at);
  return next == std::string::npos ? ' ' : code[next];
}

// True if the statement before `at` is still at its outermost level, and assigns nothing: what
// stands there and has a parameter list is being declared.
bool IsDeclared(const std::string& declarations, size_t at) {
  int depth = 0;
  for (size_t i = at; i > 0; --i) {
    const char c = declarations[i - 1];
    depth += c == ')' || c == '}' ? 1 : c == '(' || c == '{' ? -1 : 0;
    if (depth < 0) {
      return c == '{';  // the scope itself
    }
    if (depth == 0 && (c == ';' || c == '#')) {
      return c == ';';
    }
    // An assignment, or a list of initializers after "Class(...) :".
    if (depth == 0 && (c == '=' || (c == ':' && Next(declarations, i) != ':' &&
                                    declarations[i - 2] != ':' && declarations[i - 2] == ' '))) {
      return false;
    }
  }
  return true;
}

bool IsIn(const std::vector<Stretch>& classes, const Name& name) {
  return std::any_of(classes.begin(), classes.end(), [&](const Stretch& c) {
    return c.name == name.text && name.at >= c.begin && name.at < c.end;
  });
}

// Declared names of the tree, each with one place, and every name that is used.
class Tree {
 public:
  Tree() {
    for (const fs::path& file : SourcesUnder(kSourceFolders)) {
      Read(file);
    }
  }

  const std::map<std::string, std::string>& declared() const { return declared_; }
  bool IsUsed(const std::string& name) const { return used_.contains(name); }

 private:
  void Read(const fs::path& file) {
    const std::string path = fs::relative(file, SourceRoot()).string();
    const bool looked_at =
        path.ends_with(".h") && (path.starts_with("core/") || path.starts_with("model/"));
    const std::string code = CodeOf(ReadFile(file));
    const Structure structure = StructureOf(code);
    const std::string declarations = DeclarationsOf(code, structure);
    const std::vector<Name> names = NamesIn(code);
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string before = i > 0 ? names[i - 1].text : "";
      if (IsIn(structure.classes, names[i])) {
        // A class within itself, its constructors among it.
        Declare(names[i], before == "class" || before == "struct", looked_at, path, code);
      } else if (Declares(declarations, names[i], before)) {
        Declare(names[i], true, looked_at, path, code);
      } else {
        used_.insert(names[i].text);
      }
    }
  }
  void Declare(const Name& name, bool declares, bool looked_at, const std::string& path,
               const std::string& code) {
    if (declares && looked_at) {
      declared_.emplace(name.text, path + ":" + std::to_string(LineAt(code, name.at)));
    }
  }
  static bool Declares(const std::string& declarations, const Name& name,
                       const std::string& before) {
    const size_t after = name.at + name.text.size();
    const bool is_attribute = name.at > 0 && declarations[name.at - 1] == '[';
    if (declarations[name.at] == ';' || is_attribute || IsMacro(name.text) ||
        name.text == "alignas") {
      return false;
    }
    if (before == "class" || before == "struct" || before == "concept") {
      return true;
    }
    const char next = Next(declarations, after);
    if (name.text.size() > 1 && name.text[0] == 'k' && std::isupper(name.text[1]) != 0 &&
        (next == '=' || next == '[' || next == '{')) {
      return declarations.find("constexpr", declarations.rfind('\n', name.at)) < name.at;
    }
    // "Class::Member(" names the class in defining its member.
    const bool qualifies = declarations.compare(after, 2, "::") == 0;
    return (next == '(' || qualifies) && IsDeclared(declarations, name.at);
  }

  std::map<std::string, std::string> declared_;
  std::set<std::string> used_;
};

TEST(DeadNames, AreInNoHeader) {
  const Tree tree;
  for (const auto& [name, place] : tree.declared()) {
    EXPECT_TRUE(tree.IsUsed(name) || kCalledUnnamed.contains(name))
        << place << ": " << name << " is named nowhere else: delete it";
  }
  EXPECT_GT(tree.declared().size(), 1'500u) << "the check does not find the names";
}

}  // namespace
}  // namespace veralith
