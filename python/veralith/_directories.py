# SPDX-License-Identifier: Apache-2.0
"""What works on databases that are closed, and the list of options."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from veralith import _veralith
from veralith._database import Path
from veralith._reports import nested


@dataclasses.dataclass(frozen=True)
class OptionInfo:
    """An option of veralith.open()."""

    name: str
    default: str
    limits: str
    unit: str
    sentence: str


def options() -> list[OptionInfo]:
    """Lists the options of open(), with their defaults and limits."""
    return [OptionInfo(*option) for option in _veralith.options()]


def check(directory: Path) -> dict[str, Any]:
    """Verifies every file of a closed database, and reports all damage that it finds.

    Returns ``damage`` and ``notes`` (lists of texts), and how many ``files``, ``bytes``,
    ``entries`` and ``log_records`` were checked. Cost: reads every byte, twice.

    Errors: NotFound (no database), FailedPrecondition (a writer has it open).
    """
    return nested(_veralith.check(os.fspath(directory)))


def repair(
    source: Path, target: Path, *, behind_damage: bool = False, dry_run: bool = False
) -> dict[str, Any]:
    """Builds the best database that a damaged directory allows, in the directory `target`.

    `source` is only read. `behind_damage` takes sound log records after damage, too; `dry_run`
    reports only. Returns what was ``kept``, ``lost`` and ``left_out``, ``risks`` and ``notes``, and
    counts: the names are those of include/veralith/repair.h.

    Errors: NotFound (no database), DataLoss (nothing to recover), FailedPrecondition (a writer has
    it open), AlreadyExists (`target` is not empty), InvalidArgument (`target` is inside `source`).
    """
    report = _veralith.repair(os.fspath(source), os.fspath(target), behind_damage, dry_run)
    return nested(report)
