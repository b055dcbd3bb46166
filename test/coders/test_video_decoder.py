import resource
import sys
import time

import numpy as np
import pytest

from slim_split_ros.coders import (
    CodedSize,
    MissingReferenceError,
    StreamError,
    VideoDecoder,
    VideoEncoder,
    VideoSettings,
)
from slim_split_ros.coders.access_unit import SEQUENCE, Unit, join_units, split_units
from support.drawn_pictures import draw_picture, fit_geometry, mark_cells
from support.hostile_streams import hostile_payloads

SIZE = CodedSize(160, 120)
MOST_DECODE_S = 0.05


def encode_clip(frames, size=160, alone=()):
    encoder, settings = VideoEncoder(), VideoSettings(size, 0.7, (-0.2,))
    clip = []
    for shift in range(frames):
        picture = draw_picture(shift=shift)
        geometry = fit_geometry(picture)
        levels = mark_cells(geometry, slice(4, 10), slice(6, 14), 1)
        clip.append(
            encoder.encode(picture, levels, geometry, settings, alone=shift in alone))
    return clip


def test_clip_decodes_frame_by_frame():
    decoder = VideoDecoder()

    for shift, frame in enumerate(encode_clip(6, alone={3})):
        picture = decoder.decode(frame.payload, SIZE, frame.alone)

        assert np.abs(picture.astype(int) - draw_picture(shift=shift)).mean() < 6


def test_frame_that_needs_another_is_refused_without_it():
    clip = encode_clip(2)

    with pytest.raises(MissingReferenceError, match='needs another'):
        VideoDecoder().decode(clip[1].payload, SIZE, alone=False)


def test_after_a_damaged_frame_the_next_that_is_alone_is_decoded():
    clip = encode_clip(4, alone={3})
    decoder = VideoDecoder()
    decoder.decode(clip[0].payload, SIZE, alone=True)

    with pytest.raises(StreamError):
        decoder.decode(clip[1].payload[:20], SIZE, alone=True)
    with pytest.raises(MissingReferenceError):
        decoder.decode(clip[2].payload, SIZE, alone=False)

    picture = decoder.decode(clip[3].payload, SIZE, alone=True)
    assert np.abs(picture.astype(int) - draw_picture(shift=3)).mean() < 6


def test_stream_of_another_size_than_its_header_says_is_refused():
    (frame,) = encode_clip(1)

    with pytest.raises(StreamError, match='stream says 160x120 pixels.*implies 320x240'):
        VideoDecoder().decode(frame.payload, CodedSize(320, 240), alone=True)


def test_parameters_of_a_huge_picture_are_refused_before_ffmpeg_sees_them():
    # A sequence parameter set of 1,000,000 x 1,000,000 pixels: 66, level 5.2, ids and counts 0.
    number = format(62_500, 'b')
    golomb = '0' * (len(number) - 1) + number
    bits = '1' + '1' + '1' + '1' + '1' + '0' + golomb + golomb + '1' + '1' + '0' + '0' + '1'
    bits += '0' * (-len(bits) % 8)
    huge = bytes([0x67, 66, 0, 52]) + int(bits, 2).to_bytes(len(bits) // 8, 'big')
    units = split_units(encode_clip(1)[0].payload[1:])
    stream = b'\x05' + join_units([Unit(SEQUENCE, huge), *units[1:]])

    with pytest.raises(StreamError):
        VideoDecoder().decode(stream, SIZE, alone=True)


def test_payload_longer_than_any_picture_is_refused():
    with pytest.raises(StreamError, match='at most'):
        VideoDecoder().decode(b'\x05' + bytes(10**6), SIZE, alone=True)


@pytest.mark.parametrize('payload', [b'', b'\x04\0\0\1\x65', b'\x05'])
def test_payload_of_another_coder_or_none_is_refused(payload):
    with pytest.raises(StreamError):
        VideoDecoder().decode(payload, SIZE, alone=True)


def test_hostile_streams_are_refused_or_decoded_and_the_next_sound_frame_is_served(capfd):
    decode_hostile(streams=400)

    # FFmpeg complains of each damaged macroblock.
    assert capfd.readouterr().err == ''


@pytest.mark.fuzz
def test_hundred_thousand_hostile_streams_do_no_harm():
    decode_hostile(streams=2_000)
    before = peak_bytes()

    decode_hostile(streams=100_000)

    assert peak_bytes() < before + 20e6


def decode_hostile(streams):
    """Decode altered streams, and after each tenth a sound one."""
    clip = encode_clip(4)
    decoder = VideoDecoder()
    for number, (payload, alone) in enumerate(hostile_payloads(clip, streams, seed=1)):
        started_s = time.thread_time()
        try:
            picture = decoder.decode(payload, SIZE, alone)
        except StreamError as error:
            assert str(error)
        else:
            assert picture.shape == (120, 160, 3)
        # Of this thread's processor: others may be busy.
        assert time.thread_time() - started_s < MOST_DECODE_S
        if number % 10 == 0:
            assert decoder.decode(clip[0].payload, SIZE, alone=True).shape == (120, 160, 3)


def peak_bytes():
    unit = 1 if sys.platform == 'darwin' else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
