"""Tests of what the robot says over time: of a server that reports, answers, and is replaced."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
import math

import pytest
from rclpy.node import Node
from std_msgs.msg import Header

from slim_split_ros.ros.health.diagnostics import AnswerCounts, Counters
from slim_split_ros.ros.health.findings import Finding, Level
from slim_split_ros.ros.health.onboard import ACTIVE, DETECTIONS, LINK, SERVER
from slim_split_ros.ros.health.onboard_watch import OnboardWatch, Reading
from slim_split_ros.ros.settings.onboard_parameters import OnboardSettings
from slim_split_ros.ros.topics.messages import LastFrame, LinkEstimate
from slim_split_ros.wire import ReceivedReport, ReportedArrival
from support.ros_peer import Peer

pytestmark = pytest.mark.ros

FIRST_SERVER, SECOND_SERVER = 1, 2
SETTINGS = OnboardSettings()


@dataclass
class Robot:
    """Live through seconds, each with images, perhaps a frame and what comes back, and judge."""

    node: Node
    now_s: float = 0.0
    sent: int = 0
    answered: int = 0
    late: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    settings: OnboardSettings = SETTINGS

    def __post_init__(self) -> None:
        self.watch = OnboardWatch(self.node)

    def second(
        self, server: int | None = FIRST_SERVER, sends: bool = True, answers: bool = True,
        server_ms: float = 25.0, age_ms: float = 60.0,
    ) -> dict[str, Finding]:
        """Send, or drop, an image; a server reports on the last frame; return what is said."""
        if sends:
            self.watch.sent(self.sent, self.now_s + 0.1)
            self.sent += 1
            self.answered += answers
            self.late += answers and age_ms > self.settings.deadline_ms
        else:
            self.dropped['late'] += 1
        if server is not None:
            arrival = ReportedArrival(self.sent - 1, self.now_s, 900, server_ms)
            self.watch.reported(ReceivedReport(1, 1, server, 1.0, (arrival,)), self.now_s + 0.5)
        self.now_s += 1.0
        return {finding.part: finding for finding in self.watch.judge(self._reading(), self.now_s)}

    def _reading(self) -> Reading:
        frames_in = self.sent + sum(self.dropped.values())
        return Reading(
            ACTIVE, None, self.settings, Counters(frames_in, self.sent, dict(self.dropped), 0.0),
            AnswerCounts(self.answered, self.late), {}, LastFrame(Header(), 0.5, 0, 'link'),
            LinkEstimate(None, None))


@pytest.fixture
def robot(peer: Peer) -> Robot:
    """Give a robot that has sent and got answers for 10 s."""
    robot = Robot(peer.node)
    for _ in range(10):
        found = robot.second()
    assert {found[part].level for part in (LINK, SERVER, DETECTIONS)} == {Level.OK}
    return robot


def test_a_robot_that_drops_all_images_is_stale_and_its_link_never_an_error(robot: Robot) -> None:
    reporting = [robot.second(sends=False) for _ in range(10)]
    forgotten = [robot.second(None, sends=False) for _ in range(30)]
    for found in (*reporting, *forgotten):
        assert found[LINK].level in (Level.OK, Level.STALE)
        assert found[DETECTIONS].level in (Level.OK, Level.STALE)
    for found in forgotten:
        assert (found[LINK].level, found[LINK].message) == (
            Level.STALE, 'nothing was sent for 5 s')
    assert robot.second()[LINK].level is Level.OK


def test_a_link_that_is_down_while_the_robot_sends_stays_an_error(robot: Robot) -> None:
    found = [robot.second(None, answers=False) for _ in range(30)]
    assert {second[LINK].level for second in found[4:]} == {Level.ERROR}
    assert 'nothing came back for 30 s: the link is down' in found[-1][LINK].message


def test_the_time_of_a_server_is_said_for_5_s_though_old_frames_are_reported_on(
    robot: Robot
) -> None:
    assert robot.second(server_ms=199.0)[SERVER].level is Level.WARN
    for _ in range(4):
        assert robot.second(sends=False, server_ms=199.0)[SERVER].level is Level.WARN
    for _ in range(2):
        found = robot.second(sends=False, server_ms=199.0)
    assert (found[SERVER].level, found[SERVER].message) == (
        Level.STALE, 'nothing was sent for 5 s')
    assert math.isnan(found[SERVER].values['server_ms'])


def test_a_server_that_never_answers_may_be_meant_to_and_is_no_warning(peer: Peer) -> None:
    robot = Robot(peer.node)
    for _ in range(10):
        found = robot.second(answers=False)
    assert found[DETECTIONS].level is Level.OK
    assert 'the server has no detector, or says in its own diagnostics' in \
        found[DETECTIONS].message


def test_a_server_that_answered_and_stops_is_a_warning(robot: Robot) -> None:
    for _ in range(10):
        found = robot.second(answers=False)
    assert found[DETECTIONS].level is Level.WARN
    assert 'the server that answered before does not any more' in found[DETECTIONS].message


def test_another_server_without_answers_is_no_warning(robot: Robot) -> None:
    for _ in range(10):
        found = robot.second(SECOND_SERVER, answers=False)
    assert found[DETECTIONS].level is Level.OK


def test_late_detections_name_the_width_that_is_pinned(peer: Peer) -> None:
    robot = Robot(peer.node, settings=OnboardSettings(width=0.5))
    for _ in range(3):
        found = robot.second(age_ms=400.0)
    assert found[DETECTIONS].level is Level.WARN
    assert 'lower width, which is pinned to 0.5' in found[DETECTIONS].message
