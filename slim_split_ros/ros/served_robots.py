"""Which robots a server serves: those named from the start, and those that patterns find."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
import math
import time
import traceback
from typing import Any

from slim_split_ros.offboard import MAX_SENDERS, Load
from slim_split_ros.ros.process.lifecycle import ManagedNode
from slim_split_ros.ros.served_robot import ServedRobot
from slim_split_ros.ros.topics.graph import is_topic, topics_by_type
from slim_split_ros.ros.topics.namespaces import read_robots, topic_of
from slim_split_ros.ros.topics.qos import TopicOptions, fixed, overridable
from slim_split_ros.ros.topics.waiting import steady_clock

_FEATURES = '/features'
_TYPE = 'slim_split_ros/msg/EncodedFrame'
# Whoever has this one has all topics of a robot.
_LONGEST_TOPIC = '~/picture/compressed'
_LOOK_S = 1.0
# How long a place is kept for one of whom no frame came, where others want it: a robot is
# connected, and with a key asked and answered, in a part of it.
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class _Found:
    """Hold what publishers and the like a robot that was found has, and since when."""

    entities: list[Any]
    since_s: float


class ServedRobots:
    """
    Keep a table of robots by name; those that are found come and go while the node listens.

    A robot is found by its publisher of `features`, and gone once there is none and nothing came
    for as long as a sender is remembered. Where all places are taken, those of whom no frame came
    make room for others, in turn. For the executor's thread; `by_name` is never changed
    but replaced, so any thread may read it once and work with that.
    """

    def __init__(
        self, node: ManagedNode, robots: str, make: Callable[[str, TopicOptions], ServedRobot]
    ) -> None:
        self._node, self._make = node, make
        read = read_robots(robots)
        self._patterns = read.patterns
        self._named = {name: make(name, overridable) for name in read.names}
        self._found: dict[str, _Found] = {}
        self.by_name: Mapping[str, ServedRobot] = dict(self._named)
        # Of those that are there now: who cannot be served, and who made room when.
        self._refused: set[str] = set()
        self._made_room_s: dict[str, float] = {}
        self._full = ''
        self._has_looked = False

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
        """Why a robot is not listened to; of one without a name, why nothing comes."""
        if '' in self.by_name:
            return self.by_name[''].silence
        if self._patterns and self._has_looked and not self._found:
            return ('no robot is found: no node publishes features in a namespace like '
                    f'{self._wanted}')
        return self._full

    def listen(self, wake: Callable[[], None]) -> None:
        """Take frames from now on, and look for robots, if there are patterns to find them by."""
        self._wake, self._has_looked = wake, False
        for robot in self:
            robot.listen(wake)
        if self._patterns:
            self._node.get_logger().info(f'looking for robots in namespaces like {self._wanted}')
            self._node.create_timer(_LOOK_S, self._look, clock=steady_clock())

    def rest(self) -> None:
        """Stop listening; those that were found are forgotten."""
        for name in list(self._found):
            self._remove(name)
        for robot in self:
            robot.rest()

    @property
    def _wanted(self) -> str:
        return f'{", ".join(self._patterns)} below {self._node.get_namespace()}'

    def _look(self) -> None:
        self._has_looked = True
        there, now_s = self._names(), time.monotonic()
        self._refused &= there
        self._made_room_s = {
            name: left_s for name, left_s in self._made_room_s.items() if name in there}
        for name in self._found.keys() - there:
            if self.by_name[name].reception.is_empty:
                self._remove(name)
                self._node.get_logger().info(f'robot {name} is gone')
        for name in sorted(there - self.by_name.keys() - self._refused, key=self._waited_since):
            if len(self.by_name) >= MAX_SENDERS and not self._make_room(now_s):
                break
            self._add(name, now_s)
        self._say_full(there - self.by_name.keys() - self._refused)

    def _names(self) -> set[str]:
        """Return the names of those robots that are there now and that a pattern finds."""
        prefix = self._node.get_namespace().rstrip('/') + '/'
        names = {
            topic[len(prefix):-len(_FEATURES)]
            for topic in topics_by_type(self._node).get(_TYPE, [])
            if topic.startswith(prefix) and topic.endswith(_FEATURES)}
        return {name for name in names
                if any(fnmatchcase(name, pattern) for pattern in self._patterns)
                and is_topic(f'{prefix}{topic_of(name, _LONGEST_TOPIC, self._node.get_name())}')
                and self._node.count_publishers(f'{prefix}{name}{_FEATURES}')}

    def _waited_since(self, name: str) -> float:
        """Say who comes first: whoever never had a place, then those that had none for longest."""
        return self._made_room_s.get(name, -math.inf)

    def _make_room(self, now_s: float) -> bool:
        """Let one that was found long ago and sent nothing go, if there is one."""
        silent = [name for name, found in self._found.items()
                  if now_s - found.since_s >= _PATIENCE_S and not self.by_name[name].has_sent]
        if silent:
            self._remove(silent[0])
            self._made_room_s[silent[0]] = now_s
            self._node.get_logger().info(f'robot {silent[0]} sent nothing and makes room')
        return bool(silent)

    def _add(self, name: str, now_s: float) -> None:
        def make() -> None:
            robot = self._make(name, fixed)
            robot.listen(self._wake)
            self.by_name = {**self.by_name, name: robot}

        try:
            entities = self._node.made_by(make)
        except Exception as error:  # anybody may come: none of them ends the node
            self._refused.add(name)
            self._node.get_logger().error(
                f'robot {name} is not served: ' + ''.join(traceback.format_exception(error)))
            return
        self._found[name] = _Found(entities, now_s)
        self._node.get_logger().info(f'robot {name} is there')

    def _remove(self, name: str) -> None:
        robot = self.by_name[name]
        self.by_name = {key: kept for key, kept in self.by_name.items() if key != name}
        self._node.destroy(self._found.pop(name).entities)
        robot.rest()
        if waiting := robot.reception.load.waiting:
            robot.too_old(waiting)

    def _say_full(self, unserved: set[str]) -> None:
        was_full = bool(self._full)
        self._full = (
            f'robot {min(unserved)} is not served: there are {MAX_SENDERS}, as many as one node '
            'serves: start another one with other patterns') if unserved else ''
        if unserved and not was_full:
            self._node.get_logger().warning(self._full)
