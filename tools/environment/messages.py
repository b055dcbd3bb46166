"""How are the messages built into the virtual environment? With the robot's own CMake files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

from .shell import SetupError, run

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

    def build(self, name: str, source: Path) -> None:
        """Configure, build and install one package; an unchanged one takes a second."""
        tree, log = self.folder / name, self.folder / f'{name}.log'
        log.unlink(missing_ok=True)
        site = f'lib/python3.{sys.version_info.minor}/site-packages'
        run([self._cmake(), '-S', source, '-B', tree, *self._generator(),
             '-DCMAKE_BUILD_TYPE=Release',
             f'-DCMAKE_INSTALL_PREFIX={self.venv}', f'-DPYTHON_INSTALL_DIR={site}',
             f'-DPython3_EXECUTABLE={self.venv / "bin" / "python"}',
             '-DBUILD_TESTING=OFF', '-DCODE_FROM_CHECKOUT=ON', '-Wno-dev',
             '--no-warn-unused-cli'],
            log, self.environment, f'the messages of {name} could not be configured')
        run([self._cmake(), '--build', tree, '--target', 'install',
             '--parallel', str(os.cpu_count() or 1)],
            log, self.environment, f'the messages of {name} could not be built')
        self._forget_distribution(name)

    def _cmake(self) -> str:
        program = self._find('cmake')
        if program is None:
            raise SetupError('cmake is missing, the messages cannot be built: apt install cmake')
        return program

    def _generator(self) -> list[str]:
        ninja = self._find('ninja')
        return ['-G', 'Ninja', f'-DCMAKE_MAKE_PROGRAM={ninja}'] if ninja else []

    def _find(self, name: str) -> str | None:
        return shutil.which(name, path=self.environment['PATH'])

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
