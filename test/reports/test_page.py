"""Is a page one file that needs no other, whatever stands in it?"""

from html.parser import HTMLParser

import pytest

from slim_split_ros.reports import (
    Drawing,
    Picture,
    Section,
    Table,
    picture_to_data_uri,
    render_page,
)

VOID = {'meta', 'img', 'br', 'link', 'input'}


class Outline(HTMLParser):
    """Collect attributes that would fetch something, and check that elements nest."""

    def __init__(self, html):
        super().__init__()
        self.open, self.fetched, self.tags = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetched += [value for name, value in attributes if name in ('src', 'href')]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def full_section():
    return Section(
        'Widths', ('One paragraph.', 'Another.'),
        tables=(Table(('width', 'bytes'), (('0.25', '900'), ('1.0', '2,800'))),),
        drawings=(Drawing('<svg viewBox="0 0 1 1"></svg>', 'A plot'),),
        pictures=(Picture(picture_to_data_uri(b'jpeg'), 'A frame'),))


def test_page_nests_and_fetches_nothing():
    outline = Outline(render_page('Demo', [full_section()], lead='Half a minute.'))

    assert outline.open == []
    assert all(source.startswith('data:') for source in outline.fetched)
    assert {'table', 'svg', 'img', 'h1', 'h2'} <= set(outline.tags)


def test_text_from_outside_is_escaped_everywhere():
    nasty = '<script>alert("x")</script>'
    section = Section(nasty, (nasty,), (Table((nasty,), ((nasty,),)),),
                      pictures=(Picture('data:,', nasty),))

    html = render_page(nasty, [section], lead=nasty)

    assert '<script' not in html


def test_page_without_contents_has_no_empty_parts():
    outline = Outline(render_page('Empty', [Section('Nothing')]))

    assert not {'table', 'figure', 'p'} & set(outline.tags)


def test_page_follows_the_scheme_of_the_reader_and_the_size_of_the_screen():
    html = render_page('Demo', [])

    assert 'prefers-color-scheme: dark' in html
    assert 'width=device-width' in html


def test_table_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match='has 1 cells for 2 columns'):
        Table(('width', 'bytes'), (('0.25',),))
