"""
Answer who chooses the width of the next frame, and how threads share the chooser.

The rules are `control/`'s. Without a measured table of operating points there is nothing to
choose from: the widest allowed is taken.
"""

from threading import Lock
from typing import Protocol

from slim_split_ros.control import (
    ControlSettings,
    Decision,
    LinkReportData,
    OperatingPoints,
    PolicyName,
    Reason,
    WidthController,
)
from slim_split_ros.ros.errors import SettingError
from slim_split_ros.ros.onboard_parameters import OnboardSettings
from slim_split_ros.wire import FrameHeader, Manifest

_MS_PER_S = 1000.0


class WidthChooser(Protocol):
    """Choose for each frame; times are seconds of one steady clock."""

    capacity_kbps: float | None
    backlog_ms: float | None

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Say at which width and rate a frame is sent now, if at all."""

    def revise(self, decision: Decision, size_bytes: int, now_s: float) -> Decision:
        """Say it again for the frame as encoded; another width means encoding once more."""

    def on_sent(self, header: FrameHeader, size_bytes: int, now_s: float) -> None:
        """Learn of a frame that is sent."""

    def on_report(self, report: LinkReportData, now_s: float) -> None:
        """Learn what arrived."""

    def check(self, settings: OnboardSettings) -> None:
        """Raise SettingError where parameters leave no width to choose."""

    def replace_settings(self, settings: OnboardSettings) -> None:
        """Choose by other, checked parameters from the next frame on."""


class UnmeasuredChooser:
    """Take the pinned width or the widest allowed: no operating points are known."""

    capacity_kbps: float | None = None
    backlog_ms: float | None = None

    def __init__(self, widths: tuple[float, ...], settings: OnboardSettings) -> None:
        self._widths = widths
        self.check(settings)
        self.replace_settings(settings)

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Give the same answer until the parameters change."""
        return self._decision

    def revise(self, decision: Decision, size_bytes: int, now_s: float) -> Decision:
        """Stay with the answer."""
        return decision

    def on_sent(self, header: FrameHeader, size_bytes: int, now_s: float) -> None:
        """Learn nothing."""

    def on_report(self, report: LinkReportData, now_s: float) -> None:
        """Learn nothing."""

    def check(self, settings: OnboardSettings) -> None:
        """Compare with the widths of the model."""
        _allowed_widths(self._widths, settings)

    def replace_settings(self, settings: OnboardSettings) -> None:
        """Answer by other parameters."""
        widest = max(_allowed_widths(self._widths, settings))
        self._decision = Decision(widest, 0, Reason.PINNED if settings.width else Reason.LINK)


class ControlledChooser:
    """Let the controller choose; reports come in one thread, frames in another."""

    def __init__(self, points: OperatingPoints, settings: OnboardSettings) -> None:
        self._widths = tuple(point.width for point in points)
        self.check(settings)
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

    def revise(self, decision: Decision, size_bytes: int, now_s: float) -> Decision:
        """Ask the policy again."""
        with self._lock:
            return self._controller.revise(decision, size_bytes, now_s)

    def on_sent(self, header: FrameHeader, size_bytes: int, now_s: float) -> None:
        """Tell the controller what is sent, and what encoding took."""
        with self._lock:
            self._controller.on_sent(
                header.sequence, size_bytes, header.encode_ms / _MS_PER_S, header.width,
                header.rate, now_s)

    def on_report(self, report: LinkReportData, now_s: float) -> None:
        """Tell the controller what arrived."""
        with self._lock:
            self._controller.on_report(report, now_s)

    def check(self, settings: OnboardSettings) -> None:
        """Compare with the widths that were measured."""
        _allowed_widths(self._widths, settings)

    def replace_settings(self, settings: OnboardSettings) -> None:
        """Give the controller other parameters; what it knows of the link stays."""
        with self._lock:
            self._controller.replace_settings(control_settings(settings))


def make_chooser(
    points: OperatingPoints | None, manifest: Manifest, settings: OnboardSettings
) -> WidthChooser:
    """Let the controller choose where operating points are known; may raise SettingError."""
    if points is not None:
        return ControlledChooser(points, settings)
    return UnmeasuredChooser(tuple(entry.width for entry in manifest.widths), settings)


def control_settings(settings: OnboardSettings) -> ControlSettings:
    """Translate parameters for the controller."""
    return ControlSettings(
        policy=PolicyName(settings.policy), deadline_s=settings.deadline_ms / _MS_PER_S,
        target_fps=settings.target_fps, min_width=settings.min_width,
        max_width=settings.max_width, max_bitrate_kbps=float(settings.max_bitrate_kbps),
        pinned_width=settings.width)


def _allowed_widths(widths: tuple[float, ...], settings: OnboardSettings) -> list[float]:
    """Return the widths that parameters allow; raise SettingError where there is none."""
    low = settings.width or settings.min_width
    high = settings.width or settings.max_width
    allowed = [width for width in widths if low <= width <= high]
    if not allowed:
        known = ', '.join(f'{width:g}' for width in sorted(set(widths)))
        raise SettingError(f'no width from {low} to {high} is known, only {known}: choose one of '
                           'these, or measure the model again with `profile`')
    return allowed
