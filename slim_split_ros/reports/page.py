"""
Sections of text, tables, plots and pictures as one HTML file that needs no other.

What stands in the sections is the caller's; plots come from `figures.py`.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Table:
    """Hold cells as text; the first column names the row, the others are figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f'row {row} has {len(row)} cells for {len(self.columns)} columns')


@dataclass(frozen=True, slots=True)
class Drawing:
    """Hold a plot as SVG text, from `figure_to_svg`, and what it shows."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold a photograph as a data URI, from `picture_to_data_uri`, and what it shows."""

    data_uri: str
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """Hold one part of a page; it shows its contents in the order of the fields."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    pictures: tuple[Picture, ...] = ()


def render_page(title: str, sections: Sequence[Section], lead: str = '') -> str:
    """
    Return the whole HTML document; texts are escaped, `lead` stands below the title.

    >>> html = render_page('Links', [Section('LTE', ('Measured <here>.',))])
    >>> '<h2>LTE</h2>' in html, 'Measured &lt;here&gt;.' in html, 'http' in html
    (True, True, False)
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True)
    # The stylesheet is ours and the drawings come from matplotlib: neither is to be escaped.
    environment.filters['verbatim'] = Markup
    style = (_TEMPLATES / 'page.css').read_text(encoding='utf-8')
    template = environment.get_template('page.html')
    return template.render(title=title, sections=sections, lead=lead, style=style)


def picture_to_data_uri(jpeg: bytes) -> str:
    """
    Return what an image element takes as its source.

    >>> picture_to_data_uri(bytes([0xff, 0xd8, 0xff]))
    'data:image/jpeg;base64,/9j/'
    """
    return f'data:image/jpeg;base64,{b64encode(jpeg).decode("ascii")}'
