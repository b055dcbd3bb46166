import cv2
import numpy as np
import pytest

from slim_split_ros.coders import CodedSize, VideoDecoder, VideoEncoder, VideoSettings
from slim_split_ros.wire.errors import GeometryError
from slim_split_ros.wire.payload import Coder
from support.drawn_pictures import draw_picture, fit_geometry, mark_cells

FINE = VideoSettings(160, 0.5, (-0.1, -0.2))
COARSE = VideoSettings(160, 1.0, (-0.1, -0.2))
SMALL = VideoSettings(80, 0.5, (-0.1, -0.2))
GEOMETRY = fit_geometry(draw_picture())
NOTHING = mark_cells(GEOMETRY, slice(0), slice(0), 0)


def error_of(picture, decoded):
    """Mean absolute difference of a decoded picture to the one it was coded from."""
    return float(np.abs(picture.astype(int) - decoded).mean())


def encode(encoder, shift, settings=FINE, levels=NOTHING, **options):
    return encoder.encode(draw_picture(shift=shift), levels, GEOMETRY, settings, **options)


def test_payload_names_its_coder_and_decodes_to_the_picture():
    encoded = encode(VideoEncoder(), 0)

    picture = VideoDecoder().decode(encoded.payload, CodedSize(160, 120), encoded.alone)

    assert encoded.payload[0] == Coder.H264
    assert picture.shape == (120, 160, 3) and picture.dtype == np.uint8
    # Chroma at half of the sides costs sharp stripes something.
    assert error_of(draw_picture(), picture) < 4


def test_first_frame_is_alone_and_the_next_lean_on_it():
    encoder = VideoEncoder()

    encoded = [encode(encoder, shift) for shift in range(3)]

    assert [frame.alone for frame in encoded] == [True, False, False]
    assert len(encoded[1].payload) < len(encoded[0].payload) / 2


def test_frame_that_must_be_alone_decodes_without_those_before():
    encoder = VideoEncoder()
    encode(encoder, 0)

    encoded = encode(encoder, 1, alone=True)

    picture = VideoDecoder().decode(encoded.payload, CodedSize(160, 120), alone=True)
    assert encoded.alone
    assert error_of(draw_picture(shift=1), picture) < 4


def test_frame_after_forgetting_is_alone():
    encoder = VideoEncoder()
    encode(encoder, 0)
    encoder.forget()

    assert encode(encoder, 1).alone


def test_quantizer_changes_from_frame_to_frame_within_one_stream():
    encoder, decoder = VideoEncoder(), VideoDecoder()
    sizes, errors = [], []
    for shift, settings in enumerate([COARSE, FINE, COARSE, FINE]):
        encoded = encode(encoder, 4 * shift, settings)
        assert encoded.alone == (shift == 0)
        picture = decoder.decode(encoded.payload, CodedSize(160, 120), encoded.alone)
        sizes.append(len(encoded.payload))
        errors.append(error_of(draw_picture(shift=4 * shift), picture))

    assert min(sizes[1], sizes[3]) > 2 * sizes[2]
    assert errors[3] < errors[2]


def test_frame_of_another_size_starts_a_new_stream():
    encoder = VideoEncoder()
    encode(encoder, 0)

    encoded = encode(encoder, 1, SMALL)

    picture = VideoDecoder().decode(encoded.payload, CodedSize(80, 60), encoded.alone)
    assert encoded.alone
    assert picture.shape == (60, 80, 3)


def test_camera_that_changes_its_size_starts_a_new_stream():
    encoder = VideoEncoder()
    encode(encoder, 0)
    wide = draw_picture(160, 80)
    geometry = fit_geometry(wide)

    encoded = encoder.encode(
        wide, mark_cells(geometry, slice(0), slice(0), 0), geometry, FINE)

    assert encoded.alone
    assert VideoDecoder().decode(encoded.payload, CodedSize(160, 80), True).shape == (80, 160, 3)


def test_marked_cells_are_finer_and_others_are_not():
    # The striped square lies at columns 40 to 80, rows 30 to 60 of 160x120.
    marked = mark_cells(GEOMETRY, slice(4, 10), slice(6, 14), 2)
    square = slice(30, 60), slice(40, 80)
    elsewhere = slice(64, 120), slice(0, 160)
    settings = VideoSettings(160, 1.0, (-0.3, -0.5))

    plain, steered = (
        VideoDecoder().decode(encode(VideoEncoder(), 0, settings, levels).payload,
                              CodedSize(160, 120), alone=True)
        for levels in (NOTHING, marked))

    original = draw_picture()
    assert (error_of(original[square], steered[square])
            < error_of(original[square], plain[square]) / 2)
    assert error_of(original[elsewhere], steered[elsewhere]) == pytest.approx(
        error_of(original[elsewhere], plain[elsewhere]), rel=0.2)


def test_same_images_give_the_same_bytes():
    marked = mark_cells(GEOMETRY, slice(4, 10), slice(6, 14), 2)
    streams = []
    for _ in range(2):
        encoder = VideoEncoder()
        streams.append([encode(encoder, shift, COARSE, marked, alone=shift == 3).payload
                        for shift in range(5)])

    assert streams[0] == streams[1]


def test_channel_order_makes_no_difference():
    picture = draw_picture()
    red_first = np.ascontiguousarray(picture[..., ::-1])

    encoded = VideoEncoder().encode(red_first, NOTHING, GEOMETRY, FINE, channel_order='rgb')

    assert encoded == encode(VideoEncoder(), 0)


def test_image_larger_than_the_settings_is_scaled_down():
    large = cv2.resize(draw_picture(), (640, 480))
    geometry = fit_geometry(large)

    encoded = VideoEncoder().encode(
        large, mark_cells(geometry, slice(0), slice(0), 0), geometry, FINE)

    assert VideoDecoder().decode(
        encoded.payload, CodedSize(160, 120), True).shape == (120, 160, 3)


def test_image_that_leaves_no_picture_costs_only_itself():
    encoder = VideoEncoder()
    sliver = np.zeros((1, 160, 3), np.uint8)

    with pytest.raises(GeometryError, match='image of 160x1'):
        encoder.encode(sliver, NOTHING, GEOMETRY, FINE)
    assert encode(encoder, 0).alone
