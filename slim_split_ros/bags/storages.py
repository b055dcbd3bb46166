"""
Topics and raw messages of one file of a bag: MCAP, sqlite3 and ROS 1.

Nothing here parses message definitions, so that a bag may hold any other types beside images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
import sqlite3
from typing import BinaryIO, Protocol

from mcap.reader import NonSeekingReader, SeekingReader
from mcap.records import Channel, Schema
from rosbags.rosbag1 import Reader as Ros1Reader
from rosbags.typesys.msg import normalize_msgtype
import zstandard

from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.files import ZSTD_MAGIC, read_magic, unpacked

CDR = 'cdr'
ROS1 = 'ros1'
# The largest picture of this package, 8192x8192, with four channels, and as much again.
_MOST_MESSAGE_BYTES = 2**29
_PIECE_BYTES = 2**20
_AGAIN = 'copy or record it again'


@dataclass(frozen=True, slots=True)
class Topic:
    """Hold a topic's name, its type as ROS 2 names it, and how its messages are serialized."""

    name: str
    kind: str
    coding: str


@dataclass(frozen=True, slots=True)
class RawMessage:
    """Hold a serialized message and when it was recorded, nanoseconds since 1970."""

    recorded_ns: int
    data: bytes


class Storage(Protocol):
    """Be an open file of a bag; whatever its parser raises on damaged bytes passes through."""

    def topics(self) -> set[Topic]:
        """Return what the file declares, with or without messages."""

    def messages(self, topic: Topic) -> Iterator[RawMessage]:
        """Yield the messages of one topic in the order of recording."""


@contextmanager
def open_storage(file: Path) -> Iterator[Storage]:
    """Open one file by its first bytes; BagError names the file and the way out."""
    remedy = _AGAIN
    try:
        with unpacked(file) as plain:
            known = _format_of(read_magic(plain))
            remedy = known.remedy
            with known.open(plain) as storage:
                yield storage
    # The border to the parsers: damaged bytes raise whatever they happen to.
    except Exception as error:
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise BagError(f'{file} cannot be read as a bag ({reason}): where it is damaged or cut, '
                       f'{remedy}') from error


class _McapStorage:
    """Read MCAP."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._reader = SeekingReader(stream, validate_crcs=True)
        summary = self._reader.get_summary()
        # Any of them may be left out by who wrote the file.
        self._summary = summary if summary and summary.channels and summary.schemas else None

    def topics(self) -> set[Topic]:
        if self._summary is None:
            everything = self._scan().iter_messages(log_time_order=False)
            return {_mcap_topic(schema, channel) for schema, channel, _ in everything}
        schemas = self._summary.schemas
        return {_mcap_topic(schemas.get(channel.schema_id), channel)
                for channel in self._summary.channels.values()}

    def messages(self, topic: Topic) -> Iterator[RawMessage]:
        indexed = bool(self._summary and self._summary.chunk_indexes)
        reader = self._reader if indexed else self._scan()
        # Sorting a file without an index would take all of it into memory.
        for schema, channel, message in reader.iter_messages(topic.name, log_time_order=indexed):
            if _mcap_topic(schema, channel) == topic:
                yield RawMessage(message.log_time, _unpack_message(message.data))

    def _scan(self) -> NonSeekingReader:
        self._stream.seek(0)
        return NonSeekingReader(self._stream, validate_crcs=True)


class _SqliteStorage:
    """Read the database of rosbag2."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def topics(self) -> set[Topic]:
        rows = self._connection.execute(
            "SELECT name, type, serialization_format FROM topics WHERE typeof(name) = 'text' "
            "AND typeof(type) = 'text'")
        return {Topic(name, normalize_msgtype(kind), coding) for name, kind, coding in rows}

    def messages(self, topic: Topic) -> Iterator[RawMessage]:
        rows = self._connection.execute(
            'SELECT timestamp, data FROM messages WHERE topic_id IN '
            "(SELECT id FROM topics WHERE name = ?) AND typeof(timestamp) = 'integer' "
            "AND typeof(data) = 'blob' ORDER BY timestamp", (topic.name,))
        return (RawMessage(recorded_ns, _unpack_message(data)) for recorded_ns, data in rows)


class _Ros1Storage:
    """Read a bag of ROS 1."""

    def __init__(self, reader: Ros1Reader) -> None:
        self._reader = reader

    def topics(self) -> set[Topic]:
        return {Topic(item.topic, item.msgtype, ROS1) for item in self._reader.connections}

    def messages(self, topic: Topic) -> Iterator[RawMessage]:
        wanted = [item for item in self._reader.connections
                  if (item.topic, item.msgtype) == (topic.name, topic.kind)]
        for _, recorded_ns, data in self._reader.messages(wanted):
            yield RawMessage(recorded_ns, data)


def _mcap_topic(schema: Schema | None, channel: Channel) -> Topic:
    kind = '' if schema is None else normalize_msgtype(schema.name)
    return Topic(channel.topic, kind, channel.message_encoding)


def _unpack_message(data: bytes) -> bytes:
    # A serialized message begins with 0: no metadata.yaml is needed to tell.
    if data[:len(ZSTD_MAGIC)] != ZSTD_MAGIC:
        return data
    reader, plain = zstandard.ZstdDecompressor().stream_reader(data), bytearray()
    while piece := reader.read(_PIECE_BYTES):
        plain += piece
        if len(plain) > _MOST_MESSAGE_BYTES:
            raise ValueError(f'a message unpacks to more than {_MOST_MESSAGE_BYTES} bytes')
    return bytes(plain)


def _format_of(magic: bytes) -> _Format:
    for known in _FORMATS:
        if magic.startswith(known.magic):
            return known
    raise ValueError('it begins unlike MCAP, sqlite3 and ROS 1 bags' if magic else 'it is empty')


@contextmanager
def _open_mcap(file: Path) -> Iterator[Storage]:
    with file.open('rb') as stream:
        yield _McapStorage(stream)


@contextmanager
def _open_sqlite(file: Path) -> Iterator[Storage]:
    # What a recorder that was killed left in its journal is read too, where there is one.
    journal = file.with_name(f'{file.name}-wal').exists()
    address = f'{file.resolve().as_uri()}?{"mode=ro" if journal else "immutable=1"}'
    connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    with closing(connection):
        yield _SqliteStorage(connection)


@contextmanager
def _open_ros1(file: Path) -> Iterator[Storage]:
    with Ros1Reader(file) as reader:
        yield _Ros1Storage(reader)


@dataclass(frozen=True, slots=True)
class _Format:
    magic: bytes
    open: Callable[[Path], AbstractContextManager[Storage]]
    remedy: str


_FORMATS = (
    _Format(b'\x89MCAP0\r\n', _open_mcap, '`mcap recover` saves what is whole'),
    _Format(b'SQLite format 3\0', _open_sqlite,
            "sqlite3's `.recover` saves what is whole, then `ros2 bag reindex`"),
    _Format(b'#ROSBAG V', _open_ros1, '`rosbag reindex` saves what is whole'))
