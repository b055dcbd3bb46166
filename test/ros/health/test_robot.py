"""Tests of how one robot of several is judged."""

from __future__ import annotations

import pytest

from slim_split_ros.offboard import Load
from slim_split_ros.ros.health.diagnostics import Counters
from slim_split_ros.ros.health.findings import Finding, Level
from slim_split_ros.ros.health.offboard import ACTIVE
from slim_split_ros.ros.health.robot import RobotWatch
from slim_split_ros.ros.health.server_status import Service

pytestmark = pytest.mark.ros


def service(frames_in: int, frames_sent: int, service_s: float, **dropped: int) -> Service:
    return Service(Counters(frames_in, frames_sent, dropped, 0.0), service_s, 5.0, 40.0, 3.0)


def judge(then: Service, now: Service, silence: str = '') -> Finding:
    """Return what is said 5 s after another state."""
    watch = RobotWatch('scout')
    watch.judge(ACTIVE, then, Load(), silence, {}, 0.0)
    return watch.judge(
        ACTIVE, now, Load(1, 0), silence, {'model': 'scout: another model'}, 5.0)


@pytest.mark.parametrize(('now', 'silence', 'level', 'words'), [
    (service(125, 125, 3.5), '', Level.OK, "5.0 frames/s, 20% of the server's time"),
    (service(125, 100, 2.5, model=25), '', Level.ERROR, '25 of 25 frames: scout: another model'),
    (service(125, 110, 2.5, checksum=15), '', Level.WARN, '15 of 25 frames'),
    (service(1100, 125, 3.5, server_busy=975), '', Level.WARN, '975 of 1000 frames'),
    (service(100, 100, 2.5), 'nothing on /scout/features', Level.WARN, 'nothing on /scout'),
    (service(100, 100, 2.5), '', Level.STALE, 'no frame came lately'),
])
def test_a_robot_is_judged_by_its_own_frames(
    now: Service, silence: str, level: Level, words: str
) -> None:
    found = judge(service(100, 100, 2.5), now, silence)
    assert (found.part, found.level) == ('robot scout', level)
    assert words in found.message
    assert found.values['service_s'] == now.service_s


def test_a_robot_that_never_sent_is_waited_for() -> None:
    nothing = service(0, 0, 0.0)
    assert judge(nothing, nothing).message == 'waiting for the first frame'


def test_a_robot_of_a_node_that_rests_is_said_to_rest_with_it() -> None:
    found = RobotWatch('scout').judge('inactive', service(9, 9, 1.0), Load(), '', {}, 0.0)
    assert (found.level, found.message.split(':')[0]) == (Level.STALE, 'inactive')
