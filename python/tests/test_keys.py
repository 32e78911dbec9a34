# SPDX-License-Identifier: Apache-2.0
"""Single keys: the mapping protocol, bytes of every kind, namespaces, timestamps."""

import pytest

import veralith


def test_a_key_is_set_read_and_deleted(db):
    db[b"apple"] = b"red"
    assert db[b"apple"] == b"red"
    assert b"apple" in db
    del db[b"apple"]
    assert b"apple" not in db
    assert db.get(b"apple") is None
    assert db.get(b"apple", b"none") == b"none"


def test_an_absent_key_is_a_key_error(db):
    with pytest.raises(KeyError) as error:
        db[b"apple"]
    assert isinstance(error.value, veralith.NotFound)
    assert str(error.value) == "no key b'apple'"
    with pytest.raises(veralith.NotFound):
        del db[b"apple"]
    db.delete(b"apple")  # no error


def test_keys_and_values_may_be_any_bytes(db):
    for key in (b"", b"\x00", b"\xff" * 32_000, bytes(range(256))):
        for value in (b"", b"\x00" * 300, bytes(range(256)) * 300):
            db[key] = value
            assert db[key] == value
            assert bytes(db.get_view(key)) == value


def test_buffers_are_taken(db):
    db[bytearray(b"a")] = memoryview(b"12345")[1:3]
    assert db[memoryview(b"a")] == b"23"
    assert list(db[bytearray(b"a") :]) == [(b"a", b"23")]


@pytest.mark.parametrize("wrong", ["text", 7, None, ["a"]])
def test_what_is_no_bytes_is_a_type_error(db, wrong):
    for call in (
        lambda: db.put(wrong, b""),
        lambda: db.put(b"", wrong),
        lambda: db.get(wrong),
        lambda: wrong in db,
        lambda: db.delete(wrong),
        lambda: db.get_many([wrong]),
        lambda: db.delete_range(wrong, b""),
        lambda: db.batch().put(wrong, b""),
    ):
        with pytest.raises(TypeError):
            call()
    assert list(db) == []


def test_limits_are_value_errors(db):
    with pytest.raises(ValueError) as error:
        db[b"k" * 32_001] = b""
    assert isinstance(error.value, veralith.InvalidArgument)
    for namespace in (-1, 2**63):
        with pytest.raises(veralith.InvalidArgument):
            db.namespace(namespace)
        with pytest.raises(veralith.InvalidArgument):
            db.items(namespace=namespace)
    db.namespace(2**63 - 1)[b"a"] = b"last"
    assert db.namespace(2**63 - 1)[b"a"] == b"last"


def test_many_keys_are_read_at_once(db):
    db.update({b"a": b"1", b"b": b"2"})
    assert db.get_many([b"b", b"none", b"a", b"b"]) == [b"2", None, b"1", b"2"]
    assert db.get_many(iter([])) == []


def test_namespaces_are_listed(db):
    assert db.namespaces() == []
    last = 2**63 - 1
    for number in (last, 7, 0):
        db.namespace(number)[b"a"] = b"1"
    with db.snapshot() as before:
        del db.namespace(7)[b"a"]
        db.flush()
        db[b"b"] = b"2"
        assert db.namespaces() == [0, last]
        assert before.namespaces() == db.namespaces(snapshot=before) == [0, 7, last]
        assert db.namespaces(timestamp=before.timestamp) == [0, 7, last]
    with pytest.raises(veralith.FailedPrecondition):
        before.namespaces()
    with pytest.raises(veralith.OutOfRange):
        db.namespaces(timestamp=db.last_timestamp + 1)


def test_namespaces_do_not_see_each_other(db):
    seven = db.namespace(7)
    db[b"a"] = b"zero"
    seven[b"a"] = b"seven"
    assert (db[b"a"], seven[b"a"], seven.number) == (b"zero", b"seven", 7)
    assert list(db.items(namespace=7)) == [(b"a", b"seven")]
    del seven[b"":]
    assert (list(seven), list(db)) == ([], [b"a"])


def test_ranges_are_deleted(db):
    db.update((bytes([c]), b"") for c in b"abcdef")
    db.delete_range(b"b", b"d")
    assert list(db) == [b"a", b"d", b"e", b"f"]
    del db[b"e":]
    assert list(db) == [b"a", b"d"]
    del db[:b"b"]
    assert list(db) == [b"d"]
    with pytest.raises(ValueError):
        del db[b"a":b"z":-1]


def test_the_past_can_be_read(db):
    first = db.update({b"a": b"1"})
    second = db.update({b"a": b"2"})
    assert db.last_timestamp == second
    assert db.get_with_timestamp(b"a") == (b"2", second)
    assert db.get(b"a", timestamp=first) == b"1"
    assert db.get_with_timestamp(b"a", timestamp=second - 1) == (b"1", first)
    assert db.get_with_timestamp(b"none") is None
    assert list(db.items(timestamp=first)) == [(b"a", b"1")]
    with pytest.raises(veralith.OutOfRange):
        db.get(b"a", timestamp=second + 10**12)
    with pytest.raises(OverflowError):
        db.get(b"a", timestamp=-1)


def test_a_synced_write_is_synced(db):
    before = db.statistics()["log_syncs"]
    db.put(b"a", b"1")
    assert db.statistics()["log_syncs"] == before
    db.put(b"a", b"1", sync=True)
    assert db.statistics()["log_syncs"] > before
