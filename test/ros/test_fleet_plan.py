"""Is a plan, and its simulation, what eight robots then get from a real server?"""

from __future__ import annotations

from itertools import cycle
from math import isfinite
from pathlib import Path
import statistics
import time

import pytest

from slim_split_ros.commands.fleet_simulation import FleetRun, simulate_fleet
from slim_split_ros.control import ControlSettings, OperatingPoint, OperatingPoints, PolicyName
from slim_split_ros.fleet.planning import FrameCost, PlannedWay, Question, Way, make_plan
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.wire import load_manifest
from support.feature_robot import FeatureRobot
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import patch_pixels, start_slow_offboard

pytestmark = [pytest.mark.ros, pytest.mark.once]

NAMES = 'abcdefgh'
# Twice as much as is served; sleeping costs no processor.
FRAMES_PER_S, SERVER_S = 1.0, 0.25
ENOUGH = 80
LIMIT_S = 90.0
WAY = Way('cells', 1.0, 0, True)


def measure_cost(peer: Peer, robot: FeatureRobot) -> FrameCost:
    """Let one robot send now and then, and take what the server says it took."""
    def answered_ms() -> list[float]:
        return list({sequence: took_ms for report in robot.reports for sequence, took_ms in zip(
            report.sequence, report.server_ms, strict=True) if isfinite(took_ms)}.values())

    peer.repeat(robot.show, lambda: len(answered_ms()) >= 8, 'the cost of frames',
                3 * SERVER_S, LIMIT_S)
    # The first pays for what is made at the first frame.
    return FrameCost(WAY, 0.0, statistics.median(answered_ms()[1:]))


def test_eight_robots_get_what_was_planned_and_simulated(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    nodes.append(start_slow_offboard(
        tmp_path / 'offboard.log', {'model': tiny_bundle, 'robots': ','.join(NAMES)}, SERVER_S))
    robots = [FeatureRobot(peer, tiny_bundle, name) for name in NAMES]
    turns, period_s = cycle(robots), 1.0 / FRAMES_PER_S / len(robots)
    peer.repeat(lambda: next(turns).show(), lambda: all(robot.answers for robot in robots),
                'an answer to each', period_s, LIMIT_S)
    cost = measure_cost(peer, robots[0])

    for robot in robots:
        robot.answers.clear()
    started_s = time.monotonic()
    peer.repeat(lambda: next(turns).show(),
                lambda: sum(len(robot.answers) for robot in robots) >= ENOUGH, 'the run',
                period_s, LIMIT_S)
    measured_per_s = ENOUGH / (time.monotonic() - started_s)
    gains = [len(robot.answers) for robot in robots]

    point = OperatingPoint(1.0, 0, 1000, 1000, 1.0, 1.0, 0.5)
    plan = make_plan(Question(len(robots), FRAMES_PER_S, servers=1), [
        PlannedWay(cost, point.bytes, point.encode_ms, point.ap50)])
    control = ControlSettings(PolicyName.FIXED, target_fps=FRAMES_PER_S, pinned_width=1.0)
    manifest = load_manifest(tiny_bundle)
    simulated = simulate_fleet(
        FleetRun(len(robots), 1, 1, 20.0, control), manifest, OperatingPoints([point]),
        {WAY: cost}, {WAY: FrameEncoder(manifest).encode(patch_pixels(), 1.0, 0)})
    simulated_per_s = simulated.total('served') / 20.0
    print(f'a frame {cost.serve_ms:.1f} ms; frames/s: planned {plan.served_per_s:.2f}, simulated '
          f'{simulated_per_s:.2f}, measured {measured_per_s:.2f}; measured of each {gains}')
    assert plan.robots_allowed < len(robots)
    assert plan.served_per_s == pytest.approx(measured_per_s, rel=0.1)
    assert simulated_per_s == pytest.approx(measured_per_s, rel=0.1)
    mean = ENOUGH / len(robots)
    assert all(gain == pytest.approx(mean, abs=2) for gain in gains)
    assert all(robot.served == pytest.approx(20.0 * simulated_per_s / len(robots), abs=2)
               for robot in simulated.robots)
