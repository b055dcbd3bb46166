"""Which frames lean on others, seen from the controller's door."""

from dataclasses import replace

import pytest

from control.link_model import LinkModel
from slim_split_ros.control import (
    Action,
    ControlSettings,
    Decision,
    LinkReportData,
    OperatingPoint,
    OperatingPoints,
    PolicyName,
    Reason,
    SettingsError,
    WidthController,
)

CELLS = OperatingPoint(0.25, 0, 600.0, 800.0, 1.0, 1.2, 0.40)
KEY = OperatingPoint(0.25, 0, 1500.0, 2000.0, 2.0, 2.4, 0.60, 'video', True, 320)
FOLLOWER = replace(KEY, bytes=600.0, bytes_p95=800.0, alone=False)
TABLE = OperatingPoints([CELLS, KEY, FOLLOWER])


class Robot:
    """Offer frames, code them as a coder does that is told what goes, and hear all reports."""

    def __init__(self, settings: ControlSettings | None = None,
                 table: OperatingPoints = TABLE) -> None:
        self.table = table
        self.controller = WidthController(table, settings or ControlSettings())
        self.link = LinkModel(rate_bps=100_000.0)
        self.now_s, self.sequence = 1.0, 0
        self.last_video: int | None = None
        self.reports: list[tuple[float, LinkReportData]] = []

    def offer(self, lost: bool = False, can_video: bool = True) -> Decision:
        """Offer one frame, after the reports that have come."""
        decision = self.decide()
        if decision.send:
            self._send(decision, lost or not (can_video or decision.coder == 'cells'))
        self.now_s += 0.1
        return decision

    def decide(self) -> Decision:
        """Decide on a frame that was captured now, after the reports that have come."""
        for back_s, report in [pair for pair in self.reports if pair[0] <= self.now_s]:
            self.controller.on_report(report, back_s)
        self.reports = [pair for pair in self.reports if pair[0] > self.now_s]
        return self.controller.decide(self.now_s, self.now_s)

    def _send(self, decision: Decision, lost: bool) -> None:
        point = self.table.named(decision.point_name)
        assert self.controller.revise(decision, int(point.bytes), self.now_s) == decision
        reference = None if decision.alone else self.last_video
        assert decision.alone or reference is not None
        self.controller.on_sent(
            self.sequence, int(point.bytes), 0.002, decision.width, decision.rate, self.now_s,
            coder=decision.coder, reference=reference)
        if decision.coder == 'video':
            self.last_video = self.sequence
        if not lost:
            back_s, report = self.link.send(self.sequence, int(point.bytes), self.now_s)
            self.reports.append((back_s, replace(report, decoded_sequence=self.sequence)))
        self.sequence += 1


def leaning(robot: Robot, frames: int) -> list[bool]:
    return [not robot.offer().alone for _ in range(frames)]


def test_on_a_link_that_loses_nothing_frames_lean_on_one_another() -> None:
    assert sum(leaning(Robot(), 60)[30:]) >= 29


def test_a_lost_frame_makes_the_next_alone_once_a_gap_is_reported() -> None:
    robot = Robot()
    leaning(robot, 40)
    robot.offer(lost=True)
    robot.offer()       # nobody knows yet
    refresh = robot.offer()
    assert refresh.alone
    assert refresh.send


def test_a_refresh_is_no_burst() -> None:
    burst = replace(KEY, rate=1, bytes=9000.0, bytes_p95=12000.0, ap50=0.64)
    follower = replace(burst, bytes=700.0, alone=False)
    robot = Robot(table=OperatingPoints([*TABLE, burst, follower]))
    leaning(robot, 40)      # frames of one size do not tell what the link carries
    decisions = [robot.offer(lost=number % 20 == 0) for number in range(60)]
    assert burst.name not in {decision.point_name for decision in decisions}
    assert sum(not decision.alone for decision in decisions) >= 45


def test_a_frame_that_was_coded_and_dropped_makes_the_next_alone() -> None:
    robot = Robot()
    leaning(robot, 40)
    decision = robot.decide()
    assert not decision.alone
    robot.controller.revise(decision, 600, robot.now_s)     # and it is never sent
    robot.now_s += 0.1
    assert robot.offer().alone


def test_a_second_encoding_of_an_image_leans_on_nothing() -> None:
    robot = Robot()
    leaning(robot, 40)
    decision = robot.decide()
    assert not decision.alone
    revised = robot.controller.revise(decision, 12_000, robot.now_s)
    assert revised.alone or revised.action is not Action.SEND


def test_alone_keeps_every_frame_independent_and_can_be_changed() -> None:
    robot = Robot(ControlSettings(alone=True))
    assert not any(leaning(robot, 40))
    robot.controller.replace_settings(ControlSettings())
    assert any(leaning(robot, 40))
    robot.controller.replace_settings(ControlSettings(alone=True))
    assert not any(leaning(robot, 20))


@pytest.mark.parametrize('settings', [
    ControlSettings(policy=PolicyName.PAPER), ControlSettings(policy=PolicyName.AIMD),
    ControlSettings(policy=PolicyName.FIXED, pinned_width=0.25)])
def test_what_knows_nothing_of_references_sends_frames_alone(settings: ControlSettings) -> None:
    assert not any(leaning(Robot(settings), 30))


def test_a_pinned_width_is_its_default_point() -> None:
    settings = ControlSettings(pinned_width=0.25)
    robot = Robot(settings)
    assert robot.offer().point_name == CELLS.name
    only_video = WidthController(OperatingPoints([KEY, FOLLOWER]), settings)
    assert only_video.decide(1.0).point_name == KEY.name


def test_a_table_in_which_no_video_can_begin_is_refused() -> None:
    with pytest.raises(SettingsError, match='decodes alone'):
        WidthController(OperatingPoints([FOLLOWER]), ControlSettings())


def test_a_server_that_decodes_no_video_gets_other_frames() -> None:
    robot = Robot()
    decisions = []
    for _ in range(300):
        decisions.append(robot.offer(can_video=False).coder)
    assert 'video' in decisions[:100]
    assert decisions[100:].count('video') < 0.2 * 200


def test_below_a_ceiling_no_video_goes_where_the_server_decodes_none() -> None:
    key = replace(KEY, bytes=1200.0, bytes_p95=1600.0)
    finer = replace(CELLS, rate=1, bytes=1550.0, bytes_p95=2000.0, ap50=0.7)
    controller = WidthController(
        OperatingPoints([CELLS, key, finer]), ControlSettings(max_bitrate_kbps=130.0))
    for sequence in range(20):
        controller.on_sent(
            sequence, 1200, 0.002, 0.25, 0, 1.0 + 0.1 * sequence, coder='video')

    revised = controller.revise(Decision.at(finer, Reason.LINK), 1400, now_s=2.95)

    assert (revised.coder, revised.rate, revised.send) == ('cells', 0, True)


def test_frames_of_two_kinds_are_measured_against_their_own_table() -> None:
    robot = Robot()
    leaning(robot, 40)
    before = robot.decide()
    assert not before.alone
    # Key frames three times as large as tabulated say nothing about frames that lean.
    robot.controller.on_sent(900, 4500, 0.002, 0.25, 0, robot.now_s, coder='video')
    sizes = robot.controller._estimates.sizes
    assert sizes.expected(KEY) > 1.1 > sizes.expected(FOLLOWER)
