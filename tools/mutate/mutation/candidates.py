# SPDX-License-Identifier: Apache-2.0
"""Mutants: changes of the sources of a tree, each with a name that outlives changes of other lines.

A mutant's id is made of its file, operator, the lines that change, what they become, and its turn
among equal ones of the file. Its place in the file is no part of it.
"""

import hashlib
import random
from typing import NamedTuple

from .operators import changes


class Mutant(NamedTuple):
    """Is a change of one file. before and after: whole lines, without those that agree."""

    id: str
    file: str
    line: int
    operator: str
    before: str
    after: str
    begin: int
    end: int
    text: str

    def apply(self, source):
        """Returns the mutated source; it has as many lines as before."""
        return source[: self.begin] + self.text + source[self.end :]


def key_of(mutant):
    """Returns what a mutant and an entry that explains it have in common (explained.py)."""
    return mutant.file, mutant.operator, mutant.before, mutant.after


def files_below(root, path):
    """Returns the sources below a path that can be mutated, sorted: no tests, no tools."""
    base = root / path
    found = [base] if base.is_file() else sorted(base.rglob("*.cc"))
    names = [str(file.relative_to(root)) for file in found]
    return [
        name
        for name in names
        if name.startswith("core/")
        and name.endswith(".cc")
        and not name.endswith("_test.cc")
        and "/testing/" not in name
    ]


def mutants_of(file, source):
    """Returns the mutants of a source, in the order of their places."""
    found, turns = [], {}
    for change in changes(source):
        begin = source.rfind("\n", 0, change.begin) + 1
        end = source.find("\n", change.end)
        end = len(source) if end < 0 else end
        old = source[begin:end]
        new = source[begin : change.begin] + change.text + source[change.end : end]
        before, after = _differing(old, new)
        key = (file, change.operator, before, after)
        turns[key] = turns.get(key, 0) + 1
        digest = hashlib.sha256("\0".join((*key, str(turns[key]))).encode()).hexdigest()[:10]
        line = source.count("\n", 0, change.begin) + 1
        found.append(
            Mutant(
                digest,
                file,
                line,
                change.operator,
                before,
                after,
                change.begin,
                change.end,
                change.text,
            )
        )
    return found


def _differing(old, new):
    """Returns both texts without indentation and without the equal lines at their ends."""
    before, after = old.split("\n"), new.split("\n")
    while len(before) > 1 and len(after) > 1 and before[-1] == after[-1]:
        before.pop(), after.pop()
    while len(before) > 1 and len(after) > 1 and before[0] == after[0]:
        before.pop(0), after.pop(0)
    lines = ("\n".join(line.strip() for line in part).strip() for part in (before, after))
    return tuple(lines)


def sample_order(mutants, seed):
    """Returns the mutants in an order that a seed draws. Of each file the same ones come first."""
    order = sorted(mutants, key=lambda mutant: (mutant.file, mutant.id))
    random.Random(seed).shuffle(order)
    return order
