"""Plain H.264 as a rival: what is counted, what comes back, what needs the frame before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip('torch')
pytest.importorskip('onnxruntime')
pytest.importorskip('av')

from slim_split_ros.evaluation.codecs.h264_codec import H264Codec, H264VideoCodec  # noqa: E402
from slim_split_ros.evaluation.codecs.h264_stream import (  # noqa: E402
    H264Decoder,
    H264Encoder,
    without_sei,
)
from slim_split_ros.evaluation.codecs.image_codecs import MESSAGE_BYTES  # noqa: E402
from slim_split_ros.evaluation.codecs.picture_detector import DetectedPicture  # noqa: E402
from slim_split_ros.evaluation.figures.points import Setting  # noqa: E402

pytestmark = pytest.mark.torch
FINE = Setting('h264', scale=1.0, crf=16)
SEI, PARAMETERS, PICTURE, KEY_PICTURE = 6, 7, 1, 5


class Onlooker:
    """In place of a detector: return the picture shown."""

    def detect(self, image: np.ndarray) -> DetectedPicture:
        return DetectedPicture(image, 7.0, 5.0)


def camera(number: int = 0, width: int = 122, height: int = 90) -> np.ndarray:
    """Return a smooth picture that moves on by some pixels a frame."""
    y, x = np.mgrid[:height, :width]
    wave = 127 + 90 * np.sin((x + 3 * number) / 9) * np.cos(y / 11)
    return np.repeat(wave[:, :, None], 3, axis=2).astype(np.uint8)


def kinds(unit: bytes) -> list[int]:
    """Return the types of an access unit's parts."""
    starts = [place + 3 for place in range(len(unit) - 3) if unit[place:place + 3] == b'\0\0\1']
    return [unit[start] & 31 for start in starts]


def ticks() -> Iterator[float]:
    yield from (0.0, 0.004)


def test_a_still_is_one_key_frame_with_what_its_decoder_needs_and_nothing_else() -> None:
    sent = H264Codec(Onlooker()).encode(camera(), FINE)
    found = kinds(sent.content.unit)
    assert {PARAMETERS, KEY_PICTURE} <= set(found)
    assert not {SEI, PICTURE} & set(found)
    assert sent.bytes == len(sent.content.unit) + MESSAGE_BYTES


def test_only_parts_that_tell_of_options_are_left_out() -> None:
    units = [bytes([0, 0, 0, 1, 0x67, 0, 0, 3]), bytes([0, 0, 1, SEI, 0, 0, 3, 1]),
             bytes([0, 0, 1, 0x65, 6, 6])]
    assert without_sei(b''.join(units)) == units[0] + units[2]
    assert without_sei(units[1]) == b''


@pytest.mark.parametrize('scale', [1.0, 0.5, 1 / 3])
@pytest.mark.parametrize('size', [(122, 90), (121, 91)])
def test_a_still_comes_back_at_its_own_size(scale: float, size: tuple[int, int]) -> None:
    codec = H264Codec(Onlooker())
    setting = Setting('h264', scale=scale, crf=16)
    picture = camera(0, *size)
    shown = codec.detect(codec.encode(picture, setting), setting)
    assert shown.shape == picture.shape
    assert np.abs(shown.astype(int) - picture).mean() < 4


def test_a_still_does_not_depend_on_those_before_it() -> None:
    codec = H264Codec(Onlooker())
    first = codec.encode(camera(), FINE)
    codec.encode(camera(5), FINE)
    assert codec.encode(camera(), FINE).content == first.content


def test_opening_a_stream_is_not_timed() -> None:
    encoder = H264Encoder(1.0, 30, keeps_stream=False, clock=ticks().__next__)
    _, encode_ms = encoder.encode(camera())
    assert encode_ms == pytest.approx(4.0)


def test_video_has_one_key_frame_and_what_follows_needs_it() -> None:
    codec = H264VideoCodec(Onlooker())
    setting = Setting('h264_video', scale=1.0, crf=24)
    stream = codec.start(setting)
    sent = [stream.encode(camera(number)) for number in range(6)]
    assert [KEY_PICTURE in kinds(each.content.unit) for each in sent] == [True] + 5 * [False]
    assert max(each.bytes for each in sent[1:]) < sent[0].bytes
    for number, each in enumerate(sent):
        picture = stream.receive(each)
        assert np.abs(stream.detect(picture).astype(int) - camera(number)).mean() < 6
    with pytest.raises(Exception, match='Invalid data|unpack'):
        H264Decoder().decode(sent[3].content.unit)


def test_a_new_clip_begins_with_a_key_frame() -> None:
    codec = H264VideoCodec(Onlooker())
    setting = codec.settings[0]
    first, second = (codec.start(setting).encode(camera()) for _ in range(2))
    assert first.content == second.content


def test_settings_are_named_apart() -> None:
    settings = [*H264Codec(Onlooker()).settings, *H264VideoCodec(Onlooker()).settings]
    assert len({setting.name for setting in settings}) == len(settings)
    assert all(setting.preset == 'veryfast' for setting in settings)
