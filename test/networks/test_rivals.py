"""The systems that we compare with: the paper's numbers, shapes and modes."""

import doctest
import importlib
from pathlib import Path

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.config import ModelConfig  # noqa: E402
from slim_split_ros.networks.detector import Detector  # noqa: E402
from slim_split_ros.networks.errors import WeightsError  # noqa: E402
from slim_split_ros.networks.quantizer import rate_gain  # noqa: E402
from slim_split_ros.networks.rivals import late  # noqa: E402
from slim_split_ros.networks.rivals.ensemble import (  # noqa: E402
    EnsembleDecoder,
    EnsembleDetector,
    EnsembleEncoder,
    dequantize,
    quantize,
    quantize_through,
)
from slim_split_ros.networks.rivals.entropic import EntropicCodec  # noqa: E402
from slim_split_ros.networks.rivals.nano import nano_config  # noqa: E402
from slim_split_ros.networks.rivals.prior import (  # noqa: E402
    latent_of,
    quantize_with_noise,
    round_latent,
)
from slim_split_ros.networks.rivals.rivals import Rivals  # noqa: E402
from slim_split_ros.networks.rivals.stored import (  # noqa: E402
    StoredRivals,
    load_rivals,
    round_rivals,
    save_rivals,
)
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch

FULL = ModelConfig(('person', 'robot', 'ball', 'goal_post'))
MAX_FILE_BYTES = 10_000_000


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize('name', ['ensemble', 'nano', 'static'])
def test_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(f'slim_split_ros.networks.rivals.{name}')
    assert doctest.testmod(module).failed == 0


def test_the_papers_encoder_has_the_published_size() -> None:
    assert parameters(EnsembleEncoder()) == pytest.approx(25_300, rel=0.01)


def test_the_papers_layers_have_the_published_sizes() -> None:
    shapes = []
    member = EnsembleEncoder().members[0].eval()
    for layer in member:
        layer.register_forward_hook(lambda _, __, output: shapes.append(tuple(output.shape[1:])))
    member(torch.zeros(1, 3, 384, 384))
    assert shapes[1:] == [(6, 191, 191), (4, 191, 191), (4, 191, 191), (6, 96, 96), (6, 96, 96),
                          (6, 96, 96)]


def test_latents_lie_at_a_quarter_within_one() -> None:
    latent = EnsembleEncoder().eval()(torch.randn(2, 3, 96, 64), 4)
    assert latent.shape == (2, 6, 24, 16)
    assert latent.abs().max() <= 1


def test_fewer_members_do_not_read_the_others_weights() -> None:
    encoder, image = EnsembleEncoder().eval(), torch.randn(1, 3, 32, 32)
    two, three = encoder(image, 2), encoder(image, 3)
    with torch.no_grad():
        encoder.members[2][2].widen.weight += 1.0
    assert torch.equal(encoder(image, 2), two)
    assert not torch.allclose(encoder(image, 3), three)


def test_rows_with_members_of_their_own_equal_those_encoded_alone() -> None:
    encoder, image = EnsembleEncoder().eval(), torch.randn(4, 3, 32, 64)
    together = encoder.mixed(image, torch.tensor([1, 4, 2, 3]))
    for row, members in enumerate((1, 4, 2, 3)):
        assert torch.allclose(together[row], encoder(image[row:row + 1], members)[0], atol=1e-5)


@pytest.mark.parametrize('bits', [1, 2, 3, 4])
def test_bits_give_as_many_symbols_evenly_around_zero(bits: int) -> None:
    gain = torch.full((6,), 2.0 ** (bits - 1))
    latent = torch.linspace(-1, 1, 600).view(1, 6, 10, 10)
    symbols = quantize(latent, gain)
    assert symbols.unique().tolist() == list(range(-2 ** (bits - 1), 2 ** (bits - 1)))
    received = dequantize(symbols, 1.0 / gain[None])
    assert (received - latent).abs().max() <= 2.0 ** -bits + 1e-6
    assert received.mean() == pytest.approx(0.0, abs=1e-6)


def test_training_sends_what_the_robot_sends_and_passes_the_gradient() -> None:
    latent = torch.rand(2, 6, 4, 4).mul(2).sub(1).requires_grad_()
    gain = torch.tensor([[1.0], [4.0]]).expand(-1, 6)
    received = quantize_through(latent, gain)
    expected = dequantize(quantize(latent, gain), 1.0 / gain)
    assert torch.allclose(received, expected, atol=1e-6)
    received.sum().backward()
    assert torch.equal(latent.grad, torch.ones_like(latent))


def test_the_papers_decoder_ends_where_the_detector_begins() -> None:
    decoder = EnsembleDecoder(40).eval()
    assert decoder(torch.zeros(1, 6, 104, 80)).shape == (1, 40, 52, 40)
    assert parameters(decoder) < 500_000


def test_the_papers_system_decodes_what_ours_is_given_and_ignores_the_width() -> None:
    system = EnsembleDetector(small_config()).eval()
    symbols = torch.randint(-8, 8, (2, 6, 16, 24)).to(torch.int8)
    steps = torch.full((2, 6), 0.125)
    narrow = system.decode(symbols, steps, torch.tensor([0, 0])).logits
    assert torch.equal(narrow, system.decode(symbols, steps, torch.tensor([3, 3])).logits)
    assert narrow.shape[1] == 8 * 12 + 4 * 6 + 2 * 3


def test_the_entropic_student_sends_symbols_at_an_eighth() -> None:
    decoded, sent = EntropicCodec(40).eval()(torch.randn(2, 3, 64, 96))
    assert decoded.shape == (2, 40, 8, 12)
    assert sent.latent.shape == (2, 16, 8, 12)
    assert torch.equal(sent.latent, sent.latent.round())


def test_the_gradient_passes_the_entropic_students_rounding_unchanged() -> None:
    latent = torch.randn(1, 8, 2, 2, requires_grad=True)
    quantize_with_noise(latent, torch.zeros(8)).latent.sum().backward()
    assert torch.allclose(latent.grad, torch.ones_like(latent))


def test_bits_fall_when_symbols_come_closer_to_zero() -> None:
    few, many = (quantize_with_noise(torch.full((1, 8, 4, 4), value), torch.zeros(8))
                 for value in (0.0, 9.0))
    assert 0 < few.symbol_bits.item() < many.symbol_bits.item()
    assert few.noisy_bits.item() < many.noisy_bits.item()


def test_only_the_noisy_bits_have_a_gradient() -> None:
    latent = torch.randn(1, 8, 4, 4, requires_grad=True)
    quantized = quantize_with_noise(latent, torch.zeros(8))
    assert not quantized.symbol_bits.requires_grad
    quantized.noisy_bits.sum().backward()
    assert latent.grad.abs().sum() > 0


def test_latents_come_back_within_half_a_step() -> None:
    latent = 5 * torch.randn(1, 3, 4, 4)
    gain = torch.tensor([1.0, 0.5, 2.0])
    back = latent_of(round_latent(latent, gain), 1.0 / gain[None])
    assert ((back - latent).abs() <= 0.5 / gain[None, :, None, None] + 1e-5).all()
    assert round_latent(torch.full((1, 1, 1, 1), 1e9), torch.ones(1)).item() == 127


def test_the_codec_without_slimming_is_our_encoder_of_the_full_width_alone() -> None:
    rivals = Rivals(small_config()).eval()
    config = rivals.static.config
    assert config.widths == (1.0,)
    symbols = rivals.static(torch.randn(1, 3, 64, 96), 1.0, rate_gain(config, 1.0, 0))
    assert symbols.shape == (1, small_config().latent_channels, 4, 6)


def test_the_late_cut_sends_eight_bits_at_a_sixteenth() -> None:
    rivals = Rivals(small_config()).eval()
    features = rivals.server.stem(torch.randn(1, 3, 64, 96))
    latent = rivals.late.encode(features)
    assert latent.shape == (1, 8, 4, 6)
    back = late.dequantize(late.quantize(latent))
    assert (back - latent).abs().max() <= 0.5 / 127 + 1e-6
    assert rivals.late(features).shape == features.shape


def test_the_rivals_start_from_the_detector_that_is_there() -> None:
    torch.manual_seed(1)
    detector = Detector(small_config())
    rivals = Rivals(small_config())
    rivals.start_from(detector)
    image = torch.randn(1, 3, 64, 64)
    detector.eval()
    rivals.eval()
    assert torch.equal(rivals.server(image).logits, detector(image).logits)
    stem = detector.stem(image)
    assert torch.equal(rivals.late.stage16(stem), detector.trunk.stage16(stem))


def test_the_nano_detector_has_a_quarter_of_the_parameters() -> None:
    assert parameters(Detector(nano_config(FULL))) < 0.3 * parameters(Detector(FULL))


def stored_rivals(config: ModelConfig) -> StoredRivals:
    torch.manual_seed(0)
    small = nano_config(config)
    stored = StoredRivals(Rivals(config), Detector(small), small, {'late': [[{'offset': 0}]]})
    round_rivals(stored.modules)
    return stored


def test_rivals_of_the_full_size_fit_into_ten_megabytes(tmp_path: Path) -> None:
    save_rivals(stored_rivals(FULL), tmp_path / 'rivals.safetensors')
    assert (tmp_path / 'rivals.safetensors').stat().st_size < MAX_FILE_BYTES


def test_rounding_moves_the_servers_weights_by_less_than_a_hundredth() -> None:
    torch.manual_seed(0)
    before = Rivals(small_config()).server.neck.state_dict()
    after = stored_rivals(small_config()).rivals.server.neck.state_dict()
    for name, tensor in before.items():
        limit = 0.005 * tensor.abs().max() if tensor.ndim else 0
        assert (after[name] - tensor).abs().max() <= limit, name


def test_damaged_rivals_are_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / 'rivals.safetensors').write_bytes(b'no tensors')
    with pytest.raises(WeightsError, match='train --rivals'):
        load_rivals(tmp_path / 'rivals.safetensors')
