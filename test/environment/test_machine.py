"""Does set-up say in one line what the machine lacks?"""

from __future__ import annotations

from pathlib import Path
import shutil
import sys

import pytest

from tools.environment.machine import Underlay, check_machine, find_underlay
from tools.environment.shell import SetupError


def test_too_old_python_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, 'version_info', (3, 9, 2))

    with pytest.raises(SetupError, match=r'Python 3\.9\.2 .* make setup PYTHON=python3\.12'):
        check_machine(Underlay('jazzy', ()))


def test_kilted_names_the_pythons_that_it_has_wheels_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, 'version_info', (3, 11, 7))

    with pytest.raises(SetupError, match=r'kilted .*CPython 3\.12 to 3\.13'):
        check_machine(Underlay('kilted', ()))


def test_unknown_distribution_is_refused() -> None:
    with pytest.raises(SetupError, match='DISTRO=ardent is unknown: jazzy or kilted'):
        check_machine(Underlay('ardent', ()))


def test_missing_compiler_is_answered_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    monkeypatch.setattr('tools.environment.machine._check_python', lambda underlay: None)

    with pytest.raises(SetupError, match=r'apt install g\+\+'):
        check_machine(Underlay('jazzy', ()))


def test_without_sourced_ros_the_wheels_are_the_underlay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)

    assert find_underlay(None, tmp_path) == Underlay('jazzy', ())
    assert find_underlay('kilted', tmp_path) == Underlay('kilted', ())


def test_own_virtual_environment_does_not_pass_for_a_sourced_ros(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))

    assert not find_underlay(None, tmp_path).is_sourced


def test_sourced_ros_of_another_distribution_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/somewhere/ros')
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setattr('tools.environment.machine._sourced_rclpy_is_there', lambda: True)

    with pytest.raises(SetupError, match='jazzy sourced, DISTRO=kilted was asked for'):
        find_underlay('kilted', tmp_path)
