"""Do all widths see the same scenes?"""

from __future__ import annotations

from collections import Counter
import doctest

from slim_split_ros.demo import width_turns
from slim_split_ros.demo.width_turns import WidthTurns

WIDTHS = (0.25, 0.5, 0.75, 1.0)


def test_example_in_docstring_runs() -> None:
    assert doctest.testmod(width_turns).failed == 0


def test_every_four_frames_have_all_widths_in_changing_order() -> None:
    turns, frames, order = WidthTurns(WIDTHS), Counter(), []
    for _ in range(40):
        order.append(turns.next(frames))
        frames[order[-1]] += 1

    rounds = {tuple(order[start:start + 4]) for start in range(0, 40, 4)}
    assert all(set(widths) == set(WIDTHS) for widths in rounds)
    assert len(rounds) > 1


def test_a_width_that_came_too_late_for_its_frame_is_made_up_for() -> None:
    turns, frames, in_force = WidthTurns(WIDTHS), Counter(), 0.25
    for number in range(400):
        frames[in_force] += 1
        if number % 3:  # the answer comes after the next image
            in_force = turns.next(frames)

    assert max(frames.values()) - min(frames.values()) <= 2
