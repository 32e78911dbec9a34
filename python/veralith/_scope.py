# SPDX-License-Identifier: Apache-2.0
"""What a with block does at its end."""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

Self = TypeVar("Self", bound="Scope")


class Scope:
    """Base of what is used in a with block."""

    __slots__ = ()

    def _leave(self, failed: bool) -> None:
        """Ends the block; `failed`: an exception leaves it."""
        raise NotImplementedError

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave(kind is not None)
