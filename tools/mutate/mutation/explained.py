# SPDX-License-Identifier: Apache-2.0
"""Survivors that no test can or should kill, each with its reason, in a file of the tree.

An entry has four parts, and entries have an empty line between them; lines with # are comments:

  core/db/x.cc: boundary
  - if (a < b) {
  + if (a <= b) {
  equivalent: with a == b both ways give the same.

The lines are those of the source and of the mutant, without indentation. Classes: equivalent (no
answer, no effect differs), speed only, estimate (a figure that promises no exact value). An entry
whose mutant does not exist any more is an error, so that the file stays true.
"""

from typing import NamedTuple

from .candidates import key_of
from .workspace import SetupError

CLASSES = ("equivalent", "speed only", "estimate")


class Entry(NamedTuple):
    """Is one explained change: where it stands, what it is, and why no test kills it."""

    file: str
    operator: str
    before: str
    after: str
    kind: str
    reason: str
    line: int

    def key(self):
        """Returns what an entry and its mutants have in common."""
        return self.file, self.operator, self.before, self.after


def parse(text, name="explained.txt"):
    """Returns the entries of a file's text; SetupError, with the line, for what is no entry."""
    entries, lines, begin = [], [], 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.startswith("#"):
            continue
        if line.strip():
            begin = begin if lines else number
            lines.append(line.strip())
        elif lines:
            entries.append(_entry(lines, f"{name}:{begin}", begin))
            lines = []
    return entries


def _entry(lines, place, begin):
    file, _, operator = lines[0].partition(": ")
    before = [line[1:].strip() for line in lines[1:] if line.startswith("-")]
    after = [line[1:].strip() for line in lines[1:] if line.startswith("+")]
    rest = " ".join(lines[1 + len(before) + len(after) :])
    kind, _, reason = rest.partition(": ")
    if not operator or not before or not after or kind not in CLASSES or len(reason.split()) < 3:
        raise SetupError(
            f"{place}: no entry: 'FILE: OPERATOR', lines with - and +, then "
            f"'{'|'.join(CLASSES)}: reason'"
        )
    return Entry(file, operator, "\n".join(before), "\n".join(after), kind, reason, begin)


def stale(entries, mutants_of_file):
    """Returns the entries that match no mutant. mutants_of_file(name): a file's, or []."""
    keys = {}
    for entry in entries:
        if entry.file not in keys:
            keys[entry.file] = {key_of(mutant) for mutant in mutants_of_file(entry.file)}
    return [entry for entry in entries if entry.key() not in keys[entry.file]]
