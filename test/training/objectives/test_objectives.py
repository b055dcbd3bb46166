"""What the second and third stage teach: which cells matter, and to read coarse pictures."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.config import ModelConfig  # noqa: E402
from slim_split_ros.networks.encoder import SlimmableEncoder  # noqa: E402
from slim_split_ros.networks.rivals.static import static_config  # noqa: E402
from slim_split_ros.networks.split_detector import SplitDetector  # noqa: E402
from slim_split_ros.training.data.batches import Batch  # noqa: E402
from slim_split_ros.training.objectives.codec import RATE_0_SHARE, CodecObjective  # noqa: E402
from slim_split_ros.training.objectives.encoder import EncoderObjective  # noqa: E402
from slim_split_ros.training.objectives.sent_pictures import (  # noqa: E402
    coarse_modes,
    draw_mode,
)
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


def bright_squares(count: int, seed: int) -> Batch:
    """Return dark pictures with a bright square each, small or large."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 60, (count, 3, 96, 128), dtype=torch.uint8, generator=generator)
    boxes = torch.zeros(count, 1, 4)
    for row in range(count):
        side = (24, 64)[row % 2]
        x, y = (int(torch.randint(0, limit - side, (), generator=generator))
                for limit in (128, 96))
        images[row, :, y:y + side, x:x + side] = 220
        boxes[row, 0] = torch.tensor([x, y, x + side, y + side])
    return Batch(images, boxes, torch.zeros(count, 1, dtype=torch.int64))


def encoder_objective(**changes: object) -> EncoderObjective:
    torch.manual_seed(0)
    return EncoderObjective(SlimmableEncoder(replace(small_config(), **changes)), seed=0)


def test_the_encoder_learns_where_shapes_are_at_every_width() -> None:
    objective = encoder_objective()
    optimizer = torch.optim.AdamW(objective.parameter_groups(5e-3))
    losses = []
    for step in range(40):
        loss, figures = objective.loss(bright_squares(8, step), step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(figures)
    for name in ('loss_w1', 'loss_w0.25'):
        assert losses[-1][name] < 0.6 * losses[0][name]


def test_each_step_teaches_the_widest_the_narrowest_and_one_between() -> None:
    objective = encoder_objective()
    objective.loss(bright_squares(4, 0), 0)[0].backward()
    norms = objective.module.patch.norm
    reached = [bool(norm.weight.grad is not None and norm.weight.grad.any()) for norm in norms]
    assert reached[0] and reached[3]
    assert sorted(reached[1:3]) == [False, True]


def test_the_widths_between_are_all_drawn() -> None:
    objective = encoder_objective()
    drawn = [objective.loss(bright_squares(2, 0), step)[1] for step in range(12)]
    assert set().union(*drawn) == {'loss_w1', 'loss_w0.75', 'loss_w0.5', 'loss_w0.25'}


def test_an_encoder_of_one_width_learns_too_even_if_a_stage_before_froze_it() -> None:
    torch.manual_seed(0)
    encoder = SlimmableEncoder(static_config(small_config())).requires_grad_(False)
    objective = EncoderObjective(encoder, seed=0, name='static')
    objective.parameter_groups(1e-3)
    loss, figures = objective.loss(bright_squares(4, 0), 0)
    loss.backward()
    assert list(figures) == ['loss_w1']
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_two_widths_are_both_taught() -> None:
    objective = encoder_objective(
        widths=(0.5, 1.0), patch_row_steps=(2, 1), coefficient_shares=(0.5, 1.0),
        coefficient_gains=(12.0, 22.0), rate_gains=((1.0, 0.5),) * 2)
    assert list(objective.loss(bright_squares(4, 0), 0)[1]) == ['loss_w1', 'loss_w0.5']


def test_a_step_of_the_codec_changes_repairs_and_nothing_else() -> None:
    torch.manual_seed(0)
    model = SplitDetector(small_config())
    objective = CodecObjective(model, seed=0)
    optimizer = torch.optim.AdamW(objective.parameter_groups(1e-2), weight_decay=0.02)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    for step in range(3):  # before the first, repairs are nothing and most weights hear nothing
        loss, _ = objective.loss(bright_squares(4, step), step)
        assert torch.isfinite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    changed = {name for name, tensor in model.state_dict().items()
               if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if name.startswith('decoder.restorer.')}


def test_the_codec_learns_to_bring_coarse_pictures_closer() -> None:
    torch.manual_seed(0)
    objective = CodecObjective(SplitDetector(small_config()), seed=0)
    optimizer = torch.optim.AdamW(objective.parameter_groups(5e-3))
    batch, features = bright_squares(8, 0), []
    for _ in range(40):
        loss, figures = objective.loss(batch, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        features.append(figures['features'])
    assert features[-1] < 0.9 * features[0]


def test_only_frames_that_are_repaired_are_drawn_and_most_of_the_default_rate() -> None:
    decoder = SplitDetector(ModelConfig(('ball',))).decoder
    coarse = coarse_modes(decoder)
    assert {rate for width, rate in coarse if width == 0} == set(range(6))  # few coefficients
    assert {rate for width, rate in coarse if width == 3} == {4, 5}  # the coarsest
    generator = torch.Generator().manual_seed(0)
    drawn = [draw_mode(coarse, RATE_0_SHARE, generator) for _ in range(400)]
    assert set(drawn) == set(coarse)
    rates = [rate for _, rate in drawn]
    assert rates.count(0) == max(rates.count(rate) for rate in range(6))


def test_where_only_the_default_rate_is_coarse_or_none_is_other_modes_do() -> None:
    generator = torch.Generator().manual_seed(0)
    assert {draw_mode([(0, 0)], RATE_0_SHARE, generator) for _ in range(20)} == {(0, 0)}
    assert {draw_mode([(1, 3)], RATE_0_SHARE, generator) for _ in range(20)} == {(1, 3)}
