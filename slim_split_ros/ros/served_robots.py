"""Which robots a server serves: those named from the start, and those that patterns find."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from slim_split_ros.offboard import MAX_SENDERS, Load
from slim_split_ros.ros.process.lifecycle import ManagedNode
from slim_split_ros.ros.served_robot import ServedRobot
from slim_split_ros.ros.topics.namespaces import read_robots
from slim_split_ros.ros.topics.qos import TopicOptions, fixed, overridable
from slim_split_ros.ros.topics.waiting import steady_clock

_FEATURES = '/features'
_TYPE = 'slim_split_ros/msg/EncodedFrame'
_LOOK_S = 1.0


class ServedRobots:
    """
    Keep a table of robots by name; those that are found come and go while the node listens.

    A robot is found by its publisher of `features`, and gone once there is none and nothing came
    for as long as a sender is remembered. For the executor's thread; `by_name` is never changed
    but replaced, so any thread may read it once and work with that.
    """

    def __init__(
        self, node: ManagedNode, robots: str, make: Callable[[str, TopicOptions], ServedRobot]
    ) -> None:
        self._node, self._make = node, make
        read = read_robots(robots)
        self._patterns = read.patterns
        self._named = {name: make(name, overridable) for name in read.names}
        self._entities: dict[str, list[Any]] = {}
        self.by_name: Mapping[str, ServedRobot] = dict(self._named)
        self._is_full = False

    def __iter__(self) -> Iterator[ServedRobot]:
        """Give the robots that there are now."""
        return iter(self.by_name.values())

    @property
    def load(self) -> Load:
        """What there is to serve now, of all robots."""
        loads = [robot.reception.load for robot in self]
        return Load(sum(load.senders for load in loads), sum(load.waiting for load in loads))

    @property
    def silence(self) -> str:
        """Why there is no robot to listen to; of one without a name, why nothing comes."""
        if '' in self.by_name:
            return self.by_name[''].silence
        return '' if self.by_name else (
            f'no robot is found: no node publishes features in a namespace like {self._wanted}')

    def listen(self, wake: Callable[[], None]) -> None:
        """Take frames from now on, and look for robots, if there are patterns to find them by."""
        self._wake = wake
        for robot in self:
            robot.listen(wake)
        if self._patterns:
            self._node.get_logger().info(f'looking for robots in namespaces like {self._wanted}')
            self._node.create_timer(_LOOK_S, self._look, clock=steady_clock())

    def rest(self) -> None:
        """Stop listening; those that were found are forgotten."""
        for name in list(self._entities):
            self._remove(name)
        for robot in self:
            robot.rest()

    @property
    def _wanted(self) -> str:
        return f'{", ".join(self._patterns)} below {self._node.get_namespace()}'

    def _look(self) -> None:
        there = self._found()
        for name in there - self.by_name.keys():
            if len(self.by_name) >= MAX_SENDERS:
                self._say_full(name)
                break
            self._add(name)
        for name in self._entities.keys() - there:
            if not self.by_name[name].reception.load.senders:
                self._remove(name)
                self._node.get_logger().info(f'robot {name} is gone')

    def _found(self) -> set[str]:
        prefix = self._node.get_namespace().rstrip('/') + '/'
        names = {
            topic[len(prefix):-len(_FEATURES)]
            for topic, types in self._node.get_topic_names_and_types()
            if _TYPE in types and topic.startswith(prefix) and topic.endswith(_FEATURES)
            and self._node.count_publishers(topic)}
        return {name for name in names
                if any(fnmatchcase(name, pattern) for pattern in self._patterns) and name}

    def _add(self, name: str) -> None:
        def make() -> None:
            robot = self._make(name, fixed)
            robot.listen(self._wake)
            self.by_name = {**self.by_name, name: robot}

        self._entities[name] = self._node.made_by(make)
        self._node.get_logger().info(f'robot {name} is there')

    def _remove(self, name: str) -> None:
        self.by_name = {key: robot for key, robot in self.by_name.items() if key != name}
        self._node.destroy(self._entities.pop(name))

    def _say_full(self, name: str) -> None:
        if not self._is_full:
            self._is_full = True
            self._node.get_logger().warning(
                f'robot {name} is not served: there are {MAX_SENDERS}, as many as one node '
                'serves: start another one with other patterns')
