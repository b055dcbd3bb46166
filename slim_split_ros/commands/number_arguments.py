"""Numbers as arguments: types for argparse, which says the option's name before their words."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import math

# Of what the nodes take, and of the generators behind them.
_MOST_SEED = 2**31 - 1
# Longer ones are no number that anybody means, and Python refuses to read them.
_MOST_DIGITS = 12
_SHOWN = 40


def number_from(least: float, most: float = math.inf) -> Callable[[str], float]:
    """
    Make a type of finite numbers, both ends included.

    >>> number_from(0.0, 1.0)('0.5')
    0.5
    """
    wanted = f'of {least:g} or more' if most == math.inf else f'from {least:g} to {most:g}'

    def parse(text: str) -> float:
        value = _read(text)
        if not least <= value <= most or math.isinf(value):
            raise argparse.ArgumentTypeError(f'{text:.{_SHOWN}} is not a number {wanted}')
        return value

    return parse


def number_above(limit: float, most: float) -> Callable[[str], float]:
    """Make a type of numbers above a limit, up to `most`."""
    def parse(text: str) -> float:
        value = _read(text)
        if not limit < value <= most:
            raise argparse.ArgumentTypeError(
                f'{text:.{_SHOWN}} is not a number above {limit:g} and up to {most:g}')
        return value

    return parse


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """
    Make a type of whole numbers of 0 or more, both ends included.

    >>> whole_number(1, 16)('4')
    4
    """
    wanted = f'of {least} or more' if most is None else f'from {least} to {most}'

    def parse(text: str) -> int:
        value = int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else -1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f'{text:.{_SHOWN}} is not a whole number {wanted}')
        return value

    return parse


def _read(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


at_least_one = whole_number(1)
not_negative = number_from(0.0)
# A score, a chance, a share of the encoder.
share = number_from(0.0, 1.0)
seed = whole_number(0, _MOST_SEED)
