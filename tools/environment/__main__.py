"""
Make the virtual environment of this checkout: `make setup` runs this file.

Every step is skipped while what it depends on is unchanged, so a second run costs a fraction of
a second and no network. Standard library only: nothing is installed yet.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
import fcntl
from pathlib import Path
import shutil
import subprocess
import sys

from .machine import Underlay, check_machine, find_underlay
from .messages import MessageBuild, repair_cmake_exports
from .packages import Installer, install_torch, runtime_arguments
from .shell import SetupError, announced, clean_environment, run
from .stamp import Stamp, content_key

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIREMENTS = CHECKOUT / 'requirements'
MESSAGE_SOURCES = tuple(
    CHECKOUT / name
    for name in ('msg', 'third_party', 'CMakeLists.txt', 'package.xml', 'scripts', 'launch',
                 'config', 'slim_split_ros/__init__.py', 'slim_split_ros/wire/entropy.c'))


@dataclass(frozen=True)
class Setup:
    """One virtual environment of this checkout and the steps that make it."""

    venv: Path
    underlay: Underlay

    def perform(self, for_tests: bool, for_training: bool, for_fleet: bool) -> None:
        """Do the steps that are not done."""
        stamp = Stamp(self.venv)
        made = content_key([], str(CHECKOUT), sys.version, str(self.underlay))
        if not stamp.is_done('made', made) or not self._python.exists():
            check_machine(self.underlay)
            stamp.clear()
            with announced(f'{self.venv.name} with Python {sys.version.split()[0]}'):
                self._make()
            stamp.mark('made', made)
        runtime = content_key(
            [REQUIREMENTS / 'runtime.txt', self._ros_requirements()], made)
        self._do(stamp, 'runtime', runtime, self._install_runtime,
                 f'ROS 2 {self.underlay.distro} and the runtime (a download of 300 MB)')
        self._do(stamp, 'messages', content_key(MESSAGE_SOURCES, runtime), self._build_messages,
                 'building the messages')
        if for_tests:
            self._do(stamp, 'test', content_key([REQUIREMENTS / 'test.txt'], runtime),
                     self._install_test, 'what the tests need')
        if for_fleet or (for_tests and for_training):
            self._try_fleet(stamp, content_key([REQUIREMENTS / 'fleet.txt'], runtime),
                            may_fail=not for_fleet)
        if for_training:
            self._do(stamp, 'training', content_key([REQUIREMENTS / 'training.txt'], runtime),
                     self._install_training, 'what training needs')
            self._try_torch(stamp, content_key([REQUIREMENTS / 'torch.txt'], runtime),
                            may_fail=for_tests)

    @property
    def _python(self) -> Path:
        return self.venv / 'bin' / 'python'

    @property
    def _logs(self) -> Path:
        return CHECKOUT / 'build' / self.venv.name.lstrip('.')

    def _ros_requirements(self) -> Path:
        if self.underlay.is_sourced:
            return REQUIREMENTS / 'runtime.txt'
        return REQUIREMENTS / f'ros-{self.underlay.distro}.txt'

    def _environment(self) -> dict[str, str]:
        environment = clean_environment(self.underlay.is_sourced)
        prefixes = [str(self.venv), *map(str, self.underlay.prefixes)]
        environment['AMENT_PREFIX_PATH'] = ':'.join(prefixes)
        environment['CMAKE_PREFIX_PATH'] = ':'.join(
            filter(None, [*prefixes, environment.get('CMAKE_PREFIX_PATH', '')]))
        environment['PATH'] = f'{self.venv / "bin"}:{environment["PATH"]}'
        return environment

    def _installer(self, step: str) -> Installer:
        log = self._logs / f'{step}.log'
        log.unlink(missing_ok=True)
        return Installer(self._python, log, clean_environment(self.underlay.is_sourced))

    def _do(
        self, stamp: Stamp, step: str, key: str, action: Callable[[], None], text: str
    ) -> None:
        if stamp.is_done(step, key):
            return
        with announced(text):
            action()
        stamp.mark(step, key)

    def _make(self) -> None:
        shutil.rmtree(self._logs, ignore_errors=True)
        options = ['--system-site-packages'] if self.underlay.is_sourced else []
        run([sys.executable, '-m', 'venv', '--clear', *options, self.venv],
            self._logs / 'venv.log', clean_environment(self.underlay.is_sourced),
            f'{self.venv.name} could not be made')

    def _install_runtime(self) -> None:
        installer = self._installer('runtime')
        # Older ones fetch whole wheels to read their metadata: for torch that is gigabytes.
        installer.install('--upgrade', 'pip>=24.1', what='pip')
        installer.install(
            *runtime_arguments(REQUIREMENTS, self.underlay, self._logs),
            what=f'ROS 2 {self.underlay.distro} and the runtime')

    def _build_messages(self) -> None:
        check_machine(self.underlay)
        environment = self._environment()
        repair_cmake_exports(self.venv, self._python, environment)
        build = MessageBuild(self.venv, self._logs, environment)
        if not self.underlay.has_package('vision_msgs'):
            build.build('vision_msgs', CHECKOUT / 'third_party' / 'vision_msgs')
        if not self.underlay.has_package('slim_split_ros'):
            build.build('slim_split_ros', CHECKOUT)
        self._connect_checkout()

    def _connect_checkout(self) -> None:
        site = self.venv / 'lib' / f'python3.{sys.version_info.minor}' / 'site-packages'
        (site / 'slim_split_checkout.pth').write_text(f'{CHECKOUT}\n')
        if self.underlay.is_sourced:
            shutil.copy(Path(__file__).with_name('overlay.py'), site / 'slim_split_overlay.py')
            (site / 'slim_split_overlay.pth').write_text('import slim_split_overlay\n')

    def _install_test(self) -> None:
        self._installer('test').install(
            '-r', REQUIREMENTS / 'test.txt', what='what the tests need')

    def _install_training(self) -> None:
        self._installer('training').install(
            '-r', REQUIREMENTS / 'training.txt', what='what training needs')

    def _try_fleet(self, stamp: Stamp, key: str, may_fail: bool) -> None:
        installer = self._installer('fleet')
        try:
            self._do(stamp, 'fleet', key, lambda: installer.install(
                '-r', REQUIREMENTS / 'fleet.txt', what='Ray'), 'Ray (a download of 90 MB)')
        except SetupError as error:
            if not may_fail:
                raise
            print(f'set-up: going on without Ray, its tests are skipped: {error}')

    def _try_torch(self, stamp: Stamp, key: str, may_fail: bool) -> None:
        installer = self._installer('torch')
        try:
            self._do(stamp, 'torch', key, lambda: install_torch(installer, REQUIREMENTS), 'torch')
        except SetupError as error:
            if not may_fail:
                raise
            print(f'set-up: going on without torch, its tests are skipped: {error}')


def main() -> int:
    """Parse, set up, and put what went wrong into one line."""
    parser = argparse.ArgumentParser(description='Make the virtual environment of this checkout.')
    parser.add_argument('--distro', help='ROS distribution (default: the sourced one, or jazzy)')
    parser.add_argument('--venv', type=Path, required=True, help='folder to make')
    parser.add_argument('--tests', action='store_true', help='also what the tests need')
    parser.add_argument('--training', action='store_true', help='also torch and what goes with it')
    parser.add_argument('--fleet', action='store_true', help='also Ray')
    arguments = parser.parse_args()
    venv = CHECKOUT / arguments.venv
    try:
        with _sole_run(venv):
            setup = Setup(venv, find_underlay(arguments.distro or None, venv))
            setup.perform(arguments.tests, arguments.training, arguments.fleet)
    except (SetupError, OSError, subprocess.SubprocessError) as error:
        print(f'set-up: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('set-up: interrupted; the same command goes on with what is left', file=sys.stderr)
        return 1
    return 0


def _sole_run(venv: Path) -> object:
    # Two `make` at once would write into one virtual environment.
    (CHECKOUT / 'build').mkdir(exist_ok=True)
    lock = (CHECKOUT / 'build' / f'{venv.name}.lock').open('w')
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


if __name__ == '__main__':
    sys.exit(main())
