"""Which packages go into the virtual environment, and how torch comes without CUDA?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
import importlib.util
import json
from pathlib import Path
import subprocess

from .machine import Underlay, has_gpu
from .shell import SetupError, run


@dataclass(frozen=True)
class Installer:
    """pip of one virtual environment."""

    python: Path
    log: Path
    environment: Mapping[str, str]

    def install(self, *arguments: str | Path, what: str) -> None:
        """Install; SetupError names `what` could not be had."""
        run([*self.pip(), *arguments], self.log, self.environment,
            f'{what} could not be installed')

    def pip(self) -> list[str]:
        """Give the words that start an installation."""
        return [str(self.python), '-m', 'pip', 'install', '--quiet', '--no-input',
                '--disable-pip-version-check']


def runtime_arguments(requirements: Path, underlay: Underlay, scratch: Path) -> list[str]:
    """
    Give pip's arguments for ROS and the runtime.

    Over a sourced ROS, OpenCV and numpy stay the distribution's: its cv_bridge was built for
    that numpy, and a newer one beside it fails to import.
    """
    runtime = requirements / 'runtime.txt'
    if not underlay.is_sourced:
        return ['-r', str(requirements / f'ros-{underlay.distro}.txt'), '-r', str(runtime)]
    scratch.mkdir(parents=True, exist_ok=True)
    reduced, held = scratch / 'runtime.txt', scratch / 'constraints.txt'
    lines = runtime.read_text().splitlines()
    if importlib.util.find_spec('cv2') is not None:
        lines = [line for line in lines if not line.startswith('opencv')]
    reduced.write_text('\n'.join([*lines, 'cmake>=3.20', 'ninja', '']))
    held.write_text(_held_numpy())
    return ['-r', str(reduced), '-c', str(held)]


def install_torch(installer: Installer, requirements: Path) -> None:
    """
    Install torch: with CUDA only where a GPU is, otherwise the CPU build.

    pip's own index carries the CUDA build alone for most machines, and only a dry run tells;
    uv knows where PyTorch keeps the CPU builds.
    """
    wanted = requirements / 'torch.txt'
    if not _resolution_brings_cuda(installer, wanted) or has_gpu():
        installer.install('-r', wanted, what='torch')
        return
    installer.install('uv', what='uv')
    run([installer.python.parent / 'uv', 'pip', 'install', '--quiet', '--python',
         installer.python, '--torch-backend', 'cpu', '-r', wanted],
        installer.log, installer.environment, 'torch (CPU build) could not be installed')


def _held_numpy() -> str:
    try:
        return f'numpy=={version("numpy")}\n'
    except PackageNotFoundError:
        return ''


def _resolution_brings_cuda(installer: Installer, wanted: Path) -> bool:
    command = [*installer.pip(), '--dry-run', '--report', '-', '-r', str(wanted)]
    answer = subprocess.run(
        command, env=dict(installer.environment), capture_output=True, text=True, check=False)
    if answer.returncode:
        lines = answer.stderr.strip().splitlines() or ['no output']
        raise SetupError(f'torch could not be resolved: {lines[-1]}')
    names = [item['metadata']['name'] for item in json.loads(answer.stdout)['install']]
    return any(name.lower().startswith('nvidia') for name in names)
