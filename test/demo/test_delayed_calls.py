"""Does what is to be done later happen in the order of its times, and not after the end?"""

from __future__ import annotations

import time

from slim_split_ros.demo.delayed_calls import DelayedCalls
from support.processes import wait_until


def test_calls_come_in_the_order_of_their_times_and_never_early() -> None:
    calls = DelayedCalls()
    came: list[tuple[int, float]] = []
    now_s = time.monotonic()

    def note(number: int) -> None:
        came.append((number, time.monotonic()))

    for number, later_s in ((2, 0.2), (0, 0.05), (1, 0.05), (-1, -1.0)):
        calls.add(now_s + later_s, lambda number=number: note(number))
    wait_until(lambda: len(came) == 4, 10.0, 'four calls')
    calls.stop()
    assert [number for number, _ in came] == [-1, 0, 1, 2]
    assert came[3][1] >= now_s + 0.2


def test_what_waits_at_the_end_is_not_called() -> None:
    calls = DelayedCalls()
    came: list[int] = []
    calls.add(time.monotonic() + 60.0, lambda: came.append(1))
    calls.stop()
    assert came == []
