# SPDX-License-Identifier: Apache-2.0
"""Opening, options, maintenance, statistics, checks and repair."""

import pathlib
import re

import pyarrow
import pyiceberg.table
import pytest

import veralith


def test_options_go_by_name(path):
    with veralith.open(path, write_buffer_bytes=4096, bottom_codec="zstd", filter_bits_per_key=7.5):
        pass
    with pytest.raises(veralith.InvalidArgument, match="bottom_codec"):
        veralith.open(path, bottom_codec="brotli")
    with pytest.raises(TypeError, match="did you mean 'write_buffer_bytes'"):
        veralith.open(path, write_bufer_bytes=1)
    with pytest.raises(veralith.AlreadyExists):
        veralith.open(path, error_if_exists=True)


def test_options_are_listed():
    listed = {option.name: option for option in veralith.options()}
    assert listed["bottom_codec"].default == "lz4"
    assert listed["cache_bytes"].unit == "bytes"
    assert all(option.limits and option.sentence for option in listed.values())
    assert len(listed) > 30


def test_opening_can_fail(path, tmp_path):
    with pytest.raises(veralith.NotFound):
        veralith.open(path, create_if_missing=False)
    with veralith.open(path) as db:
        assert db.path == str(path)
        with pytest.raises(veralith.FailedPrecondition):
            veralith.open(path)
    with pytest.raises(veralith.Error):
        veralith.open(tmp_path / "no" / "parent")


def test_a_read_only_database_is_not_written_to(path):
    with veralith.open(path) as db:
        db[b"a"] = b"1"
    with veralith.open(path, read_only=True) as db:
        assert db[b"a"] == b"1"
        with pytest.raises(veralith.FailedPrecondition):
            db[b"a"] = b"2"


def test_writes_survive_reopening(path):
    with veralith.open(path) as db:
        db.update((b"%04d" % i, b"v" * i) for i in range(1000))
    with veralith.open(path) as db:
        assert [(k, len(v)) for k, v in db.items()] == [(b"%04d" % i, i) for i in range(1000)]


def test_statistics_are_a_dict(db):
    db.update((b"%04d" % i, b"v" * 100) for i in range(1000))
    db.flush()
    statistics = db.statistics()
    assert statistics["commits"] == 1
    assert statistics["user_bytes_written"] == 104_000
    assert statistics["levels"][0]["entries"] == 1000
    assert isinstance(statistics["levels"][0]["score"], float)
    assert statistics["background_error"] == ""
    assert statistics["lifetime"]["user"] == 104_000


def test_compaction_moves_keys_down(db):
    db.update((b"%04d" % i, b"v") for i in range(1000))
    db.compact(b"0000", b"0500")
    db.compact(namespace=0)
    db.compact()
    db.wait_for_background_work()
    assert db.statistics()["levels"][0]["files"] == 0
    assert db.items().count() == 1000
    db.check()


def test_background_work_can_be_paused(db):
    db.pause_background_work()
    db.continue_background_work()
    with pytest.raises(veralith.FailedPrecondition):
        db.continue_background_work()
    db.set_background_rate(1 << 20)
    db.resume()
    db.sync()


def test_the_clock_can_be_advanced(db):
    db.update({b"a": b""})
    remote = db.last_timestamp + 10**9
    db.advance_clock(remote)
    assert db.update({b"b": b""}) > remote
    with pytest.raises(veralith.InvalidArgument):
        db.advance_clock(2**62)


def test_a_checkpoint_is_a_database(db, tmp_path):
    db[b"a"] = b"1"
    db.checkpoint(tmp_path / "copy")
    db[b"a"] = b"2"
    with veralith.open(tmp_path / "copy") as copy:
        assert copy[b"a"] == b"1"
    with pytest.raises(veralith.AlreadyExists):
        db.checkpoint(tmp_path / "copy")


def rows_of(table):
    """The rows of an Arrow table, sorted."""
    columns = [table[name].to_pylist() for name in ("ns", "key", "ts", "value")]
    return sorted(zip(*columns, strict=True))


def test_a_published_table_shows_what_scans_show(db, tmp_path):
    db.update((b"%04d" % i, b"v" * (i % 50)) for i in range(1000))
    db.namespace(7)[b"a"] = b"\xff"
    del db[b"0100":b"0200"]
    scans = [pyarrow.table(db.items(namespace=number)) for number in db.namespaces()]
    then = rows_of(pyarrow.concat_tables(scans))
    assert len(then) == 901
    with db.snapshot() as before:
        first = db.publish(tmp_path / "table", format_version=3)
        assert (first["rows"], first["is_new"], first["format_version"]) == (901, 1, 3)
        db.update({b"0000": b"new"})
        second = db.publish(tmp_path / "table", keep=5, namespace=7)
        past = db.publish(tmp_path / "past", at=before.timestamp, location="file:///elsewhere")
    newest = pyiceberg.table.StaticTable.from_metadata(second["metadata_file"])
    assert rows_of(newest.scan().to_arrow()) == then[-1:]
    old = newest.scan(snapshot_id=first["snapshot_id"]).to_arrow()
    assert rows_of(old) == then
    assert (past["rows"], past["at"]) == (901, before.timestamp)
    assert "file:///elsewhere" in pathlib.Path(past["metadata_file"]).read_text()


def test_a_publication_can_be_refused(db, tmp_path):
    with pytest.raises(veralith.InvalidArgument):
        db.publish(tmp_path / "table", format_version=4)
    with pytest.raises(veralith.InvalidArgument):
        db.publish(tmp_path / "table", namespace=2**63)
    with pytest.raises(veralith.OutOfRange):
        db.publish(tmp_path / "table", at=db.last_timestamp + 1)
    assert not (tmp_path / "table").exists()


def test_damage_is_data_loss(path, damaged_segment):
    name = damaged_segment
    with veralith.open(path) as db:
        with pytest.raises(veralith.DataLoss, match=re.escape(name)):
            db.check()
        rows = iter(db.items())
        read = []
        with pytest.raises(veralith.DataLoss):
            for row in rows:
                read.append(row)
        assert read == [(b"%04d" % i, b"v" * 100) for i in range(len(read))]
        assert len(read) > 500  # what is sound comes before the error
        with pytest.raises(veralith.DataLoss):
            next(rows)


def test_a_closed_database_is_checked_and_repaired(path, damaged_segment, tmp_path):
    name = damaged_segment
    report = veralith.check(path)
    assert any(name in line for line in report["damage"])
    dry = veralith.repair(path, tmp_path / "none", dry_run=True)
    assert not (tmp_path / "none").exists()
    assert [lost["file"] for lost in dry["lost"]][0].endswith(name)
    repaired = veralith.repair(path, tmp_path / "repaired", behind_damage=True)
    assert 500 < repaired["entries"] < 1000
    assert veralith.check(tmp_path / "repaired")["damage"] == []
    with veralith.open(tmp_path / "repaired") as db:
        assert db.items().count() == repaired["entries"]
    with pytest.raises(veralith.NotFound):
        veralith.check(tmp_path / "nothing")
    with pytest.raises(veralith.AlreadyExists):
        veralith.repair(path, tmp_path / "repaired")


def test_a_notebook_shows_the_tree(db):
    db.update((b"%04d" % i, b"v" * 100) for i in range(1000))
    db.flush()
    db.update({b"a": b"<b>" * 100})
    page = db._repr_html_()
    assert re.search(r"level 0<.*>1<.*>1<.*>1,000<", page)
    assert "memory" in page
    assert page.count("<table>") == page.count("</table>") == 1
    db.close()
    assert "closed" in db._repr_html_()
    assert "<veralith" not in db._repr_html_()


def test_objects_tell_what_they_are(db):
    assert repr(db.namespace(7)) == "<veralith.Namespace 7>"
    assert repr(db.batch()) == "<veralith.Batch of 0 writes, not committed>"
    with db.snapshot() as snapshot:
        assert repr(snapshot) == f"<veralith.Snapshot at {snapshot.timestamp}>"
    assert repr(snapshot) == "<veralith.Snapshot released>"
    assert "open" in repr(db)
