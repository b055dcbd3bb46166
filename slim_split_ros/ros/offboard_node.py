"""
The server's node: messages of features become detections.

    python -m slim_split_ros.ros.offboard_node --ros-args -p score_threshold:=0.4

It starts, stops and serves; which robots there are is `served_robots.py`'s, what comes from one
and goes back to it `served_robot.py`'s, whose turn it is, decoding and detecting `offboard/`'s.
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from collections.abc import Sequence
import secrets
import sys
import time

from slim_split_ros.fleet import AddressError
from slim_split_ros.msg import ServerStatus
from slim_split_ros.offboard import (
    Batches,
    FrameGuard,
    Load,
    OffboardError,
    PictureInput,
    Served,
    ServerInput,
    Starts,
)
from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.fleet_serving import FleetServing
from slim_split_ros.ros.health.diagnostics import Diagnostics, newest_sentences
from slim_split_ros.ros.health.findings import Finding, Level
from slim_split_ros.ros.health.offboard_watch import OffboardWatch, Reading
from slim_split_ros.ros.health.server_status import (
    ServerFacts,
    ServiceCounters,
    server_status_message,
)
from slim_split_ros.ros.health.topic import DiagnosticsTopic
from slim_split_ros.ros.process.lifecycle import ACTIVE, ManagedNode
from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.process.worker import Mailbox, Worker
from slim_split_ros.ros.served_robot import ServedRobot
from slim_split_ros.ros.served_robots import ServedRobots
from slim_split_ros.ros.serving import Serving, load_serving
from slim_split_ros.ros.serving_batches import serve_batch
from slim_split_ros.ros.settings.key_file import load_key
from slim_split_ros.ros.settings.offboard_parameters import RAY, OffboardSettings
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.qos import RELIABLE, TopicOptions, overridable
from slim_split_ros.ros.topics.waiting import steady_clock
from slim_split_ros.wire import WireError

_START_ERRORS = (StartError, WireError, OffboardError, AddressError)
_STATUS_PERIOD_S = 1.0
# How soon a report that had to keep its distance to the one before follows it.
_REPORT_POLL_S = 0.025


class Offboard(ManagedNode):
    """Decode each frame, finish the detection, publish, and report arrivals to the robots."""

    def __init__(self) -> None:
        super().__init__('offboard', _START_ERRORS)
        self._live = LiveParameters(self, OffboardSettings)
        self._counters = ServiceCounters()
        # Of what goes wrong with no robot in particular.
        self._diagnostics = Diagnostics(self, self._counters.frames)
        self._worker: Worker[str] | None = None
        self._forget()
        self._watch = OffboardWatch()
        self._status = self.create_publisher(ServerStatus, '~/status', **overridable(RELIABLE))
        self.create_timer(_STATUS_PERIOD_S, self._publish_status, clock=steady_clock())
        DiagnosticsTopic(self, self._judge)
        self._live.on_change(self._follow)
        if self._live.current.autostart:
            self.start_by_itself()

    def set_up(self) -> None:
        """Load the model, and publish what comes of it."""
        self._live.is_open = False
        self._key = load_key(self._live.current.auth_key_file)
        self._serving = load_serving(self._live.current, self.get_logger())
        facts = self._serving.facts
        self.get_logger().info(
            f'model {facts.fingerprint:016x} from {facts.model} on {facts.place}')
        if self._live.current.backend == RAY:
            self._fleet = FleetServing(
                self._live.current, self._serving, lambda: self._calls.put('the cluster has news'))
        self._batches = Batches(self._serving.server.most_together)
        self._starts = Starts()
        self._robots = ServedRobots(self, self._live.current.robots, self._make_robot)

    def start(self) -> None:
        """Listen to the robots."""
        # Holds no frames: it tells the worker that some wait.
        self._calls: Mailbox[str] = Mailbox()
        self._worker = Worker(
            self._calls, self._serve_next, self._diagnostics.failed, former=self._worker)
        self._robots.listen(lambda: self._calls.put('frames wait'))
        self.create_timer(_REPORT_POLL_S, self._publish_reports, clock=steady_clock())
        if self._fleet:
            self._fleet.start()
        self._worker.start()

    def rest(self) -> None:
        """Wait for the frames in hand, for a limited time; what waits gets too old."""
        self._worker.stop()
        if self._fleet:
            self._fleet.close()
        self._robots.rest()

    def tear_down(self) -> None:
        """Forget model, detector and robots."""
        self._live.is_open = True
        self._forget()

    def _forget(self) -> None:
        self._serving: Serving | None = None
        self._robots: ServedRobots | None = None
        self._fleet: FleetServing | None = None
        self._said_of_cluster = ''

    def _make_robot(self, name: str, options: TopicOptions) -> ServedRobot:
        # One each: what was recorded of one robot is no proof on the topics of another.
        receiver_id = secrets.randbits(64)
        self.get_logger().info(
            f'{f"robot {name}: " if name else ""}reports as receiver {receiver_id:016x}')
        robot = ServedRobot(
            self, name, options, self._serving,
            FrameGuard(self._key, receiver_id, self._starts), self._counters)
        robot.topics.publish_labels(self._live.current.score_threshold)
        return robot

    def _follow(self, old: OffboardSettings, new: OffboardSettings) -> None:
        for robot in self._robots or ():
            robot.topics.publish_labels(new.score_threshold)

    def _serve_next(self, call: str) -> None:
        """Serve the frames whose turn it is, if some wait; runs in the worker's thread."""
        robots = self._robots.by_name
        if self._fleet and self._fleet.serve(robots, self._live.current):
            return
        receptions = {name: robot.reception for name, robot in robots.items()}
        batch, too_old = self._batches.next_batch(receptions, time.monotonic())
        for name, number in (+too_old).items():
            robots[name].too_old(number)
        if not batch:
            return
        self._calls.put(call)
        services_s = serve_batch(batch, robots, self._detect, self._failed)
        self._batches.charge(receptions, batch, services_s)
        for turn, service_s in zip(batch, services_s, strict=True):
            robots[turn.robot].counters.spent(service_s)

    def _detect(
        self, frames: list[ServerInput | PictureInput], with_pictures: bool
    ) -> list[Served]:
        settings = self._live.current
        return self._serving.server.serve(
            frames, settings.score_threshold, settings.max_detections,
            with_pictures=with_pictures)

    def _failed(self, robot: ServedRobot, error: Exception) -> None:
        # To one that left meanwhile nothing can be published: no news.
        if self._robots and self._robots.by_name.get(robot.name) is robot:
            robot.diagnostics.failed(error)

    def _publish_reports(self) -> None:
        for robot in self._robots:
            robot.publish_reports()

    def _publish_status(self) -> None:
        now = self._reading(time.monotonic())
        self._status.publish(server_status_message(
            now.state, now.facts, now.service, now.load, self.get_clock().now().to_msg()))
        for robot in self._named_robots():
            robot.publish_status(self.state)

    def _judge(self) -> list[Finding]:
        now_s = time.monotonic()
        findings = self._watch.judge(self._reading(now_s), now_s)
        if self._fleet and self.state == ACTIVE:
            findings.append(self._judge_cluster())
        return findings + [robot.judge(self.state, now_s) for robot in self._named_robots()]

    def _judge_cluster(self) -> Finding:
        """Judge, and write what changed into the log, where somebody at a terminal sees it."""
        finding = self._fleet.judge()
        if finding.message != self._said_of_cluster:
            self._said_of_cluster = finding.message
            # A call each: rclpy holds a line of code to one severity.
            if finding.level is Level.ERROR:
                self.get_logger().error(finding.message)
            elif finding.level is Level.WARN:
                self.get_logger().warning(finding.message)
            else:
                self.get_logger().info(finding.message)
        return finding

    def _named_robots(self) -> list[ServedRobot]:
        return [robot for robot in self._robots or () if robot.name]

    def _reading(self, now_s: float) -> Reading:
        serving, robots = self._serving, self._robots
        sentences = newest_sentences(
            [self._diagnostics, *(robot.diagnostics for robot in robots or ())])
        return Reading(
            self.state, serving.facts if serving else ServerFacts(),
            serving.detector_problem if serving else '',
            robots.silence if robots and self.state == ACTIVE else '',
            self._counters.snapshot(now_s), len(robots.by_name) if robots else 0,
            robots.load if robots else Load(), sentences)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(Offboard, args, start_errors=_START_ERRORS)


if __name__ == '__main__':
    sys.exit(main())
