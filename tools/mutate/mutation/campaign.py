# SPDX-License-Identifier: Apache-2.0
"""Judges mutants in turn: compile, link, the nearest tests until one fails; keeps results.

Stops between tests when time is up; what a mutant has passed by then is kept with it. A worker has
a folder and one mutant at a time; workers share the suite and the store.
"""

import collections
import threading
import time

from . import store
from .build import Build, digest
from .candidates import key_of
from .workspace import nearest_tests

_LONGEST = 900  # seconds of a test of the whole suite


class OutOfTime(Exception):
    """Says that the deadline has come."""


class Campaign:
    """Judges mutants of one tree. explanations: Entry by key.

    Of the options: whole, longest (seconds of the slowest test of the fast suite), again, and the
    deadline, which anyone may bring forward.
    """

    def __init__(self, workspace, suite, results, explanations, folder, options):
        self.workspace, self.suite, self.results, self.folder = workspace, suite, results, folder
        self.explanations = explanations
        self.whole, self.longest, self.again = options.whole, options.longest, options.again
        self.deadline = options.deadline
        self.sources, self.digests, self.tests, self.names = {}, {}, {}, {}
        self.skipped_tests = set()
        self.lock = threading.Lock()
        self.judged_again = set()

    def source(self, file):
        """Returns the text of a source; read once."""
        if file not in self.sources:
            self.sources[file] = (self.workspace.root / file).read_text()
            self.digests[file] = store.source_digest(self.sources[file])
        return self.sources[file]

    def known(self, mutant):
        """Returns the result that a mutant has already, or None."""
        self.source(mutant.file)
        row = self.results.find(mutant, self.digests[mutant.file], self.whole)
        anew = self.again and mutant.id not in self.judged_again
        if row is None and not anew and key_of(mutant) in self.explanations:
            return store.row_of(mutant, "", store.EXPLAINED, self.whole)
        if row and row["outcome"] == store.SURVIVED and anew:
            return None
        return row

    def tests_of(self, file):
        """Returns the tests of a source's library, nearest first, then the fastest."""
        link = self.workspace.link_of(file)
        if link.label not in self.tests:
            found = nearest_tests(self.workspace.rules, link.label, self.whole)
            order = sorted((steps, self.suite.seconds(test), test) for steps, test in found)
            self.tests[link.label] = [test for _, _, test in order]
        return self.tests[link.label]

    def judge(self, mutant, build):
        """Judges a mutant and returns its result; None if time was up before one was found."""
        source = self.source(mutant.file)
        sha = self.digests[mutant.file]
        begun = self.known(mutant)
        passed = list(begun["passed"]) if begun and begun["outcome"] == store.BEGUN else []
        self.judged_again.add(mutant.id)
        begin = time.monotonic()

        def result(outcome, **more):
            return self.results.put(
                mutant, sha, outcome, self.whole, seconds=round(time.monotonic() - begin, 1), **more
            )

        original = build.original(mutant.file)
        compiled = build.compile(mutant.file, mutant.apply(source))
        if compiled is None:
            return result(store.UNCOMPILABLE)
        if digest(compiled) == original:
            return result(store.SAME_CODE)
        linked = None
        for test in self.tests_of(mutant.file):
            if test in passed:
                continue
            try:
                name = self._prepare(test, mutant.file)
            except OutOfTime:
                result(store.BEGUN, passed=passed)
                return None
            if name is None:
                continue
            if linked is None:
                linked = build.link(mutant.file, compiled, name)
            said, _ = self.suite.judge(test, linked, name, build.folder)
            if said != "passed":
                return result(
                    store.TIME_OUT if said == "time-out" else store.KILLED,
                    by=test,
                    tests=len(passed) + 1,
                )
            passed.append(test)
        return result(store.SURVIVED, tests=len(passed))

    def _prepare(self, test, file):
        """Sees a test pass without a mutant. Returns by which name it loads a source's library.

        None if it does not load it (it is linked in, or not at all), or is no test of the fast
        suite.
        """
        with self.lock:
            if time.monotonic() >= self.deadline:
                raise OutOfTime
            output = self.workspace.link_of(file).output
            if (test, output) not in self.names:
                self.names[test, output] = self.suite.name_of(test, output)
            if self.names[test, output] is None or test in self.skipped_tests:
                return None
            limit = _LONGEST if self.whole else self.longest
            left = self.deadline - time.monotonic()
            if not self.suite.require_pass(test, self.folder, min(limit, left)):
                if left <= limit:
                    raise OutOfTime
                self.skipped_tests.add(test)
                return None
            return self.names[test, output]


def run(campaign, order, wanted, jobs, progress):
    """Judges mutants in order until `wanted` are mutants, or all; progress(row, done) after each.

    Returns the rows of the order so far: of a stopped run, those that there are.
    """
    waiting = collections.deque(order)
    lock = threading.Lock()
    failures = []
    counted = [0]

    def work(worker):
        build = Build(campaign.workspace, campaign.folder / f"worker{worker}")
        while not failures and time.monotonic() < campaign.deadline:
            with lock:
                if not waiting or counted[0] >= wanted:
                    return
                mutant = waiting.popleft()
            row = campaign.known(mutant)
            fresh = row is None or row["outcome"] == store.BEGUN
            if fresh:
                row = campaign.judge(mutant, build)
            if row is None:
                return
            with lock:
                counted[0] += row["outcome"] in store.MUTANTS
                progress(row, counted[0], fresh)

    def guarded(worker):
        try:
            work(worker)
        except BaseException as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(worker,)) for worker in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return rows_of(campaign, order, wanted)


def rows_of(campaign, order, wanted):
    """Returns the results there are for an order of mutants, until `wanted` of them are mutants."""
    rows, counted = [], 0
    for mutant in order:
        if counted >= wanted:
            break
        row = campaign.known(mutant)
        if row and row["outcome"] != store.BEGUN:
            rows.append({**row, "line": mutant.line})
            counted += row["outcome"] in store.MUTANTS
    return rows
