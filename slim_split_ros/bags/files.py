"""Which files a bag is made of: a folder with or without metadata.yaml, or one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path, PurePath
import re
from tempfile import TemporaryDirectory

import yaml
import zstandard

from slim_split_ros.bags.errors import BagError

ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'
_METADATA = 'metadata.yaml'
_METADATA_KEY = 'rosbag2_bagfile_information'
_SUFFIXES = ('.mcap', '.db3', '.bag')
_PACKED = ('', '.zstd', '.zst')
_ENDINGS = tuple(suffix + packed for suffix in _SUFFIXES for packed in _PACKED)
# Unpacks to 128 MB at most.
_PIECE_BYTES = 1 << 12


def is_bag(path: Path) -> bool:
    """Tell a recording of ROS messages from a folder of pictures or a video."""
    if not path.is_dir():
        return path.name == _METADATA or _is_bag_file(path)
    metadata = path / _METADATA
    # Data sets of pictures have a file of this name too.
    return bool(_bag_files(path)) or (
        metadata.is_file() and _METADATA_KEY in metadata.read_text(errors='replace'))


def bags_within(folder: Path) -> tuple[Path, ...]:
    """Return the bags of a folder that holds folders of bags, and is none."""
    return tuple(sorted(path for path in folder.iterdir() if path.is_dir() and is_bag(path)))


def find_files(bag: Path) -> tuple[Path, ...]:
    """Return the files of a bag in the order of recording; BagError says what is missing."""
    if not bag.exists():
        raise BagError(f'{bag} does not exist: name a bag folder or an .mcap, .db3 or .bag file')
    folder = bag.parent if bag.name == _METADATA else bag
    if not folder.is_dir():
        return (bag,)
    metadata = folder / _METADATA
    files = _named_files(metadata) if metadata.is_file() else _bag_files(folder)
    if not files:
        raise BagError(f'{bag} cannot be read as a bag: it holds no {", ".join(_SUFFIXES)} file')
    # Unlike pathlib, os lets names pass that are too long.
    if missing := [file.name for file in files if not os.path.isfile(file)]:
        raise BagError(f'{bag} cannot be read as a bag: {missing[0]:.80} is missing there '
                       f'({len(missing)} of {len(files)} files are); `ros2 bag reindex {folder}` '
                       f'makes a new {_METADATA} of what there is')
    return files


def is_one_recording(bag: Path) -> bool:
    """Tell the files of one recording, which its metadata name, from several in one folder."""
    return not bag.is_dir() or (bag / _METADATA).is_file()


@contextmanager
def unpacked(file: Path) -> Iterator[Path]:
    """Give the file, or a copy without its zstd compression; EOFError or ZstdError if damaged."""
    if read_magic(file)[:len(ZSTD_MAGIC)] != ZSTD_MAGIC:
        yield file
        return
    with TemporaryDirectory(prefix='bag_') as folder:
        copy = Path(folder) / file.stem
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        with file.open('rb') as packed, copy.open('wb') as plain:
            while not unpacker.eof and (piece := packed.read(_PIECE_BYTES)):
                plain.write(unpacker.decompress(piece))
        if not unpacker.eof:
            raise EOFError('its zstd stream has no end')
        yield copy


def read_magic(file: Path) -> bytes:
    """Return the first bytes, at most 16."""
    with file.open('rb') as stream:
        return stream.read(16)


def _is_bag_file(path: Path) -> bool:
    # ._bag.mcap beside bag.mcap is what macOS leaves on foreign disks.
    return path.name.lower().endswith(_ENDINGS) and not path.name.startswith('.')


def _bag_files(folder: Path) -> tuple[Path, ...]:
    files = (path for path in folder.iterdir() if path.is_file() and _is_bag_file(path))
    return tuple(sorted(files, key=_natural))


def _natural(path: Path) -> list[tuple[int, str]]:
    # bag_10 was recorded after bag_9.
    return [(int(digits or 0), text) for text, digits in re.findall(r'(\D*)(\d*)', path.name)]


def _named_files(metadata: Path) -> tuple[Path, ...]:
    try:
        names = yaml.safe_load(metadata.read_text())[_METADATA_KEY]['relative_file_paths']
        # Early versions wrote the folder too.
        return tuple(metadata.parent / PurePath(name).name for name in names)
    # The border to the parser, which raises whatever it happens to.
    except Exception as error:
        raise BagError(f'{metadata} cannot be read as the metadata of a bag; '
                       f'`ros2 bag reindex {metadata.parent}` makes it anew') from error
