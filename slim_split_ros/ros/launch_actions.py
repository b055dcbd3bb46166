"""
Answer how launch files start the nodes: arguments from the parameter tables, and processes.

Only launch files and their test import it: `launch` exists where ROS 2 is installed in full.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_path
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node

from launch import Action, LaunchContext
from slim_split_ros.ros.cameras.camera_parameters import SimCameraSettings
from slim_split_ros.ros.offboard_parameters import OffboardSettings
from slim_split_ros.ros.onboard_parameters import OnboardSettings

PACKAGE = 'slim_split_ros'
# Jazzy reads the first, later distributions the second (config/fastdds_large_images.xml).
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')


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
    'image_topic': ('image', 'topic of the camera images; /compressed is added where needed'),
    'large_images': (
        'true', 'let Fast DDS carry raw images over best effort (both ends must: '
        'config/fastdds_large_images.xml); false keeps the transports of this shell'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
}


def actions_of_nodes(*names: str) -> list[Action]:
    """Give the actions that declare all arguments and start these nodes."""
    return [
        *_declarations(names),
        *_transport_actions(),
        OpaqueFunction(function=_start_nodes, args=[names]),
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


def _declarations(names: Sequence[str]) -> list[Action]:
    described = {name: entry for name, entry in SHARED_ARGUMENTS.items()}
    for name in names:
        entry = NODES[name]
        if entry.has_file:
            described[_file_argument(name, names)] = (
                str(_share('config', f'{name}.yaml')), f'YAML file with the parameters of {name}')
        for item in fields(entry.table):
            meaning = item.metadata['rule'].description
            in_force = "the file's" if entry.has_file else str(item.default)
            described.setdefault(
                entry.prefix + item.name, ('', f'{meaning}; empty: {in_force}'))
    return [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in described.items()
    ]


def _transport_actions() -> list[Action]:
    # A profile that the user has exported stays in force.
    profile = str(_share('config', 'fastdds_large_images.xml'))
    return [
        SetEnvironmentVariable(
            name, EnvironmentVariable(name, default_value=profile),
            condition=IfCondition(LaunchConfiguration('large_images')))
        for name in PROFILE_VARIABLES
    ]


def _start_nodes(context: LaunchContext, names: Sequence[str]) -> list[Action]:
    return [_start_node(context, name, names) for name in names]


def _start_node(context: LaunchContext, name: str, names: Sequence[str]) -> Node:
    given = context.launch_configurations
    entry = NODES[name]
    parameters: list[Any] = [given[_file_argument(name, names)]] if entry.has_file else []
    parameters.append(parameters_given(entry.table, entry.prefix, given))
    image_topic = given['image_topic']
    return Node(
        package=PACKAGE, executable=name, name=name, namespace=given['namespace'],
        parameters=[values for values in parameters if values],
        remappings=[('image', image_topic), ('image/compressed', f'{image_topic}/compressed')],
        ros_arguments=['--log-level', given['log_level']], output='screen', emulate_tty=True)


def _file_argument(name: str, names: Sequence[str]) -> str:
    return 'params_file' if len(names) == 1 else f'{name}_params_file'


def _share(*parts: str) -> Path:
    return get_package_share_path(PACKAGE).joinpath(*parts)


def _as_type(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        return text.lower() == 'true'
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f'argument {name} is {text!r}: give {kind.__name__}') from error
