"""Tests of letting library code go, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
from pathlib import Path
import sys

import cv2
import numpy as np

from slim_split_ros.ros.resident_pages import release_code_pages


def resident_kb(kind):
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind))


image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
small = cv2.resize(image, (2, 2))
before = [resident_kb('RssAnon'), resident_kb('RssFile')]
release_code_pages()
after = [resident_kb('RssAnon'), resident_kb('RssFile')]
assert np.array_equal(cv2.resize(image, (2, 2)), small)
print(*before, *after)
"""


def test_code_leaves_memory_and_still_runs() -> None:
    finished = subprocess.run(
        [sys.executable, '-c', _PROGRAM], capture_output=True, text=True, check=True)
    data_before, code_before, data_after, code_after = map(int, finished.stdout.split())
    assert code_after < 0.6 * code_before
    assert data_after == pytest.approx(data_before, abs=2048)
