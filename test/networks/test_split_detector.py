"""Decoder and detector: shapes, sizes of input, gradients."""

from dataclasses import replace

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


def test_a_batch_may_mix_widths_without_changing_their_answers() -> None:
    model = SplitDetector(small_config()).eval()
    symbols = torch.randint(-3, 4, (2, 8, 4, 4)).to(torch.int8)
    steps, widths = torch.ones(2, 8), torch.tensor([0, 3])
    together = model.decode(symbols, steps, widths).logits
    alone = model.decode(symbols[1:], steps[1:], widths[1:]).logits
    assert torch.allclose(together[1:], alone, atol=1e-5)


def test_the_decoder_answers_differently_for_another_width() -> None:
    decoder = SplitDetector(small_config()).eval().decoder
    latent, steps = torch.ones(1, 8, 4, 4), torch.ones(1, 8)
    narrow = decoder(latent, steps, torch.tensor([0]))
    assert not torch.equal(narrow, decoder(latent, steps, torch.tensor([3])))


def test_candidates_fall_in_score_and_keep_their_cell_and_class() -> None:
    blank = SplitDetector(small_config()).eval().detector(torch.randn(1, 3, 64, 64))
    logits = torch.randn_like(blank.logits)
    prediction = replace(blank, logits=logits)
    boxes, scores, labels = top_candidates(prediction, 5)
    assert (scores[0, 1:] <= scores[0, :-1]).all()
    cell, label = divmod(int(logits[0].argmax()), logits.shape[2])
    assert labels[0, 0] == label
    assert torch.equal(boxes[0, 0], prediction.boxes[0, cell])


def test_weights_come_back_from_disk_as_they_were_rounded(tmp_path) -> None:  # noqa: ANN001
    model = round_to_half(SplitDetector(small_config()))
    save_model(model, tmp_path / 'model.safetensors')
    loaded = load_model(tmp_path)
    assert loaded.config == model.config
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_damaged_weights_are_named(tmp_path) -> None:  # noqa: ANN001
    (tmp_path / 'model.safetensors').write_bytes(b'no tensors')
    with pytest.raises(WeightsError, match='model.safetensors'):
        load_model(tmp_path)


def test_a_width_that_gives_no_whole_channels_is_refused() -> None:
    with pytest.raises(ValueError, match='0.1'):
        ModelConfig(('ball',), widths=(0.1, 1.0))
