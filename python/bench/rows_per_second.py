# SPDX-License-Identifier: Apache-2.0
"""Rows per second of one scan, read in several ways: a table, the best of three rounds each.

usage: rows_per_second.py [ROWS]       (1,000,000: 16 bytes of key, 100 of value)
"""

import random
import sys
import tempfile
import time

import duckdb
import polars
import pyarrow

import veralith


def fill(db, rows):
    """Half of the rows in the last level, the others in level 0 and in memory."""
    bits = random.Random(1)
    for start in range(0, rows, 10_000):
        db.update(
            (b"%016d" % (i * 7919 % rows), bits.randbytes(50) + b"v" * 50)
            for i in range(start, min(start + 10_000, rows))
        )
        if start * 2 <= rows < start * 2 + 20_000:
            db.compact()


def consume(iterable):
    return sum(1 for _ in iterable)


def arrow(db):
    return sum(b.num_rows for b in pyarrow.RecordBatchReader.from_stream(db.items()))


def query(db, text):
    scan = db.items()  # noqa: F841  (DuckDB finds it by its name)
    return duckdb.sql(text).fetchall()[0][0]


WAYS = {
    "for key, value in db.items()": lambda db: consume(db.items()),
    "for key in db.keys()": lambda db: consume(db.keys()),
    "db.items().count()": lambda db: db.items().count(),
    "Arrow stream, pyarrow": arrow,
    "Arrow stream, polars": lambda db: polars.DataFrame(db.items()).height,
    "Arrow stream, DuckDB count(*)": lambda db: query(db, "select count(*) from scan"),
    "Arrow stream, DuckDB sum over values": lambda db: query(
        db, "select count(octet_length(value)) from scan"
    ),
}


def seconds(way, db, rows):
    start = time.perf_counter()
    count = way(db)
    took = time.perf_counter() - start
    assert count == rows, f"{count} of {rows} rows"
    return took


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder, veralith.open(folder + "/db") as db:
        fill(db, rows)
        db.wait_for_background_work()
        print(f"{rows:,} rows")
        for name, way in WAYS.items():
            best = min(seconds(way, db, rows) for _ in range(3))
            print(f"{name:40} {rows / best:>12,.0f} rows/s")


if __name__ == "__main__":
    main()
