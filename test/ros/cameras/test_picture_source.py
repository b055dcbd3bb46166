"""Tests of folders, videos and devices as sources of pictures."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from slim_split_ros.ros.cameras.picture_source import open_source, timed_pictures
from slim_split_ros.ros.errors import StartError


def grey(level: int) -> np.ndarray:
    return np.full((48, 64, 3), level, np.uint8)


def test_a_folder_gives_its_images_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, level in (('b.png', 20), ('a.png', 10), ('c.jpg', 30)):
        cv2.imwrite(str(tmp_path / name), grey(level))
    (tmp_path / 'notes.txt').write_text('no image')
    levels = [int(picture.mean()) for picture in open_source(str(tmp_path)).pictures()]
    assert levels == [10, 20, 30]


def test_a_video_gives_its_pictures_at_its_rate(tmp_path: Path) -> None:
    path = tmp_path / 'clip.avi'
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.0, (64, 48))
    for level in (10, 20, 30):
        video.write(grey(level))
    video.release()
    frames = list(timed_pictures(open_source(str(path)), fps=0.0, loops=False))
    assert [frame.due_s for frame in frames] == pytest.approx([0.0, 0.04, 0.08])
    assert [frame.frame.mean() for frame in frames] == pytest.approx([10, 20, 30], abs=3)


def test_a_looping_source_goes_on_in_time_and_starts_again_in_content(tmp_path: Path) -> None:
    for level in (10, 20):
        cv2.imwrite(str(tmp_path / f'{level}.png'), grey(level))
    frames = list(islice(timed_pictures(open_source(str(tmp_path)), 5.0, loops=True), 3))
    assert [int(frame.frame.mean()) for frame in frames] == [10, 20, 10]
    assert [frame.due_s for frame in frames] == pytest.approx([0.0, 0.2, 0.4])


def test_what_is_no_source_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(StartError, match='nowhere does not exist'):
        open_source(str(tmp_path / 'nowhere'))
    with pytest.raises(StartError, match='holds no images'):
        open_source(str(tmp_path))
    text = tmp_path / 'text.mp4'
    text.write_text('no video')
    with pytest.raises(StartError, match='text.mp4 cannot be opened as a video'):
        open_source(str(text))


def test_a_damaged_image_is_named_when_its_turn_comes(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), grey(10))
    (tmp_path / 'b.png').write_bytes(b'\x89PNG')
    pictures = open_source(str(tmp_path)).pictures()
    next(pictures)
    with pytest.raises(StartError, match='b.png cannot be decoded'):
        next(pictures)
