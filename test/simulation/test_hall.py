"""Does the simulated camera keep its promises: same seed, same bytes; boxes of what is seen?"""

from __future__ import annotations

import doctest
import gc
import hashlib
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

from slim_split_ros.simulation import CLASSES, Hall, SettingsError, SimFrame
from slim_split_ros.simulation.engine import ALONE, VISIBLE
import slim_split_ros.simulation.hall as hall_module

_DIGEST_SCRIPT = """
import hashlib
from slim_split_ros.simulation import Hall
hall = Hall(seed=11, width=320, height=240)
digest = hashlib.sha256()
for _ in range(2):
    hall.step(0.5)
    frame = hall.render()
    for array in (frame.image, frame.boxes, frame.labels, frame.visibility):
        digest.update(array.tobytes())
print(digest.hexdigest())
"""


def _frame(seed: int, width: int = 320, height: int = 240, dt_s: float = 1.0) -> SimFrame:
    hall = Hall(seed, width, height)
    hall.step(dt_s)
    return hall.render()


def _digest_here() -> str:
    hall = Hall(seed=11, width=320, height=240)
    digest = hashlib.sha256()
    for _ in range(2):
        hall.step(0.5)
        frame = hall.render()
        for array in (frame.image, frame.boxes, frame.labels, frame.visibility):
            digest.update(array.tobytes())
    return digest.hexdigest()


def test_same_seed_gives_same_bytes_after_other_halls() -> None:
    """Nothing of an earlier hall, or of a hall in between, reaches the pictures."""
    first = _digest_here()
    _frame(5, 240, 320)

    assert _digest_here() == first


def test_same_seed_gives_same_bytes_in_another_process(checkout: Path) -> None:
    """Nothing depends on addresses, hashes or the order of a process's start."""
    other = subprocess.run(
        [sys.executable, '-c', _DIGEST_SCRIPT], cwd=checkout, check=True, capture_output=True,
        text=True, timeout=60,
    )

    assert other.stdout.strip() == _digest_here()


def test_other_seed_gives_another_picture() -> None:
    """The seed decides what is seen."""
    assert not np.array_equal(_frame(1).image, _frame(2).image)


@pytest.mark.parametrize(('width', 'height'), [(640, 480), (456, 600), (96, 64)])
def test_boxes_lie_inside_the_image_and_labels_inside_the_classes(width: int, height: int) -> None:
    """Every array has its promised type, shape and range, in both orientations."""
    for seed in range(3):
        frame = _frame(seed, width, height)

        assert frame.image.shape == (height, width, 3) and frame.image.dtype == np.uint8
        assert frame.boxes.dtype == np.float32 and frame.boxes.shape[1] == 4
        assert len(frame.boxes) == len(frame.labels) == len(frame.visibility)
        assert (frame.boxes[:, :2] >= 0).all() and (frame.boxes[:, 2:] >= 1).all()
        assert (frame.boxes[:, :2] + frame.boxes[:, 2:] <= (width, height)).all()
        assert ((frame.labels >= 0) & (frame.labels < len(CLASSES))).all()
        assert ((frame.visibility >= 0.15) & (frame.visibility <= 1)).all()


def test_every_class_appears_within_a_handful_of_halls() -> None:
    """No class is missing, and pictures are not mostly empty."""
    frames = [_frame(seed) for seed in range(8)]
    labels = np.concatenate([frame.labels for frame in frames])

    assert set(labels.tolist()) == set(range(len(CLASSES)))
    assert np.median([len(frame.labels) for frame in frames]) >= 3


def test_hiding_an_object_changes_the_pixels_of_its_identity_and_no_others() -> None:
    """The exactness of boxes: what an object's absence changes is what its box was made of."""
    proven = 0
    for seed in range(4):
        hall = Hall(seed, 320, 240)
        renderer = hall._aim()
        picture = renderer.render_colour()
        identities = renderer.render_identities(VISIBLE)
        for number, thing in enumerate(hall.things, start=1):
            mask = identities == number
            if mask.sum() < 30:
                continue
            thing.node.hide()
            changed = (renderer.render_colour() != picture).any(axis=2)
            thing.node.show()
            # Where two surfaces cross, the two passes may round depth apart by a pixel.
            assert (changed & ~mask).sum() <= 2
            # A dark object before a dark wall may leave single pixels as they were.
            assert (changed & mask).sum() > 0.5 * mask.sum()
            proven += 1
        renderer.leave()

    assert proven >= 12


def test_visibility_is_the_share_that_nothing_covers() -> None:
    """Objects measured together in groups count as each of them measured alone."""
    compared = 0
    for seed in range(6):
        hall = Hall(seed, 320, 240)
        frame = hall.render()
        renderer = hall._aim()
        visible = hall._measure(renderer, VISIBLE)
        places = {(p.x, p.y, p.width, p.height): n for n, p in visible.items()}
        for row in np.flatnonzero(frame.visibility < 0.95):
            number = places[tuple(int(v) for v in frame.boxes[row])]
            node = hall.things[number - 1].node
            node.show(ALONE)
            alone = hall._measure(renderer, ALONE)
            node.hide(ALONE)
            assert set(alone) == {number}
            assert frame.visibility[row] == pytest.approx(
                visible[number].area / alone[number].area
            )
            compared += 1
        renderer.leave()

    assert compared >= 3


def test_time_moves_the_picture_and_no_time_leaves_it() -> None:
    """A step of nothing moves nothing: only the sensor's noise differs."""
    hall = Hall(4, 320, 240)
    before = hall.render()
    hall.step(0.0)
    still = hall.render()
    hall.step(2.0)
    moved = hall.render()

    assert np.array_equal(before.boxes, still.boxes)
    assert not np.array_equal(before.boxes, moved.boxes)


def test_memory_stays_flat_over_fifty_halls() -> None:
    """Scenes, lamps and textures of a hall go with it: a leak of one scene was 10 MB a hall."""
    if not Path('/proc/self/statm').exists():
        pytest.skip('/proc/self/statm is missing: resident memory cannot be read')
    for seed in range(10):
        _frame(seed, 96, 64)
    gc.collect()
    before = _resident_megabytes()
    for seed in range(10, 60):
        _frame(seed, 96, 64)
    gc.collect()

    assert _resident_megabytes() - before < 50


@pytest.mark.parametrize(('width', 'height'), [(0, 480), (640, 5000)])
def test_size_out_of_range_is_refused(width: int, height: int) -> None:
    """The message names the side, its value and the limits."""
    with pytest.raises(SettingsError, match='allowed is 64 to 2048 pixels'):
        Hall(0, width, height)


@pytest.mark.parametrize('dt_s', [-0.1, 61.0, float('nan')])
def test_step_out_of_range_is_refused(dt_s: float) -> None:
    """The message names the step and the limit."""
    hall = Hall(0, 96, 64)

    with pytest.raises(SettingsError, match='allowed is 0 to 60 s'):
        hall.step(dt_s)


def test_example_of_the_hall_is_true() -> None:
    """The docstring's example runs as written."""
    results = doctest.testmod(hall_module)

    assert results.attempted > 0 and results.failed == 0


def _resident_megabytes() -> float:
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * 4096 / 1e6
