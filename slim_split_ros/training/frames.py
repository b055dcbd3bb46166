"""Frames out of sources of any length: evenly chosen as they come, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

Progress = Callable[[Iterable, str], Iterable]

_JPEG_QUALITY = 97


def keep_evenly(frames: Iterable[np.ndarray], wanted: int, folder: Path) -> list[Path]:
    """
    Write at most `wanted` frames, uint8 (H, W, 3), BGR; return their files in order of time.

    They lie evenly among all that come, whose number nobody knows before; twice as many lie on
    disk meanwhile.
    """
    folder.mkdir(parents=True)
    kept: list[Path] = []
    step = 1
    for number, frame in enumerate(frames):
        if number % step:
            continue
        kept.append(write_frame(folder / f'{number:08d}.jpg', frame))
        if len(kept) == 2 * wanted:
            kept, step = _only(kept, set(range(0, len(kept), 2))), 2 * step
    places = np.linspace(0, len(kept) - 1, min(wanted, len(kept))).round().astype(int)
    return _only(kept, set(places.tolist()))


def _only(files: list[Path], places: set[int]) -> list[Path]:
    """Remove the files at other places."""
    for place, file in enumerate(files):
        if place not in places:
            file.unlink()
    return [file for place, file in enumerate(files) if place in places]


def write_frame(file: Path, frame: np.ndarray) -> Path:
    """Write a frame as JPEG and return its file; raises OSError."""
    # Not imwrite: it says of a full disk nothing but False.
    _, data = cv2.imencode('.jpg', frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    file.write_bytes(data.tobytes())
    return file
