# SPDX-License-Identifier: Apache-2.0
"""Errors: one class for each code of the engine, all of them Error."""

from __future__ import annotations

__all__ = [
    "Aborted",
    "AlreadyExists",
    "DataLoss",
    "Error",
    "FailedPrecondition",
    "Internal",
    "InvalidArgument",
    "NotFound",
    "OutOfRange",
    "ResourceExhausted",
    "Unavailable",
    "Unimplemented",
]


class Error(Exception):
    """What the engine refuses or could not do. The first argument is its message."""


class InvalidArgument(Error, ValueError):
    """An argument is outside its limits. Nothing was done."""


class NotFound(Error, KeyError):
    """There is no such key, or no such database."""

    __str__ = Exception.__str__  # KeyError would show the message with quotes


class AlreadyExists(Error):
    """There is a database or directory where a new one was to be made."""


class ResourceExhausted(Error):
    """Memory, room on disk or file descriptors ran out."""


class FailedPrecondition(Error):
    """The database is closed or taken by another process, or must not be written to."""


class Aborted(Error):
    """The call was cancelled."""


class OutOfRange(Error):
    """The history of the timestamp is gone, or not there yet."""


class Unimplemented(Error, NotImplementedError):
    """A newer version wrote something that this one cannot read."""


class Internal(Error):
    """The engine contradicts itself: please report it."""


class Unavailable(Error):
    """The disk reported an error, or a write waited too long."""


class DataLoss(Error):
    """Bytes on disk are not what was written. Names the file and the offset."""


# By the numbers of absl::StatusCode.
_CLASSES: dict[int, type[Error]] = {
    3: InvalidArgument,
    5: NotFound,
    6: AlreadyExists,
    8: ResourceExhausted,
    9: FailedPrecondition,
    10: Aborted,
    11: OutOfRange,
    12: Unimplemented,
    13: Internal,
    14: Unavailable,
    15: DataLoss,
}


def error_of(code: int, message: str) -> Error:
    """Makes the error of a status."""
    return _CLASSES.get(code, Error)(message)
