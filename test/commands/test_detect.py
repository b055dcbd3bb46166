"""Does `detect` show how a detector was understood and what it finds?"""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

import cv2
import numpy as np
from onnx import TensorProto

from support.detector_graphs import PICTURE, constant_graph, save


def _detect(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'slim_split_ros', 'detect', *map(str, arguments)],
        capture_output=True, text=True, timeout=60)


def _detector(folder: Path) -> Path:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [64, 128, 256, 512, 0.9, 2]
    return save(constant_graph({'output0': rows}, TensorProto.FLOAT, (1, 3, 640, 640)), folder)


def test_what_is_found_is_printed_written_and_drawn(tmp_path: Path) -> None:
    picture = tmp_path / 'street.png'
    cv2.imwrite(str(picture), PICTURE)
    answer = _detect('--detector', _detector(tmp_path), picture, '--json', tmp_path / 'a.json',
                     '--output', tmp_path / 'out')

    assert answer.returncode == 0
    assert 'end_to_end: 640x640' in answer.stdout
    assert f'{picture}: car 0.900 at 64.0, 48.0, 192.0, 384.0' in answer.stdout
    assert json.loads((tmp_path / 'a.json').read_text())['detections'] == [
        {'picture': str(picture), 'box': [64.0, 48.0, 192.0, 384.0], 'score': 0.9, 'class': 'car'}]
    assert (cv2.imread(str(tmp_path / 'out' / 'street.png')) != PICTURE).any()


def test_picture_that_cannot_be_read_costs_itself_alone(tmp_path: Path) -> None:
    good, bad = tmp_path / 'good.png', tmp_path / 'bad.png'
    cv2.imwrite(str(good), PICTURE)
    bad.write_bytes(good.read_bytes()[:1000])

    answer = _detect('--detector', _detector(tmp_path), bad, tmp_path / 'none.png', good)

    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 2
    assert 'bad.png' in answer.stderr and 'none.png' in answer.stderr
    assert '1 detections in 1 pictures' in answer.stdout


def test_picture_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    upright = cv2.imencode('.jpg', np.full((64, 48, 3), 90, np.uint8))[1].tobytes()
    # APP1 with one entry: orientation (0x112), a short, 6: to be turned by a quarter.
    exif = b'Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0'
    picture = tmp_path / 'turned.jpg'
    picture.write_bytes(
        upright[:2] + b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif + upright[2:])

    assert _detect('--detector', _detector(tmp_path), picture, '--output', tmp_path / 'out'
                   ).returncode == 0

    assert cv2.imread(str(tmp_path / 'out' / 'turned.png')).shape == (48, 64, 3)


def test_file_that_is_no_detector_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / 'a.onnx'
    file.write_bytes(b'no graph')

    answer = _detect('--detector', file, tmp_path / 'street.png')

    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    assert str(file) in answer.stderr


def test_pictures_of_one_name_are_drawn_beside_one_another(tmp_path: Path) -> None:
    pictures = [tmp_path / folder / name for folder, name in (
        ('first', 'a.png'), ('second', 'a.png'), ('first', 'a_2.png'))]
    for picture in pictures:
        picture.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(picture), PICTURE)

    answer = _detect('--detector', _detector(tmp_path), *pictures, '--output', tmp_path / 'out')

    assert answer.returncode == 0
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {
        'a.png', 'a_2.png', 'a_2_2.png'}


def test_what_cannot_be_drawn_or_is_a_folder_costs_itself_alone(tmp_path: Path) -> None:
    (tmp_path / 'out' / 'taken.png').mkdir(parents=True)
    for name in ('taken.png', 'free.png'):
        cv2.imwrite(str(tmp_path / name), PICTURE)

    answer = _detect('--detector', _detector(tmp_path), tmp_path / 'taken.png', tmp_path,
                     tmp_path / 'free.png', '--output', tmp_path / 'out')

    assert answer.returncode == 1
    drawn, folder = answer.stderr.splitlines()
    assert 'taken.png' in drawn
    assert f'{tmp_path} is a folder: give the pictures in it' in folder
    assert (tmp_path / 'out' / 'free.png').is_file()
