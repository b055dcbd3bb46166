"""What tests of evaluation share: a machine without PyAV."""

from __future__ import annotations

from collections.abc import Iterator
import sys

import pytest

from slim_split_ros.coders import why_no_video_decoding, why_no_video_encoding


@pytest.fixture
def without_pyav(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let `import av` fail, and what was found out before be forgotten."""
    questions = why_no_video_encoding, why_no_video_decoding
    monkeypatch.setitem(sys.modules, 'av', None)
    for question in questions:
        question.cache_clear()
    yield
    monkeypatch.undo()
    for question in questions:
        question.cache_clear()
