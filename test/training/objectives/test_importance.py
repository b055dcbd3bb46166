"""Which cells matter: those of labelled objects, and made-up levels around that truth."""

from __future__ import annotations

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.training.objectives.importance import importance_targets, made_up_levels  # noqa: E402

pytestmark = pytest.mark.torch

# Of 128 x 96 input pixels, 8 x 6 cells: one large object, one small, one that is none.
BOXES = torch.tensor([[
    [0.0, 0.0, 62.0, 62.0], [82.0, 40.0, 97.0, 56.0], [64.0, 64.0, 128.0, 96.0]]])
LABELS = torch.tensor([[0, 1, -1]])


def cells_of(target: torch.Tensor) -> set[tuple[int, int]]:
    return {tuple(cell) for cell in target.nonzero().tolist()}


def test_cells_near_an_object_matter_and_of_a_small_one_those_that_it_fills() -> None:
    any_object, small = importance_targets(BOXES, LABELS, 6, 8)[0]
    large_cells = {(y, x) for y in range(5) for x in range(5)}  # a margin reaches beyond 64
    small_cells = {(y, x) for y in (2, 3) for x in (4, 5, 6)}
    assert cells_of(any_object) == large_cells | small_cells
    assert cells_of(small) == {(2, 5), (3, 5)}  # a pixel more to the right does not count


def test_an_object_smaller_than_the_margin_keeps_the_cell_of_its_center() -> None:
    boxes = torch.tensor([[[15.0, 30.0, 18.0, 33.0]]])
    _, small = importance_targets(boxes, torch.tensor([[0]]), 6, 8)[0]
    assert cells_of(small) == {(1, 1)}


def test_a_box_without_a_label_is_ignored() -> None:
    assert not importance_targets(BOXES, torch.full((1, 3), -1), 6, 8).any()


def made_up(seed: int, pictures: int = 1, labels: torch.Tensor = LABELS) -> torch.Tensor:
    boxes, labels = (part.expand(pictures, *part.shape[1:]) for part in (BOXES, labels))
    return made_up_levels(boxes, labels, 6, 8, torch.Generator().manual_seed(seed))


def test_made_up_levels_are_those_of_their_generator() -> None:
    assert torch.equal(made_up(3, 20), made_up(3, 20))
    assert not torch.equal(made_up(3, 20), made_up(4, 20))


def test_made_up_levels_are_levels_that_mostly_follow_the_objects() -> None:
    levels = made_up(0, 400)
    assert levels.shape == (400, 1, 6, 8)
    assert set(levels.unique().tolist()) == {0.0, 1.0, 2.0}
    small, large, scenery = (levels[:, 0, y, x] for y, x in ((2, 5), (1, 1), (5, 0)))
    assert (small == 2).float().mean() > 0.6
    assert (large == 1).float().mean() > 0.6
    assert (scenery == 0).float().mean() > 0.8
    assert 0.5 < small.mean() - large.mean()


def test_without_objects_made_up_levels_are_scenery_and_a_few_mistakes() -> None:
    levels = made_up(0, 400, torch.full((1, 3), -1))
    assert 0 < (levels > 0).float().mean() < 0.2
