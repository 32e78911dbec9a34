# SPDX-License-Identifier: Apache-2.0
"""Snapshots keep their moment, and no longer than they are asked to."""

import pytest

import veralith


def test_a_snapshot_keeps_its_moment(db):
    db.update({b"a": b"1", b"b": b"1"})
    with db.snapshot() as before:
        db[b"a"] = b"2"
        del db[b"b"]
        db.compact()
        assert before[b"a"] == db.get(b"a", snapshot=before) == b"1"
        assert bytes(before.get_view(b"b")) == b"1"
        assert b"b" in before
        assert before.get_many([b"a", b"b"]) == [b"1", b"1"]
        assert before.timestamp < db.last_timestamp
        assert db.statistics()["live_snapshots"] == 1
    assert db.statistics()["live_snapshots"] == 0


def test_a_released_snapshot_is_an_error(db):
    db[b"a"] = b"1"
    snapshot = db.snapshot()
    scan = snapshot.items()
    snapshot.release()
    snapshot.release()
    for read in (
        lambda: snapshot[b"a"],
        lambda: snapshot.items(),
        lambda: db.get(b"a", snapshot=snapshot),
        lambda: snapshot.namespace(1).get(b"a"),
    ):
        with pytest.raises(veralith.FailedPrecondition, match="snapshot is released"):
            read()
    assert list(scan) == [(b"a", b"1")]  # made before: it holds the moment


def test_a_snapshot_of_the_past(db):
    first = db.update({b"a": b"1"})
    db[b"a"] = b"2"
    with db.snapshot(timestamp=first) as past:
        assert (past[b"a"], past.timestamp) == (b"1", first)
    with pytest.raises(veralith.OutOfRange):
        db.snapshot(timestamp=db.last_timestamp + 10**12)


def test_a_snapshot_cannot_be_mixed(db, tmp_path):
    with veralith.open(tmp_path / "other") as other, other.snapshot() as foreign:
        with pytest.raises(veralith.InvalidArgument):
            db.get(b"a", snapshot=foreign)
        with pytest.raises(veralith.InvalidArgument):
            list(db.items(snapshot=foreign))
    with db.snapshot() as snapshot:
        with pytest.raises(veralith.InvalidArgument):
            db.get(b"a", snapshot=snapshot, timestamp=1)
        with pytest.raises(veralith.InvalidArgument):
            snapshot.get(b"a", snapshot=snapshot)
