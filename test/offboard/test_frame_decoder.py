"""What becomes of frames of video at the server: decoded in order, refused, served."""

from dataclasses import replace

import numpy as np
import pytest

from slim_split_ros.offboard import decode as decode_module
from slim_split_ros.offboard.decode import PictureInput, ServerInput, check_frame
from slim_split_ros.offboard.errors import (
    FrameMismatchError,
    ReferenceLostError,
    VideoMissingError,
)
from slim_split_ros.offboard.frame_decoder import FORGET_S, MOST_STREAMS, FrameDecoder
from slim_split_ros.offboard.picture_values import PIXEL_DEVIATION, PIXEL_MEAN
from slim_split_ros.offboard.server import load_server
from slim_split_ros.onboard.encoder import FrameEncoder
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import Frame, FrameHeader
from slim_split_ros.wire.manifest import load_manifest
from support.bundles import write_tiny_bundle

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')

ROBOT, OTHER = 1, 2


@pytest.fixture(scope='module')
def manifest(tmp_path_factory):
    return load_manifest(write_tiny_bundle(
        tmp_path_factory.mktemp('video'), with_pictures=True, with_video=True))


@pytest.fixture
def decoder(manifest):
    return FrameDecoder(manifest)


def patch_at(x: int, y: int) -> np.ndarray:
    """Return black, 640x480, with a white square of 64 pixels at (x, y)."""
    image = np.zeros((480, 640, 3), np.uint8)
    image[y:y + 64, x:x + 64] = 255
    return image


def record(manifest, count, coders=(), alone=(), sender=ROBOT):
    """Return frames of a square that moves right, as the sender of the robot makes them."""
    encoder = FrameEncoder(manifest)
    frames, reference = [], None
    for sequence in range(count):
        coder = coders[sequence] if coders else 'video'
        encoded = encoder.encode(
            patch_at(8 * sequence, 96), 0.5, 0, coder=coder, alone=sequence in alone)
        frames.append(Frame(FrameHeader(
            sender, sequence, encoded.geometry, 0.5, 0, manifest.fingerprint, 7, 1.0,
            reference=None if encoded.alone else reference), encoded.payload))
        if coder == 'video':
            reference = sequence
    return frames


def left_edge(picture):
    """Return where the square begins, in pixels of the image."""
    return int(np.argmax(picture.max(axis=(0, 2)) > 128)) * 640 / picture.shape[1]


def test_frames_of_video_become_pictures_in_their_order(manifest, decoder):
    for sequence, frame in enumerate(record(manifest, 5)):
        check_frame(frame, manifest)

        decoded = decoder.decode(frame)

        assert isinstance(decoded, PictureInput)
        assert decoded.picture.shape == (240, 320, 3)
        assert decoded.geometry == FrameGeometry(640, 480, 416, 320)
        assert left_edge(decoded.picture) == pytest.approx(8 * sequence, abs=4)


def test_frames_of_symbols_between_do_not_interrupt_a_stream(manifest, decoder):
    frames = record(manifest, 4, coders=('video', 'cells', 'video', 'cells'))

    kinds = [type(decoder.decode(frame)) for frame in frames]

    assert kinds == [PictureInput, ServerInput, PictureInput, ServerInput]


def test_senders_do_not_disturb_each_other(manifest, decoder):
    pairs = zip(record(manifest, 3), record(manifest, 3, sender=OTHER), strict=True)

    for sequence, pair in enumerate(pairs):
        for frame in pair:
            picture = decoder.decode(frame).picture
            assert left_edge(picture) == pytest.approx(8 * sequence, abs=4)


def test_frames_that_were_displaced_are_decoded_first(manifest, decoder):
    frames = record(manifest, 5)

    decoded = decoder.decode(frames[4], earlier=frames[:4])

    assert left_edge(decoded.picture) == pytest.approx(32, abs=4)


def test_frames_before_one_of_symbols_are_decoded_for_those_after_it(manifest, decoder):
    frames = record(manifest, 4, coders=('video', 'video', 'cells', 'video'))

    assert isinstance(decoder.decode(frames[2], earlier=frames[:2]), ServerInput)

    assert left_edge(decoder.decode(frames[3]).picture) == pytest.approx(24, abs=4)


def test_frame_whose_reference_was_lost_is_refused_until_one_is_alone(manifest, decoder):
    frames = record(manifest, 6, alone={4})
    decoder.decode(frames[0])

    for lost in (2, 3):
        with pytest.raises(ReferenceLostError, match=f'needs frame {lost - 1}, which was lost'):
            decoder.decode(frames[lost])

    for sequence in (4, 5):
        picture = decoder.decode(frames[sequence]).picture
        assert left_edge(picture) == pytest.approx(8 * sequence, abs=4)


def test_damaged_frame_costs_itself_and_those_that_lean_on_it(manifest, decoder):
    frames = record(manifest, 4, alone={3})
    decoder.decode(frames[0])

    with pytest.raises(PayloadError):
        decoder.decode(replace(frames[1], payload=frames[1].payload[:3]))
    with pytest.raises(ReferenceLostError):
        decoder.decode(frames[2])
    assert left_edge(decoder.decode(frames[3]).picture) == pytest.approx(24, abs=4)


def test_overtaken_frame_that_is_alone_does_not_interrupt_the_newer(manifest, decoder):
    frames = record(manifest, 5, alone={2, 3})
    decoder.decode(frames[3])

    assert left_edge(decoder.decode(frames[2]).picture) == pytest.approx(16, abs=4)
    assert left_edge(decoder.decode(frames[4]).picture) == pytest.approx(32, abs=4)


def test_recording_that_is_played_again_is_decoded_as_at_first(manifest, decoder):
    frames = record(manifest, 5)

    for _ in range(3):
        for sequence, frame in enumerate(frames):
            picture = decoder.decode(frame).picture
            assert left_edge(picture) == pytest.approx(8 * sequence, abs=4)


def test_invented_frame_far_ahead_costs_the_robot_one_frame_that_is_alone(manifest, decoder):
    frames = record(manifest, 6, alone={2})
    decoder.decode(frames[0])
    header = replace(frames[0].header, sequence=2**31 - 1)
    decoder.decode(Frame(header, frames[0].payload))

    with pytest.raises(ReferenceLostError):
        decoder.decode(frames[1])
    for sequence in range(2, 6):
        picture = decoder.decode(frames[sequence]).picture
        assert left_edge(picture) == pytest.approx(8 * sequence, abs=4)


def test_two_streams_of_a_sender_end_as_the_one_with_the_newer_frames(manifest, decoder):
    frames = record(manifest, 6, alone={0, 2, 3})
    decoder.decode(frames[3])
    decoder.decode(frames[2])

    picture = decoder.decode(frames[4]).picture

    assert left_edge(picture) == pytest.approx(32, abs=4)
    assert left_edge(decoder.decode(frames[5]).picture) == pytest.approx(40, abs=4)


def test_stream_of_a_silent_sender_is_forgotten(manifest, decoder):
    robot, other = record(manifest, 2), record(manifest, 1, sender=OTHER)
    decoder.decode(robot[0], now_s=1.0)
    decoder.decode(other[0], now_s=2.0 + FORGET_S)

    with pytest.raises(ReferenceLostError):
        decoder.decode(robot[1], now_s=2.0 + FORGET_S)


def test_of_too_many_senders_the_one_silent_for_longest_is_forgotten(manifest, decoder):
    robot = record(manifest, 2)
    decoder.decode(robot[0])
    for sender in range(MOST_STREAMS):
        header = replace(robot[0].header, sender_start_ns=100 + sender)
        decoder.decode(Frame(header, robot[0].payload))

    with pytest.raises(ReferenceLostError):
        decoder.decode(robot[1])


@pytest.mark.parametrize(('change', 'complaint'), [
    ({'rate': 3}, 'rate is 3, the model has 0 to 2'), ({'width': 0.3}, 'width is 0.3'),
    ({'chunk_count': 2}, 'chunk_count is 2')])
def test_header_that_the_model_lacks_is_refused_before_decoding(manifest, change, complaint):
    (frame,) = record(manifest, 1)

    with pytest.raises(FrameMismatchError, match=complaint):
        check_frame(replace(frame, header=replace(frame.header, **change)), manifest)


def test_stream_of_another_size_than_its_header_says_is_refused(manifest, decoder):
    (frame,) = record(manifest, 1)
    smaller = replace(frame.header, geometry=FrameGeometry.fit(640, 320, 416, 32))

    with pytest.raises(PayloadError, match='stream says 320x240.*implies 320x160'):
        decoder.decode(replace(frame, header=smaller))


def test_payload_longer_than_any_picture_is_refused_before_it_waits(manifest):
    (frame,) = record(manifest, 1)

    with pytest.raises(PayloadError, match='takes at most'):
        check_frame(replace(frame, payload=b'\x05' + bytes(10**6)), manifest)


def test_frame_of_symbols_that_names_a_reference_is_refused(manifest):
    (frame,) = record(manifest, 1, coders=('cells',))
    leaning = replace(frame.header, sequence=9, reference=8)

    with pytest.raises(FrameMismatchError, match='frames of symbols need none'):
        check_frame(replace(frame, header=leaning), manifest)


def test_model_without_video_refuses_it(tmp_path, manifest):
    other = load_manifest(write_tiny_bundle(tmp_path, with_pictures=True))
    (frame,) = record(manifest, 1)
    header = replace(frame.header, fingerprint=other.fingerprint)

    with pytest.raises(PayloadError, match="names coder 5, the model's is"):
        check_frame(replace(frame, header=header), other)


def test_server_without_pyav_refuses_video_with_the_remedy_and_serves_the_rest(
        manifest, monkeypatch):
    video, cells = record(manifest, 2, coders=('video', 'cells'))
    monkeypatch.setattr(
        decode_module, 'why_no_video_decoding', lambda: 'PyAV is not usable here: install it')

    with pytest.raises(VideoMissingError, match='PyAV is not usable here: install it'):
        check_frame(video, manifest)
    check_frame(cells, manifest)
    assert isinstance(FrameDecoder(manifest).decode(cells), ServerInput)


def test_picture_of_video_is_detected_in_and_served_as_it_is(manifest, decoder):
    frames = record(manifest, 3, coders=('video', 'cells', 'video'))
    batch = [decoder.decode(frame) for frame in frames]

    served = load_server(manifest, 'cpu').serve(batch)

    assert [each.picture.shape for each in served] == [
        (240, 320, 3), (312, 416, 3), (240, 320, 3)]
    for sequence, each in enumerate(served):
        x, y, width, height = each.detections.boxes[0]
        assert 8 * sequence <= x + width / 2 <= 8 * sequence + 64
        assert 96 <= y + height / 2 <= 160


def test_without_a_detector_video_is_a_picture_alone(manifest, decoder):
    (frame,) = record(manifest, 1)

    (served,) = load_server(manifest, 'cpu', detects=False).serve([decoder.decode(frame)])

    assert served.picture.shape == (240, 320, 3) and len(served.detections) == 0


def test_pictures_are_scaled_for_the_detector_as_for_its_training():
    config = pytest.importorskip('slim_split_ros.networks.split_detector')

    assert (PIXEL_MEAN, PIXEL_DEVIATION) == (config.PIXEL_MEAN, config.PIXEL_DEVIATION)
