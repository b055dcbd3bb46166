"""How are the messages built into the virtual environment? With the robot's own CMake files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
import re
import subprocess
import sys

from .shell import run

# The CMake exports of the wheels carry include folders of the machine that built them.
FOREIGN_MARK = '/opt/python/cp3'
FOREIGN_NUMPY = re.compile(
    r'/opt/python/cp3[^/;"]*/lib/python3[^/;"]*/site-packages/numpy/_core/include')
FOREIGN_PYTHON = re.compile(r'/opt/python/cp3[^/;"]*/include/python3[^;"]*')


@dataclass(frozen=True)
class MessageBuild:
    """A place to build in, and the virtual environment to install to."""

    venv: Path
    folder: Path
    environment: Mapping[str, str]

    def build(self, source: Path) -> None:
        """Configure, build and install one package; an unchanged one takes a second."""
        name = source.resolve().name
        tree, log = self.folder / name, self.folder / f'{name}.log'
        log.unlink(missing_ok=True)
        site = f'lib/python3.{sys.version_info.minor}/site-packages'
        run([self._program('cmake'), '-S', source, '-B', tree, '-G', 'Ninja',
             f'-DCMAKE_MAKE_PROGRAM={self._program("ninja")}', '-DCMAKE_BUILD_TYPE=Release',
             f'-DCMAKE_INSTALL_PREFIX={self.venv}', f'-DPYTHON_INSTALL_DIR={site}',
             f'-DPython3_EXECUTABLE={self.venv / "bin" / "python"}',
             '-DBUILD_TESTING=OFF', '-DCODE_FROM_CHECKOUT=ON', '-Wno-dev',
             '--no-warn-unused-cli'],
            log, self.environment, f'the messages of {name} could not be configured')
        run([self._program('cmake'), '--build', tree, '--target', 'install'],
            log, self.environment, f'the messages of {name} could not be built')
        self._forget_distribution(name)

    def _program(self, name: str) -> Path:
        return self.venv / 'bin' / name

    def _forget_distribution(self, name: str) -> None:
        # pip takes ament's egg-info for an installed distribution; the next `pip install -e .`
        # would remove the generated messages with it.
        for folder in self.venv.glob(f'lib/python3*/site-packages/{name}-*.egg-info'):
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()


def repair_cmake_exports(venv: Path, python: Path, environment: Mapping[str, str]) -> None:
    """Point the wheels' CMake exports to this machine's headers; doing it twice is harmless."""
    program = ('import numpy, sysconfig; '
               'print(sysconfig.get_path("include")); print(numpy.get_include())')
    python_include, numpy_include = subprocess.run(
        [python, '-c', program], env=dict(environment), capture_output=True, text=True, check=True,
    ).stdout.split('\n')[:2]
    for file in venv.glob('share/*/cmake/*.cmake'):
        text = file.read_text(encoding='utf-8')
        if FOREIGN_MARK in text:
            text = FOREIGN_NUMPY.sub(numpy_include, text)
            file.write_text(FOREIGN_PYTHON.sub(python_include, text), encoding='utf-8')
