"""Does a plot become SVG that suits light and dark pages, the same each time?"""

import xml.etree.ElementTree as ElementTree

from slim_split_ros.reports import COLOURS, figure_to_svg, make_axes


def draw():
    figure, axes = make_axes('time, s', 'payload, bytes')
    axes.plot([0, 1, 2], [900, 2800, 1500], color=COLOURS[0], label='width 0.25')
    axes.legend()
    return figure_to_svg(figure)


def test_svg_is_one_element_with_its_labels_as_text():
    root = ElementTree.fromstring(draw())

    texts = ' '.join(root.itertext())
    assert root.tag.endswith('svg')
    assert 'payload, bytes' in texts
    assert 'width 0.25' in texts


def test_svg_takes_the_colour_of_the_page_instead_of_black():
    svg = draw()

    assert 'currentColor' in svg
    assert '#000000' not in svg
    assert COLOURS[0] in svg


def test_same_figure_gives_the_same_svg():
    assert draw() == draw()
