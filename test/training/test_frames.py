"""Are frames kept evenly, whatever the length of a source, and never many at a time?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip('torch')

from slim_split_ros.training.frames import keep_evenly  # noqa: E402


def numbered(count: int, folder: Path, on_disk: list[int]) -> Iterator[np.ndarray]:
    for number in range(count):
        on_disk.append(len(list(folder.glob('*'))))
        yield np.full((16, 16, 3), number % 250, np.uint8)


@pytest.mark.parametrize(('count', 'wanted'), [(5, 8), (8, 8), (100, 8), (1000, 30)])
def test_frames_lie_evenly_from_the_first_to_near_the_last(
    count: int, wanted: int, tmp_path: Path
) -> None:
    on_disk: list[int] = []

    files = keep_evenly(numbered(count, tmp_path / 'kept', on_disk), wanted, tmp_path / 'kept')

    numbers = [int(file.stem) for file in files]
    gaps = np.diff(numbers)
    assert len(files) == min(count, wanted) == len(list((tmp_path / 'kept').iterdir()))
    assert numbers[0] == 0 and numbers[-1] > count - 1 - 2 * count / wanted
    assert gaps.max() <= 2 * max(1, gaps.min())
    assert max(on_disk) <= 2 * wanted
    assert cv2.imread(str(files[-1]))[0, 0, 0] == pytest.approx(numbers[-1] % 250, abs=2)
