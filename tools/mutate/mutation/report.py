# SPDX-License-Identifier: Apache-2.0
"""What came of mutants, by package and by operator, with every survivor. Text, made to be read.

The score is what was killed of what is not explained.
"""

import collections

from . import store

_COLUMNS = ("mutants", "killed", "by time-out", "explained", "survived", "score")


class Tally:
    """Counts results. A mutant that an entry explains counts as explained, whatever ran."""

    def __init__(self):
        self.killed = self.time_outs = self.explained = self.survived = 0

    def add(self, row, entry):
        """Counts one result; entry explains it, or is None."""
        if entry is not None:
            self.explained += 1
        elif row["outcome"] == store.SURVIVED:
            self.survived += 1
        else:
            self.killed += 1
            self.time_outs += row["outcome"] == store.TIME_OUT

    def score(self):
        """Returns the per cent killed of those not explained; 100 if there are none."""
        judged = self.killed + self.survived
        return 100.0 * self.killed / judged if judged else 100.0

    def cells(self):
        """Returns the figures as text, in the order of the columns."""
        figures = (
            self.killed + self.explained + self.survived,
            self.killed,
            self.time_outs,
            self.explained,
            self.survived,
        )
        return [str(figure) for figure in figures] + [f"{self.score():.1f}%"]


def is_mutant(row, entry):
    """Returns whether a result counts: it compiled, the code changed, and tests were through."""
    return entry is not None or row["outcome"] in store.MUTANTS


def tally(rows, explanations):
    """Returns the Tally of results. explanations: Entry by key."""
    total = Tally()
    for row in rows:
        entry = explanations.get(_key(row))
        if is_mutant(row, entry):
            total.add(row, entry)
    return total


def _key(row):
    return row["file"], row["operator"], row["before"], row["after"]


def _table(title, rows, explanations, group):
    tallies = collections.defaultdict(Tally)
    for row in rows:
        entry = explanations.get(_key(row))
        if is_mutant(row, entry):
            tallies[group(row)].add(row, entry)
    lines = [(title, *_COLUMNS)]
    lines += [(name, *tallies[name].cells()) for name in sorted(tallies)]
    lines.append(("all", *tally(rows, explanations).cells()))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [
        "  ".join([line[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(line[1:], widths[1:])])
        for line in lines
    ]


def _shown(row, notes):
    out = [f"{row['file']}:{row['line']}: {row['operator']} ({row['id']}){notes}"]
    out += [f"  - {line}" for line in row["before"].split("\n")]
    return out + [f"  + {line}" for line in row["after"].split("\n")]


def text(rows, explanations, header):
    """Returns the report of results, in their order."""
    lines = [header, ""]
    lines += _table("package", rows, explanations, lambda row: row["file"].rsplit("/", 1)[0]) + [""]
    lines += _table("operator", rows, explanations, lambda row: row["operator"]) + [""]
    outcomes = collections.Counter(row["outcome"] for row in rows)
    lines.append(
        f"No mutants: {outcomes[store.UNCOMPILABLE]} do not compile, "
        f"{outcomes[store.SAME_CODE]} compile to the same code."
    )
    survivors = [r for r in rows if r["outcome"] == store.SURVIVED and _key(r) not in explanations]
    lines += ["", f"Survivors: {len(survivors)}"]
    for row in survivors:
        lines += ["", *_shown(row, f": passed {row['tests']} tests")]
    explained = [row for row in rows if _key(row) in explanations]
    lines += ["", f"Explained: {len(explained)}"]
    for row in explained:
        entry = explanations[_key(row)]
        lines += ["", *_shown(row, ""), f"  {entry.kind}: {entry.reason}"]
    for row in contradictions(rows, explanations):
        lines += ["", *_shown(row, f": EXPLAINED, BUT KILLED by {row['by']}: remove the entry")]
    return "\n".join(lines) + "\n"


def contradictions(rows, explanations):
    """Returns the results that a test killed though an entry says that none does."""
    return [row for row in rows if row["outcome"] == store.KILLED and _key(row) in explanations]
