"""Simulated clips as an argument and as a split of pictures, for the commands that take both."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slim_split_ros.training.data.coco_folder import CocoSplit

CLIP_S = 8.0
CLIP_FPS = 10.0


def parse_seeds(text: str) -> tuple[int, ...]:
    """
    Read whole numbers with commas; raises ArgumentTypeError for anything else.

    >>> parse_seeds('77001,77002')
    (77001, 77002)
    """
    try:
        seeds = tuple(map(int, text.split(',')))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no list of whole numbers with commas') from None
    if min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise argparse.ArgumentTypeError(f'{text!r}: seeds are 0 or more, each named once')
    return seeds


def render_clips(folder: Path, seeds: tuple[int, ...]) -> CocoSplit:
    """Write a clip of each hall into `folder` and return them; raises SimulationError."""
    from slim_split_ros.simulation import write_clips
    from slim_split_ros.training.data.coco_folder import load_split

    write_clips(folder, 'clips', seeds, CLIP_S, CLIP_FPS)
    return load_split(folder, 'clips')
