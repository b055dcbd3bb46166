"""What data sets hold and every fault in them, said before anything is trained on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slim_split_ros.training.data.coco_folder import CocoSplit, check_split
from slim_split_ros.training.errors import DataSetError

DEFAULT_SPLIT = 'train'


def check_data(folders: tuple[Path, ...], split: str | None, show: Callable[[str], None]
               ) -> list[CocoSplit]:
    """
    Read a split of each folder, or all that a folder has, and show what was found line by line.

    Raises DataSetError, after all is shown, where there was a fault.
    """
    checked: list[CocoSplit] = []
    for folder in folders:
        for name in [split] if split else _splits_of(folder):
            read = check_split(folder, name)
            if checked and read.classes and read.classes != checked[0].classes:
                read.faults.add('classes', (
                    f'classes are {", ".join(read.classes)}; those of '
                    f'{checked[0].annotation_file} are {", ".join(checked[0].classes)}: they '
                    'must agree'))
            checked.append(read)
            for line in _describe(read):
                show(line)
    count = sum(len(read.faults) for read in checked)
    if count:
        raise DataSetError(f'{count} fault(s) in the data, listed above: mend or remove what they '
                           'name, then give the same command again')
    return checked


def _splits_of(folder: Path) -> list[str]:
    found = sorted((folder / 'annotations').glob('instances_*.json'))
    return [path.stem.removeprefix('instances_') for path in found] or [DEFAULT_SPLIT]


def _describe(read: CocoSplit) -> list[str]:
    counts = read.class_counts
    listed = ', '.join(f'{name} {count}' for name, count in counts.items()) or 'none'
    lines = [f'{read.annotation_file}: {len(read.images)} pictures, {sum(counts.values())} boxes; '
             f'boxes by class: {listed}']
    lines += [f'  remark: {line}' for line in read.remarks.lines()]
    return lines + [f'  fault: {line}' for line in read.faults.lines()]
