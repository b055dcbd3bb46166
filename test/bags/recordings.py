"""Bags as others write them: foreign topics beside the images, compressed, split, of ROS 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
import numpy as np
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Ros2Writer
from rosbags.typesys import Stores, get_typestore

from slim_split_ros.bags import BagImage, BagImageWriter, CompressedBagImage

STAMP_NS = 1_700_000_000_123_456_789
IMAGE = 'sensor_msgs/msg/Image'
TOPIC = '/head/image'
_ROS1 = get_typestore(Stores.ROS1_NOETIC)
_ROS2 = get_typestore(Stores.ROS2_JAZZY)


def raw_image(number: int, encoding: str = 'rgb8') -> BagImage:
    """Make a small image whose pixels and times follow from its number."""
    stamp_ns = STAMP_NS + number * 100_000_000
    data = np.full(6 * 4 * 3, number, np.uint8)
    return BagImage(stamp_ns + 5, stamp_ns, 'head', encoding, 6, 4, 18, False, data)


def compressed_image(image_format: str) -> CompressedBagImage:
    """Make a compressed image of a format; its bytes mean nothing."""
    return CompressedBagImage(
        STAMP_NS, STAMP_NS, 'head', image_format, np.arange(9, dtype=np.uint8))


def write_bag(
    path: Path, images: dict[str, Sequence[BagImage | CompressedBagImage]], storage: str = 'mcap'
) -> Path:
    """Write images by topic and return the path."""
    with BagImageWriter(path, storage) as writer:
        for topic, of_topic in images.items():
            for image in of_topic:
                writer.write(topic, image)
    return path


def write_compressed(path: Path, storage: StoragePlugin, mode: CompressionMode) -> Path:
    """Write three images with the compression of rosbag2 and return the path."""
    writer = Ros2Writer(path, version=9, storage_plugin=storage)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection(TOPIC, IMAGE, typestore=_ROS2)
        for number in range(3):
            writer.write(connection, raw_image(number).recorded_ns, cdr(number))
    return path


def write_ros1(path: Path) -> Path:
    """Write three images as `rosbag record` does and return the path."""
    types = _ROS1.types
    with Ros1Writer(path) as writer:
        connection = writer.add_connection(TOPIC, IMAGE, typestore=_ROS1)
        for number in range(3):
            image = raw_image(number)
            stamp = types['builtin_interfaces/msg/Time'](*divmod(image.stamp_ns, 10**9))
            header = types['std_msgs/msg/Header'](0, stamp, image.frame_id)
            message = types[IMAGE](
                header, image.height, image.width, image.encoding, 0, image.step, image.data)
            writer.write(
                connection, image.recorded_ns, _ROS1.serialize_ros1(message, IMAGE))
    return path


def write_mcap(
    path: Path, beside: Callable[[McapWriter], object] = lambda writer: None,
    profile: str = 'ros2', use_index: bool = True, **options: object,
) -> Path:
    """Write three images to one file, after what `beside` writes, and return the path."""
    with path.open('wb') as stream:
        writer = McapWriter(
            stream, use_chunking=use_index, compression=CompressionType.LZ4,
            use_summary_offsets=use_index, **options)
        writer.start(profile)
        beside(writer)
        # A definition that nobody could parse: it is not asked.
        schema = writer.register_schema(IMAGE, 'ros2msg', b'uint8[')
        channel = writer.register_channel(TOPIC, 'cdr', schema)
        for number in range(3):
            time_ns = raw_image(number).recorded_ns
            writer.add_message(channel, time_ns, cdr(number), time_ns)
        writer.finish()
    return path


def add_channel(
    writer: McapWriter, kind: str, schema_encoding: str, definition: bytes, coding: str = 'cdr'
) -> int:
    """Add a topic with one message that is not an image; return the channel's number."""
    schema = writer.register_schema(kind, schema_encoding, definition)
    channel = writer.register_channel(f'/{kind}', coding, schema)
    writer.add_message(channel, STAMP_NS, b'\xff{}', STAMP_NS)
    return channel


def cdr(number: int) -> bytes:
    """Serialize an image as ROS 2 does."""
    types = _ROS2.types
    image = raw_image(number)
    stamp = types['builtin_interfaces/msg/Time'](*divmod(image.stamp_ns, 10**9))
    header = types['std_msgs/msg/Header'](stamp, image.frame_id)
    message = types[IMAGE](
        header, image.height, image.width, image.encoding, 0, image.step, image.data)
    return bytes(_ROS2.serialize_cdr(message, IMAGE))
