# SPDX-License-Identifier: Apache-2.0
"""A scan as an Arrow stream: the rows of items(), for every reader of Arrow."""

import base64
import gc
import json
import pathlib
import shutil
import subprocess
import sys

import duckdb
import polars
import pyarrow
import pyarrow.parquet
import pytest

import veralith

SCHEMA = pyarrow.schema(
    [
        pyarrow.field("ns", pyarrow.int64(), nullable=False),
        pyarrow.field("key", pyarrow.binary(), nullable=False),
        pyarrow.field("ts", pyarrow.int64(), nullable=False),
        pyarrow.field("value", pyarrow.binary(), nullable=False),
    ]
)


@pytest.fixture
def full(path):
    """A database with rows in two levels, in memory, deleted and overwritten."""
    with veralith.open(path, target_segment_bytes=20_000) as db:
        db.update((b"%05d" % i, b"old %d " % i * (i % 50)) for i in range(4000))
        db.compact()
        db.update((b"%05d" % i, b"new") for i in range(0, 3000, 7))
        db.delete_range(b"01000", b"01200")
        db.flush()
        db.update((b"%05d" % i, bytes([i % 256]) * 300) for i in range(3990, 4100))
        db.delete(b"00001")
        db.namespace(7).update((b"%d" % i, b"seven") for i in range(100))
        yield db


def expected(scan_of, **options):
    ns = options.pop("ns", 0)
    rows = scan_of.items_with_timestamps(namespace=ns, **options)
    return [(ns, key, ts, value) for key, value, ts in rows]


def rows_of(table):
    return list(zip(*(table.column(name).to_pylist() for name in SCHEMA.names), strict=True))


def test_the_schema_is_that_of_segments(full):
    assert pyarrow.table(full.items()).schema == SCHEMA
    segments = sorted(pathlib.Path(full.path).glob("*.parquet"))
    in_segments = pyarrow.parquet.read_schema(segments[0])
    assert in_segments.names == SCHEMA.names
    assert in_segments.types == SCHEMA.types


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"reverse": True},
        {"start": b"00500", "end": b"03500"},
        {"prefix": b"0399", "reverse": True},
        {"ns": 7},
        {"start": b"nothing"},
    ],
)
def test_the_stream_is_the_scan(full, options):
    options = dict(options)
    want = expected(full, **options)
    options["namespace"] = options.pop("ns", 0)
    scan = full.items(**options)
    table = pyarrow.table(scan)
    table.validate(full=True)
    assert rows_of(table) == want
    assert [(k, v) for _, k, _, v in want] == list(scan)
    assert pyarrow.table(full.keys(**options)) == table


def test_the_stream_is_what_the_command_scans(full):
    streamed = rows_of(pyarrow.table(full.items()))
    full.close()
    command = pathlib.Path(sys.executable).parent / "veralith"
    assert command.exists(), "the wheel has the command"
    printed = subprocess.run(
        [command, "scan", full.path, "--json"], check=True, capture_output=True, text=True
    )
    rows = [json.loads(line) for line in printed.stdout.splitlines()]
    assert len(rows) > 3000
    assert streamed == [
        (row["ns"], bytes_of(row, "key"), row["timestamp"], bytes_of(row, "value")) for row in rows
    ]


def bytes_of(row, name):
    text = row.get(name)
    return base64.b64decode(row[name + "_base64"]) if text is None else text.encode()


def test_duckdb_takes_the_stream(full):
    scan = full.items()
    want = expected(full)
    assert duckdb.sql("select * from scan").fetchall() == want
    sums = duckdb.sql("select count(*), sum(octet_length(value)) from scan where ts > 0")
    assert sums.fetchall() == [(len(want), sum(len(value) for *_, value in want))]
    joined = duckdb.sql("select count(*) from scan a join scan b using (key)")
    assert joined.fetchall() == [(len(want),)]


def test_polars_takes_the_stream(full):
    frame = polars.DataFrame(full.items())
    assert frame.columns == SCHEMA.names
    assert frame.rows() == expected(full)


def test_a_snapshot_streams_its_moment(full):
    want = expected(full)
    with full.snapshot() as before:
        full.delete_range(b"", None)
        scan = before.items()
        assert rows_of(pyarrow.table(scan)) == want
        reader = pyarrow.RecordBatchReader.from_stream(before.items().batches(rows=10))
        first = reader.read_next_batch()
    assert first.num_rows + sum(batch.num_rows for batch in reader) == len(want)
    assert rows_of(pyarrow.table(full.items())) == []


@pytest.mark.parametrize("rows", [1, 7, 4096])
def test_batches_are_bounded_by_rows(full, rows):
    reader = pyarrow.RecordBatchReader.from_stream(full.items().batches(rows=rows))
    counts = [batch.num_rows for batch in reader]
    assert set(counts[:-1]) <= {rows}
    assert 0 < counts[-1] <= rows
    assert sum(counts) == full.items().count()


def test_batches_are_bounded_by_bytes(db):
    for i in range(10):
        db[b"%d" % i] = b"v" * 99
    scan = db.items()
    counts = lambda size: [
        b.num_rows for b in pyarrow.RecordBatchReader.from_stream(scan.batches(bytes=size))
    ]
    assert counts(1) == [1] * 10
    assert counts(300) == [3, 3, 3, 1]
    assert counts(301) == [4, 4, 2]
    for wrong in ({"rows": 0}, {"bytes": 0}, {"rows": -1}):
        with pytest.raises(ValueError):
            scan.batches(**wrong)


def test_an_empty_database_is_an_empty_table(db):
    table = pyarrow.table(db.items())
    assert (table.num_rows, table.schema) == (0, SCHEMA)
    scan = db.items()
    assert duckdb.sql("select count(*) from scan").fetchall() == [(0,)]


def test_empty_keys_and_values_are_streamed(db):
    db[b""] = b""
    assert rows_of(pyarrow.table(db.items())) == expected(db)
    scan = db.items()
    assert duckdb.sql("select key, value from scan").fetchall() == [(b"", b"")]


def test_a_stream_outlives_what_it_came_from(path):
    def stream():
        db = veralith.open(path)
        db.update((b"%05d" % i, b"value") for i in range(1000))
        return pyarrow.RecordBatchReader.from_stream(db.snapshot().items().batches(rows=100))

    reader = stream()
    gc.collect()
    assert sum(batch.num_rows for batch in reader) == 1000
    del reader
    gc.collect()
    with veralith.open(path) as db:  # the last reader let go of it
        assert db.items().count() == 1000


def test_a_batch_outlives_the_database(path):
    with veralith.open(path) as db:
        db.update((b"%05d" % i, b"value %d" % i) for i in range(1000))
        table = pyarrow.table(db.items())
        child = table.column("value")
        del table
    shutil.rmtree(path)
    gc.collect()
    assert child.to_pylist() == [b"value %d" % i for i in range(1000)]


def test_a_stream_of_a_closed_database_is_an_error(full):
    reader = pyarrow.RecordBatchReader.from_stream(full.items().batches(rows=10))
    assert reader.read_next_batch().num_rows == 10
    full.close()
    for _ in range(2):
        with pytest.raises(OSError, match="closed"):
            reader.read_next_batch()
    with pytest.raises(OSError, match="closed"):
        pyarrow.table(full.items())


def test_damage_is_an_error_with_its_place(path, damaged_segment):
    with veralith.open(path) as db:
        reader = pyarrow.RecordBatchReader.from_stream(db.items().batches(rows=100))
        rows = 0
        with pytest.raises(OSError, match=damaged_segment):
            while True:
                rows += reader.read_next_batch().num_rows
        assert rows > 500


def test_a_stream_that_nobody_takes_is_released(full):
    for _ in range(100):
        full.items().__arrow_c_stream__()
        capsule = full.items().__arrow_c_stream__(None)
        del capsule
    before = full.statistics()["live_snapshots"]
    assert before == 0
