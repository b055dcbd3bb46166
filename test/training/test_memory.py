"""Tensors of a training step lie in large pages, where Linux has them."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

import pytest

pytest.importorskip('torch')

pytestmark = pytest.mark.torch

SETTING = Path('/sys/kernel/mm/transparent_hugepage/enabled')
# In a process of its own: torch asks once. 512 MiB, written to.
PAGES = """
import resource
from slim_split_ros.training.memory import ask_for_large_pages
ask_for_large_pages()
import torch
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.ones(128, 1024, 1024)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_taken(**environment: str) -> int:
    ran = subprocess.run([sys.executable, '-c', PAGES], env={**os.environ, **environment},
                         capture_output=True, text=True, check=True)
    return int(ran.stdout)


@pytest.mark.skipif(not SETTING.is_file() or '[never]' in SETTING.read_text(),
                    reason='this kernel gives no large pages')
def test_large_pages_are_taken_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv('THP_MEM_ALLOC_ENABLE', raising=False)
    assert 2 * pages_taken() < pages_taken(THP_MEM_ALLOC_ENABLE='0')
