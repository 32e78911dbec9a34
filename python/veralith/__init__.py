# SPDX-License-Identifier: Apache-2.0
"""Veralith: an embedded, ordered key-value store with snapshots.

    import veralith

    with veralith.open("fruit") as db:
        db[b"apple"] = b"red"
        for key, value in db[b"a":b"b"]:
            print(key, value)

Keys and values are bytes. docs/PYTHON.md is the tour.
"""

from veralith._batch import Batch
from veralith._database import Database, open
from veralith._directories import OptionInfo, check, options, repair
from veralith._errors import (
    Aborted,
    AlreadyExists,
    DataLoss,
    Error,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    OutOfRange,
    ResourceExhausted,
    Unavailable,
    Unimplemented,
)
from veralith._keys import Namespace, Reader, Writer
from veralith._scan import Scan
from veralith._snapshot import Snapshot
from veralith._veralith import version as __version__

__all__ = [
    "Aborted",
    "AlreadyExists",
    "Batch",
    "DataLoss",
    "Database",
    "Error",
    "FailedPrecondition",
    "Internal",
    "InvalidArgument",
    "Namespace",
    "NotFound",
    "OptionInfo",
    "OutOfRange",
    "Reader",
    "ResourceExhausted",
    "Scan",
    "Snapshot",
    "Unavailable",
    "Unimplemented",
    "Writer",
    "__version__",
    "check",
    "open",
    "options",
    "repair",
]
