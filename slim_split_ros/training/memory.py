"""How large are the pages that training's tensors lie in?"""

from __future__ import annotations

import os

# Read by torch when it first takes memory: c10/core/impl/alloc_cpu.cpp.
_TORCH_OPTION = 'THP_MEM_ALLOC_ENABLE'


def ask_for_large_pages() -> None:
    """
    Let torch ask Linux for pages of 2 MiB, unless the environment says otherwise.

    A step on a processor takes and gives back gigabytes, and what the kernel does for pages of
    4 KiB is a quarter of its time. To be called before torch is imported.
    """
    os.environ.setdefault(_TORCH_OPTION, '1')
