"""The server's time is told apart from the link's, and from lies."""

from math import inf, nan

import pytest

from slim_split_ros.control.link.server_time import ServerTime


def serve(arrivals_s: list[float], service_s: float) -> ServerTime:
    """Let one worker serve frames in their order, each answer reported when it is ready."""
    server, free_s = ServerTime(), 0.0
    for sequence, arrival_s in enumerate(arrivals_s):
        free_s = max(free_s, arrival_s) + service_s
        server.add_arrival(sequence, arrival_s)
        server.add_answers({sequence: free_s - arrival_s}, free_s)
    return server


def test_an_idle_server_answers_after_its_service() -> None:
    server = serve([1.0, 2.0, 3.0], 0.3)
    assert server.response_s == pytest.approx(0.3)
    assert server.service_s == pytest.approx(0.3)


def test_waiting_belongs_to_the_response_and_not_to_the_service() -> None:
    server = serve([1.0 + 0.1 * index for index in range(10)], 0.25)
    assert server.service_s == pytest.approx(0.25)
    assert server.response_s > 1.0


def test_frames_served_at_the_same_time_leave_more_room_for_others() -> None:
    server = ServerTime()
    for sequence in range(10):
        arrival_s = 1.0 + 0.1 * sequence
        server.add_arrival(sequence, arrival_s)
        server.add_answers({sequence: 0.3}, arrival_s + 0.3)
    assert server.response_s == pytest.approx(0.3)
    assert server.service_s == pytest.approx(0.1)


def test_an_answer_counts_for_a_frame_that_arrived_and_once() -> None:
    server = ServerTime()
    server.add_answers({1: 0.3}, 9.0)
    assert server.response_s == 0.0
    server.add_arrival(1, 1.0)
    for _ in range(9):
        server.add_answers({1: 0.3}, 9.0)
    server.add_arrival(2, 2.0)
    server.add_arrival(3, 3.0)
    server.add_answers({2: 0.1, 3: 0.1}, 9.0)
    assert server.response_s == pytest.approx(0.1)


@pytest.mark.parametrize('response_s', [-1.0, nan, inf, -inf, 1e300, 20.0])
def test_an_answer_that_cannot_be_is_ignored(response_s: float) -> None:
    server = ServerTime()
    server.add_arrival(1, 1.0)
    server.add_answers({1: response_s}, 9.0)
    assert (server.response_s, server.service_s) == (0.0, 0.0)
    server.add_answers({1: 0.3}, 9.0)
    assert server.response_s == pytest.approx(0.3)


def test_an_answer_after_the_report_that_says_so_is_ignored() -> None:
    server = ServerTime()
    server.add_arrival(1, 1.0)
    server.add_answers({1: 0.3}, 1.1)
    assert server.response_s == 0.0


def test_two_slow_answers_among_five_move_nothing() -> None:
    server = serve([1.0, 2.0, 3.0], 0.02)
    for sequence in (3, 4):
        server.add_arrival(sequence, sequence + 1.0)
        server.add_answers({sequence: 5.0}, sequence + 6.0)
    assert server.response_s == pytest.approx(0.02)


def test_what_is_remembered_is_bounded() -> None:
    server = ServerTime()
    for sequence in range(1000):
        server.add_arrival(sequence, 1.0)
    server.add_answers({0: 0.3, 900: 0.3}, 9.0)
    assert server.response_s == 0.0
    server.add_answers({999: 0.3}, 9.0)
    assert server.response_s == pytest.approx(0.3)
