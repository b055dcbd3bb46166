"""Decoder and detector: shapes, sizes of input, gradients."""

from dataclasses import replace
import json
from pathlib import Path

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.candidates import top_candidates  # noqa: E402
from slim_split_ros.networks.config import ModelConfig  # noqa: E402
from slim_split_ros.networks.errors import WeightsError  # noqa: E402
from slim_split_ros.networks.split_detector import SplitDetector  # noqa: E402
from slim_split_ros.networks.stored_weights import (  # noqa: E402
    load_model,
    round_to_half,
    save_model,
)
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize('size', [(64, 96), (96, 64), (128, 128)])
def test_every_cell_of_three_levels_predicts(size: tuple[int, int]) -> None:
    model = SplitDetector(small_config()).eval()
    prediction = model.detector(torch.zeros(2, 3, *size))
    cells = sum((size[0] // stride) * (size[1] // stride) for stride in (8, 16, 32))
    assert prediction.logits.shape == (2, cells, 2)
    assert prediction.boxes.shape == (2, cells, 4)
    assert prediction.centers.shape == (cells, 2)


def test_boxes_have_positive_sides_before_any_training() -> None:
    boxes = SplitDetector(small_config()).eval().detector(torch.randn(1, 3, 64, 64)).boxes
    assert (boxes[..., 2:] > boxes[..., :2]).all()


def symbols_of(model: SplitDetector, count: int) -> torch.Tensor:
    """Return symbols int8 (count, L, 4, 4) with levels that a robot could have chosen."""
    generator = torch.Generator().manual_seed(1)
    shape = (count, model.config.latent_channels, 4, 4)
    symbols = torch.randint(-3, 4, shape, generator=generator)
    symbols[:, 0] = torch.randint(0, 3, (count, 4, 4), generator=generator)
    return symbols.to(torch.int8)


def test_a_batch_may_mix_widths_without_changing_their_answers() -> None:
    model = SplitDetector(small_config()).eval()
    symbols, widths = symbols_of(model, 2), torch.tensor([0, 3])
    steps = torch.ones(2, model.config.latent_channels)
    together = model.decode(symbols, steps, widths).logits
    alone = model.decode(symbols[1:], steps[1:], widths[1:]).logits
    assert torch.allclose(together[1:], alone, atol=1e-5)


def test_the_same_symbols_are_another_picture_at_another_width_rate_or_level() -> None:
    decoder = SplitDetector(small_config()).eval().decoder
    symbols, steps = torch.ones(1, 33, 4, 4), torch.ones(1, 33)
    picture = decoder(symbols, steps, torch.tensor([0]))
    assert picture.shape == (1, 3, 64, 64)
    assert not torch.equal(picture, decoder(symbols, steps, torch.tensor([3])))
    assert not torch.equal(picture, decoder(symbols, 2 * steps, torch.tensor([0])))
    symbols[:, 0] = 2
    assert not torch.equal(picture, decoder(symbols, steps, torch.tensor([0])))


def loud_decoder() -> torch.nn.Module:
    """Return a decoder whose repairs are far from nothing."""
    decoder = SplitDetector(small_config()).eval().decoder
    torch.nn.init.constant_(decoder.restorer.exit.bias, 5.0)
    return decoder


def test_an_untrained_decoder_repairs_nothing() -> None:
    decoder = SplitDetector(small_config()).eval().decoder
    symbols = symbols_of(SplitDetector(small_config()), 2).float()
    inputs = symbols, torch.ones(2, 33), torch.tensor([0, 3])
    assert torch.equal(decoder(*inputs), decoder.rebuild(*inputs)[0])


def test_frames_of_a_coarse_rate_or_width_are_repaired_and_no_others() -> None:
    decoder = loud_decoder()
    steps = torch.tensor([[1.0], [4.0], [1.0]]).expand(3, 33)
    pictures = decoder(torch.zeros(3, 33, 4, 4), steps, torch.tensor([3, 3, 0]))
    assert not pictures[0].any()
    assert (pictures[1:] == 5.0).all()


def test_conditions_do_not_depend_on_channels_that_a_width_does_not_send() -> None:
    decoder = SplitDetector(small_config()).eval().decoder
    symbols = symbols_of(SplitDetector(small_config()), 1).float()
    steps, sent = torch.ones(1, 33), torch.zeros(1, 33)
    sent[:, :9] = 1.0  # the channels of width 0.25; the server gets no steps of others
    everything = decoder.rebuild(symbols, steps, torch.tensor([0]))[1]
    assert torch.equal(decoder.rebuild(symbols, sent, torch.tensor([0]))[1], everything)
    assert torch.isfinite(everything).all()


def test_candidates_fall_in_score_and_keep_their_cell_and_class() -> None:
    blank = SplitDetector(small_config()).eval().detector(torch.randn(1, 3, 64, 64))
    logits = torch.randn_like(blank.logits)
    prediction = replace(blank, logits=logits)
    boxes, scores, labels = top_candidates(prediction, 5)
    assert (scores[0, 1:] <= scores[0, :-1]).all()
    cell, label = divmod(int(logits[0].argmax()), logits.shape[2])
    assert labels[0, 0] == label
    assert torch.equal(boxes[0, 0], prediction.boxes[0, cell])


def test_weights_come_back_from_disk_as_they_were_rounded(tmp_path: Path) -> None:
    model = round_to_half(SplitDetector(small_config()))
    save_model(model, tmp_path / 'model.safetensors')
    loaded = load_model(tmp_path)
    assert loaded.config == model.config
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_equal_weights_are_equal_files_so_that_a_model_keeps_its_fingerprint(
    tmp_path: Path,
) -> None:
    model = round_to_half(SplitDetector(small_config()))
    files = [tmp_path / f'{number}.safetensors' for number in range(8)]
    for file in files:
        save_model(model, file)
    assert len({file.read_bytes() for file in files}) == 1


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    (tmp_path / 'model.safetensors').write_bytes(b'no tensors')
    with pytest.raises(WeightsError, match='model.safetensors'):
        load_model(tmp_path)


def test_a_width_that_gives_no_whole_channels_is_refused() -> None:
    with pytest.raises(ValueError, match='0.1'):
        ModelConfig(('ball',), widths=(0.1, 1.0))


@pytest.mark.parametrize(('changes', 'complaint'), [
    ({'coefficient_gains': (8.0, 12.0)}, 'coefficient_gains .* one of each width'),
    ({'patch_row_steps': (2,)}, 'patch_row_steps .* one of each width'),
    ({'rate_gains': ((1.0, 0.5),)}, 'rate_gains .* a row of each width'),
    ({'rate_gains': ((1.0, 0.5),) * 3 + ((1.0,),)}, 'rate_gains .* all as long'),
    ({'coefficient_channels': 8}, 'leaves width 0.25 less than the 3 means'),
    ({'coefficient_shares': (0.5, 1.0)}, 'coefficient_shares .* one of each width'),
    ({'coefficient_shares': (0.5, 0.25, 0.75, 1.0)}, 'coefficient_shares .* rise'),
    ({'level_gains': (0.5, 1.0)}, '2, 3 and 3 levels'),
    ({'level_thresholds': (0.5,)}, '3, 3 and 2 levels'),
])
def test_sizes_that_do_not_fit_together_are_refused(changes: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ModelConfig(('ball',), **changes)


def test_a_configuration_survives_json() -> None:
    config = ModelConfig(('ball',), rate_gains=((1.0, 0.5), (1.0, 0.5), (1.0, 0.5), (2.0, 1.0)))
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
