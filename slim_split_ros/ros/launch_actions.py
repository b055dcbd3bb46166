"""
What launch files are made of: arguments from the parameter tables, and the nodes' processes.

Only launch files and their tests import it: `launch` exists where ROS 2 is installed in full.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from itertools import pairwise
import os
from pathlib import Path
import sys
from typing import Any

from ament_index_python.packages import get_package_share_path
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node

from launch import Action, LaunchContext
from slim_split_ros.ros.cameras.camera_parameters import SimCameraSettings
from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings
from slim_split_ros.ros.settings.onboard_parameters import CODECS, OnboardSettings
from slim_split_ros.ros.settings.parameters import describe
from slim_split_ros.ros.topics.namespaces import node_namespaces, read_robots
from slim_split_ros.ros.topics.shared_memory import PROFILE_VARIABLES

PACKAGE = 'slim_split_ros'


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """Name what one launched node is: its table, and whether config/ has a file for it."""

    table: type
    has_file: bool
    # Arguments of the camera would collide with those of the encoder: `width` is both.
    prefix: str = ''


NODES: Mapping[str, NodeEntry] = {
    'onboard': NodeEntry(OnboardSettings, has_file=True),
    'offboard': NodeEntry(OffboardSettings, has_file=True),
    'sim_camera': NodeEntry(SimCameraSettings, has_file=False, prefix='camera_'),
}

# The arguments of every launch file; those of the nodes come from their parameter tables.
SHARED_ARGUMENTS: Mapping[str, tuple[str, str]] = {
    'namespace': ('', 'namespace of nodes and topics, such as robot1; empty: none'),
    'robot': ('', 'name of the robot, a namespace below `namespace`; empty: none'),
    'image_topic': ('image', 'topic of the camera images; /compressed is added where needed'),
    'camera_info_topic': (
        'camera_info', "topic of the camera's intrinsics, from which the server makes those of "
        'its pictures'),
    'large_images': (
        'true', 'let Fast DDS carry raw images over best effort (both ends must: '
        'config/fastdds_large_images.xml); false keeps the transports of this shell'),
    'use_sim_time': ('false', 'take the time from /clock: true or false'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
}
# Of a launch file that starts its nodes once for each camera.
_CAMERAS = ('', 'names of several cameras, such as front,rear: nodes and topics in a namespace '
                'each, which the image topic is relative to; empty: one camera')
_TRUTH = {'true': True, '1': True, 'false': False, '0': False}


def actions_of_nodes(
    *names: str, defaults: Mapping[str, str] | None = None, per_camera: bool = False,
    per_robot: Collection[str] = (),
) -> list[Action]:
    """
    Give the actions that declare all arguments, some with `defaults`, and start these nodes.

    With `per_camera` there is an argument `cameras`, and they start once for each. Those that are
    `per_robot` start once for each name in the argument `robots` of the server.
    """
    described = _describe(names, defaults or {}) | ({'cameras': _CAMERAS} if per_camera else {})
    return [
        *(DeclareLaunchArgument(name, default_value=default, description=description)
          for name, (default, description) in described.items()),
        OpaqueFunction(function=_refuse_unknown, args=[tuple(described)]),
        *_transport_actions(),
        OpaqueFunction(function=_start_nodes, args=[names, per_robot, defaults or {}]),
    ]


def parameters_given(table: type, prefix: str, given: Mapping[str, str]) -> dict[str, Any]:
    """
    Turn the arguments that were given into parameters of the types in the table.

    `width:=1` thus becomes 1.0, which a node would refuse as an integer. Empty means not given.
    """
    typed = {}
    for item in fields(table):
        text = given.get(prefix + item.name, '')
        if text:
            typed[item.name] = _as_type(prefix + item.name, text, type(item.default))
    return typed


def unknown_arguments(
    words: Sequence[str], launch_file: str, declared: Collection[str]
) -> list[str]:
    """
    Name the arguments on a command line that its launch file, a path, does not have.

    >>> words = ['ros2', 'launch', 'slim_split_ros', 'a.launch.py', 'wdth:=1']
    >>> unknown_arguments(words, '/install/share/slim_split_ros/launch/a.launch.py', ['b'])
    ['wdth']
    """
    named = [PACKAGE, Path(launch_file).name]
    is_started = named in [list(pair) for pair in pairwise(words)] or any(
        os.path.realpath(word) == os.path.realpath(launch_file) for word in words)
    if not is_started:
        return []  # another launch file includes this one, and has arguments of its own
    given = [word.partition(':=')[0] for word in words if ':=' in word]
    return [name for name in given if name not in declared]


def _describe(names: Sequence[str], defaults: Mapping[str, str]
              ) -> dict[str, tuple[str, str]]:
    """Return default and description of each argument."""
    described = dict(SHARED_ARGUMENTS)
    for name in names:
        entry = NODES[name]
        if entry.has_file:
            described[_file_argument(name, names)] = (
                str(_share('config', f'{name}.yaml')), f'YAML file with the parameters of {name}')
        for item in fields(entry.table):
            argument = entry.prefix + item.name
            in_force = "the file's" if entry.has_file else str(item.default)
            described.setdefault(argument, (
                defaults.get(argument, ''),
                f'{describe(item.metadata["rule"])}; empty: {in_force}'))
    return described


def _refuse_unknown(context: LaunchContext, declared: tuple[str, ...]) -> None:
    """Refuse what `ros2 launch` would ignore: a misspelt argument changes nothing."""
    launch_file = context.get_locals_as_dict()['current_launch_file_path']
    for name in unknown_arguments(sys.argv, launch_file, declared):
        alike = get_close_matches(name, declared, n=1)
        guess = f'did you mean {alike[0]}? ' if alike else ''
        raise ValueError(
            f'{Path(launch_file).name} has no argument {name}: {guess}--show-args lists all')


def _transport_actions() -> list[Action]:
    # A profile that the user has exported stays in force.
    profile = str(_share('config', 'fastdds_large_images.xml'))
    return [
        SetEnvironmentVariable(
            name, EnvironmentVariable(name, default_value=profile),
            condition=IfCondition(LaunchConfiguration('large_images')))
        for name in PROFILE_VARIABLES
    ]


def _start_nodes(
    context: LaunchContext, names: Sequence[str], per_robot: Collection[str],
    defaults: Mapping[str, str],
) -> list[Action]:
    given = context.launch_configurations
    if given.get('codec', '') not in ('', CODECS[0]) and given['model'] == defaults.get('model'):
        given['model'] = ''  # it is the launch file's, the codec is the user's
    namespaces = node_namespaces(
        given['namespace'], given['robot'], given.get('cameras', ''), given['image_topic'])
    robots = read_robots(given['robots']).names if per_robot else ()
    if per_robot and not any(robots):
        raise ValueError(f'argument robots is {given["robots"]!r}: name the robots to start, '
                         'such as robot1,robot2')
    for topic in ('image_topic', 'camera_info_topic'):
        if len(robots) > 1 and given[topic].startswith('/'):
            raise ValueError(f'argument {topic} is {given[topic]!r}, which all robots would '
                             'share: give it without the slash in front')
    return [
        *(_start_node(context, name, names, namespace)
          for namespace in namespaces for name in names if name not in per_robot),
        *(_start_node(context, name, names, f'{namespace}/{robot}'.lstrip('/'), place)
          for namespace in namespaces for place, robot in enumerate(robots)
          for name in names if name in per_robot)]


def _start_node(
    context: LaunchContext, name: str, names: Sequence[str], namespace: str, place: int = 0
) -> Node:
    """Start a node; the one of the robot at a later place sees another hall."""
    given = context.launch_configurations
    entry = NODES[name]
    parameters: list[Any] = []
    if entry.has_file:
        argument = _file_argument(name, names)
        parameters.append(_existing_file(argument, given[argument]))
    of_table = parameters_given(entry.table, entry.prefix, given)
    if place and 'seed' in {item.name for item in fields(entry.table)}:
        of_table['seed'] = of_table.get('seed', 0) + place
    parameters.append({
        **of_table,
        'use_sim_time': _as_type('use_sim_time', given['use_sim_time'], bool)})
    image_topic = given['image_topic']
    return Node(
        package=PACKAGE, executable=name, name=name, namespace=namespace,
        parameters=parameters,
        remappings=[('image', image_topic), ('image/compressed', f'{image_topic}/compressed'),
                    ('camera_info', given['camera_info_topic'])],
        ros_arguments=['--log-level', given['log_level']], output='screen', emulate_tty=True)


def _file_argument(name: str, names: Sequence[str]) -> str:
    return 'params_file' if len(names) == 1 else f'{name}_params_file'


def _existing_file(argument: str, text: str) -> str:
    path = Path(os.path.expanduser(text))
    if not os.path.isfile(path):
        raise ValueError(f'argument {argument} is {text!r}, which is no file: give the path of a '
                         'YAML file, such as a copy of the one in config/')
    return str(path)


def _share(*parts: str) -> Path:
    return get_package_share_path(PACKAGE).joinpath(*parts)


def _as_type(name: str, text: str, kind: type) -> Any:
    try:
        return _TRUTH[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        wanted = 'true or false' if kind is bool else kind.__name__
        raise ValueError(f'argument {name} is {text!r}: give {wanted}') from error
