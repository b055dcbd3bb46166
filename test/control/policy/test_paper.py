from control.link_model import LinkModel
from control.test_controller import drive, make_table
from slim_split_ros.control import ControlSettings, PolicyName, WidthController


def make_paper() -> WidthController:
    return WidthController(make_table(), ControlSettings(policy=PolicyName.PAPER))


def test_one_frame_is_in_flight() -> None:
    link = LinkModel(rate_bps=400_000.0, delay_s=0.1)
    decisions = drive(make_paper(), link, 40)
    gaps = [decision.send for decision in decisions]
    assert gaps[:8] == [True, False, False, False, True, False, False, False]


def test_the_most_accurate_point_within_four_fifths_of_the_deadline_is_chosen() -> None:
    decisions = drive(make_paper(), LinkModel(rate_bps=60_000.0, delay_s=0.02), 100)
    sent = [decision.width for decision in decisions if decision.send]
    assert sent[0] == 1.0
    assert sent[-1] < 1.0


def test_a_lost_frame_is_given_up() -> None:
    decisions = drive(make_paper(), LinkModel(rate_bps=0.0), 30)
    assert sum(decision.send for decision in decisions) == 3
