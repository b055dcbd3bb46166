"""Tests of images that do not fit into Fast DDS's shared memory."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image

from slim_split_ros.ros.topics.shared_memory import LargeImages, explain_size, segment_bytes
from support.ros_peer import LIMIT_S, Peer
from support.split_system import SENSOR_DATA, image_message, patch_pixels, start_node

pytestmark = pytest.mark.ros

PROFILE = 'config/fastdds_large_images.xml'
NO_PROFILE = {'FASTDDS_DEFAULT_PROFILES_FILE': '', 'FASTRTPS_DEFAULT_PROFILES_FILE': ''}


def test_the_segment_is_the_profiles_or_the_default(checkout: Path, tmp_path: Path) -> None:
    broken, without = tmp_path / 'broken.xml', tmp_path / 'without.xml'
    broken.write_text('<profiles>')
    without.write_text('<profiles><segment_size/></profiles>')

    assert segment_bytes({'FASTDDS_DEFAULT_PROFILES_FILE': str(checkout / PROFILE)}) == 2**24
    assert segment_bytes({'FASTRTPS_DEFAULT_PROFILES_FILE': str(checkout / PROFILE)}) == 2**24
    for file in (broken, without, tmp_path / 'absent.xml', ''):
        assert segment_bytes({'FASTDDS_DEFAULT_PROFILES_FILE': str(file)}) == 2**19
    assert segment_bytes({}) == 2**19


def write_picture(folder: Path, width: int, height: int) -> Path:
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.png'), np.zeros((height, width, 3), np.uint8))
    return folder


def test_an_image_that_comes_though_it_is_larger_is_named_with_both_sizes(
    peer: Peer, tmp_path: Path, tiny_bundle: Path
) -> None:
    onboard = start_node(
        'onboard', tmp_path / 'log', {'model': tiny_bundle}, environment=NO_PROFILE)
    # From a segment that it fits into.
    images = peer.publisher(Image, 'image', SENSOR_DATA)
    try:
        peer.repeat(
            lambda: images.publish(image_message(patch_pixels(), 1)),
            lambda: explain_size(640 * 480 * 3, 2**19) in onboard.output, 'the warning')
    finally:
        onboard.end()


def test_images_that_this_node_has_room_for_are_lost_at_the_cameras_end(peer: Peer) -> None:
    images = LargeImages(peer.node)
    images.check(640 * 480 * 3)
    raw = images.explain_loss('/image')
    images.check(30_000)

    assert 'images of 921600 bytes were lost' in raw and 'the process of the camera' in raw
    assert 'this machine is too slow' in images.explain_loss('/image')


def test_a_camera_says_that_its_images_are_larger_than_its_segment(tmp_path: Path) -> None:
    camera = start_node(
        'file_camera', tmp_path / 'log', {'source': write_picture(tmp_path / 'in', 640, 480)},
        environment=NO_PROFILE)
    try:
        camera.wait_for_output(explain_size(640 * 480 * 3, 2**19), LIMIT_S)
    finally:
        camera.end()


def test_what_is_lost_before_it_comes_is_named_by_the_size_that_the_camera_states(
    peer: Peer, tmp_path: Path, tiny_bundle: Path
) -> None:
    pictures = write_picture(tmp_path / 'in', 1920, 1080)
    onboard = start_node(
        'onboard', tmp_path / 'log', {'model': tiny_bundle}, environment=NO_PROFILE)
    camera = start_node(
        'file_camera', tmp_path / 'camera.log', {'source': pictures}, environment=NO_PROFILE)
    infos = peer.publisher(CameraInfo, 'camera_info', SENSOR_DATA)
    try:
        peer.repeat(
            lambda: infos.publish(CameraInfo(width=1920, height=1080)),
            lambda: explain_size(1920 * 1080 * 3, 2**19) in onboard.output, 'the warning')
    finally:
        onboard.end()
        camera.end()
