from control.link_model import LinkModel
from control.test_controller import SIZES, drive, make_table
from slim_split_ros.control import ControlSettings, PolicyName, WidthController


def test_the_target_settles_below_the_capacity_after_a_step_down() -> None:
    controller = WidthController(
        make_table(), ControlSettings(policy=PolicyName.AIMD, target_fps=30.0))
    link = LinkModel(rate_bps=800_000.0)
    drive(controller, link, 900, fps=30.0)
    link.rate_bps = 200_000.0
    decisions = drive(controller, link, 900, begin_s=30.0, fps=30.0, first=1000)
    sent_kbps = sum(SIZES[each.width] for each in decisions[-300:] if each.send) * 8e-4
    assert 60.0 < sent_kbps < 210.0


def test_it_climbs_on_a_free_link() -> None:
    controller = WidthController(
        make_table(), ControlSettings(policy=PolicyName.AIMD, target_fps=30.0))
    decisions = drive(controller, LinkModel(rate_bps=2e6), 1200, fps=30.0)
    assert decisions[0].width < 0.75
    assert decisions[-1].width == 1.0
