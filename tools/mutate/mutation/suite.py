# SPDX-License-Identifier: Apache-2.0
"""Runs tests against a library, as Bazel would, but without Bazel.

A test loads a mutated library in place of the built one because its folder comes first in
LD_LIBRARY_PATH. That this is so is asked of the loader itself, for every test and every library
(loaded()). A test that takes several times as long as without a mutant counts as failed.
"""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import time

from .workspace import SetupError

_GIBI = 1 << 30
_LIMITS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_AS, 16 * _GIBI),
    (resource.RLIMIT_FSIZE, 4 * _GIBI),
)


class Suite:
    """Runs the tests of a workspace; knows how long each takes, and that it passes.

    The file has a line of JSON for each test that has passed: what it was built of, and its
    seconds.
    """

    def __init__(self, workspace, file, trace=None):
        self.workspace = workspace
        self.file = file
        self.trace = trace or (lambda command: None)
        self.passed, self.libraries = {}, {}
        if file.exists():
            for line in file.read_text().splitlines():
                row = json.loads(line)
                self.passed[row["test"]] = row

    def seconds(self, test):
        """Returns how long a test took when it last passed; a guess for one that has not run."""
        return self.passed[test]["seconds"] if test in self.passed else 5.0

    def loaded(self, test, library=None):
        """Returns what the loader takes for each name of a library that a test needs."""
        if library is None and test in self.libraries:
            return self.libraries[test]
        environment = {"LD_TRACE_LOADED_OBJECTS": "1"}
        if library is not None:
            environment["LD_LIBRARY_PATH"] = str(library)
        done = subprocess.run(
            [self.workspace.binary(test)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SetupError(f"the loader refuses {test}: {done.stderr[-500:]}")
        found = {}
        for line in done.stdout.splitlines():
            name, arrow, rest = line.strip().partition(" => ")
            if arrow:
                found[name] = os.path.realpath(rest.split(" (")[0])
        if library is None:
            self.libraries[test] = found
        return found

    def name_of(self, test, output):
        """Returns the name by which a test loads what Bazel has built as `output`, or None."""
        path = os.path.realpath(self.workspace.execroot / output)
        return next((name for name, place in self.loaded(test).items() if place == path), None)

    def require_pass(self, test, folder, limit):
        """Runs a test without a mutant, unless that is known of the same files.

        Returns False if it did not end within `limit` seconds: nothing is known of it then.
        """
        binary = self.workspace.binary(test)
        if not binary.exists():
            raise SetupError(f"{test} is not built")
        stamp = self._stamp(test)
        row = self.passed.get(test, {})
        if row.get("stamp") == stamp and (row["ended"] or row["seconds"] >= limit):
            return row["ended"] and row["seconds"] <= limit
        passed, seconds, output = self.run(test, None, limit, folder)
        ended = passed or seconds < limit
        if ended and not passed:
            raise SetupError(
                f"{test} fails without a mutant, so it says nothing about mutants:\n"
                f"{output[-2000:]}"
            )
        row = {"test": test, "stamp": stamp, "seconds": round(seconds, 2), "ended": ended}
        self.passed[test] = row
        with self.file.open("a") as out:
            out.write(json.dumps(row) + "\n")
        return ended

    def _stamp(self, test):
        """Returns what tells one build of a test from another."""
        places = [self.workspace.binary(test), *self.loaded(test).values()]
        return hash_of("\n".join(f"{os.stat(p).st_size} {os.stat(p).st_mtime_ns}" for p in places))

    def judge(self, test, library, name, folder):
        """Runs a test with a mutant's library; "passed", "failed" or "time-out", and seconds."""
        place = self.loaded(test, library).get(name)
        if place != os.path.realpath(library / name):
            raise SetupError(f"{test} does not load the mutant: {name} is {place}")
        limit = 10 + 6 * self.seconds(test)
        passed, seconds, _ = self.run(test, library, limit, folder)
        if passed:
            return "passed", seconds
        return ("time-out" if seconds >= limit else "failed"), seconds

    def run(self, test, library, limit, folder):
        """Runs a test; returns whether it passed, its seconds, and the end of what it said."""
        runfiles = str(self.workspace.binary(test)) + ".runfiles"
        temporary = folder / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        environment = {
            "PATH": "/bin:/usr/bin:/usr/local/bin",
            "TEST_SRCDIR": runfiles,
            "RUNFILES_DIR": runfiles,
            "TEST_WORKSPACE": "veralith",
            "TEST_TARGET": test,
            "TEST_TMPDIR": str(temporary),
            "TMPDIR": str(temporary),
            "HOME": str(temporary),
            "GTEST_FAIL_FAST": "1",
        }
        if library is not None:
            environment["LD_LIBRARY_PATH"] = str(library)
        command = [str(self.workspace.binary(test)), *self.workspace.rules[test].args]
        self.trace(
            [f"cd {runfiles}/veralith &&", "env", "-i"]
            + [f"{key}={value}" for key, value in environment.items()]
            + command
        )
        begin = time.monotonic()
        log = folder / "test.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=runfiles + "/veralith",
                env=environment,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_limit,
            )
            try:
                code = process.wait(timeout=limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                _end(process)
        seconds = time.monotonic() - begin
        with log.open("rb") as said:
            said.seek(max(0, log.stat().st_size - 4000))
            return code == 0, seconds, said.read().decode(errors="replace")


def _limit():
    for what, most in _LIMITS:
        resource.setrlimit(what, (most, most))


def _end(process):
    """Ends what is left of a test: its whole process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def hash_of(text):
    """Returns a short digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
