"""`detect`: how a detector's file is understood, and what it finds in pictures."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import chain, count
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from slim_split_ros.commands.input_paths import input_path
from slim_split_ros.commands.number_arguments import share
from slim_split_ros.commands.output_paths import output_file, output_folder, write_json

if TYPE_CHECKING:
    import numpy as np

    from slim_split_ros.detectors import Detections


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'detect', help='show how a detector is understood and what it finds in pictures',
        description='Says how the ONNX file of a detector is understood, runs it on pictures '
                    '(JPEG, PNG) and prints what it finds. What is guessed wrong is put right by '
                    'a YAML of the same name beside the file (docs/detectors.md).')
    parser.add_argument('pictures', type=input_path, nargs='+', metavar='PICTURE',
                        help='JPEG or PNG')
    parser.add_argument('--detector', type=input_path, required=True, metavar='FILE.onnx',
                        help='what docs/detectors.md lists is recognised')
    parser.add_argument('--threshold', type=share, default=0.3, metavar='SCORE',
                        help='detections below it are left out (default: %(default)s)')
    parser.add_argument('--output', type=output_folder, metavar='DIR',
                        help='draw what is found into pictures there')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write what is found')


def run(args: argparse.Namespace) -> int:
    """Detect in every picture that can be read; 1 if any could not."""
    from slim_split_ros.detectors import DetectorError, load_detector

    try:
        detector = load_detector(args.detector)
    except DetectorError as error:
        print(f'detect: {error}', file=sys.stderr)
        return 1
    print(f'{args.detector.name}: {detector.description.sentence()}')
    names = _names(args.pictures)
    if args.output is not None and (taken := _inputs_at(args.output, names, args.pictures)):
        print(f'detect: what is found in {taken} would be drawn over it: choose another --output',
              file=sys.stderr)
        return 2
    rows, failed = [], 0
    for path, name in zip(args.pictures, names, strict=True):
        try:
            picture = _read_picture(path)
            found = detector.detect(picture, args.threshold)
            if args.output is not None:
                _draw(args.output / name, picture, found, detector.classes)
        except (DetectorError, ValueError, OSError) as error:
            print(f'detect: {error}', file=sys.stderr)
            failed += 1
            continue
        of_picture = _rows(path, found, detector.classes)
        for row in of_picture:
            box = ', '.join(f'{value:.1f}' for value in row['box'])
            print(f'{path}: {row["class"]} {row["score"]:.3f} at {box}')
        if dropped := found.dropped.sentence():
            print(f'{path}: {dropped}')
        if not of_picture:
            print(f'{path}: nothing above {args.threshold:g} (where something is, boxes in other '
                  'units may fall outside: box_units, docs/detectors.md)')
        rows += of_picture
    write_json(
        args.json, {'detector': detector.description.sentence(), 'detections': rows})
    print(f'{len(rows)} detections in {len(args.pictures) - failed} pictures')
    return 1 if failed else 0


def _read_picture(path: Path) -> np.ndarray:
    """Return uint8 (H, W, 3), BGR, as `adapt` sees it; ValueError names a file that is none."""
    from slim_split_ros.training.data.pictures import read_picture
    from slim_split_ros.training.errors import DataSetError

    if path.is_dir():
        raise ValueError(f'{path} is a folder: give the pictures in it')
    try:
        return read_picture(path)
    except DataSetError as error:
        raise ValueError(str(error)) from error


def _rows(path: Path, found: Detections, classes: tuple[str, ...]) -> list[dict]:
    return [
        {'picture': str(path), 'box': [round(float(value), 2) for value in box],
         'score': round(float(score), 4), 'class': classes[int(label)]}
        for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True)]


def _names(pictures: Sequence[Path]) -> list[str]:
    """Return what the drawn pictures are called: as they are, numbered where several are alike."""
    names: list[str] = []
    for path in pictures:
        alike = (f'{path.stem}_{number}.png' for number in count(2))
        names.append(next(name for name in chain([f'{path.stem}.png'], alike)
                          if name not in names))
    return names


def _inputs_at(folder: Path, names: Sequence[str], pictures: Sequence[Path]) -> Path | None:
    """Return a picture that lies where a drawn one goes."""
    places = {os.path.realpath(folder / name) for name in names}
    return next((path for path in pictures if os.path.realpath(path) in places), None)


def _draw(
    file: Path, picture: np.ndarray, found: Detections, classes: tuple[str, ...]
) -> None:
    import cv2

    from slim_split_ros.offboard import draw_detections

    _, data = cv2.imencode('.png', draw_detections(picture.copy(), found, classes))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.tobytes())
