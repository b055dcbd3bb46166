"""
The cluster in the place of a node's own server: frames go there, answers are published here.

Which replica serves a frame is Ray's to decide; that there may be none, this node's to survive.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
import os
import time

from slim_split_ros.fleet import check_address, deployment_name, read_address
from slim_split_ros.fleet.client import FleetClient
from slim_split_ros.fleet.cluster_state import ClusterState, Expected
from slim_split_ros.fleet.messages import Answer, Outcome, Request
from slim_split_ros.fleet.replica_figures import ReplicaLog
from slim_split_ros.fleet.turns import FleetTurns
from slim_split_ros.offboard import LONGEST_WAIT_S, Drop, Turn
from slim_split_ros.offboard.decode import is_video
from slim_split_ros.ros.health.findings import Finding, Level
from slim_split_ros.ros.served_robot import ServedRobot
from slim_split_ros.ros.serving import Serving
from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings

PART = 'cluster'
_LATE = (
    'frames came to a replica after their deadline: add replicas, lower target_fps or, where they '
    'differ by a second, set the clocks of the machines')
_BUSY = 'the queue of the replicas is full: add replicas, or lower target_fps of the robots'


class FleetServing:
    """
    Serve robots by a cluster, for one thread; `wake` is called from others when there is news.

    Raises AddressError for a cluster that this node must not connect to.
    """

    def __init__(
        self, settings: OffboardSettings, serving: Serving, wake: Callable[[], None]
    ) -> None:
        fingerprint = serving.manifest.fingerprint
        self._name = settings.deployment or deployment_name(fingerprint)
        self._address = read_address(settings.ray_address)
        check_address(self._address, os.environ)
        self._falls_back, self._wake = settings.fallback, wake
        self._where = f'{self._name} at {settings.ray_address}'
        self._expected = Expected(fingerprint, serving.classes if serving.detects else ())
        self._client: FleetClient | None = None
        self._turns = FleetTurns()
        self._answers: deque[tuple[Turn, Answer]] = deque()
        self._replicas = ReplicaLog()

    @property
    def state(self) -> ClusterState:
        """Say how the cluster is now."""
        return self._client.state if self._client else ClusterState()

    def start(self) -> None:
        """Connect to the cluster, in the background."""
        self._client = FleetClient(
            self._address, self._name, self._expected, os.environ, self._wake)
        self._client.start()

    def close(self) -> None:
        """Let go of the cluster; `start` connects anew."""
        if self._client:  # none yet where the node could not be activated
            self._client.close()

    def serve(self, robots: Mapping[str, ServedRobot], settings: OffboardSettings) -> bool:
        """
        Publish what came back and send what waits; say whether that is all that there is to do.

        False: the cluster cannot serve, and this node is to do it.
        """
        receptions = {name: robot.reception for name, robot in robots.items()}
        while self._answers:
            turn, answer = self._answers.popleft()
            self._turns.ended(turn, receptions, answer.service_s)
            if robot := robots.get(turn.robot):
                robot.counters.spent(answer.service_s)
                _publish(robot, turn, answer)
        state = self.state
        if not state.is_up and self._falls_back:
            return False
        # Without a cluster and fallback, a frame a robot is taken and refused, so that it is told.
        most = state.replicas * state.held if state.is_up else len(robots)
        turns, too_old = self._turns.next_frames(receptions, most, time.monotonic())
        for name, number in (+too_old).items():
            robots[name].too_old(number)
        for turn in turns:
            self._send(turn, robots[turn.robot], settings)
        return True

    def judge(self) -> Finding:
        """Return what is to be said of the cluster."""
        state = self.state
        values = {'deployment': self._where, 'replicas': state.replicas,
                  'in_flight': self._turns.in_flight, 'serves': 'cluster' if state.is_up
                  else 'local' if self._falls_back else 'nobody'} | {
            f'replica {name}': (
                f'{figures.rate_fps:.1f} frames/s, {figures.service_ms:.0f} ms, '
                f'{figures.elsewhere_ms:.0f} ms queue, {figures.together:.1f} a batch')
            for name, figures in self._replicas.figures(time.monotonic()).items()}
        if state.is_up:
            return Finding(
                PART, Level.OK, f'{state.replicas} replica(s) of {self._where} on {state.place}',
                values)
        level = Level.WARN if self._falls_back else Level.ERROR
        if state.is_awaited:
            level = Level.STALE
        who = 'this node serves alone' if self._falls_back else 'nobody serves'
        return Finding(PART, level, f'{who}: {state.problem}', values)

    def _send(self, turn: Turn, robot: ServedRobot, settings: OffboardSettings) -> None:
        received = turn.received
        left_s = received.arrival_s + LONGEST_WAIT_S - time.monotonic()
        sent_s = time.monotonic()
        self._client.send(
            Request(
                received.frame, received.earlier, time.time() + left_s,
                settings.score_threshold, settings.max_detections, robot.topics.want_pictures,
                is_video(received.frame), robot.key),
            lambda answer: self._answered(turn, answer, sent_s))

    def _answered(self, turn: Turn, answer: Answer, sent_s: float) -> None:
        now_s = time.monotonic()
        self._replicas.add(answer, now_s - sent_s, now_s)
        self._answers.append((turn, answer))
        self._wake()


def _publish(robot: ServedRobot, turn: Turn, answer: Answer) -> None:
    """Publish what came of a frame, at its own robot's cost."""
    received = turn.received
    if answer.is_decoded:
        robot.reception.decoded(received)
    try:
        if answer.outcome is Outcome.SERVED:
            robot.publish(received, answer.served)
        elif answer.outcome is Outcome.REFUSED:
            robot.refused(received, answer.refusal)
        elif answer.outcome is Outcome.LATE:
            robot.too_old(1, _LATE)
        else:
            is_busy = answer.outcome is Outcome.BUSY
            robot.given_up(received, Drop.NEWER.value if is_busy else PART,
                           _BUSY if is_busy else answer.sentence)
    except Exception as error:  # as in the node's own batches: a frame fails, nobody else's does
        robot.diagnostics.failed(error)
