"""A pinned width as an argument, of which only the model tells whether it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slim_split_ros.control import OperatingPoints


class WidthError(Exception):
    """A width was pinned that the model does not have: wrong use, in a sentence."""


def check_width(width: float, points: OperatingPoints) -> None:
    """Raise WidthError for a width that no point has; 0 pins none."""
    if width and not points.within(width, width):
        known = ', '.join(f'{known:g}' for known in points.widths)
        raise WidthError(f'--width is {width:g}, the model has {known}: choose one of these')
