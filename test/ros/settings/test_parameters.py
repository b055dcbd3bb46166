"""Tests of declaring, checking and swapping parameters, on a node of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
import shlex

import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

from slim_split_ros.control import PolicyName
from slim_split_ros.demo.emulated_link_parameters import EmulatedLinkSettings
from slim_split_ros.ros.cameras.camera_parameters import (
    BagCameraSettings,
    FileCameraSettings,
    SimCameraSettings,
)
from slim_split_ros.ros.errors import SettingError, StartError
from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings
from slim_split_ros.ros.settings.onboard_parameters import (
    OnboardSettings,
    control_settings,
    follow_widths,
)
from slim_split_ros.ros.settings.parameters import LiveParameters

pytestmark = pytest.mark.ros

TABLES = (
    OnboardSettings, OffboardSettings, SimCameraSettings, FileCameraSettings, BagCameraSettings,
    EmulatedLinkSettings)


@pytest.fixture
def node(ros: None) -> Iterator[Node]:
    made = rclpy.create_node('onboard')
    yield made
    made.destroy_node()


def set_all(node: Node, **values: object) -> str:
    """Set parameters together as `ros2 param` would, and return the reason of a refusal."""
    return node.set_parameters_atomically(
        [Parameter(name, value=value) for name, value in values.items()]).reason


@pytest.mark.parametrize('table', TABLES)
def test_every_parameter_is_described_in_a_sentence(table: type) -> None:
    for item in fields(table):
        assert len(item.metadata['rule'].description) > 10, item.name


@pytest.mark.parametrize('table', TABLES)
def test_every_number_has_a_range_with_a_step_that_holds_its_default(table: type) -> None:
    for item in fields(table):
        if type(item.default) in (int, float):
            rule = item.metadata['rule']
            assert rule.step > 0.0, item.name
            assert rule.low <= item.default <= rule.high, item.name


@pytest.mark.parametrize('table', TABLES)
def test_names_types_ranges_and_choices_reach_the_tools(table: type, node: Node) -> None:
    required = ('source', 'bag', 'trace')
    wanted = [Parameter(item.name, value='a') for item in fields(table) if item.name in required]
    described = rclpy.create_node('described', parameter_overrides=wanted)
    LiveParameters(described, table)
    for item in fields(table):
        rule, descriptor = item.metadata['rule'], described.describe_parameter(item.name)
        assert descriptor.description.startswith(rule.description)
        assert all(choice in descriptor.description for choice in rule.choices)
        assert descriptor.read_only == rule.read_only
        ranges = [*descriptor.floating_point_range, *descriptor.integer_range]
        assert [(r.from_value, r.to_value, r.step) for r in ranges] == (
            [] if rule.low is None else [(rule.low, rule.high, rule.step)])
        assert all(choice in descriptor.additional_constraints for choice in rule.choices)
    described.destroy_node()


def test_the_defaults_are_those_of_the_interface() -> None:
    settings = OnboardSettings()
    assert (settings.width, settings.codec, settings.policy) == (0.0, 'slim', 'auto')
    assert (settings.deadline_ms, settings.target_fps) == (300, 10.0)
    assert (settings.min_width, settings.max_width, settings.max_bitrate_kbps) == (0.25, 1.0, 0)
    assert (settings.datagram_bytes, settings.threads) == (1200, 1)
    assert (settings.image_transport, settings.model) == ('raw', 'shipped')
    server = OffboardSettings()
    assert (server.device, server.score_threshold) == ('auto', 0.3)
    assert (server.max_detections, server.codec, server.model) == (100, 'slim', 'shipped')


def test_a_snapshot_is_swapped_whole_and_never_changes(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    before = live.current
    assert set_all(node, min_width=0.5, max_width=0.75) == ''
    assert (before.min_width, before.max_width) == (0.25, 1.0)
    assert (live.current.min_width, live.current.max_width) == (0.5, 0.75)
    with pytest.raises(FrozenInstanceError):
        live.current.width = 0.5


def test_a_refused_request_changes_nothing_and_says_why(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    before = live.current
    assert 'min_width 1.0 is above max_width 0.5' in set_all(
        node, deadline_ms=100, min_width=1.0, max_width=0.5)
    assert live.current is before
    assert node.get_parameter('deadline_ms').value == 300


def test_listeners_hear_of_accepted_changes_alone(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    heard: list[tuple[float, float]] = []
    live.on_change(lambda old, new: heard.append((old.width, new.width)))
    set_all(node, width=0.5)
    set_all(node, width=0.5)
    set_all(node, width=1.5)
    assert heard == [(0.0, 0.5)]


def test_numbers_are_taken_as_the_declared_type_where_that_loses_nothing(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    assert set_all(node, width=1, deadline_ms=250.0) == ''
    assert (live.current.width, live.current.deadline_ms) == (1.0, 250)
    assert isinstance(live.current.deadline_ms, int)
    assert 'Wrong parameter type' in set_all(node, deadline_ms=250.5)
    assert 'Wrong parameter type' in set_all(node, deadline_ms=True)


def test_no_folder_to_keep_images_in_is_refused_at_run_time(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    assert set_all(node, keep_folder='') == (
        "keep_folder is '': name a folder, such as ~/slim_split_frames")
    assert live.current.keep_folder == '~/slim_split_frames'


def test_parameters_of_others_are_left_alone(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    node.declare_parameter('somebody_elses', 3)
    before = live.current
    assert set_all(node, somebody_elses=4) == ''
    assert live.current is before


def test_a_misspelt_parameter_is_a_warning_with_the_one_that_was_meant(
    ros: None, capfd: pytest.CaptureFixture[str]
) -> None:
    given = [Parameter('widht', value=0.5), Parameter('threads_of_another_node', value=1)]
    node = rclpy.create_node('onboard', parameter_overrides=given)
    LiveParameters(node, OnboardSettings)
    node.destroy_node()
    output = capfd.readouterr().err
    assert 'parameter widht is not known and changes nothing: did you mean width?' in output
    assert output.count('changes nothing') == 1


def test_a_bad_start_value_is_a_start_error(ros: None) -> None:
    for override, words in (
        (Parameter('width', value=1.3), 'width is 1.3: it must lie between 0.0 and 1.0'),
        (Parameter('width', value=0.3), 'width is 0.3: it must be one of 0 to 1, step 0.25'),
        (Parameter('width', value=1), 'a number with a point, such as width:=0.0'),
        (Parameter('policy', value='luck'), 'choose one of auto, paper, aimd'),
        (Parameter('image_transport', value='pigeon'), 'choose one of raw, compressed'),
        (Parameter('codec', value='morse'), 'choose one of slim, ensemble'),
        (Parameter('keep_folder', value=''), "keep_folder is '': name a folder, such as"),
    ):
        node = rclpy.create_node('onboard', parameter_overrides=[override])
        with pytest.raises(StartError, match=words):
            LiveParameters(node, OnboardSettings)
        node.destroy_node()


@pytest.mark.parametrize(('table', 'name'), [
    (table, item.name) for table in TABLES for item in fields(table)])
def test_the_example_for_a_wrong_type_is_one_that_a_node_takes(
    ros: None, table: type, name: str
) -> None:
    given = Parameter(name, value=['a', 'b'])
    node = rclpy.create_node('wrong', parameter_overrides=[given])
    with pytest.raises(StartError, match=f'parameter {name} has the wrong type') as refused:
        LiveParameters(node, table)
    node.destroy_node()
    example = str(refused.value).rpartition('such as ')[2]
    default = next(item.default for item in fields(table) if item.name == name)

    node = rclpy.create_node('right', cli_args=['--ros-args', '-p', *shlex.split(example)])

    assert type(node.declare_parameter(name, default).value) is type(default)
    node.destroy_node()


@pytest.mark.parametrize('device', ['gpu', 'cuda:', 'cuda:x', ''])
def test_devices_are_checked_by_name(device: str) -> None:
    with pytest.raises(SettingError, match='choose auto, cpu, cuda or cuda:N'):
        OffboardSettings(device=device)
    assert OffboardSettings(device='cuda:3').device == 'cuda:3'


def test_a_start_value_with_more_digits_than_its_step_is_rounded(ros: None) -> None:
    node = rclpy.create_node(
        'onboard', parameter_overrides=[Parameter('target_fps', value=29.97)])
    live = LiveParameters(node, OnboardSettings)
    assert live.current.target_fps == 30.0
    assert node.get_parameter('target_fps').value == 30.0
    assert node.describe_parameter('target_fps').floating_point_range[0].step == 0.1
    node.destroy_node()


def test_any_position_of_a_slider_takes_the_nearest_step(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    for position in range(101):
        assert set_all(node, width=position / 100, target_fps=0.1 + 0.599 * position) == ''
        assert abs(live.current.width - position / 100) <= 0.125
        assert abs(live.current.target_fps - (0.1 + 0.599 * position)) < 0.0501
        assert node.get_parameter('width').value == live.current.width


@pytest.mark.parametrize(('known', 'asked', 'taken'), [
    ((0.25, 0.5), 1.0, 0.5), ((0.25, 0.5), 0.3, 0.25), ((0.375, 1.0), 0.4, 0.375),
    ((1 / 3, 1.0), 0.3, 1 / 3), ((0.25, 1.5), 1.0, 0.25), ((0.5, 1.0), 0.25, 0.5)])
def test_a_width_is_the_nearest_that_the_model_has(
    node: Node, known: tuple[float, ...], asked: float, taken: float
) -> None:
    live = LiveParameters(node, OnboardSettings)
    live.snap('width', (0.0, *known))
    assert set_all(node, width=asked) == ''
    assert live.current.width == node.get_parameter('width').value == taken
    assert set_all(node, width=0.01) == ''
    assert live.current.width == 0.0
    live.forget_snapping()
    assert set_all(node, width=0.3) == ''
    assert live.current.width == 0.25


@pytest.mark.parametrize(('moves', 'widths'), [
    ([{'min_width': 0.75}, {'max_width': 0.5}], (0.0, 0.5, 0.5)),
    ([{'max_width': 0.5}, {'min_width': 0.75}], (0.0, 0.75, 0.75)),
    ([{'width': 0.5}, {'max_width': 0.25}], (0.25, 0.25, 0.25)),
    ([{'width': 0.5}, {'min_width': 0.75}], (0.75, 0.75, 1.0)),
    ([{'max_width': 0.5}, {'width': 1.0}], (1.0, 0.25, 1.0)),
    ([{'min_width': 0.75}, {'width': 0.25}, {'width': 0.0}], (0.0, 0.25, 1.0)),
])
def test_a_slider_that_is_dragged_past_others_moves_them(
    node: Node, moves: list[dict[str, float]], widths: tuple[float, ...]
) -> None:
    live = LiveParameters(node, OnboardSettings, follow_widths)
    for move in moves:
        assert set_all(node, **move) == ''
    now = live.current
    assert (now.width, now.min_width, now.max_width) == widths
    assert node.get_parameter('min_width').value == now.min_width


def test_what_moves_along_is_said(node: Node, capfd: pytest.CaptureFixture[str]) -> None:
    LiveParameters(node, OnboardSettings, follow_widths)
    assert set_all(node, min_width=0.75) == ''
    assert 'moves along' not in capfd.readouterr().err
    assert set_all(node, width=0.25) == ''
    assert 'with width 0.25 moves along: min_width 0.25' in capfd.readouterr().err


def test_parameters_reach_the_controller_in_its_units() -> None:
    settings = control_settings(OnboardSettings(
        policy='aimd', deadline_ms=250, target_fps=5.0, min_width=0.5, max_width=0.75,
        max_bitrate_kbps=400))
    assert (settings.policy, settings.deadline_s) == (PolicyName.AIMD, 0.25)
    assert (settings.min_width, settings.max_width, settings.target_fps) == (0.5, 0.75, 5.0)
    assert (settings.max_bitrate_kbps, settings.pinned_width) == (400.0, 0.0)
    assert control_settings(OnboardSettings(width=0.5)).pinned_width == 0.5
