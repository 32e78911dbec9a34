#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""foreign_files.py DIRECTORY: Parquet files of a segment's schema that other tools write.

Writes into DIRECTORY one file per writer and way of writing, and OUTCOMES.tsv: a line per file with
its name and what our reader must say of it: "ok", or the error's code and words of its message; and
ROWS.tsv, the rows that every "ok" file holds: namespace, key in hex, timestamp, value in hex or "-"
for a tombstone. corpus/golden/foreign was made this way, once; check_segments.py makes larger ones.
"""

import pathlib
import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

NAMES = ["ns", "key", "ts", "value"]
TYPES = [pa.int64(), pa.binary(), pa.int64(), pa.binary()]
OPTIONAL = pa.schema([pa.field(n, t) for n, t in zip(NAMES, TYPES)])
REQUIRED = pa.schema([pa.field(n, t, nullable=n == "value") for n, t in zip(NAMES, TYPES)])
UNSORTED = "does not come after the one before it"


def rows(count):
    """At least `count` entries in order: namespaces, versions, tombstones, empty and odd bytes."""
    result = []
    for ns in (0, 7, 2**63 - 1):
        result.append((ns, b"", 9, b""))
        keys = sorted(
            [b"k/%06d" % i for i in range(count // 4)] + [b"k/000001\0", b"k/000001\xff", b"\xff"])
        for i, key in enumerate(keys):
            for version in range(1 + (i % 5 == 0)):
                value = None if i % 7 == 3 else (b"value-%d-" % (i % 13)) * (i % 4)
                result.append((ns, key, 2**63 - 1 - 10 * i - version, value))
    return result


def table(entries, schema=REQUIRED):
    columns = list(zip(*entries)) or [[]] * 4
    return pa.Table.from_arrays(
        [pa.array(list(c), t) for c, t in zip(columns, TYPES)], schema=schema)


class Variants:
    """Writes files and notes the outcome that each must have."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.outcomes = []

    def path(self, name, outcome):
        self.outcomes.append((name + ".parquet", outcome))
        return str(self.directory / (name + ".parquet"))

    def pyarrow(self, name, data, outcome="ok", **options):
        pq.write_table(data, self.path("pyarrow_" + name, outcome), **options)

    def duckdb(self, name, data, options, outcome="ok"):
        connection = duckdb.connect()
        connection.register("entries", data)
        path = self.path("duckdb_" + name, outcome)
        connection.execute(f"COPY entries TO '{path}' (FORMAT parquet{options})")

    def polars(self, name, data, outcome="ok", **options):
        polars.from_arrow(data).write_parquet(self.path("polars_" + name, outcome), **options)


def delta(version):
    return dict(use_dictionary=False, data_page_version=version, column_encoding={
        "ns": "DELTA_BINARY_PACKED", "key": "DELTA_BYTE_ARRAY",
        "ts": "DELTA_BINARY_PACKED", "value": "DELTA_LENGTH_BYTE_ARRAY"})


def read_right(to, data, group):
    """Ways of writing that our reader knows."""
    optional = data.cast(OPTIONAL)
    for version in ("1.0", "2.0"):
        v = "v" + version[0]
        for codec in ("none", "snappy", "zstd", "lz4"):
            to.pyarrow(f"dictionary_{v}_{codec}", data, compression=codec, data_page_version=version)
        to.pyarrow(f"plain_{v}", optional, use_dictionary=False, data_page_version=version,
                   compression="none", row_group_size=group)
        to.pyarrow(f"delta_{v}", optional, compression="zstd", row_group_size=group,
                   **delta(version))
    to.pyarrow("page_index", data, write_page_index=True, data_page_size=256, row_group_size=group)
    to.pyarrow("checksums", data, write_page_checksum=True, data_page_size=256)
    to.pyarrow("no_statistics", optional, write_statistics=False, row_group_size=group)
    to.pyarrow("other_column_order", data.select(["value", "ts", "key", "ns"]))
    for codec in ("uncompressed", "snappy", "zstd", "lz4_raw"):
        to.duckdb(f"v1_{codec}", data, f", COMPRESSION {codec}, ROW_GROUP_SIZE {group}")
        to.duckdb(f"v2_{codec}", data, f", COMPRESSION {codec}, PARQUET_VERSION v2")
    for codec in ("uncompressed", "snappy", "zstd", "lz4"):
        to.polars(codec, data, compression=codec, row_group_size=group)
    to.polars("small_pages", data, data_page_size=256, statistics=False)


def refused(to, data):
    """Files that our reader must name the fault of."""
    for codec in ("gzip", "brotli"):
        to.pyarrow(codec, data, f"UNIMPLEMENTED\t{codec.upper()}", compression=codec)
    to.duckdb("gzip", data, ", COMPRESSION gzip", "UNIMPLEMENTED\tGZIP")
    to.polars("gzip", data, "UNIMPLEMENTED\tGZIP", compression="gzip")
    to.pyarrow("byte_stream_split", data, "UNIMPLEMENTED\tBYTE_STREAM_SPLIT", use_dictionary=False,
               use_byte_stream_split=["ts"])
    to.pyarrow("another_column", data.append_column("kind", pa.nulls(len(data), pa.int32())),
               "UNIMPLEMENTED\tcolumn \"kind\"")
    to.pyarrow("no_value_column", data.drop_columns(["value"]),
               "UNIMPLEMENTED\ta schema without column value")
    for column, kind in (("ts", pa.timestamp("ns")), ("ns", pa.uint64()), ("ns", pa.int32())):
        changed = data.slice(0, 1).set_column(
            NAMES.index(column), column, pa.array([1], kind))
        to.pyarrow(f"{column}_{str(kind).split('[')[0]}", changed, f"UNIMPLEMENTED\tcolumn {column}")
    to.pyarrow("list_of_keys",
               data.slice(0, 1).set_column(1, "key", pa.array([[b"a"]], pa.list_(pa.binary()))),
               "UNIMPLEMENTED\tcolumn key")
    wrong_rows(to, data)
    tombstones = {b"veralith.block": b"0" * 32, b"veralith.range_tombstones": b"3",
                  b"veralith.crc": b"0" * 8}
    to.pyarrow("lost_range_tombstones", data.replace_schema_metadata(tombstones),
               "UNIMPLEMENTED\trange tombstones")


def wrong_rows(to, data):
    """Rows that are not a segment's, by every writer's default way of writing."""
    backward = data.take(list(range(len(data) - 1, -1, -1)))
    twice = pa.concat_tables([data.slice(0, 1), data.slice(0, 1)])
    to.pyarrow("backward", backward, f"INVALID_ARGUMENT\trow 1 {UNSORTED}")
    to.pyarrow("groups_backward", backward, f"INVALID_ARGUMENT\trow 1 {UNSORTED}", row_group_size=1)
    to.duckdb("backward", backward, "", f"INVALID_ARGUMENT\trow 1 {UNSORTED}")
    to.polars("backward", backward, f"INVALID_ARGUMENT\trow 1 {UNSORTED}")
    to.pyarrow("one_row_twice", twice, f"INVALID_ARGUMENT\trow 1 {UNSORTED}")

    def one(name, outcome, entry):
        to.pyarrow(name, table([(0, b"a", 1, b"v"), entry], OPTIONAL), outcome)

    one("null_key", "INVALID_ARGUMENT\trow 1: a null", (0, None, 5, b"v"))
    one("null_timestamp", "INVALID_ARGUMENT\trow 1: a null", (0, b"b", None, b"v"))
    one("long_key", "INVALID_ARGUMENT\trow 1: a key longer", (0, b"b" * 32001, 5, b"v"))
    one("timestamp_0", "INVALID_ARGUMENT\trow 1: a timestamp", (0, b"b", 0, b"v"))
    one("negative_namespace", "INVALID_ARGUMENT\trow 1: a namespace", (-1, b"b", 5, b"v"))


def make(directory, count, group):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    entries = rows(count)
    data = table(entries)
    to = Variants(directory)
    read_right(to, data, group)
    refused(to, data)
    (directory / "OUTCOMES.tsv").write_text("".join(f"{n}\t{o}\n" for n, o in to.outcomes))
    with open(directory / "ROWS.tsv", "w", encoding="ascii") as out:
        for ns, key, ts, value in entries:
            shown = "-" if value is None else value.hex()
            out.write(f"{ns}\t{key.hex()}\t{ts}\t{shown}\n")
    return entries, to.outcomes


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    make(sys.argv[1], 24, 16)
