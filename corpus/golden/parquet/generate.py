# SPDX-License-Identifier: Apache-2.0

"""Wrote the .parquet files beside it (pyarrow 26.0.1): python3 generate.py.

core/format/parquet_golden_test.cc holds the same formulas for the rows. The files are kept as
they are; a newer pyarrow may write other bytes that mean the same.
"""
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 200

table = pa.table(
    {
        "ns": [i // 60 for i in range(ROWS)],
        "key": [b"user/%05d" % (i % 60 * 37) + b"x" * (i % 4) for i in range(ROWS)],
        "ts": [1_700_000_000_000_000_000 + i * 7919 % 1009 * 1_000_003 for i in range(ROWS)],
        "value": [None if i % 10 == 3 else b"v%d" % (i % 50) * (i % 5) for i in range(ROWS)],
        "kind": [i * i - 5000 for i in range(ROWS)],
    },
    schema=pa.schema(
        [
            pa.field("ns", pa.int64(), nullable=False),
            pa.field("key", pa.binary(), nullable=False),
            pa.field("ts", pa.int64(), nullable=False),
            pa.field("value", pa.binary()),
            pa.field("kind", pa.int32(), nullable=False),
        ]
    ),
)

DELTA = {
    "ns": "DELTA_BINARY_PACKED",
    "key": "DELTA_BYTE_ARRAY",
    "ts": "DELTA_BINARY_PACKED",
    "value": "DELTA_LENGTH_BYTE_ARRAY",
    "kind": "DELTA_BINARY_PACKED",
}


def write(name, version, codec, encodings):
    options = {"use_dictionary": True}
    if encodings is not None:
        options = {"use_dictionary": False, "column_encoding": encodings}
    pq.write_table(
        table,
        name + ".parquet",
        row_group_size=120,
        data_page_version=version,
        data_page_size=512,
        write_batch_size=16,
        compression=codec,
        write_page_index=True,
        write_page_checksum=True,
        store_schema=False,
        bloom_filter_options={"key": {"ndv": 200, "fpp": 0.05}},
        sorting_columns=[pq.SortingColumn(0), pq.SortingColumn(1), pq.SortingColumn(2, True)],
        **options,
    )


PLAIN = {name: "PLAIN" for name in DELTA}
write("plain_v1_none", "1.0", "none", PLAIN)
write("plain_v2_snappy", "2.0", "snappy", PLAIN)
write("delta_v1_lz4", "1.0", "lz4", DELTA)
write("delta_v2_none", "2.0", "none", DELTA)
write("delta_v2_zstd", "2.0", "zstd", DELTA)
write("dictionary_v1_none", "1.0", "none", None)
write("dictionary_v2_zstd", "2.0", "zstd", None)
