"""Which images a bag holds, in the order of recording, whatever else it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rosbags.typesys import Stores, get_typestore

from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.files import find_files, is_one_recording
from slim_split_ros.bags.images import BagImage, CompressedBagImage
from slim_split_ros.bags.storages import CDR, ROS1, Storage, Topic, open_storage

RAW = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
# A bag's own definitions are not asked: these are the same in every distribution.
_ROS1_STORE = get_typestore(Stores.ROS1_NOETIC)
_ROS2_STORE = get_typestore(Stores.ROS2_JAZZY)
# What depth cameras measure; mono8 is a picture that one may mean.
_DEPTH_ENCODINGS = ('16UC1', '16SC1', '32FC1', '64FC1', 'mono16')
_DEPTH_FORMAT = 'compressedDepth'
_NS_PER_S = 1_000_000_000

AnyBagImage = BagImage | CompressedBagImage


def _ignore(text: str) -> None:
    pass


def find_image_topic(bag: Path, topic: str = '') -> str:
    """
    Return the topic of images that is meant; empty means the only one that is not depth.

    Raises BagError where the bag cannot be read, has no such topic, or more than one.
    """
    first: dict[str, AnyBagImage | None] = {}
    for file in find_files(bag):
        with open_storage(file) as storage:
            for found in _image_topics(storage):
                if first.get(found.name) is None:
                    first[found.name] = next(_images(storage, found, _ignore), None)
        # The files of one recording hold the same topics, and may take long to unpack.
        if first.get(topic) if topic else is_one_recording(bag) and _pictures(first):
            break
    return _choose(bag, topic, first)


def read_images(
    bag: Path, topic: str = '', warn: Callable[[str], None] = _ignore
) -> Iterator[AnyBagImage]:
    """
    Yield the images of one topic; raise BagError as find_image_topic does.

    `warn` is told of each message that is left out because it is no image.
    """
    name = topic or find_image_topic(bag)
    was_empty = True
    for file in find_files(bag):
        with open_storage(file) as storage:
            for found in _image_topics(storage):
                if found.name == name:
                    for image in _images(storage, found, warn):
                        was_empty = False
                        yield image
    if was_empty:
        find_image_topic(bag, name)


def _image_topics(storage: Storage) -> list[Topic]:
    return [topic for topic in storage.topics()
            if topic.kind in (RAW, COMPRESSED) and topic.coding in (CDR, ROS1)]


def _choose(bag: Path, topic: str, first: dict[str, AnyBagImage | None]) -> str:
    if not first:
        raise BagError(f'{bag}: no images: no topic is of {RAW} or {COMPRESSED}')
    names = sorted(name for name, image in first.items() if image is not None)
    if not names:
        raise BagError(f'{bag}: no messages that are images on {", ".join(sorted(first))}')
    if topic:
        if topic not in names:
            raise BagError(f'{bag}: no images on {topic}; there are some on {", ".join(names)}: '
                           'name one with --topic (parameter topic)')
        return topic
    meant = _pictures(first) or names
    if len(meant) > 1:
        raise BagError(f'{bag}: images are on {", ".join(meant)}: name one of these with --topic '
                       '(parameter topic)')
    return meant[0]


def _pictures(first: dict[str, AnyBagImage | None]) -> list[str]:
    return sorted(name for name, image in first.items()
                  if image is not None and not _is_depth(image))


def _is_depth(image: AnyBagImage) -> bool:
    if isinstance(image, BagImage):
        return image.encoding in _DEPTH_ENCODINGS
    # As image_transport writes it: '16UC1; compressedDepth png', 'bgr8; jpeg compressed bgr8'.
    return _DEPTH_FORMAT in image.format or image.format.split(';')[0] in _DEPTH_ENCODINGS


def _images(
    storage: Storage, topic: Topic, warn: Callable[[str], None]
) -> Iterator[AnyBagImage]:
    is_ros1 = topic.coding == ROS1
    parse = _ROS1_STORE.deserialize_ros1 if is_ros1 else _ROS2_STORE.deserialize_cdr
    for raw in storage.messages(topic):
        try:
            image = _as_plain(parse(raw.data, topic.kind), topic.kind, raw.recorded_ns)
        # The border to the parser: damaged bytes raise whatever they happen to.
        except Exception:
            warn(f'{topic.name}: the message of {raw.recorded_ns} ns is no {topic.kind}')
            continue
        yield image


def _as_plain(message: Any, kind: str, recorded_ns: int) -> AnyBagImage:
    stamp = message.header.stamp
    stamp_ns = stamp.sec * _NS_PER_S + stamp.nanosec
    frame_id = message.header.frame_id
    if kind == COMPRESSED:
        return CompressedBagImage(recorded_ns, stamp_ns, frame_id, message.format, message.data)
    return BagImage(recorded_ns, stamp_ns, frame_id, message.encoding, message.width,
                    message.height, message.step, bool(message.is_bigendian), message.data)
