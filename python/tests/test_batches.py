# SPDX-License-Identifier: Apache-2.0
"""Batches commit as a whole, or not at all."""

import pytest

import veralith


def test_a_batch_commits_at_the_end(db):
    db[b"z"] = b"1"
    with db.batch(sync=True) as batch:
        batch[b"a"] = b"1"
        batch.put(b"b", b"2")
        batch.put(b"c", b"3", namespace=7)
        batch.delete(b"z")
        del batch[b"none"]
        assert (len(batch), batch.bytes) == (5, 11)
        assert list(db) == [b"z"]
        assert batch.timestamp is None
    assert list(db.items()) == [(b"a", b"1"), (b"b", b"2")]
    assert list(db.namespace(7).items()) == [(b"c", b"3")]
    assert batch.timestamp == db.last_timestamp
    assert db.get_with_timestamp(b"a") == (b"1", batch.timestamp)


def test_an_exception_drops_the_batch(db):
    with pytest.raises(ZeroDivisionError):
        with db.batch() as batch:
            batch[b"a"] = b"1"
            raise ZeroDivisionError
    assert list(db) == []
    assert batch.timestamp is None


def test_operations_apply_in_order(db):
    with db.batch() as batch:
        batch[b"a"] = b"1"
        batch[b"b"] = b"1"
        del batch[b"a":b"b"]
        batch.delete_range(b"x", None)
        batch[b"x"] = b"2"
    assert list(db.items()) == [(b"b", b"1"), (b"x", b"2")]


def test_a_namespace_has_batches(db):
    with db.namespace(3).batch() as batch:
        batch[b"a"] = b"1"
        batch.put(b"a", b"0", namespace=0)
    assert (db[b"a"], db.namespace(3)[b"a"]) == (b"0", b"1")
    with pytest.raises(veralith.InvalidArgument):
        batch.put(b"a", b"", namespace=-1)


def test_a_batch_commits_once(db):
    batch = db.batch()
    batch[b"a"] = b"1"
    assert batch.commit() == db.last_timestamp
    with pytest.raises(veralith.FailedPrecondition):
        batch.commit()


def test_an_empty_batch_commits_nothing(db):
    newest = db.update({b"a": b"1"})
    with db.batch() as batch:
        batch[b"b"] = b""
        batch.clear()
    assert batch.timestamp == db.last_timestamp == newest


def test_update_takes_mappings_and_pairs(db):
    db.update({b"a": b"1"})
    db.namespace(1).update([(b"b", b"2")], sync=True)
    assert list(db.items()) == [(b"a", b"1")]
    assert list(db.items(namespace=1)) == [(b"b", b"2")]


def test_a_wrong_batch_commits_nothing(db):
    with pytest.raises(veralith.InvalidArgument):
        db.update([(b"a", b"1"), (b"k" * 40_000, b"")])
    assert list(db) == []
