"""Do the wheels' CMake exports point to this machine after the repair?"""

from __future__ import annotations

import os
from pathlib import Path
import sys
import sysconfig

import numpy

from tools.environment.messages import repair_cmake_exports

FOREIGN = '/opt/python/cp311-cp311/'


def test_foreign_include_folders_become_this_machines(tmp_path: Path) -> None:
    export = tmp_path / 'share' / 'some_msgs' / 'cmake' / 'export.cmake'
    export.parent.mkdir(parents=True)
    export.write_text(
        f'INCLUDE "{FOREIGN}lib/python3.11/site-packages/numpy/_core/include;'
        f'{FOREIGN}include/python3.11;/usr/include"')

    repair_cmake_exports(tmp_path, Path(sys.executable), os.environ)
    repair_cmake_exports(tmp_path, Path(sys.executable), os.environ)

    include = sysconfig.get_path('include')
    assert export.read_text() == f'INCLUDE "{numpy.get_include()};{include};/usr/include"'
