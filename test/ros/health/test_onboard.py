"""Tests of how the robot's facts are judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
import math
from typing import Any

import pytest

from slim_split_ros.ros.health.findings import Level
from slim_split_ros.ros.health.onboard import OnboardFacts, judge_onboard

pytestmark = pytest.mark.ros

WELL = OnboardFacts(
    state='active', image_topic='/image', has_images=True, image_silence='', server_absence='',
    other_server='', other_sender='',
    recent=Counter(frames_in=150, frames_sent=48, target_fps=100, frames_answered=47),
    span_s=5.0, sentences={}, report_silence_s=0.1, report_obstacle='', loss=0.02, server_ms=25.0,
    server_has_answered=True, answer_ms=60.0, deadline_ms=300.0, pinned_width=0.0,
    alone=False, reason='link',
    values={'camera': {'frames_in': 150}})


def judged(part: str, **changes: Any) -> tuple[Level, str]:
    found = {finding.part: finding for finding in judge_onboard(replace(WELL, **changes))}
    return found[part].level, found[part].message


def with_counts(**counts: int) -> Counter[str]:
    return WELL.recent | Counter(counts)


def test_a_robot_that_is_well_is_ok_in_every_part_with_its_figures() -> None:
    findings = judge_onboard(WELL)
    assert [(finding.part, finding.level) for finding in findings] == [
        (part, Level.OK) for part in ('camera', 'encoder', 'link', 'server', 'detections')]
    assert [finding.message for finding in findings] == [
        '30.0 images/s on /image', '9.6 frames/s', 'link decides the width', '25 ms a frame',
        '9.4 a second, 60 ms after the image']
    assert findings[0].values == {'frames_in': 150}


@pytest.mark.parametrize(('part', 'changes', 'level', 'words'), [
    ('camera', {'image_silence': 'nothing on /image'}, Level.ERROR, 'nothing on /image'),
    ('camera', {'has_images': False}, Level.STALE, 'waiting for the first image on /image'),
    ('camera', {'recent': with_counts(encoding=3), 'sentences': {'encoding': 'take rgb8'}},
     Level.WARN, '3 of 150 images: take rgb8'),
    ('camera', {'recent': Counter(frames_in=9, encoding=9)}, Level.ERROR, '9 of 9 images'),
    ('camera', {'recent': Counter(message_lost=1), 'sentences': {'message_lost': 'profile'}},
     Level.ERROR, 'profile'),
    ('camera', {'recent': with_counts(message_lost=1), 'sentences': {'message_lost': 'profile'}},
     Level.WARN, 'profile'),
    ('camera', {'recent': with_counts(late=1), 'sentences': {'late': 'old'}}, Level.WARN, 'old'),
    ('encoder', {'recent': with_counts(encoder_busy=20)}, Level.WARN, 'lower target_fps'),
    ('encoder', {'recent': Counter(frames_in=9)}, Level.STALE, 'nothing was sent'),
    ('link', {'report_silence_s': 4.0, 'report_obstacle': 'other QoS'}, Level.ERROR,
     'nothing came back for 4 s: the link is down, or the server hangs or refuses these frames '
     '(other QoS)'),
    ('link', {'loss': 0.3}, Level.WARN, '30% of the frames were not reported'),
    ('link', {'loss': 0.3}, Level.WARN, 'with alone set to true no frame needs another'),
    ('link', {'recent': with_counts(reports_refused=3), 'sentences': {'report': 'no tag'},
              'other_sender': '2 nodes publish'}, Level.WARN,
     '3 link reports were refused: no tag'),
    ('link', {'other_sender': '2 nodes publish'}, Level.WARN, '2 nodes publish'),
    ('link', {'server_absence': 'none', 'report_silence_s': 4.0}, Level.STALE,
     'no server listens'),
    ('server', {'server_absence': 'start it'}, Level.ERROR, 'start it'),
    ('server', {'other_server': 'end one'}, Level.WARN, 'end one'),
    ('server', {'server_ms': 200.0}, Level.WARN, 'takes 200 ms of a deadline of 300'),
    ('server', {'recent': with_counts(server=7)}, Level.WARN,
     'images were left out, because the server is behind at 25 ms a frame: lower target_fps'),
    ('server', {'server_ms': math.nan, 'recent': with_counts(server=7)}, Level.WARN,
     'the server is behind: lower target_fps'),
    ('server', {'server_ms': math.nan}, Level.STALE, 'no report of a served frame lately'),
    ('detections', {'recent': with_counts(answers_late=40)}, Level.WARN,
     '40 of 47 detections came after deadline_ms: raise it, or lower max_width'),
    ('detections', {'recent': with_counts(answers_late=40), 'pinned_width': 0.25}, Level.WARN,
     'raise it, or lower width, which is pinned to 0.25 (0.0 lets the policy choose)'),
    ('detections', {'recent': with_counts(answers_late=40), 'pinned_width': 0.25,
                    'server_ms': 412.0}, Level.WARN, 'the server alone takes 412 ms, which no '
     'width shortens: raise deadline_ms, or take a faster server or detector'),
    ('detections', {'recent': with_counts(answers_refused=2), 'sentences': {'answer': 'twice'}},
     Level.WARN, '2 answers were refused: twice'),
    ('detections', {'recent': Counter(frames_sent=48), 'loss': 0.0}, Level.WARN,
     'the server that answered before does not any more: look at its diagnostics'),
    ('detections', {'recent': Counter(frames_sent=48), 'loss': 0.0, 'server_has_answered': False},
     Level.OK, 'the server has no detector, or says in its own diagnostics why it fails'),
    ('detections', {'recent': Counter(frames_sent=48, answers_refused=48), 'loss': 0.0,
                    'sentences': {'answer': 'no tag'}}, Level.WARN,
     '48 answers were refused: no tag'),
    ('detections', {'recent': Counter(), 'loss': 0.0}, Level.STALE, 'no detections'),
    ('detections', {'recent': Counter(frames_sent=48), 'loss': 1.0}, Level.STALE, 'no detections'),
])
def test_what_is_wrong_is_said_in_its_part_with_what_to_do(
    part: str, changes: dict[str, Any], level: Level, words: str
) -> None:
    found, message = judged(part, **changes)
    assert found is level
    assert words in message


def test_the_worst_is_said_first() -> None:
    level, message = judged('server', server_absence='start it', other_server='end one')
    assert (level, message) == (Level.ERROR, 'start it')


def test_alone_is_no_remedy_where_it_is_set() -> None:
    assert 'alone' not in judged('link', loss=0.3, alone=True)[1]


@pytest.mark.parametrize(('state', 'remedy'), [
    ('unconfigured', 'configure and activate the node, or call its service enable'),
    ('inactive', 'activate the node, or call its service enable'),
    ('finalized', 'start the node again, nothing else makes it active'),
])
def test_a_node_that_is_not_active_is_stale_and_says_what_activates_it(
    state: str, remedy: str
) -> None:
    findings = judge_onboard(replace(WELL, state=state, image_silence='nothing'))
    assert {finding.level for finding in findings} == {Level.STALE}
    assert {finding.message for finding in findings} == {
        f'{state}: {remedy}'}
