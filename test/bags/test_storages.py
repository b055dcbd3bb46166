"""Tests of the formats of bags: whole, with foreign topics, and damaged."""

from __future__ import annotations

from pathlib import Path
import sqlite3

from mcap.writer import Writer as McapWriter
import pytest
from rosbags.rosbag2 import CompressionMode, StoragePlugin
import zstandard

from bags.recordings import (
    TOPIC,
    add_channel,
    raw_image,
    write_bag,
    write_compressed,
    write_mcap,
    write_ros1,
)
from slim_split_ros.bags import BagError, find_image_topic, read_images

IDL = b'#include "builtin_interfaces/msg/Time.idl"\nmodule m { struct S { float angle; }; };'
FOREIGN = [
    ('demo_msgs/srv/Add_Event', 'ros2msg', b'MSG: demo_msgs/srv/Add_Event\nint64 a\n---\n', 'cdr'),
    ('steer_msgs/msg/Steer', 'ros2idl', IDL, 'cdr'),
    ('odd_msgs/msg/Odd', 'ros2msg', b'\xff\xfe', 'cdr'),
    ('foxglove.Log', 'jsonschema', b'{"type": "object"}', 'json'),
    ('foxglove.Pose', 'protobuf', b'\x0a\xff\x00\x80', 'protobuf'),
    ('sensor_msgs/msg/Image', 'jsonschema', b'{}', 'json'),
    ('', '', b'', 'text'),
]


def numbers_in(bag: Path) -> list[int]:
    return [int(image.data[0]) for image in read_images(bag)]


@pytest.mark.parametrize(('kind', 'schema', 'definition', 'coding'), FOREIGN)
def test_images_are_read_beside_topics_of_any_other_kind(
    tmp_path: Path, kind: str, schema: str, definition: bytes, coding: str
) -> None:
    def beside(writer: McapWriter) -> None:
        add_channel(writer, kind, schema, definition, coding)

    file = write_mcap(tmp_path / 'a.mcap', beside)

    assert find_image_topic(file) == TOPIC
    assert numbers_in(file) == [0, 1, 2]


def test_a_channel_without_schema_is_passed_over(tmp_path: Path) -> None:
    file = write_mcap(
        tmp_path / 'a.mcap', lambda writer: writer.register_channel('/json', 'json', 0))
    assert numbers_in(file) == [0, 1, 2]


@pytest.mark.parametrize('options', [
    {'use_index': False},
    {'use_statistics': False, 'repeat_channels': False, 'repeat_schemas': False},
    {'profile': ''},
])
def test_what_an_mcap_file_may_leave_out_is_not_needed(
    tmp_path: Path, options: dict[str, bool]
) -> None:
    assert numbers_in(write_mcap(tmp_path / 'a.mcap', **options)) == [0, 1, 2]


def test_a_database_with_unknown_definitions_is_read(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]}, 'sqlite3')
    with sqlite3.connect(next(bag.glob('*.db3'))) as database:
        database.execute("INSERT INTO topics VALUES(9, '/odd', 'odd/msg/Odd', 'odd', '?', 'x')")
        database.execute(
            "INSERT INTO message_definitions VALUES(9, 'odd/msg/Odd', 'unknown', '', 'x')")
    database.close()
    assert numbers_in(bag) == [7]


@pytest.mark.parametrize('row', [
    "(8, 1, 'x', x'00')", "(8, 1, 1.5, x'00')", '(8, 1, 5, 6)', "(8, 1, 5, 'text')"])
def test_rows_that_are_no_messages_are_passed_over(tmp_path: Path, row: str) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]}, 'sqlite3')
    with sqlite3.connect(next(bag.glob('*.db3'))) as database:
        database.execute(f'INSERT INTO messages VALUES{row}')
        database.execute("INSERT INTO topics VALUES(9, '/odd', x'ff', 'cdr', '?', 'x')")
    database.close()
    assert find_image_topic(bag) == TOPIC
    assert numbers_in(bag) == [7]


def test_a_message_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    packed = [packer.compress(bytes(2**24)) for _ in range(64)] + [packer.flush()]
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]}, 'sqlite3')
    with sqlite3.connect(next(bag.glob('*.db3'))) as database:
        database.execute('UPDATE messages SET data = ?', (b''.join(packed),))
    database.close()
    with pytest.raises(BagError, match='unpacks to more than'):
        numbers_in(bag)


def test_what_is_still_in_the_journal_of_a_database_is_read(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]}, 'sqlite3')
    database = sqlite3.connect(next(bag.glob('*.db3')))
    database.execute('PRAGMA journal_mode=WAL')
    database.execute(
        'INSERT INTO messages (topic_id, timestamp, data) SELECT topic_id, timestamp + 1, data '
        'FROM messages')
    database.commit()
    assert numbers_in(bag) == [7, 7]
    database.close()


@pytest.mark.parametrize('storage', [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize('mode', [CompressionMode.FILE, CompressionMode.MESSAGE])
def test_compressed_bags_are_read(
    tmp_path: Path, storage: StoragePlugin, mode: CompressionMode
) -> None:
    bag = write_compressed(tmp_path / 'bag', storage, mode)
    assert numbers_in(bag) == [0, 1, 2]
    (bag / 'metadata.yaml').unlink()
    assert numbers_in(bag) == [0, 1, 2]


def test_a_bag_of_ros_1_is_read(tmp_path: Path) -> None:
    image = next(read_images(write_ros1(tmp_path / 'a.bag')))
    expected = raw_image(0)
    assert (image.stamp_ns, image.encoding, image.width) == (expected.stamp_ns, 'rgb8', 6)
    assert image.data.tolist() == expected.data.tolist()


def write_any(folder: Path, kind: str) -> Path:
    """Write a bag of a kind and return its one file."""
    if kind == 'ros1':
        return write_ros1(folder / 'a.bag')
    if kind == 'mcap':
        return write_mcap(folder / 'a.mcap')
    if kind == 'zstd':
        bag = write_compressed(folder / 'bag', StoragePlugin.SQLITE3, CompressionMode.FILE)
        return next(bag.glob('*.zstd'))
    bag = write_bag(folder / 'bag', {TOPIC: [raw_image(n) for n in range(200)]}, 'sqlite3')
    return next(bag.glob('*.db3'))


@pytest.mark.parametrize('share', [0.0, 0.02, 0.3, 0.6, 0.9, 0.995])
@pytest.mark.parametrize(('kind', 'way_out'), [
    ('mcap', 'mcap recover'), ('sqlite3', 'ros2 bag reindex'), ('ros1', 'rosbag reindex'),
    ('zstd', 'copy or record it again')])
def test_a_cut_file_is_named_in_one_line_with_the_way_out(
    tmp_path: Path, kind: str, way_out: str, share: float
) -> None:
    file = write_any(tmp_path, kind)
    data = file.read_bytes()
    file.write_bytes(data[:int(len(data) * share)])
    with pytest.raises(BagError) as refused:
        numbers_in(file)
    text = str(refused.value)
    assert text.startswith(f'{file} cannot be read as a bag (')
    assert way_out in text or 'copy or record it again' in text
    assert '\n' not in text


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / 'a.mcap').touch()
    with pytest.raises(BagError, match=r'a\.mcap cannot be read .*it is empty'):
        numbers_in(tmp_path / 'a.mcap')


@pytest.mark.parametrize('kind', ['mcap', 'sqlite3', 'ros1', 'zstd'])
def test_flipped_bytes_end_in_images_or_in_the_error_of_the_bag(tmp_path: Path, kind: str) -> None:
    file = write_any(tmp_path, kind)
    whole = bytearray(file.read_bytes())
    for place in range(20, len(whole), max(1, len(whole) // 60)):
        damaged = bytearray(whole)
        damaged[place] ^= 0xff
        file.write_bytes(damaged)
        try:
            numbers_in(file)
        except BagError as error:
            assert str(file) in str(error)
