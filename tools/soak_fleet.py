"""
Let a fleet run on this machine for long while its parts fail in turn, and watch what grows.

    python -m tools.soak_fleet --minutes 60 --robots 4 --fps 2 --json out/soak_fleet.json

A replica is killed, the server's bridge, the cluster's head (started and deployed again), a
robot's node (started again), and so on. The exit status is 1 if a process is left, the server's
memory grew by more than 5 %, more frames waited than a robot has in flight and beside that, a
fault was not overcome or a robot not served at the end.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import cycle
import json
import os
from pathlib import Path
import signal
import sys
import time

import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from slim_split_ros.demo.environment import demo_environment
from slim_split_ros.demo.errors import DemoError
from slim_split_ros.demo.fleet_observer import FleetObserver
from slim_split_ros.demo.fleet_run import FleetPlan, plan_nodes
from slim_split_ros.demo.interruption import Interruption
from slim_split_ros.demo.processes import ChildProcess, end_all
from slim_split_ros.fleet import FleetError
from slim_split_ros.fleet.local_cluster import LocalCluster
from slim_split_ros.weights import model_folder
from tools.soak_figures import Fault, Sample, growth_of, line_of, sizes_of

_MODEL, _REPLICAS, _REPLICA_CPUS = 'robocup', 2, 0.5
_BRIDGE = 'slim_split_ros.fleet.bridge'
_SPIN_S = 0.05
_START_S, _BACK_S = 180.0, 120.0
# What the diagnostics say is up to 2 s old.
_STALE_S = 3.0
_MOST_GROWTH = 0.05


class Soak:
    """Run the nodes beside a cluster, make faults, and look."""

    def __init__(
        self, plan: FleetPlan, environment: Mapping[str, str], check: Callable[[], None]
    ) -> None:
        self._plan, self._check = plan, check
        self._cluster = LocalCluster(max(2, _REPLICAS), self.spin)
        self._environment = {**environment, **self._cluster.environment}
        self._names = [f'robot{number}' for number in range(1, plan.robots + 1)]
        self.children: dict[str, ChildProcess] = {}
        self.seen: dict[int, psutil.Process] = {}
        self.samples: list[Sample] = []
        self.faults: list[Fault] = []
        self._observer = FleetObserver(self._names)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._observer)
        self._queue = self._served = 0
        self._drops: Counter[str] = Counter()

    def run(self) -> None:
        """Start everything, soak, end everything."""
        with self._cluster:
            try:
                self._cluster.deploy(model_folder(_MODEL), _REPLICAS, _REPLICA_CPUS)
                nodes = plan_nodes(self._plan, self._names, self._cluster.address)
                for name, node in nodes.items():
                    self._start(name, node.command())
                self._wait_for_service(time.monotonic(), _START_S)
                self._soak(nodes['robot1'].command())
                self._look_at_processes()
            finally:
                end_all(self.children.values())
                self._executor.shutdown()
                self._observer.destroy_node()

    def spin(self) -> None:
        """Hear what is said; raise DemoError if this is to end, or a node has."""
        self._check()
        self._executor.spin_once(timeout_sec=_SPIN_S)
        for child in self.children.values():
            child.check()
        waiting = self._observer.server.waiting if self._observer.server else 0
        self._queue = max(
            self._queue, waiting + int(self._observer.cluster.get('in_flight', '0')))

    def unserved(self, for_s: float) -> list[str]:
        """Name the robots without an answer in the last seconds."""
        return [name for name, heard in self._observer.robots.items()
                if not heard.answers or time.monotonic() - heard.answers[-1].came_s > for_s]

    def _soak(self, robot: Sequence[str]) -> None:
        start_s = time.monotonic()
        faults = cycle((self._kill_replica, self._kill_bridge, self._kill_head,
                        lambda: self._restart_robot(robot)))
        names = cycle(('a replica killed', 'the bridge killed', 'the head killed',
                       "a robot's node killed"))
        every_s = min(300.0, self._plan.seconds / 6)
        look_s = min(60.0, self._plan.seconds / 12)
        fault_at_s, look_at_s = start_s + every_s, start_s + look_s
        while (now_s := time.monotonic()) < start_s + self._plan.seconds:
            self.spin()
            # None so late that it would be the end.
            if fault_at_s <= now_s < start_s + self._plan.seconds - every_s / 2:
                self._look_at_processes()
                what, began_s = next(names), time.monotonic()
                next(faults)()
                back_s = self._wait_for_service(began_s, _BACK_S)
                fault_at_s = time.monotonic() + every_s
                self.faults.append(Fault(what, began_s - start_s, back_s))
                print(f'{began_s - start_s:7.0f} s: {what}; all served by the cluster again '
                      f'after {"?" if back_s is None else round(back_s, 1)} s', flush=True)
            if now_s >= look_at_s:
                look_at_s = now_s + look_s
                self._look(time.monotonic() - start_s)

    def _wait_for_service(self, began_s: float, limit_s: float) -> float | None:
        """Return after how long everybody was served by every replica, None if never."""
        known_s = time.monotonic() + _STALE_S
        while (now_s := time.monotonic()) < began_s + limit_s:
            self.spin()
            is_up = self._observer.replicas >= _REPLICAS and (
                self._observer.cluster.get('serves') == 'cluster')
            if now_s > known_s and is_up and not self.unserved(now_s - known_s):
                return now_s - began_s
        return None

    def _kill_replica(self) -> None:
        self._cluster.replicas()[0].kill()

    def _kill_bridge(self) -> None:
        for process in self._bridges():
            process.kill()

    def _kill_head(self) -> None:
        self._cluster.kill_head()
        self._cluster.start_head()
        self._cluster.deploy(model_folder(_MODEL), _REPLICAS, _REPLICA_CPUS)

    def _restart_robot(self, command: Sequence[str]) -> None:
        child = self.children.pop('robot1')
        child.send_session(signal.SIGKILL)
        child.has_ended(_STALE_S)
        self._start('robot1', command)

    def _start(self, name: str, command: Sequence[str]) -> None:
        self.children[name] = ChildProcess(
            name, command, self._plan.folder / f'{name}.log', self._environment)

    def _bridges(self) -> list[psutil.Process]:
        offboard = psutil.Process(self.children['offboard'].pid)
        return [child for child in offboard.children() if _BRIDGE in child.cmdline()]

    def _look_at_processes(self) -> list[psutil.Process]:
        here = psutil.Process().children(recursive=True)
        self.seen |= {process.pid: process for process in here}
        return here

    def _look(self, at_s: float) -> None:
        everything, replicas = self._look_at_processes(), self._cluster.replicas()
        server = self._observer.server
        drops = Counter(self._observer.drops)
        self.samples.append(Sample(
            at_s, {
                'offboard': sizes_of([psutil.Process(self.children['offboard'].pid)]),
                'bridge': sizes_of(self._bridges()),
                **{f'replica {number}': sizes_of([replica])
                   for number, replica in enumerate(replicas, 1)},
                'everything': sizes_of(everything)},
            server.frames_served - self._served, dict(drops - self._drops), self._queue))
        self._queue, self._served, self._drops = 0, server.frames_served, drops
        print(line_of(self.samples[-1]), flush=True)


def main() -> int:
    """Parse, soak, say what grew."""
    parser = argparse.ArgumentParser(description='Soak a fleet with faults on this machine.')
    parser.add_argument('--minutes', type=_minutes, default=60.0, help='how long (default: 60)')
    parser.add_argument('--robots', type=int, default=4, metavar='N', help='(default: 4)')
    parser.add_argument('--fps', type=float, default=2.0, metavar='F',
                        help='images a second of each robot (default: 2)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures')
    parser.add_argument('--output', type=Path, default=Path('out') / 'soak_fleet', metavar='DIR',
                        help='folder of the logs (default: %(default)s)')
    arguments = parser.parse_args()
    plan = FleetPlan(arguments.robots, _REPLICAS, 60.0 * arguments.minutes, arguments.fps, 0,
                     arguments.output)
    (plan.folder / 'ros_log').mkdir(parents=True, exist_ok=True)
    environment = demo_environment(dict(os.environ), plan.folder / 'ros_log')
    os.environ.clear()
    os.environ.update(environment)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    with Interruption() as interruption:
        soak = Soak(plan, environment, interruption.check)
        try:
            soak.run()
        except (DemoError, FleetError) as error:
            print(f'soak_fleet: {error}', file=sys.stderr)
            return 1
    rclpy.try_shutdown()
    return _judge(soak, plan, arguments.json)


def _minutes(text: str) -> float:
    if not 1.0 <= (value := float(text)) < float('inf'):
        raise argparse.ArgumentTypeError(f'{text}: less than a minute shows nothing')
    return value


def _judge(soak: Soak, plan: FleetPlan, file: Path | None) -> int:
    """Print and write what came of it; return the exit status."""
    left = [process for process in soak.seen.values() if process.is_running()]
    growth = {part: growth_of([sample.parts[part].own_mb for sample in soak.samples
                               if part in sample.parts]) for part in soak.samples[0].parts}
    queues = [sample.longest_queue for sample in soak.samples]
    for part, share in growth.items():
        print(f'{part}: memory of its own {100 * share:+.1f} % from the first quarter to the last')
    unserved = soak.unserved(plan.seconds / 4)
    print(f'longest queue {max(queues)}; robots without an answer in the last quarter: '
          f'{unserved or "none"}; processes left: {[str(process) for process in left] or "none"}')
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({
            'samples': [asdict(sample) for sample in soak.samples],
            'faults': [asdict(fault) for fault in soak.faults], 'growth': growth,
            'left': len(left), 'unserved': unserved}, indent=1) + '\n', encoding='utf-8')
    return int(bool(
        left or unserved or growth['offboard'] > _MOST_GROWTH
        or max(queues) > 2 * plan.robots or any(fault.back_s is None for fault in soak.faults)))


if __name__ == '__main__':
    sys.exit(main())
