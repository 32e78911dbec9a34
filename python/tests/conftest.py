# SPDX-License-Identifier: Apache-2.0

import pathlib
from collections.abc import Iterator

import pytest

import veralith


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "db"


@pytest.fixture
def db(path: pathlib.Path) -> Iterator[veralith.Database]:
    with veralith.open(path) as database:
        yield database


@pytest.fixture
def damaged_segment(path: pathlib.Path) -> str:
    """Makes a database whose one segment has a wrong byte in its last values. Returns its name."""
    with veralith.open(path, bottom_codec="none", upper_codec="none") as database:
        database.update((b"%04d" % i, b"v" * 100) for i in range(1000))
        database.compact()
    (segment,) = path.glob("*.parquet")
    data = bytearray(segment.read_bytes())
    data[data.rindex(b"v" * 100)] ^= 1
    segment.write_bytes(data)
    return segment.name
