"""Answer which pictures a folder, a video file or a video device gives, and how often."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from slim_split_ros.ros.cameras.frame_pump import TimedFrame
from slim_split_ros.ros.errors import StartError

SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.ppm', '.tif', '.tiff', '.webp')
_FOLDER_FPS = 10.0
_DEVICES = Path('/dev')


class PictureSource(Protocol):
    """Give pictures, uint8 (H, W, 3), BGR."""

    fps: float

    def pictures(self) -> Iterator[np.ndarray]:
        """Yield every picture once, from the first."""


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """Give the images of a folder in the order of their names."""

    files: tuple[Path, ...]
    fps: float = _FOLDER_FPS

    def pictures(self) -> Iterator[np.ndarray]:
        """Yield every image; one that cannot be decoded raises StartError naming the file."""
        for file in self.files:
            picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
            if picture is None:
                raise StartError(f'{file} cannot be decoded as an image: remove or replace it')
            yield picture


@dataclass(frozen=True, slots=True)
class Video:
    """Give the pictures of a video file or device."""

    path: Path
    fps: float

    def pictures(self) -> Iterator[np.ndarray]:
        """Yield every picture; each call opens the video anew."""
        video = _open_video(self.path)
        try:
            while (read := video.read())[0]:
                yield read[1]
        finally:
            video.release()


def open_source(source: str) -> PictureSource:
    """Find out what a path is; StartError says what is missing."""
    path = Path(source).expanduser()
    if path.is_dir():
        files = tuple(sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES))
        if not files:
            raise StartError(f'{path} holds no images ({", ".join(SUFFIXES)})')
        return ImageFolder(files)
    if not path.exists():
        raise StartError(f'{path} does not exist: name a folder of images, a video file or a '
                         'device such as /dev/video0')
    video = _open_video(path)
    fps = video.get(cv2.CAP_PROP_FPS)
    video.release()
    return Video(path, fps if 0.0 < fps <= 240.0 else _FOLDER_FPS)


def timed_pictures(
    source: PictureSource, fps: float, loops: bool
) -> Iterator[TimedFrame[np.ndarray]]:
    """Yield pictures with their times; fps 0 means the source's own rate."""
    period_s = 1.0 / (fps or source.fps)
    numbers = count()
    while True:
        for picture in source.pictures():
            yield TimedFrame(next(numbers) * period_s, picture)
        if not loops:
            return


def _open_video(path: Path) -> cv2.VideoCapture:
    is_device = _DEVICES in path.parents
    video = cv2.VideoCapture(str(path), cv2.CAP_V4L2 if is_device else cv2.CAP_ANY)
    if not video.isOpened():
        remedy = 'is it in use, and may this user read it?' if is_device else (
            'its format is unknown to OpenCV: convert it, for instance to MP4')
        raise StartError(f'{path} cannot be opened as a video: {remedy}')
    return video
