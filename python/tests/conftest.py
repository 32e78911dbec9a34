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
