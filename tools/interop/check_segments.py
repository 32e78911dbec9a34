#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_segments.py DIRECTORY READ_SEGMENTS [CLASSPATH]: segments and other readers, both ways.

DIRECTORY holds what make_segments wrote. READ_SEGMENTS is our own reader as a command; CLASSPATH,
where given, is that of SplitRanges and parquet-java.

Our segments, read by pyarrow, DuckDB, polars, DataFusion (parquet-rs) and parquet-java: the rows, in
order, are those whose count and CRC-32 MANIFEST.tsv states. Beside that
  pyarrow      page checksums verify; statistics are the rows' true bounds; sorting columns and page
               index are there; a predicate on `key` leaves one row group; row group by row group
               gives every row once
  DuckDB       its bloom filter probe never excludes a present key, and excludes absent ones; its
               profile shows that a predicate on `key` scans one row group, or none by bloom filter
  DataFusion   its metrics show that statistics leave one row group, the page index few of its rows,
               and for absent keys the bloom filter no row group
  parquet-java byte ranges as Spark makes them give every row once, in order
Files of other writers (foreign_files.py), and our segments rewritten by them with their metadata
copied or dropped, in our reader: right, or refused by name.

Prints a line per reader and group of configurations, then a summary. Exit status 1 if anything
differs.
"""

import collections
import json
import pathlib
import re
import struct
import subprocess
import sys
import zlib

import datafusion
import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

import foreign_files

SCHEMA = ["ns", "key", "ts", "value"]
TYPES = pa.schema([("ns", pa.int64()), ("key", pa.large_binary()), ("ts", pa.int64()),
                   ("value", pa.large_binary())])

# Groups of configurations, by the beginnings of make_segments' names.
GROUPS = {
    "mixed_": "every codec; namespaces, versions, tombstones",
    "tiny_pages_": "every codec; 256-byte pages, small row groups",
    "compacted_": "every codec; value pages copied from another segment",
    "large_": "every codec; values of 10 MB, keys of 32,000 bytes",
    "one_row_": "every codec; one row",
    "tombstones": "tombstones only",
    "empty_values": "empty values",
    "no_rows": "range tombstones only, no rows",
    "no_filters": "no filters",
    "million": "a million rows",
}

Segment = collections.namedtuple("Segment", "path rows crc range_tombstones")


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


# Tables as pyarrow read them, once their checksum was right: what the others are compared with.
reference = {}


def with_pyarrow(segment):
    file = pq.ParquetFile(segment.path, page_checksum_verification=True)
    meta = file.metadata
    expect(file.schema_arrow.names == SCHEMA, "schema")
    expect([int(f.metadata[b"PARQUET:field_id"]) for f in file.schema_arrow] == [1, 2, 3, 4],
           "field ids")
    expect(meta.num_rows == segment.rows, "row count in the footer")
    expect(meta.created_by.startswith("veralith version"), "created_by")
    total, running = 0, 0
    tables = []
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
        if segment.rows <= 200_000:
            check_row_group_statistics(meta, group, table)
        tables.append(table.cast(TYPES))
    expect((total, running) == (segment.rows, segment.crc), "rows differ")
    reference[segment.path] = pa.concat_tables(tables) if tables else TYPES.empty_table()


def expect_table(segment, table):
    table = table.select(SCHEMA).cast(TYPES)
    expect(table.num_rows == segment.rows, "row count")
    expect(table.equals(reference[segment.path]), "rows differ")


def literal(key):
    return "'" + "".join(f"\\x{byte:02X}" for byte in key) + "'::BLOB"


def with_duckdb(segment):
    connection = duckdb.connect()
    connection.execute("SET threads TO 1")
    expect_table(segment, connection.sql(
        f"SELECT ns, key, ts, value FROM read_parquet('{segment.path}')").to_arrow_table())
    if segment.rows == 0 or "no_filters" in segment.path:
        return
    probe = "SELECT min(bloom_filter_excludes::INT), count(*) FROM " \
            "parquet_bloom_probe('{}', 'key', {})"
    present = reference[segment.path].column("key")[segment.rows // 2].as_py()
    excluded, _ = connection.execute(probe.format(segment.path, literal(present))).fetchone()
    expect(excluded == 0, "the bloom filter excludes a present key")
    absent = sum(
        connection.execute(probe.format(segment.path, literal(b"absent/%d" % i))).fetchone()[0]
        for i in range(40))
    expect(absent >= 20, f"the bloom filter excludes only {absent} of 40 absent keys")


def with_polars(segment):
    frame = polars.read_parquet(segment.path)
    expect(frame.columns == SCHEMA, "schema")
    expect_table(segment, frame.to_arrow())


def datafusion_context(path):
    """By default DataFusion drops field ids from the table's schema, then casts each column of the
    file, which has them, and so loses every bloom filter: hence skip_metadata=False."""
    context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(1))
    context.register_parquet("segment", path, skip_metadata=False)
    return context


def with_datafusion(segment):
    frame = datafusion_context(segment.path).sql("SELECT ns, key, ts, value FROM segment")
    batches = frame.collect()
    expect_table(segment, pa.Table.from_batches(batches) if batches else TYPES.empty_table())


def with_split_rule(segment):
    """parquet-java's rule, from the metadata: a range takes the row groups whose midpoint it holds."""
    meta = pq.ParquetFile(segment.path).metadata
    groups = []
    for g in range(meta.num_row_groups):
        group = meta.row_group(g)
        start = group.column(0).data_page_offset
        bytes_ = sum(group.column(c).total_compressed_size for c in range(4))
        groups.append((start + bytes_ // 2, group.num_rows))
        expect(start + bytes_ <= pathlib.Path(segment.path).stat().st_size, "row group's end")
    expect(groups == sorted(groups), "row groups lie in order")
    size = pathlib.Path(segment.path).stat().st_size
    for ranges in range(1, 20):
        rows = sum(n for i in range(ranges) for middle, n in groups
                   if size * i // ranges <= middle < size * (i + 1) // ranges)
        expect(rows == segment.rows, f"{ranges} ranges give {rows} rows")


READERS = {"pyarrow": with_pyarrow, "duckdb": with_duckdb, "polars": with_polars,
           "datafusion": with_datafusion, "split rule": with_split_rule}


# --- Predicates skip ----------------------------------------------------------------------------

def middle_key(segment):
    return reference[segment.path].column("key")[segment.rows // 2].as_py()


def pyarrow_skips(segment):
    fragment = next(pyarrow.dataset.dataset(segment.path).get_fragments())
    everything = len(fragment.row_groups)
    left = len(fragment.subset(pyarrow.dataset.field("key") == middle_key(segment)).row_groups)
    expect(everything > 1 and left == 1, f"{left} of {everything} row groups are left")
    return f"1 of {everything} row groups left"


def duckdb_skips(segment):
    connection = duckdb.connect()
    connection.execute("SET threads TO 1")
    profile = pathlib.Path(segment.path).with_name("profile.json")

    def scan(key):
        """Rows found, row groups scanned, row groups there are."""
        for setting in ("enable_profiling='json'", f"profiling_output='{profile}'",
                        "profiling_mode='detailed'"):
            connection.execute("SET " + setting)
        rows = connection.execute(f"SELECT value FROM read_parquet('{segment.path}') WHERE key = "
                                  + literal(key)).fetchall()
        connection.execute("PRAGMA disable_profiling")
        query = json.loads(profile.read_text())["query"]
        return len(rows), query["total_row_groups_scanned"], query["total_row_groups_to_scan"]

    rows, scanned, everything = scan(middle_key(segment))
    expect(rows == 1, "the predicate finds its row")
    expect(everything > 1 and scanned == 1, f"{scanned} of {everything} row groups scanned")
    # Absent keys within the bounds of a row group: only the bloom filter can rule them out.
    absent = [scan(middle_key(segment) + b"/%d" % i)[1] for i in range(20)]
    expect(absent.count(0) >= 15, f"the bloom filter rules out {absent.count(0)} of 20 absent keys")
    return f"1 of {everything} row groups scanned, none for {absent.count(0)} of 20 absent keys"


def datafusion_metric(plan, name):
    """(total, matched) of a pruning metric."""
    found = re.search(name + r"=([0-9.]+)( K)? total → ([0-9.]+)( K)? matched", plan)
    expect(found is not None, f"no metric {name}")
    scale = {" K": 1000, None: 1}
    return (float(found[1]) * scale[found[2]], float(found[3]) * scale[found[4]])


def datafusion_plan(segment, key):
    query = f"EXPLAIN ANALYZE SELECT value FROM segment WHERE key = X'{key.hex()}'"
    return datafusion_context(segment.path).sql(query).to_pydict()["plan"][-1]


def datafusion_skips(segment):
    plan = datafusion_plan(segment, middle_key(segment))
    groups, left = datafusion_metric(plan, "row_groups_pruned_statistics")
    expect(groups > 1 and left == 1, "statistics leave one row group")
    rows, rows_left = datafusion_metric(plan, "page_index_rows_pruned")
    expect(rows_left * 20 < rows, f"the page index leaves {rows_left} of {rows} rows")
    # As for DuckDB: absent keys within the bounds of a row group.
    ruled_out = 0
    for i in range(20):
        plan = datafusion_plan(segment, middle_key(segment) + b"/%d" % i)
        expect(datafusion_metric(plan, "row_groups_pruned_statistics")[1] == 1, "one row group left")
        ruled_out += datafusion_metric(plan, "row_groups_pruned_bloom_filter") == (1, 0)
    expect(ruled_out >= 15, f"the bloom filter rules out {ruled_out} of 20 absent keys")
    left = datafusion_metric(datafusion_plan(segment, middle_key(segment)),
                             "row_groups_pruned_bloom_filter")
    expect(left == (1, 1), "the bloom filter keeps the row group of a present key")
    return (f"1 of {groups:.0f} row groups left, {rows_left:.0f} of its {rows:.0f} rows by page "
            f"index, none by bloom filter for {ruled_out} of 20 absent keys")


SKIPPING = {"pyarrow": pyarrow_skips, "duckdb": duckdb_skips, "datafusion": datafusion_skips}


# --- Commands: parquet-java and our own reader ----------------------------------------------------

def run_java(classpath, segments):
    output = subprocess.run(
        ["java", "-cp", classpath, "SplitRanges"] + [s.path for s in segments],
        check=False, capture_output=True, text=True)
    expect(output.returncode == 0, output.stderr[-2000:])
    by_path = {s.path: s for s in segments}
    lines = output.stdout.splitlines()
    expect(len(lines) == 3 * len(segments), "a line per file and number of ranges")
    for line in lines:
        path, ranges, rows, crc = line.split("\t")
        expect((int(rows), int(crc)) == (by_path[path].rows, by_path[path].crc),
               f"{path} in {ranges} ranges: {rows} rows, or others")


def run_ours(command, paths):
    """Our reader's word on each file: {path: [code, ...]}."""
    output = subprocess.run([command] + paths, check=True, capture_output=True, text=True,
                            errors="replace")
    return {line.split("\t")[0]: line.split("\t")[1:] for line in output.stdout.splitlines()}


def expect_outcome(found, outcome, rows, crc):
    """`outcome`: "ok", or code, tab, words of the message."""
    if outcome == "ok":
        expect(found[0] == "ok", f"refused: {found}")
        expect((int(found[1]), int(found[2])) == (rows, crc), "rows differ")
    else:
        code, words = outcome.split("\t")
        expect(found[0] == code and words in found[1], f"expected {outcome!r}, got {found}")


# --- The report -----------------------------------------------------------------------------------

class Report:
    def __init__(self):
        self.checks = 0
        self.failures = 0

    def line(self, reader, group, check):
        """Runs check(); it returns what to print beside "ok", or raises."""
        self.checks += 1
        try:
            print(f"{reader:13} {group:52} ok  {check() or ''}".rstrip(), flush=True)
        except Exception as error:  # any failure of any reader is a finding
            self.failures += 1
            print(f"{reader:13} {group:52} FAILED  {error!r}", flush=True)


def check_each(check, segments):
    def run():
        for segment in segments:
            try:
                check(segment)
            except Exception as error:
                raise AssertionError(f"{pathlib.Path(segment.path).name}: {error!r}") from error
        return f"{len(segments)} files, {sum(s.rows for s in segments)} rows"
    return run


def check_our_segments(report, segments, ours, classpath):
    groups = {title: [s for s in segments if pathlib.Path(s.path).name.startswith(prefix)]
              for prefix, title in GROUPS.items()}
    assert sum(map(len, groups.values())) == len(segments)
    for reader, check in READERS.items():
        for title, members in groups.items():
            report.line(reader, title, check_each(check, members))
    for reader, check in SKIPPING.items():
        report.line(reader, "a predicate on key skips",
                    lambda check=check: check(groups["a million rows"][0]))

    def java():
        run_java(classpath, segments)
        return f"{len(segments)} files, each in 1, 2 and 7 ranges"

    if classpath:
        report.line("parquet-java", "all, in byte ranges as Spark makes them", java)
    else:
        print("parquet-java  not installed: see `split rule` above")

    def own(segment):
        found = run_ours(ours, [segment.path])[segment.path]
        expect_outcome(found, "ok", segment.rows, segment.crc)
        expect(int(found[3]) == segment.range_tombstones, "range tombstones")

    report.line("veralith", "all", check_each(own, segments))


def check_foreign_files(report, directory, ours):
    entries, outcomes = foreign_files.make(directory, 20_000, 5_000)
    rows, crc = checksum(entries)
    found = run_ours(ours, [str(directory / name) for name, _ in outcomes])
    for writer in ("pyarrow", "duckdb", "polars"):
        mine = [(n, o) for n, o in outcomes if n.startswith(writer)]
        for title, chosen in (("read right", [p for p in mine if p[1] == "ok"]),
                              ("refused by name", [p for p in mine if p[1] != "ok"])):
            def check(chosen=chosen):
                for name, outcome in chosen:
                    expect_outcome(found[str(directory / name)], outcome, rows, crc)
                return f"{len(chosen)} files"
            report.line(writer, f"its files in our reader: {title}", check)


REWRITTEN = ("mixed_lz4", "tiny_pages_zstd", "tombstones", "empty_values", "one_row_none", "no_rows",
             "large_snappy", "million")


def rewrite(segment, directory):
    """Yields (path, whether the metadata was copied)."""
    source = segment.path
    stem = pathlib.Path(source).stem
    table = pq.read_table(source)  # its schema carries the footer's metadata
    metadata = pq.ParquetFile(source).metadata.metadata
    path = directory / f"{stem}_pyarrow_copied.parquet"
    pq.write_table(table.replace_schema_metadata(metadata), path)
    yield path, True
    path = directory / f"{stem}_pyarrow_dropped.parquet"
    pq.write_table(table.replace_schema_metadata(None), path)
    yield path, False
    path = directory / f"{stem}_duckdb_dropped.parquet"
    connection = duckdb.connect()
    connection.execute(f"COPY (FROM read_parquet('{source}')) TO '{path}' (FORMAT parquet)")
    yield path, False
    pairs = ", ".join(f"\"{k.decode()}\": '{v.decode()}'" for k, v in metadata.items()
                      if k.startswith(b"veralith."))
    path = directory / f"{stem}_duckdb_copied.parquet"
    connection.execute(f"COPY (FROM read_parquet('{source}')) TO '{path}' "
                       f"(FORMAT parquet, KV_METADATA {{{pairs}}})")
    yield path, True
    path = directory / f"{stem}_polars_dropped.parquet"
    polars.read_parquet(source).write_parquet(path)
    yield path, False


def check_rewritten(report, segments, directory, ours):
    directory.mkdir(exist_ok=True)
    by_name = {pathlib.Path(s.path).stem: s for s in segments}
    for name in REWRITTEN:
        segment = by_name[name]

        def check(segment=segment):
            refused = 0
            for path, copied in rewrite(segment, directory):
                outcome = "ok"
                if copied and segment.range_tombstones:
                    outcome = "UNIMPLEMENTED\trange tombstones"
                    refused += 1
                try:
                    expect_outcome(run_ours(ours, [str(path)])[str(path)], outcome, segment.rows,
                                   segment.crc)
                except AssertionError as error:
                    raise AssertionError(f"{path.name}: {error}") from error
                path.unlink()
            return f"5 files, {refused} refused: they lack range tombstones" if refused else "5 files"
        report.line("veralith", f"{name} rewritten, metadata copied or dropped", check)


def main():
    if len(sys.argv) not in (3, 4):
        print(__doc__.strip().splitlines()[0], file=sys.stderr)
        return 2
    directory, ours = pathlib.Path(sys.argv[1]), sys.argv[2]
    segments = []
    for line in (directory / "MANIFEST.tsv").read_text().splitlines():
        name, rows, crc, range_tombstones = line.split("\t")
        segments.append(Segment(str(directory / name), int(rows), int(crc), int(range_tombstones)))
    report = Report()
    check_our_segments(report, segments, ours, sys.argv[3] if len(sys.argv) == 4 else None)
    check_foreign_files(report, directory / "foreign", ours)
    check_rewritten(report, segments, directory / "rewritten", ours)
    print(f"interop: {report.checks} checks, {report.failures} failed; pyarrow {pa.__version__}, "
          f"DuckDB {duckdb.__version__}, polars {polars.__version__}, "
          f"DataFusion {datafusion.__version__}")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
