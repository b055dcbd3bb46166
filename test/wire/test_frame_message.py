"""Tests of frames and their messages becoming each other, the same bytes whoever makes them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from slim_split_ros.wire import ChecksumError, FieldError, frame_fields, read_frame
from support.messages import GOLDEN, frame_message

BYTES = Path(__file__).with_name('golden') / 'encoded_frame.bin'


def test_a_frame_comes_back_from_its_message() -> None:
    read = read_frame(frame_message(GOLDEN))
    assert read == GOLDEN


def test_the_fields_stay_the_same_from_release_to_release() -> None:
    assert frame_fields(GOLDEN) == {
        'sequence': 7, 'image_width': 640, 'image_height': 480, 'input_width': 416,
        'input_height': 320, 'width': 0.75, 'rate': 1, 'frames_back': 2,
        'fingerprint': 0xfedcba9876543210, 'encode_ms': 1.2345678, 'checksum': 0xb77cc3bb,
        'chunk_index': 0, 'chunk_count': 1}


@pytest.mark.parametrize(('change', 'error'), [
    ({'frames_back': 3}, ChecksumError), ({'width': 7.0}, FieldError),
    ({'sender_start': SimpleNamespace(sec=-1, nanosec=0)}, FieldError)])
def test_a_message_that_cannot_be_a_frame_is_refused(
    change: dict[str, object], error: type[Exception]
) -> None:
    message = frame_message(GOLDEN)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(error):
        read_frame(message)


@pytest.mark.ros
def test_the_nodes_publish_the_bytes_that_they_always_did() -> None:
    from rclpy.serialization import deserialize_message, serialize_message
    from std_msgs.msg import Header

    from slim_split_ros.msg import EncodedFrame
    from slim_split_ros.ros.topics.messages import frame_message, to_stamp

    header = Header(stamp=to_stamp(GOLDEN.header.stamp_ns), frame_id='camera')

    raw = serialize_message(frame_message(GOLDEN, header))
    assert len(raw) == len(BYTES.read_bytes())
    # The middleware leaves in the gaps between fields what was in memory.
    assert deserialize_message(raw, EncodedFrame) == deserialize_message(
        BYTES.read_bytes(), EncodedFrame)


def test_a_replay_records_the_bytes_that_the_nodes_publish(tmp_path: Path) -> None:
    pytest.importorskip('rosbags')
    from slim_split_ros.bags.definitions import FEATURES
    from slim_split_ros.bags.files import find_files
    from slim_split_ros.bags.replay.results import ResultsBag
    from slim_split_ros.bags.storages import open_storage

    with ResultsBag(tmp_path / 'bag', ['ball']) as bag:
        bag.write_features(GOLDEN, 5)

    file, = find_files(tmp_path / 'bag')
    with open_storage(file) as storage:
        topic, = (topic for topic in storage.topics() if topic.kind == FEATURES)
        recorded, = storage.messages(topic)
    assert bytes(recorded.data) == BYTES.read_bytes()
