# SPDX-License-Identifier: Apache-2.0
"""Snapshots: the state of a database at one moment."""

from __future__ import annotations

from veralith import _veralith
from veralith._keys import Reader, checked_namespace
from veralith._scope import Scope


class Snapshot(Reader, Scope):
    """The state of a database at one moment, to be read like a dict that never changes.

    Made by Database.snapshot(). Release it, or leave its with block, when it is no longer needed:
    until then the versions that it sees stay on disk. Iterations that began before go on.
    """

    __slots__ = ()

    _at: _veralith.Snapshot

    def __init__(self, core: _veralith.Database, held: _veralith.Snapshot) -> None:
        super().__init__(core, 0, held)

    @property
    def timestamp(self) -> int:
        """It sees exactly the commits up to this one (nanoseconds since 1970)."""
        return self._at.timestamp

    def namespace(self, number: int) -> Reader:
        """Returns the keys of another namespace, at the same moment."""
        return Reader(self._core, checked_namespace(number), self._at)

    def namespaces(self) -> list[int]:
        """Lists the numbers of the namespaces that hold a key at this moment, ascending."""
        return self._core.namespaces(self._at, None)

    def release(self) -> None:
        """Lets go of the moment. Reads are FailedPrecondition from now on."""
        self._at.release()

    def _leave(self, failed: bool) -> None:
        self.release()

    def __repr__(self) -> str:
        state = "released" if self._at.released else f"at {self.timestamp}"
        return f"<veralith.Snapshot {state}>"
