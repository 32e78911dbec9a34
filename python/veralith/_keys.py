# SPDX-License-Identifier: Apache-2.0
"""What databases, namespaces, snapshots and batches have in common: keys and their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, Union, overload

from veralith import _veralith
from veralith._errors import InvalidArgument, NotFound
from veralith._scan import Bounds, Bytes, Scan

if TYPE_CHECKING:
    from veralith._batch import Batch
    from veralith._snapshot import Snapshot

Default = TypeVar("Default")
Pairs = Union[Mapping[bytes, Bytes], Iterable["tuple[Bytes, Bytes]"]]

LAST_NAMESPACE = 2**63 - 1


def checked_namespace(namespace: int) -> int:
    """InvalidArgument: it is not from 0 to 2**63 - 1."""
    if not 0 <= namespace <= LAST_NAMESPACE:
        raise InvalidArgument(f"namespace {namespace} is not from 0 to 2**63 - 1")
    return namespace


class Reader:
    """Keys of one namespace, to be read like a dict.

    Keys and values are bytes; bytearray and memoryview are taken, too, and copied. Keys have at
    most 32,000 bytes, values 256 MiB.

    A read sees the newest state, or that of `snapshot` or `timestamp`. Further errors of each read:
    FailedPrecondition (the database is closed, the snapshot released), InvalidArgument (both
    snapshot and timestamp), OutOfRange (history of that timestamp is gone), DataLoss, Unavailable.
    """

    __slots__ = ("_at", "_core", "_ns")

    def __init__(
        self, core: _veralith.Database, ns: int, at: _veralith.Snapshot | None
    ) -> None:
        self._core = core
        self._ns = ns
        self._at = at

    def _moment(self, snapshot: Snapshot | None) -> _veralith.Snapshot | None:
        if snapshot is not None and self._at is not None:
            raise InvalidArgument("this is a snapshot already")
        return self._at if snapshot is None else snapshot._at

    @overload
    def get(
        self,
        key: Bytes,
        default: None = None,
        *,
        snapshot: Snapshot | None = None,
        timestamp: int | None = None,
    ) -> bytes | None: ...
    @overload
    def get(
        self,
        key: Bytes,
        default: Default,
        *,
        snapshot: Snapshot | None = None,
        timestamp: int | None = None,
    ) -> bytes | Default: ...
    def get(
        self,
        key: Bytes,
        default: Any = None,
        *,
        snapshot: Snapshot | None = None,
        timestamp: int | None = None,
    ) -> Any:
        """Returns the value of `key`, or `default` if it is absent."""
        found = self._core.get(self._ns, key, self._moment(snapshot), timestamp)
        return default if found is None else found

    def get_view(
        self, key: Bytes, *, snapshot: Snapshot | None = None, timestamp: int | None = None
    ) -> memoryview | None:
        """Returns the value as a read-only memoryview of the engine's own bytes; None: absent.

        Large values are not copied. It stays valid after the database is closed. Meanwhile at most
        one page or one memtable stays in memory.
        """
        return self._core.get_view(self._ns, key, self._moment(snapshot), timestamp)

    def get_with_timestamp(
        self, key: Bytes, *, snapshot: Snapshot | None = None, timestamp: int | None = None
    ) -> tuple[bytes, int] | None:
        """Returns the value and when it was written, in nanoseconds since 1970; None: absent."""
        return self._core.get_version(self._ns, key, self._moment(snapshot), timestamp)

    def get_many(
        self,
        keys: Iterable[Bytes],
        *,
        snapshot: Snapshot | None = None,
        timestamp: int | None = None,
    ) -> list[bytes | None]:
        """Returns the values of `keys` in their order, all of one moment; None: absent."""
        return self._core.get_many(self._ns, keys, self._moment(snapshot), timestamp)

    @overload
    def __getitem__(self, key: Bytes) -> bytes: ...
    @overload
    def __getitem__(self, key: slice) -> Scan[tuple[bytes, bytes]]: ...
    def __getitem__(self, key: Any) -> Any:
        """Returns the value of a key, or the scan of a slice.

        ``db[b"a":b"c"]`` yields pairs from b"a" on and before b"c"; ``db[b"c":b"a":-1]`` those from
        b"c" on, backwards, and before b"a" is reached. NotFound, a KeyError: the key is absent.
        """
        if isinstance(key, slice):
            return self._scan(Bounds.of_slice(key), _veralith.Shape.ITEMS)
        found = self._core.get(self._ns, key, self._moment(None), None)
        if found is None:
            raise NotFound(f"no key {bytes(key)!r}")
        return found

    def __contains__(self, key: object) -> bool:
        return self._core.contains(self._ns, key, self._moment(None), None)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.keys())

    def __reversed__(self) -> Iterator[bytes]:
        return iter(self.keys(reverse=True))

    def _scan(
        self,
        bounds: Bounds,
        shape: _veralith.Shape,
        *,
        namespace: int | None = None,
        snapshot: Snapshot | None = None,
        timestamp: int | None = None,
        fill_cache: bool = True,
    ) -> Scan[Any]:
        query = _veralith.query(
            self._ns if namespace is None else checked_namespace(namespace),
            bounds.lower,
            bounds.lower_included,
            bounds.upper,
            bounds.upper_included,
            bounds.reverse,
            self._moment(snapshot),
            timestamp,
            fill_cache,
        )
        return Scan(self._core, query, shape)

    def items(
        self,
        start: Bytes | None = None,
        end: Bytes | None = None,
        *,
        prefix: Bytes | None = None,
        reverse: bool = False,
        namespace: int | None = None,
        snapshot: Snapshot | None = None,
        timestamp: int | None = None,
        fill_cache: bool = True,
    ) -> Scan[tuple[bytes, bytes]]:
        """Returns a scan of pairs: keys from `start` on and before `end`, or all with `prefix`.

        `reverse` yields the same pairs, last one first. Without `fill_cache` pages that are read do
        not displace others from the cache: for large scans.
        """
        return self._scan(
            Bounds.of(start, end, prefix, reverse),
            _veralith.Shape.ITEMS,
            namespace=namespace,
            snapshot=snapshot,
            timestamp=timestamp,
            fill_cache=fill_cache,
        )

    def items_with_timestamps(
        self, start: Bytes | None = None, end: Bytes | None = None, **options: Any
    ) -> Scan[tuple[bytes, bytes, int]]:
        """Returns a scan of keys, values and when they were written. Options as of items()."""
        return self.items(start, end, **options)._as(_veralith.Shape.VERSIONS)

    def keys(
        self, start: Bytes | None = None, end: Bytes | None = None, **options: Any
    ) -> Scan[bytes]:
        """Returns a scan of keys, which reads no values. Options as of items()."""
        return self.items(start, end, **options)._as(_veralith.Shape.KEYS)

    def values(
        self, start: Bytes | None = None, end: Bytes | None = None, **options: Any
    ) -> Scan[bytes]:
        """Returns a scan of values, in the order of their keys. Options as of items()."""
        return self.items(start, end, **options)._as(_veralith.Shape.VALUES)


def range_of(keys: slice) -> tuple[Bytes, Bytes | None]:
    """The range that ``del db[start:stop]`` means."""
    if keys.step not in (None, 1):
        raise ValueError("a slice that is deleted has no step")
    return (b"" if keys.start is None else keys.start), keys.stop


class Writer(Reader):
    """Keys of one namespace, to be read and written like a dict.

    Each call is one commit. `sync`: True waits until it is on disk, False does not; None does as
    the database's option sync_mode says. Further errors of each write: FailedPrecondition (closed,
    read-only, or a log failed before), Unavailable, ResourceExhausted. After the latter two it is
    open whether the write survives a crash.
    """

    __slots__ = ()

    def put(self, key: Bytes, value: Bytes, *, sync: bool | None = None) -> None:
        """Sets `key` to `value`."""
        self._core.put(self._ns, key, value, sync)

    def delete(self, key: Bytes, *, sync: bool | None = None) -> None:
        """Deletes `key`. Not an error if it is absent."""
        self._core.delete(self._ns, key, sync)

    def delete_range(self, start: Bytes, end: Bytes | None, *, sync: bool | None = None) -> None:
        """Deletes the keys from `start` on and before `end`; None: to the end of the namespace.

        The cost does not depend on how many keys there are.
        """
        self._core.delete_range(self._ns, start, end, sync)

    def update(self, pairs: Pairs, *, sync: bool | None = None) -> int:
        """Sets all pairs of a mapping or iterable in one commit. Returns its timestamp."""
        batch = self.batch(sync=sync)
        for key, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            batch.put(key, value)
        return batch.commit()

    def batch(self, *, sync: bool | None = None) -> Batch:
        """Returns an empty batch of this namespace.

        ``with db.batch() as b:`` commits it at the end, as one atomic commit; an exception inside
        drops it instead.
        """
        from veralith._batch import Batch

        return Batch(self._core, self._ns, sync)

    def __setitem__(self, key: Bytes, value: Bytes) -> None:
        self._core.put(self._ns, key, value, None)

    def __delitem__(self, key: Bytes | slice) -> None:
        """Deletes a key, or the range of a slice. NotFound, a KeyError: the key is absent.

        The key is looked up first; delete() does without that.
        """
        if isinstance(key, slice):
            self.delete_range(*range_of(key))
        elif key in self:
            self.delete(key)
        else:
            raise NotFound(f"no key {bytes(key)!r}")


class Namespace(Writer):
    """One namespace of a database: keys of its own."""

    __slots__ = ()

    @property
    def number(self) -> int:
        """The namespace's number."""
        return self._ns

    def __repr__(self) -> str:
        return f"<veralith.Namespace {self._ns}>"
