#!/usr/bin/env python3
"""check_segments.py DIRECTORY: reads the segments that make_segments wrote with other readers.

For each file, with each of pyarrow, DuckDB and polars that can be imported: the rows, in order,
have the count and the CRC-32 that MANIFEST.tsv says. With pyarrow also: page checksums verify,
statistics are the rows' true bounds, sorting columns, page index and bloom filter are there, and
reading row group by row group gives every row once. With DuckDB also: the bloom filter never
excludes a present key, and excludes absent ones.

Prints a line per file and reader; exit status 1 if anything differs, 2 if no reader is installed.
"""

import pathlib
import struct
import sys
import zlib

SCHEMA = ["ns", "key", "ts", "value"]


def checksum(rows, crc=0):
    """The CRC-32 of rows in the canonical form that make_segments.cc describes."""
    parts = []
    count = 0
    for ns, key, ts, value in rows:
        body = b"" if value is None else value
        parts.append(struct.pack("<QI", ns, len(key)) + key)
        parts.append(struct.pack("<QBI", ts, 0 if value is None else 1, len(body)) + body)
        count += 1
        if len(parts) >= 20000:
            crc = zlib.crc32(b"".join(parts), crc)
            parts.clear()
    return count, zlib.crc32(b"".join(parts), crc)


def table_rows(table):
    for batch in table.to_batches():
        yield from zip(*(batch.column(name).to_pylist() for name in SCHEMA))


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def check_row_group_statistics(meta, group, table):
    """Bounds of a row group are bounds of its rows, and exact where they say so."""
    for index, name in enumerate(SCHEMA):
        statistics = meta.row_group(group).column(index).statistics
        expect(statistics is not None, f"no statistics for {name}")
        values = [v for v in table.column(name).to_pylist() if v is not None]
        nulls = table.num_rows - len(values)
        expect(statistics.null_count == nulls, f"null count of {name}")
        if name == "value":
            continue
        expect(statistics.has_min_max, f"no bounds for {name}")
        expect(statistics.min <= min(values) and max(values) <= statistics.max, f"bounds of {name}")
        if name != "key" or len(max(values)) <= 256:
            expect(statistics.min == min(values) and statistics.max == max(values),
                   f"bounds of {name} are not exact")


def with_pyarrow(path, rows, crc):
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, page_checksum_verification=True)
    meta = file.metadata
    expect(file.schema_arrow.names == SCHEMA, "schema")
    expect([int(f.metadata[b"PARQUET:field_id"]) for f in file.schema_arrow] == [1, 2, 3, 4],
           "field ids")
    expect(meta.num_rows == rows, "row count in the footer")
    expect(meta.created_by.startswith("veralith version"), "created_by")
    total, running = 0, 0
    for group in range(meta.num_row_groups):
        table = file.read_row_group(group)
        count, running = checksum(table_rows(table), running)
        total += count
        expect(count == meta.row_group(group).num_rows, "rows of a row group")
        order = [(c.column_index, c.descending) for c in meta.row_group(group).sorting_columns]
        expect(order == [(0, False), (1, False), (2, True)], "sorting columns")
        for column in range(4):
            chunk = meta.row_group(group).column(column)
            expect(chunk.has_offset_index, "offset index")
            expect(chunk.has_column_index == (column != 3), "column index")
        if rows <= 200_000:
            check_row_group_statistics(meta, group, table)
    expect((total, running) == (rows, crc), "rows differ")


def with_duckdb(path, rows, crc):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads TO 1")
    relation = connection.execute(f"SELECT ns, key, ts, value FROM read_parquet('{path}')")
    count, total = 0, 0
    first_key = None
    while True:
        batch = relation.fetchmany(20000)
        if not batch:
            break
        if first_key is None:
            first_key = batch[len(batch) // 2][1]
        n, total = checksum(batch, total)
        count += n
    expect((count, total) == (rows, crc), "rows differ")
    if first_key is None or b"no_filters" in str(path).encode():
        return
    literal = "".join(f"\\x{byte:02X}" for byte in first_key)
    probe = "SELECT min(bloom_filter_excludes::INT), count(*) FROM " \
            "parquet_bloom_probe('{}', 'key', '{}'::BLOB)"
    excluded, groups = connection.execute(probe.format(path, literal)).fetchone()
    expect(excluded == 0, "the bloom filter excludes a present key")
    absent = 0
    for i in range(40):
        literal = "".join(f"\\x{byte:02X}" for byte in f"absent/{i}".encode())
        absent += connection.execute(probe.format(path, literal)).fetchone()[0]
    expect(absent >= 20, f"the bloom filter excludes only {absent} of 40 absent keys")


def with_polars(path, rows, crc):
    import polars

    frame = polars.read_parquet(path)
    expect(frame.columns == SCHEMA, "schema")
    expect(checksum(frame.iter_rows()) == (rows, crc), "rows differ")


READERS = {"pyarrow": with_pyarrow, "duckdb": with_duckdb, "polars": with_polars}


def installed():
    for name in READERS:
        try:
            __import__(name)
            yield name
        except ImportError:
            print(f"{name}: not installed")


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip().splitlines()[0], file=sys.stderr)
        return 2
    directory = pathlib.Path(sys.argv[1])
    readers = list(installed())
    if not readers:
        return 2
    failures = 0
    for line in (directory / "MANIFEST.tsv").read_text().splitlines():
        name, rows, crc, _ = line.split("\t")
        for reader in readers:
            try:
                READERS[reader](directory / name, int(rows), int(crc))
                print(f"{name}: {reader}: {rows} rows agree")
            except Exception as error:  # any failure of any reader is a finding
                print(f"{name}: {reader}: FAILED: {error!r}")
                failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
