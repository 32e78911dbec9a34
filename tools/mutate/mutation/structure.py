# SPDX-License-Identifier: Apache-2.0
"""What stands where in a source: brackets and their partners, blocks of code, statements, calls.

All of it goes by shape, not by meaning, and for sources that clang-format has laid out. A guess
that is wrong costs a mutant that does not compile, never a wrong result. Tokens are named by their
index.
"""

from typing import NamedTuple

from .tokens import tokens

_CLOSING = {"(": ")", "[": "]", "{": "}"}
# Their arguments say what must hold, or are no code that runs.
UNTOUCHED = {
    "VERALITH_CHECK",
    "VERALITH_DCHECK",
    "static_assert",
    "assert",
    "alignas",
    "alignof",
    "sizeof",
    "decltype",
    "noexcept",
    "requires",
    "concept",
    "operator",
    "__attribute__",
}
_BEFORE_CODE = {
    ")",
    "]",
    "else",
    "do",
    "try",
    "const",
    "noexcept",
    "override",
    "final",
    "mutable",
    "}",
}
_NO_CODE = {"namespace", "class", "struct", "union", "enum", "extern", "concept"}
_CONTROLS = {"if", "for", "while", "switch", "catch"}
_LOOPS = {"for", "while", "do"}


class Statement(NamedTuple):
    """Is a statement: its first token and its last, which is a semicolon."""

    first: int
    last: int


class Structure:
    """Holds a source, its tokens, and what the functions of this module find out about them.

    partner: the other bracket of each bracket. parent: the bracket that a token stands in, or -1.
    code: the braces that open a block of statements. untouched: tokens that are not to be mutated.
    """

    def __init__(self, text):
        self.text = text
        self.tokens = tokens(text)
        self.partner = {}
        self.parent = []
        self._match_brackets()
        self.code = set()
        for i, token in enumerate(self.tokens):
            if token.text == "{" and self._opens_code(i):
                self.code.add(i)
        self.untouched = self._find_untouched()

    def word(self, i):
        """Returns the text of token i; nothing outside the source."""
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def source(self, first, last):
        """Returns the text from token first to token last, both included."""
        return self.text[self.tokens[first].begin : self.tokens[last].end]

    def _match_brackets(self):
        open_ones = []
        for i, token in enumerate(self.tokens):
            mark = token.text if token.kind == "mark" else ""
            if open_ones and mark == _CLOSING.get(self.tokens[open_ones[-1]].text):
                begin = open_ones.pop()
                self.partner[begin], self.partner[i] = i, begin
                self.parent.append(open_ones[-1] if open_ones else -1)
                continue
            self.parent.append(open_ones[-1] if open_ones else -1)
            if mark in _CLOSING:
                open_ones.append(i)

    def head_begin(self, brace):
        """Returns the first token of the head (function, control, class) before a brace."""
        i = brace - 1
        while i >= 0 and self.parent[i] == self.parent[brace]:
            if self.word(i) == ";" or (self.word(i) == "}" and self._ends_statement(i)):
                break
            if i in self.partner and self.partner[i] < i:
                i = self.partner[i]
            i -= 1
        return i + 1

    def _ends_statement(self, brace):
        following = self.tokens[brace + 1] if brace + 1 < len(self.tokens) else None
        return following is not None and (
            following.kind == "name" or following.text in ("~", "[", "}", "*", "++", "--", "(")
        )

    def _opens_code(self, i):
        previous = self.word(i - 1)
        if not previous or i not in self.partner:
            return False
        parent_is_code = self.parent[i] in self.code
        if parent_is_code and previous in (";", "{", "}", ":"):
            return True
        head = [self.word(j) for j in range(self.head_begin(i), i)]
        if not head or (_NO_CODE & set(head) and ")" not in head) or head[-1] == "=":
            return False
        if previous in _BEFORE_CODE or previous.startswith("ABSL_"):
            return True
        return (
            "->" in head
            and "=" not in head[-2:]
            and "return" not in head[-2:]
            and self._types_end(i)
        )

    def _types_end(self, brace):
        """Returns whether a returned type stands before a brace (-> T {)."""
        i = brace - 1
        while i >= 0 and (
            self.tokens[i].kind == "name" or self.word(i) in ("::", "<", ">", "*", "&", ",")
        ):
            i -= 1
        return self.word(i) == "->" and self.word(i - 1) in (")", "noexcept", "mutable")

    def _find_untouched(self):
        out = set()
        for i, token in enumerate(self.tokens):
            if token.text in UNTOUCHED and token.kind == "name":
                out.update((i, i + 1))
                if self.word(i + 1) == "(" and i + 1 in self.partner:
                    out.update(range(i, self.partner[i + 1] + 1))
            elif token.text.startswith("ABSL_") and self.word(i + 1) == "(":
                out.update(range(i, self.partner.get(i + 1, i) + 1))
            elif token.text == "[" and self.word(i + 1) == "[" and i in self.partner:
                out.update(range(i, self.partner[i] + 1))
        return out

    def statements(self):
        """Returns the statements of all blocks of code that end with a semicolon, in order."""
        found = []
        for brace in sorted(self.code):
            first = brace + 1
            i, end = first, self.partner[brace]
            while i < end:
                if self.word(i) == ";":
                    if i > first:
                        found.append(Statement(first, i))
                    first = i + 1
                elif i in self.partner and self.partner[i] > i:
                    if i in self.code and self._is_whole_block(i):
                        first = self.partner[i] + 1
                    i = self.partner[i]
                elif self.word(i) == ":" and self.word(first) in ("case", "default"):
                    first = i + 1
                i += 1
        return sorted(found)

    def _is_whole_block(self, brace):
        """Returns whether the block is a statement's own: a control's, or one that stands alone."""
        return self.lambda_begin(brace) is None

    def _before_head(self, brace):
        """Returns the last token before a brace and before const, noexcept, a returned type."""
        i = brace - 1
        if self._types_end(brace):
            while self.word(i) != "->":
                i -= 1
            i -= 1
        while self.word(i) in ("const", "noexcept", "mutable", "override", "final") or (
            self.word(i).startswith("ABSL_")
        ):
            i -= 1
        if self.word(i) == ")" and self.word(self.partner.get(i, i) - 1).startswith("ABSL_"):
            i = self.partner[i] - 2
        return i

    def lambda_begin(self, brace):
        """Returns the bracket that begins the lambda whose body a brace opens, or None."""
        i = self._before_head(brace)
        if self.word(i) == ")" and i in self.partner:
            i = self.partner[i] - 1
        return self.partner.get(i) if self.word(i) == "]" else None

    def control(self, brace):
        """Returns the word of the control whose block a brace opens (if, else, for ...), or ''."""
        if self.word(brace - 1) in ("else", "do", "try"):
            return self.word(brace - 1)
        if self.word(brace - 1) == ")" and brace - 1 in self.partner:
            i = self.partner[brace - 1] - 1
            if self.word(i) == "constexpr":
                i -= 1
            if self.word(i) in _CONTROLS:
                return self.word(i)
        return ""

    def in_loop(self, i):
        """Returns whether a jump at token i has a loop around it in its own function."""
        brace = self.parent[i]
        while brace in self.code and self.lambda_begin(brace) is None:
            if self.control(brace) in _LOOPS:
                return True
            brace = self.parent[brace]
        return False

    def returned_type(self, i):
        """Returns the words of the type that token i's function returns; [] if not known."""
        brace = self.parent[i]
        while brace >= 0:
            if brace in self.code and not self.control(brace):
                head = range(self.head_begin(brace), brace)
                if self.lambda_begin(brace) is not None:
                    return self._after_arrow(self.lambda_begin(brace), brace)
                if len(head) > 0 and self.word(brace - 1) not in (";", "{", ":"):
                    return self._function_type(head)
            brace = self.parent[brace]
        return []

    def _after_arrow(self, first, brace):
        words = [self.word(j) for j in range(first, brace)]
        return words[words.index("->") + 1 :] if "->" in words else []

    def _function_type(self, head):
        """Returns the words before a function's name, which stands before the first parenthesis."""
        for j in head:
            if self.word(j) == "(":
                last = j - 1
                while last > head[0] and self.word(last - 1) == "::":
                    last -= 2
                return [self.word(k) for k in range(head[0], last)]
        return []
