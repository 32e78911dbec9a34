# SPDX-License-Identifier: Apache-2.0
"""The changes that are made to a source, one at a time. Each operator goes by shape (structure.py).

  boundary            < and <=, > and >=
  equality            == and !=
  logic               && and ||
  negation            a ! taken away; an if's condition negated
  arithmetic          + and -, * and /, << and >>, | and &, their assignments, ++ and --
  constants           a number one more or one less; true and false
  removed statements  a call or an assignment not made; an if that never holds
  swallowed errors    VERALITH_RETURN_IF_ERROR that goes on
  returned OK         OkStatus() in place of what a function of Status returns
  swapped arguments   two neighbours of a call
  min and max         std::min and std::max
  jumps               break and continue; in a switch, a break taken away

A change keeps the number of lines, so that what names its line compiles to the same code.
"""

from typing import NamedTuple

from .structure import Structure
from .tokens import is_binary

OPERATORS = (
    "boundary",
    "equality",
    "logic",
    "negation",
    "arithmetic",
    "constants",
    "removed statements",
    "swallowed errors",
    "returned OK",
    "swapped arguments",
    "min and max",
    "jumps",
)

_BINARY = {
    "<": ("boundary", "<="),
    "<=": ("boundary", "<"),
    ">": ("boundary", ">="),
    ">=": ("boundary", ">"),
    "==": ("equality", "!="),
    "!=": ("equality", "=="),
    "&&": ("logic", "||"),
    "||": ("logic", "&&"),
    "+": ("arithmetic", "-"),
    "-": ("arithmetic", "+"),
    "*": ("arithmetic", "/"),
    "/": ("arithmetic", "*"),
    "%": ("arithmetic", "/"),
    "<<": ("arithmetic", ">>"),
    ">>": ("arithmetic", "<<"),
    "|": ("arithmetic", "&"),
    "&": ("arithmetic", "|"),
    "^": ("arithmetic", "&"),
    "+=": ("arithmetic", "-="),
    "-=": ("arithmetic", "+="),
    "*=": ("arithmetic", "/="),
    "/=": ("arithmetic", "*="),
    "|=": ("arithmetic", "&="),
    "&=": ("arithmetic", "|="),
    "^=": ("arithmetic", "|="),
    "<<=": ("arithmetic", ">>="),
    ">>=": ("arithmetic", "<<="),
}
_STEPS = {"++": "--", "--": "++"}
_KEYWORDS = {
    "return",
    "if",
    "for",
    "while",
    "switch",
    "do",
    "else",
    "break",
    "continue",
    "case",
    "default",
    "using",
    "static",
    "const",
    "constexpr",
    "typedef",
    "auto",
    "struct",
    "class",
    "enum",
    "goto",
    "throw",
    "try",
    "catch",
    "template",
    "thread_local",
    "co_return",
    "co_yield",
}
_NO_CALL = (
    _KEYWORDS
    | {"min", "max", "swap"}
    | {"sizeof", "alignof", "decltype", "noexcept", "VERALITH_ASSIGN_OR_RETURN"}
)


class Change(NamedTuple):
    """Is one change of a source: its operator, the bytes that go, and what comes in their place."""

    operator: str
    begin: int
    end: int
    text: str


def changes(text):
    """Returns every change of a source, sorted by place."""
    source = Structure(text)
    found = []
    for operator in (
        _of_binaries,
        _of_negations,
        _of_conditions,
        _of_steps,
        _of_constants,
        _of_statements,
        _of_returns,
        _of_arguments,
        _of_extremes,
        _of_jumps,
    ):
        found += operator(source)
    return sorted(set(found), key=lambda c: (c.begin, c.end, c.operator, c.text))


def _touched(source):
    return ((i, token) for i, token in enumerate(source.tokens) if i not in source.untouched)


def _blank(text):
    """Returns the line breaks of a text."""
    return "\n" * text.count("\n")


def _of_binaries(source):
    for i, token in _touched(source):
        if token.kind == "mark" and token.text in _BINARY and is_binary(source.text, token):
            operator, other = _BINARY[token.text]
            yield Change(operator, token.begin, token.end, other)


def _of_negations(source):
    for i, token in _touched(source):
        if token.text == "!" and source.text[token.end] not in " \n=":
            yield Change("negation", token.begin, token.end, "")


def _condition(source, i):
    """Returns the first and last token of the condition of the if at token i, or None."""
    first = i + 1 + (source.word(i + 1) == "constexpr")
    if source.word(first) != "(" or first not in source.partner or first != i + 1:
        return None
    begin, end = first + 1, source.partner[first] - 1
    for j in range(begin, end + 1):
        if source.parent[j] == first and source.word(j) == ";":
            begin = j + 1
    declares = any(
        source.parent[j] == first and source.word(j) == "=" for j in range(begin, end + 1)
    )
    return None if declares else (begin, end)


def _of_conditions(source):
    for i, token in _touched(source):
        if token.text != "if" or _condition(source, i) is None:
            continue
        first, last = _condition(source, i)
        old = source.source(first, last)
        begin, end = source.tokens[first].begin, source.tokens[last].end
        parts = any(
            source.parent[j] == source.parent[first] and source.word(j) in ("&&", "||", "?")
            for j in range(first, last + 1)
        )
        if source.word(first) != "!" or parts:  # else taking the ! away is the same
            yield Change("negation", begin, end, f"!({old})")
        yield Change("removed statements", begin, end, f"false && ({old})")


def _of_steps(source):
    for i, token in _touched(source):
        if token.text in _STEPS:
            yield Change("arithmetic", token.begin, token.end, _STEPS[token.text])


def _number(text):
    """Returns an integer literal's value and suffix, or None for another number."""
    digits = text.replace("'", "").lower()
    suffix = ""
    while digits and digits[-1] in "ulz":
        digits, suffix = digits[:-1], digits[-1] + suffix
    try:
        return (
            int(digits, 8 if digits.startswith("0") and digits.isdigit() and digits != "0" else 0),
            suffix,
        )
    except ValueError:
        return None


def _of_constants(source):
    for i, token in _touched(source):
        if token.text in ("true", "false"):
            yield Change(
                "constants", token.begin, token.end, "false" if token.text == "true" else "true"
            )
        if token.kind != "number" or _number(token.text) is None:
            continue
        value, suffix = _number(token.text)
        yield Change("constants", token.begin, token.end, f"{value + 1}{suffix}")
        if value > 0 and source.word(i - 1) != "=" or value > 1:
            yield Change("constants", token.begin, token.end, f"{value - 1}{suffix}")


def _is_expression(source, first, last):
    """Returns whether a statement is a call or an assignment, not a declaration."""
    token = source.tokens[first]
    if token.kind != "name":
        return token.text in ("++", "--", "*", "(") and source.word(first + 1) != "void"
    i = first
    while source.tokens[i].kind == "name" and source.word(i + 1) == "::":
        i += 2
    following = source.tokens[i + 1]
    touches = following.begin == source.tokens[i].end
    if following.text == "<" and touches:
        return False  # a declaration, or a template's call: left alone
    if following.kind == "name":
        return token.text == "delete"
    if following.text in ("*", "&", "&&"):
        return not touches
    return last > first + 1


def _of_statements(source):
    for first, last in source.statements():
        word = source.word(first)
        if first in source.untouched or word in _KEYWORDS or word.startswith("ABSL_"):
            continue
        begin, end = source.tokens[first].begin, source.tokens[last].end
        old = source.text[begin:end]
        if word == "VERALITH_RETURN_IF_ERROR":
            inner = source.text[source.tokens[first + 1].begin : end]
            yield Change("swallowed errors", begin, end, f"(void){inner}")
        elif word.startswith("VERALITH_"):
            continue
        elif _is_expression(source, first, last):
            yield Change("removed statements", begin, end, ";" + _blank(old))


def _of_returns(source):
    for first, last in source.statements():
        if (
            source.word(first) != "return"
            or last == first + 1
            or source.word(last - 2) == "OkStatus"
        ):
            continue
        if source.word(last - 3) == "OkStatus" and last - first < 7:
            continue
        kind = source.returned_type(first)
        if kind and kind[-1] == "Status":
            begin, end = source.tokens[first].begin, source.tokens[last].end
            old = source.text[begin:end]
            yield Change("returned OK", begin, end, "return absl::OkStatus();" + _blank(old))


def _arguments(source, opening):
    """Returns the first and last tokens of the arguments in a pair of parentheses."""
    out = []
    first = opening + 1
    for j in range(opening + 1, source.partner[opening] + 1):
        at_end = j == source.partner[opening]
        if at_end or (source.word(j) == "," and source.parent[j] == opening):
            if j > first:
                out.append((first, j - 1))
            first = j + 1
    return out


def _is_value(source, argument):
    """Returns whether an argument may be a value: no parameter's declaration, text or function."""
    first, last = argument
    kinds = [source.tokens[j] for j in range(first, last + 1)]
    if kinds[0].kind == "string" or kinds[0].text in ("[", "const", "{") or kinds[-1].text == ">":
        return False
    for before, after in zip(kinds, kinds[1:]):
        if before.kind == "name" and after.kind == "name":
            return False
        if (
            before.text in ("*", "&", "&&", ">")
            and after.kind == "name"
            and after.begin > before.end
            and (not is_binary(source.text, before))
        ):
            return False
    return True


def _of_arguments(source):
    for i, token in _touched(source):
        called = source.tokens[i - 1] if i > 0 else None
        if (
            token.text != "("
            or i not in source.partner
            or called.kind != "name"
            or (called.text in _NO_CALL or (called.text.startswith("VERALITH_")))
        ):
            continue
        found = _arguments(source, i)
        for left, right in zip(found, found[1:]):
            a, b = source.source(*left), source.source(*right)
            if a != b and _is_value(source, left) and _is_value(source, right):
                begin, end = source.tokens[left[0]].begin, source.tokens[right[1]].end
                between = source.text[source.tokens[left[1]].end : source.tokens[right[0]].begin]
                yield Change("swapped arguments", begin, end, b + between + a)


def _of_extremes(source):
    for i, token in _touched(source):
        if (
            token.text in ("min", "max")
            and source.word(i - 1) == "::"
            and source.word(i - 2) == "std"
        ):
            yield Change(
                "min and max", token.begin, token.end, "max" if token.text == "min" else "min"
            )


def _of_jumps(source):
    for first, last in source.statements():
        word = source.word(first)
        if word not in ("break", "continue"):
            continue
        begin, end = source.tokens[first].begin, source.tokens[first].end
        if source.in_loop(first):
            yield Change("jumps", begin, end, "continue" if word == "break" else "break")
        else:
            yield Change("jumps", begin, end, "")
