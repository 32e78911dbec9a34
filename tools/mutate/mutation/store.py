# SPDX-License-Identifier: Apache-2.0
"""Results of mutants, one line of JSON each, so that a run that was stopped goes on where it was.

A later line replaces an earlier one of the same mutant. A result is of the source that was mutated:
if the file has changed since, the mutant is judged again. What tests said is kept though tests
change; --again judges survivors anew.
"""

import hashlib
import json
import threading

# Outcomes. The first two are no mutants: nothing was to be seen. "begun" has passed some tests;
# "explained" has not run, since an entry says what would come of it.
UNCOMPILABLE, SAME_CODE = "does not compile", "same code"
KILLED, TIME_OUT, SURVIVED, BEGUN = "killed", "time-out", "survived", "begun"
EXPLAINED = "explained"
MUTANTS = (KILLED, TIME_OUT, SURVIVED, EXPLAINED)  # those that count


def source_digest(text):
    """Returns what a result remembers of a source."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def row_of(mutant, source, outcome, whole, **more):
    """Returns a result."""
    return {
        "id": mutant.id,
        "file": mutant.file,
        "line": mutant.line,
        "operator": mutant.operator,
        "before": mutant.before,
        "after": mutant.after,
        "source": source,
        "outcome": outcome,
        "whole": whole,
        **more,
    }


class Store:
    """Holds results by the mutant's id, in memory and in a file; one lock, any thread."""

    def __init__(self, file):
        self.file = file
        self.rows = {}
        self._lock = threading.Lock()
        if file.exists():
            for line in file.read_text().splitlines():
                try:
                    row = json.loads(line)
                except ValueError:
                    continue  # the last line of a run that was killed
                self.rows[row["id"]] = row

    def find(self, mutant, source, whole):
        """Returns a mutant's result that still holds, or None. source: the file's digest."""
        row = self.rows.get(mutant.id)
        if row is None or row["source"] != source:
            return None
        if row["outcome"] in (SURVIVED, BEGUN) and whole and not row["whole"]:
            return None
        return row

    def put(self, mutant, source, outcome, whole, **more):
        """Adds a result and returns it."""
        row = row_of(mutant, source, outcome, whole, **more)
        with self._lock:
            self.rows[mutant.id] = row
            with self.file.open("a") as out:
                out.write(json.dumps(row) + "\n")
        return row
