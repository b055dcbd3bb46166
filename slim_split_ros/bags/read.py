"""Answer which images a bag holds, in the order of recording; sqlite3 and MCAP alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.rosbag2 import ReaderError
from rosbags.typesys import Stores, get_typestore

from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.images import BagImage, CompressedBagImage

RAW = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
_NS_PER_S = 1_000_000_000


def find_image_topic(bag: Path, topic: str = '') -> str:
    """
    Return the topic of images that is meant; empty means the only one.

    Raises BagError where the bag cannot be read, has no such topic, or more than one.
    """
    with _open_bag(bag) as reader:
        names = sorted({connection.topic for connection in _image_connections(reader)})
    if topic and topic in names:
        return topic
    if not names:
        raise BagError(f'{bag}: no topic holds images ({RAW} or {COMPRESSED})')
    if topic:
        raise BagError(f'{bag}: no images on {topic}; there are some on {", ".join(names)}')
    if len(names) > 1:
        raise BagError(f'{bag}: images are on {", ".join(names)}: name one of these topics')
    return names[0]


def read_images(bag: Path, topic: str = '') -> Iterator[BagImage | CompressedBagImage]:
    """Yield the images of one topic; raise BagError as find_image_topic does."""
    name = find_image_topic(bag, topic)
    with _open_bag(bag) as reader:
        wanted = [item for item in _image_connections(reader) if item.topic == name]
        for connection, recorded_ns, raw in reader.messages(wanted):
            message = reader.deserialize(raw, connection.msgtype)
            yield _as_plain(message, connection.msgtype, recorded_ns)


@contextmanager
def _open_bag(bag: Path) -> Iterator[AnyReader]:
    if not bag.exists():
        raise BagError(f'{bag} does not exist: name a rosbag2 folder or an .mcap file')
    try:
        # Old bags carry no definitions; images are the same in every distribution.
        with AnyReader([bag], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
            yield reader
    except (AnyReaderError, ReaderError, OSError) as error:
        raise BagError(f'{bag} cannot be read as a bag: {error}') from error


def _image_connections(reader: AnyReader) -> list[Connection]:
    return [item for item in reader.connections if item.msgtype in (RAW, COMPRESSED)]


def _as_plain(message: Any, kind: str, recorded_ns: int) -> BagImage | CompressedBagImage:
    stamp = message.header.stamp
    stamp_ns = stamp.sec * _NS_PER_S + stamp.nanosec
    frame_id = message.header.frame_id
    if kind == COMPRESSED:
        return CompressedBagImage(recorded_ns, stamp_ns, frame_id, message.format, message.data)
    return BagImage(recorded_ns, stamp_ns, frame_id, message.encoding, message.width,
                    message.height, message.step, bool(message.is_bigendian), message.data)
