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
