"""How a plot looks, and its SVG text, which suits light and dark pages."""

from __future__ import annotations

from io import StringIO
import logging
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Four widths, four colours; each stands out on white and on black.
COLOURS = ('#8b7ff0', '#2f9be0', '#1fab7a', '#e08a1e')
_GRID = '#8888884d'
_INCHES = (5.6, 3.2)
# Names of parts inside the SVG are made from this instead of at random.
_SALT = 'slim_split_ros'


def make_axes(
    x_label: str, y_label: str, inches: tuple[float, float] = _INCHES
) -> tuple[Figure, Axes]:
    """Return an empty figure and its axes; give the figure to `figure_to_svg` when it is drawn."""
    # It warns while it lists the fonts of a machine for the first time.
    logging.getLogger('matplotlib.font_manager').setLevel(logging.ERROR)
    # Not pyplot: it keeps every figure, and looks for a display.
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, layout='constrained')
    axes = figure.add_subplot()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    return figure, axes


def figure_to_svg(figure: Figure) -> str:
    """
    Return an SVG element without background whose black follows the colour of the page's text.

    The same figure gives the same text.
    """
    from matplotlib import rc_context

    text = StringIO()
    with rc_context({'svg.fonttype': 'none', 'svg.hashsalt': _SALT}):
        figure.savefig(text, format='svg', transparent=True, metadata={'Date': None})
    element = text.getvalue()[text.getvalue().index('<svg'):]
    without_notes = re.sub(r'\s*<metadata>.*?</metadata>', '', element, flags=re.DOTALL)
    return re.sub(r'(stroke|fill): #000000', r'\1: currentColor', without_notes)
