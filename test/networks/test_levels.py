"""Levels of cells: chosen by chances, they say how finely coefficients travel."""

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.config import MEANS, ModelConfig  # noqa: E402
from slim_split_ros.networks.levels import (  # noqa: E402
    choose_levels,
    coefficient_scale,
    inverse_scale,
    level_counts,
)
from slim_split_ros.networks.quantizer import pad_channels, rate_gain  # noqa: E402
from slim_split_ros.networks.split_detector import SplitDetector  # noqa: E402

pytestmark = pytest.mark.torch

CONFIG = ModelConfig(('ball',), backbone_width=0.25)
WIDTH = 0.5
COUNT = CONFIG.coefficients(WIDTH)


def every_level() -> torch.Tensor:
    return torch.arange(3.0).view(1, 1, 1, 3)


@pytest.mark.parametrize(('any_object', 'small', 'level'), [
    (0.0, 0.0, 0), (0.39, 0.0, 0), (0.41, 0.0, 1), (1.0, 0.59, 1), (1.0, 0.61, 2), (0.0, 0.61, 2),
])
def test_a_level_is_taken_above_its_threshold(any_object: float, small: float, level: int) -> None:
    config = ModelConfig(('ball',), level_thresholds=(0.4, 0.6))
    chances = torch.tensor([any_object, small]).view(1, 2, 1, 1)
    logits = torch.logit(chances, 1e-6)
    assert choose_levels(logits, config, torch.tensor(1.0)).tolist() == [[[[level]]]]


def test_a_gain_multiplies_the_odds_of_each_picture() -> None:
    config = ModelConfig(('ball',), level_thresholds=(0.5, 0.5))
    logits = torch.logit(torch.tensor([0.35, 0.35])).view(1, 2, 1, 1).expand(2, -1, -1, -1)
    levels = choose_levels(logits, config, torch.tensor([1.0, 2.0]))  # odds 0.54 and 1.08
    assert levels.flatten().tolist() == [0, 2]


def test_higher_levels_send_more_coefficients_and_all_send_the_means() -> None:
    scale = coefficient_scale(every_level(), CONFIG, WIDTH)
    sent = (scale > 0).sum(1).flatten().tolist()
    assert sent == level_counts(CONFIG, WIDTH) == sorted(set(sent))
    assert sent[-1] == COUNT
    assert (scale[:, :MEANS] == CONFIG.mean_gain).all()


def test_coefficients_that_a_level_does_not_send_are_zero() -> None:
    encoder = SplitDetector(CONFIG).encoder
    levels = every_level().expand(1, 1, 2, 3)
    image = 5 * torch.randn(1, 3, 32, 48, generator=torch.Generator().manual_seed(1))
    symbols = encoder.symbols(image, levels, 0.5, rate_gain(CONFIG, 0.5, 0))[:, 1:]
    for level, count in enumerate(level_counts(CONFIG, WIDTH)):
        assert not symbols[:, count:, :, level].any()
        assert symbols[:, :count, :, level].any()


def test_scale_and_inverse_undo_each_other_where_something_was_sent() -> None:
    levels = torch.randint(0, 3, (2, 1, 4, 5), generator=torch.Generator().manual_seed(1)).float()
    scale = coefficient_scale(levels, CONFIG, WIDTH)
    both = scale * inverse_scale(levels, CONFIG, COUNT)
    assert torch.allclose(both, (scale > 0).float())


def error_of(level: int, rate: int, width: float = 1.0) -> float:
    """Return the mean squared error of a smooth picture that went through symbols."""
    model = SplitDetector(CONFIG)
    noise = torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(2))
    image = torch.nn.functional.interpolate(noise, (64, 64), mode='bilinear')
    gain = rate_gain(CONFIG, 0.5, rate)
    levels = torch.full((1, 1, 4, 4), float(level))
    symbols = pad_channels(
        model.encoder.symbols(image, levels, width, gain), CONFIG.latent_channels)
    index = torch.tensor([CONFIG.widths.index(width)])
    picture = model.decoder(symbols, 1.0 / gain[None], index)
    return (picture - image).square().mean().item()


def test_what_comes_back_is_closer_with_every_level_rate_and_width() -> None:
    by_level = [error_of(level, 0) for level in (0, 1, 2)]
    by_rate = [error_of(2, rate) for rate in (3, 2, 1, 0)]
    by_width = [error_of(2, 0, width) for width in CONFIG.widths]
    for errors in (by_level, by_rate, by_width):
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] < 0.7 * errors[0]
    assert by_level[-1] < 0.05
