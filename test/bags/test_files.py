"""Tests of finding the files of a bag."""

from __future__ import annotations

from pathlib import Path
import resource

import pytest
import zstandard

from bags.recordings import TOPIC, raw_image, write_bag, write_ros1
from slim_split_ros.bags import BagError, bags_within, is_bag, read_images


def numbers_in(bag: Path) -> list[int]:
    return [int(image.data[0]) for image in read_images(bag)]


def write_split(folder: Path, parts: int) -> Path:
    """Write one image a file, and no metadata.yaml."""
    folder.mkdir()
    for part in range(parts):
        bag = write_bag(folder.parent / f'part_{part}', {TOPIC: [raw_image(part)]})
        next(bag.glob('*.mcap')).rename(folder / f'run_{part}.mcap')
    return folder


def test_a_folder_without_metadata_is_read_in_the_order_of_recording(tmp_path: Path) -> None:
    assert numbers_in(write_split(tmp_path / 'run', 11)) == list(range(11))


def test_one_file_of_a_split_bag_can_be_named(tmp_path: Path) -> None:
    assert numbers_in(write_split(tmp_path / 'run', 3) / 'run_1.mcap') == [1]


def test_the_metadata_file_stands_for_its_folder(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]})
    assert is_bag(bag / 'metadata.yaml')
    assert numbers_in(bag / 'metadata.yaml') == [7]


@pytest.mark.parametrize('name', ['UPPER.MCAP', 'a b#c?%.mcap', 'no_suffix_at_all'])
def test_the_bytes_of_a_file_say_its_format_not_its_name(tmp_path: Path, name: str) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]})
    file = next(bag.glob('*.mcap')).rename(tmp_path / name)
    assert numbers_in(file) == [7]


@pytest.mark.parametrize('name', ['UPPER.DB3', 'a b#c?%.db3'])
def test_a_database_may_have_any_name(tmp_path: Path, name: str) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]}, 'sqlite3')
    assert numbers_in(next(bag.glob('*.db3')).rename(tmp_path / name)) == [7]


def test_files_that_a_foreign_system_left_beside_a_bag_are_not_read(tmp_path: Path) -> None:
    folder = write_split(tmp_path / 'run', 2)
    (folder / '._run_0.mcap').write_bytes(b'\0\5\26\7')
    (folder / '.DS_Store').write_bytes(b'\0')
    assert numbers_in(folder) == [0, 1]


def test_a_compressed_file_is_read_without_metadata(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]})
    (bag / 'metadata.yaml').unlink()
    file = next(bag.glob('*.mcap'))
    (bag / 'bag.mcap.zstd').write_bytes(zstandard.compress(file.read_bytes()))
    file.unlink()
    assert is_bag(bag)
    assert numbers_in(bag) == [7]


def test_a_compressed_file_is_unpacked_within_a_bounded_memory(tmp_path: Path) -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    packed = [packer.compress(bytes(2**24)) for _ in range(64)] + [packer.flush()]
    (tmp_path / 'a.mcap.zstd').write_bytes(b''.join(packed))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BagError, match='a.mcap.zstd cannot be read as a bag'):
        numbers_in(tmp_path / 'a.mcap.zstd')
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


def test_a_file_that_the_metadata_names_and_is_not_there_is_named(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]})
    next(bag.glob('*.mcap')).unlink()
    assert is_bag(bag)
    with pytest.raises(BagError, match=r'bag\.mcap is missing .*ros2 bag reindex'):
        numbers_in(bag)


def test_missing_files_of_any_name_and_number_are_one_short_line(tmp_path: Path) -> None:
    names = ', '.join('a' * 5_000 for _ in range(100))
    (tmp_path / 'metadata.yaml').write_text(
        'rosbag2_bagfile_information: {relative_file_paths: [' + names + ']}')
    with pytest.raises(BagError, match=r'\(100 of 100 files are\); `ros2 bag reindex') as error:
        numbers_in(tmp_path)
    assert len(str(error.value)) < 400


def test_bags_in_a_folder_are_found_and_other_folders_are_not(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]})
    (tmp_path / 'pictures').mkdir()
    assert bags_within(tmp_path) == (bag,)


@pytest.mark.parametrize('text', [
    '', '{', 'a: 1', 'rosbag2_bagfile_information: {relative_file_paths: 3}', '\0',
    '[' * 20_000, 'a: 2024-99-99', 'a: !!int ""', 'a: !!timestamp x'])
def test_damaged_metadata_are_named_with_the_way_out(tmp_path: Path, text: str) -> None:
    bag = write_bag(tmp_path / 'bag', {TOPIC: [raw_image(7)]})
    (bag / 'metadata.yaml').write_text(text)
    assert is_bag(bag)
    with pytest.raises(BagError, match=r'metadata\.yaml cannot be read .*ros2 bag reindex'):
        numbers_in(bag)


def test_pictures_are_no_bag(tmp_path: Path) -> None:
    (tmp_path / 'a.png').write_bytes(b'\x89PNG')
    (tmp_path / 'metadata.yaml').write_text('license: CC0')
    assert not is_bag(tmp_path)
    assert not is_bag(tmp_path / 'a.png')


def test_bags_are_known_by_their_suffix_in_any_case(tmp_path: Path) -> None:
    assert is_bag(write_ros1(tmp_path / 'A.BAG'))
    assert is_bag(Path('a.mcap.zstd'))
    assert not is_bag(Path('clip.mp4'))


def test_a_missing_bag_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BagError, match='nowhere does not exist'):
        numbers_in(tmp_path / 'nowhere')


def test_a_folder_that_is_no_bag_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BagError, match=f'{tmp_path} cannot be read as a bag'):
        numbers_in(tmp_path)
