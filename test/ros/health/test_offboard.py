"""Tests of how the server's facts are judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from slim_split_ros.ros.health.findings import Level
from slim_split_ros.ros.health.offboard import OffboardFacts, judge_offboard

pytestmark = pytest.mark.ros

WELL = OffboardFacts(
    state='active', model='robocup on the CPU', detector_problem='', feature_silence='',
    has_frames=True, topics=1, senders=2, recent=Counter(frames_in=100, frames_sent=98),
    span_s=5.0, sentences={}, server_ms=25.0, values={'model': {}, 'robots': {}, 'load': {}})


def test_a_server_that_is_well_is_ok_in_every_part_with_its_figures() -> None:
    assert [(finding.part, finding.level, finding.message) for finding in judge_offboard(WELL)] \
        == [('model', Level.OK, 'robocup on the CPU'),
            ('robots', Level.OK, '20.0 frames/s of 2 robots'), ('load', Level.OK, '25 ms a frame')]


@pytest.mark.parametrize(('part', 'changes', 'level', 'words'), [
    ('model', {'detector_problem': 'no such file'}, Level.ERROR, 'no such file'),
    ('model', {'recent': WELL.recent | Counter(detector=3), 'sentences': {'detector': 'threw'}},
     Level.WARN, 'threw'),
    ('robots', {'recent': Counter(frames_in=9, model=9), 'sentences': {'model': 'other model'}},
     Level.ERROR, '9 of 9 frames: other model'),
    ('robots', {'recent': WELL.recent | Counter(checksum=2)}, Level.WARN, '2 of 100 frames'),
    ('robots', {'recent': WELL.recent | Counter(unauthenticated=5),
                'sentences': {'unauthenticated': 'the same auth_key_file'}}, Level.WARN,
     '5 of 100 frames: the same auth_key_file'),
    ('robots', {'recent': WELL.recent | Counter(replayed=1)}, Level.WARN, '1 of 100 frames'),
    ('robots', {'recent': WELL.recent | Counter(unproven=3)}, Level.OK, 'frames/s'),
    ('robots', {'recent': Counter(frames_in=1000, frames_sent=50, unproven=950),
                'sentences': {'unproven': 'a recording'}}, Level.WARN, 'frames: a recording'),
    ('robots', {'recent': Counter(frames_in=4, unproven=4)}, Level.WARN, '4 of 4 frames'),
    ('robots', {'recent': Counter(frames_in=12, frames_sent=4, unproven=8), 'topics': 3},
     Level.OK, 'frames/s'),
    ('robots', {'feature_silence': 'nobody publishes'}, Level.WARN, 'nobody publishes'),
    ('robots', {'has_frames': False}, Level.STALE, 'waiting for the first frame'),
    ('robots', {'recent': Counter()}, Level.STALE, 'no frame came lately'),
    ('load', {'recent': Counter(frames_in=100, frames_sent=60, server_busy=40),
              'sentences': {'server_busy': 'lower target_fps'}}, Level.WARN,
     '40 of 100 frames: lower target_fps'),
    ('load', {'recent': Counter()}, Level.STALE, 'no frame was served lately'),
])
def test_what_is_wrong_is_said_in_its_part_with_what_to_do(
    part: str, changes: dict[str, Any], level: Level, words: str
) -> None:
    found = {finding.part: finding for finding in judge_offboard(replace(WELL, **changes))}
    assert found[part].level is level
    assert words in found[part].message


def test_a_node_that_is_not_active_is_stale() -> None:
    findings = judge_offboard(replace(WELL, state='inactive'))
    assert {finding.level for finding in findings} == {Level.STALE}
