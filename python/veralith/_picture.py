# SPDX-License-Identifier: Apache-2.0
"""The tree of a database as a small table of HTML, for notebooks."""

from __future__ import annotations

import html
from typing import Any

_WIDTH = 240  # pixels of the longest bar
_STYLE = "text-align:right;padding:2px 8px"


def bytes_text(count: float) -> str:
    """1536 as "1.5 KiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def _cells(cells: list[str]) -> str:
    return "".join(f'<td style="{_STYLE}">{cell}</td>' for cell in cells)


def _row(name: str, cells: list[str], size: int, largest: int, colour: str) -> str:
    width = round(_WIDTH * size / largest) if largest else 0
    bar = f'<div style="background:{colour};height:12px;width:{max(width, 1)}px"></div>'
    return (
        f'<tr><td style="text-align:left;padding:2px 8px">{name}</td>{_cells(cells)}'
        f'<td style="text-align:left;padding:2px 8px;min-width:{_WIDTH}px">{bar}</td></tr>'
    )


def tree_table(title: str, statistics: dict[str, Any]) -> str:
    """A row for memory and one for each level that holds something; a bar shows its bytes."""
    levels = [level for level in statistics["levels"] if level["files"]]
    memory = statistics["memtable_bytes"]
    largest = max([memory, *(level["bytes"] for level in levels)])
    head = "".join(
        f'<th style="{_STYLE}">{name}</th>' for name in ("", "runs", "files", "entries", "bytes", "")
    )
    rows = [_row("memory", ["", "", "", bytes_text(memory)], memory, largest, "#9ecae1")]
    for level in levels:
        cells = [
            f"{level['runs']:,}",
            f"{level['files']:,}",
            f"{level['entries']:,}",
            bytes_text(level["bytes"]),
        ]
        rows.append(_row(f"level {level['level']}", cells, level["bytes"], largest, "#3182bd"))
    return (
        f"<table><caption>{html.escape(title)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
