from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import math
import random
import sys
from threading import Semaphore
from types import FrameType

import pytest

from control.link_model import LinkModel
from slim_split_ros.control import (
    Action,
    Arrival,
    ControlSettings,
    Decision,
    LinkReportData,
    OperatingPoint,
    OperatingPoints,
    PolicyName,
    Reason,
    SettingsError,
    WidthController,
    unmeasured_points,
)

SIZES = {0.25: 600.0, 0.5: 1100.0, 0.75: 1900.0, 1.0: 3000.0}
ACCURACY = {0.25: 0.42, 0.5: 0.52, 0.75: 0.6, 1.0: 0.66}
ENCODE_MS = {0.25: 10.0, 0.5: 15.0, 0.75: 20.0, 1.0: 25.0}


def make_table() -> OperatingPoints:
    return OperatingPoints([
        OperatingPoint(width, 0, SIZES[width], SIZES[width] * 1.3, ENCODE_MS[width],
                       ENCODE_MS[width] * 1.2, ACCURACY[width]) for width in SIZES])


Tell = Callable[[WidthController, LinkReportData, float], None]


def drive(controller: WidthController, link: LinkModel, frames: int, begin_s: float = 0.0,
          fps: float = 10.0, slowness: float = 1.0, first: int = 0, decode_s: float = 0.0,
          tell: Tell = WidthController.on_report) -> list[Decision]:
    """Offer frames and bring every report back in time's order."""
    reports: list[tuple[float, LinkReportData]] = []
    decisions = []
    for index in range(frames):
        now_s = begin_s + index / fps
        for back_s, report in [pair for pair in reports if pair[0] <= now_s]:
            tell(controller, report, back_s)
        reports = [pair for pair in reports if pair[0] > now_s]
        decision = controller.decide(now_s, now_s)
        decisions.append(decision)
        if decision.send:
            size = int(SIZES[decision.width])
            encode_s = ENCODE_MS[decision.width] / 1000.0 * slowness
            controller.on_sent(first + index, size, encode_s, decision.width, decision.rate,
                               now_s + encode_s, decode_s)
            if link.rate_bps > 0.0:
                reports.append(link.send(first + index, size, now_s + encode_s))
    return decisions


def test_a_strong_link_gets_the_widest() -> None:
    controller = WidthController(make_table(), ControlSettings())
    decisions = drive(controller, LinkModel(rate_bps=2e6), 40)
    assert all(decision.width == 1.0 and decision.send for decision in decisions[20:])


def test_a_weak_link_gets_the_narrowest() -> None:
    controller = WidthController(make_table(), ControlSettings())
    decisions = drive(controller, LinkModel(rate_bps=40_000.0), 60)
    narrow = [decision.width == 0.25 for decision in decisions[20:] if decision.send]
    assert len(narrow) >= 5 and sum(narrow) >= 0.9 * len(narrow)


def test_bounds_of_width_hold() -> None:
    controller = WidthController(make_table(),
                                 ControlSettings(min_width=0.5, max_width=0.75))
    widths = {decision.width for decision in drive(controller, LinkModel(2e6), 40)}
    widths |= {decision.width for decision in drive(controller, LinkModel(3e4), 40, 10.0)}
    assert widths <= {0.5, 0.75}


def test_a_pinned_width_is_sent_whatever_the_link_does() -> None:
    settings = ControlSettings(policy=PolicyName.FIXED, pinned_width=0.75)
    decisions = drive(WidthController(make_table(), settings), LinkModel(2e4), 20)
    assert {(each.width, each.reason, each.send) for each in decisions} == {
        (0.75, Reason.PINNED, True)}


@pytest.mark.parametrize('policy', [PolicyName.AUTO, PolicyName.AIMD, PolicyName.PAPER])
def test_the_ceiling_holds_over_every_policy(policy: PolicyName) -> None:
    settings = ControlSettings(policy=policy, max_bitrate_kbps=100.0)
    decisions = drive(WidthController(make_table(), settings), LinkModel(5e6), 100)
    sizes = [SIZES[each.width] * 8.0 if each.send else 0.0 for each in decisions]
    assert all(sum(sizes[at:at + 10]) <= 100_000.0 for at in range(90))
    assert any(each.reason is Reason.BUDGET for each in decisions)


def test_a_slow_processor_narrows_the_width_within_a_second() -> None:
    controller = WidthController(make_table(), ControlSettings())
    link = LinkModel(rate_bps=2e6)
    drive(controller, link, 40)
    decisions = drive(controller, link, 30, begin_s=4.0, slowness=4.0, first=1000)
    assert all(decision.width < 1.0 and decision.reason is Reason.COMPUTE
               for decision in decisions[10:])


def test_a_silent_link_is_an_outage_with_few_small_frames() -> None:
    controller = WidthController(make_table(), ControlSettings())
    link = LinkModel(rate_bps=1e6)
    drive(controller, link, 40)
    link.rate_bps = 0.0
    decisions = drive(controller, link, 50, begin_s=4.0, first=1000)
    late = decisions[12:]
    assert all(decision.reason is Reason.OUTAGE for decision in late)
    assert all(decision.width == 0.25 for decision in late if decision.send)
    assert 3 <= sum(decision.send for decision in late) <= 16


def test_it_comes_back_within_a_second_after_an_outage() -> None:
    controller = WidthController(make_table(), ControlSettings())
    link = LinkModel(rate_bps=1e6)
    drive(controller, link, 40)
    link.rate_bps = 0.0
    drive(controller, link, 50, begin_s=4.0, first=1000)
    link.rate_bps = 1e6
    decisions = drive(controller, link, 30, begin_s=9.0, first=2000)
    assert all(decision.send for decision in decisions[10:])
    assert decisions[-1].width == 1.0


def test_without_any_report_only_a_few_frames_go() -> None:
    controller = WidthController(make_table(), ControlSettings())
    decisions = drive(controller, LinkModel(rate_bps=0.0), 100)
    assert sum(decision.send for decision in decisions) < 35
    assert all(decision.width == 0.25 for decision in decisions)


def test_no_report_drives_the_choice_out_of_bounds() -> None:
    dice = random.Random(3)
    odd = [math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-300, 1e300, 1e9]
    settings = ControlSettings(min_width=0.5, max_width=0.75, max_bitrate_kbps=300.0)
    controller = WidthController(make_table(), settings)
    sent: list[tuple[float, float]] = []
    for index in range(3000):
        now_s = index * 0.02
        arrivals = tuple(
            Arrival(dice.randrange(index + 2), dice.choice([*odd, 1000.0 + now_s]),
                    dice.randrange(1 << 31), dice.choice(odd))
            for _ in range(dice.randrange(8)))
        # Half of the counters go on as a receiver's do, so that the rest is believed.
        count = dice.choice([index, dice.randrange(1 << 30)])
        controller.on_report(LinkReportData(dice.randrange(2), count,
                                            dice.choice([*odd, 1000.0 + now_s]), arrivals), now_s)
        decision = controller.decide(now_s, now_s)
        assert decision.width in (0.5, 0.75)
        if decision.send:
            size = SIZES[decision.width]
            controller.on_sent(index, int(size), 0.01, decision.width, 0, now_s)
            sent.append((now_s, size * 8.0))
            assert sum(bits for time_s, bits in sent if time_s > now_s - 1.0) <= 300_000.0


def test_settings_change_on_the_next_frame() -> None:
    controller = WidthController(make_table(), ControlSettings())
    link = LinkModel(rate_bps=2e6)
    drive(controller, link, 40)
    controller.replace_settings(ControlSettings(max_width=0.5))
    assert controller.decide(4.0, 4.0).width == 0.5


def test_a_width_that_was_not_measured_is_refused_and_nothing_changes() -> None:
    controller = WidthController(make_table(), ControlSettings())
    with pytest.raises(SettingsError, match='no width 0.6 is known'):
        controller.replace_settings(ControlSettings(pinned_width=0.6))
    assert controller.decide(0.0, 0.0).send


def test_a_frame_that_turned_out_large_is_encoded_again_narrower_or_dropped() -> None:
    controller = WidthController(make_table(), ControlSettings(target_fps=30.0))
    drive(controller, LinkModel(rate_bps=400_000.0), 150, fps=30.0)
    decision = controller.decide(5.0, 5.0)
    revised = controller.revise(decision, int(30 * SIZES[decision.width]), 5.005)
    assert not revised.send or revised.width < decision.width


@pytest.mark.parametrize('frames', [60, 1000])
def test_deciding_takes_few_calls_however_long_it_has_run(frames: int) -> None:
    controller = WidthController(make_table(), ControlSettings())
    drive(controller, LinkModel(rate_bps=400_000.0), frames)
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ('call', 'c_call')

    sys.setprofile(count)
    try:
        controller.decide(frames / 10.0, frames / 10.0)
    finally:
        sys.setprofile(None)
    # About 350 today; a decision is made for every frame, beside the encoder.
    assert calls < 700


@pytest.mark.parametrize('server_s, reason', [
    (0.025, Reason.LINK), (0.09, Reason.LINK), (0.3, Reason.SERVER), (0.8, Reason.SERVER),
    (5.0, Reason.SERVER)])
def test_a_slow_server_on_an_open_link_costs_no_width(server_s: float, reason: Reason) -> None:
    controller = WidthController(make_table(), ControlSettings())
    link = LinkModel(rate_bps=2.5e6, server_s=server_s)
    decisions = drive(controller, link, 600)[150:]
    assert all(decision.width == 1.0 for decision in decisions if decision.send)
    assert {decision.reason for decision in decisions} == {reason}
    sent = sum(decision.send for decision in decisions)
    assert sent >= 0.8 * 45.0 * min(10.0, 1.0 / min(server_s, 2.0))


def test_a_server_that_takes_most_of_the_deadline_gets_frames_that_are_still_on_time() -> None:
    controller = WidthController(make_table(), ControlSettings())
    link = LinkModel(rate_bps=300e3, server_s=0.15)
    decisions = drive(controller, link, 600)[150:]
    sent = [150 + index for index, decision in enumerate(decisions) if decision.send]
    late = [index for index in sent if link.ways_s[index] > 0.3 - 0.025]
    assert len(sent) >= 0.7 * 45.0 / 0.15
    assert len(late) <= 0.05 * len(sent)
    assert {decision.reason for decision in decisions} == {Reason.SERVER}


def test_a_slow_server_on_a_weak_link_leaves_the_link_its_say() -> None:
    controller = WidthController(make_table(), ControlSettings())
    link = LinkModel(rate_bps=12_000.0, server_s=0.3)
    decisions = drive(controller, link, 600)[200:]
    assert {decision.width for decision in decisions if decision.send} == {0.25}


def test_a_server_that_recovers_gets_every_frame_again() -> None:
    controller, link = WidthController(make_table(), ControlSettings()), LinkModel(2.5e6)
    link.server_s = 0.8
    drive(controller, link, 200)
    link.server_s = 0.02
    drive(controller, link, 80, begin_s=20.0, first=1000)
    decisions = drive(controller, link, 50, begin_s=28.0, first=2000)
    assert all(decision.send and decision.reason is Reason.LINK for decision in decisions)


@pytest.mark.parametrize('policy', [PolicyName.AUTO, PolicyName.AIMD, PolicyName.PAPER])
def test_an_image_past_its_deadline_is_dropped_with_its_own_reason(policy: PolicyName) -> None:
    controller = WidthController(make_table(), ControlSettings(policy=policy))
    drive(controller, LinkModel(2e6), 40)
    decision = controller.decide(4.0, 3.69)
    assert (decision.action, decision.drop_reason) == (Action.EXPIRE, 'late')
    assert controller.decide(5.0, 4.9).action is not Action.EXPIRE


def test_an_image_of_seconds_is_young_for_a_deadline_of_ten() -> None:
    controller = WidthController(make_table(), ControlSettings(deadline_s=10.0))
    drive(controller, LinkModel(2e6), 40)
    assert controller.decide(4.0, 1.0).action is Action.SEND
    assert controller.decide(14.0, 4.0).action is Action.EXPIRE


def test_an_image_that_will_be_late_by_its_own_age_is_no_outage() -> None:
    controller = WidthController(make_table(), ControlSettings())
    drive(controller, LinkModel(2e6), 40)
    assert controller.decide(4.0, 3.72).reason is Reason.LINK


def test_a_path_longer_than_the_deadline_is_no_outage() -> None:
    controller = WidthController(make_table(), ControlSettings())
    decisions = drive(controller, LinkModel(2e6, delay_s=0.4), 100)
    assert {decision.reason for decision in decisions[20:]} == {Reason.LINK}
    assert any(decision.send for decision in decisions[20:])


def test_a_frame_of_an_outage_is_never_made_larger() -> None:
    controller = WidthController(make_table(), ControlSettings())
    link = LinkModel(rate_bps=1e6)
    drive(controller, link, 40)
    link.rate_bps = 0.0
    outages = 0
    for index in range(200):
        now_s = 4.0 + 0.1 * index
        decision = controller.decide(now_s, now_s)
        if decision.send and decision.reason is Reason.OUTAGE:
            outages += 1
            for share in (0.01, 0.5, 1.0):
                revised = controller.revise(decision, int(share * SIZES[0.25]), now_s + 0.01)
                assert revised.width == 0.25 and revised.rate == decision.rate
        if decision.send:
            controller.on_sent(1000 + index, 600, 0.01, decision.width, 0, now_s + 0.01)
    assert outages > 20


@pytest.mark.parametrize('accuracies', [(0.0, 0.3, 0.5, 0.6), (0.0, 0.0, 0.0, 0.0)])
@pytest.mark.parametrize('policy', [PolicyName.AUTO, PolicyName.AIMD, PolicyName.PAPER])
def test_widths_that_detect_nothing_stop_no_frame(
        policy: PolicyName, accuracies: tuple[float, ...]) -> None:
    table = OperatingPoints([
        replace(point, ap50=ap50) for point, ap50 in zip(make_table(), accuracies, strict=True)])
    controller = WidthController(table, ControlSettings(policy=policy))
    decisions = drive(controller, LinkModel(2e6), 100)
    assert sum(decision.send for decision in decisions) > 45


def test_the_time_of_a_decoder_is_added_and_not_multiplied() -> None:
    """Eight milliseconds of JPEG before one of the narrowest encoder: the widest takes 33."""
    controller = WidthController(make_table(), ControlSettings(target_fps=20.0))
    decisions = drive(controller, LinkModel(2e6), 100, fps=20.0, decode_s=0.008)
    assert decisions[-1].width == 1.0
    assert decisions[-1].reason is Reason.LINK


def test_a_decoder_that_leaves_no_time_narrows_the_width() -> None:
    controller = WidthController(make_table(), ControlSettings(target_fps=20.0))
    decision = drive(controller, LinkModel(2e6), 100, fps=20.0, decode_s=0.024)[-1]
    assert decision.width < 1.0
    assert decision.reason is Reason.COMPUTE


def test_a_model_that_nobody_profiled_goes_at_the_widest_allowed() -> None:
    controller = WidthController(unmeasured_points((0.25, 0.5, 1.0)), ControlSettings())
    decision = controller.decide(1.0, 0.9)
    assert (decision.width, decision.rate, decision.reason) == (1.0, 0, Reason.LINK)
    assert controller.revise(decision, 40_000, 1.0) == decision
    controller.replace_settings(ControlSettings(max_width=0.75))
    assert controller.decide(2.0, 1.9).width == 0.5
    controller.replace_settings(ControlSettings(pinned_width=0.25))
    assert controller.decide(3.0, 2.9).reason is Reason.PINNED
    assert controller.capacity_kbps is None


def test_reports_and_frames_may_come_in_two_threads() -> None:
    controller, link = WidthController(make_table(), ControlSettings()), LinkModel(2e6)
    reports = [link.send(sequence, 600, 0.01 * sequence) for sequence in range(3000)]
    sent = Semaphore(0)

    def report() -> None:
        for back_s, each in reports:
            assert sent.acquire(timeout=60.0)
            controller.on_report(each, back_s)

    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as pool:
            reporting = pool.submit(report)
            for sequence in range(len(reports)):
                decision = controller.decide(0.01 * sequence)
                controller.on_sent(sequence, 600, 0.01, decision.width, 0, 0.01 * sequence)
                sent.release()
            reporting.result(timeout=60.0)
    finally:
        sys.setswitchinterval(interval_s)
    assert controller.decide(30.0).send
