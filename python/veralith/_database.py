# SPDX-License-Identifier: Apache-2.0
"""Databases."""

from __future__ import annotations

import atexit
import difflib
import html
import os
import weakref
from typing import Any, Union

from veralith import _veralith
from veralith._keys import Namespace, Writer, checked_namespace
from veralith._picture import tree_table
from veralith._reports import nested
from veralith._scan import Bytes
from veralith._scope import Scope
from veralith._snapshot import Snapshot

Path = Union[str, "os.PathLike[str]"]
Option = Union[bool, int, float, str]

_open_databases: weakref.WeakSet[Database] = weakref.WeakSet()


class Database(Writer, Scope):
    """An open database; its own keys are those of namespace 0. Made by veralith.open().

    Any thread may call any method. Calls that may wait or read files run without the GIL. One
    process at a time writes. A child made by fork must not use it: each call is FailedPrecondition.

    Leave its with block, or call close(), and look at the error if there is one. What is still open
    when the interpreter ends is closed then.
    """

    __slots__ = ("__weakref__", "_path", "_process")

    def __init__(self, core: _veralith.Database, path: str) -> None:
        super().__init__(core, 0, None)
        self._path = path
        self._process = os.getpid()
        _open_databases.add(self)

    @property
    def path(self) -> str:
        """The directory, as it was given."""
        return self._path

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._core.closed

    def close(self) -> None:
        """Makes every write durable and stops; an error says what was not.

        Afterwards calls, iterations and Arrow streams are FailedPrecondition; memoryviews stay
        valid. A second call waits for the first.
        """
        _open_databases.discard(self)
        self._core.close()

    def _leave(self, failed: bool) -> None:
        self.close()

    def namespace(self, number: int) -> Namespace:
        """Returns the keys of another namespace (0 to 2**63 - 1). It need not exist yet."""
        return Namespace(self._core, checked_namespace(number), None)

    def namespaces(
        self, *, snapshot: Snapshot | None = None, timestamp: int | None = None
    ) -> list[int]:
        """Lists the numbers of the namespaces that hold a key, ascending.

        Costs a seek for each namespace, however many keys it has.
        """
        return self._core.namespaces(self._moment(snapshot), timestamp)

    def snapshot(self, timestamp: int | None = None) -> Snapshot:
        """Holds the newest state, or the one as of `timestamp` (nanoseconds since 1970).

        OutOfRange: that history is gone, or not there yet.
        """
        return Snapshot(self._core, self._core.snapshot(timestamp))

    def sync(self) -> None:
        """Makes every write so far durable."""
        self._core.sync()

    def flush(self) -> None:
        """Writes what is in memory to segments, durably, and waits for it."""
        self._core.flush()

    def compact(
        self,
        start: Bytes | None = None,
        end: Bytes | None = None,
        *,
        namespace: int | None = None,
    ) -> None:
        """Moves keys from `start` on and before `end` to the last level, and waits for it.

        Without `namespace`: all keys of all namespaces. Cost: reads and writes all of that data.
        """
        if namespace is None and (start is not None or end is not None):
            namespace = 0
        ns = None if namespace is None else checked_namespace(namespace)
        self._core.compact(ns, start, end)

    def wait_for_background_work(self) -> None:
        """Waits until no flush or compaction is due, or raises the error of one that failed."""
        self._core.wait_for_background_work()

    def resume(self) -> None:
        """Tries failed background work again at once; call it when the cause is cured."""
        self._core.resume()

    def pause_background_work(self) -> None:
        """Waits for running flushes and compactions, and starts no others until continued."""
        self._core.pause_background_work()

    def continue_background_work(self) -> None:
        """Takes back one pause. FailedPrecondition: there is none."""
        self._core.continue_background_work()

    def set_background_rate(self, bytes_per_second: int) -> None:
        """Limits what flushes and compactions write, from now on; 0: no limit."""
        self._core.set_background_rate(bytes_per_second)

    def checkpoint(self, directory: Path) -> None:
        """Makes a consistent copy that opens as a database of its own.

        Segments are linked where the file system can, and copied elsewhere. AlreadyExists: there is
        something in its place.
        """
        self._core.checkpoint(os.fspath(directory))

    def publish(
        self,
        table: Path,
        *,
        at: int | None = None,
        namespace: int | None = None,
        format_version: int = 0,
        keep: int = 0,
        keep_nanos: int = 0,
        location: str = "",
    ) -> dict[str, Any]:
        """Publishes the database as a snapshot of the Apache Iceberg table in the folder `table`.

        Makes the table if there is none; its parent exists. Readers see what a scan sees now, or at
        the timestamp `at`. Data files are links to the segments where the file system can link.
        Older snapshots stay readable; `keep` of the newest ones stay, and those younger than
        `keep_nanos`. Without either all stay, and with both those that either keeps.

        `namespace` shows one alone. `format_version` is 2 or 3; 0: the table's own, 2 for a new
        one. `location` is the URI under which readers find a new table, if that is not the folder.

        Returns ``rows``, ``metadata_file`` and further names of PublishReport in
        include/veralith/iceberg.h.

        Errors: OutOfRange (history of `at` is gone), FailedPrecondition (another call publishes
        there, or the table is not this database's), InvalidArgument. Cost: flushes, then reads all
        keys and timestamps.
        """
        ns = None if namespace is None else checked_namespace(namespace)
        report = self._core.publish(
            os.fspath(table), at, ns, format_version, keep, keep_nanos, location
        )
        return nested(report)

    def check(self) -> None:
        """Verifies every checksum and rule of the live segments; DataLoss names the first damage."""
        self._core.check()

    @property
    def last_timestamp(self) -> int:
        """The newest commit's timestamp, in nanoseconds since 1970; 0: there is none."""
        return self._core.last_timestamp()

    def advance_clock(self, timestamp: int) -> None:
        """Makes later commits newer than `timestamp`, which came from elsewhere.

        InvalidArgument: it is too far ahead (option max_clock_skew_nanos).
        """
        self._core.advance_clock(timestamp)

    def statistics(self) -> dict[str, Any]:
        """Returns counters and the shape of the tree: ``statistics()["levels"][0]["bytes"]``.

        The names are those of include/veralith/statistics.h; sizes are bytes.
        """
        return nested(self._core.statistics())

    def __repr__(self) -> str:
        return f"<veralith.Database {self._path!r}, {'closed' if self.closed else 'open'}>"

    def _repr_html_(self) -> str:
        """The tree as a table, for notebooks."""
        if self.closed:
            return html.escape(repr(self))
        return tree_table(self._path, self.statistics())


@atexit.register
def _close_all() -> None:
    for database in list(_open_databases):
        if database._process == os.getpid():
            database.close()


def _option_text(value: Option) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def open(path: Path, **options: Option) -> Database:
    """Opens, creates or recovers the database in the directory `path`, whose parent must exist.

    Options have the names and values of docs/OPTIONS.md, and options() lists them:
    ``veralith.open("data", read_only=True, bottom_codec="zstd")``.

    Cost: replays the log, in proportion to its bytes.

    Errors: DataLoss (damage; nothing was changed), FailedPrecondition (another process has it
    open), NotFound (create_if_missing=False, or read_only, and there is none), AlreadyExists
    (error_if_exists), InvalidArgument (an option), Unimplemented (a newer version wrote it);
    TypeError (no option has that name).
    """
    names = [option[0] for option in _veralith.options()]
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f": did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"no option has the name {name!r}{hint}")
    directory = os.fspath(path)
    texts = [(name, _option_text(value)) for name, value in options.items()]
    return Database(_veralith.Database.open(directory, texts), directory)
