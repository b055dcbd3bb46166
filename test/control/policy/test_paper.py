from control.link_model import LinkModel
from control.test_controller import drive, make_table
from slim_split_ros.control import (
    ControlSettings,
    OperatingPoint,
    OperatingPoints,
    PolicyName,
    WidthController,
)


def make_paper() -> WidthController:
    return WidthController(make_table(), ControlSettings(policy=PolicyName.PAPER))


def test_one_frame_is_in_flight() -> None:
    link = LinkModel(rate_bps=400_000.0, delay_s=0.1)
    decisions = drive(make_paper(), link, 40)
    # The first arrival is reported before its answer is ready, so that the server's time is new.
    sent = [index for index, decision in enumerate(decisions) if decision.send]
    assert sent[:2] == [0, 3]
    assert sent[1:9] == [3 + 4 * index for index in range(8)]


def test_the_most_accurate_point_within_four_fifths_of_the_deadline_is_chosen() -> None:
    decisions = drive(make_paper(), LinkModel(rate_bps=60_000.0, delay_s=0.02), 100)
    sent = [decision.width for decision in decisions if decision.send]
    assert sent[0] == 1.0
    assert sent[-1] < 1.0


def test_a_first_point_that_takes_too_long_does_not_keep_out_a_quick_one() -> None:
    slow = OperatingPoint(1.0, 0, 900.0, 1200.0, 500.0, 600.0, 0.7)
    quick = OperatingPoint(0.25, 0, 1000.0, 1300.0, 5.0, 6.0, 0.5)
    controller = WidthController(
        OperatingPoints([slow, quick]), ControlSettings(policy=PolicyName.PAPER))
    assert controller.decide(1.0, 1.0).width == 0.25


def test_a_lost_frame_is_given_up() -> None:
    decisions = drive(make_paper(), LinkModel(rate_bps=0.0), 30)
    assert sum(decision.send for decision in decisions) == 3
