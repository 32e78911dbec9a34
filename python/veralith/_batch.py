# SPDX-License-Identifier: Apache-2.0
"""Batches: writes that commit together."""

from __future__ import annotations

from veralith import _veralith
from veralith._errors import FailedPrecondition
from veralith._keys import checked_namespace, range_of
from veralith._scan import Bytes
from veralith._scope import Scope


class Batch(Scope):
    """Writes that commit together: atomic for readers, snapshots and crashes, with one timestamp.

    They apply in order; of several on one key the last one counts. Keys put after a range delete
    stay. At most 1 GiB of keys and values. One thread at a time (FailedPrecondition otherwise).
    """

    __slots__ = ("_core", "_ns", "_operations", "_sync", "_timestamp")

    def __init__(self, core: _veralith.Database, ns: int, sync: bool | None) -> None:
        self._core = core
        self._ns = ns
        self._sync = sync
        self._operations = _veralith.Batch()
        self._timestamp: int | None = None

    def _namespace(self, namespace: int | None) -> int:
        return self._ns if namespace is None else checked_namespace(namespace)

    def put(self, key: Bytes, value: Bytes, *, namespace: int | None = None) -> None:
        """Sets `key` to `value`."""
        self._operations.put(self._namespace(namespace), key, value)

    def delete(self, key: Bytes, *, namespace: int | None = None) -> None:
        """Deletes `key`, if it is there."""
        self._operations.delete(self._namespace(namespace), key)

    def delete_range(
        self, start: Bytes, end: Bytes | None, *, namespace: int | None = None
    ) -> None:
        """Deletes the keys from `start` on and before `end`; None: to the end of the namespace."""
        self._operations.delete_range(self._namespace(namespace), start, end)

    def __setitem__(self, key: Bytes, value: Bytes) -> None:
        self.put(key, value)

    def __delitem__(self, key: Bytes | slice) -> None:
        if isinstance(key, slice):
            self.delete_range(*range_of(key))
        else:
            self.delete(key)

    def __len__(self) -> int:
        """The number of writes."""
        return self._operations.count

    def __bool__(self) -> bool:
        return True

    @property
    def bytes(self) -> int:
        """The bytes of all keys and values."""
        return self._operations.bytes

    @property
    def timestamp(self) -> int | None:
        """The timestamp of the commit, in nanoseconds since 1970; None: not committed yet."""
        return self._timestamp

    def clear(self) -> None:
        """Drops all writes."""
        self._operations.clear()

    def commit(self) -> int:
        """Commits the writes and returns the commit's timestamp.

        An empty batch commits nothing and returns the newest commit's timestamp.
        FailedPrecondition: it was committed before.
        """
        if self._timestamp is not None:
            raise FailedPrecondition("the batch was committed before")
        self._timestamp = self._core.write(self._operations, self._sync)
        return self._timestamp

    def _leave(self, failed: bool) -> None:
        if failed:
            self.clear()
        elif self._timestamp is None:
            self.commit()

    def __repr__(self) -> str:
        state = "committed" if self._timestamp is not None else "not committed"
        return f"<veralith.Batch of {len(self)} writes, {state}>"
