"""Are those settings of video kept that reach what is wanted for the fewest bytes?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slim_split_ros.detectors import OnnxDetector, load_detector
from slim_split_ros.wire.video_settings import VideoSettings

pytest.importorskip('torch')
pytest.importorskip('pycocotools')

from slim_split_ros.evaluation.figures.coco_metrics import Accuracy  # noqa: E402
from slim_split_ros.evaluation.figures.points import (  # noqa: E402
    MeasuredFrame,
    MeasuredPoint,
    Setting,
)
from slim_split_ros.evaluation.video_fit import candidates, choose  # noqa: E402
from support.detector_graphs import constant_graph, save  # noqa: E402

pytestmark = pytest.mark.torch


def points(*measured: tuple[int, float]) -> list[MeasuredPoint]:
    """Return a point of each pair of bytes and agreement, rates in their order."""
    return [
        MeasuredPoint(
            Setting('slim', rate=rate), (MeasuredFrame(1, size, 1.0, 1.0),),
            Accuracy(ap50, ap50, 0.0, 0.0, 0.0, (ap50,), np.zeros(0)))
        for rate, (size, ap50) in enumerate(measured)]


def apart(count: int) -> list[VideoSettings]:
    """Return settings of which each has a size of its own."""
    return [VideoSettings(256 + 32 * place, 0.9, (-0.1,)) for place in range(count)]


def finer(count: int) -> list[VideoSettings]:
    """Return settings of one size, each finer than the one before."""
    return [VideoSettings(416, 1.0, (-0.1 * place - 0.1,)) for place in range(count)]


def test_the_default_reaches_nine_tenths_for_the_fewest_bytes() -> None:
    measured = points((900, 0.4), (2000, 0.92), (1500, 0.91), (1000, 0.75))

    assert choose(measured, apart(4))[0] == 2


def test_a_setting_that_another_beats_is_not_kept() -> None:
    measured = points((900, 0.6), (1000, 0.55), (1500, 0.91), (3000, 0.99))

    assert 1 not in choose(measured, apart(4))


def test_the_finest_that_brings_anything_is_kept_for_links_with_room() -> None:
    measured = points((900, 0.98), (1500, 0.995), (3000, 0.995))

    assert choose(measured, finer(3)) == [0, 1]


def test_where_nothing_reaches_the_aims_the_best_is_kept() -> None:
    assert choose(points((900, 0.1), (1000, 0.3), (2000, 0.2)), apart(3)) == [1]


def test_a_setting_that_finer_ones_say_was_lucky_is_not_taken_at_its_word() -> None:
    measured = points((900, 0.7), (1200, 0.91), (1600, 0.83), (2000, 0.87), (2500, 0.97))

    assert choose(measured, apart(5))[0] == 1
    assert choose(measured, finer(5))[0] == 4


def test_sizes_are_not_held_against_each_other() -> None:
    measured = points((900, 0.7), (1200, 0.92), (1600, 0.6), (2000, 0.7))
    sides = [VideoSettings(side, 1.0, (-0.1 * step,)) for side in (320, 640) for step in (1, 2)]

    assert choose(measured, sides)[0] == 1


def test_candidates_are_no_larger_than_the_image_and_what_the_detector_sees(
    tmp_path: Path
) -> None:
    rows = np.float32([[[0, 0, 32, 32, 0.9, 1]]])
    graph = constant_graph({'output0': rows}, 1, (1, 3, 416, 416))
    keeps = load_detector(save(graph, tmp_path))
    (tmp_path / 'stretches').mkdir()
    file = save(graph, tmp_path / 'stretches')
    file.with_suffix('.yaml').write_text('resize: stretch\n')
    stretches = load_detector(file)

    def sides(width: int, height: int, detector: OnnxDetector) -> set[int]:
        return {tried.long_side for tried in candidates([(width, height)], detector)}

    assert sides(1280, 720, keeps) == sides(720, 1280, keeps) == {256, 320, 416, 512}
    # Its 416 rows show more of 720 than its 416 columns of 1280.
    assert sides(1280, 720, stretches) == {256, 320, 416, 512, 640, 800, 960}
    assert sides(300, 200, keeps) == {256}
    assert sides(100, 80, keeps) == {100}
    # Two rows are left of the narrowest.
    assert sides(6400, 16, keeps) == {416, 512}
    assert {tried.coded_size(6400, 16).height for tried in candidates([(6400, 16)], keeps)} == {2}
    assert all(tried.background + tried.offsets[0] >= 0.0
               for tried in candidates([(1280, 720)], keeps))
