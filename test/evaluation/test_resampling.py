"""An interval over recordings says what COCO's evaluation would say of other recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('pycocotools')
pytest.importorskip('torch', reason='make setup-training')

from slim_split_ros.evaluation.evaluate import Evaluation  # noqa: E402
from slim_split_ros.evaluation.figures.coco_metrics import (  # noqa: E402
    load_ground_truth,
    measure_accuracy,
)
from slim_split_ros.evaluation.figures.points import (  # noqa: E402
    MeasuredFrame,
    MeasuredPoint,
    Setting,
)
from slim_split_ros.evaluation.figures.resampling import Resampling, interval  # noqa: E402
from slim_split_ros.training.data.coco_folder import CocoSplit, load_split  # noqa: E402
from support.drawn_data import read_annotations, write_annotations, write_drawn_data  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def split(tmp_path: Path) -> CocoSplit:
    write_drawn_data(tmp_path, 'val', 12)
    data = read_annotations(tmp_path, 'val')
    for number, image in enumerate(data['images']):
        image['sequence'] = f'hall {number // 3}'
    write_annotations(tmp_path, 'val', data['images'], data['annotations'])
    return load_split(tmp_path, 'val')


def shaky_results(split: CocoSplit) -> list[dict]:
    """Return boxes that are right, beside their object or missing, with any score."""
    rng = np.random.default_rng(1)
    return [
        {'image_id': image.image_id, 'category_id': split.category_ids[label],
         'bbox': [float(box[0] + rng.choice([0, 0, 40])), *map(float, box[1:])],
         'score': round(float(rng.random()), 3)}
        for image in split.images for box, label in zip(image.boxes, image.labels, strict=True)
        for _ in range(2) if rng.random() < 0.8]


def test_a_draw_of_every_picture_once_has_cocos_own_figure(split: CocoSplit) -> None:
    truth = load_ground_truth(split.annotation_file)
    ids = tuple(image.image_id for image in split.images)
    once = Resampling(ids, np.ones((1, len(ids)), np.float32))
    accuracy = measure_accuracy(truth, shaky_results(split), once)
    assert 0.1 < accuracy.ap50 < 0.9
    assert accuracy.ap50_samples[0] == pytest.approx(accuracy.ap50, abs=1e-6)


def test_a_draw_without_some_pictures_has_the_figure_of_the_others(split: CocoSplit) -> None:
    truth = load_ground_truth(split.annotation_file)
    ids = tuple(image.image_id for image in split.images)
    counts = np.ones((1, len(ids)), np.float32)
    counts[0, 3:6] = 0
    results = shaky_results(split)
    rest = Resampling(ids[:3] + ids[6:], np.zeros((0, len(ids) - 3), np.float32))
    alone = measure_accuracy(truth, [row for row in results if row['image_id'] not in ids[3:6]],
                             rest)
    assert measure_accuracy(truth, results, Resampling(ids, counts)).ap50_samples[0] == (
        pytest.approx(alone.ap50, abs=1e-6))


def test_pictures_of_one_recording_are_drawn_together_and_always_the_same(
    split: CocoSplit
) -> None:
    drawn = Resampling.of_recordings(split.images)
    by_recording = drawn.counts.reshape(len(drawn.counts), 4, 3)
    assert (by_recording == by_recording[:, :, :1]).all()
    assert (drawn.counts.sum(1) == len(split.images)).all()
    assert np.array_equal(drawn.counts, Resampling.of_recordings(split.images[::-1]).counts)


def test_an_interval_holds_the_figure_and_none_is_told_of_two_recordings(
    split: CocoSplit
) -> None:
    truth = load_ground_truth(split.annotation_file)
    accuracy = measure_accuracy(
        truth, shaky_results(split), Resampling.of_recordings(split.images))
    low, high = interval(accuracy.ap50_samples)
    assert low < accuracy.ap50 < high
    few = Resampling.of_recordings(split.images[:6])
    assert interval(measure_accuracy(truth, shaky_results(split), few).ap50_samples) is None


def test_figures_of_a_part_of_the_pictures_leave_the_others_out(split: CocoSplit) -> None:
    truth = load_ground_truth(split.annotation_file)
    perfect = [
        {'image_id': image.image_id, 'category_id': split.category_ids[label],
         'bbox': box.tolist(), 'score': 0.9} for image in split.images[:6]
        for box, label in zip(image.boxes, image.labels, strict=True)]
    half = Resampling.of_recordings(split.images[:6])
    assert measure_accuracy(truth, perfect, half).ap50 == pytest.approx(1.0)
    assert measure_accuracy(truth, perfect).ap50 < 0.9
    assert json.dumps(half.image_ids) == '[1, 2, 3, 4, 5, 6]'


def test_draws_tell_the_bytes_and_accuracy_of_the_recordings_drawn(split: CocoSplit) -> None:
    truth = load_ground_truth(split.annotation_file)
    pictures = Resampling.of_recordings(split.images)
    accuracy = measure_accuracy(truth, shaky_results(split), pictures)
    frames = tuple(MeasuredFrame(image.image_id, 100 * image.image_id, 1.0, 0.0)
                   for image in split.images)
    point = MeasuredPoint(Setting('webp', quality=5, scale=0.5), frames, accuracy)
    draws = Evaluation(accuracy, 1.0, (point,), pictures).draws()
    assert len(draws) == len(pictures.counts)
    for draw, counts in zip(draws[:5], pictures.counts, strict=False):
        (row,) = draw['points']
        assert (row['codec'], row['quality'], row['scale']) == ('webp', 5, 0.5)
        assert row['ap50'] == draw['detector']
        sizes = [100 * number for number in pictures.image_ids]
        assert row['bytes'] == pytest.approx(np.average(sizes, weights=counts))
