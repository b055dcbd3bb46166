"""Self-contained HTML pages and plots from plain data."""

from .figures import COLOURS, figure_to_svg, make_axes
from .page import Drawing, Picture, Section, Table, picture_to_data_uri, render_page

__all__ = [
    'COLOURS', 'Drawing', 'Picture', 'Section', 'Table', 'figure_to_svg', 'make_axes',
    'picture_to_data_uri', 'render_page',
]
