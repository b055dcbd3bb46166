"""
Answer who chooses the width of the next frame, and how threads share the chooser.

The rules are `control/`'s. Without a measured table of operating points there is nothing to
choose from: the widest allowed is taken.
"""

from threading import Lock
from typing import Protocol

from slim_split_ros.control import LinkReportData, WidthController
from slim_split_ros.control.decision import Decision, Reason
from slim_split_ros.control.operating_points import OperatingPoints
from slim_split_ros.control.settings import ControlSettings, PolicyName
from slim_split_ros.ros.onboard_parameters import OnboardSettings
from slim_split_ros.wire import FrameHeader

_MS_PER_S = 1000.0


class WidthChooser(Protocol):
    """Choose for each frame; times are seconds of one steady clock."""

    capacity_kbps: float | None
    backlog_ms: float | None

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Say at which width and rate a frame is sent now, if at all."""

    def on_sent(self, header: FrameHeader, size_bytes: int, now_s: float) -> None:
        """Learn of a frame that was sent."""

    def on_report(self, report: LinkReportData, now_s: float) -> None:
        """Learn what arrived."""

    def replace_settings(self, settings: OnboardSettings) -> None:
        """Choose by other parameters from the next frame on."""


class UnmeasuredChooser:
    """Take the pinned width or the widest allowed: no operating points are known."""

    capacity_kbps: float | None = None
    backlog_ms: float | None = None

    def __init__(self, settings: OnboardSettings) -> None:
        self._settings = settings

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Give the same answer until the parameters change."""
        settings = self._settings
        if settings.width:
            return Decision(settings.width, 0, Reason.PINNED)
        return Decision(settings.max_width, 0, Reason.LINK)

    def on_sent(self, header: FrameHeader, size_bytes: int, now_s: float) -> None:
        """Learn nothing."""

    def on_report(self, report: LinkReportData, now_s: float) -> None:
        """Learn nothing."""

    def replace_settings(self, settings: OnboardSettings) -> None:
        """Answer by other parameters."""
        self._settings = settings


class ControlledChooser:
    """Let the controller choose; reports come in one thread, frames in another."""

    def __init__(self, points: OperatingPoints, settings: OnboardSettings) -> None:
        self._controller = WidthController(points, control_settings(settings))
        self._lock = Lock()

    @property
    def capacity_kbps(self) -> float | None:
        """The estimate of the link's capacity; None while unknown."""
        return self._controller.capacity_kbps

    @property
    def backlog_ms(self) -> float | None:
        """The estimate of how long bytes wait in the link's queue; None while unknown."""
        return self._controller.backlog_ms

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Ask the policy."""
        with self._lock:
            return self._controller.decide(now_s, captured_s)

    def on_sent(self, header: FrameHeader, size_bytes: int, now_s: float) -> None:
        """Tell the controller what was sent, and what encoding took."""
        with self._lock:
            self._controller.on_sent(
                header.sequence, size_bytes, header.encode_ms / _MS_PER_S, header.width,
                header.rate, now_s)

    def on_report(self, report: LinkReportData, now_s: float) -> None:
        """Tell the controller what arrived."""
        with self._lock:
            self._controller.on_report(report, now_s)

    def replace_settings(self, settings: OnboardSettings) -> None:
        """Give the controller other parameters; what it knows of the link stays."""
        with self._lock:
            self._controller.replace_settings(control_settings(settings))


def make_chooser(points: OperatingPoints | None, settings: OnboardSettings) -> WidthChooser:
    """Let the controller choose where operating points are known."""
    return ControlledChooser(points, settings) if points else UnmeasuredChooser(settings)


def control_settings(settings: OnboardSettings) -> ControlSettings:
    """Translate parameters for the controller; a pinned width is a policy of its own there."""
    policy = PolicyName.FIXED if settings.width else PolicyName(settings.policy)
    return ControlSettings(
        policy=policy, deadline_s=settings.deadline_ms / _MS_PER_S,
        target_fps=settings.target_fps, min_width=settings.min_width,
        max_width=settings.max_width, max_bitrate_kbps=float(settings.max_bitrate_kbps),
        pinned_width=settings.width)
