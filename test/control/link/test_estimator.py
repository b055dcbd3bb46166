import math

import pytest

from control.link_model import LinkModel
from slim_split_ros.control.link.arrivals import Arrival, LinkReportData
from slim_split_ros.control.link.estimator import LinkEstimator
from slim_split_ros.control.link.in_flight import SentFrame


def feed(estimator: LinkEstimator, link: LinkModel, count: int, sizes: tuple[int, ...] = (1000,),
         interval_s: float = 0.1, begin_s: float = 10.0, first: int = 0) -> list:
    found, waiting = [], []
    for index in range(count):
        now_s, size = begin_s + index * interval_s, sizes[index % len(sizes)]
        estimator.on_sent(SentFrame(first + index, now_s, size * 8.0), now_s)
        back_s, report = link.send(first + index, size, now_s)
        waiting.append((back_s, report))
        while waiting and (waiting[0][0] <= now_s + interval_s or index == count - 1):
            back_s, report = waiting.pop(0)
            found += estimator.on_report(report, back_s)
    return found


def test_the_round_trip_is_known_without_common_clocks() -> None:
    estimator = LinkEstimator()
    feed(estimator, LinkModel(rate_bps=1e9, far_offset_s=-5e6), 10)
    assert estimator.path.base_round_trip_s == pytest.approx(0.04, abs=1e-3)


def test_the_server_time_is_known() -> None:
    estimator = LinkEstimator()
    feed(estimator, LinkModel(), 10)
    assert estimator.server.response_s == pytest.approx(0.025)


def test_a_growing_queue_shows_as_service_at_the_rate_of_the_link() -> None:
    estimator = LinkEstimator()
    found = feed(estimator, LinkModel(rate_bps=200_000.0), 20, sizes=(1500,), interval_s=0.05)
    services = [delivery.left_s - delivery.begun_s for delivery in found[12:]]
    assert all(service == pytest.approx(0.06, rel=0.05) for service in services)


def test_a_link_that_became_faster_is_seen_though_nothing_queues_on_it() -> None:
    estimator, link = LinkEstimator(), LinkModel(rate_bps=200_000.0)
    sizes = (1000, 3500, 2400, 2000)
    found = feed(estimator, link, 60, sizes)
    assert found[-1].rate_bps == pytest.approx(200_000.0, rel=0.1)
    link.rate_bps = 800_000.0
    found = feed(estimator, link, 10, sizes, begin_s=16.3, first=60)
    assert all(delivery.rate_bps == pytest.approx(800_000.0, rel=0.2) for delivery in found[3:])


def test_the_rate_of_a_link_that_never_queues_shows_in_how_delays_grow_with_sizes() -> None:
    found = feed(LinkEstimator(), LinkModel(rate_bps=800_000.0), 60, (4500, 5200, 6100, 5000))
    assert all(delivery.rate_bps == pytest.approx(800_000.0, rel=0.05) for delivery in found[40:])


def test_frames_of_one_size_alone_on_a_link_do_not_tell_its_rate() -> None:
    found = feed(LinkEstimator(), LinkModel(rate_bps=800_000.0), 60, (5000,))
    assert found[-1].rate_bps > 1_600_000.0  # the transmission passes for propagation


def test_a_duplicate_report_adds_nothing() -> None:
    estimator, link = LinkEstimator(), LinkModel()
    estimator.on_sent(SentFrame(0, 1.0, 8000.0), 1.0)
    back_s, report = link.send(0, 1000, 1.0)
    assert len(estimator.on_report(report, back_s)) == 1
    assert estimator.on_report(report, back_s + 0.01) == []


def test_a_reordered_report_is_ignored() -> None:
    estimator, link = LinkEstimator(), LinkModel()
    feed(estimator, link, 3)
    estimator.on_sent(SentFrame(3, 10.9, 8000.0), 10.9)
    arrival = Arrival(3, 1010.95, 1000)
    old = LinkReportData(link.receiver_id, 1, 0.0, (arrival,))
    assert estimator.on_report(old, 11.0) == []
    newer = LinkReportData(link.receiver_id, link.reports + 1, 1010.98, (arrival,))
    assert [delivery.sequence for delivery in estimator.on_report(newer, 11.0)] == [3]


def test_one_report_that_was_held_up_makes_no_liars_of_those_after_it() -> None:
    estimator, link = LinkEstimator(), LinkModel()
    feed(estimator, link, 20)
    history = estimator.history
    held_up, true = (1012.0, 15.02), [(1015.1 + step / 10, 15.12 + step / 10) for step in range(5)]
    for number, (sent_s, heard_s) in enumerate([held_up, *true], link.reports + 1):
        estimator.on_report(LinkReportData(link.receiver_id, number, sent_s, ()), heard_s)
    assert estimator.history is history


def test_a_lost_report_costs_nothing() -> None:
    estimator, link = LinkEstimator(), LinkModel()
    for sequence in range(3):
        now_s = 1.0 + 0.1 * sequence
        estimator.on_sent(SentFrame(sequence, now_s, 8000.0), now_s)
        back_s, report = link.send(sequence, 1000, now_s)
    assert [delivery.sequence for delivery in estimator.on_report(report, back_s)] == [0, 1, 2]


def test_a_restarted_receiver_is_believed_with_its_new_clock() -> None:
    estimator = LinkEstimator()
    feed(estimator, LinkModel(far_offset_s=1e6), 10)
    fresh = LinkModel(far_offset_s=-1e3, receiver_id=2)
    found = feed(estimator, fresh, 5, begin_s=12.0, first=100)
    assert len(found) == 5
    assert estimator.path.base_round_trip_s < 0.1


def test_a_step_of_the_far_clock_is_no_queue() -> None:
    estimator, link = LinkEstimator(), LinkModel()
    feed(estimator, link, 20)
    link.far_offset_s += 3.0
    found = feed(estimator, link, 5, begin_s=13.0, first=50)
    assert all(delivery.left_s - delivery.begun_s < 0.1 for delivery in found[1:])


def test_a_step_of_the_own_clock_forgets_what_depended_on_it() -> None:
    estimator, link = LinkEstimator(), LinkModel()
    feed(estimator, link, 5)
    link.free_s = 0.0
    found = feed(estimator, link, 5, begin_s=3.0, first=50)
    assert len(found) >= 4
    assert all(delivery.left_s < 5.0 for delivery in found)


@pytest.mark.parametrize('arrival', [
    Arrival(0, math.nan, 1000, 0.02), Arrival(0, math.inf, 1000, 0.02),
    Arrival(0, 1e9, 1000, 0.02), Arrival(77, 1001.0, 1000, 0.02),
    Arrival(0, -1e9, 1000, 0.02)])
def test_a_lie_about_an_arrival_is_ignored(arrival: Arrival) -> None:
    estimator = LinkEstimator()
    estimator.on_sent(SentFrame(0, 1.0, 8000.0), 1.0)
    report = LinkReportData(1, 1, 1001.1, (arrival,))
    assert estimator.on_report(report, 1.2) == []


@pytest.mark.parametrize('server_s', [-1.0, 1e6, math.inf, math.nan])
def test_a_lie_about_the_server_is_ignored(server_s: float) -> None:
    estimator = LinkEstimator()
    estimator.on_sent(SentFrame(0, 1.0, 8000.0), 1.0)
    estimator.on_report(LinkReportData(1, 1, 1001.1, (Arrival(0, 1001.05, 1000, server_s),)), 1.2)
    assert estimator.server.response_s == 0.0


def test_a_report_without_a_time_is_ignored() -> None:
    estimator = LinkEstimator()
    assert estimator.on_report(LinkReportData(1, 1, math.nan, ()), 1.0) == []
