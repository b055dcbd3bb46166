"""Tests of changing parameters from another process while frames flow."""

from __future__ import annotations

from itertools import count

import pytest

from support.bundles import CLASSES, WIDTHS
from support.split_system import SplitSystem, box_rows

pytestmark = pytest.mark.ros


@pytest.fixture(autouse=True)
def settled(system: SplitSystem) -> None:
    """Start from the defaults."""
    assert system.peer.set_parameters(
        'onboard', width=0.0, min_width=0.25, max_width=1.0, target_fps=60.0) == ''
    system.settle()


def test_a_width_set_from_another_process_applies_to_a_following_frame_without_loss(
    system: SplitSystem,
) -> None:
    stamps: list[int] = []
    for width in (*WIDTHS, 0.5, 1.0):
        stamps += [show_and_serve(system) for _ in range(3)]
        assert system.peer.set_parameters('onboard', width=width) == ''
        stamps.append(show_and_serve(system))
        assert system.feature_of(stamps[-1]).width == width
        label = CLASSES[list(WIDTHS).index(width)]  # the tiny model's class is its width
        assert {row[0] for row in box_rows(system.detections_of(stamps[-1])[0])} == {label}
    assert all(len(system.detections_of(stamp_ns)) == 1 for stamp_ns in stamps)
    sequences = [system.feature_of(stamp_ns).sequence for stamp_ns in stamps]
    assert sequences == list(range(sequences[0], sequences[0] + len(stamps)))


def show_and_serve(system: SplitSystem) -> int:
    """Publish an image, wait for its detections, return its stamp."""
    stamp_ns = system.show_patch()
    system.peer.wait(lambda: system.detections_of(stamp_ns), 'detections')
    return stamp_ns


def test_a_narrower_width_sends_fewer_bytes(system: SplitSystem) -> None:
    sizes = []
    for width in WIDTHS:
        assert system.peer.set_parameters('onboard', width=width) == ''
        sizes.append(len(system.feature_of(show_and_serve(system)).payload))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_a_new_width_is_in_the_status_at_once_with_its_reason(system: SplitSystem) -> None:
    assert system.peer.set_parameters('onboard', width=0.25) == ''
    before = len(system.statuses)
    show_and_serve(system)
    system.peer.wait(lambda: len(system.statuses) > before, 'a status')
    system.peer.wait(lambda: system.statuses[-1].width == 0.25, 'the width in the status')
    assert system.statuses[-1].reason == 'pinned'


def test_a_whole_number_is_taken_for_a_width(system: SplitSystem) -> None:
    assert system.peer.set_parameters('onboard', width=1) == ''
    assert system.feature_of(show_and_serve(system)).width == 1.0


@pytest.mark.parametrize(('values', 'reason'), [
    ({'width': 2.0}, 'width'),
    ({'width': float('nan')}, 'width'),
    ({'width': 'wide'}, 'Wrong parameter type'),
    ({'policy': 'luck'}, "policy is 'luck': choose one of auto, paper, aimd"),
    ({'min_width': 0.75, 'max_width': 0.5}, 'min_width 0.75 is above max_width 0.5'),
    ({'width': 0.25, 'min_width': 0.5}, 'width 0.25 lies outside min_width 0.5'),
    ({'deadline_ms': 0}, 'deadline_ms'),
    ({'target_fps': 0.0}, 'target_fps'),
    ({'max_bitrate_kbps': -1}, 'max_bitrate_kbps'),
    ({'threads': 2}, 'read-only'),
    ({'codec': 'ensemble'}, 'read-only'),
])
def test_wrong_values_are_refused_with_the_reason_and_change_nothing(
    system: SplitSystem, values: dict[str, object], reason: str
) -> None:
    assert reason in system.peer.set_parameters('onboard', **values)
    assert system.feature_of(show_and_serve(system)).width == 1.0


def test_values_that_fit_only_together_are_accepted_together(system: SplitSystem) -> None:
    assert system.peer.set_parameters('onboard', width=0.25, max_width=0.5) == ''
    assert system.peer.set_parameters(
        'onboard', width=0.75, min_width=0.75, max_width=0.75) == ''
    assert system.feature_of(show_and_serve(system)).width == 0.75


def test_frames_beyond_target_fps_are_skipped_and_counted(system: SplitSystem) -> None:
    before = system.dropped().get('target_fps', 0)
    assert system.peer.set_parameters('onboard', target_fps=2.0) == ''
    first, shown = len(system.features), count()

    def show() -> None:
        next(shown)
        system.show_patch()

    system.peer.repeat(
        show, lambda: system.dropped().get('target_fps', 0) > before + 30, 'skipping frames', 0.02)
    # Two a second of fifty at most, and the credit of two for frames that come late.
    assert 2 <= len(system.features) - first < next(shown) / 3
