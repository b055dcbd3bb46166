"""Does the page of a demo show its table, its plots and its pictures, with and without truth?"""

from dataclasses import replace

import pytest

from slim_split_ros.reports.demo_page import DemoFacts, ProcessRow, ShownFrame, render_demo
from slim_split_ros.reports.demo_rows import FrameFigures, summarize


@pytest.fixture(scope='module')
def facts():
    frames = tuple(
        FrameFigures(0.1 * k, width, round(1000 * width) + k, 10 * width, 20.0, 40.0 + k, 3, 2, 4)
        for k, width in enumerate([0.25, 0.25, 0.5, 0.5, 1.0, 1.0]))
    return DemoFacts(
        source='The simulated camera', seconds=30.0, score_threshold=0.3, least_iou=0.5,
        has_truth=True, channels={0.25: 16}, frames=frames, rows=summarize(frames, 10.0),
        processes=(ProcessRow('onboard', 121.4, 0.234),),
        drops={'encoder_busy': 2, 'bad_image': 0}, first_payload_s=1.83, first_answer_s=2.0,
        shown=(ShownFrame(0.25, 1234, b'jpeg'),))


def without_truth(facts):
    frames = tuple(replace(frame, matched=None, objects=None) for frame in facts.frames)
    return replace(facts, frames=frames, rows=summarize(frames, 10.0), has_truth=False)


def test_page_says_what_the_facts_say(facts):
    html = render_demo(facts)

    assert '0.25 (16 channels)' in html
    assert 'width 0.25, 1,234 bytes' in html
    assert '121' in html and '23%' in html
    assert 'encoder_busy 2' in html and 'bad_image' not in html
    assert 'after 2.0 s' in html
    assert html.count('<svg') == 4


def test_page_without_truth_speaks_of_none(facts):
    html = render_demo(without_truth(facts))

    assert 'recall' not in html and 'precision' not in html and 'truth' not in html
    assert html.count('<svg') == 3


def test_frames_that_never_came_back_do_not_break_the_plots(facts):
    frames = tuple(replace(frame, end_to_end_ms=None) for frame in facts.frames)

    html = render_demo(replace(facts, frames=frames, rows=summarize(frames, 10.0)))

    assert '–' in html


def test_source_with_markup_in_its_name_is_escaped(facts):
    assert '<b>' not in render_demo(replace(facts, source='<b>folder</b>'))
