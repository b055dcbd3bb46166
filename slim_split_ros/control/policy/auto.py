"""
Which operating point a frame gets: the one of the greatest expected worth.

Here is the order of the rules; each has its own file: the forecast (`forecast.py`), the worth
of a point (`worth.py`), when a width may change (`width_trials.py`), which frames would not do
if the link fell at once (`sudden_fall.py`), what the user's ceiling leaves (`budget.py`), what
the server keeps up with (`server_pace.py`).
"""

from dataclasses import dataclass, replace
from math import inf

from slim_split_ros.control.decision import Action, Decision, Reason
from slim_split_ros.control.estimates import Busyness, Estimates
from slim_split_ros.control.link.in_flight import Delivery, SentFrame
from slim_split_ros.control.operating_points import OperatingPoint
from slim_split_ros.control.policy.budget import BitrateBudget
from slim_split_ros.control.policy.candidates import Candidate, Candidates, Limits
from slim_split_ros.control.policy.forecast import Forecast, Moment
from slim_split_ros.control.policy.leaning import HORIZON_S, Leaning, Prospect, StreamState
from slim_split_ros.control.policy.server_pace import ServerPace
from slim_split_ros.control.policy.sudden_fall import largest_safe_bits
from slim_split_ros.control.policy.width_trials import WidthTrials
from slim_split_ros.control.policy.worth import Worth
from slim_split_ros.control.settings import ControlSettings

# An outage: nothing has come through for a deadline. One small frame in this time tries it,
# so that the link is found again within a second even where it drops what waited.
PROBE_S = 0.4
# Frames before the first report, so that a silent peer is not flooded.
BLIND_FRAMES = 4
# Jitter to allow for beside the base round trip, in means of one direction's excess.
JITTERS = 3.0
# Encoding may take this share of the frame interval; beyond it frames would be dropped.
ENCODE_SHARE = 0.8
# A frame is encoded again when that is worth this share of its accuracy more.
AGAIN_GAIN = 0.03
# A server that leaves less than this share of the deadline decides by its own variation, and not
# the frames' bytes, whether they are on time.
LEAST_SLACK_SHARE = 0.1
# Accuracy that was measured as nothing still orders points: none may count for nothing.
LEAST_AP50 = 1e-6
# Reports come ten times a second; where the reverse path is silent for so long, what has not
# been reported counts as not arrived.
OLDEST_FRONTIER_S = 0.5
# A report goes at once after an arrival, but no sooner than this after the one before.
REPORT_GAP_S = 0.05
# Of one packet.
SMALLEST_BITS = 1.0


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Hold the best points of one weighing and their worth."""

    best: OperatingPoint
    worth: float
    same: OperatingPoint | None     # the best of the width in use
    same_worth: float
    of_nothing: float
    is_outage: bool
    limit: Reason                   # what kept a better point out


class AutoPolicy:
    """Choose by expected worth; hold frames while nothing sensible can be sent."""

    def __init__(self, points: tuple[OperatingPoint, ...], settings: ControlSettings,
                 estimates: Estimates, budget: BitrateBudget) -> None:
        points = tuple(
            replace(point, ap50=max(point.ap50, LEAST_AP50)) for point in points)
        self._candidates = Candidates(points)
        # Cheapest come first in the table, so that each width keeps its own.
        self._cheapest = {point.width: point for point in reversed(points)}
        self._by_name = {point.name: point for point in points}
        self._most_ap50 = max(point.ap50 for point in points)
        self._settings, self._estimates, self._budget = settings, estimates, budget
        self._pace = ServerPace(1.0 / settings.target_fps)
        self._interval_s = 1.0 / settings.target_fps
        self._trials = WidthTrials()
        self._last_sent_s = -inf
        self._forecast: Forecast | None = None
        self._leaning = Leaning()
        self._slack_s = 0.0
        self.capacity_kbps: float | None = None
        self.backlog_ms: float | None = None

    def on_deliveries(self, deliveries: list[Delivery], now_s: float) -> None:
        """Learn nothing here: the history of capacity is everybody's."""

    def on_sent(self, frame: SentFrame, now_s: float) -> None:
        """Note when a frame went."""
        self._last_sent_s = now_s
        self._pace.on_sent(self._estimates.link.server, now_s)

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Choose for a frame captured then."""
        self._forecast = None
        if not self._estimates.link.history.slots:
            return self._decide_blind(now_s)
        self._interval_s = self._pace.interval_s(self._estimates.link.server)
        path_s, response_s = self._path_s(), self._estimates.link.server.response_s
        deadline_s = self._settings.deadline_s
        is_server_late = response_s > path_s and \
            deadline_s - path_s - response_s < LEAST_SLACK_SHARE * deadline_s
        fresh_s = deadline_s - path_s - (0.0 if is_server_late else response_s)
        self._slack_s = fresh_s - (now_s - captured_s)
        if self._slack_s <= 0.0:
            return self._probe(Reason.LINK, now_s, Action.DROP)
        self._forecast = forecast = self._make_forecast(now_s)
        if forecast.overdue_s > deadline_s and now_s - self._last_sent_s >= PROBE_S:
            return self._probe(Reason.OUTAGE, now_s, Action.HOLD)
        worth = self._worth()
        verdict = self._weigh(worth, Busyness(), now_s)
        is_paced = self._interval_s > 1.0 / self._settings.target_fps
        reason = verdict.limit
        if reason is Reason.LINK and (is_server_late or is_paced):
            reason = Reason.SERVER
        if verdict.is_outage:
            reason = Reason.OUTAGE
        if verdict.worth <= verdict.of_nothing and len(self._estimates.link.in_flight):
            return self._narrowest(reason, Action.HOLD)
        if verdict.is_outage:
            return self._narrowest(reason)
        if is_paced and not self._pace.admits(fresh_s, now_s):
            return self._narrowest(Reason.SERVER, Action.DROP)
        return self._settle(self._steady(verdict, now_s), reason, now_s)

    def revise(self, decision: Decision, busyness: float, now_s: float) -> Decision:
        """
        Choose again now that the frame's size is known, if that is worth encoding again.

        If it is of the video, that cannot go on from before it any more: another is alone.
        """
        if self._forecast is None:
            return decision
        worth = self._worth()
        point = self._by_name[decision.point_name]
        mine = self._prospect(worth, Candidate(point, 8.0 * busyness * point.bytes), 0.0)
        if mine.gain - mine.harm >= (1.0 - AGAIN_GAIN) * self._most_ap50:
            return decision
        # What this frame leans on is known from before; from there its coder cannot go on again.
        state_before = self._leaning.state
        known = self._estimates.sizes.compared(point, busyness * point.bytes)
        verdict = self._weigh(worth, known, now_s)
        present = self._leaning.of(mine, state_before)
        # A frame of the video is not among what can be coded again, others are.
        most = max(present, verdict.worth) if point.coder == 'video' else verdict.worth
        if most <= verdict.of_nothing and len(self._estimates.link.in_flight):
            return replace(decision, action=Action.DROP)
        if decision.reason is Reason.OUTAGE:
            return decision     # nor is it made larger
        better, gain = verdict.same, verdict.same_worth - present
        if present <= verdict.of_nothing and verdict.same_worth <= verdict.of_nothing:
            better, gain = verdict.best, verdict.worth - present
        if better is None or gain <= AGAIN_GAIN * better.ap50:
            return decision
        return self._settle(better, decision.reason, now_s)

    def _decide_blind(self, now_s: float) -> Decision:
        """Send small frames until the first report, then one now and then."""
        if len(self._estimates.link.in_flight) < BLIND_FRAMES:
            return self._narrowest(Reason.LINK)
        return self._probe(Reason.OUTAGE, now_s, Action.HOLD)

    def _probe(self, reason: Reason, now_s: float, otherwise: Action) -> Decision:
        """Try the link with a small frame, at a limited pace."""
        self._forecast = None       # a probe is not revised
        is_due = now_s - self._last_sent_s >= PROBE_S
        return self._narrowest(reason, Action.SEND if is_due else otherwise)

    def _narrowest(self, reason: Reason, action: Action = Action.SEND) -> Decision:
        point = self._candidates.least
        return Decision.at(point, reason, action)

    def _settle(self, point: OperatingPoint, reason: Reason, now_s: float) -> Decision:
        self._trials.settle(point.width, now_s, self._estimates.link.history.recent_bps)
        return Decision.at(point, reason)

    def _path_s(self) -> float:
        """Give how long the path takes both ways, without the queue and the server."""
        path = self._estimates.link.path
        return path.base_round_trip_s + JITTERS * path.jitter_s

    def _make_forecast(self, now_s: float) -> Forecast:
        link, history = self._estimates.link, self._estimates.link.history
        frontier_s = max(min(link.frontier_s, now_s), now_s - OLDEST_FRONTIER_S)
        moment = Moment(now_s, frontier_s, now_s + self._interval_s, now_s + self._slack_s)
        forecast = Forecast(history, link.in_flight, link.last_left_s, moment)
        mean_bps = max(history.mean_bps, 1.0)
        self.capacity_kbps = mean_bps / 1000.0
        self.backlog_ms = forecast.backlog_bits / mean_bps * 1000.0
        return forecast

    def _worth(self) -> Worth:
        return Worth(self._forecast, self._most_ap50, 1.0 / self._interval_s,
                     self._slack_s, self._estimates.link.in_flight.survival)

    def _weigh(self, worth: Worth, busyness: Busyness, now_s: float) -> _Verdict:
        """Weigh every point that processor, budget and evidence allow, largest first."""
        state, leaning = self._stream_state(), self._leaning
        allowed, blocked = self._candidates.within(self._limits(busyness, state, now_s))
        is_resting = self._estimates.link.video_service.is_resting(now_s)
        prospects = [self._prospect(worth, each) for each in allowed
                     if each.point.coder != 'video' or not is_resting]
        leaning.update(prospects, state)
        width, best, same = self._trials.width, None, None
        best_worth = same_worth = -inf
        for prospect in sorted(prospects, key=lambda each: -each.point.bytes):
            point = prospect.point
            if not state.allows(point):
                continue
            value = leaning.of(prospect)
            if value >= best_worth:
                best, best_worth = point, value
            if point.width == width and value >= same_worth:
                same, same_worth = point, value
        limit, limited_worth = Reason.LINK, best_worth
        for candidate, reason in blocked:
            if not state.allows(candidate.point):
                continue
            is_quick = reason is Reason.COMPUTE
            value = leaning.of(self._prospect(worth, candidate, 0.0 if is_quick else None))
            if value > limited_worth:
                limit, limited_worth = reason, value
        is_outage = self._forecast.overdue_s > self._settings.deadline_s
        return _Verdict(best or self._candidates.least, best_worth, same, same_worth,
                        worth.of_nothing + leaning.of_nothing, is_outage, limit)

    def _prospect(self, worth: Worth, candidate: Candidate, encode_s: float | None = None,
                  ) -> Prospect:
        point, bits = candidate.point, candidate.bits
        if encode_s is None:
            encode_s = self._estimates.decode_s + \
                point.encode_ms * self._estimates.encoding.p95 / 1000.0
        return Prospect(point, worth.gain(point, bits, encode_s), worth.harm(bits),
                        self._estimates.link.in_flight.lasting_survival(bits))

    def _stream_state(self) -> StreamState:
        link = self._estimates.link
        chance = link.stream.chance_intact(link.in_flight.lasting_survival)
        blind_s = self._path_s() + REPORT_GAP_S
        return StreamState(
            link.stream.long_side, chance, 1.0 + blind_s / self._interval_s,
            HORIZON_S / self._interval_s)

    def _limits(self, busyness: Busyness, state: StreamState, now_s: float) -> Limits:
        history, sizes = self._estimates.link.history, self._estimates.sizes
        encoding_s = min(self._slack_s, ENCODE_SHARE * self._interval_s)
        recent_bps = history.recent_bps
        return Limits(
            bits_of=lambda point: sizes.bits(point, busyness),
            left_bits=self._budget.left_bits(now_s) if self._budget.is_set else inf,
            longest_ms=(encoding_s - self._estimates.decode_s) * 1000.0 /
            self._estimates.encoding.p95,
            proven_bits=history.proven_bits,
            sustained_bits=self._trials.sustained_bits(recent_bps, self._interval_s),
            safe_bits=largest_safe_bits(recent_bps, self._slack_s), width=self._trials.width,
            can_lean=state.can_lean(
                1.0 - self._estimates.link.in_flight.lasting_survival(SMALLEST_BITS)))

    def _steady(self, verdict: _Verdict, now_s: float) -> OperatingPoint:
        """Let the width change only when its rule allows."""
        same = verdict.same
        if same is None:
            return verdict.best
        recent_bps = self._estimates.link.history.recent_bps
        cheapest = self._cheapest[same.width]
        needed_bits = self._estimates.sizes.bits(cheapest, Busyness())
        # What another coder makes of a narrower map may be better altogether.
        is_less = verdict.best.coder == same.coder or verdict.best.ap50 < same.ap50
        is_sustained = is_less and self._forecast.overdue_s <= 0.0 and needed_bits <= \
            self._trials.sustained_bits(recent_bps, self._interval_s)
        gain = (verdict.worth - verdict.same_worth) / verdict.best.ap50
        may_change = self._trials.may_change(verdict.best.width, gain, is_sustained, now_s,
                                             recent_bps)
        return verdict.best if may_change else same
