"""Training a detector that starts from published weights keeps its first layers, and only them."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

torch = pytest.importorskip('torch')

from torch import nn  # noqa: E402

from slim_split_ros.networks.detector import Detector  # noqa: E402
from slim_split_ros.networks.split_detector import normalize  # noqa: E402
from slim_split_ros.training.data.batches import Batch  # noqa: E402
from slim_split_ros.training.objectives.detector import FIXED_BLOCKS, DetectorObjective  # noqa: E402
from slim_split_ros.training.objectives.losses import detection_loss  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def detector() -> Detector:
    """Return one whose norms have statistics of pictures, as published ones have."""
    torch.manual_seed(0)
    detector = Detector(small_config())
    detector(normalize(_batch().images))
    return detector


def _batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8, generator=generator)
    boxes = torch.tensor([[10.0, 20.0, 60.0, 90.0], [40.0, 40.0, 52.0, 54.0]]).expand(2, 2, 4)
    return Batch(images, boxes, torch.zeros(2, 2, dtype=torch.int64))


def _is_fixed(name: str) -> bool:
    return name.startswith(('stem.0.', *(f'stem.1.{block}.' for block in range(FIXED_BLOCKS))))


@pytest.mark.parametrize('published', [True, False])
def test_a_step_changes_all_but_the_published_first_layers(
    detector: Detector, published: bool
) -> None:
    before = {name: tensor.clone() for name, tensor in detector.state_dict().items()}
    objective = DetectorObjective(detector, published=published)
    optimizer = torch.optim.AdamW(objective.parameter_groups(1e-3))
    loss, _ = objective.loss(_batch(), 0)
    loss.backward()
    optimizer.step()

    same = {name for name, tensor in detector.state_dict().items()
            if torch.equal(tensor, before[name])}
    assert same == {name for name in before if published and _is_fixed(name)}


def test_the_first_layers_compute_what_they_did_with_their_norms(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the processor has bfloat16, its rounding would hide what is compared.
    monkeypatch.setattr('slim_split_ros.training.objectives.detector.half_precision',
                        lambda device: nullcontext())
    batch = _batch()
    found, _ = DetectorObjective(detector, published=True).loss(batch, 0)

    detector.train()
    conv, blocks = detector.stem
    nn.ModuleList([conv, *blocks[:FIXED_BLOCKS]]).eval()
    expected = detection_loss(detector(normalize(batch.images)), batch.boxes, batch.labels).total
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)
