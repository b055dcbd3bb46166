"""
Which width and rate the next frame gets: the control room behind one class.

Composes estimates and a policy, keeps the bounds that nothing may break (widths, ceiling,
deadline), and swaps settings whole. All times are seconds of the sender's steady clock.
"""

from dataclasses import replace
from threading import Lock

from slim_split_ros.control.decision import Action, Decision, Reason
from slim_split_ros.control.errors import SettingsError
from slim_split_ros.control.estimates import Busyness, Estimates
from slim_split_ros.control.link.arrivals import LinkReportData
from slim_split_ros.control.link.in_flight import SentFrame
from slim_split_ros.control.link.report_guard import OtherReceiver
from slim_split_ros.control.link.stream import VideoStream
from slim_split_ros.control.operating_points import CODERS, OperatingPoint, OperatingPoints
from slim_split_ros.control.policy.aimd import AimdPolicy
from slim_split_ros.control.policy.auto import AutoPolicy
from slim_split_ros.control.policy.budget import BitrateBudget
from slim_split_ros.control.policy.fixed import FixedPolicy
from slim_split_ros.control.policy.paper import PaperPolicy
from slim_split_ros.control.policy.policy import Policy
from slim_split_ros.control.settings import ControlSettings, PolicyName


class WidthController:
    """
    Decide for every frame; learn from what was sent and what arrived.

    Reports may come in another thread than frames. Without a measured table the widest allowed
    width is taken, under the same ceiling and deadline.

    >>> from slim_split_ros.control import OperatingPoint, OperatingPoints
    >>> table = OperatingPoints([OperatingPoint(0.25, 0, 600, 800, 1.0, 1.2, 0.40),
    ...                          OperatingPoint(1.0, 0, 2500, 3300, 4.0, 4.5, 0.60)])
    >>> controller = WidthController(table, ControlSettings(target_fps=10.0))
    >>> decision = controller.decide(now_s=5.0, captured_s=4.99)
    >>> decision.action.value, decision.width, decision.reason.value
    ('send', 0.25, 'link')
    >>> controller.revise(decision, 640, now_s=5.002) == decision
    True
    >>> controller.on_sent(0, 640, 0.0011, decision.width, decision.rate, now_s=5.002)
    """

    def __init__(self, points: OperatingPoints, settings: ControlSettings) -> None:
        """Raise SettingsError where the table has no point within the settings."""
        self._points = points
        self._estimates = Estimates()
        self._budget = BitrateBudget()
        self._lock = Lock()
        self._adopt(settings)

    @property
    def capacity_kbps(self) -> float | None:
        """Give the estimate of what the link carries; None while unknown."""
        return self._policy.capacity_kbps

    @property
    def backlog_ms(self) -> float | None:
        """Give the estimate of how long bytes wait in the link's queue; None if unknown."""
        return self._policy.backlog_ms

    @property
    def deadline_s(self) -> float:
        """Give how old a frame may be that is still sent."""
        return self._settings.deadline_s

    @property
    def other_receiver(self) -> OtherReceiver | None:
        """Give the last two receivers that reported at the same time, of which one is followed."""
        return self._estimates.link.reports.other

    def replace_settings(self, settings: ControlSettings) -> None:
        """
        Choose by other settings from the next frame on; what is known of the link stays.

        Raises SettingsError and changes nothing where the table has no point within them.
        """
        with self._lock:
            if settings != self._settings:
                self._adopt(settings)

    def on_report(self, report: LinkReportData, now_s: float) -> None:
        """Learn what arrived; reports of an earlier sender have to be left out before."""
        with self._lock:
            deliveries = self._estimates.link.on_report(report, now_s)
            self._policy.on_deliveries(deliveries, now_s)

    def on_sent(self, sequence: int, message_bytes: int, encode_s: float, width: float,
                rate: int, now_s: float, decode_s: float = 0.0, coder: str = CODERS[0],
                reference: int | None = None) -> None:
        """
        Learn that a frame was handed to the middleware, of that serialized size.

        `encode_s` is what the table has, pixels in memory to payload in memory; `decode_s` what
        it took to get the pixels (a JPEG's decoding), which costs the same at every point.
        `reference` is the frame's own, None where it decodes alone, whatever was decided.
        """
        with self._lock:
            point = self._points.find(width, rate, coder, reference is None)
            if point is not None and self._points.is_measured:
                self._estimates.sizes.add(message_bytes, point)
                self._estimates.encoding.add(encode_s * 1000.0, point.encode_ms)
            self._estimates.note_decoding(decode_s)
            frame = SentFrame(sequence, now_s, message_bytes * 8.0)
            self._estimates.link.on_sent(frame, now_s)
            if coder == 'video':
                self._stream.on_sent(frame, self._long_side(width, rate), reference is None)
                self._estimates.link.video_service.on_sent(sequence, now_s)
            else:
                self._stream.on_other_sent()
            self._budget.spend(frame.bits, now_s)
            self._policy.on_sent(frame, now_s)

    def decide(self, now_s: float, captured_s: float | None = None) -> Decision:
        """Say at which point the frame captured then (now) goes, if it goes now."""
        captured_s = now_s if captured_s is None else min(captured_s, now_s)
        with self._lock:
            if now_s - captured_s >= self._settings.deadline_s:
                point = next(point for point in self._allowed if point.alone)
                reason = Reason.PINNED if self._settings.pinned_width else Reason.LINK
                return Decision.at(point, reason, Action.EXPIRE)
            decision = self._policy.decide(now_s, captured_s)
            return self._within_budget(decision, Busyness(), now_s)

    def revise(self, decision: Decision, message_bytes: int, now_s: float) -> Decision:
        """
        Say the same for a frame just encoded: its true size may change the answer.

        Another point means encoding once more; then ask `confirm`, and not again.
        """
        with self._lock:
            point = self._points.named(decision.point_name)
            if point is None:
                return decision
            self._note_encoded(decision)
            message_bytes = max(1, message_bytes)
            revised = self._policy.revise(decision, message_bytes / point.bytes, now_s)
            return self._within_budget(
                revised, self._estimates.sizes.compared(point, message_bytes), now_s)

    def confirm(self, decision: Decision, message_bytes: int, now_s: float) -> Decision:
        """Drop a frame that was encoded again and turned out too large for the ceiling."""
        with self._lock:
            self._note_encoded(decision)
            if self._budget.allows(8.0 * message_bytes, now_s):
                return decision
            return replace(decision, reason=Reason.BUDGET, action=Action.DROP)

    @property
    def _stream(self) -> VideoStream:
        return self._estimates.link.stream

    def _note_encoded(self, decision: Decision) -> None:
        if decision.coder == 'video':
            self._stream.on_encoded()

    def _long_side(self, width: float, rate: int) -> int:
        """Give the size of the video's pictures at a rate, whatever was asked for."""
        for alone in (True, False):
            point = self._points.find(width, rate, 'video', alone)
            if point is not None:
                return point.long_side
        return 0

    def _within_budget(self, decision: Decision, busyness: Busyness, now_s: float) -> Decision:
        """Keep any policy under the ceiling: the largest point that it leaves, or none."""
        point = self._points.named(decision.point_name)
        if not decision.send or point is None:
            return decision
        sizes = self._estimates.sizes
        if self._budget.allows(sizes.bits(point, busyness), now_s):
            return decision
        left_bits = self._budget.left_bits(now_s)
        is_resting = self._estimates.link.video_service.is_resting(now_s)
        # Whether a frame may lean on others is the policy's to say, and it said so of this one.
        smaller = [other for other in self._allowed if sizes.bits(other, busyness) <= left_bits
                   and not (is_resting and other.coder == 'video')
                   and (other.alone or (not point.alone
                                        and other.long_side == self._stream.long_side))]
        if not smaller:
            return Decision.at(point, Reason.BUDGET, Action.DROP)
        return Decision.at(max(smaller, key=lambda other: other.ap50), Reason.BUDGET)

    def _adopt(self, settings: ControlSettings) -> None:
        self._allowed = allowed = self._points_of(settings)
        self._policy = self._make_policy(allowed, settings)
        self._settings = settings
        self._budget.configure(
            settings.max_bitrate_kbps * 1000.0, 1.0 / settings.target_fps,
            min(point.bytes_p95 for point in allowed if point.alone) * 8.0)

    def _points_of(self, settings: ControlSettings) -> tuple[OperatingPoint, ...]:
        """Give the points within the settings, the one to send where there is no choice."""
        low = settings.pinned_width or settings.min_width
        high = settings.pinned_width or settings.max_width
        wanted = f'{low:g}' if low == high else f'from {low:g} to {high:g}'
        allowed = self._points.within(low, high)
        if not allowed:
            known = ', '.join(f'{width:g}' for width in self._points.widths)
            raise SettingsError(
                f'no width {wanted} is known, only {known}: choose one of these, '
                f'or measure the model again with `profile`')
        alone = tuple(point for point in allowed if point.alone)
        if not alone:
            raise SettingsError(
                f'no point of width {wanted} decodes alone, with which a video could '
                f'begin: measure the model again with `profile`')
        if settings.pinned_width:
            return (min(alone, key=lambda point: (point.rate, CODERS.index(point.coder))),)
        if not self._points.is_measured:
            return (max(alone, key=lambda point: point.width),)
        # The baselines know nothing of frames that need others.
        is_free = settings.policy is PolicyName.AUTO and not settings.alone
        return allowed if is_free else alone

    def _make_policy(self, allowed: tuple[OperatingPoint, ...],
                     settings: ControlSettings) -> Policy:
        if settings.pinned_width:
            return FixedPolicy(allowed[0], Reason.PINNED, self._estimates)
        if not self._points.is_measured:
            return FixedPolicy(allowed[0], Reason.LINK, self._estimates)
        if settings.policy is PolicyName.PAPER:
            return PaperPolicy(allowed, settings.deadline_s, self._estimates)
        if settings.policy is PolicyName.AIMD:
            return AimdPolicy(allowed, settings.target_fps, self._estimates)
        return AutoPolicy(allowed, settings, self._estimates, self._budget)
