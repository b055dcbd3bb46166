import av
import numpy as np
import pytest

from slim_split_ros.coders.errors import VideoEncodingError
from slim_split_ros.coders.quantizer_regions import CAPACITY, COARSEST, REGION, QuantizerRegions
from slim_split_ros.wire.video_settings import CodedSize


def read_back(frame, shape):
    """Return the offsets of blocks as libx264 reads them: the first region that covers one."""
    (data,) = frame.side_data
    offsets = np.zeros(shape, int)
    for region in reversed(np.frombuffer(bytes(data), REGION)):
        rows = slice(region['top'] // 16, -(-region['bottom'] // 16))
        columns = slice(region['left'] // 16, -(-region['right'] // 16))
        offsets[rows, columns] = round(COARSEST * region['numerator'] / region['denominator'])
    return offsets


def attach(offsets, common, size):
    picture = np.random.default_rng(0).integers(
        0, 255, (size.height * 3 // 2, size.width)).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format='yuv420p')
    frame.pts = 1

    marked = QuantizerRegions(size).attach(frame, offsets, common)

    assert np.array_equal(marked.to_ndarray(), picture)
    return read_back(marked, offsets.shape)


@pytest.mark.parametrize('common', [0, -20])
def test_each_block_has_its_offset(common):
    offsets = np.full((8, 10), common, np.int32)
    offsets[2:5, 3:6] = -10
    offsets[3, 4] = -25
    offsets[7, 9] = offsets[0, 0] = -51

    assert np.array_equal(attach(offsets, common, CodedSize(160, 120)), offsets)


def test_random_offsets_that_fit_are_exact():
    offsets = np.random.default_rng(3).choice([0, -5, -9], (8, 10), p=[0.6, 0.3, 0.1])

    assert np.array_equal(attach(offsets.astype(np.int32), 0, CodedSize(160, 128)), offsets)


def test_runs_end_with_their_row():
    offsets = np.zeros((3, 4), np.int32)
    offsets[0, 2:] = offsets[1, :2] = -7

    assert np.array_equal(attach(offsets, 0, CodedSize(64, 48)), offsets)


def test_too_many_regions_become_taller_ones_that_are_nowhere_coarser():
    offsets = np.zeros((35, 40), np.int32)
    offsets[::2, ::4] = -10
    assert np.count_nonzero(offsets) > CAPACITY

    attached = attach(offsets, 0, CodedSize(640, 560))

    assert (attached <= offsets).all()
    assert (attached[:, 1::4] == 0).all()


def test_regions_of_one_frame_are_not_those_of_the_next():
    size = CodedSize(64, 48)
    regions = QuantizerRegions(size)
    marked = []
    for value in (-5, -9):
        frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), format='yuv420p')
        frame.pts = -value
        marked.append(regions.attach(frame, np.full((3, 4), value, np.int32), 0))

    assert [read_back(frame, (3, 4))[0, 0] for frame in marked] == [-5, -9]


def test_too_many_regions_in_one_row_become_wider_ones_that_are_nowhere_coarser():
    offsets = np.tile(np.array([[-10, -20]], np.int32), (2, 2 * CAPACITY))

    attached = attach(offsets, 0, CodedSize(16 * offsets.shape[1], 32))

    assert (attached <= offsets).all()


def test_ffmpeg_that_lays_out_regions_otherwise_is_named(monkeypatch):
    regions = QuantizerRegions(CodedSize(64, 48))
    frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), format='yuv420p')
    monkeypatch.setattr('slim_split_ros.coders.quantizer_regions.CAPACITY', CAPACITY // 2)

    with pytest.raises(VideoEncodingError, match='has regions of 2016 bytes, known are 1008'):
        regions.attach(frame, np.zeros((3, 4), np.int32), 0)
