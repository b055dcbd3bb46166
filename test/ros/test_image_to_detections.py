"""Tests of the way from an image message to detections, through both nodes."""

from __future__ import annotations

from collections.abc import Callable
import math

import cv2
import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from vision_msgs.msg import LabelInfo

from slim_split_ros.msg import LinkReport
from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.wire import encoded_frame_bytes
from support.bundles import CLASSES
from support.split_system import (
    FRAME_ID,
    HEIGHT,
    PATCH,
    RELIABLE,
    SENSOR_DATA,
    WIDTH,
    SplitSystem,
    box_rows,
    image_message,
    patch_pixels,
)

pytestmark = pytest.mark.ros


def grey() -> np.ndarray:
    return patch_pixels()[:, :, 0]


def mono16(big: bool) -> np.ndarray:
    return (grey().astype(np.uint16) * 257).astype('>u2' if big else '<u2').view(np.uint8)


def yuv422(luma_first: bool) -> np.ndarray:
    """Return (H, 2 * W) bytes: brightness 16 or 235 of the patch, colours neutral."""
    pairs = np.full((HEIGHT, WIDTH, 2), 128, np.uint8)
    pairs[:, :, 0 if luma_first else 1] = np.where(grey() > 0, 235, 16)
    return pairs


def nv12() -> np.ndarray:
    luma = np.where(grey() > 0, 235, 16).astype(np.uint8)
    return np.concatenate([luma, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)])


def with_alpha() -> np.ndarray:
    return np.dstack([patch_pixels(), np.full((HEIGHT, WIDTH), 9, np.uint8)])


# Pixels of the same picture as each encoding lays them out in memory.
ENCODINGS: dict[str, Callable[[], np.ndarray]] = {
    'rgb8': patch_pixels, 'bgr8': patch_pixels, '8UC3': patch_pixels,
    'rgba8': with_alpha, 'bgra8': with_alpha,
    'mono8': grey, 'mono16': lambda: mono16(False).reshape(HEIGHT, WIDTH, 2),
    'yuv422': lambda: yuv422(False), 'uyvy': lambda: yuv422(False),
    'yuv422_yuy2': lambda: yuv422(True), 'yuyv': lambda: yuv422(True), 'nv12': nv12,
    'bayer_rggb8': grey, 'bayer_bggr8': grey, 'bayer_gbrg8': grey, 'bayer_grbg8': grey,
}


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_every_encoding_of_one_picture_gives_the_same_detections(
    system: SplitSystem, encoding: str
) -> None:
    expected = box_rows(system.serve(image_message(patch_pixels(), system.next_stamp_ns())))
    image = image_message(
        ENCODINGS[encoding](), system.next_stamp_ns(), encoding, height=HEIGHT)
    found = box_rows(system.serve(image))
    assert [row[0] for row in found] == [row[0] for row in expected]
    for row, other in zip(found, expected, strict=True):
        assert row[1:] == pytest.approx(other[1:], abs=0.03)


def test_padded_rows_and_big_endian_values_are_read_as_they_are_meant(
    system: SplitSystem,
) -> None:
    expected = box_rows(system.serve(image_message(patch_pixels(), system.next_stamp_ns())))
    padded = np.concatenate([patch_pixels(), np.full((HEIGHT, 7, 3), 200, np.uint8)], axis=1)
    message = image_message(padded, system.next_stamp_ns())
    message.width = WIDTH
    assert box_rows(system.serve(message)) == expected
    message = image_message(
        mono16(True).reshape(HEIGHT, WIDTH, 2), system.next_stamp_ns(), 'mono16')
    message.is_bigendian = 1
    assert box_rows(system.serve(message)) == expected


def test_rgb8_and_bgr8_of_one_picture_give_the_same_payload(system: SplitSystem) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    payloads = []
    for encoding, layout in (('bgr8', pixels), ('rgb8', pixels[:, :, ::-1])):
        image = image_message(layout, system.next_stamp_ns(), encoding)
        system.serve(image)
        payloads.append(system.feature_of(to_ns(image.header.stamp)).payload)
    assert payloads[0] == payloads[1]


def test_detections_carry_the_header_of_the_camera_and_class_names(system: SplitSystem) -> None:
    image = image_message(patch_pixels(), system.next_stamp_ns())
    message = system.serve(image)
    assert message.header == image.header
    assert message.header.frame_id == FRAME_ID
    assert {detection.header == image.header for detection in message.detections} == {True}
    assert {row[0] for row in box_rows(message)} <= set(CLASSES)


def test_boxes_lie_where_the_patch_is_in_pixels_of_the_camera(system: SplitSystem) -> None:
    rows = box_rows(system.serve(image_message(patch_pixels(), system.next_stamp_ns())))
    assert rows
    for _, score, x, y, width, height in rows:
        assert 0.3 <= score <= 1.0
        # A cell is 16 pixels of the network's input, 24.6 of the image's.
        assert PATCH[1].start - 25 <= x <= x + width <= PATCH[1].stop + 25
        assert PATCH[0].start - 25 <= y <= y + height <= PATCH[0].stop + 25


def test_images_of_other_sizes_and_shapes_are_served(system: SplitSystem) -> None:
    for shape in ((480, 270), (33, 1000), (720, 1280)):
        pixels = np.full((*shape, 3), 255, np.uint8)
        message = system.serve(image_message(pixels, system.next_stamp_ns()))
        for _, _, x, y, width, height in box_rows(message):
            assert -0.5 <= x <= x + width <= shape[1] + 0.5
            assert -0.5 <= y <= y + height <= shape[0] + 0.5


@pytest.mark.parametrize(('spoil', 'reason', 'sentence'), [
    (lambda image: setattr(image, 'encoding', 'thermal17'), 'encoding', "'thermal17'"),
    (lambda image: setattr(image, 'data', image.data[:1000]), 'image', 'data has 1000 bytes'),
    (lambda image: setattr(image, 'data', b''), 'image', 'data has 0 bytes'),
    (lambda image: setattr(image, 'step', 100), 'image', 'step is 100'),
    (lambda image: setattr(image, 'step', 1921), 'image', 'data has 921600 bytes'),
    (lambda image: setattr(image, 'width', 0), 'image', 'width is 0'),
    (lambda image: setattr(image, 'height', 2**31), 'image', f'height is {2**31}'),
], ids=['encoding', 'truncated', 'empty', 'short step', 'odd step', 'no width', 'huge'])
def test_a_bad_image_is_dropped_counted_and_explained_and_the_next_is_served(
    system: SplitSystem, spoil: Callable[[Image], None], reason: str, sentence: str
) -> None:
    before = system.dropped().get(reason, 0)
    image = image_message(patch_pixels(), system.next_stamp_ns())
    spoil(image)
    system.publish(image)
    # Counted first, lest the next image takes its place in the mailbox.
    system.peer.wait(lambda: system.dropped().get(reason, 0) == before + 1, 'counting the drop')
    assert system.serve(image_message(patch_pixels(), system.next_stamp_ns())).detections
    # Diagnostics of one reason are written once in 5 s: only the first of a kind is sure to be.
    if before == 0:
        assert sentence in system.onboard.output
    assert not system.detections_of(to_ns(image.header.stamp))


def test_status_adds_up(system: SplitSystem) -> None:
    system.settle()
    count = len(system.statuses)
    system.peer.wait(lambda: len(system.statuses) > count + 1, 'two statuses')
    status = system.statuses[-1]
    assert status.frames_in == status.frames_sent + sum(status.drop_counts)
    assert status.header.frame_id == FRAME_ID
    assert status.payload_bytes == len(system.features[-1].payload)
    assert status.encode_ms > 0.0
    assert math.isfinite(status.rate_kbps)


def test_bytes_of_a_frame_are_those_that_rclpy_serializes(system: SplitSystem) -> None:
    for frame_id in ('', 'a', 'cam', 'camera_optical_frame_of_robot_1'):
        image = image_message(patch_pixels(), system.next_stamp_ns())
        image.header.frame_id = frame_id
        system.serve(image)
        frame = system.feature_of(to_ns(image.header.stamp))
        assert encoded_frame_bytes(frame_id, len(frame.payload)) == len(serialize_message(frame))


def test_a_link_report_names_recent_frames_with_their_bytes_and_server_times(
    system: SplitSystem,
) -> None:
    reports = system.peer.listen(LinkReport, 'link_report', SENSOR_DATA)
    system.settle()
    newest = system.features[-1]

    def complete() -> list[LinkReport]:
        # Other frames may follow the newest one that was heard of here.
        return [report for report in reports if newest.sequence in report.sequence
                and not math.isnan(report.server_ms[place(report)])]

    def place(report: LinkReport) -> int:
        return list(report.sequence).index(newest.sequence)

    system.peer.repeat(lambda: None, lambda: bool(complete()), 'a report of the newest frame')
    report = complete()[0]
    assert report.sender_start == newest.sender_start
    assert len(report.sequence) == len(report.arrival_s) == len(report.bytes) == len(
        report.server_ms) <= 64
    assert list(report.sequence) == sorted(report.sequence)
    assert list(report.arrival_s) == sorted(report.arrival_s)
    assert report.bytes[place(report)] == len(serialize_message(newest))
    assert 0.0 < report.server_ms[place(report)] < 5000.0
    assert report.arrival_s[-1] <= report.sent_s
    assert report.receiver_id != 0
    assert [r.report_sequence for r in reports] == sorted(r.report_sequence for r in reports)


def test_a_late_subscriber_learns_the_class_names(system: SplitSystem) -> None:
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    infos = system.peer.listen(LabelInfo, 'label_info', latched)
    system.peer.wait_for_first(infos, what='label_info')
    assert [(item.class_id, item.class_name) for item in infos[0].class_map] == list(
        enumerate(CLASSES))
    assert infos[0].threshold == pytest.approx(0.3)


def test_annotated_pictures_come_while_somebody_listens(system: SplitSystem) -> None:
    pictures: list[Image] = []
    subscription = system.peer.node.create_subscription(
        Image, 'offboard/annotated', pictures.append, RELIABLE)
    system.peer.repeat(system.show_patch, lambda: pictures, 'an annotated picture')
    picture = pictures[-1]
    assert (picture.width, picture.height, picture.encoding) == (WIDTH, HEIGHT, 'bgr8')
    assert len(np.unique(np.frombuffer(picture.data, np.uint8))) > 2
    system.peer.node.destroy_subscription(subscription)


def test_the_score_threshold_applies_from_the_next_frame(system: SplitSystem) -> None:
    assert system.serve(image_message(patch_pixels(), system.next_stamp_ns())).detections
    assert system.peer.set_parameters('offboard', score_threshold=0.99) == ''
    assert not system.serve(image_message(patch_pixels(), system.next_stamp_ns())).detections
    assert system.peer.set_parameters('offboard', score_threshold=0.3, max_detections=1) == ''
    message = system.serve(image_message(patch_pixels(), system.next_stamp_ns()))
    assert len(message.detections) == 1
    assert system.peer.set_parameters('offboard', max_detections=100) == ''


def test_the_onboard_process_is_small_and_without_torch(system: SplitSystem) -> None:
    system.settle()
    process = f'/proc/{system.onboard.pid}'
    with open(f'{process}/maps') as maps:
        assert 'torch' not in maps.read()
    with open(f'{process}/status') as status:
        fields = dict(line.split(':', 1) for line in status)
    # What it needs for itself, 62 MiB; the server's network alone would add 20. Pages of libraries
    # and of shared memory count in its resident size too, but how many depends on the kernel (156
    # MB in all, 205 right after an installation) and on who else is in the domain.
    assert int(fields['RssAnon'].split()[0]) <= 75 * 1024


def test_a_jpeg_is_no_raw_image(system: SplitSystem) -> None:
    jpeg = cv2.imencode('.jpg', patch_pixels())[1]
    system.publish(image_message(jpeg.reshape(1, -1), system.next_stamp_ns(), 'jpeg'))
    assert system.serve(image_message(patch_pixels(), system.next_stamp_ns())).detections
