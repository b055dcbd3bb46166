"""How many robots a core, a GPU and the air of a cell serve, and what each of so many gets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math

from slim_split_ros.fleet.planning.costs import FrameCost
from slim_split_ros.fleet.planning.errors import PlanError
from slim_split_ros.offboard.sender import MOST_EARLIER_FRAMES

# Of servers and air, what is planned to be used: at the brim each disturbance becomes a queue.
HEADROOM = 0.9
# Of the camera's interval, what a robot spends on encoding at most: the policy's own bound.
ENCODE_SHARE = 0.8
_CAREFUL = 1e-9     # 0.9 / 0.3 is 2.9999999999999996


@dataclass(frozen=True, slots=True)
class PlannedWay:
    """Hold a way to send frames: what it costs server, air and robot, and what it is worth."""

    cost: FrameCost
    message_bytes: float
    encode_ms: float
    ap50: float

    def kbps(self, fps: float) -> float:
        """Give what so many frames a second take of a link."""
        return self.message_bytes * 8.0 * fps / 1000.0


@dataclass(frozen=True, slots=True)
class Through:
    """
    Hold what shares of its frames a robot has served, and on time, by a server of its own.

    `service_s` is what that server takes for one of them, as the robot sends them.
    """

    served: float
    on_time: float
    service_s: float


@dataclass(frozen=True, slots=True)
class Air:
    """
    Hold what a cell carries on average, in all.

    `through` gives what a robot's controller gets through, for so many robots in a cell.
    """

    name: str
    kbps: float
    through: Callable[[int], Through]


@dataclass(frozen=True, slots=True)
class Question:
    """
    Hold what is asked: so many robots with cameras of `fps`, detections back by the deadline.

    `servers` (cores, or GPUs) and `cells` are what there is, None for as many as it takes; without
    `air` nothing limits the links.
    """

    robots: int
    fps: float
    deadline_s: float = 0.3
    servers: int | None = None
    cells: int | None = None
    air: Air | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Hold the answer.

    `way` is that which the figures are of: the most accurate that the robot's processor and its
    share of the air allow. Robots a server leave it headroom, of robots a cell nearly as large a
    share of the frames is on time as of one alone; `service_s` is what a server takes for a frame,
    as the robots send them.
    """

    way: PlannedWay
    servers: int
    cells: int
    servers_needed: int
    cells_needed: int
    robots_a_server: float
    robots_a_cell: float
    service_s: float
    robots_allowed: int
    offered_per_s: float
    arriving_per_s: float
    served_per_s: float
    on_time_share: float
    utilisation: float


def make_plan(question: Question, ways: Sequence[PlannedWay]) -> Plan:
    """
    Answer; raises PlanError where no way is left or a cell carries not one robot.

    What is served is what arrives, or as much as the servers do of it: of what waits only the
    newest is served. Video that others lean on is decoded all the same. Where servers are
    full, a frame is taken to have waited for anything up to the camera's interval when its turn
    comes: in small fleets, where fresh ones come first, up to a fifth more are on time.
    """
    fps, air = question.fps, question.air
    possible = [way for way in ways if way.encode_ms / 1000.0 <= ENCODE_SHARE / fps] or \
        [min(ways, key=lambda way: way.encode_ms)]
    cheapest = min(possible, key=lambda way: way.message_bytes)
    robots_a_cell = _robots_a_cell(question, cheapest)
    cells_needed = math.ceil(question.robots / max(1, min(robots_a_cell, question.robots)))
    cells = question.cells or cells_needed
    in_a_cell = math.ceil(question.robots / cells)
    way = _most_accurate(possible, question, in_a_cell) or cheapest
    if way.cost.serve_ms <= 0.0:
        raise PlanError('serving a frame was measured to take no time: measure the costs again')
    room_s = question.deadline_s - way.cost.service_s - way.encode_ms / 1000.0
    through = air.through(in_a_cell) if air else Through(
        1.0, float(room_s >= 0.0), way.cost.service_s)
    service_s = through.service_s
    robots_a_server = HEADROOM / (fps * service_s)
    servers_needed = math.ceil(question.robots / robots_a_server - _CAREFUL)
    servers = question.servers or servers_needed
    offered_per_s = question.robots * fps
    arriving_per_s = offered_per_s * through.served
    # Over a link some of the frames lean on others; which, is in the mean.
    full_per_s = servers / service_s if air else _served_when_full(
        way.cost, servers, arriving_per_s)
    served_per_s = min(arriving_per_s, full_per_s)
    in_time = through.on_time / through.served if through.served else 0.0
    if served_per_s < arriving_per_s:
        in_time *= min(1.0, max(0.0, room_s * fps))
    return Plan(
        way, servers, cells, servers_needed, cells_needed, robots_a_server, robots_a_cell,
        service_s=service_s,
        robots_allowed=_whole(min(servers * robots_a_server, cells * robots_a_cell)),
        offered_per_s=offered_per_s, arriving_per_s=arriving_per_s, served_per_s=served_per_s,
        on_time_share=in_time * served_per_s / offered_per_s,
        utilisation=min(1.0, arriving_per_s * service_s / servers))


def _robots_a_cell(question: Question, cheapest: PlannedWay) -> float:
    """Give how many robots share a cell's air and still have their frames on time."""
    air, fps = question.air, question.fps
    if air is None:
        return math.inf
    # On average; a frame over a small share of the air also takes long.
    most = _whole(HEADROOM * air.kbps / cheapest.kbps(fps))
    if most < 1 and question.cells is None:
        raise PlanError(
            f'{air.name} carries {air.kbps:.0f} kbit/s on average, one robot at {fps:g} frames/s '
            f'needs {cheapest.kbps(fps) / HEADROOM:.0f} at least: ask for fewer with --fps, or '
            f'say with --cells how many cells there are')
    least_share = HEADROOM * air.through(1).on_time
    if not least_share:
        if question.cells is None:
            raise PlanError(
                f'over {air.name} not even one robot alone has a frame on time at {fps:g} '
                f'frames/s: give it longer with --deadline-ms, ask for fewer with --fps, or say '
                f'with --cells how many cells there are')
        return 0.0
    return float(bisect_left(
        range(1, most + 1), True, key=lambda robots: air.through(robots).on_time < least_share))


def _most_accurate(
    ways: Sequence[PlannedWay], question: Question, in_a_cell: int
) -> PlannedWay | None:
    """Give the way whose frames a robot's share of the air carries, with headroom."""
    share_kbps = HEADROOM * question.air.kbps / in_a_cell if question.air else math.inf
    return max((way for way in ways if way.kbps(question.fps) <= share_kbps),
               key=lambda way: (way.ap50, -way.message_bytes), default=None)


def _served_when_full(cost: FrameCost, servers: int, arriving_per_s: float) -> float:
    """Give the frames served a second by servers that always have some to serve."""
    if cost.way.alone:
        return servers / cost.service_s
    decode_s, serve_s = cost.decode_ms / 1000.0, cost.serve_ms / 1000.0
    # A sender's frames that are decoded before one of it are limited.
    least = servers / (serve_s + (MOST_EARLIER_FRAMES + 1) * decode_s)
    return max(least, (servers - arriving_per_s * decode_s) / serve_s)


def _whole(number: float) -> int:
    return math.floor(number + _CAREFUL)
