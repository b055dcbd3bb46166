"""Does every room import only what the architecture allows it?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import subprocess
import sys

import pytest

PACKAGE = 'slim_split_ros'
STANDARD = frozenset(sys.stdlib_module_names)
# Generated messages are ROS as much as rclpy is.
ROS = frozenset({
    'ament_index_python', 'builtin_interfaces', 'cv_bridge', 'diagnostic_msgs', 'launch',
    'launch_ros', 'lifecycle_msgs', 'rcl_interfaces', 'rclpy', 'rosgraph_msgs',
    'rosidl_runtime_py', 'sensor_msgs', 'std_msgs', 'std_srvs', 'vision_msgs', f'{PACKAGE}.msg'})
TORCH = frozenset({'torch', 'torchvision', 'onnxscript'})
RAY = frozenset({'ray'})
HEAVY = TORCH | RAY | {'av', 'matplotlib', 'onnxruntime', 'panda3d', 'pandas', 'rclpy', 'rosbags'}


@dataclass(frozen=True)
class Room:
    """What one folder may import of the package, and what of the world."""

    rooms: frozenset[str]
    forbidden: frozenset[str] = ROS
    # None: everything that is not forbidden.
    allowed: frozenset[str] | None = None


def _rooms(names: str) -> frozenset[str]:
    return frozenset(names.split())


MODEL_ROOMS = _rooms('wire coders onboard control networks detectors offboard training weights')
BELOW_ROS = MODEL_ROOMS | _rooms('evaluation simulation linklab bags reports')

# The table of the architecture, top to bottom.
ROOMS = {
    'wire': Room(_rooms(''), allowed=frozenset({'numpy', 'zstandard'})),
    'coders': Room(_rooms('wire'), allowed=frozenset({'av', 'cv2', 'numpy'})),
    'onboard': Room(_rooms('wire coders control'), ROS | TORCH),
    'control': Room(_rooms(''), allowed=frozenset()),
    'networks': Room(_rooms('')),
    'detectors': Room(_rooms(''), ROS | TORCH),
    'offboard': Room(_rooms('wire coders detectors'), ROS | TORCH),
    'training': Room(_rooms('networks wire coders detectors')),
    'evaluation': Room(MODEL_ROOMS),
    'simulation': Room(_rooms(''), ROS | TORCH),
    'linklab': Room(_rooms('control'), ROS | TORCH),
    'bags': Room(_rooms('wire control onboard offboard'), allowed=frozenset({
        'cv2', 'mcap', 'numpy', 'rosbags', 'yaml', 'zstandard'})),
    'reports': Room(_rooms(''), ROS | TORCH),
    'weights': Room(_rooms('wire control'), allowed=frozenset({'yaml'})),
    'fleet': Room(_rooms('wire offboard detectors'), ROS | TORCH),
    'ros': Room(BELOW_ROS | {'fleet'}, TORCH),
    'demo': Room(BELOW_ROS | {'fleet', 'ros'}, TORCH),
    'commands': Room(BELOW_ROS | {'fleet', 'ros', 'demo'}),
}
# The one file of a room that may do more, as the architecture says.
EXCEPTIONS = {
    'offboard/torch_runtime.py': Room(_rooms('wire coders detectors networks'))}
# What may stand at the top of a file of a room, because the room is about nothing else.
AT_HOME = {
    'networks': TORCH, 'training': TORCH, 'evaluation': TORCH, 'offboard/torch_runtime.py': TORCH,
    'simulation': frozenset({'panda3d'})}

FOLDER = Path(__file__).resolve().parents[2] / PACKAGE
FILES = sorted(
    file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob('*.py')
    if len(file.relative_to(FOLDER).parts) > 1)


@pytest.mark.parametrize('name', FILES)
def test_file_imports_only_what_its_room_may(name: str) -> None:
    own_room = name.split('/')[0]
    room = EXCEPTIONS.get(name) or ROOMS[own_room]

    imported = set(_imports(FOLDER / name, everywhere=True))

    rooms = {module.split('.')[1] for module in imported
             if module.startswith(f'{PACKAGE}.') and module != f'{PACKAGE}.msg'}
    packages = {module if module == f'{PACKAGE}.msg' else module.split('.')[0]
                for module in imported} - {PACKAGE}
    assert rooms <= room.rooms | {own_room}
    assert not packages & room.forbidden
    assert own_room == 'fleet' or not packages & RAY
    if room.allowed is not None:
        assert packages <= room.allowed | STANDARD


@pytest.mark.parametrize('name', FILES)
def test_heavy_packages_are_not_imported_where_a_file_begins(name: str) -> None:
    own_room = name.split('/')[0]
    at_top = {module.split('.')[0] for module in _imports(FOLDER / name, everywhere=False)}

    at_home = AT_HOME.get(name, AT_HOME.get(own_room, frozenset()))

    assert not at_top & (TORCH | {'matplotlib', 'panda3d'}) - at_home


def test_files_of_the_package_itself_lead_to_commands_only() -> None:
    imported = {module for file in FOLDER.glob('*.py')
                for module in _imports(file, everywhere=True)}

    assert not [module for module in imported
                if module.split('.')[0] not in STANDARD
                and not module.startswith(f'{PACKAGE}.commands')]


def test_asking_for_help_imports_nothing_heavy() -> None:
    assert not _loaded_by(f'import {PACKAGE}.commands, {PACKAGE}.__main__') & HEAVY


@pytest.mark.ros
def test_onboard_node_does_not_load_torch() -> None:
    loaded = _loaded_by(f'import {PACKAGE}.ros.onboard_node')

    assert not loaded & TORCH
    assert not [name for name in loaded if name.startswith(f'{PACKAGE}.offboard')]


@pytest.mark.ros
@pytest.mark.parametrize('statement', [
    'ros.onboard_node', 'ros.offboard_node', 'demo.run', 'demo.prepare', 'fleet.client',
    'fleet.bridge', 'ros.fleet_serving'])
def test_nothing_but_the_end_of_the_bridge_loads_ray(statement: str) -> None:
    assert 'ray' not in _loaded_by(f'import {PACKAGE}.{statement}')


@pytest.mark.parametrize('extra', ['runtime', 'test', 'rerun', 'training'])
def test_ray_is_installed_for_a_fleet_alone(extra: str) -> None:
    lines = (FOLDER.parent / 'requirements' / f'{extra}.txt').read_text().splitlines()

    assert not [line for line in lines if line.startswith('ray')]


def _loaded_by(statement: str) -> set[str]:
    program = f'import sys; {statement}; print(*sys.modules)'
    answer = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True,
        cwd=FOLDER.parent, timeout=60)
    return set(answer.stdout.split())


def _imports(file: Path, everywhere: bool) -> Iterator[str]:
    """Yield full module names; a relative import is resolved, an imported room is named."""
    tree = ast.parse(file.read_text(encoding='utf-8'))
    parents = [PACKAGE, *file.relative_to(FOLDER).parts[:-1]]
    for node in ast.walk(tree) if everywhere else _top_level(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[:len(parents) - node.level + 1] if node.level else []
            module = '.'.join([*base, *(node.module or '').split('.')]).strip('.')
            if module == PACKAGE:
                yield from (f'{module}.{alias.name}' for alias in node.names)
            else:
                yield module


def _top_level(tree: ast.Module) -> Iterator[ast.AST]:
    for node in tree.body:
        is_for_checkers = isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.dump(node.test)
        if isinstance(node, (ast.If, ast.Try)) and not is_for_checkers:
            yield from ast.walk(node)
        else:
            yield node
