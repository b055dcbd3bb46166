"""Writing images to a bag that `ros2 bag play`, and this package, can replay."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError
from rosbags.typesys import Stores, get_typestore

from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.images import BagImage, CompressedBagImage
from slim_split_ros.bags.read import COMPRESSED, RAW

_METADATA_VERSION = 9
_NS_PER_S = 1_000_000_000


class BagImageWriter:
    """
    Write images to a new bag; use it in a `with` statement.

    `path` is a folder that must not exist; raises BagError otherwise.
    """

    def __init__(self, path: Path, storage: str = 'mcap') -> None:
        self._store = get_typestore(Stores.ROS2_JAZZY)
        self._topics: dict[str, Connection] = {}
        plugin = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}[storage]
        try:
            self._writer = Writer(path, version=_METADATA_VERSION, storage_plugin=plugin)
        except WriterError as error:
            raise BagError(f'{path} cannot be written: {error}') from error

    def __enter__(self) -> BagImageWriter:
        self._writer.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def write(self, topic: str, image: BagImage | CompressedBagImage) -> None:
        """Append an image to a topic; a topic holds one kind of image."""
        kind = RAW if isinstance(image, BagImage) else COMPRESSED
        if topic not in self._topics:
            self._topics[topic] = self._writer.add_connection(topic, kind, typestore=self._store)
        message = self._message(image)
        self._writer.write(
            self._topics[topic], image.recorded_ns, self._store.serialize_cdr(message, kind))

    def _message(self, image: BagImage | CompressedBagImage) -> object:
        types = self._store.types
        seconds, nanoseconds = divmod(image.stamp_ns, _NS_PER_S)
        stamp = types['builtin_interfaces/msg/Time'](sec=seconds, nanosec=nanoseconds)
        header = types['std_msgs/msg/Header'](stamp=stamp, frame_id=image.frame_id)
        if isinstance(image, CompressedBagImage):
            return types[COMPRESSED](header=header, format=image.format, data=image.data)
        return types[RAW](
            header=header, height=image.height, width=image.width, encoding=image.encoding,
            is_bigendian=int(image.is_bigendian), step=image.step, data=image.data)
