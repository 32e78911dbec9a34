# SPDX-License-Identifier: Apache-2.0
"""Tokens of a C++ source, with the places where they stand.

Left out are comments, spaces and lines of the preprocessor: nothing there is ever mutated. Text
that is laid out by clang-format tells a comparison from a template's bracket, and a product from a
pointer: a binary operator has spaces on both sides (is_binary). Nothing here knows types or macros.
"""

import re
from typing import NamedTuple


class Token(NamedTuple):
    """Is one word of the source: its kind (name, number, string, char or mark), text and place."""

    kind: str
    text: str
    begin: int
    end: int


_MARKS = (
    "<<=",
    ">>=",
    "<=>",
    "...",
    "->*",
    "::",
    "->",
    "++",
    "--",
    "<<",
    ">>",
    "<=",
    ">=",
    "==",
    "!=",
    "&&",
    "||",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "&=",
    "|=",
    "^=",
)
_PATTERN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
      | (?P<raw>(?:u8|u|U|L)?R"(?P<delimiter>[^()\s\\]*)\(.*?\)(?P=delimiter)")
      | (?P<string>(?:u8|u|U|L)?"(?:\\.|[^"\\\n])*")
      | (?P<char>(?:u8|u|U|L)?'(?:\\.|[^'\\\n])+')
      | (?P<number>\.?[0-9](?:[eEpP][+-]|'?[0-9A-Za-z_.])*)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<mark>""" + "|".join(re.escape(mark) for mark in _MARKS) + r"""|.)""",
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"#(?:\\\n|/\*.*?\*/|[^\n])*", re.DOTALL)


def tokens(text):
    """Returns the tokens of a source, in order."""
    found = []
    at = 0
    while at < len(text):
        if text[at] == "#" and not text[text.rfind("\n", 0, at) + 1 : at].strip():
            at = _DIRECTIVE.match(text, at).end()
            continue
        match = _PATTERN.match(text, at)
        kind = "string" if match.lastgroup in ("raw", "delimiter") else match.lastgroup
        if kind not in ("space", "comment"):
            found.append(Token(kind, match.group(), match.start(), match.end()))
        at = match.end()
    return found


def is_binary(text, token):
    """Returns whether a mark has space on both sides, as a binary operator has."""
    before = text[token.begin - 1] if token.begin > 0 else ""
    return before.isspace() and text[token.end : token.end + 1].isspace()
