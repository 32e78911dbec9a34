# SPDX-License-Identifier: Apache-2.0
"""The engine's reports, which are flat lists of names and texts, as dicts and lists."""

from __future__ import annotations

from typing import Any

# Members that are texts, whatever they look like; the others are numbers.
_TEXTS = {
    "background_error",
    "damage",
    "file",
    "left_out",
    "metadata_file",
    "notes",
    "pending_compaction",
    "recovery_report",
    "risks",
    "stall_reason",
    "what",
}
_FRACTIONS = {"score", "space_amplification_at_most", "write_amplification"}


def _value(path: list[str], text: str) -> int | float | str:
    name = path[-2] if path[-1].isdigit() else path[-1]
    if name in _TEXTS:
        return text
    return float(text) if name in _FRACTIONS else int(text)


def _lists(node: Any) -> Any:
    """Turns a dict of "count", "0", "1" and so on into a list."""
    if not isinstance(node, dict):
        return node
    if "count" in node:
        return [_lists(node[str(i)]) for i in range(node["count"])]
    return {name: _lists(child) for name, child in node.items()}


def nested(entries: list[tuple[str, str]]) -> dict[str, Any]:
    """Nests entries such as ("levels.0.files", "3")."""
    root: dict[str, Any] = {}
    for name, text in entries:
        path = name.split(".")
        node = root
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = _value(path, text)
    result: dict[str, Any] = _lists(root)
    return result
