# SPDX-License-Identifier: Apache-2.0
"""Scans: what slices, items(), keys() and values() return."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Generic, TypeVar, Union

from veralith import _veralith

Bytes = Union[bytes, bytearray, memoryview]
Row = TypeVar("Row")


def _end_of_prefix(prefix: bytes) -> bytes | None:
    """The first key after all that begin with `prefix`; None: there is no end."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None


@dataclasses.dataclass(frozen=True)
class Bounds:
    """A range of keys, and the direction in which it is read."""

    lower: Bytes | None = None
    upper: Bytes | None = None
    lower_included: bool = True
    upper_included: bool = False
    reverse: bool = False

    @classmethod
    def of(
        cls, start: Bytes | None, end: Bytes | None, prefix: Bytes | None, reverse: bool
    ) -> Bounds:
        """The keys from `start` on and before `end`, or those that begin with `prefix`."""
        if prefix is None:
            return cls(start, end, reverse=reverse)
        if start is not None or end is not None:
            raise TypeError("give either a prefix, or start and end")
        return cls(bytes(prefix), _end_of_prefix(bytes(prefix)), reverse=reverse)

    @classmethod
    def of_slice(cls, keys: slice) -> Bounds:
        """Reads a slice as Python does: from `start` on, without `stop`, backwards if step is -1."""
        if keys.step in (None, 1):
            return cls(keys.start, keys.stop)
        if keys.step != -1:
            raise ValueError("the step of a slice of keys is 1 or -1")
        return cls(keys.stop, keys.start, lower_included=False, upper_included=True, reverse=True)


class Scan(Generic[Row]):
    """Rows of one namespace, in the order of their keys.

    Iterate over it as often as you like: each time it reads the newest state anew, unless it was
    made with a snapshot or timestamp. One iteration sees one moment, whatever is written meanwhile.

    It is an Arrow stream, too (``__arrow_c_stream__``), with the columns ns (int64), key (binary),
    ts (int64, nanoseconds since 1970) and value (binary): DuckDB, polars and pyarrow take it as it
    is. Rows come in the scan's direction.

    Cost: rows are read ahead without the GIL, up to 1024 of them or 256 KiB. An iteration holds the
    files that it reads until it ends or is dropped.

    Errors: FailedPrecondition once the database is closed; DataLoss, Unavailable.
    """

    __slots__ = ("_batch_bytes", "_batch_rows", "_core", "_query", "_shape")

    def __init__(
        self,
        core: _veralith.Database,
        query: _veralith.Query,
        shape: _veralith.Shape,
        batch_rows: int = 16_384,
        batch_bytes: int = 1 << 20,
    ) -> None:
        self._core = core
        self._query = query
        self._shape = shape
        self._batch_rows = batch_rows
        self._batch_bytes = batch_bytes

    def _as(self, shape: _veralith.Shape) -> Scan[Any]:
        return Scan(self._core, self._query, shape, self._batch_rows, self._batch_bytes)

    def __iter__(self) -> Iterator[Row]:
        return self._core.rows(self._query, self._shape)

    def count(self) -> int:
        """Counts the rows by reading their keys, without the GIL."""
        return self._core.count(self._query)

    def batches(self, rows: int = 16_384, bytes: int = 1 << 20) -> Scan[Row]:
        """The same scan, whose Arrow batches end at so many rows or bytes of keys and values.

        A batch has at least one row, so it may have more bytes by one row.
        """
        if rows < 1 or bytes < 1:
            raise ValueError("a batch has at least one row and one byte")
        return Scan(self._core, self._query, self._shape, rows, bytes)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """A PyCapsule of an ArrowArrayStream. `requested_schema` is ignored, as Arrow allows."""
        return self._core.stream(self._query, self._batch_rows, self._batch_bytes)
