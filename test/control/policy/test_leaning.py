"""A frame is worth what it shows and what it does for the frames after it."""

from slim_split_ros.control import OperatingPoint
from slim_split_ros.control.policy.leaning import MEAN_FRAMES, Leaning, Prospect, StreamState


def prospect(coder: str, alone: bool, gain: float, survival: float = 1.0,
             harm: float = 0.0) -> Prospect:
    side = 320 if coder == 'video' else 0
    point = OperatingPoint(0.25, 0, 1000.0, 1300.0, 1.0, 1.2, gain, coder, alone, side)
    return Prospect(point, gain, harm, survival)


def state(side: int | None = 320, chance: float = 1.0) -> StreamState:
    return StreamState(side, chance, blind_frames=2.0, frames_ahead=10.0)


def settled(prospects: list[Prospect], now: StreamState) -> Leaning:
    """Give a leaning whose means have settled on these prospects."""
    leaning = Leaning()
    for _ in range(round(10 * MEAN_FRAMES)):
        leaning.update(prospects, now)
    return leaning


def test_without_frames_that_lean_a_frame_is_worth_itself() -> None:
    cells, key = prospect('cells', True, 0.6, harm=0.1), prospect('video', True, 0.5)
    leaning = settled([cells, key], state(None, 0.0))
    assert (leaning.of(cells), leaning.of(key), leaning.of_nothing) == (0.5, 0.5, 0.0)


def test_a_beginning_is_worth_more_than_a_better_frame_of_another_coder() -> None:
    cells, key = prospect('cells', True, 0.6), prospect('video', True, 0.55)
    follower = prospect('video', False, 0.7)
    leaning = settled([cells, key, follower], state(None, 0.0))
    assert leaning.of(key) > leaning.of(cells)


def test_what_leans_is_worth_its_chance_to_be_decoded() -> None:
    cells, follower = prospect('cells', True, 0.6), prospect('video', False, 0.7)
    assert settled([cells, follower], state()).of(follower) > 0.7
    doubted = settled([cells, follower], state(chance=0.5))
    assert doubted.of(follower) < doubted.of(cells)


def test_on_a_link_that_loses_much_nothing_is_gained_by_leaning() -> None:
    cells, key = prospect('cells', True, 0.6, 0.9), prospect('video', True, 0.55, 0.9)
    follower = prospect('video', False, 0.65, 0.9)
    leaning = settled([cells, key, follower], state())
    assert leaning.of_nothing == 0.0
    assert leaning.of(key) < leaning.of(cells)


def test_nothing_leans_where_a_tenth_would_be_lost_along() -> None:
    assert state().can_lean(0.02)
    assert not state().can_lean(0.06)


def test_only_pictures_of_the_present_size_can_be_leaned_on() -> None:
    follower = prospect('video', False, 0.7).point
    assert state(320).allows(follower)
    assert not state(480).allows(follower)
    assert not state(None).allows(follower)
    assert state(None).allows(prospect('video', True, 0.7).point)
