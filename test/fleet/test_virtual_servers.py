"""Tests of the servers of a plan: the offboard node's decisions, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
import heapq
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from fleet.plans import cost
from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.fleet.planning import VirtualServers
from slim_split_ros.offboard import Report
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.wire import Frame, FrameHeader, Manifest, load_manifest
from support.bundles import write_tiny_bundle
from support.received_frames import frame_maker

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')

SERVICE_S = 0.05
COSTS = {of.way: of for of in (
    cost(width=0.5, rate=1), cost('video', 1.0, alone=True), cost('video', 1.0, alone=False))}


@dataclass
class Listener:
    """Write down what a robot hears."""

    answers: list[tuple[int, float]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    def answer(self, sequence: int, arrival_s: float, now_s: float) -> None:
        self.answers.append((sequence, round(now_s, 6)))

    def refuse(self, sequence: int) -> None:
        self.refused.append(sequence)

    def tell(self, report: Report, now_s: float) -> None:
        self.reports.append(report)


class Queue:
    """Let events happen in their order."""

    def __init__(self) -> None:
        self._events: list[tuple] = []
        self._order = count()

    def push(self, time_s: float, action: object) -> None:
        heapq.heappush(self._events, (time_s, next(self._order), action))

    def run(self) -> None:
        while self._events:
            time_s, _, action = heapq.heappop(self._events)
            action(time_s)


class Scene:
    """Hold robots `a`, `b`, ... at nodes of so many, before so many servers."""

    def __init__(self, manifest: Manifest, nodes: tuple[str, ...], servers: int,
                 end_s: float = 2.0) -> None:
        self.events, self.robots = Queue(), {name: Listener() for name in ''.join(nodes)}
        self.servers = VirtualServers(
            manifest, COSTS, [{name: self.robots[name] for name in node} for node in nodes],
            servers, self.events, end_s)
        self._make = frame_maker(manifest)

    def send(self, robot: str, sequence: int, at_s: float, frame: Frame | None = None) -> None:
        frame = frame or self._make(ord(robot), sequence, at_s).frame
        self.events.push(at_s, lambda now_s: self.servers.receive(robot, frame, 900, now_s))


@pytest.fixture(scope='module')
def manifest(tiny_bundle: Path) -> Manifest:
    return load_manifest(tiny_bundle)


def test_of_what_waits_only_the_newest_is_served(manifest: Manifest) -> None:
    scene = Scene(manifest, ('a',), servers=1)
    for sequence in range(5):
        scene.send('a', sequence, at_s=0.01 * sequence)
    scene.events.run()
    assert scene.robots['a'].answers == [(0, SERVICE_S), (4, 2 * SERVICE_S)]
    counts = scene.servers.counts['a']
    assert (counts.received, counts.served, counts.took_place) == (5, 2, 3)
    assert scene.servers.busy_s == pytest.approx(2 * SERVICE_S)


def test_a_robot_has_one_frame_in_hand_though_servers_idle(manifest: Manifest) -> None:
    scene = Scene(manifest, ('ab',), servers=2)
    for sequence in range(2):
        scene.send('a', sequence, at_s=0.0)
    scene.send('b', 0, at_s=0.0)
    scene.events.run()
    assert scene.robots['a'].answers == [(0, 0.05), (1, 0.1)]
    assert scene.robots['b'].answers == [(0, 0.05)]


def test_a_robot_that_floods_gets_no_more_than_its_share_at_its_node_or_another(
    manifest: Manifest
) -> None:
    scene = Scene(manifest, ('ab', 'cd'), servers=1, end_s=10.0)
    for robot, fps in zip('abcd', (200, 6, 200, 6), strict=True):
        for sequence in range(10 * fps):
            scene.send(robot, sequence, at_s=sequence / fps)
    scene.events.run()
    served = [scene.servers.counts[robot].served for robot in 'abcd']
    assert sum(served) == pytest.approx(200, abs=4)
    assert all(each == pytest.approx(50, abs=5) for each in served)


def test_what_waits_when_the_run_ends_is_not_served(manifest: Manifest) -> None:
    scene = Scene(manifest, ('abc',), servers=1, end_s=0.06)
    for robot in 'abc':
        scene.send(robot, 0, at_s=0.0)
    scene.events.run()
    assert sum(len(robot.answers) for robot in scene.robots.values()) == 2
    assert scene.servers.busy_s == pytest.approx(0.06)


def test_reports_say_when_frames_came_and_how_long_they_took(manifest: Manifest) -> None:
    scene = Scene(manifest, ('a',), servers=1)
    scene.send('a', 0, at_s=0.1)
    scene.send('a', 1, at_s=0.2)
    scene.events.run()
    last = scene.robots['a'].reports[-1]
    assert [each.sequence for each in last.arrivals] == [0, 1]
    assert [each.server_s for each in last.arrivals] == pytest.approx([SERVICE_S] * 2)
    assert last.decoded_sequence == 1


@pytest.mark.skipif(bool(why_no_video_encoding()), reason=why_no_video_encoding())
def test_video_costs_what_is_decoded_before_it_and_is_refused_after_a_gap(tmp_path: Path) -> None:
    manifest = load_manifest(write_tiny_bundle(
        tmp_path / 'video', with_pictures=True, with_video=True))
    scene = Scene(manifest, ('a',), servers=1)
    frames = list(clip(manifest, 7))
    scene.send('a', 0, 0.0, frames[0])
    for sequence in (1, 2, 3):      # two of them while the first is in hand
        scene.send('a', sequence, 0.01 * sequence, frames[sequence])
    scene.send('a', 5, 1.0, frames[5])      # the one before was lost
    scene.events.run()
    # The third is served with the two before it, one millisecond each.
    assert scene.robots['a'].answers == [(0, 0.05), (3, 0.102)]
    assert scene.robots['a'].refused == [5]
    assert scene.servers.counts['a'].undecodable == 1


def clip(manifest: Manifest, frames: int) -> Iterator[Frame]:
    encoder = FrameEncoder(manifest)
    for sequence in range(frames):
        encoded = encoder.encode(
            np.full((480, 640, 3), 30 * sequence, np.uint8), 1.0, 0, coder='video', alone=False)
        header = FrameHeader(9, sequence, encoded.geometry, 1.0, 0, manifest.fingerprint, 0, 0.0)
        yield Frame(header if encoded.alone else replace(header, reference=sequence - 1),
                    encoded.payload)
