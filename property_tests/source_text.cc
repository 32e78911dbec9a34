// SPDX-License-Identifier: Apache-2.0

#include "property_tests/source_text.h"

#include <algorithm>
#include <cctype>
#include <regex>

namespace veralith {
namespace {

enum class Part { kCode, kComment, kLiteral };

// Tells for every byte of a source what it is part of.
class Scanner {
 public:
  explicit Scanner(std::string_view source) : source_(source), parts_(source.size()) {
    while (at_ < source_.size()) {
      Step();
    }
  }
  const std::vector<Part>& parts() const { return parts_; }

 private:
  bool Sees(std::string_view word) const { return source_.substr(at_, word.size()) == word; }
  void Take(size_t size, Part part) {
    for (; size > 0 && at_ < source_.size(); --size) {
      parts_[at_++] = part;
    }
  }
  void TakeThrough(std::string_view end, Part part) {
    const size_t found = source_.find(end, at_);
    Take(found == std::string_view::npos ? source_.size() : found + end.size() - at_, part);
  }
  // The quotes themselves stay code, so that a literal leaves something behind.
  void TakeQuoted(char quote) {
    Take(1, Part::kCode);
    while (at_ < source_.size() && source_[at_] != quote && source_[at_] != '\n') {
      Take(source_[at_] == '\\' ? 2 : 1, Part::kLiteral);
    }
    Take(1, Part::kCode);
  }
  void Step() {
    const bool in_name = at_ > 0 && IsNameByte(source_[at_ - 1]);
    if (Sees("//")) {
      Take(std::min(source_.find('\n', at_), source_.size()) - at_, Part::kComment);
    } else if (Sees("/*")) {
      TakeThrough("*/", Part::kComment);
    } else if (Sees("R\"") && !in_name) {
      const size_t open = source_.find('(', at_);
      const std::string mark(source_.substr(at_ + 2, open - at_ - 2));
      Take(open + 1 - at_, Part::kLiteral);
      TakeThrough(")" + mark + "\"", Part::kLiteral);
    } else if (source_[at_] == '"' || (source_[at_] == '\'' && !in_name)) {
      TakeQuoted(source_[at_]);
    } else {
      Take(1, Part::kCode);
    }
  }

  std::string_view source_;
  std::vector<Part> parts_;
  size_t at_ = 0;
};

std::string Only(std::string_view source, Part kept) {
  const Scanner scanner(source);
  std::string text(source);
  for (size_t i = 0; i < text.size(); ++i) {
    if (scanner.parts()[i] != kept && text[i] != '\n') {
      text[i] = ' ';
    }
  }
  return text;
}

void BlankPreprocessor(std::string* code) {
  bool inside = false;
  for (size_t line = 0; line < code->size();) {
    const size_t end = std::min(code->find('\n', line), code->size());
    const size_t first = code->find_first_not_of(" \t", line);
    inside = inside || (first < end && (*code)[first] == '#');
    const bool goes_on = inside && end > line && (*code)[end - 1] == '\\';
    if (inside) {
      std::fill(code->begin() + static_cast<ptrdiff_t>(line),
                code->begin() + static_cast<ptrdiff_t>(end), ' ');
    }
    inside = goes_on;
    line = end + 1;
  }
}

// After the brace, bracket or parenthesis that closes the one at `open`.
size_t AfterMatching(std::string_view code, size_t open) {
  int depth = 0;
  for (size_t i = open; i < code.size(); ++i) {
    depth += code[i] == '{' || code[i] == '(' ? 1 : 0;
    depth -= code[i] == '}' || code[i] == ')' ? 1 : 0;
    if (depth == 0) {
      return i + 1;
    }
  }
  return code.size();
}

// The head of a block without templates' parameters and labels of access before it.
std::string Head(std::string head) {
  static const std::regex label(R"(^\s*(public|private|protected)\s*:)");
  static const std::regex parameters(R"(^\s*template\s*<)");
  for (std::smatch match; std::regex_search(head, match, label);) {
    head = match.suffix();
  }
  for (std::smatch match; std::regex_search(head, match, parameters);) {
    size_t at = static_cast<size_t>(match.length());
    for (int depth = 1; depth > 0 && at < head.size(); ++at) {
      depth += head[at] == '<' ? 1 : head[at] == '>' ? -1 : 0;
    }
    head = head.substr(at);
  }
  return head;
}

bool IsScope(const std::string& head) {
  static const std::regex scope(R"(^\s*(inline\s+)?(namespace|class|struct|union|extern)\b)");
  return std::regex_search(head, scope) && head.find('=') == std::string::npos;
}

// The name of a class, or "" of another scope.
std::string ClassName(const std::string& head) {
  static const std::regex name(R"(^\s*(?:class|struct|union)\s+(?:(?:alignas\([^)]*\)|\[\[\w+\]\]|)"
                               R"([A-Z_]+(?:\([^)]*\))?)\s+(?!final|:|$))*(\w+(?:::\w+)*))");
  std::smatch match;
  return std::regex_search(head, match, name) ? match[1].str() : "";
}

// The name before the parameter list; of a test macro, what it lists.
std::string FunctionName(const std::string& head) {
  static const std::regex name(R"(([\w:~]+|operator[^\w\s(]+)\s*\()");
  static const std::regex test(R"(^\s*\w*(?:TEST|PROP)\w*\s*\(\s*(\w+)\s*,\s*(\w+))");
  std::smatch match;
  if (std::regex_search(head, match, test)) {
    return match[1].str() + "." + match[2].str();
  }
  return std::regex_search(head, match, name) ? match[1].str() : "?";
}

bool IsBalanced(std::string_view text) {
  return std::count(text.begin(), text.end(), '(') == std::count(text.begin(), text.end(), ')');
}

// True of "x = f()" and of a lambda with a name; false of a default argument and of operator=.
bool Assigns(std::string_view head) {
  int depth = 0;
  for (const char c : head) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == '=' && depth == 0) {
      return head.find("operator") == std::string_view::npos;
    }
  }
  return false;
}

class Walker {
 public:
  explicit Walker(const std::string& code) : code_(code) {}

  Structure Run() {
    for (size_t i = 0; i < code_.size();) {
      if (code_[i] == ';') {
        begin_ = ++i;
      } else if (code_[i] == '}') {
        Close(i);
        begin_ = ++i;
      } else if (code_[i] == '{') {
        i = Block(i);
      } else {
        ++i;
      }
    }
    return std::move(structure_);
  }

 private:
  // Returns where to go on.
  size_t Block(size_t open) {
    const std::string whole = code_.substr(begin_, open - begin_);
    const std::string head = Head(whole);
    if (IsScope(head)) {
      open_.push_back({ClassName(head), FirstByte(), open, 0});
      begin_ = open + 1;
      return begin_;
    }
    const size_t end = AfterMatching(code_, open);
    const size_t next = std::min(code_.find_first_not_of(" \n", end), code_.size() - 1);
    const bool in_list = code_[next] == ',' || code_[next] == '{';  // of a constructor's members
    if (head.find(')') == std::string::npos || !IsBalanced(head) || in_list || Assigns(head)) {
      structure_.initializers.push_back({"", FirstByte(), open, end});
      return end;
    }
    structure_.functions.push_back({FunctionName(head), FirstByte(), open, end});
    begin_ = end;
    return end;
  }
  void Close(size_t at) {
    if (open_.empty()) {
      return;
    }
    Stretch scope = open_.back();
    open_.pop_back();
    scope.end = at + 1;
    if (!scope.name.empty()) {
      structure_.classes.push_back(std::move(scope));
    }
  }
  size_t FirstByte() const {
    return std::min(code_.find_first_not_of(" \n", begin_), code_.size());
  }

  const std::string& code_;
  Structure structure_;
  std::vector<Stretch> open_;
  size_t begin_ = 0;  // of the statement
};

}  // namespace

bool IsNameByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

size_t LineAt(std::string_view text, size_t at) {
  return 1 + static_cast<size_t>(
                 std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n'));
}

std::string CodeOf(std::string_view source) { return Only(source, Part::kCode); }

std::string CommentsOf(std::string_view source) {
  std::string text = Only(source, Part::kComment);
  for (size_t line = 0; line < text.size();
       line = std::min(text.find('\n', line), text.size()) + 1) {
    const size_t first = text.find_first_not_of(' ', line);
    if (first != std::string::npos && text.compare(first, 2, "//") == 0) {
      text.replace(first, 2, "  ");
    }
  }
  return text;
}

Structure StructureOf(std::string code) {
  BlankPreprocessor(&code);
  return Walker(code).Run();
}

}  // namespace veralith
