"""A number of 0 or more as an argument."""

from __future__ import annotations

import argparse


def not_negative(text: str) -> float:
    """Read a finite number of 0 or more; raises ArgumentTypeError for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not a number of 0 or more')
    return value
