"""Tests of finding and reading the images of a bag."""

from __future__ import annotations

from pathlib import Path
import shutil

from mcap.writer import Writer as McapWriter
import numpy as np
import pytest

from bags.recordings import IMAGE, TOPIC, compressed_image, raw_image, write_bag, write_mcap
from slim_split_ros.bags import BagError, BagImageWriter, find_image_topic, read_images


def same_fields(left: object, right: object) -> bool:
    """Compare two images field by field, pixels included."""
    return all(
        np.array_equal(getattr(left, name), getattr(right, name))
        for name in type(left).__slots__)


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_images_come_back_from_a_bag_as_they_were_written(tmp_path: Path, storage: str) -> None:
    images = [raw_image(number) for number in range(3)]
    read = list(read_images(write_bag(tmp_path / 'bag', {TOPIC: images}, storage)))
    assert len(read) == 3
    assert all(same_fields(left, right) for left, right in zip(images, read, strict=True))


def test_compressed_images_come_back_as_they_were_written(tmp_path: Path) -> None:
    image = compressed_image('jpeg')
    bag = write_bag(tmp_path / 'bag', {TOPIC: [image]})
    assert same_fields(next(read_images(bag)), image)


def test_a_bag_with_two_topics_of_pictures_asks_for_one(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {'/left': [raw_image(0)], '/right': [raw_image(1)]})
    with pytest.raises(BagError, match='/left, /right: name one of these with --topic'):
        find_image_topic(bag)
    assert find_image_topic(bag, '/right') == '/right'
    assert [image.data[0] for image in read_images(bag, '/right')] == [1]


def test_recordings_of_two_cameras_in_one_folder_ask_for_one(tmp_path: Path) -> None:
    for number, name in enumerate(('front', 'rear')):
        write_bag(tmp_path / name, {f'/{name}': [raw_image(number)]})
        (file,) = (tmp_path / name).glob('*.mcap')
        file.rename(tmp_path / f'{name}.mcap')
    for name in ('front', 'rear'):
        shutil.rmtree(tmp_path / name)
    with pytest.raises(BagError, match='/front, /rear: name one of these with --topic'):
        find_image_topic(tmp_path)
    assert [image.data[0] for image in read_images(tmp_path, '/rear')] == [1]


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1', 'mono16'])
def test_colour_is_taken_where_the_other_topic_is_depth(tmp_path: Path, encoding: str) -> None:
    bag = write_bag(
        tmp_path / 'bag', {'/a/depth': [raw_image(0, encoding)], '/b/colour': [raw_image(1)]})
    assert find_image_topic(bag) == '/b/colour'
    assert [image.data[0] for image in read_images(bag)] == [1]
    assert find_image_topic(bag, '/a/depth') == '/a/depth'


@pytest.mark.parametrize('image_format', ['16UC1; compressedDepth png', '16UC1; png compressed '])
def test_compressed_depth_is_not_taken_for_a_picture(tmp_path: Path, image_format: str) -> None:
    bag = write_bag(tmp_path / 'bag', {
        '/a': [compressed_image(image_format)],
        '/b': [compressed_image('bgr8; jpeg compressed bgr8')]})
    assert find_image_topic(bag) == '/b'


def test_grey_pictures_beside_colour_are_asked_about(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {'/a': [raw_image(0, 'mono8')], '/b': [raw_image(1)]})
    with pytest.raises(BagError, match='/a, /b: name one'):
        find_image_topic(bag)


def test_the_only_topic_is_taken_even_if_it_is_depth(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {'/a': [raw_image(0, '16UC1')]})
    assert find_image_topic(bag) == '/a'


def test_an_unknown_topic_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {'/left': [raw_image(0)]})
    with pytest.raises(BagError, match='no images on /up; there are some on /left'):
        find_image_topic(bag, '/up')
    with pytest.raises(BagError, match='no images on /up; there are some on /left'):
        next(read_images(bag, '/up'))


def test_a_topic_without_messages_is_passed_over(tmp_path: Path) -> None:
    def declare(writer: McapWriter) -> None:
        writer.register_channel('/idle', 'cdr', writer.register_schema(IMAGE, 'ros2msg', b''))

    file = write_mcap(tmp_path / 'a.mcap', declare)

    assert find_image_topic(file) == TOPIC
    with pytest.raises(BagError, match=f'no images on /idle; there are some on {TOPIC}'):
        list(read_images(file, '/idle'))


def test_a_bag_without_images_says_so(tmp_path: Path) -> None:
    write_bag(tmp_path / 'bag', {TOPIC: []})
    with pytest.raises(BagError, match='bag: no images: no topic is of'):
        list(read_images(tmp_path / 'bag'))


def test_a_bag_whose_topics_have_no_messages_names_them(tmp_path: Path) -> None:
    with (tmp_path / 'a.mcap').open('wb') as stream:
        writer = McapWriter(stream)
        writer.start()
        writer.register_channel(TOPIC, 'cdr', writer.register_schema(IMAGE, 'ros2msg', b''))
        writer.finish()
    with pytest.raises(BagError, match=f'no messages that are images on {TOPIC}'):
        list(read_images(tmp_path / 'a.mcap'))


def test_a_message_that_is_no_image_is_left_out_and_told(tmp_path: Path) -> None:
    def damage(writer: McapWriter) -> None:
        schema = writer.register_schema(IMAGE, 'ros2msg', b'')
        channel = writer.register_channel(TOPIC, 'cdr', schema)
        writer.add_message(channel, 1, b'\0\1\0\0\xff\xff', 1)

    told: list[str] = []
    images = list(read_images(write_mcap(tmp_path / 'a.mcap', damage), warn=told.append))

    assert [image.data[0] for image in images] == [0, 1, 2]
    assert told == [f'{TOPIC}: the message of 1 ns is no {IMAGE}']


def test_a_topic_whose_messages_are_all_damaged_is_named(tmp_path: Path) -> None:
    def damage(writer: McapWriter) -> None:
        channel = writer.register_channel(
            '/odd', 'cdr', writer.register_schema(IMAGE, 'ros2msg', b''))
        writer.add_message(channel, 1, b'', 1)

    with pytest.raises(BagError, match=f'no images on /odd; there are some on {TOPIC}'):
        list(read_images(write_mcap(tmp_path / 'a.mcap', damage), '/odd'))


def test_a_bag_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / 'bag').mkdir()
    with pytest.raises(BagError, match='cannot be written'):
        BagImageWriter(tmp_path / 'bag')
