"""What the robot's encoder does with the coder `video`: alone or not, and without PyAV."""

import numpy as np
import pytest

from slim_split_ros.coders import CodedSize, VideoDecoder
from slim_split_ros.onboard import encoder as encoder_module
from slim_split_ros.onboard.encoder import FrameEncoder
from slim_split_ros.onboard.errors import EncoderError
from slim_split_ros.wire.errors import GeometryError, ManifestError
from slim_split_ros.wire.manifest import load_manifest
from slim_split_ros.wire.payload import Coder
from support.bundles import replace_file, write_tiny_bundle

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')


@pytest.fixture(scope='module')
def manifest(tmp_path_factory):
    return load_manifest(write_tiny_bundle(
        tmp_path_factory.mktemp('video'), with_pictures=True, with_video=True))


@pytest.fixture
def encoder(manifest):
    return FrameEncoder(manifest)


def striped(shift: int = 0) -> np.ndarray:
    """Return 640x480: dark stripes on the left, bright ones, which the map marks, at the right."""
    column = (np.arange(640) + shift) // 8 % 2
    row = np.where(np.arange(640) < 320, 20 + 60 * column, 140 + 110 * column)
    return np.broadcast_to(row[None, :, None], (480, 640, 3)).astype(np.uint8)


def test_frame_of_video_says_its_coder_and_that_it_is_alone(encoder):
    encoded = encoder.encode(striped(), 0.25, 0, coder='video')

    assert encoded.payload[0] == Coder.H264
    assert (encoded.coder, encoded.alone, encoded.symbol_shape) == ('video', True, None)
    assert encoded.encode_ms >= encoded.network_ms > 0
    picture = VideoDecoder().decode(encoded.payload, CodedSize(320, 240), alone=True)
    assert picture.shape == (240, 320, 3)


def test_where_the_first_picture_fails_the_robot_has_the_other_coder(manifest, monkeypatch):
    region = np.dtype([('bytes', np.int32), ('more', np.int32)])
    monkeypatch.setattr('slim_split_ros.coders.quantizer_regions.REGION', region)

    encoder = FrameEncoder(manifest)

    assert 'video' not in encoder.coders
    assert encoder.why_no_video
    assert encoder.encode(striped(), 0.25, 0).coder == 'cells'


def test_cells_that_the_map_marks_are_finer(encoder):
    payload = encoder.encode(striped(), 0.5, 0, coder='video').payload

    picture = VideoDecoder().decode(payload, CodedSize(320, 240), alone=True).astype(int)

    # Stripes have an amplitude of 60 at the left and 110 at the right.
    contrast = picture.max(axis=1) - picture.min(axis=1)
    wrong = np.abs(picture - striped()[::2, ::2])
    assert wrong[:, 168:312].mean() / 110 < wrong[:, 8:152].mean() / 60 / 2
    assert contrast.max() > 150


def test_frames_continue_each_other_where_they_need_not_be_alone(encoder):
    frames = [encoder.encode(striped(shift), 0.25, 1, coder='video', alone=False)
              for shift in range(3)]

    assert [frame.alone for frame in frames] == [True, False, False]


def test_frames_of_symbols_between_leave_the_stream_as_it_is(encoder):
    encoder.encode(striped(), 0.25, 1, coder='video', alone=False)

    cells = encoder.encode(striped(1), 0.25, 1, alone=False)

    assert (cells.coder, cells.alone) == ('cells', True)
    assert not encoder.encode(striped(2), 1.0, 0, coder='video', alone=False).alone


def test_rate_of_another_size_starts_a_stream_and_forgetting_too(encoder):
    encoder.encode(striped(), 0.25, 1, coder='video', alone=False)

    assert encoder.encode(striped(1), 0.25, 2, coder='video', alone=False).alone
    encoder.forget()
    assert encoder.encode(striped(2), 0.25, 2, coder='video', alone=False).alone


def test_coders_of_a_model_with_video_are_named(encoder):
    assert 'video' in encoder.coders and 'cells' in encoder.coders
    assert encoder.why_no_video == ''


def test_robot_without_pyav_keeps_its_other_points_and_says_why(manifest, monkeypatch):
    monkeypatch.setattr(
        encoder_module, 'why_no_video_encoding', lambda: 'PyAV is not usable here')

    encoder = FrameEncoder(manifest)

    assert 'video' not in encoder.coders
    assert encoder.why_no_video == 'PyAV is not usable here'
    assert encoder.encode(striped(), 0.25, 0).coder == 'cells'
    with pytest.raises(EncoderError, match="coder is 'video'.*PyAV is not usable here"):
        encoder.encode(striped(), 0.25, 0, coder='video')


def test_model_without_video_has_no_such_coder_and_nothing_to_say(tmp_path):
    encoder = FrameEncoder(load_manifest(write_tiny_bundle(tmp_path)))

    assert 'video' not in encoder.coders
    assert encoder.why_no_video == ''
    encoder.forget()
    with pytest.raises(EncoderError, match="coder is 'video', here run cells"):
        encoder.encode(striped(), 0.25, 0, coder='video')


def test_rate_beyond_the_settings_of_video_is_refused(encoder):
    with pytest.raises(EncoderError, match='rate is 3, the model has 0 to 2'):
        encoder.encode(striped(), 0.25, 3, coder='video')


def test_image_that_leaves_no_picture_is_refused_and_the_next_is_coded(encoder):
    with pytest.raises(GeometryError, match='video needs at least'):
        encoder.encode(striped()[:1], 0.25, 0, coder='video')

    assert encoder.encode(striped(), 0.25, 0, coder='video').alone


def test_graph_that_gives_no_map_is_refused_at_the_start(tmp_path):
    folder = write_tiny_bundle(tmp_path, with_pictures=True, with_video=True)
    replace_file(folder, 'map.onnx', (folder / 'encoder_w025.onnx').read_bytes())

    with pytest.raises(ManifestError, match=r'map\.onnx has the inputs image, gain'):
        FrameEncoder(load_manifest(folder))
