"""Which pictures does a folder, a video file or a video device give, and how often?"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
import os
from pathlib import Path
import re
from typing import Protocol

import cv2
import numpy as np

from slim_split_ros.ros.cameras.frame_pump import TimedFrame
from slim_split_ros.ros.cameras.omissions import Omissions
from slim_split_ros.ros.errors import StartError
from slim_split_ros.wire.errors import PictureError
from slim_split_ros.wire.picture_header import is_jpeg_or_png, read_picture_size
from slim_split_ros.wire.utf8 import is_utf8

SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.ppm', '.tif', '.tiff', '.webp')
_FOLDER_FPS = 10.0
_CUT_SHARE = 0.98  # of the frames that a file promises; a guess may be off by some
_DEVICES = Path('/dev')
_TEXTS = ('.csv', '.json', '.log', '.md', '.txt', '.yaml', '.yml')


class PictureSource(Protocol):
    """Give pictures, uint8 (H, W, 3), BGR."""

    path: Path
    fps: float

    def pictures(self, omissions: Omissions) -> Iterator[np.ndarray]:
        """Yield every picture once, from the first; tell of those that cannot be decoded."""


class ImageFolder:
    """Give the images of a folder in the order of their names, numbers in them counted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fps = _FOLDER_FPS
        # In the order of time, which numbers without leading zeros have too.
        self._files = sorted(filter(is_picture, path.iterdir()), key=_natural)
        if not self._files:
            raise StartError(f'{path} holds no images ({", ".join(SUFFIXES)})')

    def pictures(self, omissions: Omissions) -> Iterator[np.ndarray]:
        """Yield every image that can be decoded; the others are not tried again."""
        for file in tuple(self._files):
            picture = _decode(file)
            if picture is None:
                omissions.add(f'{file} cannot be decoded as an image')
                self._files.remove(file)
            else:
                yield picture


@dataclass(frozen=True, slots=True)
class Video:
    """Give the pictures of a video file or device."""

    path: Path
    fps: float

    def pictures(self, omissions: Omissions) -> Iterator[np.ndarray]:
        """Yield every picture; each call opens the video anew."""
        video = _open_video(self.path)
        # Files that do not say how many guess it, by a rate that is none for some.
        promised, count = video.get(cv2.CAP_PROP_FRAME_COUNT) if _fps_of(video) else 0, 0
        try:
            while (read := video.read())[0]:
                count += 1
                yield read[1]
        finally:
            video.release()
        if count < _CUT_SHARE * promised:
            omissions.add(f'what else {self.path} holds than {count} of {promised:.0f} frames '
                          'cannot be decoded')


def open_source(source: str) -> PictureSource:
    """Find out what a path is; StartError says what is missing."""
    path = Path(os.path.expanduser(source))
    if not is_utf8(source):  # OpenCV crashes on it
        raise StartError(f'{source!r} is not written in UTF-8: rename the file or folder')
    if os.path.isdir(path):
        return ImageFolder(path)
    if not os.path.exists(path):  # unlike pathlib it lets names pass that are too long
        raise StartError(f'{path} does not exist: name a folder of images, a video file or a '
                         'device such as /dev/video0')
    video = _open_video(path)
    fps = _fps_of(video) or _FOLDER_FPS
    video.release()
    return Video(path, fps)


def check_source(source: str) -> None:
    """Raise StartError unless pictures can be expected; a device is opened, but not read."""
    opened = open_source(source)
    if not _is_device(opened.path):
        next(timed_pictures(opened, opened.fps, False, Omissions(lambda text: None)))


def timed_pictures(
    source: PictureSource, fps: float, loops: bool, omissions: Omissions
) -> Iterator[TimedFrame[np.ndarray]]:
    """Yield pictures with their times; fps 0 means the source's own rate; StartError if none."""
    period_s = 1.0 / (fps or source.fps)
    numbers = count()
    while True:
        was_empty = True
        for picture in source.pictures(omissions):
            was_empty = False
            yield TimedFrame(next(numbers) * period_s, picture)
        if was_empty:
            raise StartError(f'{source.path} gives no pictures that OpenCV can decode: '
                             f'{_remedy(source.path)}')
        omissions.end_round()
        if not loops:
            return


def _natural(path: Path) -> tuple[list[tuple[str, int, str]], str]:
    # 10 comes after 9; of seconds since 1970, not all as long, .25 before .3.
    parts = re.findall(r'(\D*)(\d*)((?:(?<=\d{9})\.\d+)?)', path.name)
    return [(text, int(digits or 0), fraction) for text, digits, fraction in parts], path.name


def is_picture(path: Path) -> bool:
    """Tell an image by its name."""
    # ._a.jpg beside a.jpg is what macOS leaves on foreign disks.
    return (path.suffix.lower() in SUFFIXES and not path.name.startswith('.')
            and path.is_file())


def _fps_of(video: cv2.VideoCapture) -> float:
    """Return the rate that a video has, 0 where it says none or one that cannot be."""
    fps = video.get(cv2.CAP_PROP_FPS)
    return fps if 0.0 < fps <= 240.0 else 0.0


def _decode(file: Path) -> np.ndarray | None:
    # OpenCV's imread crashes on names that are not UTF-8, and fills what a cut JPEG lacks.
    try:
        content = file.read_bytes()
        if is_jpeg_or_png(content):
            read_picture_size(content)
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, PictureError, cv2.error):
        return None


def _is_device(path: Path) -> bool:
    return _DEVICES in path.parents


def _open_video(path: Path) -> cv2.VideoCapture:
    # Of a relative name with a colon FFmpeg takes what is before it for a protocol; what is no
    # video at all, such as a text, it would draw.
    place = str(path.absolute())
    video = cv2.VideoCapture(place, cv2.CAP_V4L2 if _is_device(path) else cv2.CAP_ANY)
    if not video.isOpened() or path.suffix.lower() in _TEXTS:
        raise StartError(f'{path} cannot be opened as a video: {_remedy(path)}')
    return video


def _remedy(path: Path) -> str:
    if _is_device(path):
        return 'is it in use, and may this user read it?'
    return 'convert it, for instance to MP4 with H.264, or to PNG'
