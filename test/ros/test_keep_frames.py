"""Tests of keeping undamaged images on the robot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import shutil
import struct
import time
from typing import Any

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import SetBool

from slim_split_ros.ros.keep_frames import FrameStore
from support.processes import Process
from support.ros_peer import LIMIT_S, Peer
from support.split_system import SENSOR_DATA, image_message, start_node

pytestmark = pytest.mark.ros

GRADIENT = np.dstack([np.tile(np.arange(160, dtype=np.uint8), (120, 1))] * 3)
JPEG = cv2.imencode('.jpg', GRADIENT)[1].tobytes()


class Keeper:
    """Call the service of a robot's node while images come, without a server."""

    def __init__(self, peer: Peer, process: Process, folder: Path) -> None:
        self.peer, self.process, self.folder = peer, process, folder
        self._raw = peer.publisher(Image, 'image', SENSOR_DATA)
        self._compressed = peer.publisher(CompressedImage, 'image/compressed', SENSOR_DATA)
        self.jpeg = JPEG

    def keep(self, data: bool) -> SetBool.Response:
        return self.peer.call(SetBool, 'onboard/keep_frames', SetBool.Request(data=data))

    def enable(self, data: bool) -> SetBool.Response:
        return self.peer.call(SetBool, 'onboard/enable', SetBool.Request(data=data))

    def show(self) -> None:
        message = image_message(GRADIENT[:, :, ::-1], time.time_ns(), 'rgb8')
        self._raw.publish(message)
        self._compressed.publish(
            CompressedImage(header=message.header, format='jpeg', data=self.jpeg))

    def files(self) -> list[Path]:
        return sorted(self.folder.glob('*/*'))

    def show_until(self, is_true: Callable[[], Any]) -> None:
        self.peer.repeat(self.show, is_true, 'images to be kept', 0.05)


@pytest.fixture
def start(peer: Peer, tiny_bundle: Path, tmp_path: Path) -> Iterator[Callable[..., Keeper]]:
    started: list[Process] = []

    def start_keeper(**parameters: Any) -> Keeper:
        folder = tmp_path / 'kept'
        started.append(start_node('onboard', tmp_path / 'log', {
            'model': tiny_bundle, 'keep_folder': folder, 'keep_fps': 30.0, **parameters}))
        return Keeper(peer, started[-1], folder)

    yield start_keeper
    for process in started:
        process.end()


def test_images_are_kept_as_the_camera_saw_them_until_told_to_end(
    start: Callable[..., Keeper]
) -> None:
    keeper = start()
    answer = keeper.keep(True)
    assert answer.success and str(keeper.folder) in answer.message
    keeper.show_until(lambda: len(keeper.files()) >= 3)
    answer = keeper.keep(False)
    assert answer.success and f'are in {keeper.folder}' in answer.message
    count = len(keeper.files())
    first = cv2.imread(str(keeper.files()[0]))
    assert np.abs(first.astype(int) - GRADIENT).max() <= 4
    end_s = time.monotonic() + 1.0
    keeper.show_until(lambda: time.monotonic() > end_s)
    assert len(keeper.files()) == count
    assert [int(file.name.split('_')[0]) for file in keeper.files()] == list(range(count))


@pytest.mark.once
def test_the_image_in_hand_is_counted_too(start: Callable[..., Keeper]) -> None:
    # Few bytes, many pixels: whenever keeping ends, one is being checked.
    pixels = np.zeros((3000, 4000, 3), np.uint8)
    keeper = start(image_transport='compressed')
    keeper.jpeg = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, 10])[1].tobytes()
    assert keeper.keep(True).success
    keeper.show_until(lambda: len(keeper.files()) >= 2)
    answer = keeper.keep(False)
    end_s = time.monotonic() + 1.0
    keeper.show_until(lambda: time.monotonic() > end_s)
    assert answer.message.startswith(f'{len(keeper.files())} images of ')


@pytest.mark.once
def test_who_asks_twice_in_a_second_gets_two_folders(start: Callable[..., Keeper]) -> None:
    keeper = start()
    answers = [keeper.keep(True) for _ in range(2)]
    assert all(answer.success for answer in answers)
    assert len({answer.message for answer in answers}) == 2
    keeper.show_until(keeper.files)
    # The first one, to which no image came, is gone.
    assert [str(folder) for folder in keeper.folder.iterdir()] == [
        answers[1].message.removeprefix('keeping images in ')]


@pytest.mark.once
def test_no_folder_stays_where_no_image_came(start: Callable[..., Keeper]) -> None:
    keeper = start()
    assert keeper.keep(True).success
    answer = keeper.keep(False)
    assert (answer.success, answer.message) == (True, 'no image was kept: none came')
    assert list(keeper.folder.iterdir()) == []


def test_an_inactive_node_keeps_nothing_and_says_so(start: Callable[..., Keeper]) -> None:
    keeper = start()
    assert keeper.enable(False).success
    answer = keeper.keep(True)
    assert not answer.success
    assert answer.message.startswith('/onboard is inactive and gets no images: activate it first')
    assert keeper.enable(True).success
    end_s = time.monotonic() + 1.0
    keeper.show_until(lambda: time.monotonic() > end_s)
    assert not keeper.folder.exists()


@pytest.mark.once
def test_keeping_ends_with_the_node_s_activity(start: Callable[..., Keeper]) -> None:
    keeper = start()
    assert keeper.keep(True).success
    keeper.show_until(keeper.files)
    assert keeper.enable(False).success
    count = len(keeper.files())
    keeper.process.wait_for_output(f'{count} images of ', LIMIT_S)
    assert keeper.enable(True).success
    end_s = time.monotonic() + 1.0
    keeper.show_until(lambda: time.monotonic() > end_s)
    assert len(keeper.files()) == count


def test_a_compressed_image_is_kept_byte_for_byte(start: Callable[..., Keeper]) -> None:
    keeper = start(image_transport='compressed')
    assert keeper.keep(True).success
    keeper.show_until(keeper.files)
    assert keeper.files()[0].read_bytes() == JPEG


@pytest.mark.once
def test_an_image_that_says_how_it_lies_is_kept_as_the_robot_sees_it(
    start: Callable[..., Keeper]
) -> None:
    def jpeg(orientation: int) -> bytes:
        entry = struct.pack('>HHIHH', 0x112, 3, 1, orientation, 0)
        exif = b'Exif\0\0MM\0*\0\0\0\x08\0\x01' + entry + bytes(4)
        return JPEG[:2] + b'\xff\xe1' + struct.pack('>H', 2 + len(exif)) + exif + JPEG[2:]

    upright, turned = jpeg(1), jpeg(6)  # the second to be turned by whoever shows it
    assert cv2.imdecode(np.frombuffer(turned, np.uint8), 1).shape != GRADIENT.shape
    keeper = start(image_transport='compressed')
    keeper.jpeg = turned
    assert keeper.keep(True).success
    keeper.show_until(keeper.files)
    keeper.jpeg = upright
    keeper.show_until(lambda: keeper.files()[-1].read_bytes() == upright)
    assert cv2.imread(str(keeper.files()[0])).shape == GRADIENT.shape


@pytest.mark.once
def test_keeping_ends_by_itself_at_its_limit_and_says_where(start: Callable[..., Keeper]) -> None:
    keeper = start(keep_most_frames=2)
    assert keeper.keep(True).success
    keeper.show_until(lambda: 'and no more: keep_most_frames is 2' in keeper.process.output)
    assert len(keeper.files()) == 2
    assert not keeper.keep(False).success


@pytest.mark.once
def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(
    start: Callable[..., Keeper], tmp_path: Path
) -> None:
    (tmp_path / 'file').touch()
    keeper = start(keep_folder=tmp_path / 'file')
    answer = keeper.keep(True)
    assert not answer.success
    assert f'{tmp_path}/file' in answer.message and 'set keep_folder to a folder' in answer.message


@pytest.mark.once
def test_a_folder_that_vanishes_ends_keeping_with_a_warning(start: Callable[..., Keeper]) -> None:
    keeper = start()
    assert keeper.keep(True).success
    shutil.rmtree(keeper.folder)
    keeper.show_until(lambda: 'images are kept no longer' in keeper.process.output)
    keeper.process.wait_for_output(str(keeper.folder), LIMIT_S)
    message = keeper.keep(False).message
    assert 'no image was kept: ' in message and 'none came' not in message


def test_a_store_is_full_by_frames_or_bytes(tmp_path: Path) -> None:
    assert FrameStore(tmp_path).add(JPEG, 1, 2, 1) == ''
    assert FrameStore(tmp_path).add(JPEG, 2, 1, 1) == 'keep_most_frames is 1'
    assert FrameStore(tmp_path).add(JPEG, 3, 9, 0) == 'keep_most_mb is 0'


@pytest.mark.once
def test_a_limit_that_is_lowered_holds_at_once(start: Callable[..., Keeper]) -> None:
    keeper = start()
    assert keeper.keep(True).success
    keeper.show_until(keeper.files)
    assert keeper.peer.set_parameters('onboard', keep_most_frames=1) == ''
    keeper.show_until(lambda: 'and no more: keep_most_frames is 1' in keeper.process.output)


@pytest.mark.once
def test_images_that_cannot_be_kept_are_explained(start: Callable[..., Keeper]) -> None:
    keeper = start(image_transport='compressed')
    keeper.jpeg = JPEG[:100]

    def come_and_go() -> str:
        assert keeper.keep(True).success
        end_s = time.monotonic() + 0.5
        keeper.show_until(lambda: time.monotonic() > end_s)
        return keeper.keep(False).message

    for _ in range(round(LIMIT_S / 0.5)):
        message = come_and_go()
        if 'none came' not in message:  # until the camera is discovered
            break
    assert message.startswith('no image was kept: ') and 'none came' not in message


@pytest.mark.once
def test_what_ended_by_itself_is_told_to_whoever_ends_it(start: Callable[..., Keeper]) -> None:
    keeper = start(keep_most_frames=2)
    assert keeper.keep(True).success
    keeper.show_until(lambda: 'no more' in keeper.process.output)
    answer = keeper.keep(False)
    assert not answer.success
    assert answer.message.startswith('no images were being kept; 2 images of ')
    assert answer.message.endswith('and no more: keep_most_frames is 2')
