"""Do the launch files describe what they offer, and start what they promise?"""

from __future__ import annotations

from dataclasses import fields
import importlib.util
from pathlib import Path
from typing import Any

import pytest

# `launch` alone would be the checkout's folder of that name.
pytest.importorskip(
    'launch_ros', reason='launch_ros is not on PyPI: launch files are tested where ROS has it')

from ament_index_python.packages import get_package_share_path  # noqa: E402
from launch.actions import DeclareLaunchArgument, OpaqueFunction  # noqa: E402
import yaml  # noqa: E402

from launch import LaunchContext, LaunchDescription  # noqa: E402
from slim_split_ros.ros.launch_actions import (  # noqa: E402
    NODES,
    parameters_given,
    unknown_arguments,
)
from slim_split_ros.ros.settings.onboard_parameters import OnboardSettings  # noqa: E402

NODES_OF_FILE = {
    'onboard': ('onboard',),
    'offboard': ('offboard',),
    'demo': ('sim_camera', 'onboard', 'offboard'),
    'fleet': ('offboard', *4 * ('sim_camera', 'onboard')),
}

pytestmark = pytest.mark.ros


@pytest.fixture(autouse=True)
def built_package() -> None:
    try:
        get_package_share_path('slim_split_ros')
    except (LookupError, OSError):
        pytest.skip('slim_split_ros is in no prefix of AMENT_PREFIX_PATH: source the workspace')


@pytest.mark.parametrize('name', NODES_OF_FILE)
def test_every_argument_is_described(name: str, checkout: Path) -> None:
    arguments = _arguments(_load(checkout, name))

    assert not [argument.name for argument in arguments if len(argument.description) < 10]


@pytest.mark.parametrize('name', NODES_OF_FILE)
def test_every_parameter_of_its_nodes_is_an_argument(name: str, checkout: Path) -> None:
    arguments = {argument.name for argument in _arguments(_load(checkout, name))}

    expected = {NODES[node].prefix + item.name
                for node in NODES_OF_FILE[name] for item in fields(NODES[node].table)}

    assert expected <= arguments


@pytest.mark.parametrize('name', NODES_OF_FILE)
def test_it_starts_its_nodes_with_the_defaults(name: str, checkout: Path) -> None:
    context = LaunchContext()

    nodes = _started(_load(checkout, name), context)

    assert [node.node_executable for node in nodes] == list(NODES_OF_FILE[name])


def test_each_camera_gets_a_node_in_a_namespace_below_the_robot_s(checkout: Path) -> None:
    context = LaunchContext()

    nodes = _started(
        _load(checkout, 'onboard'), context, robot='robot1', cameras='front, rear')

    assert [_namespace(node, context) for node in nodes] == ['robot1/front', 'robot1/rear']


def test_each_robot_of_a_fleet_gets_camera_and_node_of_its_own_and_another_hall(
    checkout: Path
) -> None:
    context = LaunchContext()

    server, *nodes = _started(
        _load(checkout, 'fleet'), context, robots='red, blue', namespace='team', camera_seed='7')

    assert _namespace(server, context) == 'team'
    assert [_namespace(node, context) for node in nodes] == [
        'team/red', 'team/red', 'team/blue', 'team/blue']
    assert [_parameters(node, context).get('seed') for node in nodes] == [7, None, 8, None]
    assert _parameters(server, context)['robots'] == 'red, blue'


def test_a_fleet_without_a_name_is_refused_before_anything_starts(checkout: Path) -> None:
    with pytest.raises(ValueError, match=r"argument robots is '\*': name the robots to start"):
        _started(_load(checkout, 'fleet'), LaunchContext(), robots='*')


@pytest.mark.parametrize(('arguments', 'words'), [
    ({'cameras': 'front,front'}, 'argument cameras names front twice'),
    ({'cameras': 'front,'}, "argument cameras has the name ''"),
    ({'robot': 'robot 1'}, "argument robot has the name 'robot 1': give letters, digits"),
    ({'cameras': 'a,b', 'image_topic': '/camera/image'}, 'one topic for 2 cameras'),
])
def test_names_that_clash_are_refused_before_anything_starts(
    arguments: dict[str, str], words: str, checkout: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        _started(_load(checkout, 'onboard'), LaunchContext(), **arguments)


@pytest.mark.parametrize(('codec', 'model'), [('ensemble', None), ('slim', 'robocup')])
def test_a_codec_that_is_given_goes_before_the_launch_file_s_model(
    codec: str, model: str | None, checkout: Path
) -> None:
    context = LaunchContext()

    nodes = _started(_load(checkout, 'demo'), context, codec=codec)

    assert [_parameters(node, context).get('model') for node in nodes[1:]] == [model, model]


def test_whole_number_becomes_the_type_of_the_parameter() -> None:
    given = parameters_given(OnboardSettings, '', {'width': '1', 'threads': '2', 'model': ''})

    assert given == {'width': 1.0, 'threads': 2}
    assert isinstance(given['width'], float)


def test_text_for_a_number_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="argument width is 'wide': give float"):
        parameters_given(OnboardSettings, '', {'width': 'wide'})


def test_neither_yes_nor_no_is_refused_by_name(checkout: Path) -> None:
    with pytest.raises(ValueError, match="argument use_sim_time is 'maybe': give true or false"):
        _started(_load(checkout, 'onboard'), LaunchContext(), use_sim_time='maybe')


def test_missing_parameter_file_is_refused_by_name(checkout: Path) -> None:
    with pytest.raises(ValueError, match="argument params_file is '/nowhere.yaml'"):
        _started(_load(checkout, 'onboard'), LaunchContext(), params_file='/nowhere.yaml')


def test_misspelt_argument_is_noticed() -> None:
    words = ['ros2', 'launch', 'slim_split_ros', 'onboard.launch.py', 'wdth:=1', 'width:=1']

    assert unknown_arguments(words, '/share/launch/onboard.launch.py', ['width']) == ['wdth']


def test_misspelt_argument_of_a_file_that_is_given_by_its_path_is_noticed(checkout: Path) -> None:
    file = checkout / 'launch' / 'onboard.launch.py'

    assert unknown_arguments(['ros2', 'launch', str(file), 'wdth:=1'], str(file), []) == ['wdth']


@pytest.mark.parametrize('including', ['robot.launch.py', 'onboard.launch.py'])
def test_arguments_of_an_including_launch_file_are_its_own(including: str) -> None:
    words = ['ros2', 'launch', 'mine', including, 'wheels:=4']

    assert unknown_arguments(words, '/share/launch/onboard.launch.py', ['width']) == []


def test_the_camera_s_intrinsics_come_from_where_its_driver_publishes_them(
    checkout: Path
) -> None:
    context = LaunchContext()

    node, = _started(
        _load(checkout, 'offboard'), context, camera_info_topic='/camera/camera_info')

    node._perform_substitutions(context)
    assert ('camera_info', '/camera/camera_info') in node.expanded_remapping_rules


def _load(checkout: Path, name: str) -> LaunchDescription:
    file = checkout / 'launch' / f'{name}.launch.py'
    spec = importlib.util.spec_from_file_location(f'{name}_launch', file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def _namespace(node: Any, context: LaunchContext) -> str:
    """Return the namespace that a node's process is started with."""
    node._perform_substitutions(context)
    return node.expanded_node_namespace.lstrip('/')


def _parameters(node: Any, context: LaunchContext) -> dict[str, Any]:
    """Return the parameters that a node's process is given by arguments."""
    node._perform_substitutions(context)
    file, _ = node._Node__expanded_parameter_arguments[-1]
    (of_node,) = yaml.safe_load(Path(file).read_text()).values()
    return of_node['ros__parameters']


def _arguments(description: LaunchDescription) -> list[DeclareLaunchArgument]:
    return [entity for entity in description.entities
            if isinstance(entity, DeclareLaunchArgument)]


def _started(
    description: LaunchDescription, context: LaunchContext, **arguments: str
) -> list[Any]:
    started: list[Any] = []
    context.launch_configurations.update(arguments)
    context.extend_locals({'current_launch_file_path': 'test.launch.py'})
    for entity in description.entities:
        made = entity.visit(context)
        if isinstance(entity, OpaqueFunction):
            started.extend(made or [])
    return started
