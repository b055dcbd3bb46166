"""
What the link may carry until a frame's deadline: recent stretches of its own past.

Each scenario says that the link now repeats one of its last stretches, from 40 ms to 4 s
long; recent ones weigh more, by a power law, which has no time scale of its own. Source: the
stochastic forecast of Sprout (Winstein et al., NSDI 2013, section 3) with the link's own
history in place of a fitted random walk. While a frame is overdue, the rest of the gap is
drawn from the gaps seen and from a law without scale (a gap that has lasted a second is
likely to last about another).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from slim_split_ros.control.link.capacity_history import SLOT_S, CapacityHistory
from slim_split_ros.control.link.in_flight import SentFrame

# Lengths of the stretches, in slots: each about 1.9 times the one before.
STRETCHES = (2, 4, 8, 15, 28, 53, 100, 200)
# A stretch of 1 s weighs half of the newest.
HALF_WEIGHT_S = 1.0
WEIGHTS = tuple(1.0 / (1.0 + slots * SLOT_S / HALF_WEIGHT_S) for slots in STRETCHES)
# While overdue: the rest of a gap as shares of what has passed (Pareto of exponent 1,
# quartile by quartile), beside the gaps seen that lasted longer.
REST_SHARES = (0.33, 1.0, 3.0)
RESTS = 4
# A stretch without capacity, a gap, is followed by at least this share of the mean.
LEAST_RATE_SHARE = 0.2
# A frame is overdue when its service takes twice what it should, and this much more.
OVERDUE_FACTOR = 2.0
OVERDUE_S = 0.03


@dataclass(frozen=True, slots=True)
class Moment:
    """Hold the times of one decision, on the sender's clock."""

    now_s: float            # the frame would be sent
    frontier_s: float       # what left the queue until here is known
    next_s: float           # the next frame would be sent
    latest_s: float         # the last bit has to have left the queue


class Forecast:
    """Hold the scenarios of one decision, sorted for quick answers."""

    def __init__(self, history: CapacityHistory, pending: Iterable[SentFrame],
                 served_until_s: float, moment: Moment) -> None:
        """Build the scenarios; `served_until_s` is when the last delivery left the queue."""
        pending = tuple(pending)
        self.overdue_s = _overdue_s(history, pending, served_until_s, moment.frontier_s)
        rooms, nexts, backlog = _scenarios(history, pending, moment,
                                           _rests(history, self.overdue_s))
        total = sum(weight for _, weight in rooms)
        self.backlog_bits = backlog / total
        self._rooms, self._chances = _tail(sorted(rooms), total)
        self._nexts, self._moments = _moments(sorted(nexts), total)

    def chance_on_time(self, bits: float) -> float:
        """Give the share of scenarios in which that many more bits leave in time."""
        return self._chances[bisect_left(self._rooms, bits)]

    def mean_square_left_s(self, bits: float) -> float:
        """Give E[t²], t being how long the link needs for what waits when the next comes."""
        zeroth, first, second = self._moments[bisect_right(self._nexts, bits)]
        return (zeroth * bits - 2.0 * first) * bits + second


def _tail(rooms: list[tuple[float, float]], total: float) -> tuple[list[float], list[float]]:
    """Give the rooms, and the share of the weight at and above each; 0 above the last."""
    values, shares, left = [], [], total
    for room, weight in rooms:
        values.append(room)
        shares.append(left / total)
        left -= weight
    return values, [*shares, 0.0]


def _moments(nexts: list[tuple[float, float]], total: float
             ) -> tuple[list[float], list[tuple[float, float, float]]]:
    """Give the rooms, and the sums of weight ÷ rate² times room to the 0, 1, 2 below each."""
    values, sums = [], [(0.0, 0.0, 0.0)]
    zeroth = first = second = 0.0
    for room, scale in nexts:
        share = scale / total
        zeroth += share
        first += share * room
        second += share * room * room
        values.append(room)
        sums.append((zeroth, first, second))
    return values, sums


def _overdue_s(history: CapacityHistory, pending: tuple[SentFrame, ...],
               served_until_s: float, frontier_s: float) -> float:
    """Give for how long the oldest frame has been waiting without reason; 0 if it is not."""
    if not pending:
        return 0.0
    waited_s = frontier_s - max(pending[0].sent_s, served_until_s)
    expected_s = pending[0].bits / max(history.rate_bps, 1.0)
    is_overdue = waited_s > OVERDUE_FACTOR * expected_s + OVERDUE_S
    return waited_s - expected_s if is_overdue else 0.0


def _rests(history: CapacityHistory, overdue_s: float) -> list[float]:
    """Give equally likely rests of the gap; one of 0 while there is none."""
    if overdue_s <= 0.0:
        return [0.0]
    rests = [gap_s - overdue_s for gap_s in history.gaps_s if gap_s > overdue_s]
    rests = sorted(rests + [overdue_s * share for share in REST_SHARES])
    if len(rests) > RESTS:
        rests = [rests[int((index + 0.5) * len(rests) / RESTS)] for index in range(RESTS)]
    return rests


def _scenarios(history: CapacityHistory, pending: tuple[SentFrame, ...], moment: Moment,
               rests: list[float]) -> tuple[list, list, float]:
    """
    Give room and weight until the deadline, room and weight ÷ rate² until the next frame.

    The last is the weighted sum of the backlogs.
    """
    cumulative = history.cumulative
    newest = len(cumulative) - 1
    past_s = moment.now_s - moment.frontier_s
    ahead = ((moment.now_s - moment.frontier_s) / SLOT_S,
             (moment.next_s - moment.frontier_s) / SLOT_S,
             (moment.latest_s - moment.frontier_s) / SLOT_S)
    rooms, nexts, backlog = [], [], 0.0
    least_bps = LEAST_RATE_SHARE * max(history.mean_bps, 1.0)
    step = 1 if len(rests) == 1 else 2
    now_slots, next_slots, latest_slots = ahead
    for index in range(0, len(STRETCHES), step):
        slots, weight = min(STRETCHES[index], newest), WEIGHTS[index]
        first = newest - slots
        rate_bps = (cumulative[newest] - cumulative[first]) / (slots * SLOT_S)
        scale = weight / max(rate_bps, least_bps) ** 2
        for rest_s in rests:
            rest = rest_s / SLOT_S
            used = _carried(cumulative, first, slots, now_slots - rest)
            if pending:
                waiting = _waiting(pending, moment, used / past_s if past_s > 0.0 else 0.0)
                backlog += weight * waiting
                used += waiting
            room = _carried(cumulative, first, slots, latest_slots - rest) - used
            rooms.append((room, weight))
            room = _carried(cumulative, first, slots, next_slots - rest) - used
            nexts.append((room, scale))
        if slots >= newest:
            break
    return rooms, nexts, backlog


def _carried(cumulative: list[float], first: int, slots: int, ahead: float) -> float:
    """Give the bits that a stretch, repeated, carries in that many slots."""
    if ahead <= 0.0:
        return 0.0
    begin = cumulative[first]
    if ahead >= slots:
        return (cumulative[first + slots] - begin) * ahead / slots
    whole = int(ahead)
    at = cumulative[first + whole]
    return at - begin + (ahead - whole) * (cumulative[first + whole + 1] - at)


def _waiting(pending: tuple[SentFrame, ...], moment: Moment, rate_bps: float) -> float:
    """Give the bits still queued now if the link served that rate since the frontier."""
    waiting, time_s = 0.0, moment.frontier_s
    for frame in pending:
        sent_s = frame.sent_s
        if sent_s > time_s:
            waiting -= rate_bps * (sent_s - time_s)
            if waiting < 0.0:
                waiting = 0.0
            time_s = sent_s
        waiting += frame.bits
    waiting -= rate_bps * (moment.now_s - time_s)
    return waiting if waiting > 0.0 else 0.0
