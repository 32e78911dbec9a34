# SPDX-License-Identifier: Apache-2.0
"""A database beside a dict, operation by operation: what either answers, the other answers.

The model is a dict of (namespace, key) to value; a snapshot or a past timestamp is a copy of it. The
machines at the end have a fault put in on purpose: each must be caught.
"""

import tempfile

import pyarrow
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import veralith

# Few enough to meet again.
NAMESPACES = st.sampled_from([0, 0, 1, 2**63 - 1])
KEYS = st.lists(st.sampled_from([b"a", b"\x00", b"\xff"]), max_size=2).map(b"".join)
VALUES = st.one_of(
    st.binary(max_size=4), st.sampled_from([b"large" * 80, b"\x00" * 257, b"x" * 2000])
)
ENDS = st.one_of(st.none(), KEYS)
WRITES = st.one_of(
    st.tuples(st.just("put"), NAMESPACES, KEYS, VALUES),
    st.tuples(st.just("delete"), NAMESPACES, KEYS),
    st.tuples(st.just("delete_range"), NAMESPACES, KEYS, ENDS),
)

SETTINGS = settings(
    max_examples=80,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def inside(key, start, end):
    return (start is None or start <= key) and (end is None or key < end)


def apply(state, write):
    """What a write does to a dict."""
    kind, ns, key, *rest = write
    if kind == "put":
        state[ns, key] = rest[0]
    elif kind == "delete":
        state.pop((ns, key), None)
    else:
        for found in [k for k in state if k[0] == ns and inside(k[1], key, rest[0])]:
            del state[found]


def rows_of(state, ns, start=None, end=None):
    return sorted((k, v) for (n, k), v in state.items() if n == ns and inside(k, start, end))


class Machine(RuleBasedStateMachine):
    """The rules; what a fault replaces is a method of its own."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = {}
        self.past = []  # pairs of a commit's timestamp and the state after it
        self.snapshots = []  # pairs of a snapshot and its state
        self.iterations = []  # tuples of an iterator, its state, namespace
        self.open()

    def open(self):
        self.db = veralith.open(
            self.folder.name + "/db",
            write_buffer_bytes=4096,
            target_segment_bytes=4096,
            level0_compaction_trigger=2,
        )

    def teardown(self):
        self.compare(ns=0)
        self.db.close()
        self.folder.cleanup()

    # --- Writes ------------------------------------------------------------------------------

    def write(self, write):
        """Makes a write through the methods of a namespace."""
        kind, ns, *arguments = write
        getattr(self.db.namespace(ns), kind)(*arguments)

    def commit(self, writes):
        with self.db.batch() as batch:
            for kind, ns, *arguments in writes:
                getattr(batch, kind)(*arguments, namespace=ns)

    def wrote(self, *writes):
        for write in writes:
            apply(self.now, write)
        self.past.append((self.db.last_timestamp, dict(self.now)))

    @rule(write=WRITES)
    def write_one(self, write):
        self.write(write)
        self.wrote(write)

    @rule(ns=NAMESPACES, key=KEYS, value=VALUES)
    def set_item(self, ns, key, value):
        self.db.namespace(ns)[key] = value
        self.wrote(("put", ns, key, value))

    @rule(ns=NAMESPACES, key=KEYS)
    def delete_item(self, ns, key):
        if (ns, key) in self.now:
            del self.db.namespace(ns)[key]
            self.wrote(("delete", ns, key))
        else:
            with pytest.raises(KeyError):
                del self.db.namespace(ns)[key]

    @rule(ns=NAMESPACES, start=ENDS, end=ENDS)
    def delete_slice(self, ns, start, end):
        del self.db.namespace(ns)[start:end]
        self.wrote(("delete_range", ns, b"" if start is None else start, end))

    @precondition(lambda self: self.now)
    @rule(data=st.data(), start=KEYS)
    def delete_up_to_a_key(self, data, start):
        ns, end = data.draw(st.sampled_from(sorted(self.now)))
        write = ("delete_range", ns, start, end)
        self.write(write)
        self.wrote(write)

    @rule(writes=st.lists(WRITES, max_size=6))
    def write_batch(self, writes):
        self.commit(writes)
        self.wrote(*writes)

    @rule(writes=st.lists(WRITES, max_size=3))
    def drop_batch(self, writes):
        with pytest.raises(ZeroDivisionError):
            with self.db.batch() as batch:
                for kind, ns, *arguments in writes:
                    getattr(batch, kind)(*arguments, namespace=ns)
                raise ZeroDivisionError

    @rule(ns=NAMESPACES, pairs=st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
    def update(self, ns, pairs):
        self.db.namespace(ns).update(pairs)
        self.wrote(*(("put", ns, key, value) for key, value in pairs.items()))

    # --- Moments -----------------------------------------------------------------------------

    def snapshot(self):
        return self.db.snapshot()

    @rule()
    def hold_snapshot(self):
        self.snapshots.append((self.snapshot(), dict(self.now)))

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def release_snapshot(self, data):
        at = data.draw(st.integers(0, len(self.snapshots) - 1))
        self.snapshots.pop(at)[0].release()

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data(), ns=NAMESPACES, start=ENDS, end=ENDS)
    def read_snapshot(self, data, ns, start, end):
        snapshot, state = data.draw(st.sampled_from(self.snapshots))
        expected = rows_of(state, ns, start, end)
        assert list(snapshot.namespace(ns)[start:end]) == expected
        scan = self.db.items(start, end, namespace=ns, snapshot=snapshot, reverse=True)
        assert list(scan) == expected[::-1]

    @precondition(lambda self: self.past)
    @rule(data=st.data(), ns=NAMESPACES, key=KEYS)
    def read_past(self, data, ns, key):
        timestamp, state = data.draw(st.sampled_from(self.past))
        try:
            value = self.db.namespace(ns).get(key, timestamp=timestamp)
            rows = list(self.db.items(namespace=ns, timestamp=timestamp))
        except veralith.OutOfRange:
            assert timestamp < self.db.last_timestamp
            return
        assert value == state.get((ns, key))
        assert rows == rows_of(state, ns)

    @rule(ns=NAMESPACES, steps=st.integers(0, 5))
    def begin_iteration(self, ns, steps):
        expected = rows_of(self.now, ns)
        rows = iter(self.db.items(namespace=ns))
        assert [row for _, row in zip(range(min(steps, len(expected))), rows)] == expected[:steps]
        self.iterations.append((rows, expected[steps:]))

    @precondition(lambda self: self.iterations)
    @rule(data=st.data())
    def end_iteration(self, data):
        at = data.draw(st.integers(0, len(self.iterations) - 1))
        rows, expected = self.iterations.pop(at)
        assert list(rows) == expected

    # --- The tree ----------------------------------------------------------------------------

    @rule()
    def flush(self):
        self.db.flush()

    @rule()
    def compact(self):
        self.db.compact()
        self.db.check()

    @rule()
    def reopen(self):
        self.db.close()
        for rows, _ in self.iterations:
            with pytest.raises(veralith.FailedPrecondition):
                next(rows)
        self.snapshots, self.iterations = [], []
        self.db = None
        self.open()

    # --- Reads -------------------------------------------------------------------------------

    @rule(ns=NAMESPACES, key=KEYS)
    def read_key(self, ns, key):
        expected = self.now.get((ns, key))
        keys = self.db.namespace(ns)
        assert keys.get(key) == expected
        assert (key in keys) == (expected is not None)
        view = keys.get_view(key)
        assert (None if view is None else bytes(view)) == expected
        assert keys.get_many([key, b"none", key]) == [expected, None, expected]

    @rule(ns=NAMESPACES, start=ENDS, end=ENDS)
    def read_range(self, ns, start, end):
        keys = self.db.namespace(ns)
        expected = rows_of(self.now, ns, start, end)
        assert list(keys[start:end]) == expected
        assert list(keys.items(start, end, reverse=True)) == expected[::-1]
        assert list(keys.keys(start, end)) == [key for key, _ in expected]
        assert keys.items(start, end).count() == len(expected)

    @rule(ns=NAMESPACES, prefix=KEYS)
    def read_prefix(self, ns, prefix):
        expected = [(k, v) for k, v in rows_of(self.now, ns) if k.startswith(prefix)]
        assert list(self.db.items(prefix=prefix, namespace=ns)) == expected

    def namespaces(self):
        return self.db.namespaces()

    @rule()
    def list_namespaces(self):
        assert self.namespaces() == sorted({ns for ns, _ in self.now})

    @rule(ns=NAMESPACES, rows=st.integers(1, 5))
    def read_stream(self, ns, rows):
        table = pyarrow.table(self.db.items(namespace=ns).batches(rows=rows))
        table.validate(full=True)
        pairs = list(zip(table["key"].to_pylist(), table["value"].to_pylist(), strict=True))
        assert pairs == rows_of(self.now, ns)
        assert set(table["ns"].to_pylist()) <= {ns}

    @initialize()
    def begin(self):
        self.compare(ns=1)

    @rule(ns=NAMESPACES)
    def compare(self, ns):
        assert list(self.db.items(namespace=ns)) == rows_of(self.now, ns)

    @invariant()
    def timestamps_ascend(self):
        times = [timestamp for timestamp, _ in self.past]
        assert times == sorted(times)


class RangesTakeTheirEnd(Machine):
    def write(self, write):
        if write[0] == "delete_range" and write[3] is not None:
            write = (*write[:3], write[3] + b"\x00")
        super().write(write)


class BatchesLoseTheirLastWrite(Machine):
    def commit(self, writes):
        super().commit(writes[:-1])


class SnapshotsSeeLaterWrites(Machine):
    class Newest:
        def __init__(self, db):
            self.db = db

        def namespace(self, number):
            return self.db.namespace(number)

        def release(self):
            pass

        _at = None

    def snapshot(self):
        return self.Newest(self.db)


class NamespacesAreOne(Machine):
    def write(self, write):
        super().write((write[0], min(write[1], 1), *write[2:]))


class EmptyNamespacesAreListed(Machine):
    def namespaces(self):
        return sorted({*super().namespaces(), 0})


class ReopeningForgets(Machine):
    def open(self):
        super().open()
        self.db.delete(max((k for n, k in self.now if n == 0), default=b"none"))


# The first failure will do: it need not be the smallest.
FIRST = settings(SETTINGS, max_examples=400, phases=[Phase.generate], report_multiple_bugs=False)


def test_the_database_is_a_dict():
    run_state_machine_as_test(Machine, settings=SETTINGS)


@pytest.mark.parametrize(
    "broken",
    [
        RangesTakeTheirEnd,
        BatchesLoseTheirLastWrite,
        SnapshotsSeeLaterWrites,
        NamespacesAreOne,
        EmptyNamespacesAreListed,
        ReopeningForgets,
    ],
)
def test_a_difference_is_caught(broken):
    with pytest.raises(AssertionError):
        run_state_machine_as_test(broken, settings=FIRST)
