// SPDX-License-Identifier: Apache-2.0

// C++ source as text, taken apart as far as rules about the tree need it: without comments and
// literals, and with functions and classes found by their braces. Not a parser: what it cannot
// tell is said at each function.
#ifndef VERALITH_PROPERTY_TESTS_SOURCE_TEXT_H_
#define VERALITH_PROPERTY_TESTS_SOURCE_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace veralith {

// Line of the byte at `at`, from 1.
size_t LineAt(std::string_view text, size_t at);

// `source` with every byte of comments, string and character literals replaced by a blank. Lines
// and places stay what they are.
std::string CodeOf(std::string_view source);
// The same the other way round: only what comments say, without their slashes.
std::string CommentsOf(std::string_view source);

// A stretch [begin, end) of a source file.
struct Stretch {
  std::string name;
  size_t begin = 0;  // of a function: where its declaration begins, after the statement before
  size_t body = 0;   // the opening brace
  size_t end = 0;    // after the closing brace
};

struct Structure {
  // Bodies outside every other body, in order: of functions, members and tests. A lambda, and a
  // member of a class that a function declares, is part of the function.
  std::vector<Stretch> functions;
  // Other blocks outside bodies: initializers and enumerations. Without names.
  std::vector<Stretch> initializers;
  // Classes, structs and unions, also nested ones.
  std::vector<Stretch> classes;
};

// Of code without comments and literals (CodeOf). A block is a scope if its head begins with
// namespace, class, struct, union or extern; a function if its head has a parameter list; else it
// is an initializer or an enumeration. Both branches of an #if are read.
Structure StructureOf(std::string code);

// True for a letter, a digit or an underscore.
bool IsNameByte(char c);

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_SOURCE_TEXT_H_
