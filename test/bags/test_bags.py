"""Tests of reading and writing bags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slim_split_ros.bags import (
    BagError,
    BagImage,
    BagImageWriter,
    CompressedBagImage,
    find_image_topic,
    read_images,
)

STAMP_NS = 1_700_000_000_123_456_789


def raw_image(number: int) -> BagImage:
    """Make a small image whose pixels and times follow from its number."""
    stamp_ns = STAMP_NS + number * 100_000_000
    data = np.full(6 * 4 * 3, number, np.uint8)
    return BagImage(stamp_ns + 5, stamp_ns, 'head', 'rgb8', 6, 4, 18, False, data)


def same_fields(left: object, right: object) -> bool:
    """Compare two images field by field, pixels included."""
    return all(
        np.array_equal(getattr(left, name), getattr(right, name))
        for name in type(left).__slots__)


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_images_come_back_from_a_bag_as_they_were_written(tmp_path: Path, storage: str) -> None:
    images = [raw_image(number) for number in range(3)]
    with BagImageWriter(tmp_path / 'bag', storage) as writer:
        for image in images:
            writer.write('/head/image', image)
    read = list(read_images(tmp_path / 'bag'))
    assert len(read) == 3
    assert all(same_fields(left, right) for left, right in zip(images, read, strict=True))


def test_compressed_images_come_back_as_they_were_written(tmp_path: Path) -> None:
    image = CompressedBagImage(STAMP_NS, STAMP_NS, 'head', 'jpeg', np.arange(9, dtype=np.uint8))
    with BagImageWriter(tmp_path / 'bag') as writer:
        writer.write('/head/image/compressed', image)
    assert same_fields(next(read_images(tmp_path / 'bag')), image)


def test_a_bag_with_two_image_topics_asks_for_one(tmp_path: Path) -> None:
    with BagImageWriter(tmp_path / 'bag') as writer:
        writer.write('/left', raw_image(0))
        writer.write('/right', raw_image(1))
    with pytest.raises(BagError, match='/left, /right: name one'):
        find_image_topic(tmp_path / 'bag')
    assert find_image_topic(tmp_path / 'bag', '/right') == '/right'
    assert [image.data[0] for image in read_images(tmp_path / 'bag', '/right')] == [1]


def test_an_unknown_topic_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with BagImageWriter(tmp_path / 'bag') as writer:
        writer.write('/left', raw_image(0))
    with pytest.raises(BagError, match='no images on /up; there are some on /left'):
        find_image_topic(tmp_path / 'bag', '/up')


def test_a_missing_bag_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BagError, match='nowhere does not exist'):
        find_image_topic(tmp_path / 'nowhere')


def test_a_folder_that_is_no_bag_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BagError, match=f'{tmp_path} cannot be read as a bag'):
        find_image_topic(tmp_path)


def test_a_damaged_bag_is_refused_by_name(tmp_path: Path) -> None:
    with BagImageWriter(tmp_path / 'bag') as writer:
        writer.write('/left', raw_image(0))
    file = next((tmp_path / 'bag').glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(BagError, match='cannot be read as a bag'):
        list(read_images(tmp_path / 'bag'))


def test_a_bag_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / 'bag').mkdir()
    with pytest.raises(BagError, match='cannot be written'):
        BagImageWriter(tmp_path / 'bag')
