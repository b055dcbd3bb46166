"""Does the page of a demo show its table, its plots and its pictures, with and without truth?"""

from dataclasses import replace

import pytest

from slim_split_ros.reports import demo_page
from slim_split_ros.reports.demo_page import DemoFacts, ProcessRow, render_demo
from slim_split_ros.reports.demo_rows import FrameFigures, ShownFrame, summarize


@pytest.fixture(scope='module')
def facts():
    frames = tuple(
        FrameFigures(0.1 * k, width, round(1000 * width) + k, 10 * width, True, 20.0, 40.0 + k,
                     3, 2, 4, answer_bytes=75)
        for k, width in enumerate([0.25, 0.25, 0.5, 0.5, 1.0, 1.0]))
    ours = ShownFrame('slim', 'slim, width 0.25', 0.25, 1234, 2.0, 3, 2, 4, b'jpeg')
    webp = ShownFrame('WebP', 'WebP, quality 7', None, 1200, 9.0, 2, 1, 4, b'other')
    return DemoFacts(
        source='The simulated camera', codec='slim', model='robocup, fingerprint 0123456789abcdef',
        classes=('ball', 'goal'), captured=9, seconds=30.0, score_threshold=0.3, least_iou=0.5,
        has_truth=True, channels={0.25: 16}, frames=frames, rows=summarize(frames, 10.0),
        processes=(ProcessRow('onboard', 121.4, 0.234),),
        drops={'encoder_busy': 2, 'bad_image': 0}, first_payload_s=1.83, first_answer_s=2.0,
        shown=(ours,), compared=((ours, webp),), report_bytes=30_000)


def without_truth(facts):
    frames = tuple(replace(frame, matched=None, objects=None) for frame in facts.frames)
    compared = tuple(tuple(replace(frame, matched=None, objects=None) for frame in row)
                     for row in facts.compared)
    return replace(facts, frames=frames, rows=summarize(frames, 10.0), has_truth=False,
                   compared=compared, shown=(compared[0][0],))


def test_page_says_what_the_facts_say(facts):
    html = render_demo(facts)

    assert '0.25 (16 channels)' in html
    assert 'slim, width 0.25, 1,234 bytes' in html
    assert 'slim (robocup, fingerprint 0123456789abcdef)' in html
    assert '30 seconds over ROS 2, in which 9 images came, 0.3 a second.' in html
    assert 'This model finds ball, goal.' in html
    assert 'at the 0.2 a second of this run' in html
    assert '0.1 kbit/s of answers and 8.0 of link reports' in html
    assert 'WebP, quality 7, 1,200 bytes' in html
    assert '121' in html and '23%' in html
    assert 'its deadline passed, before the encoder was free (encoder_busy)' in html
    assert 'bad_image' not in html
    assert 'after 2.0 s' in html
    assert html.count('<svg') == 4


def test_of_many_classes_some_are_named(facts):
    html = render_demo(replace(facts, classes=tuple(f'class{number}' for number in range(80))))

    assert 'class7 and 72 others.' in html and 'class8' not in html


def test_page_without_truth_speaks_of_none(facts):
    html = render_demo(without_truth(facts))

    assert 'recall' not in html and 'precision' not in html and 'truth' not in html
    assert html.count('<svg') == 3


def test_frames_that_never_came_back_do_not_break_the_plots(facts):
    frames = tuple(replace(frame, end_to_end_ms=None) for frame in facts.frames)

    html = render_demo(replace(facts, frames=frames, rows=summarize(frames, 10.0)))

    assert '–' in html


def test_no_line_joins_the_widths(facts, monkeypatch):
    figures = []
    monkeypatch.setattr(demo_page, 'figure_to_svg', lambda figure: figures.append(figure) or '')

    render_demo(facts)

    quality = next(figure.axes[0] for figure in figures if figure.axes[0].get_ylabel() == 'share')
    assert len(quality.lines) == 2
    assert {line.get_linestyle() for line in quality.lines} == {'None'}


def test_what_a_link_takes_is_not_called_ros(facts: DemoFacts) -> None:
    assert 'ROS 2 and the link' not in render_demo(facts)
    assert 'ROS 2 and the link' in render_demo(replace(facts, link='wifi'))


def test_a_time_without_any_frame_says_so(facts):
    html = render_demo(replace(facts, frames=(), rows=(), shown=(), compared=(), captured=0))

    assert 'No image was encoded' in html and '<svg' not in html


def test_source_with_markup_in_its_name_is_escaped(facts):
    assert '<b>' not in render_demo(replace(facts, source='<b>folder</b>'))
