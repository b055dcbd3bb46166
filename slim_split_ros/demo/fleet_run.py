"""
A fleet on this machine: robots, their server, replicas on a cluster; halfway one replica dies.

It starts processes, waits for conditions, and counts; how that looks is `reports/`' business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
import os
from pathlib import Path
import statistics
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from slim_split_ros.demo.environment import demo_environment
from slim_split_ros.demo.errors import DemoError
from slim_split_ros.demo.fleet_observer import FleetObserver, RobotAnswer, RobotHeard
from slim_split_ros.demo.interruption import Interruption
from slim_split_ros.demo.output import ROS_LOG
from slim_split_ros.demo.processes import ChildProcess, NodePlan, end_all
from slim_split_ros.fleet.local_cluster import LocalCluster
from slim_split_ros.reports.fleet_page import FleetFacts, FleetRobot
from slim_split_ros.ros.model import bundle_folder

_ROOM = 'slim_split_ros.ros'
_MODEL = 'robocup'
_DEADLINE_MS = 300
_START_LIMIT_S = 180.0
# Longer than the plan says, rather than not to know.
_REPLACE_LIMIT_S = 90.0
_SPIN_S = 0.05
_LOOK_S = 0.2
_BIN_S = 1.0
# Nobody that was served before the kill may be silent for the last part of the time.
_LAST_SHARE = 0.25
_REPLICA_CPUS = 0.5
_REPLICA_KEY = 'replica '


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """Hold how much of what runs for how long."""

    robots: int
    replicas: int
    seconds: float
    fps: float
    seed: int
    folder: Path


@dataclass(frozen=True, slots=True)
class FleetView:
    """Hold what there is to show at one moment."""

    said: str
    elapsed_s: float
    robots: tuple[FleetRobot, ...] = ()
    replicas: Mapping[str, str] | None = None


def run_fleet(
    plan: FleetPlan, inherited: Mapping[str, str], show: Callable[[FleetView], None]
) -> FleetFacts:
    """
    Run the plan and return what came of it; raise DemoError or ClusterError where it fails.

    The environment of this process becomes that of the nodes; everything that was started has
    ended when it returns, however it does.
    """
    (plan.folder / ROS_LOG).mkdir(parents=True, exist_ok=True)
    environment = demo_environment(inherited, plan.folder / ROS_LOG)
    os.environ.clear()
    os.environ.update(environment)
    with Interruption() as interruption:
        show(FleetView('starting a Ray cluster', 0.0))
        with LocalCluster(max(2, plan.replicas), interruption.check) as cluster:
            show(FleetView('deploying the replicas', 0.0))
            cluster.deploy(bundle_folder(_MODEL, 'slim'), plan.replicas, _REPLICA_CPUS)
            return _run_nodes(plan, environment, cluster, interruption, show)


def _run_nodes(
    plan: FleetPlan, environment: Mapping[str, str], cluster: LocalCluster,
    interruption: Interruption, show: Callable[[FleetView], None],
) -> FleetFacts:
    names = [f'robot{number}' for number in range(1, plan.robots + 1)]
    children: list[ChildProcess] = []
    try:
        children += [
            ChildProcess(name, node.command(), plan.folder / f'{name}.log',
                         {**environment, **cluster.environment})
            for name, node in plan_nodes(plan, names, cluster.address).items()]
        with _Session(plan, names, children, cluster, interruption, show) as session:
            return session.run()
    finally:
        # Before the cluster: the server's log would end with the loss of it.
        end_all(children)


def plan_nodes(plan: FleetPlan, robots: Sequence[str], address: str) -> dict[str, NodePlan]:
    """Return one camera for all, an onboard node a robot, and one offboard node, by name."""
    nodes = {
        'sim_camera': NodePlan('sim_camera', f'{_ROOM}.cameras.sim_camera_node', {
            'seed': plan.seed, 'fps': plan.fps, 'width': 320, 'height': 240}),
        'offboard': NodePlan('offboard', f'{_ROOM}.offboard_node', {
            'model': _MODEL, 'robots': ','.join(robots), 'backend': 'ray',
            'ray_address': address})}
    return nodes | {
        name: NodePlan('onboard', f'{_ROOM}.onboard_node', {
            'model': _MODEL, 'target_fps': plan.fps, 'deadline_ms': _DEADLINE_MS},
            {'__ns': f'/{name}', 'image': '/image'}) for name in robots}


class _Session:
    """Hold the observer beside the running nodes."""

    def __init__(
        self, plan: FleetPlan, names: Sequence[str], children: Sequence[ChildProcess],
        cluster: LocalCluster, interruption: Interruption, show: Callable[[FleetView], None],
    ) -> None:
        self._plan, self._children, self._cluster = plan, children, cluster
        self._interruption, self._show = interruption, show
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self._observer = FleetObserver(names)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._observer)
        self._shown_s = 0.0

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._observer.destroy_node()
        rclpy.try_shutdown()

    def run(self) -> FleetFacts:
        """Wait until every robot is served by the cluster, watch, kill, watch; count."""
        plan, observer = self._plan, self._observer
        self._wait(lambda: observer.replicas >= plan.replicas and all(
            heard.answers for heard in observer.robots.values()), _START_LIMIT_S,
            'waiting for the robots')
        start_s = time.monotonic()
        self._watch(start_s, plan.seconds / 2)
        before, answering = Counter(observer.drops), set(self._replica_figures())
        known = {replica.pid for replica in self._cluster.replicas()}
        killed_s = time.monotonic()
        self._cluster.replicas()[0].kill()
        recovered_s = self._watch(start_s, plan.seconds, killed_s, known, answering)
        return self._facts(start_s, killed_s, recovered_s, before)

    def _watch(
        self, start_s: float, until_s: float, killed_s: float = 0.0,
        known: Set[int] = frozenset(), answering: Set[str] = frozenset(),
    ) -> float | None:
        """Watch until so long after the start; return how long after the kill all serve again."""
        recovered_s, looked_s = None, 0.0
        said = 'a replica was killed' if killed_s else 'watching'
        while (now_s := time.monotonic()) - start_s < until_s or (
                killed_s and recovered_s is None and now_s - killed_s < _REPLACE_LIMIT_S):
            self._spin(said, now_s - start_s, start_s)
            if killed_s and recovered_s is None and now_s - looked_s > _LOOK_S:
                looked_s = now_s
                # Its successor's process is there, and answers; what counts replicas counts the
                # dead one for some seconds more.
                new = {replica.pid for replica in self._cluster.replicas()} - known
                if new and set(self._replica_figures()) - answering and (
                        self._observer.replicas >= self._plan.replicas):
                    recovered_s, said = now_s - killed_s, 'all replicas serve again'
        return recovered_s

    def _wait(self, is_reached: Callable[[], bool], limit_s: float, said: str) -> None:
        start_s = time.monotonic()
        while not is_reached():
            if time.monotonic() - start_s > limit_s:
                silent = [name for name, heard in self._observer.robots.items()
                          if not heard.answers]
                cluster = self._observer.cluster.get('message', 'the server says nothing')
                raise DemoError(f'after {limit_s:.0f} s {len(silent)} robots have no answer; '
                                f'{cluster} (logs: {self._plan.folder})')
            self._spin(said, 0.0, start_s)

    def _spin(self, said: str, elapsed_s: float, start_s: float) -> None:
        self._executor.spin_once(timeout_sec=_SPIN_S)
        self._interruption.check()
        for child in self._children:
            child.check()
        if (now_s := time.monotonic()) - self._shown_s > 2 * _LOOK_S:
            self._show(FleetView(
                said, elapsed_s, self._robots(start_s, max(now_s - start_s, _BIN_S)),
                self._replica_figures()))
            # From its end: where showing is slow, there is time to listen all the same.
            self._shown_s = time.monotonic()

    def _replica_figures(self) -> dict[str, str]:
        return {key.removeprefix(_REPLICA_KEY): value for key, value
                in self._observer.cluster.items() if key.startswith(_REPLICA_KEY)}

    def _robots(self, start_s: float, seconds: float) -> tuple[FleetRobot, ...]:
        return tuple(_figures(name, heard, start_s, seconds)
                     for name, heard in self._observer.robots.items())

    def _facts(
        self, start_s: float, killed_s: float, recovered_s: float | None, before: Counter[str]
    ) -> FleetFacts:
        plan, observer = self._plan, self._observer
        came_s = [answer.came_s - start_s for heard in observer.robots.values()
                  for answer in heard.answers]
        bins = Counter(int(came // _BIN_S) for came in came_s if came >= 0)
        seconds = time.monotonic() - start_s
        last_s = start_s + (1 - _LAST_SHARE) * seconds
        silent = [name for name, heard in observer.robots.items()
                  if not any(answer.came_s > last_s for answer in heard.answers)]
        if silent:
            raise DemoError(f'{", ".join(silent)} had no answer at the end of the run: see the '
                            f'logs in {plan.folder}')
        if recovered_s is None:
            raise DemoError('the replica that was killed was not replaced within '
                            f'{_REPLACE_LIMIT_S:.0f} s: see {plan.folder}')
        return FleetFacts(
            _MODEL, plan.replicas, plan.fps, seconds, _DEADLINE_MS,
            self._robots(start_s, seconds), self._replica_figures(), _BIN_S,
            tuple(bins[number] / _BIN_S for number in range(int(seconds // _BIN_S))),
            killed_s - start_s, recovered_s, dict(Counter(observer.drops) - before))


def _figures(name: str, heard: RobotHeard, start_s: float, seconds: float) -> FleetRobot:
    answers: list[RobotAnswer] = [
        answer for answer in heard.answers if answer.came_s >= start_s]
    matches = [answer.match for answer in answers if answer.match]
    matched = sum(match.matched for match in matches)
    return FleetRobot(
        name, len(answers) / seconds, len(answers),
        sum(answer.age_ms > _DEADLINE_MS for answer in answers),
        statistics.median([answer.age_ms for answer in answers]) if answers else None,
        _share(matched, sum(match.detections for match in matches)),
        _share(matched, sum(match.objects for match in matches)),
        heard.status.reason if heard.status else '')


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
