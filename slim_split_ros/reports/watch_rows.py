"""The live state of robots and servers as the cells of tables, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slim_split_ros.reports.page import Table

# Statuses come once a second.
_SILENT_S = 3.0
_ACTIVE = 'active'


@dataclass(frozen=True, slots=True)
class RobotState:
    """
    Say what an onboard node does; None where it is not known, counts since the node's start.

    `silent_s` is how long nothing has come from it.
    """

    node: str
    silent_s: float
    state: str
    coder: str
    width: float
    rate: int
    alone: bool
    reason: str
    frames_per_s: float | None
    rate_kbps: float | None
    capacity_kbps: float | None
    backlog_ms: float | None
    encode_ms: float | None
    answer_ms: float | None
    frames_in: int
    frames_sent: int
    frames_answered: int
    answers_late: int
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class ServerState:
    """Say what an offboard node does; None where it is not known."""

    node: str
    silent_s: float
    state: str
    detector: str
    place: str
    senders: int
    waiting: int
    frames_per_s: float | None
    server_ms: float | None
    rate_kbps: float | None
    frames_in: int
    frames_served: int
    dropped: dict[str, int]


def robot_table(robots: Sequence[RobotState]) -> Table:
    """Return a row a robot."""
    return Table(
        ('robot', 'width, rate', 'why', 'frames/s', 'kbit/s', 'encode ms', 'answer ms', 'late',
         'dropped'),
        tuple((_name(robot.node, robot.silent_s), _point(robot), _why(robot),
               _number(robot.frames_per_s, 1), _bitrate(robot), _number(robot.encode_ms, 1),
               _number(robot.answer_ms), f'{robot.answers_late} of {robot.frames_answered}',
               _drops(robot.dropped)) for robot in robots))


def server_table(servers: Sequence[ServerState]) -> Table:
    """Return a row a server."""
    return Table(
        ('server', 'state', 'robots', 'waiting', 'frames/s', 'server ms', 'runs on', 'dropped'),
        tuple((_name(server.node, server.silent_s), _plain(server.state), str(server.senders),
               str(server.waiting), _number(server.frames_per_s, 1), _number(server.server_ms),
               _plain(server.place), _drops(server.dropped)) for server in servers))


def _name(node: str, silent_s: float) -> str:
    return f'{_plain(node)} (silent for {silent_s:.0f} s)' if silent_s > _SILENT_S else \
        _plain(node)


def _why(robot: RobotState) -> str:
    return _plain(robot.reason if robot.state == _ACTIVE else robot.state)


def _point(robot: RobotState) -> str:
    # Nothing was sent yet, or nothing is any more.
    if not robot.width or robot.state != _ACTIVE:
        return ''
    after = '' if robot.alone else ' after the one before'
    return f'{_plain(robot.coder)} {robot.width:.2f}, {robot.rate}{after}'


def _bitrate(robot: RobotState) -> str:
    capacity = _number(robot.capacity_kbps)
    return _number(robot.rate_kbps) + (f' of {capacity}' if capacity else '')


def _number(value: float | None, digits: int = 0) -> str:
    return '' if value is None else f'{value:,.{digits}f}'


def _drops(dropped: Mapping[str, int]) -> str:
    return ', '.join(f'{count} {_plain(word)}' for word, count in dropped.items() if count)


def _plain(text: str) -> str:
    """Return text from outside without what a terminal takes for commands."""
    return ''.join(letter if letter.isprintable() else '?' for letter in text)
