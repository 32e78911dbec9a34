#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_tutorial.py TUTORIAL: DuckDB gives the rows that docs/TUTORIAL.md shows.

TUTORIAL is the program of that page as a command. Its two checkpoints are asked with the page's
query (newest_rows.sql). Exit status 1 if a result differs.
"""

import pathlib
import subprocess
import sys
import tempfile

import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = "/tmp/veralith-tutorial/copy"


def plain_blocks(text):
    """What stands between fences that name no language."""
    fenced = text.split("\n```")[1:]  # in turn: after an opening fence, after a closing one
    return [block[1:] for block in fenced[::2] if block.startswith("\n")]


def main():
    page = (ROOT / "docs/TUTORIAL.md").read_text()
    query = (ROOT / "tools/interop/newest_rows.sql").read_text()
    shown = plain_blocks(page[page.index("\n## Ask DuckDB\n"):])
    wrong = 0 if COPY in query and query in page else 1
    with tempfile.TemporaryDirectory() as folder:
        home = folder + "/tutorial"
        subprocess.run([sys.argv[1], home], check=True, stdout=subprocess.DEVNULL)
        for name, expected in zip(("copy", "compacted"), shown, strict=True):
            rows = duckdb.sql(query.replace(COPY, f"{home}/{name}")).fetchall()
            right = "\n".join("|".join(row) for row in rows) == expected
            print(f"duckdb        the tutorial's {name:38} {'ok' if right else 'FAILED'}")
            wrong += 0 if right else 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
