"""
Test wire, coders and the robot's encoder on aarch64, emulated: `make test-arm64` runs this file.

A Debian for arm64 and wheels are unpacked below build/arm64/, once; QEMU runs its Python on this
checkout. Nothing is installed on this machine. Where that cannot be, the reason is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import zipfile

from tools.environment.shell import SetupError, announced, run

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / 'build' / 'arm64'
ROOT, SITE, LOG = FOLDER / 'root', FOLDER / 'site', FOLDER / 'log'
QEMU, COMPILER = 'qemu-aarch64-static', 'aarch64-linux-gnu-gcc'
PROGRAMS = {QEMU: 'qemu-user-static', 'debootstrap': 'debootstrap',
            COMPILER: 'gcc-aarch64-linux-gnu'}
# Newer ones of ONNX Runtime end with a segmentation fault under QEMU 7.2, not on boards.
PACKAGES = ('numpy<3', 'zstandard', 'opencv-python-headless', 'onnxruntime==1.23.2', 'av<19',
            'pyyaml', 'onnx', 'pytest', 'pytest-rerunfailures', 'hypothesis')
PLATFORMS = ('manylinux_2_28_aarch64', 'manylinux_2_27_aarch64', 'manylinux2014_aarch64',
             'manylinux_2_17_aarch64')
TESTS = ('test/wire', 'test/coders', 'test/onboard')
# They start a Python of their own, which this machine cannot run without QEMU before it.
LEFT_OUT = ('test/onboard/test_compressed.py::'
            'test_opencv_refuses_pictures_beyond_the_limit_in_every_format',)
# Rounding of networks moves single symbols, so that frames are of almost the same size.
LARGEST_DIFFERENCE = 0.02


def main(arguments: Sequence[str]) -> int:
    """Set up what is missing, run the tests, compare frames; 0 where all is well or skipped."""
    if reason := why_not():
        print(f'test-arm64: skipped, {reason}')
        return 0
    try:
        python = set_up()
        tests = subprocess.run(
            [*python, '-m', 'pytest', '-p', 'no:cacheprovider',
             *(f'--deselect={test}' for test in LEFT_OUT), *(arguments or TESTS)],
            cwd=CHECKOUT, check=False).returncode
        return tests or compare_frames(python)
    except (SetupError, OSError, subprocess.SubprocessError) as error:
        print(f'test-arm64: {error}', file=sys.stderr)
        return 1


def why_not() -> str:
    """Return why this machine cannot run them, or nothing."""
    if platform.machine() != 'x86_64' or 'ID=debian' not in _release():
        return 'it emulates aarch64 on an x86-64 Debian, and this machine is another'
    if os.geteuid() != 0 and not ROOT.is_dir():
        return 'debootstrap needs root'
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return f'missing are: apt install {" ".join(missing)}' if missing else ''


def set_up() -> list[str]:
    """Unpack Debian and wheels, compile the coder; return the words that start its Python."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not ROOT.is_dir():
        with announced('test-arm64: Debian for arm64 (a download of 40 MB)'):
            _unpack_debian()
    interpreter = next(ROOT.glob('usr/bin/python3.[0-9]*[0-9]'))
    version = interpreter.name.removeprefix('python')
    if not SITE.is_dir():
        with announced('test-arm64: wheels for aarch64 (a download of 120 MB)'):
            _unpack_wheels(version)
    library = SITE / 'slim_split_ros' / 'wire' / '_entropy.so'
    library.parent.mkdir(parents=True, exist_ok=True)
    run([COMPILER, '-std=c99', '-O3', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o',
         library, CHECKOUT / 'slim_split_ros' / 'wire' / 'entropy.c'], LOG, os.environ,
        'the coder does not compile for aarch64')
    return [QEMU, '-L', str(ROOT),
            '-E', f'LD_LIBRARY_PATH={ROOT}/usr/lib/aarch64-linux-gnu',
            '-E', f'PYTHONPATH={CHECKOUT}:{SITE}', '-E', 'PYTHONDONTWRITEBYTECODE=1',
            '-E', 'OMP_NUM_THREADS=1', str(interpreter)]


def compare_frames(python: Sequence[str]) -> int:
    """Print frames' sizes on both machines; 1 where they differ by more than rounding explains."""
    emulated, here = (
        json.loads(subprocess.run([*words, '-m', 'tools.arm64.frames'], cwd=CHECKOUT, check=True,
                                  capture_output=True, text=True).stdout.splitlines()[-1])
        for words in (python, [sys.executable]))
    if emulated['lack']:
        print(f'test-arm64: {emulated["lack"]}', file=sys.stderr)
        return 1
    status = 0
    for width, expected in here['sizes'].items():
        found = emulated['sizes'][width]
        print(f'width {width}: {found} bytes on aarch64, {expected} here')
        if abs(found - expected) > LARGEST_DIFFERENCE * expected:
            status = 1
    return status


def _unpack_debian() -> None:
    partial = FOLDER / 'root.partial'
    shutil.rmtree(partial, ignore_errors=True)
    suite, mirror = _debian()
    # The second stage would run its programs; unpacking is enough.
    run(['debootstrap', '--arch=arm64', '--foreign', '--variant=minbase', '--include=python3',
         suite, partial, mirror], LOG, os.environ, 'Debian for arm64 could not be had')
    for package in sorted(partial.glob('var/cache/apt/archives/*.deb')):
        run(['dpkg-deb', '-x', package, partial], LOG, os.environ,
            f'{package.name} could not be unpacked')
    partial.rename(ROOT)


def _unpack_wheels(version: str) -> None:
    wheels, partial = FOLDER / 'wheels', FOLDER / 'site.partial'
    shutil.rmtree(partial, ignore_errors=True)
    platforms = [word for name in PLATFORMS for word in ('--platform', name)]
    run([sys.executable, '-m', 'pip', 'download', '--quiet', '--dest', wheels,
         '--only-binary=:all:', '--implementation', 'cp', '--python-version', version,
         '--abi', f'cp{version.replace(".", "")}', '--abi', 'abi3', '--abi', 'none', *platforms,
         *PACKAGES], LOG, os.environ, 'wheels for aarch64 could not be had')
    for wheel in sorted(wheels.glob('*.whl')):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(partial)
    partial.rename(SITE)


def _debian() -> tuple[str, str]:
    """Return this machine's own suite and mirror of Debian."""
    suite = next(line.partition('=')[2] for line in _release().splitlines()
                 if line.startswith('VERSION_CODENAME='))
    targets = subprocess.run(
        ['apt-get', 'indextargets', '--format', '$(CODENAME) $(REPO_URI)'],
        capture_output=True, text=True, check=True).stdout.splitlines()
    for codename, _, mirror in (line.partition(' ') for line in targets):
        if codename == suite:
            return suite, mirror
    raise SetupError(f'apt knows no mirror of {suite}: add one to its sources')


def _release() -> str:
    file = Path('/etc/os-release')
    return file.read_text('utf-8') if file.is_file() else ''


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
