import pytest

from slim_split_ros.coders import CodedSize, StreamError, VideoEncoder, VideoSettings
from slim_split_ros.coders.access_unit import (
    KEY_SLICE,
    SLICE,
    check_access_unit,
    join_units,
    split_units,
)
from support.drawn_pictures import draw_picture, fit_geometry, mark_cells


def encode_stream(width=160, height=120, frames=1):
    encoder, settings = VideoEncoder(), VideoSettings(4096, 0.8, (-0.2,))
    for shift in range(frames):
        picture = draw_picture(width, height, shift)
        geometry = fit_geometry(picture)
        levels = mark_cells(geometry, slice(2, 5), slice(2, 5), 1)
        encoded = encoder.encode(picture, levels, geometry, settings)
    return encoded.payload[1:]


def test_units_that_are_split_join_to_the_same_stream():
    stream = encode_stream()

    assert join_units(split_units(stream)) == stream


@pytest.mark.parametrize('sides', [(16, 16), (160, 120), (250, 34), (638, 478)])
def test_size_that_a_stream_announces_is_read(sides):
    stream = encode_stream(*sides)

    check_access_unit(stream, CodedSize(*sides), alone=True)
    with pytest.raises(StreamError, match=f'stream says {sides[0]}x{sides[1]}'):
        check_access_unit(stream, CodedSize(sides[0] + 2, sides[1]), alone=True)


def test_frame_that_needs_another_has_nothing_but_a_slice():
    stream = encode_stream(frames=2)

    assert [unit.kind for unit in split_units(stream)] == [SLICE]
    check_access_unit(stream, CodedSize(160, 120), alone=False)


def test_frame_is_what_its_header_says_alone_or_not():
    with pytest.raises(StreamError, match='decodes alone'):
        check_access_unit(encode_stream(frames=2), CodedSize(160, 120), alone=True)
    with pytest.raises(StreamError, match='needs another'):
        check_access_unit(encode_stream(), CodedSize(160, 120), alone=False)


def test_a_payload_full_of_start_codes_is_refused_by_their_number():
    with pytest.raises(StreamError, match='has 300000 NAL units, a frame has 1'):
        check_access_unit(300_000 * b'\0\0\1\x41', CodedSize(960, 720), alone=False)


def test_stream_of_two_frames_is_refused():
    with pytest.raises(StreamError, match='NAL units of types'):
        check_access_unit(
            encode_stream() + encode_stream(frames=2), CodedSize(160, 120), alone=True)


@pytest.mark.parametrize('stream', [
    b'', b'\0', b'garbage', b'x\0\0\1\x65', b'\0\0\1', b'\0\0\1\0\0\1\x65'])
def test_bytes_that_are_no_stream_are_refused(stream):
    with pytest.raises(StreamError):
        split_units(stream)


def test_sequence_set_that_is_cut_is_refused_wherever_it_ends():
    units = split_units(encode_stream())
    assert units[-1].kind == KEY_SLICE
    for length in range(1, 8):
        cut = [type(units[0])(7, units[0].data[:length]), *units[1:]]

        with pytest.raises(StreamError):
            check_access_unit(join_units(cut), CodedSize(160, 120), alone=True)
