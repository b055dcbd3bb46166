"""What `max_bitrate_kbps` leaves of the frames, seen from the controller's door."""

import pytest

from control.link_model import LinkModel
from control.test_controller import SIZES, drive, make_table
from slim_split_ros.control import (
    Action,
    ControlSettings,
    PolicyName,
    Reason,
    WidthController,
    unmeasured_points,
)


@pytest.mark.parametrize('settings', [
    ControlSettings(pinned_width=1.0, max_bitrate_kbps=100.0),
    ControlSettings(max_bitrate_kbps=100.0)])
@pytest.mark.parametrize('measured', [True, False])
def test_frames_larger_than_the_ceilings_share_go_less_often(
        settings: ControlSettings, measured: bool) -> None:
    table = make_table() if measured else unmeasured_points(SIZES)
    controller, bits = WidthController(table, settings), []
    for index in range(300):
        now_s = 0.1 * index
        decision = controller.decide(now_s, now_s)
        size = int(SIZES[decision.width])
        decision = controller.revise(decision, size, now_s) if decision.send else decision
        sent = decision.send and SIZES[decision.width] == size
        if sent:
            controller.on_sent(index, size, 0.01, decision.width, decision.rate, now_s)
        elif not decision.send:
            assert decision.reason in (Reason.BUDGET, Reason.OUTAGE)
        bits.append(8.0 * size if sent else 0.0)
    assert max(sum(bits[at:at + 10]) for at in range(290)) <= 100_000.0
    if settings.pinned_width or not measured:
        assert sum(bits) >= 0.7 * 100_000.0 * 30.0


@pytest.mark.parametrize('settings', [
    ControlSettings(pinned_width=1.0, max_bitrate_kbps=15.0),
    ControlSettings(min_width=1.0, policy=PolicyName.AUTO, max_bitrate_kbps=15.0),
    ControlSettings(min_width=1.0, policy=PolicyName.AIMD, max_bitrate_kbps=15.0)])
def test_a_ceiling_below_one_frame_a_second_does_not_silence_the_robot(
        settings: ControlSettings) -> None:
    decisions = drive(WidthController(make_table(), settings), LinkModel(5e6), 300)
    bits = 8.0 * SIZES[1.0] * sum(decision.send for decision in decisions)
    assert 0.7 * 15_000.0 * 30.0 <= bits <= 15_000.0 * 30.0 + 8.0 * 1.3 * SIZES[1.0]


def test_a_frame_encoded_again_that_is_still_too_large_for_the_ceiling_is_dropped() -> None:
    controller = WidthController(make_table(), ControlSettings(max_bitrate_kbps=100.0))
    decision = controller.decide(1.0, 1.0)
    assert controller.confirm(decision, 600, 1.0) == decision
    controller.on_sent(0, 1200, 0.01, 0.25, 0, 1.0)
    refused = controller.confirm(decision, 600, 1.0)
    assert (refused.action, refused.reason) == (Action.DROP, Reason.BUDGET)
