"""
Which width and rate the next frame gets: the control room behind one class.

Composes estimates and a policy, keeps the bounds that nothing may break (widths, ceiling),
and swaps settings whole. All times are seconds of the sender's steady clock.
"""

from slim_split_ros.control.decision import Decision, Reason
from slim_split_ros.control.errors import SettingsError
from slim_split_ros.control.estimates import Estimates
from slim_split_ros.control.link.arrivals import LinkReportData
from slim_split_ros.control.link.in_flight import SentFrame
from slim_split_ros.control.operating_points import OperatingPoint, OperatingPoints
from slim_split_ros.control.policy.aimd import AimdPolicy
from slim_split_ros.control.policy.auto import AutoPolicy
from slim_split_ros.control.policy.fixed import FixedPolicy
from slim_split_ros.control.policy.paper import PaperPolicy
from slim_split_ros.control.policy.policy import Policy
from slim_split_ros.control.settings import ControlSettings, PolicyName


class WidthController:
    """
    Decide for every frame; learn from what was sent and what arrived.

    >>> from slim_split_ros.control import OperatingPoint, OperatingPoints
    >>> table = OperatingPoints([OperatingPoint(0.25, 0, 600, 800, 1.0, 1.2, 0.40),
    ...                          OperatingPoint(1.0, 0, 2500, 3300, 4.0, 4.5, 0.60)])
    >>> controller = WidthController(table, ControlSettings(target_fps=10.0))
    >>> decision = controller.decide(now_s=5.0, captured_s=4.99)
    >>> decision.send, decision.width, decision.reason.value
    (True, 0.25, 'link')
    >>> controller.on_sent(0, 640, 0.0011, decision.width, decision.rate, now_s=5.002)
    """

    def __init__(self, points: OperatingPoints, settings: ControlSettings) -> None:
        """Raise SettingsError where the table has no point within the settings."""
        self._points = points
        self._estimates = Estimates()
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
    def ignored_reports(self) -> int:
        """Count the reports that were broken, repeated or overtaken."""
        return self._estimates.link.ignored_reports

    def replace_settings(self, settings: ControlSettings) -> None:
        """
        Choose by other settings from the next frame on; what is known of the link stays.

        Raises SettingsError and changes nothing where the table has no point within them.
        """
        if settings != self._settings:
            self._adopt(settings)

    def on_report(self, report: LinkReportData, now_s: float) -> None:
        """Learn what arrived; reports of an earlier sender have to be left out before."""
        deliveries = self._estimates.link.on_report(report, now_s)
        for delivery in deliveries:
            self._estimates.history.add(delivery)
        self._policy.on_deliveries(deliveries, now_s)

    def on_sent(self, sequence: int, payload_bytes: int, encode_s: float, width: float,
                rate: int, now_s: float) -> None:
        """Learn that a frame was handed to the middleware, of that serialized size."""
        point = self._points.find(width, rate)
        if point is not None:
            self._estimates.sizes.add(payload_bytes, point.bytes)
            self._estimates.encoding.add(encode_s * 1000.0, point.encode_ms)
        frame = SentFrame(sequence, now_s, payload_bytes * 8.0)
        self._estimates.link.on_sent(frame, now_s)
        self._estimates.budget.spend(frame.bits, now_s)
        self._policy.on_sent(frame, now_s)

    def decide(self, now_s: float, captured_s: float | None = None) -> Decision:
        """Say at which point the frame captured then goes, if it goes now."""
        decision = self._policy.decide(now_s, now_s if captured_s is None else captured_s)
        return self._within_budget(decision, self._estimates.sizes.expected, now_s)

    def revise(self, decision: Decision, payload_bytes: int, now_s: float) -> Decision:
        """
        Say the same for a frame just encoded: its true size may change the answer.

        Optional. Another point means encoding once more; ask only once a frame.
        """
        point = self._points.find(decision.width, decision.rate)
        if point is None:
            return decision
        busyness = payload_bytes / point.bytes
        revised = self._policy.revise(decision, busyness, now_s)
        return self._within_budget(revised, busyness, now_s) if revised.send else revised

    def _within_budget(self, decision: Decision, busyness: float, now_s: float) -> Decision:
        """Keep any policy under the ceiling: the largest point that it leaves, or none."""
        budget = self._estimates.budget
        point = self._points.find(decision.width, decision.rate)
        if not decision.send or not budget.is_set or point is None:
            return decision
        left_bytes = budget.left_bits(now_s) / (8.0 * busyness)
        if point.bytes <= left_bytes:
            return decision
        smaller = [other for other in self._allowed if other.bytes <= left_bytes]
        if not smaller or decision.reason is Reason.PINNED:
            return Decision(point.width, point.rate, Reason.BUDGET, send=False)
        best = max(smaller, key=lambda other: other.ap50)
        return Decision(best.width, best.rate, Reason.BUDGET)

    def _adopt(self, settings: ControlSettings) -> None:
        allowed = self._points.within(settings.min_width, settings.max_width)
        if not allowed:
            raise SettingsError(
                f'no operating point has a width from {settings.min_width} to '
                f'{settings.max_width}; widen the bounds, or measure them with `profile`')
        self._policy = self._make_policy(allowed, settings)
        self._allowed, self._settings = allowed, settings
        self._estimates.budget.configure(
            settings.max_bitrate_kbps * 1000.0, 1.0 / settings.target_fps,
            allowed[0].bytes_p95 * 8.0)

    def _make_policy(self, allowed: tuple[OperatingPoint, ...],
                     settings: ControlSettings) -> Policy:
        if settings.pinned_width > 0.0:
            points = self._points.of_width(settings.pinned_width)
            if not points:
                raise SettingsError(f'width {settings.pinned_width} is not among the operating '
                                    f'points; choose a measured one, or run `profile`')
            return FixedPolicy(points[0].width, points[0].rate, self._estimates)
        if settings.policy is PolicyName.PAPER:
            return PaperPolicy(allowed, settings.deadline_s, self._estimates)
        if settings.policy is PolicyName.AIMD:
            return AimdPolicy(allowed, settings.target_fps, self._estimates)
        return AutoPolicy(allowed, settings, self._estimates)
