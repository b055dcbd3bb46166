from dataclasses import replace

import numpy as np
import pytest

from slim_split_ros.offboard.decode import decode_frame
from slim_split_ros.offboard.errors import FingerprintMismatchError, FrameMismatchError
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import Frame, FrameHeader
from slim_split_ros.wire.manifest import load_manifest
from slim_split_ros.wire.payload import Coder, pack_symbols
from support.bundles import write_tiny_bundle

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')


@pytest.fixture(scope='module')
def manifest(tmp_path_factory):
    return load_manifest(write_tiny_bundle(tmp_path_factory.mktemp('model')))


@pytest.fixture
def symbols():
    return np.arange(8 * 20 * 26).astype(np.int8).reshape(8, 20, 26)


@pytest.fixture
def encoded(manifest, symbols):
    header = FrameHeader(
        sender_start_ns=1, sequence=5, geometry=FrameGeometry(640, 480, 416, 320), width=0.5,
        rate=1, fingerprint=manifest.fingerprint, stamp_ns=2, encode_ms=0.5)
    return Frame(header, pack_symbols(symbols, Coder.ANS, manifest.tables(1, rate=1)))


def with_header(encoded, **changes):
    return replace(encoded, header=replace(encoded.header, **changes))


def test_channels_that_were_not_sent_are_zero(manifest, encoded, symbols):
    frame = decode_frame(encoded, manifest)

    assert frame.width_index == 1
    assert frame.symbols.shape == (16, 20, 26)
    assert np.array_equal(frame.symbols[:8], symbols)
    assert not frame.symbols[8:].any()
    assert frame.inverse_gain.tolist() == [np.float32(0.1)] * 8 + [0.0] * 8


def test_the_bits_of_a_symbol_come_from_the_model_and_the_rate(tmp_path, encoded, symbols):
    manifest = load_manifest(write_tiny_bundle(tmp_path, bits=(6, 5)))
    small = symbols % 16
    sent = replace(
        with_header(encoded, fingerprint=manifest.fingerprint),
        payload=pack_symbols(small, Coder.BITS, bits=manifest.symbol_bits(1)))

    assert np.array_equal(decode_frame(sent, manifest).symbols[:8], small)
    with pytest.raises(PayloadError, match='for 4160 symbols of 6 bits'):
        decode_frame(with_header(sent, rate=0), manifest)


def test_a_width_that_went_through_float32_is_found(manifest, tmp_path, encoded):
    assert manifest.width_index(float(np.float32(0.75))) == 2
    assert manifest.width_index(float(np.float32(0.3))) is None


def test_a_frame_of_another_model_is_refused_with_both_fingerprints(
        manifest, tmp_path, encoded):
    other = load_manifest(write_tiny_bundle(tmp_path, seed=1))

    with pytest.raises(
            FingerprintMismatchError,
            match=f'{manifest.fingerprint:016x}.*{other.fingerprint:016x}.*parameter `model`'):
        decode_frame(encoded, other)


@pytest.mark.parametrize(
    ('changes', 'complaint'),
    [
        ({'width': 0.6}, r'width is 0\.6, the model has 0\.25, 0\.5, 0\.75, 1'),
        ({'rate': 2}, 'rate is 2, the model has 0 to 1'),
        ({'chunk_count': 3}, 'chunk_count is 3'),
        ({'geometry': FrameGeometry(640, 480, 416, 352)},
         'is 416x352, the model takes 416x320 for an image of 640x480'),
        ({'geometry': FrameGeometry(640, 480, 417, 320)}, 'is 417x320'),
        ({'geometry': FrameGeometry(640, 480, 4096, 4096)}, 'is 4096x4096'),
    ],
)
def test_a_header_that_does_not_fit_the_model_is_refused_by_field(
        manifest, encoded, changes, complaint):
    with pytest.raises(FrameMismatchError, match=complaint):
        decode_frame(with_header(encoded, **changes), manifest)


@pytest.mark.parametrize('changes', [
    {'width': 0.25}, {'width': 1.0}, {'geometry': FrameGeometry(480, 640, 320, 416)}])
def test_a_payload_for_another_header_never_gives_other_shapes(manifest, encoded, changes):
    """The checksum catches it before; alone, a payload is only as safe as its own checks."""
    changed = with_header(encoded, **changes)
    try:
        frame = decode_frame(changed, manifest)
    except PayloadError:
        return
    geometry = changed.header.geometry
    assert frame.symbols.shape == (16, geometry.input_height // 16, geometry.input_width // 16)


def test_a_cut_payload_is_refused(manifest, encoded):
    with pytest.raises(PayloadError):
        decode_frame(replace(encoded, payload=encoded.payload[:-9]), manifest)
