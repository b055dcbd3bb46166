"""Assignment and losses on predictions made by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.detector import STRIDES, Prediction, cell_centers  # noqa: E402
from slim_split_ros.training.objectives.assignment import assign  # noqa: E402
from slim_split_ros.training.objectives.boxes import complete_iou, pairwise_iou  # noqa: E402
from slim_split_ros.training.objectives.losses import (  # noqa: E402
    detection_loss,
    distillation_loss,
    feature_loss,
    object_weight,
)

pytestmark = pytest.mark.torch

BOX = torch.tensor([[[16.0, 16.0, 40.0, 40.0]]])
LABEL = torch.tensor([[1]])
NONE = torch.tensor([[-1]])


def prediction(box: torch.Tensor, logit: float = 0.0) -> Prediction:
    """Predict `box` and the same score of two classes everywhere, in a picture of 64 x 64."""
    like = torch.zeros(1)
    centers = torch.cat([cell_centers(64 // s, 64 // s, s, like) for s in STRIDES])
    strides = torch.cat([torch.full(((64 // s) ** 2,), float(s)) for s in STRIDES])
    count = len(centers)
    features = tuple(torch.zeros(1, 4, 64 // s, 64 // s) for s in STRIDES)
    return Prediction(torch.full((1, count, 2), logit), box.expand(1, count, 4).clone(),
                      centers, strides, features)


def test_iou_of_boxes_that_share_a_third() -> None:
    other = torch.tensor([[[28.0, 16.0, 52.0, 40.0]]])
    assert pairwise_iou(BOX, other).item() == pytest.approx(1 / 3, abs=1e-5)


def test_complete_iou_pulls_apart_boxes_together() -> None:
    far = torch.tensor([[0.0, 0.0, 8.0, 8.0]], requires_grad=True)
    complete_iou(far, BOX[0]).sum().backward()
    assert far.grad.abs().sum() > 0


def test_only_cells_at_an_object_answer_for_it() -> None:
    target = assign(prediction(BOX), BOX, LABEL)
    centers = prediction(BOX).centers[target.assigned[0]]
    assert 0 < len(centers) <= 10
    assert ((centers > 16 - 32) & (centers < 40 + 32)).all()
    assert target.scores[0, :, 0].max() == 0
    assert target.scores[0, :, 1].max() == pytest.approx(1.0, abs=1e-4)


def test_a_thin_object_between_cell_centers_is_answered_for() -> None:
    thin = torch.tensor([[[29.0, 8.0, 32.0, 56.0]]])
    assert assign(prediction(thin), thin, LABEL).assigned.any()


def test_a_picture_without_objects_asks_for_silence() -> None:
    target = assign(prediction(BOX), BOX, NONE)
    assert not target.assigned.any()
    assert target.scores.sum() == 0
    assert detection_loss(prediction(BOX), BOX, NONE).boxes == 0


def test_a_better_box_costs_less() -> None:
    near, far = BOX + 2, BOX + 8
    good, bad = (detection_loss(prediction(box), BOX, LABEL).total for box in (near, far))
    assert good < bad


def test_a_student_equal_to_its_teacher_has_nothing_to_learn() -> None:
    teacher = prediction(BOX, logit=2.0)
    assert distillation_loss(teacher, teacher).item() == pytest.approx(0, abs=1e-3)
    assert distillation_loss(prediction(BOX, logit=-2.0), teacher) > 0.1


def test_features_beside_objects_weigh_more() -> None:
    weight = object_weight(BOX, LABEL, 8, 8, 8)
    assert weight[0, 3, 3] == 1.0
    assert weight[0, 7, 7] < 1.0
    teacher = torch.ones(1, 2, 8, 8)
    at_object, elsewhere = teacher.clone(), teacher.clone()
    at_object[0, :, 3, 3] = 0
    elsewhere[0, :, 7, 7] = 0
    assert feature_loss(at_object, teacher, weight) > feature_loss(elsewhere, teacher, weight)
