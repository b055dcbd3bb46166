"""Tests of who chooses the width, and of parameters that leave no choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from slim_split_ros.control import OperatingPoint, OperatingPoints, PolicyName
from slim_split_ros.ros.errors import SettingError
from slim_split_ros.ros.onboard_parameters import OnboardSettings
from slim_split_ros.ros.width_choice import (
    ControlledChooser,
    UnmeasuredChooser,
    control_settings,
    make_chooser,
)
from slim_split_ros.wire import load_manifest
from support.bundles import write_tiny_bundle

WIDTHS = (0.25, 0.5, 0.75, 1.0)


def measured(*widths: float) -> OperatingPoints:
    return OperatingPoints(
        OperatingPoint(width, 0, 1000 * width, 1200 * width, 4 * width, 5 * width, width / 2)
        for width in widths)


def test_parameters_reach_the_controller_in_its_units() -> None:
    settings = control_settings(OnboardSettings(
        policy='aimd', deadline_ms=250, target_fps=5.0, min_width=0.5, max_width=0.75,
        max_bitrate_kbps=400))
    assert (settings.policy, settings.deadline_s) == (PolicyName.AIMD, 0.25)
    assert (settings.min_width, settings.max_width, settings.target_fps) == (0.5, 0.75, 5.0)
    assert (settings.max_bitrate_kbps, settings.pinned_width) == (400.0, 0.0)
    assert control_settings(OnboardSettings(width=0.5)).pinned_width == 0.5


def test_a_model_without_operating_points_runs_at_the_widest_allowed(tmp_path: Path) -> None:
    manifest = load_manifest(write_tiny_bundle(tmp_path))
    chooser = make_chooser(None, manifest, OnboardSettings())
    decision = chooser.decide(1.0, 0.9)
    assert (decision.width, decision.reason.value, decision.send) == (1.0, 'link', True)
    chooser.replace_settings(OnboardSettings(max_width=0.75))
    assert chooser.decide(2.0, 1.9).width == 0.75
    chooser.replace_settings(OnboardSettings(width=0.25))
    assert chooser.decide(3.0, 2.9).reason.value == 'pinned'
    assert chooser.capacity_kbps is None


def test_a_model_with_operating_points_is_controlled(tmp_path: Path) -> None:
    manifest = load_manifest(write_tiny_bundle(tmp_path))
    chooser = make_chooser(measured(*WIDTHS), manifest, OnboardSettings())
    assert isinstance(chooser, ControlledChooser)
    assert chooser.decide(1.0, 0.9).send


@pytest.mark.parametrize('values', [
    {'width': 0.75}, {'min_width': 0.75}, {'min_width': 0.75, 'max_width': 0.75}])
def test_parameters_that_leave_no_known_width_are_refused_by_name(
    values: dict[str, float]
) -> None:
    wanted = OnboardSettings(**values)
    for chooser in (
        UnmeasuredChooser((0.25, 0.5), OnboardSettings()),
        ControlledChooser(measured(0.25, 0.5), OnboardSettings()),
    ):
        with pytest.raises(SettingError, match=r'no width from 0\.75 .* is known, only 0\.25, 0'):
            chooser.check(wanted)
        assert chooser.decide(1.0, 0.9).width <= 0.5
    with pytest.raises(SettingError):
        ControlledChooser(measured(0.25, 0.5), wanted)
