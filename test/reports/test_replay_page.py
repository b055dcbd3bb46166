"""Does the page of a replay show one run, and two beside one another?"""

from __future__ import annotations

import math
from typing import Any

import pytest

from slim_split_ros.reports.replay_page import ShownPicture, render_replay, run_table
from slim_split_ros.reports.replay_runs import read_run


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {'stamp_ns': number, 'captured_s': 0.1 * number, 'fate': 'answered', 'width': 0.5,
            'message_bytes': 1000, 'encode_ms': 2.0, 'server_ms': 30.0, 'end_to_end_ms': None,
            'detections': [{'name': 'ball', 'score': 0.9, 'box': [1, 2, 3, 4]}], **changes}


def figures(**changes: Any) -> dict[str, Any]:
    return {'bag': 'hall', 'model': 'robocup', 'link': None, 'seconds': 4.0,
            'payload_sha256': 'ab' * 32, 'dropped': {'late': 1},
            'rows': [row(0), row(1), row(2, fate='late', width=None, encode_ms=None,
                                         server_ms=None, message_bytes=0, detections=[])],
            **changes}


def cells(table: object, name: str) -> tuple[str, ...]:
    return next(row[1:] for row in table.rows if row[0] == name)


def test_a_run_has_its_figures_and_none_of_a_link() -> None:
    table = run_table([read_run('this run', figures())])
    assert cells(table, 'frames') == ('3',)
    assert cells(table, 'sent') == ('2',)
    assert cells(table, 'not sent, lost or refused') == ('1 late',)
    assert cells(table, 'bytes of a frame') == ('1,000',)
    assert 'end to end, median' not in {row[0] for row in table.rows}


def test_two_runs_stand_side_by_side() -> None:
    linked = figures(link='wifi.csv', rows=[row(0, end_to_end_ms=90.0)])
    runs = [read_run('this run', figures()), read_run('before', linked)]

    html = render_replay(runs, [ShownPicture(b'\xff\xd8', 'a <frame>')], ['2 gaps & more'])

    assert cells(run_table(runs), 'end to end, median') == ('', '90.0 ms')
    assert 'before: hall through model robocup over wifi.csv' in html
    assert 'a &lt;frame&gt;' in html and '2 gaps &amp; more' in html
    assert html.count('<svg') == 6


def test_a_run_that_sent_nothing_is_shown() -> None:
    html = render_replay([read_run('this run', figures(rows=[]))], [], [])
    assert html.count('<svg') == 3
    assert 'measured' not in html


def test_recorded_features_are_not_said_to_have_been_encoded() -> None:
    served = read_run('this run', figures(rows=[row(0, encode_ms=None)]))
    html = render_replay([served], [], [])
    assert 'Serving was measured while the replay ran.' in html
    assert 'ncoding' not in html and 'payload in memory' not in html


def test_a_link_is_spoken_of_where_there_was_one() -> None:
    html = render_replay([read_run('this run', figures())], [], [])
    assert 'Encoding and serving were measured while the replay ran.' in html
    assert 'emulation' not in html
    linked = read_run('this run', figures(link='wifi.csv'))
    assert 'those of its emulation' in render_replay([linked], [], [])


@pytest.mark.parametrize(('changes', 'words'), [
    ({'rows': [{'stamp_ns': 1}]}, "no 'captured_s'"),
    ({'rows': 7}, 'holds something else'),
    ({'dropped': None}, 'holds something else'),
    ({'seconds': math.nan}, 'the number nan'),
    ({'rows': [{'stamp_ns': math.inf, 'captured_s': 0.0}]}, 'holds something else'),
    ({'rows': [{'stamp_ns': 1, 'captured_s': math.inf}]}, 'the number inf'),
])
def test_what_is_no_replay_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_run('other', figures(**changes))


def test_a_list_is_no_replay() -> None:
    with pytest.raises(ValueError, match='holds something else'):
        read_run('other', [1, 2])
