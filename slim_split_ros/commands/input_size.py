"""The size of the network's input, as the commands that write model folders take it."""

from __future__ import annotations

import argparse

# Smaller inputs show too little, larger ones cost a robot too much; the decoder's coarsest grid
# asks for whole multiples.
SMALLEST_SIDE, LARGEST_SIDE, MULTIPLE = 320, 960, 32
HELP = (f"longer side of the network's input, {SMALLEST_SIDE} to {LARGEST_SIDE}, a multiple of "
        f'{MULTIPLE}; both nodes read it from the folder (default: as it was)')


def input_long_side(text: str) -> int:
    """Return a side that a model may have, for argparse."""
    side = int(text) if text.isdecimal() else 0
    if not (SMALLEST_SIDE <= side <= LARGEST_SIDE and side % MULTIPLE == 0):
        raise argparse.ArgumentTypeError(
            f'{text}, has to be a multiple of {MULTIPLE} from {SMALLEST_SIDE} to {LARGEST_SIDE}')
    return side
