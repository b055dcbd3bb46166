"""
Which width and rate the next frame gets: the control room behind one class.

Composes estimates and a policy, keeps the bounds that nothing may break (widths, ceiling,
deadline), and swaps settings whole. All times are seconds of the sender's steady clock.
"""

from dataclasses import replace
from threading import Lock

from slim_split_ros.control.decision import Action, Decision, Reason
from slim_split_ros.control.errors import SettingsError
from slim_split_ros.control.estimates import Estimates
from slim_split_ros.control.link.arrivals import LinkReportData
from slim_split_ros.control.link.in_flight import SentFrame
from slim_split_ros.control.link.report_guard import OtherReceiver
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
                self._estimates.sizes.add(message_bytes, point.bytes)
                self._estimates.encoding.add(encode_s * 1000.0, point.encode_ms)
            self._estimates.note_decoding(decode_s)
            frame = SentFrame(sequence, now_s, message_bytes * 8.0)
            self._estimates.link.on_sent(frame, now_s)
            self._budget.spend(frame.bits, now_s)
            self._policy.on_sent(frame, now_s)

    def decide(self, now_s: float, captured_s: float | None = None) -> Decision:
        """Say at which point the frame captured then (now) goes, if it goes now."""
        captured_s = now_s if captured_s is None else min(captured_s, now_s)
        with self._lock:
            if now_s - captured_s >= self._settings.deadline_s:
                point = self._allowed[0]
                reason = Reason.PINNED if self._settings.pinned_width else Reason.LINK
                return Decision.at(point, reason, Action.EXPIRE)
            decision = self._policy.decide(now_s, captured_s)
            return self._within_budget(decision, self._estimates.sizes.expected, now_s)

    def revise(self, decision: Decision, message_bytes: int, now_s: float) -> Decision:
        """
        Say the same for a frame just encoded: its true size may change the answer.

        Another point means encoding once more; then ask `confirm`, and not again.
        """
        with self._lock:
            point = self._points.named(decision.point_name)
            if point is None:
                return decision
            busyness = max(1, message_bytes) / point.bytes
            revised = self._policy.revise(decision, busyness, now_s)
            return self._within_budget(revised, busyness, now_s)

    def confirm(self, decision: Decision, message_bytes: int, now_s: float) -> Decision:
        """Drop a frame that was encoded again and turned out too large for the ceiling."""
        with self._lock:
            if self._budget.allows(8.0 * message_bytes, now_s):
                return decision
            return replace(decision, reason=Reason.BUDGET, action=Action.DROP)

    def _within_budget(self, decision: Decision, busyness: float, now_s: float) -> Decision:
        """Keep any policy under the ceiling: the largest point that it leaves, or none."""
        point = self._points.named(decision.point_name)
        if not decision.send or point is None or \
                self._budget.allows(8.0 * busyness * point.bytes, now_s):
            return decision
        left_bytes = self._budget.left_bits(now_s) / (8.0 * busyness)
        smaller = [other for other in self._allowed if other.bytes <= left_bytes]
        if not smaller:
            return Decision.at(point, Reason.BUDGET, Action.DROP)
        best = max(smaller, key=lambda other: other.ap50)
        return Decision.at(best, Reason.BUDGET)

    def _adopt(self, settings: ControlSettings) -> None:
        self._allowed = allowed = self._points_of(settings)
        self._policy = self._make_policy(allowed, settings)
        self._settings = settings
        self._budget.configure(
            settings.max_bitrate_kbps * 1000.0, 1.0 / settings.target_fps,
            allowed[0].bytes_p95 * 8.0)

    def _points_of(self, settings: ControlSettings) -> tuple[OperatingPoint, ...]:
        """Give the points within the settings, the one to send where there is no choice."""
        low = settings.pinned_width or settings.min_width
        high = settings.pinned_width or settings.max_width
        allowed = self._points.within(low, high)
        if not allowed:
            known = ', '.join(f'{width:g}' for width in self._points.widths)
            raise SettingsError(
                f'no width from {low:g} to {high:g} is known, only {known}: choose one of these, '
                f'or measure the model again with `profile`')
        if settings.pinned_width:
            return (min(allowed, key=lambda point: point.rate),)
        return allowed if self._points.is_measured else (
            max(allowed, key=lambda point: point.width),)

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
