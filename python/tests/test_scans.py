# SPDX-License-Identifier: Apache-2.0
"""Scans: slices, bounds, prefixes, directions, and what one iteration sees."""

import pytest

import veralith

KEYS = [b"a", b"b", b"ba", b"c", b"c\xff", b"c\xff\xff", b"d", b"\xff", b"\xff\xff"]


@pytest.fixture
def full(db):
    db.update((key, b"value of " + key) for key in KEYS)
    return db


def keys_of(scan):
    return [key for key, _ in scan]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (slice(None, None), KEYS),
        (slice(b"b", None), KEYS[1:]),
        (slice(None, b"b"), KEYS[:1]),
        (slice(b"b", b"c"), [b"b", b"ba"]),
        (slice(b"c", b"b"), []),
        (slice(None, None, 1), KEYS),
        (slice(None, None, -1), KEYS[::-1]),
        (slice(b"c", b"a", -1), [b"c", b"ba", b"b"]),
        (slice(b"c", None, -1), [b"c", b"ba", b"b", b"a"]),
        (slice(None, b"d", -1), [b"\xff\xff", b"\xff"]),
    ],
)
def test_slices_are_scans(full, bounds, expected):
    assert keys_of(full[bounds]) == expected
    assert full[bounds].count() == len(expected)


def test_other_steps_are_refused(full):
    with pytest.raises(ValueError):
        full[b"a":b"b":2]
    with pytest.raises(TypeError):
        full["a":"b"]


@pytest.mark.parametrize("prefix", [b"", b"b", b"c", b"c\xff", b"\xff", b"nothing"])
def test_a_prefix_is_a_range(full, prefix):
    expected = [key for key in KEYS if key.startswith(prefix)]
    assert keys_of(full.items(prefix=prefix)) == expected
    assert keys_of(full.items(prefix=prefix, reverse=True)) == expected[::-1]


def test_a_prefix_and_a_bound_are_refused(full):
    with pytest.raises(TypeError):
        full.items(b"a", prefix=b"a")


def test_keys_values_and_timestamps(full):
    assert list(full) == list(full.keys()) == KEYS
    assert list(reversed(full)) == KEYS[::-1]
    assert list(full.values(b"b", b"c")) == [b"value of b", b"value of ba"]
    rows = list(full.items_with_timestamps(reverse=True, fill_cache=False))
    assert rows == [(k, b"value of " + k, full.last_timestamp) for k in KEYS[::-1]]


def test_an_iteration_sees_one_moment(db):
    db.update((b"%06d" % i, b"old") for i in range(5000))
    rows = iter(db.items())
    assert next(rows) == (b"000000", b"old")
    db.update((b"%06d" % i, b"new") for i in range(0, 10_000, 2))
    db.delete_range(b"001000", b"002000")
    assert list(rows) == [(b"%06d" % i, b"old") for i in range(1, 5000)]
    assert db.items().count() == 9_000 - 2_000 - 500


def test_a_scan_can_be_iterated_again(db):
    scan = db.items()
    assert list(scan) == []
    db[b"a"] = b"1"
    assert list(scan) == list(scan) == [(b"a", b"1")]


def test_an_end_stays_an_end(full):
    rows = iter(full.keys(b"\xff\xff"))
    assert [next(rows, None) for _ in range(3)] == [b"\xff\xff", None, None]


def test_large_values_are_read_ahead_within_bounds(db):
    for i in range(20):
        db[b"%03d" % i] = bytes([i]) * 200_000
    assert [(k, v[0], len(v)) for k, v in db.items()] == [
        (b"%03d" % i, i, 200_000) for i in range(20)
    ]


def test_snapshots_can_be_scanned(full):
    with full.snapshot() as before:
        full[b"new"] = b""
        del full[b"a"]
        assert list(before) == list(full.keys(snapshot=before)) == KEYS
        assert before.items(b"b", b"c").count() == 2
        assert list(before.namespace(1)) == []
    assert veralith.Scan.__doc__
