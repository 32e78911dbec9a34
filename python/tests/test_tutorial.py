# SPDX-License-Identifier: Apache-2.0
"""The lines of Python in documents, in the order of each page."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize(("page", "least"), [("docs/PYTHON.md", 9), ("README.md", 1)])
def test_a_page_does_what_it_says(page, least, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= least
    scope = {"__name__": "page"}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"block {number} of {page}", "exec"), scope)
