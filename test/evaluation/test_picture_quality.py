"""Is a better picture found better, and each codec taken at its best of scales?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='make setup-training')

from slim_split_ros.evaluation.codecs.codec import Sent  # noqa: E402
from slim_split_ros.evaluation.figures.picture_quality import (  # noqa: E402
    PictureJudge,
    measure_pictures,
)
from slim_split_ros.evaluation.figures.points import Setting  # noqa: E402
from slim_split_ros.networks.detector import Detector  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.training.data.pictures import read_picture  # noqa: E402
from support.drawn_data import write_drawn_data  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch

NO_BOXES = np.zeros((0, 4), np.float32)


@pytest.fixture(scope='module')
def judge() -> PictureJudge:
    torch.manual_seed(0)
    return PictureJudge(Detector(small_config()))


@dataclass
class Blur:
    """A codec whose pictures are blurred, by less the more bytes they have, but at scale 0.5."""

    settings: Sequence[Setting] = field(default=tuple(
        Setting('blur', quality=quality, scale=scale)
        for scale in (1.0, 0.5) for quality in (1, 3)))

    def encode(self, image: np.ndarray, setting: Setting) -> Sent:
        return Sent(image, 500 if setting.quality == 1 else 5000, 0.0, 0.0)

    def picture(self, sent: Sent, setting: Setting) -> np.ndarray:
        size = 21 if setting.scale == 0.5 else 11 if setting.quality == 1 else 3
        return cv2.GaussianBlur(sent.content, (size, size), 0)


def test_a_blurred_picture_is_worse_in_every_figure(judge: PictureJudge) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (96, 128, 3)).astype(np.uint8)
    boxes = np.float32([[20, 20, 40, 40]])
    same, blurred = judge.judge(
        picture, [picture, cv2.GaussianBlur(picture, (7, 7), 0)], boxes)
    assert same['ssim'] == same['ssim_inside'] == pytest.approx(1.0)
    assert same['features'] == pytest.approx(0.0, abs=1e-6)
    assert blurred['ssim'] < 0.9 and blurred['ssim_inside'] < 0.9
    assert blurred['features'] > 0 and blurred['features_inside'] > 0


def test_what_is_wrong_outside_the_boxes_does_not_count_inside(judge: PictureJudge) -> None:
    picture = np.full((96, 128, 3), 90, np.uint8)
    spoilt = picture.copy()
    spoilt[:, 96:] = 200
    inside, = judge.judge(picture, [spoilt], np.float32([[10, 10, 40, 40]]))
    assert inside['ssim_inside'] == pytest.approx(1.0) and inside['ssim'] < 0.9
    nothing, = judge.judge(picture, [spoilt], NO_BOXES)
    assert np.isnan(nothing['ssim_inside'])


def test_the_best_scale_counts_between_settings_and_nothing_beyond_them(
    judge: PictureJudge, tmp_path: Path
) -> None:
    write_drawn_data(tmp_path, 'val', 3)
    images = load_split(tmp_path, 'val').images
    rows = measure_pictures([Blur()], images, judge, lambda items, _: items)
    by_size = {row['bytes']: row for row in rows}
    assert set(by_size) == {1000, 2000, 4000}
    ssim = [by_size[size]['ssim'] for size in (1000, 2000, 4000)]
    assert ssim == sorted(ssim) and ssim[0] < ssim[-1]
    codec = Blur(tuple(Setting('blur', quality=quality, scale=0.5) for quality in (1, 3)))
    alone = measure_pictures([codec], images, judge, lambda items, _: items)
    assert alone[0]['ssim'] < ssim[0]
    codec.settings = codec.settings[:1]
    assert measure_pictures([codec], images, judge, lambda items, _: items)[0]['ssim'] is None


@dataclass
class Ladder:
    """A codec that gives pictures more grey levels for more bytes, and notes which it rebuilds."""

    settings: Sequence[Setting] = field(default=tuple(
        Setting('ladder', quality=quality) for quality in range(1, 9)))
    rebuilt: set[int] = field(default_factory=set)

    def encode(self, image: np.ndarray, setting: Setting) -> Sent:
        return Sent(image, 200 * 2 ** setting.quality, 0.0, 0.0)

    def picture(self, sent: Sent, setting: Setting) -> np.ndarray:
        self.rebuilt.add(setting.quality)
        step = 256 >> setting.quality
        return sent.content // step * step


def test_settings_far_from_the_bytes_asked_for_change_nothing_and_are_not_looked_at(
    judge: PictureJudge, tmp_path: Path
) -> None:
    write_drawn_data(tmp_path, 'val', 2)
    images = load_split(tmp_path, 'val').images
    codec, every = Ladder(), Ladder()
    of_frames = []
    for image in images:
        camera = read_picture(image.path)
        sent = [every.encode(camera, setting) for setting in every.settings]
        of_frames.append(judge.judge(
            camera, map(every.picture, sent, every.settings), image.boxes))
    for row in measure_pictures([codec], images, judge, lambda items, _: items):
        for key in ('ssim', 'ssim_inside', 'features', 'features_inside'):
            figures = np.mean([[point[key] for point in frame] for frame in of_frames], axis=0)
            assert row[key] == pytest.approx(float(np.interp(
                np.log(row['bytes']), np.log([point.bytes for point in sent]), figures)), abs=1e-4)
    assert codec.rebuilt == {2, 3, 4, 5}


def test_pictures_without_boxes_have_no_figures_inside_them(
    judge: PictureJudge, tmp_path: Path
) -> None:
    write_drawn_data(tmp_path, 'val', 2)
    images = [replace(image, boxes=NO_BOXES) for image in load_split(tmp_path, 'val').images]

    rows = measure_pictures([Blur()], images, judge, lambda items, _: items)

    assert all(row['ssim_inside'] is row['features_inside'] is None for row in rows)
    assert any(row['ssim'] is not None for row in rows)
