"""Tests of folders, videos and devices as sources of pictures."""

from __future__ import annotations

from itertools import islice
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from slim_split_ros.ros.cameras.omissions import Omissions
from slim_split_ros.ros.cameras.picture_source import (
    PictureSource,
    check_source,
    open_source,
    timed_pictures,
)
from slim_split_ros.ros.errors import StartError


def grey(level: int) -> np.ndarray:
    return np.full((48, 64, 3), level, np.uint8)


def levels_of(source: PictureSource, told: list[str] | None = None, rounds: int = 1) -> list[int]:
    """Return the brightness of the pictures; what is left out is told to the list."""
    omissions = Omissions(([] if told is None else told).append)
    levels = []
    for _ in range(rounds):
        levels += [int(picture.mean()) for picture in source.pictures(omissions)]
        omissions.end_round()
    return levels


def none_left_out() -> Omissions:
    """Return omissions that fail the test if there is any."""
    return Omissions(pytest.fail)


def test_a_folder_gives_its_images_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, level in (('b.png', 20), ('a.png', 10), ('c.jpg', 30)):
        cv2.imwrite(str(tmp_path / name), grey(level))
    (tmp_path / 'notes.txt').write_text('no image')
    assert levels_of(open_source(str(tmp_path))) == [10, 20, 30]


def test_numbers_without_leading_zeros_count(tmp_path: Path) -> None:
    for number in (9, 10, 100, 2):
        cv2.imwrite(str(tmp_path / f'frame{number}.png'), grey(number))
    assert levels_of(open_source(str(tmp_path))) == [2, 9, 10, 100]


def test_names_in_seconds_are_in_the_order_of_time(tmp_path: Path) -> None:
    for level, name in ((20, '1700000009.25'), (40, '1700000010.9'), (10, '1700000009.2'),
                        (30, '1700000010.1234567')):
        cv2.imwrite(str(tmp_path / f'{name}.png'), grey(level))
    assert levels_of(open_source(str(tmp_path))) == [10, 20, 30, 40]


def test_a_picture_whose_name_is_not_utf_8_is_one(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), grey(10))
    (tmp_path / 'a.png').rename(tmp_path / os.fsdecode(b'b\xff.png'))
    assert levels_of(open_source(str(tmp_path))) == [10]


def test_what_is_left_out_is_told_in_utf_8_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b'b\xff.png')).write_bytes(b'')
    cv2.imwrite(str(tmp_path / 'a.png'), grey(10))
    told: list[str] = []
    assert levels_of(open_source(str(tmp_path)), told) == [10]
    assert 'b\\udcff.png' in told[0]


def test_a_picture_that_was_cut_is_left_out(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.jpg'), grey(10))
    content = cv2.imencode('.jpg', np.random.default_rng(0).integers(
        0, 256, (480, 640, 3), np.uint8))[1].tobytes()
    (tmp_path / 'b.jpg').write_bytes(content[:len(content) // 2])
    told: list[str] = []
    assert levels_of(open_source(str(tmp_path)), told) == [10]
    assert 'b.jpg' in told[0]


@pytest.mark.parametrize('source', [
    '~nobody-of-this-name/a.mp4', os.fsdecode(b'/nowhere/b\xff.mp4')])
def test_a_name_that_names_nothing_is_refused(source: str) -> None:
    with pytest.raises(StartError, match='does not exist|UTF-8'):
        open_source(source)


def test_a_video_gives_its_pictures_at_its_rate(tmp_path: Path) -> None:
    path = tmp_path / 'clip.avi'
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.0, (64, 48))
    for level in (10, 20, 30):
        video.write(grey(level))
    video.release()
    frames = list(timed_pictures(open_source(str(path)), 0.0, False, none_left_out()))
    assert [frame.due_s for frame in frames] == pytest.approx([0.0, 0.04, 0.08])
    assert [frame.frame.mean() for frame in frames] == pytest.approx([10, 20, 30], abs=3)


def test_a_video_that_was_cut_gives_what_is_left_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / 'clip.avi'
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.0, (64, 48))
    for level in range(100):
        video.write(grey(level))
    video.release()
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])
    said: list[str] = []
    count = len(list(open_source(str(path)).pictures(Omissions(said.append))))
    assert 0 < count < 100
    assert len(said) == 1 and f'{count} of 100 frames cannot be decoded' in said[0]


def test_a_looping_source_goes_on_in_time_and_starts_again_in_content(tmp_path: Path) -> None:
    for level in (10, 20):
        cv2.imwrite(str(tmp_path / f'{level}.png'), grey(level))
    frames = list(islice(
        timed_pictures(open_source(str(tmp_path)), 5.0, True, none_left_out()), 3))
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


def test_damaged_images_are_left_out_counted_and_said_once(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'b.png'), grey(10))
    (tmp_path / 'a.png').write_bytes(b'\x89PNG')
    (tmp_path / 'c.jpg').touch()
    (tmp_path / 'd.ppm').write_bytes(b'P6\n60000 60000\n255\n')
    told: list[str] = []

    assert levels_of(open_source(str(tmp_path)), told, rounds=3) == [10, 10, 10]

    assert told == [
        f'{tmp_path / "a.png"} cannot be decoded as an image: it is left out',
        '3 of this source are left out']


def test_hidden_files_and_folders_are_not_pictures(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.jpg'), grey(10))
    (tmp_path / '._a.jpg').write_bytes(b'\0\5\26\7')
    (tmp_path / '.DS_Store').write_bytes(b'\0')
    (tmp_path / 'more.jpg').mkdir()
    told: list[str] = []
    assert levels_of(open_source(str(tmp_path)), told) == [10]
    assert not told


def test_a_folder_with_nothing_but_hidden_files_holds_no_images(tmp_path: Path) -> None:
    (tmp_path / '._a.jpg').write_bytes(b'\0\5\26\7')
    with pytest.raises(StartError, match='holds no images'):
        open_source(str(tmp_path))


@pytest.mark.parametrize('loops', [True, False])
def test_a_source_of_which_nothing_decodes_ends(tmp_path: Path, loops: bool) -> None:
    (tmp_path / 'a.png').write_bytes(b'\x89PNG')
    source = open_source(str(tmp_path))
    with pytest.raises(StartError, match=f'{tmp_path} gives no pictures'):
        next(timed_pictures(source, 0.0, loops, Omissions(lambda text: None)))
    with pytest.raises(StartError, match='gives no pictures'):
        check_source(str(tmp_path))


def test_a_video_whose_pictures_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'clip.avi'
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.0, (64, 48))
    video.write(grey(10))
    video.release()
    # What a codec that is not there looks like: a whole container with frames of an unknown kind.
    path.write_bytes(path.read_bytes().replace(b'MJPG', b'HEVC'))
    with pytest.raises(StartError, match=r'clip\.avi gives no pictures'):
        check_source(str(path))


def test_the_first_omission_is_said_at_once_and_one_is_not_counted() -> None:
    told: list[str] = []
    omissions = Omissions(told.append)
    omissions.add('a')
    assert told == ['a: it is left out']
    omissions.end_round()
    omissions.add('a')
    omissions.end_round()
    assert told == ['a: it is left out']
