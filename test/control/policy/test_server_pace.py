"""No more frames are sent than the server serves."""

import pytest

from control.link.test_server_time import serve
from slim_split_ros.control.policy.server_pace import LONGEST_INTERVAL_S, ServerPace


def sent_per_second(service_s: float, camera_s: float = 0.1) -> float:
    pace, server = ServerPace(camera_s), serve([1.0, 9.0, 18.0], service_s)
    sent = 0
    for index in range(round(60.0 / camera_s)):
        now_s = 100.0 + camera_s * index
        if pace.interval_s(server) <= camera_s or pace.admits(1.0, now_s):
            pace.on_sent(server, now_s)
            sent += 1
    return sent / 60.0


@pytest.mark.parametrize('service_s', [0.02, 0.09])
def test_a_server_that_keeps_up_gets_every_frame(service_s: float) -> None:
    assert sent_per_second(service_s) == pytest.approx(10.0)


@pytest.mark.parametrize('service_s', [0.105, 0.15, 0.2, 0.3, 0.8, 1.5])
def test_a_slow_server_gets_what_it_serves_in_the_mean(service_s: float) -> None:
    assert 0.8 / service_s <= sent_per_second(service_s) <= 1.0 / service_s


def test_a_server_that_seems_to_stand_still_is_asked_all_the_same() -> None:
    assert sent_per_second(8.0) == pytest.approx(1.0 / LONGEST_INTERVAL_S, abs=0.05)


def test_a_frame_waits_at_the_server_only_as_long_as_its_deadline_leaves_room() -> None:
    pace, server = ServerPace(0.1), serve([1.0, 9.0, 18.0], 0.2)
    pace.on_sent(server, 100.0)
    assert pace.admits(1.0, 100.17)
    assert not pace.admits(0.05, 100.17)
    assert pace.admits(0.05, 100.2)


def test_frames_that_went_to_a_dead_server_do_not_silence_the_robot_once_it_is_back() -> None:
    pace, server = ServerPace(0.1), serve([1.0, 9.0, 18.0], 0.8)
    for index in range(30):
        pace.on_sent(server, 100.0 + 0.4 * index)
    assert pace.admits(1.0, 100.0 + 0.4 * 29 + 2.0 * pace.interval_s(server))


def test_a_frame_that_found_the_server_busy_does_not_make_all_later_ones_wait() -> None:
    pace, server = ServerPace(0.1), serve([1.0, 9.0, 18.0], 0.8)
    free_s, waits_s = 100.8, []
    answers: list[tuple[float, float]] = []
    for index in range(300):
        now_s = 100.0 + 0.1 * index
        for sequence, (arrival_s, done_s) in enumerate(answers, start=10):
            if done_s <= now_s:
                server.add_answers({sequence: done_s - arrival_s}, now_s)
        if pace.admits(1.0, now_s):
            pace.on_sent(server, now_s)
            server.add_arrival(10 + len(answers), now_s)
            waits_s.append(max(0.0, free_s - now_s))
            free_s = max(free_s, now_s) + 0.8
            answers.append((now_s, free_s))
    assert max(waits_s) > 0.7
    assert max(waits_s[9:]) <= 0.1
