"""Writing messages to a bag that `ros2 bag play`, and this package, can replay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.interfaces import Connection, Qos
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.images import BagImage, CompressedBagImage
from slim_split_ros.bags.read import COMPRESSED, RAW
from slim_split_ros.wire.fields import MOST_TIME_NS

_METADATA_VERSION = 9
_NS_PER_S = 1_000_000_000


class BagWriter:
    """
    Write messages to a new bag; use it in a `with` statement.

    `path` is a folder that must not exist; raises BagError otherwise. The store knows the types.
    """

    def __init__(self, path: Path, store: Typestore, storage: str = 'mcap') -> None:
        self._store = store
        self._topics: dict[str, Connection] = {}
        plugin = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}[storage]
        try:
            self._writer = Writer(path, version=_METADATA_VERSION, storage_plugin=plugin)
        except WriterError as error:
            raise BagError(f'{path} cannot be written: {error}') from error

    def __enter__(self) -> BagWriter:
        self._writer.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def write(
        self, topic: str, message: Any, recorded_ns: int, qos: Sequence[Qos] = ()
    ) -> None:
        """Append a message to a topic, which holds one type; `qos` counts the first time."""
        kind = message.__msgtype__
        if topic not in self._topics:
            self._topics[topic] = self._writer.add_connection(
                topic, kind, typestore=self._store, offered_qos_profiles=qos)
        self._writer.write(
            self._topics[topic], recorded_ns, self._store.serialize_cdr(message, kind))

    def header(self, stamp_ns: int, frame_id: str) -> Any:
        """Make a header."""
        return self._store.types['std_msgs/msg/Header'](
            stamp=self.stamp(stamp_ns), frame_id=frame_id)

    def stamp(self, time_ns: int) -> Any:
        """Make a stamp; of a clock beyond January 2038 it is the last that messages can hold."""
        seconds, nanoseconds = divmod(min(time_ns, MOST_TIME_NS), _NS_PER_S)
        return self._store.types['builtin_interfaces/msg/Time'](sec=seconds, nanosec=nanoseconds)


class BagImageWriter:
    """
    Write images to a new bag; use it in a `with` statement.

    `path` is a folder that must not exist; raises BagError otherwise.
    """

    def __init__(self, path: Path, storage: str = 'mcap') -> None:
        self._store = get_typestore(Stores.ROS2_JAZZY)
        self._writer = BagWriter(path, self._store, storage)

    def __enter__(self) -> BagImageWriter:
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def write(self, topic: str, image: BagImage | CompressedBagImage) -> None:
        """Append an image to a topic; a topic holds one kind of image."""
        self._writer.write(topic, self._message(image), image.recorded_ns)

    def _message(self, image: BagImage | CompressedBagImage) -> Any:
        types = self._store.types
        header = self._writer.header(image.stamp_ns, image.frame_id)
        if isinstance(image, CompressedBagImage):
            return types[COMPRESSED](header=header, format=image.format, data=image.data)
        return types[RAW](
            header=header, height=image.height, width=image.width, encoding=image.encoding,
            is_bigendian=int(image.is_bigendian), step=image.step, data=image.data)
