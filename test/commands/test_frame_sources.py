"""What do commands take of a source, and what do they leave out?"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from slim_split_ros.bags import BagError
from slim_split_ros.commands.frame_sources import check_source, name_content, read_frames
from slim_split_ros.ros.errors import StartError


def write_video(path: Path, width: int, height: int) -> Path:
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (width, height))
    writer.write(np.zeros((height, width, 3), np.uint8))
    writer.release()
    return path


def test_a_picture_that_no_model_takes_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(list(read_frames(str(write_video(tmp_path / 'a.avi', 8192, 16)), ''))) == 1
    assert not list(read_frames(str(write_video(tmp_path / 'b.avi', 8208, 16)), ''))
    assert 'b.avi: a picture of 8208x16 pixels, no side may be longer than 8192: it is left out' \
        in capsys.readouterr().out


@pytest.mark.parametrize(('name', 'error'), [
    ('missing.mp4', StartError), ('a\udcff.mcap', StartError), ('broken.mcap', BagError),
    ('broken.mp4', StartError)])
def test_what_is_no_source_is_known_before_anything_is_read(
    name: str, error: type[Exception], tmp_path: Path
) -> None:
    if name != 'missing.mp4':
        (tmp_path / name).write_bytes(b'nothing')
    with pytest.raises(error):
        check_source(str(tmp_path / name), '')


def test_what_reading_itself_leaves_behind_is_no_other_content(tmp_path: Path) -> None:
    (tmp_path / 'a.db3').touch()
    before = name_content(str(tmp_path))
    (tmp_path / 'a.db3-shm').touch()
    assert name_content(str(tmp_path)) == before
    os.truncate(tmp_path / 'a.db3', 1)
    assert name_content(str(tmp_path)) != before


def test_what_is_no_picture_is_no_content_of_a_folder_of_them(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((8, 8, 3), np.uint8))
    before = name_content(str(tmp_path))
    (tmp_path / 'adapt.log').write_text('what tee writes meanwhile')
    (tmp_path / '.DS_Store').touch()
    assert name_content(str(tmp_path)) == before and len(before) == 1
    (tmp_path / 'b.jpg').touch()
    assert len(name_content(str(tmp_path))) == 2


def test_a_text_is_no_video_and_a_colon_no_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path('notes.txt').write_text('a line\n' * 20)
    with pytest.raises(StartError, match='notes.txt cannot be opened as a video'):
        check_source('notes.txt', '')
    video = cv2.VideoWriter(
        str(tmp_path / '10:15.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (64, 48))
    for _ in range(3):
        video.write(np.zeros((48, 64, 3), np.uint8))
    video.release()
    assert len(list(read_frames('10:15.avi', ''))) == 3
