# SPDX-License-Identifier: Apache-2.0
"""The lines of docs/PYTHON.md, in the order of the page."""

import pathlib
import re

PAGE = pathlib.Path(__file__).parents[2] / "docs/PYTHON.md"


def test_the_page_does_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 9
    scope = {"__name__": "page"}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"block {number} of PYTHON.md", "exec"), scope)
