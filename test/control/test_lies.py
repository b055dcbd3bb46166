"""What wrong reports may cost: something while they come, nothing a few seconds later."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan

import pytest

from control.link_model import LinkModel
from control.test_controller import ACCURACY, SIZES, drive, make_table
from slim_split_ros.control import (
    Arrival,
    ControlSettings,
    Decision,
    LinkReportData,
    WidthController,
)

LINK_BPS = 150_000.0
FPS = 10.0
Lie = Callable[[LinkReportData], LinkReportData]


def mean_ap50(decisions: list[Decision], link: LinkModel, first: int) -> float:
    """Give the accuracy of the frames that were on time, over all."""
    return sum(ACCURACY[decision.width] for index, decision in enumerate(decisions)
               if link.ways_s.get(first + index, 9.0) <= 0.25) / len(decisions)


@pytest.fixture(scope='module')
def honest() -> float:
    """Give the accuracy on a link that is reported on as it is."""
    controller, link = WidthController(make_table(), ControlSettings()), LinkModel(LINK_BPS)
    drive(controller, link, 250)
    return mean_ap50(drive(controller, link, 200, begin_s=25.0, first=250), link, 250)


def accuracy_after(lie: Lie, instead: bool, beside: int = 1) -> float:
    """Lie for five seconds, `beside` or instead of each true report; measure three s later."""
    controller, link = WidthController(make_table(), ControlSettings()), LinkModel(LINK_BPS)
    drive(controller, link, 150)

    def tell(controller: WidthController, report: LinkReportData, now_s: float) -> None:
        for number in range(beside):
            forged = lie(report)
            controller.on_report(
                replace(forged, report_sequence=forged.report_sequence + number), now_s - 1e-3)
        if not instead:
            controller.on_report(report, now_s)

    drive(controller, link, 50, begin_s=15.0, first=150, tell=tell)
    drive(controller, link, 30, begin_s=20.0, first=200)
    return mean_ap50(drive(controller, link, 200, begin_s=23.0, first=230), link, 230)


def with_arrivals(change: Callable[[Arrival, LinkReportData], Arrival]) -> Lie:
    return lambda report: replace(
        report, arrivals=tuple(change(arrival, report) for arrival in report.arrivals))


LIES = {
    'a large counter': lambda report: replace(report, report_sequence=2 ** 32 - 100),
    'a small counter': lambda report: replace(report, report_sequence=0),
    'the next counter': lambda report: replace(
        report, report_sequence=report.report_sequence + 1, arrivals=()),
    'the future': lambda report: replace(report, sent_s=report.sent_s + 1e7),
    'the past': lambda report: replace(report, sent_s=0.0),
    'no time': lambda report: replace(report, sent_s=nan),
    'nothing arrived': lambda report: replace(report, arrivals=()),
    'everything arrived': lambda report: replace(report, arrivals=tuple(
        Arrival(sequence, report.sent_s, 2 ** 31, 0.0) for sequence in range(1000))),
    'arrived at once': with_arrivals(
        lambda arrival, report: replace(arrival, arrival_s=arrival.arrival_s - 0.03)),
    'arrived late': with_arrivals(
        lambda arrival, report: replace(arrival, arrival_s=report.sent_s)),
    'arrived ahead': with_arrivals(
        lambda arrival, report: replace(arrival, arrival_s=arrival.arrival_s + 3.0)),
    'arrived never': with_arrivals(
        lambda arrival, report: replace(arrival, arrival_s=-inf, server_s=inf)),
    'arrived backwards': lambda report: replace(report, arrivals=tuple(
        replace(arrival, arrival_s=mirror.arrival_s) for arrival, mirror
        in zip(report.arrivals, reversed(report.arrivals), strict=True))),
    'a slow server': with_arrivals(lambda arrival, report: replace(
        arrival, server_s=min(9.0, report.sent_s - arrival.arrival_s))),
}


@pytest.mark.parametrize('name', list(LIES))
def test_seconds_after_a_receiver_has_lied_the_figures_are_those_without(
        honest: float, name: str) -> None:
    assert accuracy_after(LIES[name], instead=True) >= 0.97 * honest


@pytest.mark.parametrize('name', list(LIES))
def test_seconds_after_forged_reports_the_figures_are_those_without(
        honest: float, name: str) -> None:
    assert accuracy_after(LIES[name], instead=False) >= 0.97 * honest


def test_seconds_after_a_burst_of_forged_reports_the_figures_are_those_without(
        honest: float) -> None:
    assert accuracy_after(LIES['a large counter'], instead=False, beside=90) >= 0.97 * honest


def test_bytes_that_a_report_claims_are_not_believed(honest: float) -> None:
    claim = with_arrivals(lambda arrival, report: replace(arrival, message_bytes=2 ** 32 - 1))
    assert accuracy_after(claim, instead=True) == pytest.approx(honest, rel=0.01)


def test_of_a_huge_report_the_newest_entries_are_looked_at() -> None:
    controller = WidthController(make_table(), ControlSettings())
    looked_at = []

    class Watched(tuple):
        def __getitem__(self, part: slice) -> tuple:
            looked_at.append(part)
            return tuple.__getitem__(self, part)

        def __iter__(self) -> object:
            raise AssertionError('a report was read whole')

    entries = Watched(Arrival(sequence, 1000.0, 1, nan) for sequence in range(300_000))
    controller.on_report(LinkReportData(1, 1, 1000.0, entries), 1.0)
    assert looked_at == [slice(-64, None)]


def test_the_ceiling_holds_whatever_is_reported() -> None:
    settings = ControlSettings(max_bitrate_kbps=120.0)
    controller, link = WidthController(make_table(), settings), LinkModel(LINK_BPS)
    decisions = drive(controller, link, 300, tell=lambda controller, report, now_s:
                      controller.on_report(LIES['arrived at once'](report), now_s))
    bits = [8.0 * SIZES[each.width] if each.send else 0.0 for each in decisions]
    assert max(sum(bits[at:at + 10]) for at in range(290)) <= 120_000.0


def test_a_second_receiver_changes_nothing_and_both_are_named() -> None:
    def both(controller: WidthController, report: LinkReportData, now_s: float) -> None:
        controller.on_report(report, now_s)
        controller.on_report(LinkReportData(
            77, 2 * report.report_sequence, report.sent_s - 5e5,
            tuple(replace(arrival, arrival_s=arrival.arrival_s - 5e5)
                  for arrival in report.arrivals)), now_s + 0.01)

    figures = []
    for tell in (WidthController.on_report, both):
        controller, link = WidthController(make_table(), ControlSettings()), LinkModel(300e3)
        decisions = drive(controller, link, 600, tell=tell)
        figures.append(([each.width for each in decisions], mean_ap50(decisions, link, 0)))
    assert figures[0] == figures[1]
    assert figures[0][1] > 0.6
    assert (controller.other_receiver.followed_id, controller.other_receiver.ignored_id) == (1, 77)


def test_one_receiver_is_no_second_one() -> None:
    controller = WidthController(make_table(), ControlSettings())
    drive(controller, LinkModel(300e3), 50)
    assert controller.other_receiver is None
