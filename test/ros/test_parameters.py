"""Tests of declaring, checking and swapping parameters, on a node of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields

import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

from slim_split_ros.ros.cameras.camera_parameters import (
    BagCameraSettings,
    FileCameraSettings,
    SimCameraSettings,
)
from slim_split_ros.ros.errors import SettingError, StartError
from slim_split_ros.ros.offboard_parameters import OffboardSettings
from slim_split_ros.ros.onboard_parameters import OnboardSettings
from slim_split_ros.ros.parameters import LiveParameters

pytestmark = pytest.mark.ros

TABLES = (
    OnboardSettings, OffboardSettings, SimCameraSettings, FileCameraSettings, BagCameraSettings)


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
def test_names_types_ranges_and_choices_reach_the_tools(table: type, node: Node) -> None:
    required = {'source': Parameter('source', value='a'), 'bag': Parameter('bag', value='b')}
    wanted = [required[item.name] for item in fields(table) if item.name in required]
    described = rclpy.create_node('described', parameter_overrides=wanted)
    LiveParameters(described, table)
    for item in fields(table):
        rule, descriptor = item.metadata['rule'], described.describe_parameter(item.name)
        assert descriptor.description == rule.description
        assert descriptor.read_only == rule.read_only
        ranges = [*descriptor.floating_point_range, *descriptor.integer_range]
        assert [(r.from_value, r.to_value) for r in ranges] == (
            [] if rule.low is None else [(rule.low, rule.high)])
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
    set_all(node, width=0.6)
    assert heard == [(0.0, 0.5)]


def test_numbers_are_taken_as_the_declared_type_where_that_loses_nothing(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    assert set_all(node, width=1, deadline_ms=250.0) == ''
    assert (live.current.width, live.current.deadline_ms) == (1.0, 250)
    assert isinstance(live.current.deadline_ms, int)
    assert 'Wrong parameter type' in set_all(node, deadline_ms=250.5)
    assert 'Wrong parameter type' in set_all(node, deadline_ms=True)


def test_parameters_of_others_are_left_alone(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)
    node.declare_parameter('somebody_elses', 3)
    before = live.current
    assert set_all(node, somebody_elses=4) == ''
    assert live.current is before


def test_a_bad_start_value_is_a_start_error(ros: None) -> None:
    for override, words in (
        (Parameter('width', value=0.3), 'steps of 0.25'),
        (Parameter('width', value=1), 'a number with a point, such as width:=0.0'),
        (Parameter('policy', value='luck'), 'choose one of auto, paper, aimd'),
        (Parameter('image_transport', value='pigeon'), 'choose one of raw, compressed'),
        (Parameter('codec', value='morse'), 'choose one of slim, ensemble'),
    ):
        node = rclpy.create_node('onboard', parameter_overrides=[override])
        with pytest.raises(StartError, match=words):
            LiveParameters(node, OnboardSettings)
        node.destroy_node()


@pytest.mark.parametrize('device', ['gpu', 'cuda:', 'cuda:x', ''])
def test_devices_are_checked_by_name(device: str) -> None:
    with pytest.raises(SettingError, match='choose auto, cpu, cuda or cuda:N'):
        OffboardSettings(device=device)
    assert OffboardSettings(device='cuda:3').device == 'cuda:3'


def test_what_the_node_requires_is_checked_before_a_change(node: Node) -> None:
    live = LiveParameters(node, OnboardSettings)

    def refuse_wide(settings: OnboardSettings) -> None:
        if settings.max_width > 0.5:
            raise SettingError('too wide for this model')

    live.require(refuse_wide)
    assert set_all(node, deadline_ms=100) == 'too wide for this model'
    assert set_all(node, max_width=0.5, deadline_ms=100) == ''
    assert live.current.deadline_ms == 100
