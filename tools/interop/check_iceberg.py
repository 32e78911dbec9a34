#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_iceberg.py VERALITH DIRECTORY: published tables in readers that are not ours.

VERALITH is the command. In DIRECTORY a database gets rows in three namespaces, updates, deletes and
range deletes, and is published after each step, in format 2 and in format 3. Every reader must see,
of the newest snapshot and of each older one, exactly the rows (ns, key, ts, value) that
`veralith scan` showed when it was published.

  pyiceberg  a static table from the metadata file; also a predicate on ns and key, and which data
             files it plans to read
  DuckDB     iceberg_scan, with the extension from PyPI; the newest version by the hint
  polars     scan_iceberg, with its own reader and with pyiceberg's

Prints a line per reader and format. Exit status 1 if anything differs.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys

os.environ["POLARS_ICEBERG_PLANNER"] = "pyiceberg"  # its own is another package

import duckdb
import polars
from pyiceberg.expressions import And, EqualTo
from pyiceberg.table import StaticTable

NAMESPACES = 3


class Database:
    def __init__(self, command, directory):
        self.command, self.directory = command, directory

    def run(self, *words, text=None):
        return subprocess.run([self.command, *map(str, words)], input=text, check=True,
                              capture_output=True, text=True).stdout

    def load(self, rows):
        lines = [json.dumps({"ns": ns, "key": key, "value": value}) for ns, key, value in rows]
        self.run("load", self.directory, text="\n".join(lines))

    def scan(self):
        rows = []
        for ns in range(NAMESPACES):
            for line in self.run("scan", self.directory, "--json", "--ns", ns).splitlines():
                row = json.loads(line)
                rows.append((row["ns"], as_bytes(row, "key"), row["timestamp"], as_bytes(row, "value")))
        return rows

    def publish(self, table, version):
        out = self.run("publish", self.directory, "--to", table, "--format", version)
        snapshot = int(out.split("snapshot ")[1].split()[0])
        return snapshot, out.splitlines()[-1], out


def as_bytes(row, name):
    text = row.get(f"{name}_base64")
    return row[name].encode() if text is None else base64.b64decode(text)


def steps(db):
    """Changes the database, a step at a time."""
    def value(number, of):
        return f"value {number} of {of} " + "x" * (number % 50)
    db.load([(ns, f"key{n:06}", value(n, "first")) for ns in range(NAMESPACES) for n in range(3000)])
    yield "rows"
    db.load([(n % 3, f"key{n:06}", value(n, "second")) for n in range(0, 3000, 2)])
    db.run("delete", db.directory, "key000007")
    db.run("delete-range", db.directory, "--from", "key000100", "--before", "key000400", "--ns", 1)
    yield "updates and deletes"
    db.load([(1, f"key{n:06}", value(n, "third")) for n in range(150, 250)])
    db.run("delete-range", db.directory, "--from", "key002990", "--ns", 2)
    yield "rows in a deleted range"
    db.run("compact", db.directory)
    yield "a compaction"
    db.load([(0, "zzz", "last")])
    yield "one row more"


def rows_of(table):
    """Rows of an Arrow table, by key."""
    columns = [table.column(name).to_pylist() for name in ["ns", "key", "ts", "value"]]
    return sorted(zip(*columns))


def with_pyiceberg(table, metadata, snapshot):
    return rows_of(StaticTable.from_metadata(metadata).scan(snapshot_id=snapshot).to_arrow())


def with_polars(reader):
    def read(table, metadata, snapshot):
        frame = polars.scan_iceberg(metadata, snapshot_id=snapshot, reader_override=reader)
        return rows_of(frame.collect().to_arrow())
    return read


def duckdb_with_iceberg():
    connection = duckdb.connect()
    for name in ["avro", "iceberg"]:
        package = pathlib.Path(__import__(f"duckdb_extension_{name}").__file__).parent
        extension = next(package.rglob(f"{name}.duckdb_extension"))
        connection.execute(f"LOAD '{extension}'")
    return connection


def with_duckdb(connection):
    def read(table, metadata, snapshot):
        source = f"iceberg_scan('{table}', snapshot_from_id={snapshot})"
        query = f"select ns, key, ts, value from {source} order by ns, key"
        return connection.execute(query).fetchall()
    return read


def check_predicate(metadata, snapshot, rows):
    """A predicate gives its rows, and bounds of ns leave data files out."""
    table = StaticTable.from_metadata(metadata)
    key = b"key001500"
    scan = table.scan(row_filter=And(EqualTo("ns", 1), EqualTo("key", key)), snapshot_id=snapshot)
    found = rows_of(scan.to_arrow())
    expected = [row for row in rows if row[:2] == (1, key)]
    absent = len(list(table.scan(row_filter=EqualTo("ns", 77)).plan_files()))
    return found == expected and absent == 0


def check_queries(command, directory, connection):
    """The queries of the documents (tables.sql), over a database without range deletes."""
    db = Database(command, directory / "fruit")
    db.load([(0, "apple", "red"), (0, "cherry", "red"), (1, "leek", "green")])
    table = directory / "fruit-table"
    db.publish(table, 2)
    before = db.scan()
    db.load([(0, "apple", "green")])
    db.run("delete", db.directory, "cherry")
    db.publish(table, 2)
    text = (pathlib.Path(__file__).parent / "tables.sql").read_text()
    shown, newest, now, then = (
        connection.execute(query.replace("TABLE", str(table)).replace("DIR", str(db.directory))
                           .replace("/tmp/fruit-table", str(table))).fetchall()
        for query in text.strip().split("\n\n"))
    rows = db.scan()
    words = [(ns, key.decode(), ts, value.decode()) for ns, key, ts, value in rows]
    def pairs(of):
        return sorted((key.decode(), value.decode()) for _, key, _, value in of)
    equal = (sorted(shown) == words and sorted(newest) == rows and sorted(now) == pairs(rows) and
             sorted(then) == pairs(before))
    print("DuckDB, the documents' queries: " + ("as they should be" if equal else "WRONG"))
    return 0 if equal else 1


def check(command, directory, version, readers):
    db = Database(command, directory / f"db{version}")
    table = directory / f"table{version}"
    published = []
    wrong = 0
    for what in steps(db):
        snapshot, metadata, out = db.publish(table, version)
        published.append((snapshot, what, db.scan()))
    for name, read in readers.items():
        errors = []
        for snapshot, what, rows in published:
            try:
                seen = read(table, metadata, snapshot)
            except Exception as error:  # any reader's own
                errors.append(f"{what}: {type(error).__name__}: {error}")
                continue
            if seen != rows:
                errors.append(f"{what}: {len(seen)} rows for {len(rows)}, or other ones")
        wrong += len(errors)
        print(f"{name}, format {version}: " + ("; ".join(errors) if errors else
              f"{len(published)} snapshots equal, of {len(published[-1][2])} rows the newest"))
    if not check_predicate(metadata, *published[-1][::2]):
        print(f"pyiceberg, format {version}: a predicate on ns and key gives other rows or files")
        wrong += 1
    return wrong


def main():
    command, directory = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    connection = duckdb_with_iceberg()
    readers = {"pyiceberg": with_pyiceberg, "polars (native)": with_polars("native"),
               "polars (pyiceberg)": with_polars("pyiceberg"),
               "DuckDB": with_duckdb(connection)}
    wrong = sum(check(command, directory, version, readers) for version in [2, 3])
    wrong += check_queries(command, directory, connection)
    print("tables: " + ("all equal" if wrong == 0 else f"{wrong} DIFFER"))
    raise SystemExit(wrong > 0)


main()
