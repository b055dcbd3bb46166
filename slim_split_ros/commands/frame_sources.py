"""Recordings, videos and folders of images as frames, for the commands that look at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def read_frames(source: str, topic: str) -> Iterator[np.ndarray]:
    """
    Yield uint8 (H, W, 3), BGR; what cannot be read, or is too large, is said and left out.

    Raises BagError or StartError naming the source.
    """
    from slim_split_ros.bags import is_bag, read_pictures
    from slim_split_ros.ros.cameras.omissions import Omissions
    from slim_split_ros.ros.cameras.picture_source import open_source
    from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE

    check_source(source, topic)
    path, omissions = Path(os.path.expanduser(source)), Omissions(print)
    for frame in (read_pictures(path, topic, omissions.add) if is_bag(path)
                  else open_source(source).pictures(omissions)):
        height, width = frame.shape[:2]
        if max(height, width) > MAX_IMAGE_SIDE:
            omissions.add(f'{source}: a picture of {width}x{height} pixels, no side may be longer '
                          f'than {MAX_IMAGE_SIDE}')
        else:
            yield frame
    omissions.end_round()


def check_source(source: str, topic: str) -> None:
    """Raise BagError or StartError, naming the source, where it is none or cannot be opened."""
    from slim_split_ros.bags import find_image_topic, is_bag
    from slim_split_ros.ros.cameras.picture_source import open_source
    from slim_split_ros.ros.errors import StartError
    from slim_split_ros.wire.utf8 import is_utf8

    path = Path(os.path.expanduser(source))
    if not is_utf8(source):  # pages and cards could not name it
        raise StartError(f'{source!r} is not written in UTF-8: rename the file or folder')
    if not os.path.exists(path):  # unlike pathlib it lets names pass that are too long
        raise StartError(
            f'{source} does not exist: name a recording, a video file or a folder of images')
    if not (os.path.isfile(path) or os.path.isdir(path)):
        raise StartError(f'{source} is a device, which never ends: record it first')
    if is_bag(path):
        find_image_topic(path, topic)
    else:
        open_source(source)


def name_content(source: str) -> list:
    """Return what is read of a source, files with sizes and times, which change when it does."""
    from slim_split_ros.bags import find_files, is_bag
    from slim_split_ros.ros.cameras.picture_source import is_picture

    path = Path(os.path.expanduser(source))
    if not os.path.exists(path):  # unlike pathlib it lets names pass that are too long
        return []
    if is_bag(path):
        # Of a bag whose recorder was killed, SQLite keeps a part beside it.
        files = [part for file in find_files(path) for part in (file, Path(f'{file}-wal'))]
    else:
        files = sorted(filter(is_picture, path.iterdir())) if path.is_dir() else [path]
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns]
            for file in files if file.is_file()]


def keep_frames(sources: list[str], topic: str, wanted: int, folder: Path) -> list[list[Path]]:
    """Write so many frames, evenly of all sources together; return the files of each source."""
    from slim_split_ros.training.frames import keep_evenly

    share = max(1, wanted // len(sources))
    return [
        keep_evenly(show_progress(read_frames(source, topic), f'reading {source}'), share,
                    folder / f'{number:03d}')
        for number, source in enumerate(sources)]


def show_progress(items: Iterable, name: str) -> Iterable:
    """Pass items on and show how far they are."""
    import sys

    from tqdm import tqdm

    # A file that the output goes to would otherwise get thousands of bars.
    return tqdm(items, name, leave=False, mininterval=0.5 if sys.stderr.isatty() else 60.0)
