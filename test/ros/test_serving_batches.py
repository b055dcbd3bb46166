"""Tests of what the frames of a batch cost, and whom."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from slim_split_ros.offboard import Turn
from slim_split_ros.ros import serving_batches
from slim_split_ros.ros.serving_batches import serve_batch

pytestmark = pytest.mark.ros

SLOW_S, SERVER_S = 0.05, 0.02


class Clock:
    """Stand for `time`: it goes on only while something takes time."""

    now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, 'now_s', 0.0)
    monkeypatch.setattr(serving_batches, 'time', Clock())


@dataclass
class Topics:
    want_pictures: bool = False


@dataclass
class Robot:
    """Stand for a robot whose frames are words that say what goes wrong with them."""

    topics: Topics = field(default_factory=Topics)
    published: list[str] = field(default_factory=list)

    def decode(self, received: str) -> str | None:
        if received == 'breaks decoding':
            raise ValueError(received)
        return None if received == 'is refused' else received

    def publish(self, received: str, served: str) -> None:
        if received == 'breaks publishing':
            raise ValueError(received)
        if received == 'is published slowly':
            Clock.now_s += SLOW_S
        self.published.append(served)


def serve(frames: list[str], with_pictures: bool) -> list[str]:
    Clock.now_s += SERVER_S
    if 'breaks serving' in frames:
        raise ValueError('breaks serving')
    return [f'{frame}, with pictures' if with_pictures else frame for frame in frames]


def outcome(frames: dict[str, str]) -> tuple[dict[str, Robot], dict[int, str], list[float]]:
    """Serve a frame of each robot; return the robots, what failed whom, and what each cost."""
    robots = {name: Robot() for name in frames}
    failures: dict[int, str] = {}
    services_s = serve_batch(
        [Turn(name, frame) for name, frame in frames.items()], robots, serve,
        lambda robot, error: failures.update({id(robot): str(error)}))
    return robots, failures, services_s


@pytest.mark.parametrize('trouble', ['breaks decoding', 'breaks serving', 'breaks publishing'])
def test_what_goes_wrong_with_a_frame_is_its_own_robot_s_alone(trouble: str) -> None:
    robots, failures, _ = outcome({'a': 'sound', 'b': trouble, 'c': 'sound'})
    assert [robot.published for robot in robots.values()] == [['sound'], [], ['sound']]
    assert failures == {id(robots['b']): trouble}


def test_a_batch_of_refused_frames_is_not_served() -> None:
    robots, failures, _ = outcome({'a': 'is refused', 'b': 'is refused'})
    assert not failures and not any(robot.published for robot in robots.values())


def test_what_publishing_takes_is_charged_to_its_own_robot() -> None:
    _, _, services_s = outcome({'a': 'sound', 'b': 'is published slowly'})
    assert services_s == pytest.approx([SERVER_S / 2, SERVER_S / 2 + SLOW_S])


def test_what_failed_together_is_charged_to_all_and_what_went_alone_to_each() -> None:
    _, _, services_s = outcome({'a': 'sound', 'b': 'breaks serving'})
    assert services_s == pytest.approx([1.5 * SERVER_S, 1.5 * SERVER_S])
