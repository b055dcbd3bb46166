"""Do balls, robots and people move as things in a hall do?"""

from __future__ import annotations

import numpy as np

from slim_split_ros.simulation.motion import Area, Ball, Wanderer, keep_apart


def _wanderer(x: float, y: float, top_speed: float = 2.0) -> Wanderer:
    return Wanderer(
        place=np.array([x, y]), area=Area(8.0, 5.0), top_speed=top_speed, radius=0.3,
        turns_to_walk=True, rest_s=1.0,
    )


def test_wanderer_stays_in_its_area_and_below_its_speed() -> None:
    """A minute of walking leaves nobody outside or too fast."""
    rng = np.random.default_rng(1)
    wanderer = _wanderer(0.0, 0.0)
    places = []
    for _ in range(600):
        wanderer.advance(0.1, rng)
        places.append(wanderer.place)
        assert wanderer.speed <= 2.0 + 1e-9

    assert (np.abs(places) <= (8.6, 5.6)).all()
    assert np.ptp(places, axis=0).min() > 2.0


def test_ball_falls_bounces_and_comes_to_rest_on_the_floor() -> None:
    """It never sinks into the floor or leaves the hall."""
    rng = np.random.default_rng(2)
    ball = Ball(0.11, Area(8.0, 5.0), np.array([0.0, 0.0, 2.0]), np.array([9.0, 3.0, 3.0]))
    heights = []
    for _ in range(300):
        ball.advance(0.02, rng)
        heights.append(ball.place[2])
        assert ball.place[2] >= 0.11
        assert (np.abs(ball.place[:2]) <= (8.0, 5.0)).all()

    assert max(heights) > 2.0 and heights[-1] == 0.11


def test_overlapping_movers_are_pushed_apart() -> None:
    """Two that stand in one place do so no longer."""
    movers = [_wanderer(0.0, 0.0), _wanderer(0.1, 0.0)]
    keep_apart(movers)

    assert np.hypot(*(movers[0].place - movers[1].place)) >= 0.6
