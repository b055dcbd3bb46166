"""Do repairs learn to be right as pictures, and is what they are told about errors true?"""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip('torch', reason='make setup-training')

from slim_split_ros.networks.decoder import Decoder  # noqa: E402
from slim_split_ros.networks.split_detector import SplitDetector, normalize  # noqa: E402
from slim_split_ros.training.data.batches import Batch  # noqa: E402
from slim_split_ros.training.objectives.picture import (  # noqa: E402
    PictureObjective,
    edge_loss,
    pixel_loss,
)
from slim_split_ros.training.objectives.similarity import structural_similarity  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


def blurred_noise(count: int, seed: int) -> torch.Tensor:
    """Return pictures (N, 3, 96, 128) with edges of many sizes, as floats 0 to 255."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand((count, 3, 12, 16), generator=generator) > 0.5
    return 200.0 * torch.nn.functional.interpolate(coarse.float(), scale_factor=8.0) + 20.0


def test_a_picture_is_like_itself_and_less_like_what_differs_more() -> None:
    picture = blurred_noise(2, 0)
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(1))
    alike = [structural_similarity(picture, picture + size * noise, 255.0).mean().item()
             for size in (0.0, 5.0, 20.0)]
    assert alike[0] == pytest.approx(1.0) and alike[0] > alike[1] > alike[2]


def test_a_brighter_picture_keeps_its_structure() -> None:
    # Of flat pictures what is left is the formula's part for brightness, by hand.
    first, second = torch.full((1, 3, 16, 16), 100.0), torch.full((1, 3, 16, 16), 120.0)
    small = (0.01 * 255) ** 2
    expected = (2 * 100 * 120 + small) / (100 ** 2 + 120 ** 2 + small)
    alike = structural_similarity(first, second, 255.0)
    assert alike.shape == (1, 1, 6, 6)
    torch.testing.assert_close(alike, torch.full_like(alike, expected), atol=1e-3, rtol=0)


def test_an_even_shift_is_no_edge_and_a_checker_pattern_is_nothing_but() -> None:
    picture = normalize(blurred_noise(1, 0))
    shifted = picture + 0.2
    rows, columns = torch.meshgrid(torch.arange(96), torch.arange(128), indexing='ij')
    checkered = picture + 0.2 * (1.0 - 2.0 * ((rows + columns) % 2))
    assert edge_loss(shifted, picture) < 1e-6
    assert edge_loss(checkered, picture) > 0.1
    assert pixel_loss(shifted, picture) == pytest.approx(pixel_loss(checkered, picture).item())


def test_repairs_learn_to_bring_pictures_closer_and_nothing_else_changes() -> None:
    torch.manual_seed(0)
    config = replace(small_config(), repaired_gain=100.0)
    model = SplitDetector(config)
    decoder = Decoder(config)
    objective = PictureObjective(decoder, model.encoder, model.detector.stem, seed=0)
    others = {name: value.clone() for part in (model.encoder, model.detector.stem)
              for name, value in part.state_dict().items()}
    optimizer = torch.optim.AdamW(objective.parameter_groups(3e-3))
    batch = Batch(blurred_noise(4, 0).to(torch.uint8), torch.tensor([[[8.0, 8, 60, 60]]] * 4),
                  torch.zeros(4, 1, dtype=torch.int64))
    totals = []
    for _ in range(60):
        loss, figures = objective.loss(batch, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        totals.append(loss.item())
    assert set(figures) == {'pixels', 'edges', 'structure', 'features'}
    assert totals[-1] < 0.85 * totals[0]
    for part in (model.encoder, model.detector.stem):
        for name, value in part.state_dict().items():
            assert torch.equal(value, others[name])
