import itertools

import numpy as np
import pytest

from slim_split_ros.onboard.encoder import FrameEncoder
from slim_split_ros.onboard.errors import EncoderError
from slim_split_ros.wire.errors import GeometryError, ManifestError
from slim_split_ros.wire.manifest import load_manifest
from slim_split_ros.wire.payload import Coder, unpack_symbols
from support.bundles import replace_file, write_tiny_bundle

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')


@pytest.fixture(scope='module')
def manifest(tmp_path_factory):
    return load_manifest(write_tiny_bundle(tmp_path_factory.mktemp('model')))


@pytest.fixture(scope='module')
def encoder(manifest):
    return FrameEncoder(manifest)


def white_patch() -> np.ndarray:
    """Return 640x480 black with a white patch whose cells in the input are (4, 6) to (8, 9)."""
    image = np.zeros((480, 640, 3), np.uint8)
    image[148:222, 99:197] = 255
    return image


@pytest.mark.parametrize('rate', [0, 1])
@pytest.mark.parametrize('index', range(4))
def test_a_payload_holds_the_symbols_of_its_width_and_rate(manifest, encoder, index, rate):
    entry = manifest.widths[index]

    encoded = encoder.encode(white_patch(), entry.width, rate)

    assert encoded.symbol_shape == (entry.latent_channels, 20, 26)
    symbols = unpack_symbols(
        encoded.payload, encoded.symbol_shape, Coder.ANS, manifest.tables(index, rate))
    assert symbols[:, 7, 6].tolist() == [(20, 10)[rate]] * entry.latent_channels
    assert symbols[:, 2, 2].tolist() == [0] * entry.latent_channels


def test_widths_and_sizes_may_change_at_every_frame(encoder):
    small, large = white_patch(), np.zeros((1080, 1920, 3), np.uint8)
    alone = encoder.encode(small, 0.25, 0).payload

    encoder.encode(large, 1.0, 1)

    assert encoder.encode(small, 0.25, 0).payload == alone


def test_channel_order_is_undone(encoder):
    blue = np.zeros((480, 640, 3), np.uint8)
    blue[:, :, 0] = 255

    assert (encoder.encode(blue, 0.5, 0).payload
            == encoder.encode(np.ascontiguousarray(blue[:, :, ::-1]), 0.5, 0, 'rgb').payload)


def test_tables_are_used_where_the_model_has_them_and_zstd_elsewhere(tmp_path, encoder):
    without = FrameEncoder(load_manifest(write_tiny_bundle(tmp_path, with_tables=False)))

    assert encoder.encode(white_patch(), 1.0, 0).payload[0] == Coder.ANS
    assert without.encode(white_patch(), 1.0, 0).payload[0] == Coder.ZSTD


def test_symbols_travel_in_the_bits_that_the_model_gives_a_rate(tmp_path):
    manifest = load_manifest(write_tiny_bundle(tmp_path, bits=(6, 5)))
    encoder = FrameEncoder(manifest)

    for rate, bits in enumerate((6, 5)):
        encoded = encoder.encode(white_patch(), 0.5, rate)

        assert encoded.payload[0] == Coder.BITS
        assert len(encoded.payload) == 1 + 8 * 20 * 26 * bits // 8
        symbols = unpack_symbols(
            encoded.payload, encoded.symbol_shape, Coder.BITS, bits=bits)
        assert symbols[:, 7, 6].tolist() == [(20, 10)[rate]] * 8


def test_times_come_from_the_clock_that_was_given(manifest):
    ticks = itertools.count()
    encoder = FrameEncoder(manifest, clock=lambda: float(next(ticks)))

    encoded = encoder.encode(white_patch(), 1.0, 0)

    assert (encoded.encode_ms, encoded.network_ms) == (3000.0, 1000.0)


@pytest.mark.parametrize(
    ('width', 'rate', 'complaint'),
    [
        (0.3, 0, r'width is 0\.3, the model has 0\.25, 0\.5, 0\.75, 1'),
        (float('nan'), 0, 'width is nan'),
        (0.5, 2, 'rate is 2, the model has 0 to 1'),
        (0.5, -1, 'rate is -1'),
    ],
)
def test_a_width_or_rate_that_the_model_lacks_is_refused(encoder, width, rate, complaint):
    with pytest.raises(EncoderError, match=complaint):
        encoder.encode(white_patch(), width, rate)


def test_an_image_without_pixels_is_refused(encoder):
    with pytest.raises(GeometryError, match='640x0 pixels'):
        encoder.encode(np.zeros((0, 640, 3), np.uint8), 1.0, 0)


def test_a_damaged_encoder_is_named_at_the_start(tmp_path):
    folder = write_tiny_bundle(tmp_path)
    (folder / 'encoder_w050.onnx').write_bytes(b'no model')

    with pytest.raises(ManifestError, match=r'encoder_w050\.onnx is damaged'):
        FrameEncoder(load_manifest(folder))


def test_a_file_that_is_no_graph_is_named_with_a_remedy(tmp_path):
    folder = write_tiny_bundle(tmp_path)
    replace_file(folder, 'encoder_w050.onnx', b'no model')

    with pytest.raises(EncoderError, match=r'encoder_w050\.onnx does not load .*export'):
        FrameEncoder(load_manifest(folder))


def test_the_graph_of_another_width_is_refused_at_the_start(tmp_path):
    folder = write_tiny_bundle(tmp_path)
    replace_file(folder, 'encoder_w050.onnx', (folder / 'encoder_w075.onnx').read_bytes())

    with pytest.raises(ManifestError, match=r'gain of .*encoder_w050\.onnx .* 12, must be .* 8'):
        FrameEncoder(load_manifest(folder))


def test_a_graph_with_other_inputs_is_refused_at_the_start(tmp_path):
    folder = write_tiny_bundle(tmp_path)
    replace_file(folder, 'encoder_w050.onnx', (folder / 'server.onnx').read_bytes())

    with pytest.raises(ManifestError, match=r'has the inputs symbols, .* must have image, gain'):
        FrameEncoder(load_manifest(folder))
