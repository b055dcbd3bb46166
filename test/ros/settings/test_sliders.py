"""Tests of every slider that rqt draws: moved anywhere in its range, the node follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings
from slim_split_ros.ros.settings.onboard_parameters import OnboardSettings
from support.bundles import WIDTHS
from support.split_system import SplitSystem, image_message, patch_pixels

pytestmark = pytest.mark.ros

TABLES = {'onboard': OnboardSettings, 'offboard': OffboardSettings}
SLIDERS = [
    pytest.param(node, item, id=f'{node}.{item.name}')
    for node, table in TABLES.items() for item in fields(table)
    if type(item.default) in (int, float) and not item.metadata['rule'].read_only]
# Shares of the range: both ends, the middle, and places beside any step.
POSITIONS = (0.0, 1.0, 0.5, 0.333, 0.777)


@pytest.fixture(autouse=True)
def defaults(system: SplitSystem) -> Iterator[None]:
    """Leave the nodes with the parameters that they were started with."""
    yield
    assert system.peer.set_parameters(
        'onboard', width=0.0, min_width=0.25, max_width=1.0, deadline_ms=300, target_fps=60.0,
        max_bitrate_kbps=0) == ''
    assert system.peer.set_parameters('offboard', score_threshold=0.3, max_detections=100) == ''


@pytest.mark.parametrize(('node', 'item'), SLIDERS)
def test_a_slider_moved_anywhere_is_followed_within_half_a_step(
    system: SplitSystem, node: str, item: Any
) -> None:
    rule = item.metadata['rule']
    for share in POSITIONS:
        position = rule.low + share * (rule.high - rule.low)
        asked = round(position) if isinstance(item.default, int) else position

        assert system.peer.set_parameters(node, **{item.name: asked}) == ''

        taken, = system.peer.get_parameters(node, item.name)
        assert type(taken) is type(item.default)
        assert abs(taken - asked) <= 0.5001 * rule.step


def test_frames_come_at_the_width_where_the_slider_rests(system: SplitSystem) -> None:
    for position, width in ((1.0, 1.0), (0.01, None), (0.26, 0.25), (0.49, 0.5), (0.8, 0.75)):
        assert system.peer.set_parameters('onboard', width=position) == ''
        frame = system.feature_of(shown(system))
        assert frame.width == (max(WIDTHS) if width is None else width)


def test_bounds_dragged_past_each_other_are_followed_by_the_frames(system: SplitSystem) -> None:
    for name, width in (('max_width', 0.25), ('min_width', 1.0), ('max_width', 0.5)):
        assert system.peer.set_parameters('onboard', **{name: width}) == ''
        assert system.feature_of(shown(system)).width == width
        assert len(set(system.peer.get_parameters('onboard', 'min_width', 'max_width'))) == 1


def shown(system: SplitSystem) -> int:
    """Publish an image, wait for its detections, return its stamp."""
    stamp_ns = system.next_stamp_ns()
    system.serve(image_message(patch_pixels(), stamp_ns))
    return stamp_ns


@pytest.mark.parametrize(('values', 'words'), [
    ({'width': 2.0}, 'width is 2.0: it must lie between 0.0 and 1.0'),
    ({'max_width': -0.75}, 'max_width is -0.75: it must lie between 0.25 and 1.0'),
    ({'target_fps': float('nan')}, 'target_fps is nan'),
    ({'policy': 'luck'}, "policy is 'luck': choose one of auto, paper, aimd"),
    ({'deadline_ms': 'soon'}, "deadline_ms is 'soon': give it as a whole number"),
    ({'threads': 2}, 'threads is read-only'),
    ({'min_width': 0.75, 'max_width': 0.5}, 'min_width 0.75 is above max_width 0.5'),
])
def test_a_refused_value_is_a_warning_in_the_log(
    system: SplitSystem, values: dict[str, Any], words: str
) -> None:
    assert system.peer.set_parameters('onboard', **values)
    assert f'refused: {words}' in system.onboard.output


def test_a_dump_of_the_node_loaded_again_warns_of_nothing(system: SplitSystem) -> None:
    before = system.onboard.output.count('refused')

    assert 'read-only' in system.peer.set_parameters('onboard', threads=1, width=0.0)
    assert system.onboard.output.count('refused') == before


@pytest.mark.parametrize('node', TABLES)
def test_every_choice_stands_in_the_description(system: SplitSystem, node: str) -> None:
    items = [item for item in fields(TABLES[node]) if item.metadata['rule'].choices]
    described = system.peer.describe_parameters(node, *(item.name for item in items))
    for item, parameter in zip(items, described, strict=True):
        assert all(choice in parameter.description for choice in item.metadata['rule'].choices)
